"""Two pieces of evidence side by side: for each comparison the level of agreement and what it weighs.

Every function answers the name of a level; the model says how many bits it is worth. Name levels add the rarity of the
shared name. Postcode, address, practice and mother are one household: together they never weigh more than the cap.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from rapidfuzz.distance import OSA

from integration_engine.linkage import coroners, homes, naming
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.model import Model
from integration_engine.linkage.names import alike, slip
from integration_engine.record.account import UNSTATED
from integration_engine.record.remembered import REMEMBERED

_NEWBORN_DAYS = 28
# Two clocks at one death: pronounced, recorded and reported within the hour.
_SAME_HOUR_MINUTES = 60
# How far outside an age's interval a birth may lie before it contradicts: half the unit, for ages counted loosely.
_AGE_TOLERANCE = {"years": 370, "months": 31, "weeks": 8, "days": 2, "hours": 1, "minutes": 1, "month": 31, "year": 366}


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of the waterfall: what was compared, at which level it agreed, and the bits that is worth."""

    comparison: str
    level: str
    bits: float


@dataclass(slots=True)
class Compared:
    """How two pieces of evidence agree. ``score`` is in bits, prior included; levels are empty where a side says nothing."""

    score: float = 0.0
    nhs: str = ""
    given: str = ""
    second: str = ""
    family: str = ""
    birth: str = ""
    death: str = ""
    sex: str = ""
    home: str = ""
    practice: str = ""
    mother: str = ""
    mother_nhs: str = ""
    place: str = ""
    order: str = ""
    weight: str = ""
    gestation: str = ""
    local_ref: str = ""
    person: str = ""
    coroner: str = ""
    registration: str = ""
    event: str = ""
    grown: bool = False
    steps: tuple[Step, ...] = ()


def compare(a: Evidence, b: Evidence, model: Model, explain: bool = False) -> Compared:
    """Weigh two pieces of evidence; the order of the two doesn't matter. ``explain`` keeps the steps."""
    c = Compared()
    c.nhs = nhs_level(a, b)
    c.given, c.second, given_bits = naming.given(a, b, model)
    c.family, family_bits = naming.family(a, b, model)
    if c.given in ("conflict", "perhaps") and c.family == "conflict":
        crossed = naming.swapped(a, b)
        if crossed:
            c.given = c.family = crossed
            given_bits = family_bits = naming.crosswise(a, b, model) if crossed == "swapped" else 0.0
    c.birth = birth_level(a, b)
    c.death = death_level(a, b, c.birth)
    c.sex = _same(a.sex, b.sex)
    c.home = home_level(a, b)
    c.practice = _same(a.gp, b.gp)
    c.mother = _mother(a, b)
    c.mother_nhs = _same(a.mother_nhs, b.mother_nhs) or (
        "equal" if a.mother_ref and a.mother_ref == b.mother_ref else ""
    )
    c.place = ("same" if a.places & b.places else "different") if a.places and b.places else ""
    one, other = a.order or a.order_hint, b.order or b.order_hint
    c.order = ("equal" if one == other else "different") if one and other else ""
    if a.weight_g and b.weight_g:
        apart = abs(a.weight_g - b.weight_g) / max(a.weight_g, b.weight_g)
        c.weight = "equal" if apart <= 0.03 else "near" if apart <= 0.1 else "different"
    if a.gestation_days and b.gestation_days:
        days = abs(a.gestation_days - b.gestation_days)
        c.gestation = "equal" if days <= 6 else "near" if days <= 14 else "different"
    _references(a, b, c)
    c.grown = (a.grown or a.timeless) and (b.grown or b.timeless)
    rates = model.grown if c.grown else model
    bits = rates.bits
    named = bits["given"].get(c.given, 0.0) + bits["second"].get(c.second, 0.0) + given_bits
    surname = bits["family"].get(c.family, 0.0) + family_bits
    household = _sum(c, _HOUSEHOLD, bits)
    over = max(0.0, household - rates.household_cap)
    c.score = rates.prior + named + surname + household - over + _sum(c, _PLAIN, bits)
    if explain:
        steps = [("prior", "", rates.prior), ("given", c.given, named), ("family", c.family, surname)]
        steps += [
            (name, level, bits[name].get(level, 0.0)) for name in (*_PLAIN, *_HOUSEHOLD) if (level := getattr(c, name))
        ]
        steps += [("household cap", "", -over)] if over else []
        c.steps = tuple(Step(name, level, round(worth, 2)) for name, level, worth in steps if level or worth)
    return c


_PLAIN = (
    "nhs",
    "birth",
    "death",
    "sex",
    "place",
    "order",
    "weight",
    "gestation",
    "local_ref",
    "person",
    "coroner",
    "registration",
    "event",
)
_HOUSES = ("full", "house", "street", "different")
_HOUSEHOLD = ("home", "practice", "mother", "mother_nhs")


def _sum(c: Compared, comparisons: tuple[str, ...], bits: Mapping[str, Mapping[str, float]]) -> float:
    total = 0.0
    for name in comparisons:
        level = getattr(c, name)
        if level:
            total += bits[name].get(level, 0.0)
    return total


def _same(one: str, other: str) -> str:
    return ("equal" if one == other else "different") if one and other else ""


def _references(a: Evidence, b: Evidence, c: Compared) -> None:
    if a.local_ref and b.local_ref and a.partner == b.partner:
        c.local_ref = "equal" if a.local_ref == b.local_ref else "different"
    if a.person and b.person and a.partner == b.partner and _numbered_alike(a.person, b.person):
        if a.report and a.report == b.report:
            c.person = "equal" if a.person == b.person else "different"
        elif a.event_ref and a.event_ref == b.event_ref and a.person != b.person:
            c.person = "different"
    if a.coroner_refs and b.coroner_refs:
        c.coroner = coroners.agree(a.coroner_refs, b.coroner_refs)
    if a.registrations and b.registrations:
        c.registration = _registration(a.registrations, b.registrations)
    if a.event_ref and a.event_ref == b.event_ref:
        c.event = "equal"


def _numbered_alike(one: str, other: str) -> bool:
    """Whether two persons of a report are numbered in one way: by ids, or by their place in the same version."""
    return one.startswith(UNSTATED) == other.startswith(UNSTATED) and (
        not one.startswith(UNSTATED) or one.partition(".")[0] == other.partition(".")[0]
    )


def _registration(mine: frozenset[str], theirs: frozenset[str]) -> str:
    """``equal`` where an entry is in common; ``different`` where both name entries of one register and none in common."""
    if mine & theirs:
        return "equal"
    registers = {entry.partition("|")[0] for entry in mine} & {entry.partition("|")[0] for entry in theirs}
    return "different" if registers else ""


def nhs_level(a: Evidence, b: Evidence) -> str:
    """``equal``; ``different`` (both valid: never a slip of each other, modulus 11 catches those); ``typed-equal`` (the same
    invalid digits); ``typed-near`` (both invalid, one edit apart); ``slip`` (an invalid one, one edit from the other side's);
    ``typed-different``."""
    if a.nhs and b.nhs:
        return "equal" if a.nhs == b.nhs else "different"
    if a.nhs_typed and b.nhs_typed:
        if a.nhs_typed == b.nhs_typed:
            return "typed-equal"
        return "typed-near" if _one_edit(a.nhs_typed, b.nhs_typed) else "typed-different"
    one, other = a.nhs_stated or a.nhs or a.nhs_typed, b.nhs_stated or b.nhs or b.nhs_typed
    if one and other:
        return "slip" if _one_edit(one, other) else "typed-different"
    return ""


def _one_edit(one: str, other: str) -> bool:
    return OSA.distance(one, other, score_cutoff=1) <= 1


def birth_level(a: Evidence, b: Evidence) -> str:
    """``equal``, ``swapped`` (day and month), ``first-january`` (a default), ``edit``, ``same-month``, ``other``; with an age
    or a partial date on a side ``within-<unit>``, ``near`` or ``outside``."""
    if not a.birth_to or not b.birth_to:
        return ""
    if a.birth_unit == "day" and b.birth_unit == "day":
        return "equal" if a.birth_from == b.birth_from else _dates(a.birth_from, b.birth_from)
    gap = max(a.birth_from - b.birth_to, b.birth_from - a.birth_to)
    loose = a.birth_unit if b.birth_unit == "day" else b.birth_unit
    if gap <= 0:
        return f"within-{loose}"
    tolerance = max(_AGE_TOLERANCE.get(a.birth_unit, 0), _AGE_TOLERANCE.get(b.birth_unit, 0))
    return "near" if gap <= tolerance else "outside"


@lru_cache(maxsize=REMEMBERED)
def _digits(day: int) -> str:
    return date.fromordinal(day).isoformat()


@lru_cache(maxsize=REMEMBERED)
def _dates(one: int, other: int) -> str:
    x, y = date.fromordinal(one), date.fromordinal(other)
    if x.year == y.year and (x.month, x.day) == (y.day, y.month):
        return "swapped"
    if x.year == y.year and (1, 1) in ((x.month, x.day), (y.month, y.day)):
        return "first-january"
    if OSA.distance(_digits(one), _digits(other), score_cutoff=1) <= 1:
        return "edit"
    return "same-month" if (x.year, x.month) == (y.year, y.month) else "other"


def death_level(a: Evidence, b: Evidence, birth: str) -> str:
    """``same-hour``, ``equal``, ``near`` (two days), ``days`` (four), ``other``; ``-newborn`` where both were born the same
    day and died within four weeks of it, so that dying on the same day says little more."""
    if not a.death_to or not b.death_to:
        return ""
    if a.death_from != a.death_to or b.death_from != b.death_to:
        gap = max(a.death_from - b.death_to, b.death_from - a.death_to)
        return "overlap" if gap <= 0 else "near" if gap <= 2 else "days" if gap <= 4 else "other"
    apart = abs(a.death_from - b.death_from)
    newborn = "-newborn" if birth == "equal" and a.death_from - a.birth_from <= _NEWBORN_DAYS else ""
    if a.death_minute and b.death_minute and abs(a.death_minute - b.death_minute) <= _SAME_HOUR_MINUTES:
        return "same-hour" + newborn
    if apart == 0:
        return "equal" + newborn
    return "near" if apart <= 2 else "days" if apart <= 4 else "other"


def home_level(a: Evidence, b: Evidence) -> str:
    """``same`` (postcode and house; the postcode may be a slip away), ``postcode-and-street`` (a like street,
    another house or none), ``postcode``, ``house`` or ``street`` alone, ``near`` (a postcode a slip away), ``different``."""
    house = ""
    if a.addresses and b.addresses:
        house = min((homes.house_level(x, y) for x in a.addresses for y in b.addresses), key=_HOUSES.index)
    if any(x in b.postcodes for x in a.postcodes):
        if house in ("full", "house"):
            return "same"
        return "postcode-and-street" if house == "street" else "postcode"
    near = any(homes.one_slip(x, y) for x in a.postcodes for y in b.postcodes)
    if house in ("full", "house"):
        return "same" if near or house == "full" else "house"
    if house == "street" or near:
        return "street" if house == "street" else "near"
    return "different" if house or (a.postcodes and b.postcodes) else ""


def _mother(a: Evidence, b: Evidence) -> str:
    if not a.mother_given or not b.mother_given:
        return ""
    return "equal" if alike(a.mother_given, b.mother_given) or slip(a.mother_given, b.mother_given) else "different"
