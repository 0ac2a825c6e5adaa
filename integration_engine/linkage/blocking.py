"""Blocking keys: which notices are worth comparing at all.

Two notices are compared when they share a key. The union of keys is wide, so that one wrong or missing field never hides
a pair. A key that many children share (a common name) is never capped: what it would have found is found by longer keys
(the name and a year or month), so that the result doesn't depend on who came first.
"""

from collections.abc import Iterator
from datetime import date

from integration_engine.linkage import homes
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.model import Model, shipped
from integration_engine.linkage.names import skeleton, spelled

# A full name as common as this (both names independent) is shared by unrelated children of any ten years.
_COMMON_FULL_NAME = 2e-6
# Born and died within this many days: many newborns share both dates with another, so the pair of dates alone is no key.
_NEWBORN_DAYS = 28


def keys(evidence: Evidence, model: Model | None = None) -> frozenset[str]:
    """Every key of this evidence, each ``kind:value``: identifying text, to be blinded before it is stored."""
    return frozenset(_keys(evidence, model or shipped()))


def _keys(e: Evidence, model: Model) -> Iterator[str]:
    yield from _identifiers(e)
    born, died = e.birth_day, e.death_day
    given = {spelled(name) for name in (e.given + e.also_given)[:4]}
    families = _ends(e.family) | _ends(e.also_family)
    sounds = {skeleton(name) for name in families}
    if born:
        yield from (f"born+family:{born}:{sound}" for sound in sounds)
        yield from (f"born+given:{born}:{name}" for name in given)
        if e.mother_given:
            yield f"born+mother:{born}:{spelled(e.mother_given)}"
    if died:
        yield from (f"died+family:{died}:{sound}" for sound in sounds)
        yield from (f"died+given:{died}:{name}" for name in given)
    if born and died:
        if died - born > _NEWBORN_DAYS:
            yield f"born+died:{born}:{died}"
        else:
            yield from (f"born+died+place:{born}:{died}:{place}" for place in e.places)
    for home in (*e.postcodes, *e.addresses):
        if born:
            yield f"home+born:{home}:{born}"
        if died:
            yield f"home+died:{home}:{died}"
        yield from (f"home+name:{home}:{name}" for name in given | sounds)
    yield from _full_names(e, given | sounds, model)
    if e.grown or e.timeless:
        yield from _grown_up(e, given, sounds)


def _grown_up(e: Evidence, given: set[str], sounds: set[str]) -> Iterator[str]:
    """Who is of age is found by birth date or postcode alone, by street and a name, by full name: the births of eighty years
    share few of any."""
    if e.birth_day:
        yield f"grown:{e.birth_day}"
    yield from (f"grown:{postcode}" for postcode in e.postcodes)
    streets = {street for address in e.addresses for street in homes.streets(address)}
    yield from (f"grown:{street}:{name}" for street in streets for name in given | sounds)
    yield from (f"grown:{':'.join(sorted((skeleton(name), sound)))}" for name in given for sound in sounds)


def _identifiers(e: Evidence) -> Iterator[str]:
    """Keys of whatever was given to name one child; a rekey has those of both its identifiers."""
    if e.nhs:
        yield f"nhs:{e.nhs}"
    if e.nhs_typed:
        yield f"nhs-typed:{e.nhs_typed}"
    if e.dead_number:
        yield f"nhs:{e.dead_number}"
    if e.local_ref:
        yield f"ref:{e.local_ref}"
    if e.rekey:
        yield from (*e.rekey, *(e.rekey_refs or ()))
    if e.mother_nhs:
        yield f"mother:{e.mother_nhs}"
    if e.mother_ref:
        yield f"mother:{e.mother_ref}"
    # By its number alone: police don't always name the area, nor as the office does.
    yield from (f"coroner:{reference.partition('|')[2]}" for reference in e.coroner_refs)
    if e.event_ref:
        yield f"event:{e.event_ref}"


def _ends(family: tuple[str, ...]) -> set[str]:
    """The first and the last part of a family name, and the whole of it written together."""
    return {family[0], family[-1], "".join(family)} if family else set()


def _full_names(e: Evidence, parts: set[str], model: Model) -> Iterator[str]:
    """Given and family name in either order; a common full name only together with a birth year or a month of death."""
    if not e.given or not e.family:
        return
    first = spelled(e.given[0])
    for last in {e.family[0], e.family[-1]}:
        pair = ":".join(sorted((skeleton(first), skeleton(last))))
        if model.share("given", first) * model.share("family", spelled(last)) < _COMMON_FULL_NAME:
            yield f"name:{pair}"
        if e.birth_from:
            years = range(date.fromordinal(e.birth_from).year, date.fromordinal(e.birth_to).year + 1)
            yield from (f"name+year:{pair}:{year}" for year in years[:4])
        if e.death_day:
            day = date.fromordinal(e.death_day)
            yield f"name+died:{pair}:{day.year}-{day.month}"
