"""Excel workbooks: the first sheet's values, read without trusting anything the file says about itself.

Formulas count as the values they had when the file was saved; macros are never looked at. Archives that unpack to far more
than they weigh are refused before anything is unpacked.
"""

import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from adapters.excerpt import Broken
from adapters.tables import MOST_COLUMNS, MOST_ROWS, NotATable, Record
from integration_engine.record.notice import Problem

MOST_UNPACKED = 150_000_000
MOST_MEMBERS = 2_000
# Real workbooks pack about tenfold; a bomb packs a thousandfold. Small members pack well by nature.
MOST_PACKED_TIMES = 200
_SMALL = 1_000_000
_FIRST = 20
_SCANNED = MOST_ROWS + 5_000
_EMPTY_ENOUGH = 1_000
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
ZIP = b"PK\x03\x04"


def records(body: bytes) -> Iterator[Record]:
    """The rows of the first sheet, as cells of text. Raises NotATable for what is no workbook, or a bomb."""
    if body.startswith(OLD_EXCEL):
        raise NotATable(
            "old-or-locked-excel", "an Excel 97-2003 or password-protected workbook: save it as plain .xlsx or .csv"
        )
    _weighed(body)
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(body), read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # the library raises many kinds for a broken workbook, all meaning the same
        raise NotATable("bad-workbook", "this can't be read as an Excel workbook") from error
    try:
        sheet = next((one for one in book.worksheets if one.sheet_state == "visible"), None)
        if sheet is None:
            raise NotATable("bad-workbook", "the workbook has no visible sheet")
        yield from _filled(sheet)
    finally:
        book.close()


def _filled(sheet: Any) -> Iterator[Record]:
    """The rows that hold something. Sheets claim up to a million rows that are only formatted, or a bomb's: the scan ends
    where nothing more stands, and says so where something might."""
    number = last = 0
    for number, cells in enumerate(_rows(sheet), start=1):
        if isinstance(cells, Broken) or cells:
            last = number
            yield number, cells
    if number >= _SCANNED and number - last < _EMPTY_ENOUGH:
        raise NotATable("too-many-rows", f"more than {MOST_ROWS} rows")


def _rows(sheet: Any) -> Iterator[Sequence[str] | Broken]:
    """Every row as cells of text, as wide as the first rows are."""
    wide = 0
    try:
        for cells in sheet.iter_rows(min_row=1, max_row=_FIRST, max_col=MOST_COLUMNS + 1, values_only=True):
            row = _trimmed(cells)
            wide = max(wide, len(row))
            yield row
        # One column more shows a row that is too long for its headings.
        for cells in sheet.iter_rows(min_row=_FIRST + 1, max_row=_SCANNED, max_col=wide + 1, values_only=True):
            yield _trimmed(cells)
    except Exception:  # as above: a sheet that breaks in the middle
        yield Broken(Problem(code="bad-workbook", text="the sheet can't be read from here on"))


def _trimmed(cells: Sequence[Any]) -> list[str]:
    row = [_text(cell) for cell in cells]
    while row and not row[-1].strip():
        row.pop()
    return row


def _weighed(body: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise NotATable("bad-workbook", "this can't be read as an Excel workbook") from error
    unpacked = sum(member.file_size for member in members)
    if len(members) > MOST_MEMBERS or unpacked > MOST_UNPACKED:
        raise NotATable("zip-bomb", "an archive that unpacks to more than a table could need")
    for member in members:
        if member.file_size > _SMALL and member.file_size > MOST_PACKED_TIMES * max(member.compress_size, 1):
            raise NotATable("zip-bomb", "an archive that unpacks to far more than it weighs")
    if "xl/workbook.xml" not in {member.filename for member in members}:
        raise NotATable("bad-workbook", "an archive, but not an Excel workbook")


def _text(cell: Any) -> str:
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
        case float():
            return format(cell, ".15g")
        case _:
            return str(cell).replace("\x00", "").replace("_x000D_", "")
