"""Excel workbooks: the first sheet's values, read without trusting anything the file says about itself.

Formulas count as the values they had when the file was saved; macros are never looked at. A cell that is merged over several
rows counts in each of them, as it shows; hidden rows are read, and told, because nobody may lose a death by a filter.
"""

import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from adapters.coroner.archive import weighed
from adapters.csv_records import NotATable, Record
from adapters.excerpt import HEADINGS_WITHIN, Broken
from adapters.tables import MOST_COLUMNS, MOST_ROWS
from integration_engine.record.notice import Problem

# The library's warnings quote what stands in a cell: a number formatted as a day that it can't be would be in our log.
warnings.filterwarnings("ignore", module=r"openpyxl\.")

_FIRST = 20
_SCANNED = MOST_ROWS + 5_000
_EMPTY_ENOUGH = 1_000
_MOST_MERGED = 200_000
_MOST_SHEETS_LOOKED_AT = 20
# Days that a case of ours could name: a number outside them is no day that lost its format.
_YEARS = range(1990, 2100)
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
ZIP = b"PK\x03\x04"
# The namespace of the standard's strict form, which few programs read.
_STRICT = b"purl.oclc.org/ooxml"
_RANGE = re.compile(r"([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})")


class Serial(str):
    """A number of a workbook as text. Days are numbers to a spreadsheet: ``moment`` is the day, or the time of day, that this
    one is by its workbook's calendar, as ISO text; empty where it can be none."""

    moment: str

    def __new__(cls, number: float, calendar: datetime) -> "Serial":
        made = super().__new__(cls, format(number, ".15g"))
        made.moment = _moment(number, calendar)
        return made


@dataclass(frozen=True, slots=True)
class _Marks:
    """What the sheet's XML says beside its cells: how many filled rows are hidden, how many formulas were never calculated.
    ``merged``: by row, the columns of cells that go on from an earlier row, each with that row; columns count from 0."""

    hidden: int = 0
    unvalued: int = 0
    merged: Mapping[int, Sequence[tuple[int, int]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Book:
    """A workbook that is open."""

    book: Any = field(repr=False)
    sheet: Any = field(repr=False)
    marks: _Marks

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What an office may not have meant."""
        found = []
        if self.marks.hidden:
            text = f"hidden rows: {self.marks.hidden}; they are read like the others"
            found.append(Problem(code="hidden-rows", text=text))
        if self.marks.unvalued:
            text = f"formulas without a value: {self.marks.unvalued}; open the file in Excel and save it"
            found.append(Problem(code="formula-without-value", text=text))
        return tuple(found)

    def records(self) -> Iterator[Record]:
        """The rows of the first sheet that hold something, as cells of text. Sheets claim up to a million rows that are only
        formatted, or a bomb's: the scan ends where nothing more stands, and raises NotATable where something might."""
        starts: dict[tuple[int, int], str] = {}
        number = last = 0
        for number, cells in enumerate(_rows(self.sheet, self.book.epoch), start=1):
            if isinstance(cells, Broken) or cells:
                last = number
                yield number, cells if isinstance(cells, Broken) else _spread(number, cells, self.marks.merged, starts)
        if number >= _SCANNED and number - last < _EMPTY_ENOUGH:
            raise NotATable("too-many-rows", f"more than {MOST_ROWS} rows")

    def other_sheets(self) -> Iterator[tuple[int, list[Sequence[str]]]]:
        """(number, first rows) of each other sheet that can be seen, numbered as its tabs are."""
        for number, other in enumerate(self.book.worksheets[:_MOST_SHEETS_LOOKED_AT], start=1):
            if other is not self.sheet and other.sheet_state == "visible":
                rows = _rows(other, self.book.epoch, last=HEADINGS_WITHIN)
                yield number, [cells for cells in rows if not isinstance(cells, Broken)]


@contextmanager
def opened(body: bytes) -> Iterator[Book]:
    """Open a workbook at its first visible sheet. Raises NotATable for what is no workbook, or a bomb."""
    if body.startswith(OLD_EXCEL):
        raise NotATable(
            "old-or-locked-excel", "an Excel 97-2003 or password-protected workbook: save it as plain .xlsx or .csv"
        )
    marked = weighed(body).members
    try:
        book = _loaded(body)
    except Exception as error:  # the library raises many kinds for a broken workbook, all meaning the same
        text = "this can't be read as an Excel workbook: open it in Excel and save it as a new .xlsx"
        raise NotATable("bad-workbook", text) from error
    try:
        sheet = next((one for one in book.worksheets if one.sheet_state == "visible"), None)
        if sheet is None:
            strict = _STRICT in book._archive.read("xl/workbook.xml")
            text = "saved as Strict Open XML: save it as “Excel Workbook (*.xlsx)”"
            raise NotATable("bad-workbook", text if strict else "the workbook has no visible sheet")
        yield Book(book, sheet, _marks(book, sheet, marked))
    finally:
        book.close()


def _loaded(body: bytes) -> Any:
    from openpyxl.reader.excel import ExcelReader

    class Sheets(ExcelReader):
        """A sheet that is a chart holds no cases; read row by row, the library stumbles over one."""

        def read_chartsheet(self, sheet: Any, rel: Any) -> None:
            pass

    reader = Sheets(io.BytesIO(body), read_only=True, data_only=True, keep_links=False)
    reader.read()
    return reader.wb


def _marks(book: Any, sheet: Any, marked: frozenset[str]) -> _Marks:
    """Hidden rows and merged cells, which the library doesn't tell of a sheet that it reads row by row."""
    member = sheet._worksheet_path
    if member not in marked:
        return _Marks()
    from defusedxml.ElementTree import iterparse

    hidden = unvalued = number = 0
    merged: dict[int, list[tuple[int, int]]] = {}
    try:
        with book._archive.open(member) as content:
            for _, element in iterparse(content, forbid_dtd=True):
                match element.tag.rpartition("}")[2]:
                    case "row":
                        number = int(element.get("r") or number + 1)
                        empty = [not cell.findtext("{*}v") and cell.find("{*}is") is None for cell in element]
                        hidden += not all(empty) and number <= _SCANNED and element.get("hidden") in ("1", "true")
                        unvalued += sum(
                            bare and cell.find("{*}f") is not None for cell, bare in zip(element, empty, strict=True)
                        )
                        element.clear()
                    case "mergeCell":
                        _merge(element.get("ref") or "", merged)
    except NotATable:
        raise
    except Exception:  # as above: the rows say from where on it can't be read
        return _Marks(hidden, unvalued, merged)
    return _Marks(hidden, unvalued, merged)


def _merge(cells: str, merged: dict[int, list[tuple[int, int]]]) -> None:
    """Note that the first column of a range goes on through its rows. What is merged over several columns stands in the first
    of them: it says nothing of the others."""
    found = _RANGE.fullmatch(cells)
    if not found:
        return
    from openpyxl.utils import column_index_from_string

    column, first, last = column_index_from_string(found[1]) - 1, int(found[2]), min(int(found[3]), _SCANNED)
    if last - first + sum(map(len, merged.values())) > _MOST_MERGED:
        raise NotATable("cell-bomb", "more merged cells than a table of cases could need")
    for row in range(first, last + 1) if last > first else ():
        merged.setdefault(row, []).append((column, first))


def _spread(
    number: int,
    cells: Sequence[str],
    merged: Mapping[int, Sequence[tuple[int, int]]],
    starts: dict[tuple[int, int], str],
) -> Sequence[str]:
    """A row with what is merged into it from above; ``starts`` remembers what the ranges begin with."""
    if number not in merged:
        return cells
    row = list(cells)
    for column, first in merged[number]:
        if first == number:
            starts[column, first] = row[column] if column < len(row) else ""
        else:
            row += [""] * (column + 1 - len(row))
            row[column] = row[column] or starts.get((column, first), "")
    return row


def _rows(sheet: Any, calendar: datetime, last: int = _SCANNED) -> Iterator[Sequence[str] | Broken]:
    """Every row up to ``last`` as cells of text, as wide as the first rows are."""
    wide, first = 0, min(_FIRST, last)
    try:
        for cells in sheet.iter_rows(min_row=1, max_row=first, max_col=MOST_COLUMNS + 1, values_only=True):
            row = _trimmed(cells, calendar)
            wide = max(wide, len(row))
            yield row
        # One column more shows a row that is too long for its headings.
        rest = {"min_row": first + 1, "max_row": last, "max_col": wide + 1, "values_only": True}
        for cells in sheet.iter_rows(**rest) if last > first else ():
            yield _trimmed(cells, calendar)
    except Exception:  # as above: a sheet that breaks in the middle
        yield Broken(Problem(code="bad-workbook", text="the sheet can't be read from here on"))


def _trimmed(cells: Sequence[Any], calendar: datetime) -> list[str]:
    row = [_text(cell, calendar) for cell in cells]
    while row and not row[-1].strip():
        row.pop()
    return row


def _text(cell: Any, calendar: datetime) -> str:
    """A cell as people see it: midnight of a date is no time, 7.0 is 7."""
    match cell:
        case None:
            return ""
        case bool():
            return "Y" if cell else "N"
        case datetime():
            whole_day = cell.hour == cell.minute == cell.second == 0
            return cell.date().isoformat() if whole_day else cell.isoformat(timespec="minutes")
        case date():
            return cell.isoformat()
        case time():
            return cell.isoformat(timespec="minutes")
        case timedelta():
            minutes = int(cell.total_seconds()) // 60
            return f"{minutes // 60:02}:{minutes % 60:02}"
        case int() | float():
            return Serial(cell, calendar)
        case _:
            return str(cell).replace("\x00", "").replace("_x000D_", "")


def _moment(number: float, calendar: datetime) -> str:
    from openpyxl.utils.datetime import from_excel

    try:
        found = from_excel(number, calendar)
    except (OverflowError, ValueError, TypeError):
        return ""
    if isinstance(found, datetime):
        return _text(found, calendar) if found.year in _YEARS else ""
    return _text(found, calendar) if isinstance(found, time) and 0 < number < 1 else ""
