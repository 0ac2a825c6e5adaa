"""Tables as offices send them: CSV of any common charset and delimiter, as rows under canonical column names.

A table is read leniently where that is safe (byte order marks, semicolons, a title above the headings) and refused where
leniency would put a value under the wrong heading.
"""

import csv
import io
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.excerpt import CSV, HEADINGS_WITHIN, Broken, Headings, delimiter_of
from integration_engine.mapping.columns import matched
from integration_engine.record.notice import Problem

MOST_BYTES = 20_000_000
MOST_ROWS = 50_000
MOST_COLUMNS = 500
MOST_IN_CELL = 100_000


class NotATable(ValueError):
    """Bytes that can't be read as a table at all, and why."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.problem = Problem(code=code, text=text)


@dataclass(frozen=True, slots=True)
class Row:
    """One data row. ``index`` counts data rows from 0, ``number`` rows of the file from 1 as a spreadsheet shows them.
    ``cells`` are by canonical column, empty ones left out; ``refusal`` says why it can't be read. ``stated_place`` is where
    it stands in a file that isn't a table (``$[2]``), ``joint`` what then stands between its place and a column's name.
    ``said`` is the row as it stood, whatever its form."""

    index: int
    number: int
    cells: Mapping[str, str]
    refusal: Problem | None = None
    stated_place: str = ""
    joint: str = ", column "
    said: Any = field(default=None, repr=False)

    @property
    def place(self) -> str:
        """The row as people find it in their file."""
        return self.stated_place or f"row {self.number}"


@dataclass(frozen=True, slots=True)
class Table:
    """A table's rows. ``headings`` are the file's own words for the canonical columns it has; ``problems`` are the file's.
    ``alone`` writes some of its rows as a file of their own, of content type ``written_as``."""

    headings: Mapping[str, str]
    rows: Sequence[Row]
    problems: tuple[Problem, ...] = ()
    alone: Callable[[Sequence[Row]], bytes] = field(default=lambda rows: b"", repr=False)
    written_as: str = CSV


def decoded(body: bytes) -> tuple[str, tuple[Problem, ...]]:
    """The text of a file: by its byte order mark, else UTF-8, else Windows-1252. Raises NotATable."""
    if len(body) > MOST_BYTES:
        raise NotATable("too-large", f"more than {MOST_BYTES // 1_000_000} million bytes")
    for mark, charset in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if body.startswith(mark):
            try:
                return _clean(body.decode(charset)), ()
            except UnicodeDecodeError as error:
                raise NotATable("bad-encoding", f"not the {charset} that its first bytes say") from error
    try:
        return _clean(body.decode("utf-8")), ()
    except UnicodeDecodeError:
        pass
    try:
        text = _clean(body.decode("cp1252"))
    except UnicodeDecodeError as error:
        raise NotATable("bad-encoding", "neither UTF-8 nor Windows-1252") from error
    return text, (Problem(code="read-as-windows-1252", text="not UTF-8: read as Windows-1252"),)


def _clean(text: str) -> str:
    if "\x00" in text:
        raise NotATable("nul-character", "a NUL character: this is no text file")
    return text


def from_csv(body: bytes, columns: Mapping[str, Sequence[str]], needed: Sequence[str]) -> Table:
    """A CSV file's rows under the canonical names that ``columns`` gives synonyms for.

    The row with headings is the one that matches most columns; a table without a column of ``needed`` is refused. Raises
    NotATable.
    """
    text, problems = decoded(body)
    delimiter, text = delimiter_of(text)
    return from_cells(_records(text, delimiter), columns, needed, problems)


Record = tuple[int, Sequence[str] | Broken]
"""A row's number in the file and its cells, or why it can't be read."""


class _Lines:
    """The lines of a text, with those remembered that the record at hand has taken."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.taken.append(line)
        return line

    def give_back_all_but_first(self) -> str:
        """What a quotation mark swallowed is read again: it spoils its own line only."""
        self._again.extendleft(reversed(self.taken[1:]))
        return self.taken[0]


def _records(text: str, delimiter: str) -> Iterator[Record]:
    lines = _Lines(io.StringIO(text, newline=""))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        lines.taken = []
        try:
            yield number, next(reader)
        except StopIteration:
            return
        except csv.Error:
            problem = Problem(code="bad-quoting", text="the quotation marks of this row don't match")
            yield number, Broken(problem, lines.give_back_all_but_first(), delimiter)
            reader = csv.reader(lines, delimiter=delimiter, strict=True)


def from_cells(
    records: Iterator[Record],
    columns: Mapping[str, Sequence[str]],
    needed: Sequence[str],
    problems: tuple[Problem, ...] = (),
) -> Table:
    """Rows under canonical names from rows of cells, wherever they came from. Raises NotATable."""
    above: list[Record] = []
    best: tuple[dict[str, str], Sequence[str], int] | None = None
    for number, cells in records:
        above.append((number, cells))
        if not isinstance(cells, Broken):
            if len(cells) > MOST_COLUMNS:
                raise NotATable("too-many-columns", f"more than {MOST_COLUMNS} columns")
            found = matched([cell for cell in cells if cell.strip()], columns)
            if best is None or len(found) > len(best[0]):
                best = found, cells, number
        if len(above) >= HEADINGS_WITHIN:
            break
    if best is None or not best[0]:
        raise NotATable("no-headings", "no row with known column headings among the first rows")
    headings, heading_cells, heading_row = best
    if missing := [name for name in needed if name not in headings]:
        raise NotATable("missing-column", f"the table lacks the column {', '.join(missing)}")
    positions = _positions(headings, heading_cells)
    rest = (record for source in (iter(above), records) for record in source)
    rows = list(_rows(rest, heading_row, positions, len(heading_cells)))
    unknown = sum(1 for cell in heading_cells if cell.strip()) - len(headings)
    if unknown:
        text = f"{unknown} column{'s' if unknown > 1 else ''} with a heading that is not known; not read"
        problems = (*problems, Problem(code="unknown-column", text=text))
    return Table(headings, rows, problems, alone=_alone(Headings(heading_cells, positions)))


def _alone(headings: Headings) -> Callable[[Sequence[Row]], bytes]:
    def written(rows: Sequence[Row]) -> bytes:
        if isinstance(rows[0].said, Broken):
            return headings.over_broken(rows[0].said)
        return headings.over([row.said for row in rows])

    return written


def _positions(headings: Mapping[str, str], cells: Sequence[str]) -> dict[str, int]:
    """Where each canonical column stands. Two columns of one meaning could disagree: the first counts."""
    first: dict[str, int] = {}
    for at, cell in enumerate(cells):
        first.setdefault(cell, at)
    return {canonical: first[heading] for canonical, heading in headings.items()}


def _rows(records: Iterator[Record], heading_row: int, positions: Mapping[str, int], width: int) -> Iterator[Row]:
    index = 0
    for number, cells in records:
        if number <= heading_row:
            continue
        if not isinstance(cells, Broken) and not any(cell.strip() for cell in cells):
            continue
        if index >= MOST_ROWS:
            raise NotATable("too-many-rows", f"more than {MOST_ROWS} rows")
        if isinstance(cells, Broken):
            refusal = cells.problem.model_copy(update={"path": f"row {number}"})
            yield Row(index, number, {}, refusal, said=cells)
        else:
            yield _row(index, number, cells, positions, width)
        index += 1


def _row(index: int, number: int, cells: Sequence[str], positions: Mapping[str, int], width: int) -> Row:
    refusal = None
    if any(cell.strip() for cell in cells[width:]):
        text = f"more cells than the {width} headings: values may stand under the wrong heading"
        refusal = Problem(code="too-many-cells", text=text, path=f"row {number}")
    elif any(len(cell) > MOST_IN_CELL for cell in cells):
        refusal = Problem(code="too-long", text=f"a cell of more than {MOST_IN_CELL} characters", path=f"row {number}")
    named = {name: cells[at].strip() for name, at in positions.items() if at < len(cells) and cells[at].strip()}
    return Row(index, number, named, refusal, said=cells)
