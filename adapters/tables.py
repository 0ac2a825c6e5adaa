"""Tables as offices send them: CSV of any common charset and delimiter, as rows under canonical column names.

A table is read leniently where that is safe (byte order marks, semicolons, a title above the headings) and refused where
leniency would put a value under the wrong heading.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.csv_records import NotATable, Record, decoded, records
from adapters.excerpt import CSV, DELIMITERS, HEADINGS_WITHIN, Broken, Headings
from adapters.formulas import ERROR_VALUE, is_error, stated
from adapters.headings import Columns, divided, headings_under, meaning_the_same, odd_columns
from integration_engine.mapping.columns import folded, matched
from integration_engine.record.notice import Problem

MOST_ROWS = 50_000
MOST_COLUMNS = 500
MOST_IN_CELL = 100_000
_HEAD_BYTES = 65_536
_HEADS_NAMED = 4

Word = Callable[[str], bool]
Reading = Callable[[str, str], str]
"""What a cell says under a canonical column, where that depends on the column: a workbook's days are numbers."""


@dataclass(frozen=True, slots=True)
class Row:
    """One data row. ``index`` counts data rows from 0, ``number`` rows of the file from 1 as a spreadsheet shows them.
    ``cells`` are by canonical column, empty ones left out; ``refusal`` says why it can't be read. ``stated_place`` is where
    it stands in a file that isn't a table (``$[2]``), ``joint`` what then stands between its place and a column's name.
    ``said`` is the row as it stood, whatever its form; ``beyond`` what of it stands under no heading: cells further right, or
    the line of a row that can't be taken apart."""

    index: int
    number: int
    cells: Mapping[str, str]
    refusal: Problem | None = None
    stated_place: str = ""
    joint: str = ", column "
    said: Any = field(default=None, repr=False)
    beyond: tuple[str, ...] = field(default=(), repr=False)

    @property
    def place(self) -> str:
        """The row as people find it in their file."""
        return self.stated_place or f"row {self.number}"


@dataclass(frozen=True, slots=True)
class Table:
    """A table's rows. ``headings`` are the file's own words for the canonical columns it has, in its order;
    ``problems`` are the file's.
    ``alone`` writes some of its rows as a file of their own, of content type ``written_as``."""

    headings: Mapping[str, str]
    rows: Sequence[Row]
    problems: tuple[Problem, ...] = ()
    alone: Callable[[Sequence[Row]], bytes] = field(default=lambda rows: b"", repr=False)
    written_as: str = CSV


def headings_of(body: bytes, columns: Columns) -> Mapping[str, str]:
    """The known headings at the top of a CSV file, ``{canonical: heading}``. Raises NotATable."""
    # A cut in the middle of a character must not spoil them.
    text, _ = decoded(body[:_HEAD_BYTES].rpartition(b"\n")[0] or body[:_HEAD_BYTES])
    delimiter, text = divided(text, columns)
    return headings_under(text, delimiter, columns)


def from_csv(body: bytes, columns: Columns, needed: Sequence[str], is_word: Word = lambda text: False) -> Table:
    """A CSV file's rows under the canonical names that ``columns`` gives synonyms for.

    The row with headings is the one that matches most columns; a table without a column of ``needed`` is refused. By the
    words that the last of those may hold (``is_word``) a row is known that a quotation mark has put into a cell. Raises
    NotATable.
    """
    text, problems = decoded(body)
    delimiter, text = divided(text, columns)
    return from_cells(records(text, delimiter), columns, needed, problems, is_word=is_word)


def from_cells(
    records: Iterator[Record],
    columns: Columns,
    needed: Sequence[str],
    problems: tuple[Problem, ...] = (),
    reading: Reading = lambda column, cell: cell,
    is_word: Word = lambda text: False,
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
        raise NotATable("missing-column", "; ".join(_lacking(name, columns[name]) for name in missing))
    places = _places(headings, heading_cells)
    rest = (record for source in (iter(above), records) for record in source)
    also = meaning_the_same(heading_cells, places, columns)
    under = _Under(heading_cells, places, also, reading, _like_a_row(places, needed, is_word))
    rows = list(_rows(rest, heading_row, under))
    positions = {name: standing[0] for name, standing in places.items()}
    problems = (*problems, *odd_columns(heading_cells, places, also))
    return Table(
        {name: headings[name] for name in places}, rows, problems, alone=_alone(Headings(heading_cells, positions))
    )


def _lacking(name: str, synonyms: Sequence[str]) -> str:
    heads = ", ".join(f"“{each}”" for each in [name, *synonyms][:_HEADS_NAMED])
    return f"no column is headed {name}: give it one of these headings: {heads}"


def _alone(headings: Headings) -> Callable[[Sequence[Row]], bytes]:
    def written(rows: Sequence[Row]) -> bytes:
        if isinstance(rows[0].said, Broken):
            return headings.over_broken(rows[0].said)
        return headings.over([row.said for row in rows])

    return written


def _places(headings: Mapping[str, str], cells: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Where each canonical column stands, in the file's order: under its heading, and wherever that stands again."""
    by_fold: dict[str, list[int]] = {}
    for at, cell in enumerate(cells):
        by_fold.setdefault(folded(cell), []).append(at)
    found = {canonical: tuple(by_fold[folded(heading)]) for canonical, heading in headings.items()}
    return dict(sorted(found.items(), key=lambda standing: standing[1]))


@dataclass(frozen=True, slots=True)
class _Under:
    """What rows stand under: the row of headings, where in it each canonical column stands, where what means the same, and
    how cells are read."""

    headings: Sequence[str]
    places: Mapping[str, tuple[int, ...]]
    also: Mapping[str, tuple[int, ...]]
    reading: Reading
    like_a_row: Callable[[str], bool]


def _like_a_row(places: Mapping[str, Sequence[int]], needed: Sequence[str], is_word: Word) -> Callable[[str], bool]:
    """Tells of a line whether it reads like a row of the table: there is something in each needed column, in the last of
    them one of its words."""
    standing = [places[name][0] for name in needed]

    def like(line: str) -> bool:
        for delimiter in DELIMITERS:
            cells = [cell.strip(' "') for cell in line.split(delimiter)]
            if len(cells) > max(standing) and all(cells[at] for at in standing) and is_word(cells[standing[-1]]):
                return True
        return False

    return like


def _rows(records: Iterator[Record], heading_row: int, under: _Under) -> Iterator[Row]:
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
            line = cells.line.strip()
            yield Row(index, number, {}, refusal, said=cells, beyond=(line,) if line else ())
        else:
            yield _row(index, number, cells, under)
        index += 1


def _row(index: int, number: int, cells: Sequence[str], under: _Under) -> Row:
    place, width = f"row {number}", len(under.headings)
    refusal = None
    if any(cell.strip() for cell in cells[width:]):
        text = f"more cells than the {width} headings: values may stand under the wrong heading"
        refusal = Problem(code="too-many-cells", text=text, path=place)
    elif any(len(cell) > MOST_IN_CELL for cell in cells):
        refusal = Problem(code="too-long", text=f"a cell of more than {MOST_IN_CELL} characters", path=place)
    elif any(under.like_a_row(line) for cell in cells if "\n" in cell for line in cell.splitlines()[1:]):
        text = "a cell holds other rows: the quotation marks don't match"
        refusal = Problem(code="rows-in-a-cell", text=text, path=place)
    said, named = list(cells), {}
    for name, standing in under.places.items():
        others = under.also.get(name, ())
        for at in (*standing, *others):
            if at < len(said):
                said[at] = str(under.reading(name, said[at]))
        values = _stated(said, standing) or _stated(said, others)[:1]
        if not values:
            continue
        named[name] = values[0]
        heading = f"{place}, column {under.headings[standing[0]]}"
        if refusal is None and any(map(is_error, values)):
            refusal = Problem(code="error-value", text=ERROR_VALUE, path=heading)
        elif refusal is None and len(values) > 1:
            text = "the heading stands twice in the file, and the two columns differ in this row"
            refusal = Problem(code="columns-differ", text=text, path=heading)
    beyond = tuple(cell.strip() for cell in said[width:])
    return Row(index, number, named, refusal, said=said, beyond=beyond if any(beyond) else ())


def _stated(cells: Sequence[str], at: Sequence[int]) -> list[str]:
    """What stands at these places, each value once, in order."""
    found = [bare for place in at if place < len(cells) and (bare := stated(cells[place]))]
    return found if len(found) < 2 else list(dict.fromkeys(found))
