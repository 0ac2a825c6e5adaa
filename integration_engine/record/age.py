"""Was this person a child on the day they died? The arithmetic of the 18th birthday over partial dates and stated ages.

A person attains an age at the start of the anniversary of their birth (Family Law Reform Act 1969 s9), so a death on the
18th birthday is an adult's. Someone born on 29 February attains 18 on 1 March in a common year (switch).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from integration_engine.record.account import Age
from integration_engine.record.dates import Precision, earliest, latest, precision

ADULT_FROM_YEARS = 18
# The fewest of each unit that make eighteen years: a stated age is in completed units.
_EIGHTEEN_YEARS_IN = {"years": 18, "months": 216, "weeks": 939, "days": 6574, "hours": 157_776, "minutes": 9_466_560}

# The most days of each unit: a stated age may be any day until the next unit is complete.
_DAYS_OF = {"years": 366, "months": 31, "weeks": 7, "days": 1, "hours": 1, "minutes": 1}
# Nobody is known to have lived longer than 122 years and 164 days. What systems write for an unknown birth is older.
_LONGEST_LIFE = timedelta(days=123 * 366)
# Who writes an age down may not have counted a birthday.
_A_SLIP = timedelta(days=366)

Answer = Literal["child", "adult", "either", "unknown"]
Doubt = Literal["birth-date-impossible", "age-disagrees"]
DOUBTS: Mapping[Doubt, str] = {
    "birth-date-impossible": "nobody has ever been so old",
    "age-disagrees": "it makes an adult of somebody whose age is told as a child's",
}


@dataclass(frozen=True, slots=True)
class AgeRules:
    """Switches of the age rule. ``leap_birthday_in_march``: someone born 29 February is 18 on 1 March, not 28 February.
    ``days_before``: where the age on the day of the fatal event decides, how long before the death that can have been;
    who came of age within those days may have been a child."""

    leap_birthday_in_march: bool = True
    days_before: int = 0


def eighteenth(born: date, rules: AgeRules = AgeRules()) -> date:
    """The first day on which someone born that day is an adult."""
    year = born.year + ADULT_FROM_YEARS
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 3, 1) if rules.leap_birthday_in_march else date(year, 2, 28)


def child_or_adult(
    birth_date: str | None, died_at: str | None, age: Age | None = None, rules: AgeRules = AgeRules()
) -> Answer:
    """Whether the dead person was under 18: ``either`` where a partial date spans the birthday or the
    birth is dated after the death, ``unknown`` without data.

    Parameters: partial dates (see ``dates``) and the stated age at death, if any. Where the death's date is missing, pass
    the day it was first told of: nobody dies after that.
    """
    answers: set[Answer] = set()
    if birth_date and died_at:
        youngest = latest(birth_date).date()
        oldest = earliest(birth_date).date()
        surely_child = latest(died_at).date() < eighteenth(oldest, rules)
        surely_adult = earliest(died_at).date() - eighteenth(youngest, rules) >= timedelta(days=rules.days_before)
        # Nobody dies before birth: one of the two dates is wrong, and the age can't be told from them.
        impossible = oldest > latest(died_at).date()
        answers.add("either" if impossible else "child" if surely_child else "adult" if surely_adult else "either")
    if not answers & {"child", "adult"} and age is not None:
        answers = {"child" if age.value < _EIGHTEEN_YEARS_IN[age.unit] else "adult"}
    return answers.pop() if answers else "unknown"


def doubtful(birth_date: str | None, died_at: str, age: Age | None = None) -> Doubt | None:
    """Why a birth date can't be believed that would make an adult of the dead: nobody has ever been so old, or the same
    sender states a child's age that is more than a slip away from it. An estimated age says nothing against a date."""
    if not birth_date:
        return None
    lived = earliest(died_at).date() - latest(birth_date).date()
    if lived > _LONGEST_LIFE:
        return "birth-date-impossible"
    if age is None or age.estimated or age.value >= _EIGHTEEN_YEARS_IN[age.unit]:
        return None
    at_most = timedelta(days=(age.value + 1) * _DAYS_OF[age.unit]) + _A_SLIP
    return "age-disagrees" if lived > at_most and lived >= timedelta(days=ADULT_FROM_YEARS * 365) else None


def spans_birthday(birth_date: str) -> bool:
    """Whether a birth date is too vague (a month, a year) to name the 18th birthday's day."""
    return precision(birth_date) < Precision.DAY
