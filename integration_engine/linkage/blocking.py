"""Blocking keys: which notices are worth comparing at all.

Two notices are compared when they share a key. The union of keys is wide, so that one wrong or missing field never hides
a pair. No block is ever capped: a key that is known to grow (a common name, a birth date that stands for "not known") is
made longer by something else that two notices of one child would share. What is common the frozen tables say, not the
store, so the keys of a notice are its own: they don't depend on who came first or how many came.
"""

from collections.abc import Collection, Iterator
from datetime import date
from functools import lru_cache

from integration_engine.linkage import homes
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.model import Model, shipped
from integration_engine.linkage.names import skeleton, spelled
from integration_engine.record.remembered import REMEMBERED

# A full name as common as this (both names independent) is shared by unrelated children of any ten years.
_COMMON_FULL_NAME = 2e-6
# One as common as this is shared by unrelated children of any year.
_VERY_COMMON_FULL_NAME = 1e-4
# A name that more than one child in 250 bears: every large hospital has it again and again.
_COMMON_NAME = 0.004
# Born and died within this many days: many newborns share both dates with another, so the pair of dates alone is no key.
_NEWBORN_DAYS = 28
# Partners' dates of one death vary by this much: a month is kept in common across its end.
_DATES_VARY_DAYS = 2
_MOST_YEARS, _MOST_NAMES = 4, 4


def keys(evidence: Evidence, model: Model | None = None) -> frozenset[str]:
    """Every key of this evidence, each ``kind:value``: identifying text, to be blinded before it is stored."""
    return frozenset(_keys(evidence, model or shipped()))


def _keys(e: Evidence, model: Model) -> Iterator[str]:
    yield from _identifiers(e)
    given, sounds, common = _named(e, model)
    months = _months_of_death(e)
    years = _years_of_birth(e)
    births = tuple(_births(e, months))
    for born in births:
        yield from (f"born+family:{born}:{sound}" for sound in sounds)
        yield from (f"born+given:{born}:{name}" for name in given)
        if e.mother_given:
            yield f"born+mother:{born}:{spelled(e.mother_given)}"
        yield from (f"mother+born:{mother}:{born}" for mother in (e.mother_nhs, e.mother_ref) if mother)
    if e.death_day:
        when_and_where = [*years, *e.places, *given, *sounds]
        for kind, names in (("family", sounds), ("given", given)):
            yield from _longer(f"died+{kind}:{e.death_day}", names, common, when_and_where)
    yield from _both_dates(e)
    yield from _home(e, {*given, *sounds}, common, births, months)
    yield from _full_names(e, model, months, years)
    if e.grown or e.timeless:
        yield from _grown_up(e, given, sounds, births)


_Names = tuple[frozenset[str], frozenset[str], frozenset[str]]
_NAMED: dict[tuple[object, ...], _Names] = {}
_REMEMBERED = 200_000


def _named(e: Evidence, model: Model) -> _Names:
    """Given names in their usual spelling, the sounds of the family names, and which of both are common. Remembered: the
    same names are told again and again."""
    said = (e.given, e.also_given, e.family, e.also_family, model.version)
    found = _NAMED.get(said)
    if found is None:
        given = frozenset(spelled(name) for name in (e.given + e.also_given)[:_MOST_NAMES])
        sounds = frozenset(skeleton(name) for name in _ends(e.family) | _ends(e.also_family))
        common = {name for name in given if model.share("given", name) >= _COMMON_NAME}
        common |= {sound for sound in sounds if _share_of_sound(sound, model) >= _COMMON_NAME}
        if len(_NAMED) > _REMEMBERED:
            _NAMED.clear()
        found = _NAMED[said] = (given, sounds, frozenset(common))
    return found


def _longer(start: str, names: Collection[str], common: Collection[str], more: Collection[str]) -> Iterator[str]:
    """A key for each name; for a common one a longer key with each of what is said besides."""
    for name in names:
        if name in common:
            yield from (f"{start}:{min(name, other)}:{max(name, other)}" for other in more if other != name)
        else:
            yield f"{start}:{name}"


def _grown_up(e: Evidence, given: Collection[str], sounds: Collection[str], births: Collection[str]) -> Iterator[str]:
    """Who is of age is found by birth date or postcode alone, by street and a name, by full name: the births of eighty years
    share few of any."""
    yield from (f"grown:{born}" for born in births)
    yield from (f"grown:{postcode}" for postcode in e.postcodes)
    streets = {street for address in e.addresses for street in homes.streets(address)}
    yield from (f"grown:{street}:{name}" for street in streets for name in (*given, *sounds))
    yield from (f"grown:{':'.join(sorted((skeleton(name), sound)))}" for name in given for sound in sounds)


def _identifiers(e: Evidence) -> Iterator[str]:
    """Keys of whatever was given to name one child; a rekey has those of both its identifiers."""
    if e.nhs:
        yield f"nhs:{e.nhs}"
    yield from (f"nhs:{number}" for number in e.nhs_before)
    if e.nhs_typed:
        yield f"nhs-typed:{e.nhs_typed}"
    if e.dead_number:
        yield f"nhs:{e.dead_number}"
    if e.local_ref:
        yield f"ref:{e.local_ref}"
    if e.rekey:
        yield from (*e.rekey, *(e.rekey_refs or ()))
    yield from (f"registration:{entry}" for entry in e.registrations)
    # By its number alone: police don't always name the area, nor as the office does.
    yield from (f"coroner:{reference.partition('|')[2]}" for reference in e.coroner_refs)
    if e.event_ref:
        yield f"event:{e.event_ref}"


def _births(e: Evidence, months: Collection[str]) -> Iterator[str]:
    """The day of birth. On the first of January very many are "born" whose birthday nobody knows: by the month of death."""
    if not e.birth_day:
        return
    born = date.fromordinal(e.birth_day)
    if months and (born.month, born.day) == (1, 1):
        yield from (f"{e.birth_day}/{month}" for month in months)
    else:
        yield str(e.birth_day)


def _both_dates(e: Evidence) -> Iterator[str]:
    born, died = e.birth_day, e.death_day
    if born and died:
        if died - born > _NEWBORN_DAYS:
            yield f"born+died:{born}:{died}"
        else:
            yield from (f"born+died+place:{born}:{died}:{place}" for place in e.places)


def _home(
    e: Evidence, names: Collection[str], common: Collection[str], births: Collection[str], months: Collection[str]
) -> Iterator[str]:
    """The home with a date or a name. A hostel, a tower block, or a hospital's own postcode given for a baby has a common
    name again and again: it counts with another name, the month of birth or that of death."""
    besides = [*names, *(f"d{month}" for month in months)]
    if e.birth_day:
        besides.append(f"b{_month(e.birth_day)}")
    housed = any(letter.isdigit() for address in e.addresses for letter in address)
    for home in (*e.postcodes, *e.addresses):
        if housed:
            yield from (f"home+born:{home}:{born}" for born in births)
            if e.death_day:
                yield f"home+died:{home}:{e.death_day}"
        yield from _longer(f"home+name:{home}", names, common, besides)


def _ends(family: tuple[str, ...]) -> set[str]:
    """The first and the last part of a family name, and the whole of it written together."""
    return {family[0], family[-1], "".join(family)} if family else set()


def _full_names(e: Evidence, model: Model, months: Collection[str], years: Collection[str]) -> Iterator[str]:
    """Given and family name in either order; a common full name only together with a birth year or a month of death, and
    one that is shared every year with two of year, month and place."""
    if not e.given or not e.family:
        return
    first = spelled(e.given[0])
    for last in {e.family[0], e.family[-1]}:
        pair = ":".join(sorted((skeleton(first), skeleton(last))))
        share = model.share("given", first) * model.share("family", spelled(last))
        if share < _COMMON_FULL_NAME:
            yield f"name:{pair}"
        if share < _VERY_COMMON_FULL_NAME:
            yield from (f"name+year:{pair}:{year}" for year in years)
            yield from (f"name+died:{pair}:{month}" for month in months)
        else:
            yield from (f"name+year+died:{pair}:{year}:{month}" for year in years for month in months)
            yield from (f"name+year+place:{pair}:{year}:{place}" for year in years for place in e.places)


def _months_of_death(e: Evidence) -> tuple[str, ...]:
    """The month of death; two where it may be the one or the other."""
    if not e.death_day:
        return ()
    around = (e.death_day - _DATES_VARY_DAYS, e.death_day + _DATES_VARY_DAYS)
    return tuple(dict.fromkeys(_month(day) for day in around))


def _years_of_birth(e: Evidence) -> tuple[str, ...]:
    if not e.birth_from:
        return ()
    years = range(date.fromordinal(e.birth_from).year, date.fromordinal(e.birth_to).year + 1)
    return tuple(str(year) for year in years[:_MOST_YEARS])


@lru_cache(maxsize=REMEMBERED)
def _month(day: int) -> str:
    return date.fromordinal(min(day, date.max.toordinal())).strftime("%Y-%m")


_SOUNDS: dict[str, dict[str, float]] = {}


def _share_of_sound(sound: str, model: Model) -> float:
    """How common the family names of this sound are together."""
    shares = _SOUNDS.get(model.version)
    if shares is None:
        shares = _SOUNDS[model.version] = {}
        for name, share in model.names["family"].items():
            shares[skeleton(name)] = shares.get(skeleton(name), 0.0) + share
    return shares.get(sound, model.unseen)
