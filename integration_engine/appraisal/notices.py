"""The notices of tables, as linkage needs them, with the truth beside them where a set has one.

Rows are let go of as soon as their evidence is made. A notice told twice counts once; where the two differ, the one told
first by its own date counts, whatever order they were read in, and the difference is told.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from integration_engine.linkage.evaluation import Truth
from integration_engine.linkage.evidence import Evidence, evidence_of_row
from integration_engine.sheets import BadRow, Row, Sheet, levelled

_MOST_BAD = 20
"""So many bad lines tell what is wrong with a file."""
_EVERY = 512
"""Rows between two words on how far reading is."""

Far = Callable[[str, int, int | None], None]
"""Told how far reading is: the file, bytes read, bytes in all."""


@dataclass(slots=True)
class Notices:
    """What was read. ``order`` holds each id once, as it came; ``repeated`` counts rows that say again what was said;
    ``differing`` tells where a row says something else under an id that was there before, ``bad`` what couldn't be taken,
    each as ``file line n``; ``windows`` names files that weren't UTF-8; ``without_truth`` counts rows with no truth."""

    order: list[str] = field(default_factory=list)
    evidence: dict[str, Evidence] = field(default_factory=dict)
    truth: dict[str, Truth] = field(default_factory=dict)
    repeated: int = 0
    differing: list[str] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    windows: list[str] = field(default_factory=list)
    without_truth: int = 0

    def take(self, row: Row, where: str, truth: str | None) -> None:
        """Take one row."""
        said = evidence_of_row(row)
        if not said.id:
            self.bad.append(f"{where}: no id")
            return
        known = truth_of(row, truth) if truth else None
        self.without_truth += truth is not None and known is None
        before = self.evidence.get(said.id)
        if before is None:
            self.order.append(said.id)
        elif before == said and self.truth.get(said.id) == known:
            self.repeated += 1
            return
        else:
            self.differing.append(where)
            if _rank(before) <= _rank(said):
                return
        self.evidence[said.id] = said
        self.truth.pop(said.id, None)
        if known:
            self.truth[said.id] = known


def read_notices(paths: Sequence[Path], truth: str | None = None, far: Far | None = None) -> Notices:
    """The notices of these files, ``-`` being standard input. ``truth`` names the column of the true child.

    Stops at the 20th line that can't be taken. Raises SheetError for a file that can't be read at all.
    """
    found = Notices()
    for path in paths:
        with Sheet(path) as sheet:
            for number, (line, row) in enumerate(sheet.rows()):
                if isinstance(row, BadRow):
                    found.bad.append(f"{sheet.name} line {line}: {row.text}")
                else:
                    found.take(row, f"{sheet.name} line {line}", truth)
                if len(found.bad) >= _MOST_BAD:
                    return found
                if far and number % _EVERY == 0:
                    far(sheet.name, sheet.position, sheet.size)
            if sheet.windows:
                found.windows.append(sheet.name)
    return found


def truth_of(row: Mapping[str, Any], column: str) -> Truth | None:
    """What a set says of the child behind a row; None where the column is empty."""
    child = str(row.get(column) or row.get(levelled(column)) or "")
    group, kind, names, source = (str(row.get(name) or "") for name in ("group", "kind", "name_group", "source"))
    if not child:
        return None
    noise = row.get("noise") or ()
    words: Iterable[Any] = noise.replace(";", " ").replace(",", " ").split() if isinstance(noise, str) else noise
    return Truth(child, group, kind, names, tuple(sorted({str(word) for word in words})), source)


def _rank(said: Evidence) -> tuple[str, list[str], str]:
    """Which of two rows under one id counts: the same one in whatever order they come."""
    return said.at, sorted(said.places), repr(replace(said, places=frozenset()))
