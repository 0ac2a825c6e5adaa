"""What one hostile message is, whatever its kind: its bytes, made anew each time it is sent, and what has to become of it."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Literal

from integration_engine.synthetic.person import invented_nhs_number

Outcome = Literal["taken", "passed-over", "refused"]
_SYLLABLES = "ba del fin gor hul kem lor mas nis pel rud sav tor vel wyn zan".split()  # noqa: SIM905 - a list of words
# Under 18 in 2026 and no newborn. The next in number was born years before or after.
_FIRST_BORN, _DAYS = date(2009, 1, 1), 6000
_REFERENCE = Path(__file__).parent.parent / "mappings" / "reference"


@dataclass(frozen=True)
class Hostile:
    """``body`` is made of a serial number, so that each time it is sent it is about another child and nothing of it can be
    taken for what was sent before. ``status`` is the HTTP door's own word for a refusal; ``by`` names the ways in that it is
    for, where it isn't for all that its kind has."""

    body: Callable[[int], bytes]
    content_type: str
    outcome: Outcome
    status: int | None = None
    by: frozenset[str] = frozenset()


def made(body: bytes | Callable[[int], bytes]) -> Callable[[int], bytes]:
    """The same bytes each time, or others."""
    return (lambda _: body) if isinstance(body, bytes) else body


@dataclass(frozen=True)
class Invented:
    """The ``serial``-th child: like no other, so that nobody has to look whether two of them are one. Hundreds that were born
    on one day, or died in one street in one month, would have to be held against each other."""

    serial: int

    @property
    def surname(self) -> str:
        return _name(self.serial * 7919 + 1) + "quill"

    @property
    def given(self) -> str:
        return _name(self.serial * 104_729 + 3)

    @property
    def born(self) -> str:
        return (_FIRST_BORN + timedelta(days=self.serial * 1009 % _DAYS)).isoformat()

    @property
    def number(self) -> str:
        """The NHS number."""
        return invented_nhs_number(300_000 + self.serial)

    @property
    def postcode(self) -> str:
        known = _postcodes()
        return known[self.serial % len(known)]


@cache
def _postcodes() -> tuple[str, ...]:
    """All that the bundled table knows in England."""
    with (_REFERENCE / "postcodes.csv").open(encoding="utf-8", newline="") as table:
        return tuple(row["postcode"] for row in csv.DictReader(table) if row["district"].startswith("E"))


def _name(seed: int) -> str:
    parts = []
    for _ in range(4):
        seed, place = divmod(seed, len(_SYLLABLES))
        parts.append(_SYLLABLES[place])
    return "".join(parts).capitalize()
