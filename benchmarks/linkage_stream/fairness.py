"""Keeps the stream fair: of two children easily taken for one, any two notices differ in something a partner would write.

Two notices that agree in everything prove nothing, whatever linkage makes of them. Mending puts right what was mistaken;
nothing is added that the partner couldn't know.
"""

from collections.abc import Sequence
from datetime import date

from rapidfuzz.distance import OSA

from benchmarks.linkage_stream.child import Child
from benchmarks.linkage_stream.writing import Row

_LIKE = 2  # letters
_DEATHS_VARY = 2  # days
_WEIGHTS_VARY = 0.12
_DATES = (
    "birth_date_swapped", "birth_date_new_year", "birth_year_off", "birth_date_typo", "birth_date_partial",
    "birth_date_missing",
)  # fmt: skip
_PLACES = (
    "postcode_old", "postcode_temporary", "postcode_scene", "postcode_pseudo", "postcode_hospital",
    "postcode_missing",
)  # fmt: skip
_NAMES = (
    "given_missing", "given_typo", "given_by_ear", "diminutive", "spelling", "middle_as_given",
    "names_swapped", "customs",
)  # fmt: skip


def keep_fair(family: Sequence[tuple[Child, list[Row]]]) -> None:
    """Mend the rows of one group of children where two of different children can't be told apart."""
    for child, rows in family:
        for row in rows:
            _keep_own(row, child)
    for place, (child, rows) in enumerate(family):
        for other, theirs in family[place + 1 :]:
            for row in rows:
                for their in theirs:
                    if not _told_apart(row, their):
                        _mend(row, child)
                        _mend(their, other)


def _keep_own(row: Row, child: Child) -> None:
    """A number or reference of somebody else leaves a name and birth date of the child's own, or isn't written."""
    named = "unnamed" not in row["noise"] and bool(row["given"])
    if "number_strangers" in row["noise"] and not (named and row["birth_date"]):
        _unmake(row, ("number_strangers",), nhs_number=child.number)
    if "reference_siblings" in row["noise"] and not (named and row["nhs_number"] == child.number):
        _unmake(row, ("reference_siblings",), local_ref=None)


def _told_apart(one: Row, other: Row) -> bool:
    if one["nhs_number"] and one["nhs_number"] == other["nhs_number"]:
        return _differ(one, other)  # a number of the other's: that one is a twin doesn't tell which
    if one["nhs_number"] and other["nhs_number"]:
        return True
    said = any(row["multiple_birth"] or row["birth_order"] for row in (one, other))
    return said or bool(one["event_ref"] and other["event_ref"]) or _differ(one, other)


def _differ(one: Row, other: Row) -> bool:
    """Whether the two say different things of what is each child's own."""
    sexes = {one["sex"], other["sex"]} == {"M", "F"} and not _mistaken(one, other, "sex")
    orders = one["birth_order"] and other["birth_order"] and one["birth_order"] != other["birth_order"]
    weights = [row["birth_weight_g"] for row in (one, other) if row["birth_weight_g"]]
    weighed = len(weights) == 2 and abs(weights[0] - weights[1]) > _WEIGHTS_VARY * max(weights)
    mothers = [row["mother_given"].lower() for row in (one, other) if row["mother_given"]]
    return bool(
        sexes
        or (orders and not _mistaken(one, other, "order"))
        or weighed
        or (len(mothers) == 2 and OSA.distance(*mothers) > _LIKE)
        or _named_apart(one, other)
        or _dates_apart(one, other)
    )


def _mistaken(one: Row, other: Row, what: str) -> bool:
    return any(mistake.startswith(what) for row in (one, other) for mistake in row["noise"])


def _named_apart(one: Row, other: Row) -> bool:
    names = [row["given"].lower() for row in (one, other) if row["given"] and "unnamed" not in row["noise"]]
    return len(names) == 2 and OSA.distance(*names) > _LIKE and names[0].split()[0] != names[1].split()[0]


def _dates_apart(one: Row, other: Row) -> bool:
    """Deaths on clearly different days, or births that no slip of the pen makes one."""
    died = [date.fromisoformat(row["death_datetime"][:10]) for row in (one, other) if row["death_datetime"]]
    if len(died) == 2 and abs((died[0] - died[1]).days) > _DEATHS_VARY:
        return True
    born = [row["birth_date"] for row in (one, other) if row["birth_date"] and len(row["birth_date"]) == 10]
    return len(born) == 2 and OSA.distance(*born) > _LIKE and not _mistaken(one, other, "birth")


def _mend(row: Row, child: Child) -> None:
    """Make a row say what is certain of its child; of a twin, that it is one."""
    own = row["nhs_number"] in (child.number, child.former_number)
    if child.birth.count > 1 and (own or not row["nhs_number"]):
        row["multiple_birth"] = True
        return
    _unmake(row, ("number_siblings", "number_strangers", "number_mothers"), nhs_number=child.number)
    _unmake(row, _DATES, birth_date=child.registered.isoformat(), age_text=None)
    _unmake(row, _PLACES, postcode=child.home.postcode, address_line=child.home.line)
    if "unnamed" not in row["noise"]:
        _unmake(row, _NAMES, given=child.name.given, middle=child.name.middle, family=child.name.family)
    row["mother_given"] = child.house.mother
    if child.birth.count > 1:
        row["multiple_birth"] = True


def _unmake(row: Row, mistakes: tuple[str, ...], **right: object) -> None:
    row["noise"] = [mistake for mistake in row["noise"] if mistake not in mistakes]
    row.update(right)
