"""The category of a child's death, and how it was told: stated, or read from a conclusion, an event or a code by a table.

The table is ``mappings/reference/death-categories.yaml``. What it doesn't list says nothing; then the category is unknown.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

from integration_engine.record.codes import Conclusion, EventType, SuspectedCategory
from integration_engine.record.record import ChildDeathRecord
from integration_engine.routing.reference import BUNDLED
from integration_engine.routing.tables import ReferenceDataError, document

FILE = "death-categories.yaml"
UNKNOWN = "unknown"
_CODE = re.compile(r"([A-Z]\d\d)")
_BLOCK = re.compile(r"([A-Z]\d\d)(?:-([A-Z]\d\d))?")
_WORDS: Mapping[str, tuple[str, ...]] = {"conclusion": get_args(Conclusion), "event": get_args(EventType)}
_WAYS = ("stated", "conclusion", "event", "icd10")


@dataclass(frozen=True, slots=True)
class Told:
    """A category and the way it was told: ``stated``, ``conclusion``, ``event``, ``icd10``, or ``unknown`` for both."""

    category: str
    way: str


NOT_TOLD = Told(UNKNOWN, UNKNOWN)


@dataclass(frozen=True, eq=False)
class Categories:
    """The table: the categories in the form's order, and for each way in its order what says which of them."""

    titles: Mapping[str, str]
    ways: tuple[str, ...]
    words: Mapping[str, Mapping[str, str]]
    blocks: tuple[tuple[str, str, str], ...]

    def of(self, record: ChildDeathRecord) -> Told:
        """The category of one death."""
        event, coroner = record.death.event, record.coroner
        said: Mapping[str, Iterable[str | None]] = {
            "stated": (record.death.suspected_category,),
            "conclusion": (self.words["conclusion"].get(word) for word in (coroner.conclusions if coroner else ())),
            "event": (self.words["event"].get(event.type or "") if event else None,),
            "icd10": (
                self.coded(diagnosis.code or "")
                for diagnosis in record.death.diagnoses
                if not diagnosis.system or "10" in diagnosis.system
            ),
        }
        for way in self.ways:
            if found := self.highest(said[way]):
                return Told(found, way)
        return NOT_TOLD

    def highest(self, found: Iterable[str | None]) -> str | None:
        """The category that comes first on the form; None for none."""
        known = {category for category in found if category}
        return next((category for category in self.titles if category in known), None)

    def coded(self, code: str) -> str | None:
        """What an ICD-10 code says; None where the table doesn't list it."""
        found = _CODE.match(code.strip().upper())
        return self.highest(to for first, last, to in self.blocks if found and first <= found[1] <= last)

    def numbered(self, text: str) -> str | None:
        """A category by its name or its number on the form (1 to 10); None for anything else."""
        names = tuple(self.titles)
        word = text.strip().lower()
        if word.isascii() and word.isdigit() and 1 <= int(word) <= len(names):
            return names[int(word) - 1]
        return word if word in self.titles else None


def load_categories(path: Path) -> Categories:
    """Read and check the table. Raises ReferenceDataError."""
    listed = document(path)
    if (
        not isinstance(listed, dict)
        or not isinstance(listed.get("order"), list)
        or not isinstance(listed.get("ways"), list)
    ):
        raise ReferenceDataError("bad-categories", path.name, "the file lists the categories under 'order' and 'ways'")
    titles = {str(one.get("category")): str(one.get("title")) for one in listed["order"]}
    if tuple(titles) != get_args(SuspectedCategory):
        raise ReferenceDataError("bad-categories", path.name, "'order' holds the ten categories in the form's order")
    ways = tuple(str(one.get("way")) for one in listed["ways"])
    if sorted(ways) != sorted(_WAYS):
        raise ReferenceDataError("unknown-way", path.name, f"the ways are {', '.join(_WAYS)}, each once")
    words: dict[str, dict[str, str]] = {way: {} for way in _WORDS}
    blocks = []
    for one in listed["ways"]:
        for number, row in enumerate(one.get("rows") or (), start=1):
            where = f"{path.name}:{one['way']}:{number}"
            said = _checked(where, row, titles)
            if one["way"] == "icd10":
                found = _BLOCK.fullmatch(said)
                if not found or found[1] > (found[2] or found[1]):
                    raise ReferenceDataError("bad-block", where, "an ICD-10 block is written V01-X59 or R99")
                blocks.append((found[1], found[2] or found[1], str(row["category"])))
            elif said not in _WORDS.get(one["way"], ()) or said in words[one["way"]]:
                raise ReferenceDataError("unknown-word", where, "not a word of this way, or listed twice")
            else:
                words[one["way"]][said] = str(row["category"])
    return Categories(titles, ways, words, tuple(blocks))


def _checked(where: str, row: Any, titles: Mapping[str, str]) -> str:
    if not isinstance(row, dict) or any(not row.get(part) for part in ("is", "category", "confidence", "source")):
        raise ReferenceDataError("short-row", where, "a row has 'is', 'category', 'confidence' and 'source'")
    if row["category"] not in titles:
        raise ReferenceDataError("unknown-category", where, "not one of the ten categories")
    return str(row["is"])


@lru_cache(maxsize=1)
def shipped() -> Categories:
    """The table as shipped, read once a process."""
    return load_categories(BUNDLED / FILE)
