"""The pure engine in one function: notices, decisions and dated reference data in, cases out.

No clock, network, database or chance in here: time comes in as an argument, and the order of the notices doesn't matter.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from integration_engine.linkage.resolve import Review
from integration_engine.record.decision import Decision
from integration_engine.record.notice import DeathNotice
from integration_engine.record.record import ChildDeathRecord
from integration_engine.routing.answer import Routing
from integration_engine.routing.reference import Reference
from integration_engine.routing.route import Switches


@dataclass(frozen=True, slots=True)
class Related:
    """Another case that this one belongs with. ``why``: ``multiple-birth`` or ``same-event``."""

    case: str
    why: str


@dataclass(frozen=True, slots=True)
class Case:
    """One child's death: the notices about it (in a stable order), the record they add up to, and where it goes.

    ``id`` is that of the earliest surviving notice, so it survives later arrivals.
    """

    id: str
    notices: tuple[DeathNotice, ...]
    record: ChildDeathRecord
    routing: Routing
    related: tuple[Related, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """``cases`` by id; ``reviews`` are pairs of notices only a person can settle; ``waiting`` are the ids of retractions
    and rekeys of children nobody has told us are dead."""

    cases: tuple[Case, ...] = ()
    reviews: tuple[Review, ...] = ()
    waiting: tuple[str, ...] = ()


def decide(
    notices: Iterable[DeathNotice],
    decisions: Iterable[Decision],
    reference: Reference,
    now: datetime,
    switches: Switches,
) -> Outcome:
    """The state of every case that these notices make. A notice given twice counts once."""
    raise NotImplementedError
