"""The settings of routing: rules that guidance or local agreement lets vary, each with the default of the rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from integration_engine.record.age import AgeRules

CdopDue = Literal["24h", "48h", "next-working-day"]
AgeOn = Literal["death", "event"]
JarTeam = Literal["death", "residence"]
JarAbroad = Literal["modified", "none"]
PoliceLead = Literal["event", "death"]


def _switch(default: Any, rule: str, means: str) -> Any:
    return field(default=default, metadata={"rule": rule, "means": means})


@dataclass(frozen=True, slots=True)
class Switches:
    """Every switch of the routing rules. Each field's metadata says which ``rule`` it varies and what it ``means``."""

    looked_after_leads: bool = _switch(
        True, "lead.looked-after", "the authority that looks after a child leads, not the placement"
    )
    home_before_custody: bool = _switch(
        True, "lead.custody", "a child in custody belongs to their home, not to the establishment"
    )
    leap_birthday_in_march: bool = _switch(
        True, "scope.adult", "born on 29 February: 18 on 1 March; off: on 28 February"
    )
    age_on: AgeOn = _switch("death", "scope.adult", "the age on the day of `death` decides; or of the fatal `event`")
    cdop_due: CdopDue = _switch("24h", "cdop_due", "the panel is told within `24h`, `48h` or by the `next-working-day`")
    cdop_due_of: Mapping[str, CdopDue] = field(
        default_factory=dict, metadata={"rule": "cdop_due", "means": "the same, for single panels by code"}
    )
    jar_attendance_hours: int = _switch(4, "jar_due", "target of attendance, in hours after the first trigger")
    jar_team: JarTeam = _switch(
        "death",
        "jar.required",
        "the team where the child was taken or died starts (`death`), or the home's (`residence`)",
    )
    jar_abroad: JarAbroad = _switch(
        "modified", "jar.required", "a death abroad that meets a trigger: `modified` by the home team, or `none`"
    )
    police_lead: PoliceLead = _switch(
        "event", "jar.required", "the force where the `event` happened leads, or the one of the place of `death`"
    )
    newborn_days: int = _switch(28, "lead.mother", "up to which age, in days, the mother's address stands in")
    key_worker_days: int = _switch(7, "no-key-worker", "after how many days a family without a key worker is flagged")

    def __post_init__(self) -> None:
        for limit in (self.cdop_due, *self.cdop_due_of.values()):
            if limit not in get_args(CdopDue):
                raise ValueError(f"cdop_due is one of {', '.join(get_args(CdopDue))}")

    @property
    def age(self) -> AgeRules:
        """The switches of the age rule."""
        return AgeRules(leap_birthday_in_march=self.leap_birthday_in_march)

    @property
    def panels(self) -> frozenset[str]:
        """The panels that have a switch of their own."""
        return frozenset(self.cdop_due_of)

    def cdop_due_for(self, cdop: str | None) -> CdopDue:
        """How long this panel allows."""
        return self.cdop_due_of.get(cdop, self.cdop_due) if cdop else self.cdop_due


@dataclass(frozen=True, slots=True)
class Shown:
    """One switch as an operator reads it: what it is set to, its default, the rule it varies and what it means."""

    name: str
    value: Any
    default: Any
    rule: str
    means: str

    @property
    def is_default(self) -> bool:
        """Whether it is left as the rules have it."""
        return bool(self.value == self.default)


def listed(switches: Switches) -> tuple[Shown, ...]:
    """Every switch with its value and default."""
    defaults = Switches()
    return tuple(
        Shown(
            one.name,
            getattr(switches, one.name),
            getattr(defaults, one.name),
            one.metadata["rule"],
            one.metadata["means"].replace("`", ""),
        )
        for one in fields(Switches)
    )
