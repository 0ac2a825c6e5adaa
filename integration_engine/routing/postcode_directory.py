"""Packing ONS's postcode directory (NSPL or ONSPD, CSV or the zip it is published in) into a small lookup.

2.7 million rows become some eleven megabytes: per outward code a run of two-byte inward codes and two-byte district numbers.
Terminated postcodes are kept: a death is often told with an address that has since been renumbered.
"""

import csv
import io
import json
import re
import sys
import zipfile
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO

from integration_engine.routing.postcodes import MAGIC, canonical_postcode, inward_number
from integration_engine.routing.tables import ReferenceDataError

_POSTCODE_HEADINGS = ("pcds", "pcd", "pcd2", "pcd7", "pcd8", "postcode")
_DISTRICT_HEADING = re.compile(r"(?:os)?laua|lad(\d{2})?cd")
_COUNTRY_HEADING = re.compile(r"ctry(?:(\d{2})?cd)?")
_ROWS_AT_ONCE = 2_000
_MOST_DISTRICTS = 65_535

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class DirectoryLoad:
    """What packing gave: rows read, postcodes written, rows that hold no postcode, postcodes placed nowhere, districts."""

    rows: int
    postcodes: int
    skipped: int
    without_district: int
    districts: int


@dataclass
class _Packing:
    """The directory as it fills: for each outward code its inward codes and districts, packed in one number each."""

    outward: dict[str, "array[int]"] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=lambda: {"": 0})
    rows: int = 0
    skipped: int = 0

    def add(self, postcode: str, district: str) -> None:
        number = self.numbers.get(district)
        if number is None:
            number = self.numbers[district] = len(self.numbers)
        stem = postcode[:-3]
        held = self.outward.get(stem)
        if held is None:
            held = self.outward[stem] = array("I")
        held.append(inward_number(postcode[-3:]) << 16 | number)


def load_directory(source: Path, to: Path, progress: Progress = lambda rows: None) -> DirectoryLoad:
    """Pack a directory into ``to``. ``progress`` is told how many rows have been read, now and then.

    Raises ReferenceDataError for a file that is neither NSPL nor ONSPD.
    """
    packing = _Packing()
    for name, lines in _tables(source):
        with lines as text:
            _read(name, csv.reader(text), packing, progress)
    if not packing.outward:
        raise ReferenceDataError("empty", source.name, "no postcodes were found in it")
    if len(packing.numbers) > _MOST_DISTRICTS:
        raise ReferenceDataError("not-a-directory", source.name, "that column doesn't hold districts")
    written, nowhere = _write(packing, source.name, to)
    progress(packing.rows)
    return DirectoryLoad(packing.rows, written, packing.skipped, nowhere, len(packing.numbers) - 1)


def _read(name: str, reader: Iterator[list[str]], packing: _Packing, progress: Progress) -> None:
    heading = [cell.strip().lower().lstrip("\ufeff") for cell in next(reader, [])]
    columns = _columns(heading)
    if columns is None:
        raise ReferenceDataError("not-a-directory", name, "its heading names no postcode or no local authority")
    postcode_at, district_at, country_at = columns
    needed = max(postcode_at, district_at, country_at)
    try:
        while batch := list(islice(reader, _ROWS_AT_ONCE)):
            for row in batch:
                postcode = canonical_postcode(row[postcode_at]) if len(row) > needed else None
                if postcode is None:
                    packing.skipped += 1
                    continue
                # A postcode without a district may still have a nation: the Crown dependencies in some editions.
                district = row[district_at].strip() or (row[country_at].strip() if country_at >= 0 else "")
                packing.add(postcode, "" if district.startswith("E9") else district)
            packing.rows += len(batch)
            progress(packing.rows)
    except (csv.Error, UnicodeDecodeError) as cause:
        raise ReferenceDataError("unreadable-file", name, f"not CSV after {packing.rows} rows") from cause


def _columns(heading: Sequence[str]) -> tuple[int, int, int] | None:
    """Where postcode, district and country (-1 if absent) stand, by the headings of the last ten years' editions."""
    postcode = next((heading.index(name) for name in _POSTCODE_HEADINGS if name in heading), None)
    districts = _dated(heading, _DISTRICT_HEADING)
    countries = _dated(heading, _COUNTRY_HEADING)
    if postcode is None or not districts:
        return None
    return postcode, districts[-1], countries[-1] if countries else -1


def _dated(heading: Sequence[str], pattern: re.Pattern[str]) -> list[int]:
    """The columns of a kind, the latest edition's last (``lad23cd`` before ``lad25cd``)."""
    found = [(match[1] or "", at) for at, name in enumerate(heading) if (match := pattern.fullmatch(name))]
    return [at for _, at in sorted(found)]


def _tables(source: Path) -> Iterator[tuple[str, IO[str]]]:
    """The CSV tables to read: the file itself or, of a zip, the one whole table, else all its per-area parts."""
    try:
        if not zipfile.is_zipfile(source):
            yield source.name, _text(source.open("rb"))
            return
        with zipfile.ZipFile(source) as archive:
            members = [one for one in archive.infolist() if one.filename.lower().endswith(".csv")]
            recognised = [one for one in members if _recognised(archive, one)]
            if not recognised:
                raise ReferenceDataError("not-a-directory", source.name, "no table in it is NSPL or ONSPD")
            whole = [one for one in recognised if "multi_csv" not in one.filename.lower()]
            chosen = [max(whole, key=lambda one: one.file_size)] if whole else recognised
            for one in chosen:
                yield one.filename, _text(archive.open(one))
    except (OSError, zipfile.BadZipFile) as cause:
        raise ReferenceDataError("unreadable-file", source.name, "the file can't be opened") from cause


def _recognised(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    with archive.open(member) as file:
        first = file.readline(65_536).decode("utf-8-sig", errors="replace")
    return _columns([cell.strip().lower() for cell in next(csv.reader([first]), [])]) is not None


def _text(binary: IO[bytes]) -> io.TextIOWrapper:
    return io.TextIOWrapper(binary, encoding="utf-8-sig", errors="replace", newline="")


def _write(packing: _Packing, source: str, to: Path) -> tuple[int, int]:
    """Write the lookup beside its place and move it there whole; the postcodes written, and those placed nowhere."""
    inward, numbers = array("H"), array("H")
    runs: dict[str, tuple[int, int]] = {}
    for stem in sorted(packing.outward):
        first = len(inward)
        last = -1
        # Of a postcode listed twice the later district number stands, and nowhere gives way to somewhere.
        for packed in sorted(packing.outward[stem]):
            if packed >> 16 == last:
                numbers[-1] = packed & 0xFFFF
            else:
                last = packed >> 16
                inward.append(last)
                numbers.append(packed & 0xFFFF)
        runs[stem] = (first, len(inward))
    head = _heading(packing, source, runs, len(inward))
    unfinished = to.with_name(to.name + ".part")
    try:
        with unfinished.open("wb") as file:
            file.write(MAGIC + len(head).to_bytes(4, "little") + head)
            inward.tofile(file)
            numbers.tofile(file)
        unfinished.replace(to)
    except OSError as cause:
        raise ReferenceDataError("unwritable-file", to.name, "the lookup can't be written") from cause
    return len(inward), numbers.count(0)


def _heading(packing: _Packing, source: str, runs: dict[str, tuple[int, int]], count: int) -> bytes:
    """The lookup's heading: where each run lies and where the body starts, padded so that the body is aligned."""
    read = {"districts": list(packing.numbers), "outward": runs, "count": count, "byteorder": sys.byteorder}
    # The body's place is written in the heading whose length decides it, so room for its digits is kept.
    length = len(json.dumps(read | {"source": source, "body": 10**9}).encode())
    length += (length + len(MAGIC) + 4) % 2
    body = len(MAGIC) + 4 + length
    return json.dumps(read | {"source": source, "body": body}).encode().ljust(length)
