"""Values as partners write them, in one form each: numbers, places, birth intervals, names.

Nothing here fails: what can't be read is not said.
"""

import re
from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from nhs_number.validate import is_valid

from integration_engine.linkage import homes, names
from integration_engine.linkage.known import given_name
from integration_engine.linkage.letters import also_called
from integration_engine.linkage.unnamed import StandIn, stand_in
from integration_engine.record.account import Age, Place
from integration_engine.record.remembered import REMEMBERED
from integration_engine.record.written_dates import FIRST_YEAR, LAST_YEAR

# Eighteen years, and three by which a child's birth date may be off: the year mistyped, a default taken for it.
_WELL_OF_AGE_DAYS = 21 * 366
_NOT_DIGITS = re.compile(r"\D+")
# Words that stand for "where the family lives" or "somewhere": the same word at two notices is not the same place.
_ANY_PLACE = frozenset(
    {"home", "residence", "address", "street", "road", "roadway", "public", "place", "scene", "unknown", "not"}
)


@lru_cache(maxsize=REMEMBERED)
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


@lru_cache(maxsize=REMEMBERED)
def days_of(text: str) -> tuple[int, int]:
    """The first and the last day a partial date can mean, as ordinals; zeros for a year nobody here was born or died in."""
    year, *rest = map(int, text.split("-"))
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return 0, 0
    if len(rest) == 2:
        day = date(year, *rest).toordinal()
        return day, day
    first, last = (rest[0], rest[0]) if rest else (1, 12)
    return date(year, first, 1).toordinal(), date(year, last, monthrange(year, last)[1]).toordinal()


def born(text: str | None, age: Age | None, died: tuple[int, int], told: int) -> tuple[int, int, str]:
    """Earliest and latest birth day and what they rest on, from a (partial) date, else from the age at death."""
    if text:
        first, last = days_of(text[:10])
        if last:
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
    """Names and what a placeholder among them tells. ``also``: a name in brackets or after "known as"."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    unnamed: bool
    hint: names.Placeholder
    also: tuple[str, ...] = ()


@lru_cache(maxsize=REMEMBERED)
def named(given: str, family: str, said_placeholder: bool = False, mother: str = "") -> Named:
    """The child's names from two fields, whichever of them holds a stand-in, both names, or the surname twice. ``mother``:
    her first name, where it is known: TWIN 2 SARAH may be her child."""
    if "," in family and not given.strip():
        family, _, given = family.partition(",")
    elif "," in given and not family.strip():
        family, _, given = given.partition(",")
    in_given = stand_in(given)
    in_family = stand_in(family, family=in_given is None and bool(names.plain(given)))
    surname = names.words(" ".join(in_family.rest or in_family.surname) if in_family else family)
    hint = _hint(in_given, in_family)
    if in_given is None:
        called = names.called(given)
        if in_family and in_family.unsaid and not hint.mother and called:  # BABY OF, Sarah
            return Named((), surname, True, replace(hint, mother=called[0]))
        kept = () if said_placeholder else _own(called, surname)
        return Named(kept, surname, said_placeholder or not called, hint, also_called(given))
    said = names.plain(family).split()
    if hint.mother and (hint.mother,) == surname:  # BABY OF JONES
        hint = replace(hint, mother=None)
    rest = tuple(word for word in in_given.rest if word not in said)
    # Twin 2 Oliver has a name; Baby Sarah as often has her mother's.
    if rest and hint.multiple and given_name(rest[0]) and rest[0] != mother and not said_placeholder:
        return Named(names.called(" ".join(rest)), surname, False, hint)
    mothers = in_given.surname or (in_family.surname if in_family else ())
    rest = tuple(word for word in rest if not given_name(word))
    return Named((), surname or names.words(" ".join(rest or mothers)), True, hint)


def _hint(*found: StandIn | None) -> names.Placeholder:
    """What the stand-ins of both fields tell, the given names' first."""
    hints = [stands.hint for stands in found if stands]
    return names.Placeholder(
        mother=next((hint.mother for hint in hints if hint.mother), None),
        order=next((hint.order for hint in hints if hint.order), None),
        multiple=any(hint.multiple for hint in hints),
        sex=next((hint.sex for hint in hints if hint.sex), None),
    )


def _own(called: tuple[str, ...], surname: tuple[str, ...]) -> tuple[str, ...]:
    """Given names without the surname typed after them (Oliver Smith, Smith), unless it may as well be a second name."""
    kept = called[: -len(surname)] if surname and called[-len(surname) :] == surname else ()
    own = bool(kept) and len(kept[0]) > 1 and names.own_name(kept[0])
    return kept if own and not given_name(surname[-1]) else called


def grown(youngest: int, died: int, told: int) -> bool:
    """Whether a person whose latest birth day this is was well of age at the death, or when first told of: a birth date that
    is a default 1 January or some years off makes no child a grown-up."""
    day = died or told
    return bool(youngest and day) and day - youngest >= _WELL_OF_AGE_DAYS
