"""A file's answer row by row: what became of each row, and the refused rows as a CSV that a spreadsheet opens safely."""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from adapters.adapter import Item
from integration_engine.gateway.intake import Heard

Result = Literal["accepted", "accepted-with-warnings", "passed-over", "refused"]
# A cell that starts so is a formula to a spreadsheet (OWASP, CSV injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_COLUMN = re.compile(r"column ([^,;]+)$")
_PLACE = re.compile(r"row (\d+)")

Cells = tuple[Sequence[str], Sequence[Sequence[str]]]
Table = Callable[[bytes, str], Cells | None]
"""The headings and data rows of a file as text, None where it has no rows of cells."""


@dataclass(frozen=True, slots=True)
class RowAnswer:
    """What became of one row. ``row`` is the number a spreadsheet shows; ``problems`` name the column and why."""

    row: int
    result: Result
    reason: str
    problems: tuple[Mapping[str, str], ...] = ()

    def written(self) -> dict[str, Any]:
        return {"row": self.row, "result": self.result, "reason": self.reason, "problems": list(self.problems)}


def row_answers(heard: Heard, first_row: int) -> list[RowAnswer]:
    """One answer a row, in order. ``first_row`` is the number the file gives its first data row."""
    return [_answer(item, first_row) for item in heard.items]


def counts(rows: Sequence[RowAnswer]) -> dict[str, int]:
    """How many rows ended how; ``accepted`` includes those with warnings."""
    by = [row.result for row in rows]
    warnings = by.count("accepted-with-warnings")
    return {
        "accepted": by.count("accepted") + warnings,
        "warnings": warnings,
        "passed_over": by.count("passed-over"),
        "refused": by.count("refused"),
    }


def refused_rows(heard: Heard, cells: Cells | None) -> str | None:
    """The refused rows of a table as CSV, with the file's own headings; None where there are none or it is no table."""
    refused = [item.index for item in heard.items if item.verdict == "refused"]
    if cells is None or not refused:
        return None
    headings, rows = cells
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([safe_cell(heading) for heading in headings])
    writer.writerows([safe_cell(cell) for cell in rows[index]] for index in refused if index < len(rows))
    return out.getvalue()


def safe_cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe goes before what starts like one."""
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def _answer(item: Item, first_row: int) -> RowAnswer:
    problems = tuple(
        {"column": _column(problem.path), "code": problem.code, "text": problem.text} for problem in item.problems
    )
    result: Result
    if item.verdict in ("refused", "passed-over"):
        result = "refused" if item.verdict == "refused" else "passed-over"
    else:
        result = "accepted-with-warnings" if problems else "accepted"
    return RowAnswer(item.index + first_row, result, item.reason, problems)


def _column(path: str | None) -> str:
    found = _COLUMN.search(path or "")
    return found[1] if found else "" if _PLACE.fullmatch(path or "") else (path or "")
