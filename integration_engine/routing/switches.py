"""The settings of routing: rules that guidance or local agreement lets vary, each with the default of the rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from integration_engine.record.age import AgeRules

CdopDue = Literal["24h", "48h", "next-working-day"]


@dataclass(frozen=True, slots=True)
class Switches:
    """Every switch of the routing rules.

    ``looked_after_leads``: the authority that looks after a child leads, not the place where the child is placed.
    ``home_before_custody``: a child in custody belongs to their home, not to the establishment.
    ``leap_birthday_in_march``: someone born on 29 February is 18 on 1 March, not on 28 February.
    ``cdop_due`` and ``cdop_due_of`` (by panel): how long after the death the panel is to be told.
    ``jar_attendance_hours``: attendance target of a joint agency response, counted from the first trigger.
    ``newborn_days``: up to which age the mother's address stands in for a missing one.
    ``key_worker_days``: after how many days a family without a key worker is flagged.
    """

    looked_after_leads: bool = True
    home_before_custody: bool = True
    leap_birthday_in_march: bool = True
    cdop_due: CdopDue = "24h"
    cdop_due_of: Mapping[str, CdopDue] = field(default_factory=dict)
    jar_attendance_hours: int = 4
    newborn_days: int = 28
    key_worker_days: int = 7

    def __post_init__(self) -> None:
        for limit in (self.cdop_due, *self.cdop_due_of.values()):
            if limit not in get_args(CdopDue):
                raise ValueError(f"cdop_due is one of {', '.join(get_args(CdopDue))}")

    @property
    def age(self) -> AgeRules:
        """The switches of the age rule."""
        return AgeRules(leap_birthday_in_march=self.leap_birthday_in_march)

    def cdop_due_for(self, cdop: str | None) -> CdopDue:
        """How long this panel allows."""
        return self.cdop_due_of.get(cdop, self.cdop_due) if cdop else self.cdop_due
