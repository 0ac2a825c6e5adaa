"""Guards: what keeps two notices apart whatever they weigh, and what only a person may join.

Twins agree on almost everything that is compared. No weight can tell them apart, so weights don't decide: a *veto* says
that these are two children unless a person or a rekey says otherwise; a *hold* says that they may be one child, but that
the evidence is of the kind that has been wrong before.
"""

from collections.abc import Collection, Sequence

from rapidfuzz.distance import OSA

from integration_engine.linkage.comparison import Compared
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.names import alike, own_name, slip

_DEATHS_APART_DAYS = 4
# Born before and after midnight, or the date of one twin written for both.
_TWINS_APART_DAYS = 1
# Partners' dates of one death vary by this much.
_DATES_VARY_DAYS = 2
# Pronounced, recorded and reported: partners' times of one death lie within this.
_HOURS_VARY_MINUTES = 180

_NAME_AGREES = frozenset({"equal", "variant", "slip", "crossed", "swapped"})
_FAMILY_AGREES = frozenset({"equal", "variant", "part", "slip", "former", "swapped"})
_SAME_FAMILY = frozenset({"equal", "variant", "part"})
_HOME_AGREES = frozenset({"same", "postcode-and-street", "postcode", "house"})
# No slip explains it: a brother named after the dead one, a father after whom his son is called.
_BORN_APART = frozenset({"other", "outside"})
_IDENTIFIERS_ONLY = ("rekey", "retract")


def named_alike(c: Compared) -> bool:
    """The given names agree, but for spelling."""
    return c.given in _NAME_AGREES and c.second != "conflict"


def of_age(a: Evidence, b: Evidence, c: Compared) -> bool:
    """Whether no guard against twins is needed: one is known to be of age and nothing says that the other wasn't, or two rows
    of registers, which tell of no death, share an identifier. Their deaths, if they are any, are not reviewed."""
    return c.grown and (a.grown or b.grown or c.nhs in ("equal", "typed-equal", "typed-near"))


def vetoes(a: Evidence, b: Evidence, c: Compared) -> tuple[str, ...]:
    """Codes of what keeps these apart; empty where nothing does."""
    if of_age(a, b, c):
        return ("nhs-numbers-differ",) if c.nhs == "different" else ()
    found: list[str] = []
    if c.nhs == "different":
        found.append("nhs-numbers-differ")
    if c.order == "different":
        found.append("birth-order-differs")
    if c.given == "conflict" or c.second == "conflict":
        found.append("given-names-differ")
    if c.sex == "different" and not named_alike(c):
        found.append("sexes-differ")
    days = max(a.death_from - b.death_to, b.death_from - a.death_to) if a.death_to and b.death_to else 0
    if days > _DEATHS_APART_DAYS and not (c.nhs == "equal" and named_alike(c)):
        found.append("deaths-far-apart")
    if c.local_ref == "different" and (a.kind == b.kind or c.nhs != "equal"):
        found.append("local-ids-differ")
    if c.person == "different":
        found.append("event-persons-differ")
    return tuple(found)


def shares_identifier(a: Evidence, b: Evidence, c: Compared) -> bool:
    """Whether both carry an identifier that is the child's own. As long as no multiple birth is known, a newborn's mother's
    number with the same birth date counts, and under the same name a mistyped number one slip from the other's."""
    single = not (a.known_multiple or b.known_multiple)
    return (
        c.nhs in ("equal", "typed-equal")
        or (c.nhs == "slip" and single and named_alike(c))
        or c.local_ref == "equal"
        or c.person == "equal"
        or c.coroner == "equal"
        or (c.mother_nhs == "equal" and c.birth == "equal" and single)
    )


def surely_own(a: Evidence, b: Evidence, c: Compared) -> bool:
    """Whether both carry an identifier that is no other baby's: a valid NHS number; the same partner's own number for this
    child, its report's person or a coroner's reference, with nothing of the birth against it. What ends a case joins it by
    that alone: the mother's number, a name or a birth date is the stillborn twin's as well as the live-born one's. Only a
    coroner's conclusion may do without."""
    if c.nhs == "equal":
        return True
    if "different" in (c.weight, c.gestation, c.order, c.sex, c.nhs):
        return False
    return "equal" in (c.local_ref, c.person, c.coroner) or _found_by_a_coroner(a, b, c)


def _found_by_a_coroner(a: Evidence, b: Evidence, c: Compared) -> bool:
    """Whether a coroner concluded it of a child of this very name, birth date and home, with no other baby known. Coroners
    seldom have a number, and no twin is called what its twin is."""
    ending = a if a.ends else b
    called = c.given == "equal" and c.second != "conflict" and _own(a, b, c) and c.family == "equal"
    return (
        ending.kind == "coroner"
        and called
        and c.birth == "equal"
        and c.home == "same"
        and not (a.known_multiple or b.known_multiple)
    )


def names_only_an_identifier(a: Evidence, b: Evidence, c: Compared) -> bool:
    """Whether one side is a retraction or rekey that names nothing but an identifier, which the other side carries: it says
    whose it is and nothing can contradict, so no weight of evidence is asked for."""
    if c.nhs != "equal" and c.local_ref != "equal" and c.person != "equal":
        return False
    return any(e.intent in _IDENTIFIERS_ONLY and not (e.given or e.family or e.birth_to) for e in (a, b))


def holds(a: Evidence, b: Evidence, c: Compared) -> tuple[str, ...]:
    """Codes of why only a person may join these two, as far as the two alone show."""
    if of_age(a, b, c) or names_only_an_identifier(a, b, c):
        return ()
    found: list[str] = []
    if a.ends != b.ends and not surely_own(a, b, c):
        found.append("would-end-the-case")
    identified = shares_identifier(a, b, c)
    if not identified and (not a.given or not b.given):
        found.append("unnamed-without-identifier")
    if identified and not named_alike(c) and not _same_birth(c):
        found.append("identifier-only")
    if identified and _contradicted(a, b, c):
        found.append("identifier-contradicted")
    if not identified and not c.grown and not _backed(a, b, c):
        found.append("names-and-birth-only")
    if not identified and c.birth in _BORN_APART:
        found.append("birth-dates-differ")
    if c.given == "half-swapped":
        found.append("names-half-swapped")
    own = c.nhs == "equal" and _same_birth(c) and not (a.known_multiple or b.known_multiple)
    if c.given == "perhaps" and not own:
        found.append("perhaps-two-names")
    return tuple(found)


def _same_birth(c: Compared) -> bool:
    """Whether the birth dates agree, or one is a slip of the other; where one is missing the home and family name must do."""
    if not c.birth:
        return c.home in _HOME_AGREES and c.family in _FAMILY_AGREES
    return c.birth in ("equal", "swapped", "first-january", "edit", "near") or c.birth.startswith("within")


def _contradicted(a: Evidence, b: Evidence, c: Compared) -> bool:
    """Whether a shared identifier may be another child's: a sibling's, with neither birth nor death at the same time; or,
    where a child has no name, a neighbour's in the ward, with another family name and another home or none."""
    if c.birth == "other" and not _same_day(c) and c.death != "near":
        return True
    mothers = c.mother == "equal" or (c.mother_nhs == "equal" and _same_day(c))
    related = c.home in _HOME_AGREES or mothers or c.weight == "equal" or c.local_ref == "equal"
    return not (a.given and b.given) and c.family == "conflict" and not related


def _backed(a: Evidence, b: Evidence, c: Compared) -> bool:
    """Whether a home, the mother, the hour and place of the death or its coroner's number stand behind name and birth
    date."""
    if c.home in _HOME_AGREES or c.mother_nhs == "equal":
        return True
    if c.mother == "equal" and (c.home != "different" or _same_day(c)):
        return True
    there = c.place == "same" or c.practice == "equal" or c.event == "equal" or c.coroner == "number"
    named = c.given in ("equal", "variant", "slip") and c.family in _SAME_FAMILY
    born = c.birth in ("equal", "") or (c.birth.startswith("within") and c.death.startswith("same-hour"))
    return there and named and born and _same_day(c)


def maybe_adopted(c: Compared) -> bool:
    """Whether this may be one child under two identities: another number and family, but the same given name, full birth
    date and day of death. Hardly any two older children share all three, so a person looks, however little else agrees."""
    return c.nhs == "different" and c.birth == "equal" and c.death in ("equal", "same-hour") and named_alike(c)


def plainly_two(a: Evidence, b: Evidence, c: Compared, barred: Collection[str]) -> bool:
    """Whether no person need be asked, as no identifier is shared: another place in the birth order, or birth dates that no
    slip explains with no name in common."""
    if shares_identifier(a, b, c):
        return False
    return "birth-order-differs" in barred or (c.birth == "other" and c.given in ("", "conflict"))


def one_name(c: Compared) -> bool:
    """Whether two notices speak of one number or local id and one birth date, so that differing names are a question about
    one child's name, not two children."""
    return (c.nhs == "equal" or c.local_ref == "equal") and c.birth == "equal" and c.sex != "different"


def one_number(c: Compared) -> bool:
    """Whether two notices carry one child's identifier, whatever else they disagree on."""
    return c.nhs == "equal" or one_name(c)


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
    named = c.family in _FAMILY_AGREES
    multiple = a.known_multiple or b.known_multiple
    # A home is no family: a hostel, a tower block and a hospital's own postcode have births every day.
    at_home = c.home in _HOME_AGREES and (c.family != "conflict" or c.mother == "equal" or multiple)
    if same_day and (mother or at_home or (named and multiple and c.home != "different")):
        return "twin"
    if mother or (c.home in _HOME_AGREES and (named or c.mother == "equal")):
        return "sibling"
    return ""


def _same_day(c: Compared) -> bool:
    return c.death.startswith(("equal", "same-hour"))


def born_together(a: Evidence, b: Evidence, c: Compared) -> bool:
    """Whether two notices are of one birth in one family: the same child or its twin."""
    same_day = a.birth_day and b.birth_day and abs(a.birth_day - b.birth_day) <= _TWINS_APART_DAYS
    named = c.family in _FAMILY_AGREES and c.home != "different"
    return bool(same_day) and (c.home in _HOME_AGREES or c.nhs == "equal" or c.mother_nhs == "equal" or named)


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
    otherwise = all(_named_otherwise(k, a, b) for k in known)
    named = c.given in ("equal", "variant") or (otherwise and c.given in ("crossed", "swapped"))
    named = named or (otherwise and bool(known) and c.given == "slip")
    if named and not _own(a, b, c) and not (known and otherwise):
        named = False  # brothers may all be Muhammad
    number = c.nhs == "equal" or (c.nhs == "slip" and bool(known) and not any(_near_number(k, a, b) for k in known))
    identifiers = number + (c.local_ref == "equal") + (c.person == "equal")
    if identifiers:
        if named or identifiers > 1 or c.order == "equal" or c.weight == "equal":
            sure = _same_day(c) or not c.death or (identifiers > 1 and c.order == "equal")
            return named or (_same_birth(c) and sure)
        # A local id alone is no proof: about one twin in fifty carries the other's.
        return number and bool(known) and c.birth == "equal" and _died_or_sexed_otherwise(a, c, known)
    return named and not twins and (c.birth == "equal" or (otherwise and c.birth.startswith("within")))


def _own(a: Evidence, b: Evidence, c: Compared) -> bool:
    """Whether the name that agrees is the child's own, not one that a whole family may bear."""
    return c.second == "agree" or any(own_name(e.given[0]) for e in (a, b) if e.given)


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
    day = _same_day(c) and all(k.death_to and abs(k.death_to - a.death_to) > _DATES_VARY_DAYS for k in known)
    hour = c.death.startswith("same-hour") and all(
        k.death_minute and abs(k.death_minute - a.death_minute) > _HOURS_VARY_MINUTES for k in known
    )
    return sexed or day or hour
