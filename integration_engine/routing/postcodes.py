"""Postcodes to districts: the bundled sample, or the whole of ONS's directory packed into a file that is mapped, not read.

The packed file holds, for each outward code (``RG1``), the inward codes in order (``5AN`` as one number under 6,760) and
beside them the number of a district: four bytes a postcode, found by bisection in the mapped pages.
"""

import hashlib
import json
import mmap
import re
import sys
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from integration_engine.routing.tables import ReferenceDataError, rows

_SHAPE = re.compile(r"([A-Z]{1,2}[0-9][0-9A-Z]?)([0-9][A-Z]{2})")

MAGIC = b"CDRPC1\n"
NO_DISTRICT = 0
"""The district number of a postcode that the directory knows but places nowhere."""


def canonical_postcode(text: str) -> str | None:
    """The one spelling of a postcode, without its space (``RG15AN``); None for text that can't be one."""
    plain = "".join(text.split()).upper()
    return plain if _SHAPE.fullmatch(plain) else None


def inward_number(inward: str) -> int:
    """``5AN`` as a number: the digit, then the two letters in base 26."""
    return (ord(inward[0]) - 48) * 676 + (ord(inward[1]) - 65) * 26 + ord(inward[2]) - 65


class Postcodes(Protocol):
    """A lookup of districts by canonical postcode."""

    def district(self, postcode: str) -> str | None: ...
    def __len__(self) -> int: ...


@dataclass(frozen=True)
class SamplePostcodes:
    """The bundled sample: a few hundred real postcodes, for the demo and the tests."""

    districts: Mapping[str, str]

    def district(self, postcode: str) -> str | None:
        """The district's code, or None where the sample doesn't hold the postcode."""
        return self.districts.get(postcode)

    def __len__(self) -> int:
        return len(self.districts)


def load_sample(path: Path) -> SamplePostcodes:
    """Read ``postcodes.csv``. Raises ReferenceDataError."""
    found: dict[str, str] = {}
    for where, row in rows(path, ("postcode", "district", "place", "confidence", "source")):
        postcode = canonical_postcode(row["postcode"])
        if postcode is None:
            raise ReferenceDataError("bad-postcode", where, "this is no postcode")
        if postcode in found:
            raise ReferenceDataError("twice", where, "this postcode has a row already")
        found[postcode] = row["district"]
    return SamplePostcodes(found)


class PackedPostcodes:
    """A packed directory, mapped into memory: opening it costs milliseconds, a lookup about a microsecond.

    Raises ReferenceDataError for a file that ``cdr reference load nspl`` didn't write.
    """

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as cause:
            raise ReferenceDataError("unreadable-file", path.name, "the postcode lookup can't be opened") from cause
        start = len(MAGIC) + 4
        if self._map[: len(MAGIC)] != MAGIC or len(self._map) < start:
            raise ReferenceDataError("not-a-lookup", path.name, "this file isn't a packed postcode lookup")
        length = int.from_bytes(self._map[len(MAGIC) : start], "little")
        try:
            head = json.loads(self._map[start : start + length])
            self._districts: list[str] = head["districts"]
            self._outward: dict[str, list[int]] = head["outward"]
            self._count: int = head["count"]
            written_on, body = head["byteorder"], int(head["body"])
        except (ValueError, KeyError, TypeError) as cause:
            raise ReferenceDataError("not-a-lookup", path.name, "the lookup's heading is damaged") from cause
        if written_on != sys.byteorder or len(self._map) != body + 4 * self._count:
            raise ReferenceDataError(
                "not-a-lookup", path.name, "the lookup is cut short or was packed on another machine"
            )
        view = memoryview(self._map)[body:].cast("H")
        self._inward, self._numbers = view[: self._count], view[self._count :]
        self.source: str = head.get("source", "")

    def district(self, postcode: str) -> str | None:
        """The district's code; None where the directory doesn't hold the postcode or places it nowhere."""
        span = self._outward.get(postcode[:-3])
        if span is None:
            return None
        first, last = span
        wanted = inward_number(postcode[-3:])
        at = bisect_left(self._inward, wanted, first, last)
        if at == last or self._inward[at] != wanted:
            return None
        return self._districts[self._numbers[at]] or None

    def digest(self) -> str:
        """A hash of the whole file: some tens of milliseconds."""
        return hashlib.sha256(self._map).hexdigest()

    def __len__(self) -> int:
        return self._count
