"""When a clock is soon due or overdue: events that alerting can use, each with a stable id. Pure.

An event is about one due time: where a clock moves, what was raised for the old time is cleared, and the new one is raised
in its turn. Nothing of the child is in it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

Stage = Literal["soon", "overdue", "cleared"]
"""``cleared``: what was raised before no longer holds, because the clock was met, paused, moved or has ended."""


@dataclass(frozen=True, slots=True)
class ClockRule:
    """What alerting knows of a clock: how long before it runs out it is soon due, what has to be done by then, and to whom
    a delivery of the engine's own does it (``lead``)."""

    name: str
    soon: timedelta
    what: str
    told_by: str | None = None


@dataclass(frozen=True, slots=True)
class ClockEvent:
    """Something raised about one clock of one case. ``due`` is in UTC. ``about`` tells apart several of one clock in a case
    (a recipient, where an acknowledgement is awaited)."""

    case: str
    clock: str
    due: datetime
    stage: Stage
    about: str = ""

    @property
    def id(self) -> str:
        """The same for the same case, clock, due time and stage, whoever raises it."""
        parts = (self.case, self.clock, self.about, self.due.astimezone(UTC).isoformat(), self.stage)
        return "e-" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:24]


def soon_at(clock: str, due: datetime, rules: Mapping[str, ClockRule]) -> datetime:
    """When a clock becomes soon due; when it is due, where nothing warns of it before."""
    rule = rules.get(clock)
    return due.astimezone(UTC) - (rule.soon if rule else timedelta(0))


def stage_of(due: datetime, soon: datetime, now: datetime) -> Literal["soon", "overdue"] | None:
    """How far a clock is. At the very moment it is due it isn't overdue yet."""
    if now > due:
        return "overdue"
    return "soon" if soon <= now and soon < due else None
