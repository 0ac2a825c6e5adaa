"""Refused rows as a form to put right in place, and the form as a file again, which is then taken like any other.

Nothing of the rows waits on this side meanwhile: what stood in them travels to the browser and back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote_plus

from adapters.coroner.words import columns as known_columns
from adapters.excerpt import csv_of
from adapters.tables import Row, Table
from integration_engine.gateway.answers import Refusal
from integration_engine.gateway.intake import Heard
from integration_engine.gateway.rows import RowAnswer, columns_of, refused

MOST_ROWS = 25
"""More are better corrected in a spreadsheet."""
_MOST_COLUMNS = 200
# Every row's every column, and what stands beyond them.
_MOST_FIELDS = MOST_ROWS * (_MOST_COLUMNS + 10) + _MOST_COLUMNS
FORM_BYTES = 2 * 1024 * 1024
_HEADING, _CELL, _BEYOND = "heading", "cell", "beyond"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a refused row. ``id`` names its field; ``column`` is the canonical name, ``words`` says whether it has
    allowed words; ``wrong`` is why the row was refused for it."""

    id: str
    column: str
    label: str
    value: str
    words: bool = False
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Correction:
    """One refused row, by the number the office's own program shows. ``wrong`` is what no single cell is to blame for."""

    number: int
    cells: Sequence[Cell]
    beyond: Sequence[Cell]
    wrong: Sequence[str]

    @property
    def shown(self) -> Sequence[Cell]:
        """What is filled in or has to be."""
        return [cell for cell in self.cells if cell.value or cell.wrong]

    @property
    def others(self) -> Sequence[Cell]:
        return [cell for cell in self.cells if not cell.value and not cell.wrong]


@dataclass(frozen=True, slots=True)
class Corrections:
    """The form: the headings that its rows stand under, and the rows."""

    headings: Sequence[str]
    rows: Sequence[Correction]


def corrections(heard: Heard, table: Table | None, answers: Sequence[RowAnswer]) -> Corrections | None:
    """The refused rows to be put right; None where there are none, too many, or too much stands in them."""
    rows = refused(heard, table)
    if table is None or not 0 < len(rows) <= MOST_ROWS:
        return None
    said = {answer.row: answer for answer in answers}
    columns = columns_of(heard, table, rows)
    if not 0 < len(columns) <= _MOST_COLUMNS:
        return None
    found = Corrections(tuple(columns.values()), [_correction(row, columns, said[row.number]) for row in rows])
    return found if _travels(found) else None


def _travels(form: Corrections) -> bool:
    """Whether the form, filled in, may be sent back: nobody is to type what is then too large."""
    cells = [cell.value for row in form.rows for cell in (*row.cells, *row.beyond)]
    return sum(len(quote_plus(text)) for text in (*form.headings, *cells)) < FORM_BYTES // 2


def _correction(row: Row, columns: Mapping[str, str], answer: RowAnswer) -> Correction:
    listed = {column.name for column in known_columns() if column.listed}
    why = {problem["column"]: problem["text"] for problem in reversed(answer.problems)}
    cells = [
        Cell(f"{_CELL}-{row.number}-{at}", name, label, row.cells.get(name, ""), name in listed, why.get(label, ""))
        for at, (name, label) in enumerate(columns.items())
    ]
    beyond = [
        Cell(f"{_BEYOND}-{row.number}-{at}", "", "Beyond the headings", text)
        for at, text in enumerate(row.beyond)
        if text
    ]
    placed = {cell.label for cell in cells}
    return Correction(
        row.number, cells, beyond, [each["text"] for each in answer.problems if each["column"] not in placed]
    )


def form_as_csv(body: bytes) -> tuple[str, bytes]:
    """(form value, file) of a form that came back. A row whose every field was emptied is left out. Refuses 400 what is no
    such form, or has nothing left in it."""
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, strict_parsing=True)
    except ValueError:
        raise Refusal(400, "form", "The form can't be read.") from None
    headings = [value for name, value in fields if name == _HEADING]
    rows: dict[str, dict[int, str]] = {}
    beyond: dict[str, list[str]] = {}
    for name, value in fields:
        kind, _, place = name.partition("-")
        row, _, at = place.partition("-")
        if kind == _CELL and at.isdecimal() and int(at[:4]) < len(headings):
            rows.setdefault(row, {})[int(at[:4])] = value.strip()
        elif kind == _BEYOND and value.strip():
            beyond.setdefault(row, []).append(value.strip())
    lines = [
        [*(cells.get(at, "") for at in range(len(headings))), *beyond.get(row, ())]
        for row, cells in rows.items()
        if any(cells.values()) or row in beyond
    ]
    if not lines:
        raise Refusal(400, "form", "No row is left to send.")
    return dict(fields).get("form", ""), csv_of([headings, *lines])
