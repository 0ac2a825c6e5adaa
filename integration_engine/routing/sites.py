"""NHS sites by their ODS codes: where a hospital stands, so that a death there has a district."""

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from integration_engine.routing.tables import ReferenceDataError, rows

_CODE = re.compile(r"[A-Z0-9]{3,}")
_SHORTEST = 3
_COLUMNS = ("ods_code", "name", "postcode", "district", "confidence", "source")
_ODS_POSTCODE = 9


@dataclass(frozen=True, slots=True)
class Site:
    """An NHS organisation or site. ``lad_code`` is the district it stands in, None where its postcode isn't known."""

    ods_code: str
    name: str
    postcode: str | None = None
    lad_code: str | None = None


@dataclass(frozen=True)
class Sites:
    """Sites by code, found by the longest known beginning: ``RQ617-PICU`` is at RQ617, or else at RQ6."""

    by_code: Mapping[str, Site]

    def find(self, code: str) -> Site | None:
        """The site of an ODS code with or without a department's suffix; None where no beginning of it is known."""
        # What follows a separator is a department's; glued on, it is one only if it holds a digit (RTH08, not a word).
        parts = re.split(r"[^A-Z0-9]", code.strip().upper(), maxsplit=1)
        stem = parts[0]
        if not _CODE.fullmatch(stem):
            return None
        if site := self.by_code.get(stem):
            return site
        for end in range(len(stem) - 1, _SHORTEST - 1, -1):
            site = self.by_code.get(stem[:end])
            if site and any(char.isdigit() for char in stem[end:]):
                return site
        return None

    def __len__(self) -> int:
        return len(self.by_code)


def load_sites(path: Path) -> Sites:
    """Read a sites table, bundled or made by ``cdr reference load ods``. Raises ReferenceDataError."""
    found = {
        row["ods_code"]: Site(row["ods_code"], row["name"], row["postcode"] or None, row["district"] or None)
        for _, row in rows(path, _COLUMNS)
    }
    return Sites(found)


@dataclass(frozen=True, slots=True)
class OdsLoad:
    """What loading an ODS file gave: sites written, and how many of them stand in no known district."""

    sites: int
    without_district: int


def load_ods(files: Iterable[Path], to: Path, district: Callable[[str], str | None]) -> OdsLoad:
    """Turn the official ``etr.csv`` and ``ets.csv`` (no heading; code first, name second, postcode tenth) into a sites table.

    ``district`` finds the district of a postcode. Raises ReferenceDataError for a file of another layout.
    """
    found: dict[str, tuple[str, str, str]] = {}
    for path in files:
        try:
            with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
                for number, row in enumerate(csv.reader(file), start=1):
                    if not row:
                        continue
                    if len(row) <= _ODS_POSTCODE or not _CODE.fullmatch(row[0].strip().upper()):
                        raise ReferenceDataError("not-ods", f"{path.name}:{number}", "not a row of etr.csv or ets.csv")
                    postcode = row[_ODS_POSTCODE].strip().upper()
                    found[row[0].strip().upper()] = (row[1].strip(), postcode, district(postcode) or "")
        except OSError as cause:
            raise ReferenceDataError("unreadable-file", path.name, "the file can't be opened") from cause
    with to.open("w", encoding="utf-8", newline="") as file:
        write = csv.writer(file, lineterminator="\n")
        write.writerow(_COLUMNS)
        for code, (name, postcode, where) in sorted(found.items()):
            write.writerow((code, name, postcode, where, "found", "NHS Organisation Data Service"))
    return OdsLoad(len(found), sum(not where for _, _, where in found.values()))
