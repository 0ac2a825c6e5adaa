"""Keeps the stream fair: of two children easily taken for one, every notice says at least one thing that tells them apart.

A notice that would fit the other child in everything proves nothing, whatever linkage makes of it. Nothing is added that
the partner couldn't know.
"""

from random import Random

from benchmarks.linkage_stream.child import Child, Sibling
from benchmarks.linkage_stream.writing import Row

_DATES = (
    "birth_date_swapped",
    "birth_date_new_year",
    "birth_year_off",
    "birth_date_typo",
    "birth_date_partial",
    "birth_date_missing",
)
_MADE_UP = ("number_siblings", "number_strangers", "number_mothers")


def keep_fair(row: Row, child: Child, chance: Random) -> None:
    """Mend ``row`` where it would be true of another child of the stream as well."""
    own = row["nhs_number"] is not None and row["nhs_number"] in (child.number, child.former_number)
    named = "unnamed" not in row["noise"] and bool(row["given"])
    if "number_strangers" in row["noise"] and not (named and row["birth_date"]):
        _unmake(row, "number_strangers", "nhs_number", child.number)
    if "number_siblings" in row["noise"] and not named:
        _unmake(row, "number_siblings", "nhs_number", None)
    if "reference_siblings" in row["noise"] and not (own and named):
        _unmake(row, "reference_siblings", "local_ref", None)
    if own:
        return
    if any(sibling.twin for sibling in child.siblings):
        _tell_twins_apart(row, child, named, chance)
    if child.kind in ("homonym", "same_ward") and row["postcode"] != child.home.postcode:
        row.update(postcode=child.home.postcode, address_line=child.home.line)
    if child.kind == "same_ward":
        row["mother_given"] = child.house.mother
    if child.kind in ("namesake_sibling", "cousins", "siblings_apart"):
        _restore_birth_date(row, child)


def _unmake(row: Row, mistake: str, column: str, value: str | None) -> None:
    row["noise"].remove(mistake)
    row[column] = value


def _tell_twins_apart(row: Row, child: Child, named: bool, chance: Random) -> None:
    """A twin with neither number nor a name of its own: the office at least says that it is a twin."""
    same = [twin for twin in child.siblings if twin.twin and _called_alike(twin, row)]
    if not named or same:
        row["multiple_birth"] = True
        if row["birth_order"] is None and chance.random() < 0.5:
            row["birth_order"] = child.birth.order


def _called_alike(twin: Sibling, row: Row) -> bool:
    return (
        twin.name is not None
        and (row["given"] or "").split(" ")[0].lower() == (twin.name.given or "").split(" ")[0].lower()
    )


def _restore_birth_date(row: Row, child: Child) -> None:
    row["birth_date"], row["age_text"] = child.registered.isoformat(), None
    row["noise"] = [mistake for mistake in row["noise"] if mistake not in _DATES]
