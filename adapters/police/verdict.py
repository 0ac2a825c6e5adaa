"""What a report on one deceased person comes to: a notice, a retraction, or nothing for us - and why.

The rules are those of scope: adults, attended stillbirths, late fetal losses and lawful terminations leave nothing behind but
a count; a stillbirth that nobody attended stays in, provisionally; doubt about age is a notice, never an omission.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from adapters.adapter import ADULT
from integration_engine.record.account import Age
from integration_engine.record.age import AgeRules, child_or_adult
from integration_engine.record.dates import day_of
from integration_engine.record.notice import Form, Outside
from integration_engine.record.outside import STILLBIRTH, TERMINATION

# Before 24 completed weeks a baby born without signs of life is a late fetal loss, not a stillbirth (Births and Deaths
# Registration Act 1953 s41).
STILLBIRTH_FROM_DAYS = 24 * 7

MBRRACE_HINT = "A stillbirth with a professional attending is not reviewed by a CDOP: report it to MBRRACE-UK."
TERMINATION_HINT = "A birth after a lawful termination is not reviewed by a CDOP; nothing of this message is kept."

NO_DEATH = "no-death"

Way = Literal["notice", "retraction", "passed-over"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one person. ``certain_child`` is False where the age is not known well enough; ``takes_back`` says that
    an earlier version may have told of a child's death that is none: the child lives, or was an adult."""

    way: Way
    reason: str
    hint: str | None = None
    certain_child: bool = True
    takes_back: bool = False

    @property
    def ends_a_case(self) -> bool:
        """Whether a case that another message opened is none after this: what is said is handed on, and kept only then."""
        return self.takes_back or self.outside is not None

    @property
    def outside(self) -> Outside | None:
        """The rule that leaves this birth out, None for any other death."""
        return next((rule for rule in (STILLBIRTH, TERMINATION) if rule == self.reason), None)


def judge(values: Mapping[str, Any], told_at: str, *, withdrawn: bool, replaces: bool, rules: AgeRules) -> Judgement:
    """The verdict on mapped values.

    Parameters: ``values`` by canonical path; ``told_at``, a partial: when the report was made - nobody in it died later;
    ``withdrawn`` where the partner takes the report back; ``replaces`` where an earlier version may have told of the same
    person's death as a child's.
    """
    outside = _no_childs_death(values)
    if outside is not None:
        return outside
    age = values.get("child.age_at_death")
    answer = child_or_adult(
        values.get("child.birth_date"),
        values.get("death.died_at") or day_of(told_at),
        Age(**age) if age else None,
        rules,
    )
    if answer == "adult":
        return Judgement("passed-over", ADULT, takes_back=replaces)
    certain = answer == "child"
    if withdrawn:
        return Judgement("retraction", Form.WITHDRAWN, certain_child=certain)
    return Judgement("notice", "death", certain_child=certain)


def judge_alive(values: Mapping[str, Any], told_at: str, rules: AgeRules) -> Judgement:
    """The verdict on somebody whom a later version calls injured: not dead, if an earlier one said so of a child.

    The age that counts is that at the event, where its time is known: who turned 18 since then was a child in the earlier
    version. A time at which life was extinct contradicts the role: then nothing is taken back.
    """
    died_at = values.get("death.died_at")
    if died_at and died_at != values.get("death.found_at"):
        return Judgement("passed-over", NO_DEATH)
    age = values.get("child.age_at_death")
    day = day_of(values.get("death.event.at") or told_at)
    answer = child_or_adult(values.get("child.birth_date"), day, Age(**age) if age else None, rules)
    return Judgement("passed-over", NO_DEATH, certain_child=answer == "child", takes_back=answer != "adult")


def _no_childs_death(values: Mapping[str, Any]) -> Judgement | None:
    if values.get("death.termination"):
        return Judgement("passed-over", TERMINATION, TERMINATION_HINT)
    if values.get("death.live_birth") != "no" or values.get("death.signs_of_life"):
        return None
    gestation = values.get("child.gestation_days")
    if gestation is not None and gestation < STILLBIRTH_FROM_DAYS:
        return Judgement("passed-over", STILLBIRTH, MBRRACE_HINT)
    attended = values.get("death.professional_attending_birth") == "yes"
    if attended and not values.get("death.suspected_stillbirth_at_home"):
        return Judgement("passed-over", STILLBIRTH, MBRRACE_HINT)
    return None
