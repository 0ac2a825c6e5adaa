"""Values as partners write them, in one form each: numbers, places, birth intervals, names.

Nothing here fails: what can't be read is not said.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from nhs_number.validate import is_valid

from integration_engine.linkage import homes, names
from integration_engine.record.account import Age, Place
from integration_engine.record.age import eighteenth

_NOT_DIGITS = re.compile(r"\D+")
# Words that stand for "where the family lives" or "somewhere": the same word at two notices is not the same place.
_ANY_PLACE = frozenset(
    {"home", "residence", "address", "street", "road", "roadway", "public", "place", "scene", "unknown", "not"}
)


@lru_cache(maxsize=300_000)
def number(text: str) -> tuple[str, str]:
    """(valid NHS number, digits of an invalid one): one of them is empty. Zeros and repeated digits are no number at all."""
    digits = _NOT_DIGITS.sub("", text)
    if len(set(digits)) < 2:
        return "", ""
    return (digits, "") if len(digits) == 10 and is_valid(digits) else ("", digits)


def place_of(place: Place) -> frozenset[str]:
    """The names under which a place of death can be recognised: site code, postcode, a name that is somewhere's own."""
    own = names.plain(place.name or "")
    named = own if own and not set(own.split()) & _ANY_PLACE else ""
    code = f"ods:{place.ods_code.upper()}" if place.ods_code else ""
    return frozenset(filter(None, (named, code, homes.postcode_of(place.postcode or ""))))


@lru_cache(maxsize=100_000)
def days_of(text: str) -> tuple[int, int]:
    """The first and the last day a partial date can mean, as ordinals."""
    year, *rest = map(int, text.split("-"))
    if len(rest) == 2:
        day = date(year, *rest).toordinal()
        return day, day
    first, last = (rest[0], rest[0]) if rest else (1, 12)
    return date(year, first, 1).toordinal(), date(year, last, monthrange(year, last)[1]).toordinal()


def born(text: str | None, age: Age | None, died: tuple[int, int], told: int) -> tuple[int, int, str]:
    """Earliest and latest birth day and what they rest on, from a (partial) date, else from the age at death."""
    if text:
        first, last = days_of(text[:10])
        return first, last, {4: "year", 7: "month"}.get(len(text), "day")
    if age is None:
        return 0, 0, ""
    # Nobody dies after they are told of; without a date of death the child died at some time before.
    first, last = died if died[0] else (told - 30, told)
    if not last:
        return 0, 0, ""
    length = {"years": 365.25, "months": 30.44, "weeks": 7.0, "days": 1.0, "hours": 1 / 24, "minutes": 1 / 1440}[
        age.unit
    ]
    slack = max(1.0, age.value * 0.2) if age.estimated else 0.0
    oldest = first - int((age.value + 1 + slack) * length) - 1
    youngest = last - int(max(0.0, age.value - slack) * length) + (1 if slack else 0)
    return (oldest, youngest, age.unit) if oldest > 0 else (0, 0, "")


@dataclass(frozen=True, slots=True)
class Named:
    """Names and what a placeholder among them tells."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    unnamed: bool
    hint: names.Placeholder


_NO_HINT = names.Placeholder()


@lru_cache(maxsize=200_000)
def named(given: str, family: str, said_placeholder: bool = False) -> Named:
    given, family = _parted(given, family)
    hint = names.placeholder(given)
    stands_in = hint is not None or said_placeholder
    surname = () if names.placeholder(family) else names.words(family)
    return Named(() if stands_in else names.words(given), surname, stands_in or not given.strip(), hint or _NO_HINT)


def _parted(given: str, family: str) -> tuple[str, str]:
    """Given and family name where one field holds both and one is a stand-in: ``TWIN 2 BEGUM``, ``Baby Okafor``. Its order
    and the mother's name would be lost otherwise, and two unnamed twins would be told apart by nothing."""
    words = given.split()
    if words:
        surname = names.plain(family).split() if len(words) > 1 else []
        rest = " ".join(word for word in words if names.plain(word) not in surname) if surname else given
        return (rest, family) if rest != given and names.placeholder(rest) else (given, family)
    words = family.split()
    if names.placeholder(family):
        return given, family
    for cut in range(len(words) - 1, 0, -1):
        if names.placeholder(" ".join(words[:cut])):
            return " ".join(words[:cut]), " ".join(words[cut:])
    for cut in range(1, len(words)):
        if names.placeholder(" ".join(words[cut:])):
            return " ".join(words[cut:]), " ".join(words[:cut])
    return given, family


def grown(youngest: int, died: int, told: int) -> bool:
    """Whether a person whose latest birth day this is was of age at the death, or when first told of."""
    day = died or told
    return bool(youngest and day) and day >= eighteenth(date.fromordinal(youngest)).toordinal()
