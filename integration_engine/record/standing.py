"""Does anybody still say this child is dead? Each source's last word, weighed against the others'.

Within one source the statement it made last, by its own times, stands. An empty field is no statement. A cancelled visit
takes nothing back by itself: a person decides, unless a real retraction joins it. A retraction stands when no independent
source still says dead and no formal registration does; otherwise the case is disputed (retraction rules).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from integration_engine.record.dates import earliest
from integration_engine.record.decision import Decision
from integration_engine.record.notice import DeathNotice

Outcome = Literal["dead", "retracted", "cancelled-visit", "disputed", "contradiction", "indirect", "none"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the case stands between life and death.

    ``outcome``: ``dead``; ``retracted`` (withdraw it); ``cancelled-visit``, ``disputed``, ``contradiction`` and
    ``indirect`` (a person decides); ``none`` (nobody ever said dead: a retraction or rekey that waits).
    ``silenced`` are the ids of notices their own source took back: they no longer count in the fold.
    """

    outcome: Outcome
    formal: bool = False
    silenced: frozenset[str] = frozenset()
    disputed: bool = False


def said_at(notice: DeathNotice) -> tuple[float, int, str]:
    """The order of one source's statements: its own time, then its own version count, then a stable tie-break."""
    moment = earliest(notice.stated_at) if notice.stated_at else notice.received_at
    return (moment.timestamp(), notice.source.version or 0, notice.id)


def source_of(notice: DeathNotice) -> str:
    """Who speaks: the national record is one source whoever relays it; any other partner is itself."""
    return "national" if notice.source.kind == "national" else f"{notice.source.partner or notice.source.kind}"


def standing(notices: Iterable[DeathNotice], decided: Mapping[str, Decision] = {}) -> Standing:
    """Weigh one cluster's notices and what people decided about it. The order of ``notices`` doesn't matter."""
    raise NotImplementedError
