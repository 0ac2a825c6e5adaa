"""Past cases for planners, one shape whatever they come from: tables (CSV, JSON lines) or the cases held in the store.

    tally = Tally()
    for case in read_files([Path("cases.csv")], tally): ...
    tally.bad       # the rows that couldn't be taken, each with file, line and why

One row is one child's death. A row that can't be taken is told and counted; it never stops the rest. The store's side is
``planning.held``.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal, TextIO

import orjson

from integration_engine.record.dates import earliest
from integration_engine.record.decision import Decision
from integration_engine.record.notice import DeathNotice
from integration_engine.record.record import ChildDeathRecord
from integration_engine.record.standing import Standing
from integration_engine.routing.tabular import read_row
from integration_engine.sheets import next_cells

_LONGEST_CELL = 1 << 26
_MOST_LINES = 20
"""More lines than an address has: a row this long is a quotation mark that nobody closed."""
_DELIMITERS = ",;\t"
_DATED = "death_datetime"
# Columns that say where or how old: a table with none of them isn't one of cases.
_TELLING = frozenset(
    {"postcode", "home_lad", "death_lad", "birth_date", "age_text", "place_of_death", "looked_after_by"}
)


class IntakeError(ValueError):
    """A file that can't be used at all: ``code``, ``where`` (the file), and a sentence. Never a value of a row."""

    def __init__(self, code: str, where: str, text: str) -> None:
        super().__init__(f"{where}: {text}")
        self.code, self.where, self.text = code, where, text


@dataclass(frozen=True, slots=True)
class PastCase:
    """One child's death as planning sees it.

    ``where`` is ``cases.csv:12`` for a row, ``held`` for a case of the store. ``notices`` and ``decided`` (people's
    decisions by kind) are those that ``route`` asks for; a row has none. ``row`` is the row as it was written, for columns
    that only planning knows; empty for a held case.
    """

    id: str
    record: ChildDeathRecord
    standing: Standing
    source: Literal["table", "store"]
    where: str
    notices: tuple[DeathNotice, ...] = ()
    decided: Mapping[str, Decision] = field(default_factory=dict)
    row: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that couldn't be taken: ``where`` is ``file:line``, ``text`` says why and holds no value of it."""

    where: str
    code: str
    text: str


@dataclass
class Tally:
    """What became of everything read, filled while the stream is read.

    ``taken`` cases were handed on; ``withdrawn`` and ``out_of_scope`` were left out; ``restricted`` cases are known by
    their number only; ``unread`` counts, by column, values that couldn't be read and were taken as missing.
    """

    taken: int = 0
    withdrawn: int = 0
    out_of_scope: int = 0
    restricted: int = 0
    bad: list[BadRow] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        """As the commands print it."""
        return {
            "taken": self.taken,
            "withdrawn": self.withdrawn,
            "out_of_scope": self.out_of_scope,
            "restricted": self.restricted,
            "bad": len(self.bad),
            "bad_rows": [{"where": one.where, "code": one.code, "text": one.text} for one in self.bad],
            "unread": dict(sorted(self.unread.items())),
        }


def read_files(paths: Iterable[Path], tally: Tally, *, today: date = date.max) -> Iterator[PastCase]:
    """The cases of tables, in order. ``today``: a death after it is a slip of the pen, not a case.

    Raises IntakeError for a file that can't be read or is no table of cases, before its first case.
    """
    yield from read_rows(
        ((f"{path.name}:{line}", row) for path in paths for line, row in _rows(path)), tally, today=today
    )


def read_rows(
    rows: Iterable[tuple[str, Mapping[str, Any] | BadRow]], tally: Tally, *, today: date = date.max
) -> Iterator[PastCase]:
    """The cases of rows that are read already, each with where it stands."""
    seen: set[str] = set()
    for where, row in rows:
        found = row if isinstance(row, BadRow) else _case(row, where, today, seen)
        if isinstance(found, BadRow):
            tally.bad.append(found)
            continue
        seen.add(found.id)
        if found.standing.outcome == "retracted":
            tally.withdrawn += 1
            continue
        tally.taken += 1
        tally.unread.update(_unread(found.record, found.row))
        yield found


def _case(row: Mapping[str, Any], where: str, today: date, seen: set[str]) -> PastCase | BadRow:
    read = read_row(row, 0)
    name = read.id if _stated(row, "id") else where
    died_at = read.record.death.died_at
    if died_at is None:
        told = "can't be read as a date" if _stated(row, _DATED) else "is missing"
        return BadRow(where, "no-death-date", f"{_DATED} {told}, so the case has no place in time")
    if earliest(died_at).date() > today:
        return BadRow(where, "future-death", f"{_DATED} lies in the future")
    if name in seen:
        return BadRow(where, "repeated-id", "another row has this id already; one row is one child's death")
    return PastCase(name, read.record, read.standing, "table", where, row=row)


def _unread(record: ChildDeathRecord, row: Mapping[str, Any]) -> Iterator[str]:
    """The columns whose value says something that can't be read."""
    child, death = record.child, record.death
    values = {
        "birth_date": child.birth_date,
        "age_text": child.age_at_death,
        "residency": child.residency,
        "custody": child.custody,
        "gestation_weeks": child.gestation_days,
        "event_type": death.event and death.event.type,
        "expected": death.expected,
    }
    return (column for column, value in values.items() if value is None and _stated(row, column))


def _stated(row: Mapping[str, Any], column: str) -> bool:
    value = row.get(column)
    return value is not None and str(value).strip() != ""


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | BadRow]]:
    """The rows of a CSV (by its name, or because its first line is no JSON) or of JSON lines, with their line."""
    try:
        # Bytes that aren't UTF-8 come through as surrogates, so that one bad line doesn't cost the file.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            start = file.read(1)
            file.seek(0)
            yield from (_json_rows(path.name, file) if start == "{" else _csv_rows(path.name, file))
    except OSError as problem:
        raise IntakeError("unreadable-file", path.name, "the file can't be read") from problem


def _json_rows(name: str, file: TextIO) -> Iterator[tuple[int, Mapping[str, Any] | BadRow]]:
    for line, text in enumerate(file, start=1):
        if not text.strip():
            continue
        try:
            row = orjson.loads(text.encode("utf-8", "surrogateescape"))
        except orjson.JSONDecodeError:
            yield line, BadRow(f"{name}:{line}", "not-json", "the line is no JSON")
            continue
        bad = BadRow(f"{name}:{line}", "not-json", "the line is no JSON object")
        yield line, row if isinstance(row, dict) else bad


def _csv_rows(name: str, file: TextIO) -> Iterator[tuple[int, Mapping[str, Any] | BadRow]]:
    csv.field_size_limit(_LONGEST_CELL)
    first = file.readline()
    file.seek(0)
    reader = csv.reader(file, delimiter=max(_DELIMITERS, key=first.count))
    columns = [column.strip() for column in next_cells(reader) or ()]
    if _DATED not in columns or _TELLING.isdisjoint(columns):
        raise IntakeError(
            "no-columns",
            name,
            f"no table of cases: the first line has no {_DATED}, or no column of {_listed(_TELLING)}",
        )
    before = reader.line_num
    while (cells := next_cells(reader)) is not None:
        line, last = before + 1, reader.line_num
        before = last
        where = f"{name}:{line}"
        if cells == [] or (isinstance(cells, list) and not any(cell.strip() for cell in cells)):
            continue
        if isinstance(cells, str):
            yield line, BadRow(where, "not-csv", "the line can't be read as CSV")
        elif last - line >= _MOST_LINES:
            text = f"the row runs on to line {last}: a quotation mark isn't closed, so these lines aren't read"
            yield line, BadRow(where, "open-quote", text)
        elif len(cells) != len(columns):
            text = f"the row has {len(cells)} cells, the first line {len(columns)}"
            yield line, BadRow(where, "cell-count", text)
        elif any("\udc80" <= letter <= "\udcff" for cell in cells for letter in cell if letter > "\ud7ff"):
            yield line, BadRow(where, "not-utf8", "the row isn't written in UTF-8")
        else:
            yield line, dict(zip(columns, cells, strict=True))


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))
