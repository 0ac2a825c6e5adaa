"""What two notices agree in, as the guards read it: names, birth, death, home, and identifiers that are a child's own."""

from integration_engine.linkage.comparison import Compared
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.names import own_name, spelled

# Scales and clocks read to these are read by the eye: two babies' figures meet by chance.
_ROUND_GRAMS, _ROUND_MINUTES = 10, 5
NAME_AGREES = frozenset({"equal", "variant", "slip", "crossed", "swapped"})
ONLY_ALIKE = frozenset({"variant", "slip", "crossed", "initial"})
"""Names that may as well be a brother's or sister's: twins are called Sophia and Sophie, Amir and Amira."""
FAMILY_AGREES = frozenset({"equal", "variant", "part", "slip", "former", "swapped"})
SAME_FAMILY = frozenset({"equal", "variant", "part"})
HOME_AGREES = frozenset({"same", "postcode-and-street", "postcode", "house"})
# No slip explains it: a brother named after the dead one, a father after whom his son is called.
BORN_APART = frozenset({"other", "outside"})
_IDENTIFIERS_ONLY = ("rekey", "retract")


def named_alike(c: Compared) -> bool:
    """The given names agree, but for spelling."""
    return c.given in NAME_AGREES and c.second != "conflict"


def own(a: Evidence, b: Evidence, c: Compared) -> bool:
    """Whether a name that agrees is the child's own, not one that a whole family may bear."""
    if c.second == "agree" or any(own_name(e.given[0]) for e in (a, b) if e.given):
        return True
    return any(own_name(name) and name in b.given for name in a.given)


def called_alike(a: Evidence, b: Evidence, c: Compared) -> bool:
    """Whether the given name is the same but for the hand that wrote it (Mohammed, Muhammad): no sister's, no twin's."""
    if c.second == "conflict":
        return False
    one_spelling = c.given == "variant" and bool(a.given and b.given) and spelled(a.given[0]) == spelled(b.given[0])
    return c.given in ("equal", "swapped") or one_spelling


def same_day(c: Compared) -> bool:
    """Whether they died on one day."""
    return c.death.startswith(("equal", "same-hour"))


def same_birth(c: Compared) -> bool:
    """Whether the birth dates agree, or one is a slip of the other; where one is missing the home and family name must do."""
    if not c.birth:
        return c.home in HOME_AGREES and c.family in FAMILY_AGREES
    return c.birth in ("equal", "swapped", "first-january", "edit", "near") or c.birth.startswith("within")


def single(a: Evidence, b: Evidence) -> bool:
    """Whether neither says that the child is one of several born together."""
    return not (a.known_multiple or b.known_multiple)


def of_age(a: Evidence, b: Evidence, c: Compared) -> bool:
    """Whether no guard against twins is needed: one is known to be of age and nothing says that the other wasn't, or two rows
    of registers, which tell of no death, share an identifier. Their deaths, if they are any, are not reviewed."""
    return c.grown and (a.grown or b.grown or c.nhs in ("equal", "typed-equal", "typed-near"))


def shares_identifier(a: Evidence, b: Evidence, c: Compared) -> bool:
    """Whether both carry an identifier that is the child's own. As long as no multiple birth is known, a newborn's mother's
    number with the same birth date counts, and so do a mistyped number one slip from the other's under the same name, and
    what tells one baby from every other but its twin (see ``one_baby``)."""
    alone = single(a, b)
    return (
        c.nhs in ("equal", "typed-equal")
        or (c.nhs == "slip" and alone and named_alike(c) and own(a, b, c) and c.birth not in BORN_APART)
        or c.local_ref == "equal"
        or c.person == "equal"
        or c.coroner == "equal"
        or c.registration == "equal"
        or (c.mother_nhs == "equal" and c.birth == "equal" and alone and _one_household(c))
        or (alone and one_baby(a, b, c))
    )


def _one_household(c: Compared) -> bool:
    """Whether nothing says that a mother's number was written on the form of another's baby, as happens to a whole ward."""
    return c.family != "conflict" or c.home in HOME_AGREES or c.mother == "equal"


def one_baby(a: Evidence, b: Evidence, c: Compared) -> bool:
    """Whether two notices of a newborn give one home, family, birth date and day of death, and beside them the mother's name
    at the very house, which says who she is as her number does; or the gram of one weight or the minute of one death,
    neither of them a round figure, which of twins one pair in some hundreds would."""
    if c.birth != "equal" or c.home not in HOME_AGREES or c.family not in SAME_FAMILY or c.sex == "different":
        return False
    if "different" in (c.weight, c.gestation, c.order) or not same_day(c):
        return False
    mothers = c.home == "same" and c.mother == "equal"
    return c.death.endswith("-newborn") and (mothers or exactly(a, b))


def exactly(a: Evidence, b: Evidence) -> bool:
    """Whether both give the very gram of one weight or the very minute of one death, neither of them a round figure. A minute
    counts as a hospital tells it: elsewhere it is when children were found, and twins are found together."""
    if a.weight_g and a.weight_g == b.weight_g and a.weight_g % _ROUND_GRAMS:
        return True
    hospital = any(e.kind.startswith("hospital") for e in (a, b))
    return (
        hospital and bool(a.death_minute) and a.death_minute == b.death_minute and bool(a.death_minute % _ROUND_MINUTES)
    )


def surely_own(a: Evidence, b: Evidence, c: Compared) -> bool:
    """Whether both carry an identifier that is no other baby's: a valid NHS number; the same partner's own number for this
    child, its report's person, a coroner's reference or an entry in a register, with nothing of the birth against it. What
    ends a case joins it by that alone: the mother's number, a name or a birth date is the stillborn twin's as well as the
    live-born one's. Only a coroner's conclusion may do without."""
    if c.nhs == "equal":
        return True
    if "different" in (c.weight, c.gestation, c.order, c.sex, c.nhs):
        return False
    return "equal" in (c.local_ref, c.person, c.coroner, c.registration) or _found_by_a_coroner(a, b, c)


def _found_by_a_coroner(a: Evidence, b: Evidence, c: Compared) -> bool:
    """Whether a coroner concluded it of a child of this very name, birth date and home, with no other baby known. Coroners
    seldom have a number, and no twin is called what its twin is."""
    ending = a if a.ends else b
    called = c.given == "equal" and c.second != "conflict" and own(a, b, c) and c.family == "equal"
    return ending.kind == "coroner" and called and c.birth == "equal" and c.home == "same" and single(a, b)


def names_only_an_identifier(a: Evidence, b: Evidence, c: Compared) -> bool:
    """Whether one side is a retraction or rekey that names nothing but an identifier, which the other side carries: it says
    whose it is and nothing can contradict, so no weight of evidence is asked for."""
    if c.nhs != "equal" and c.local_ref != "equal" and c.person != "equal":
        return False
    return any(e.intent in _IDENTIFIERS_ONLY and not (e.given or e.family or e.birth_to) for e in (a, b))


def one_name(c: Compared) -> bool:
    """Whether two notices speak of one number or local id and one birth date, so that differing names are a question about
    one child's name, not two children."""
    return (c.nhs == "equal" or c.local_ref == "equal") and c.birth == "equal" and c.sex != "different"


def one_number(c: Compared) -> bool:
    """Whether two notices carry one child's identifier, whatever else they disagree on."""
    return c.nhs == "equal" or one_name(c)
