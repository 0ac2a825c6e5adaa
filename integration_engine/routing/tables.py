"""Reading the project's reference tables: CSV rows with dates, and the error that says which row of which file is wrong."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

DAWN, DUSK = date.min, date.max
"""What a blank ``valid_from`` (since before we know) and a blank ``valid_to`` (open) mean."""


WEAK = ("unconfirmed", "memory-low", "memory-medium", "found-partial", "found-old")
"""How a row can be known that somebody should confirm, weakest first."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a reference file. ``code`` is stable; ``where`` names file and row; the sentence is for
    an operator."""

    code: str
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text} ({self.code})"


class ReferenceDataError(Exception):
    """A reference file can't be used. ``problems`` is everything found wrong, a line each in the message; ``code``,
    ``where`` and ``text`` are those of the first."""

    def __init__(self, code: str, where: str, text: str, *also: Problem) -> None:
        self.problems = (Problem(code, where, text), *also)
        super().__init__("\n".join(map(str, self.problems)))
        self.code, self.where, self.text = code, where, text


def refuse(problems: Sequence[Problem]) -> None:
    """Raise ReferenceDataError with all of these, if there are any, by file and line. Each is told once."""
    once = sorted(dict.fromkeys(problems), key=_place)
    if once:
        first, *also = once
        raise ReferenceDataError(first.code, first.where, first.text, *also)


def _place(problem: Problem) -> tuple[str, int]:
    file, _, line = problem.where.rpartition(":")
    return (file, int(line)) if line.isdecimal() else (problem.where, 0)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of days, both ends inclusive, as the tables write it."""

    first: date = DAWN
    last: date = DUSK

    def holds(self, day: date) -> bool:
        """Whether the day lies in it."""
        return self.first <= day <= self.last


def rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Each row of a table with where it stands (``file:line``), values stripped.

    Raises ReferenceDataError where the file or one of ``columns`` is missing.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            if missing:
                raise ReferenceDataError("missing-column", path.name, f"columns not found: {', '.join(missing)}")
            for row in reader:
                where = f"{path.name}:{reader.line_num}"
                if any(row[column] is None for column in columns):
                    raise ReferenceDataError("short-row", where, "the row has fewer fields than the heading")
                yield where, {column: (row[column] or "").strip() for column in columns}
    except (OSError, UnicodeDecodeError) as cause:
        raise ReferenceDataError("unreadable-file", path.name, "the file is missing or isn't UTF-8 text") from cause


def span(where: str, row: Mapping[str, str]) -> Span:
    """The dates of a row: ISO, inclusive, blank where unknown or open."""
    try:
        first = date.fromisoformat(row["valid_from"]) if row["valid_from"] else DAWN
        last = date.fromisoformat(row["valid_to"]) if row["valid_to"] else DUSK
    except ValueError as cause:
        raise ReferenceDataError("bad-date", where, "dates are written as 2026-04-01") from cause
    if last < first:
        raise ReferenceDataError("bad-span", where, "the row ends before it begins")
    return Span(first, last)


def listed(text: str) -> tuple[str, ...]:
    """A cell that holds several codes, separated by semicolons."""
    return tuple(part.strip() for part in text.split(";") if part.strip())


def document(path: Path) -> Any:
    """A YAML file's content. Raises ReferenceDataError."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as cause:
        raise ReferenceDataError("unreadable-file", path.name, "the file is missing or isn't YAML") from cause
