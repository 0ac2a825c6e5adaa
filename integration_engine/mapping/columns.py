"""Paths into a row of a table: the name of a canonical column, which the file may spell in any of its synonyms.

Spellings are compared without case, spaces, underscores and punctuation: ``Date of Birth``, ``date_of_birth`` and
``DATE-OF-BIRTH`` are one, and so is ``Date of Birth (dd/mm/yyyy)``. A profile's ``columns:`` gives further synonyms.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from integration_engine.mapping.found import Found, PathError

_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
# The longest heading in which an aside is looked for.
_LONGEST = 200
_BETWEEN = re.compile(r"[\W_]+")
# How to fill a column in, and that it is the dead person's. Any other word in brackets may say that it is somebody else's.
_ASIDE = re.compile(
    r"\s*\(\s*(?:[dmyhs:/. -]+|of (?:the )?deceased|deceased|required|mandatory|optional|if known)\s*\)\s*$",
    re.ASCII | re.IGNORECASE,
)


def check(path: str) -> None:
    """Raises PathError for what can't be a canonical column's name."""
    if not _NAME.fullmatch(path):
        raise PathError(0, "a column's name is small letters, digits and underscores")


def folded(heading: str) -> str:
    """A heading as it is compared. ``(s)`` is a plural, not an aside."""
    aside = len(heading) <= _LONGEST and not heading.rstrip().casefold().endswith("(s)")
    bare = _ASIDE.sub("", heading) if aside else heading
    return _BETWEEN.sub("", bare.casefold())


@lru_cache(maxsize=4096)
def _known(name: str) -> str:
    """A profile's own name for a column, folded once: there are hundreds of them, and every file is compared with all."""
    return folded(name)


def matched(headings: Iterable[str], columns: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Which canonical column each heading means: ``{canonical: heading}``. The first heading of a meaning counts; a heading
    that is a canonical name itself goes before a synonym."""
    by_fold: dict[str, str] = {}
    for heading in headings:
        by_fold.setdefault(folded(heading), heading)
    found = {}
    for canonical, synonyms in columns.items():
        for name in (canonical, *synonyms):
            if (spelt := by_fold.get(_known(name))) is not None:
                found[canonical] = spelt
                break
    return found


@dataclass(frozen=True, slots=True)
class RowSource:
    """One row, by canonical column name.

    ``headings`` gives the file's own heading of a column, for the place of a value (``row 3, column Date of Birth``);
    ``place`` is the row's, ``joint`` what joins the two, ``elsewhere`` the places of columns that come from another row.
    """

    row: Mapping[str, str]
    headings: Mapping[str, str] = field(default_factory=dict)
    place: str = "row 1"
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    joint: str = ", column "

    def place_of(self, column: str) -> str:
        """Where a column's value stands."""
        return self.elsewhere.get(column) or f"{self.place}{self.joint}{self.headings.get(column, column)}"

    def find(self, path: str) -> Sequence[Found]:
        value = self.row.get(path)
        if not value or not (bare := value.strip()):
            return ()
        return (Found(bare, self.place_of(path)),)

    def parts(self, path: str) -> Sequence[tuple[str, "RowSource"]]:
        """A row's parts are what stands in one cell only: the row itself where the cell holds something."""
        return [(found.path, self) for found in self.find(path)]
