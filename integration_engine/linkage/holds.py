"""What only a person may join: pairs that may be one child on evidence of a kind that has been wrong before."""

from collections.abc import Collection

from integration_engine.linkage.agreement import (
    BORN_APART,
    HOME_AGREES,
    ONLY_ALIKE,
    SAME_FAMILY,
    called_alike,
    named_alike,
    names_only_an_identifier,
    of_age,
    own,
    same_birth,
    same_day,
    shares_identifier,
    single,
    surely_own,
)
from integration_engine.linkage.comparison import Compared
from integration_engine.linkage.evidence import Evidence


def holds(a: Evidence, b: Evidence, c: Compared) -> tuple[str, ...]:
    """Codes of why only a person may join these two, as far as the two alone show."""
    if of_age(a, b, c) or names_only_an_identifier(a, b, c):
        return ()
    found: list[str] = []
    if a.ends != b.ends and not surely_own(a, b, c):
        found.append("would-end-the-case")
    found += _of_identified(a, b, c) if shares_identifier(a, b, c) else _of_unidentified(a, b, c)
    if c.given == "half-swapped":
        found.append("names-half-swapped")
    if c.given == "perhaps" and not _numbered_alike(a, b, c):
        found.append("perhaps-two-names")
    if c.nhs == "different" and _one_is_doubted(a, b) and named_alike(c) and same_birth(c):
        found.append("number-not-verified")
    return tuple(found)


def _one_is_doubted(a: Evidence, b: Evidence) -> bool:
    """Whether one of two numbers is verified and the other's own sender says that it isn't: most likely the wrong one."""
    return (a.nhs_verified and b.nhs_doubted) or (b.nhs_verified and a.nhs_doubted)


def _numbered_alike(a: Evidence, b: Evidence, c: Compared) -> bool:
    """Whether one number and one day of death say that two names, perhaps one child's, are."""
    return c.nhs == "equal" and same_birth(c) and single(a, b) and (same_day(c) or not c.death)


def _of_identified(a: Evidence, b: Evidence, c: Compared) -> list[str]:
    """An identifier is shared; it may still be another child's."""
    found: list[str] = []
    if not named_alike(c) and not same_birth(c):
        found.append("identifier-only")
    if _contradicted(a, b, c):
        found.append("identifier-contradicted")
    # A twin's number on a form, under a name that may be either's, of a death on another day.
    unsure = c.given in ONLY_ALIKE and not called_alike(a, b, c)
    if unsure and (c.birth in BORN_APART or (c.death and not same_day(c))):
        found.append("names-only-alike")
    return found


def _of_unidentified(a: Evidence, b: Evidence, c: Compared) -> list[str]:
    """Nothing that is a child's own is shared: name, dates and home have to do, and none of them may be in doubt."""
    found: list[str] = []
    if not a.given or not b.given:
        found.append("unnamed-without-identifier")
    if not c.grown and not _backed(a, b, c):
        found.append("names-and-birth-only")
    if c.birth in BORN_APART:
        found.append("birth-dates-differ")
    if c.given in ONLY_ALIKE and not c.grown and not _dated_alike(c):
        found.append("names-only-alike")
    return found


def _dated_alike(c: Compared) -> bool:
    """Whether birth and death fall together, as far as they are told: what two children of one family with names alike hardly
    do. A name crossed with a second one needs the birth date, for a brother's or father's may stand there."""
    born = c.birth == "equal" or (c.given != "crossed" and (not c.birth or c.birth.startswith("within")))
    return born and (same_day(c) or (not c.death and c.birth == "equal"))


def _contradicted(a: Evidence, b: Evidence, c: Compared) -> bool:
    """Whether a shared identifier may be another child's: a sibling's, with neither birth nor death at the same time; or,
    where a child has no name, a neighbour's in the ward, with another family name and another home or none."""
    if c.birth == "other" and not same_day(c) and c.death != "near":
        return True
    mothers = c.mother == "equal" or (c.mother_nhs == "equal" and same_day(c))
    related = c.home in HOME_AGREES or mothers or c.weight == "equal" or c.local_ref == "equal"
    return not (a.given and b.given) and c.family == "conflict" and not related


def _backed(a: Evidence, b: Evidence, c: Compared) -> bool:
    """Whether a home, the mother, the day and place of the death or its coroner's number stand behind name and birth date; or
    the very hour of the death behind a whole name and birth date, which no namesake's falls into."""
    if c.home in HOME_AGREES or c.mother_nhs == "equal":
        return True
    if c.mother == "equal" and (c.home != "different" or same_day(c)):
        return True
    there = c.place == "same" or c.practice == "equal" or c.event == "equal" or c.coroner == "number"
    named = c.given in ("equal", "variant", "slip") and c.family in SAME_FAMILY
    born = c.birth in ("equal", "") or (c.birth.startswith("within") and c.death.startswith("same-hour"))
    if there and named and born and same_day(c):
        return True
    whole = c.given == "equal" and c.family == "equal" and c.birth == "equal" and c.sex != "different"
    return whole and c.death.startswith("same-hour") and own(a, b, c) and single(a, b)


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
