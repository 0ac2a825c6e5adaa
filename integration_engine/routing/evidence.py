"""What the rooms of routing ask about a case: when it was first told, when the child died, how old, who decided what."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from integration_engine.record.dates import earliest, latest, london
from integration_engine.record.decision import Decision
from integration_engine.record.notice import DeathNotice
from integration_engine.record.record import ChildDeathRecord
from integration_engine.routing.reference import Reference
from integration_engine.routing.switches import Switches
from integration_engine.routing.triggers import Part

NEONATAL_DAYS = 28
_HOURS_OF_AGE = {"minutes": 1 / 60, "hours": 1, "days": 24, "weeks": 168, "months": 730, "years": 8766}


@dataclass(frozen=True, eq=False)
class Evidence:
    """One case as routing sees it. ``notices`` may be empty, where a record stands alone. ``renamed`` are the rekeys under
    another name that tie it, in whatever case they are."""

    record: ChildDeathRecord
    notices: Sequence[DeathNotice]
    decided: Mapping[str, Decision]
    reference: Reference
    now: datetime
    switches: Switches
    renamed: Sequence[DeathNotice] = ()

    @cached_property
    def today(self) -> date:
        """The calendar day in London."""
        return london(self.now).date()

    @cached_property
    def died_at(self) -> str | None:
        """When the child died or, where nobody says, was found; a partial."""
        return self.record.death.died_at or self.record.death.found_at

    @cached_property
    def died_on(self) -> date:
        """The day whose map of panels applies: the earliest the death can have been, else the day it was first told of.
        A date in the future is somebody's slip, and tomorrow's panels can't take a case."""
        day = earliest(self.died_at).date() if self.died_at else self.first_told.date()
        return min(day, self.today)

    @cached_property
    def first_told(self) -> datetime:
        """When anybody first told of this death, in London time. For a record that stands alone the death itself, the
        earliest it can have been told of, or now where that isn't known either."""
        reports = [notice for notice in self.notices if notice.intent == "report"] or self.notices
        alone = earliest(self.died_at) if self.died_at else london(self.now)
        return min((told_at(notice) for notice in reports), default=alone)

    def first_telling(self, true_of: Callable[[Part], bool]) -> datetime | None:
        """When a notice of which this is true was first told; None if it is true of none."""
        return min((told_at(notice) for notice in self.notices if true_of(notice)), default=None)

    def decision(self, kind: str, key: str) -> Any:
        """What people decided, at one key of the decision's value; None if they didn't."""
        found = self.decided.get(kind)
        return found.value.get(key) if found else None

    @cached_property
    def age_at_most(self) -> timedelta | None:
        """The greatest age the child can have had, by birth date or by the age stated; None where nothing tells."""
        child = self.record.child
        if child.birth_date and self.died_at:
            return latest(self.died_at) - earliest(child.birth_date)
        if child.age_at_death:
            # A stated age is in completed units: "3 days" is less than four.
            return timedelta(hours=(child.age_at_death.value + 1) * _HOURS_OF_AGE[child.age_at_death.unit])
        return None

    def younger_than(self, days: int) -> bool:
        """Whether the child is known to have lived less than this many days. The day of birth counts as day 0."""
        child = self.record.child
        if child.birth_date and self.died_at:
            return (latest(self.died_at).date() - earliest(child.birth_date).date()).days < days
        age = self.age_at_most
        if age is not None:
            return age <= timedelta(days=days)
        # What only a message about a birth carries.
        birth = (
            child.gestation_days,
            child.birth_weight_g,
            self.record.death.live_birth,
            self.record.death.signs_of_life,
        )
        return child.birth_date is None and any(fact is not None for fact in birth)


def told_at(notice: DeathNotice) -> datetime:
    """When a notice was told, in London time: by its sender's own time, else by when it came in."""
    return earliest(notice.stated_at) if notice.stated_at else london(notice.received_at)


def latest_decision(*decisions: Decision | None) -> Decision | None:
    """The one of these that was taken last; ties by id."""
    taken: Iterable[Decision] = (decision for decision in decisions if decision)
    return max(taken, key=lambda decision: (decision.at, decision.id), default=None)
