"""A file's answer row by row: what became of each row, and the refused rows as a CSV that a spreadsheet opens safely."""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from adapters.adapter import Feed, Item, passed_over_because
from adapters.tables import Table
from integration_engine.gateway.intake import Heard

Result = Literal["accepted", "accepted-with-warnings", "passed-over", "refused"]
# A cell that starts so is a formula to a spreadsheet (OWASP, CSV injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# What a mapping says to whoever writes profiles: "child.birth_date: no such date (profile coroner-case)".
_FOR_INTEGRATORS = re.compile(r"^[a-z_]+(?:\.[a-z_]+)+: | \(profile [\w.-]+\)$")
# A place in a file: "row 3, column Date of Birth", "$[2].date_of_birth" or "/cases/case[3]/date_of_birth".
_COLUMN = re.compile(r"(?:, column |\]\.|\]/)(.+)$")

Read = Callable[[bytes, Feed | None], Table | None]
"""The rows of a file by their index, under the columns of its feed's profile; None where it can't be read as a table."""


@dataclass(frozen=True, slots=True)
class RowAnswer:
    """What became of one row. ``row`` is the number a spreadsheet shows; ``problems`` name the column and why."""

    row: int
    result: Result
    reason: str
    problems: tuple[Mapping[str, str], ...] = ()

    @property
    def why(self) -> tuple[str, ...]:
        """Sentences for the office: the problems', or why nothing of the row was kept."""
        if self.result == "passed-over":
            return (passed_over_because(self.reason),)
        return tuple(problem["text"] for problem in self.problems)

    def written(self) -> dict[str, Any]:
        return {
            "row": self.row,
            "result": self.result,
            "reason": self.reason,
            "why": list(self.why),
            "problems": list(self.problems),
        }


def row_answers(heard: Heard, table: Table | None) -> list[RowAnswer]:
    """One answer a row, in order, numbered as the file's own program shows it."""
    numbers = {row.index: row.number for row in table.rows} if table else {}
    return [_answer(item, numbers.get(item.index, item.index + 1)) for item in heard.items]


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


def refused_rows(heard: Heard, table: Table | None) -> str | None:
    """The refused rows of a table as CSV under the file's own headings; None where there are none or it is no table."""
    refused = {item.index for item in heard.items if item.verdict == "refused"}
    rows = [row for row in table.rows if row.index in refused] if table else []
    if table is None or not rows:
        return None
    columns = list(dict.fromkeys([*table.headings, *(name for row in table.rows for name in row.cells)]))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([safe_cell(table.headings.get(column, column)) for column in columns])
    writer.writerows([safe_cell(row.cells.get(column, "")) for column in columns] for row in rows)
    return out.getvalue()


def safe_cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe goes before what starts like one."""
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def _answer(item: Item, number: int) -> RowAnswer:
    problems = tuple(
        {"column": _column(problem.path), "code": problem.code, "text": _plain(problem.text)}
        for problem in item.problems
    )
    result: Result
    if item.verdict in ("refused", "passed-over"):
        result = "refused" if item.verdict == "refused" else "passed-over"
    else:
        result = "accepted-with-warnings" if problems else "accepted"
    return RowAnswer(number, result, item.reason, problems)


def _column(path: str | None) -> str:
    found = _COLUMN.search(path or "")
    return found[1] if found else ""


def _plain(text: str) -> str:
    """The sentence without our own names of field and profile: an office knows its columns, not our dictionary."""
    plain = _FOR_INTEGRATORS.sub("", text)
    return plain[:1].upper() + plain[1:]
