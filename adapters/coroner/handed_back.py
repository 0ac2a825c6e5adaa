"""Refused rows as a workbook: every cell is text, so that no spreadsheet makes a day of a reference, or shortens an NHS
number, while somebody puts another cell right. What is opened as CSV has no such protection."""

import csv
import io
from typing import Any

# What a sheet takes: longer cells would be cut without a word, and this many rows are better dealt with by a program.
MOST_ROWS, _MOST_IN_CELL = 1000, 32_767
_WIDE, _NARROW, _LETTERS = 40, 14, 12


def as_workbook(table: str) -> bytes | None:
    """A CSV text, its headings in the first line, as a workbook; None where a sheet can't hold it whole."""
    try:
        rows = list(csv.reader(io.StringIO(_without_delimiter(table), newline="")))
    except csv.Error:  # a cell that is longer still
        return None
    if not 1 < len(rows) <= MOST_ROWS + 1 or any(len(cell) > _MOST_IN_CELL for row in rows for cell in row):
        return None
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet: Any = book.active
    sheet.title = "Rows to correct"
    for number, row in enumerate(rows, start=1):
        for at, text in enumerate(row, start=1):
            cell = sheet.cell(number, at)
            cell.value = ILLEGAL_CHARACTERS_RE.sub("", text)
            cell.number_format = "@"
            if number == 1:
                cell.font = Font(bold=True)
    for at in range(1, max(map(len, rows)) + 1):
        longest = max((len(row[at - 1]) for row in rows if len(row) >= at), default=0)
        letter = get_column_letter(at)
        sheet.column_dimensions[letter].width = _WIDE if longest > _LETTERS * 2 else max(_NARROW, longest + 2)
        sheet.column_dimensions[letter].number_format = "@"
    sheet.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _without_delimiter(table: str) -> str:
    first, _, rest = table.partition("\n")
    return rest if first.startswith("sep=") else table
