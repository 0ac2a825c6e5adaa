"""Code tables: what a partner's code means in ours. Files at mappings/codes/<name>.csv, or written inside a profile.

A table has the columns ``code,value[,note]`` (or ``meaning`` for ``value``, and more); one row a code. Codes are compared
without case and without white space at their ends.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from integration_engine.mapping.files import mappings


class CodesError(ValueError):
    """A code table that can't be used; the sentence names the file and the row."""


@dataclass(frozen=True, slots=True)
class Table:
    """A code table. ``meanings`` has folded codes; ``codes`` are as written."""

    name: str
    meanings: Mapping[str, str]
    codes: Mapping[str, str]

    def __contains__(self, code: str) -> bool:
        return folded(code) in self.meanings

    def get(self, code: str) -> str | None:
        """What the code means, or None for a code the table doesn't have."""
        return self.meanings.get(folded(code))


def folded(code: str) -> str:
    """A code as it is compared."""
    # One word, as nearly every code is, has no white space to level.
    return code.casefold() if code.isalnum() else " ".join(code.casefold().split())


def table(name: str, pairs: Mapping[str, str]) -> Table:
    """A table from what is written: ``{code: value}``. Raises CodesError for one code with two meanings."""
    meanings: dict[str, str] = {}
    for code, value in pairs.items():
        if meanings.setdefault(folded(code), value) != value:
            raise CodesError(f"{name}: one code has two meanings once case and spaces are left aside")
    return Table(name, meanings, dict(pairs))


def path_of(name: str) -> Path:
    """Where a shipped table lies."""
    return mappings() / "codes" / f"{name}.csv"


@cache
def rows(name: str) -> tuple[Mapping[str, str], ...]:
    """A shipped table's rows as they are, for tables with columns of their own. Raises CodesError where it isn't there."""
    path = path_of(name)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return tuple(csv.DictReader(file))
    except FileNotFoundError as error:
        raise CodesError(f"there is no code table {name} in mappings/codes") from error


@cache
def load(name: str) -> Table:
    """A shipped table by name. Raises CodesError where it isn't there, lacks columns or contradicts itself."""
    pairs: dict[str, str] = {}
    for number, row in enumerate(rows(name), start=2):
        code, value = row.get("code"), row.get("value") or row.get("meaning")
        if code is None or not value or None in row:
            raise CodesError(f"mappings/codes/{name}.csv line {number}: expected the columns code,value,note")
        if code in pairs:
            raise CodesError(f"mappings/codes/{name}.csv line {number}: this code is there twice")
        pairs[code] = value
    return table(name, pairs)


def names() -> tuple[str, ...]:
    """The shipped tables."""
    return tuple(sorted(path.stem for path in (mappings() / "codes").glob("*.csv")))
