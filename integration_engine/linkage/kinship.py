"""Twins and siblings: when two notices are known to be of two children of one family, and what then still tells whose a third
one is."""

from collections.abc import Sequence

from rapidfuzz.distance import OSA

from integration_engine.linkage.agreement import (
    FAMILY_AGREES,
    HOME_AGREES,
    exactly,
    named_alike,
    one_name,
    own,
    same_birth,
    same_day,
)
from integration_engine.linkage.comparison import Compared
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.names import alike, slip

# Born before and after midnight, or the date of one twin written for both.
_TWINS_APART_DAYS = 1
# Partners' dates of one death vary by this much.
_DATES_VARY_DAYS = 2
# Pronounced, recorded and reported: partners' times of one death lie within this.
_HOURS_VARY_MINUTES = 180


def kin(a: Evidence, b: Evidence, c: Compared, barred: tuple[str, ...]) -> str:
    """``twin`` or ``sibling`` where these two are known to be two children of one family, else empty.

    Two children: something beyond a number keeps them apart, or a number does and the names don't agree. One family: home or
    mother, or the family name on the same birth date with a multiple birth known.
    """
    apart = set(barred) - {"deaths-far-apart", "sexes-differ", "local-ids-differ"}
    if not apart or (apart == {"nhs-numbers-differ"} and named_alike(c)):
        return ""
    if apart == {"given-names-differ"} and one_name(c):
        return ""
    mother = c.mother_nhs == "equal"
    same_day = bool(a.birth_day and b.birth_day and abs(a.birth_day - b.birth_day) <= _TWINS_APART_DAYS)
    named = c.family in FAMILY_AGREES
    multiple = a.known_multiple or b.known_multiple
    # A home is no family: a hostel, a tower block and a hospital's own postcode have births every day.
    at_home = c.home in HOME_AGREES and (c.family != "conflict" or c.mother == "equal" or multiple)
    if same_day and (mother or at_home or (named and multiple and c.home != "different")):
        return "twin"
    if mother or (c.home in HOME_AGREES and (named or c.mother == "equal")):
        return "sibling"
    return ""


def born_together(a: Evidence, b: Evidence, c: Compared) -> bool:
    """Whether two notices are of one birth in one family: the same child or its twin."""
    same_day = a.birth_day and b.birth_day and abs(a.birth_day - b.birth_day) <= _TWINS_APART_DAYS
    named = c.family in FAMILY_AGREES and c.home != "different"
    return bool(same_day) and (c.home in HOME_AGREES or c.nhs == "equal" or c.mother_nhs == "equal" or named)


def told_apart(a: Evidence, b: Evidence, c: Compared, known: Sequence[Evidence], *, twins: bool) -> bool:
    """Whether these two can't have been mixed up with a twin or sibling. ``known`` is the kin's own evidence; ``twins``
    that some of it, or nobody in particular, was born with the child.

    They rest on an identifier of the child's own and on something that is the child's and not the twin's: the same name,
    place in the birth order, birth weight or a second identifier; or, against every known twin, the sex or the day of
    death. Against a sibling of another age the birth date is such an identifier, and with no identifier at all the name is
    enough where all known siblings are called something else.
    """
    if c.given in ("conflict", "half-swapped") or "different" in (c.weight, c.gestation) or c.second == "conflict":
        return False
    # Twins are called Louie and Louis: a name that is only alike is the child's where every known twin has quite another.
    whole = c.given == "equal" or (c.given == "crossed" and len(a.given) == len(b.given))
    nearly = c.given in ("variant", "slip", "crossed", "swapped")
    otherwise = (whole or nearly) and all(_named_otherwise(k, a, b) for k in known)
    named = whole or (otherwise and nearly and bool(known))
    if named and not own(a, b, c) and not (known and otherwise):
        named = False  # brothers may all be Muhammad
    number = c.nhs == "equal" or (c.nhs == "slip" and bool(known) and not any(_near_number(k, a, b) for k in known))
    identifiers = number + (c.local_ref == "equal") + (c.person == "equal")
    if identifiers:
        if named or identifiers > 1 or c.order == "equal" or c.weight == "equal" or exactly(a, b):
            sure = same_day(c) or not c.death or (identifiers > 1 and (c.order == "equal" or c.death == "near"))
            return named or (same_birth(c) and sure)
        # A local id alone is no proof: about one twin in fifty carries the other's.
        return number and bool(known) and c.birth == "equal" and _died_or_sexed_otherwise(a, c, known)
    return named and not twins and (c.birth == "equal" or (otherwise and c.birth.startswith("within")))


def _named_otherwise(kin: Evidence, a: Evidence, b: Evidence) -> bool:
    """Whether a twin or sibling has a given name that is neither side's, nor a slip of it."""
    mine = (*a.given[:1], *b.given[:1])
    return bool(kin.given) and not any(alike(x, y) or slip(x, y) for x in kin.given[:1] for y in mine)


def _near_number(kin: Evidence, a: Evidence, b: Evidence) -> bool:
    """Whether a mistyped number may as well be the twin's: twins' numbers are often neighbours."""
    typed = a.nhs_typed or b.nhs_typed
    return not kin.nhs or OSA.distance(typed, kin.nhs_stated or kin.nhs, score_cutoff=1) <= 1


def _died_or_sexed_otherwise(a: Evidence, c: Compared, known: Sequence[Evidence]) -> bool:
    """Whether every known twin is of the other sex, or died on a clearly other day or at a clearly other hour than these."""
    sexed = c.sex == "equal" and all(k.sex and k.sex != a.sex for k in known)
    day = same_day(c) and all(k.death_to and abs(k.death_to - a.death_to) > _DATES_VARY_DAYS for k in known)
    hour = c.death.startswith("same-hour") and all(
        k.death_minute and abs(k.death_minute - a.death_minute) > _HOURS_VARY_MINUTES for k in known
    )
    return sexed or day or hour
