"""A file's answer row by row: what became of each row, and the refused rows as a CSV that a spreadsheet opens safely."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.adapter import Feed, Item, passed_over_because
from adapters.coroner.forms import NEEDED
from adapters.excerpt import csv_of
from adapters.formulas import safe_cell
from adapters.tables import Row, Table
from integration_engine.gateway.intake import Heard
from integration_engine.gateway.shapes import Result, RowCounts, RowProblem, ToldRow
from integration_engine.record.notice import Problem

# What a mapping says to whoever writes profiles: "child.birth_date: no such date (profile coroner-case)"; and a column's own
# name, which stands beside the sentence.
_FOR_INTEGRATORS = re.compile(
    r"^[a-z_]+(?:\.[a-z_]+)+: |^[a-z]+(?:_[a-z]+)+: |, found \d+ [^()]*(?= \(profile|$)| \(profile [\w.-]+\)$"
)
_IN_AN_OFFICES_WORDS = {"unknown-code": "Not one of the allowed words: choose one from the list of columns and words"}
# What to do about it, where saying what is wrong doesn't say that already.
_WHAT_TO_WRITE = {
    "bad-date": "write the day first, 03/04/2026 for 3 April, or 2026-04-03",
    "two-digit-year": "write it as 03/04/2026",
    "bad-time": "write it as 16:10",
    "not-an-age": "write it as 3 days, 11 months or 7 years",
    "not-yes-no": "write Y or N",
}
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
    problems: tuple[RowProblem, ...] = ()

    @property
    def why(self) -> tuple[str, ...]:
        """Sentences for the office: the problems', or why nothing of the row was kept."""
        if self.result == "passed-over":
            return (passed_over_because(self.reason),)
        return tuple(problem["text"] for problem in self.problems)

    def written(self) -> ToldRow:
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


def counts(rows: Sequence[RowAnswer]) -> RowCounts:
    """How many rows ended how."""
    by = [row.result for row in rows]
    warnings = by.count("accepted-with-warnings")
    return {
        "accepted": by.count("accepted") + warnings,
        "warnings": warnings,
        "passed_over": by.count("passed-over"),
        "refused": by.count("refused"),
    }


def refused(heard: Heard, table: Table | None) -> list[Row]:
    """The refused rows of a table, in order."""
    indices = {item.index for item in heard.items if item.verdict == "refused"}
    return [row for row in table.rows if row.index in indices] if table else []


def columns_of(heard: Heard, table: Table, rows: Sequence[Row]) -> dict[str, str]:
    """What a file of these rows needs as columns, in the file's own words: ``{canonical: heading}``. Those it has, and those
    that it lacks and a row was refused for."""
    names = dict.fromkeys([*(table.headings or ("area", *NEEDED)), *(name for row in rows for name in row.cells)])
    columns = {name: table.headings.get(name, name) for name in names}
    problems = (problem for item in heard.items if item.verdict == "refused" for problem in item.problems)
    told = dict.fromkeys(name for problem in problems if (name := _column(problem.path)))
    return columns | {name: name for name in told if name not in columns.values()}


def refused_rows(heard: Heard, table: Table | None) -> str | None:
    """The refused rows of a table as CSV under the file's own headings; None where there are none or it is no table.

    What stood beyond the headings goes on standing there: such a row is refused until somebody has put it in its place.
    """
    rows = refused(heard, table)
    if table is None or not rows:
        return None
    columns = columns_of(heard, table, rows)
    cells = [[*(row.cells.get(column, "") for column in columns), *row.beyond] for row in rows]
    return csv_of([[safe_cell(cell) for cell in line] for line in [list(columns.values()), *cells]]).decode()


def answer_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """What became of each row, as a CSV for the office's own file."""
    lines = [
        [
            str(row["row"]),
            row["result"],
            "; ".join(problem["column"] for problem in row["problems"]),
            "; ".join(row["why"]),
        ]
        for row in rows
    ]
    return csv_of(
        [["Row", "Result", "Column", "Why"], *([safe_cell(cell) for cell in line] for line in lines)]
    ).decode()


def in_an_offices_words(written: Mapping[str, str]) -> str:
    """A problem as it was kept of a refused row, in the words that its office was told at once."""
    return _plain(Problem(code=written["code"], text=written["text"]))


def _answer(item: Item, number: int) -> RowAnswer:
    problems = tuple(
        RowProblem(column=_column(problem.path), code=problem.code, text=_plain(problem)) for problem in item.problems
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


def _plain(problem: Problem) -> str:
    """The sentence without our own names of field, profile and table, and what to do: an office knows its columns, not our
    dictionary."""
    plain = _IN_AN_OFFICES_WORDS.get(problem.code) or _FOR_INTEGRATORS.sub("", problem.text)
    todo = _WHAT_TO_WRITE.get(problem.code)
    return plain[:1].upper() + plain[1:] + (f": {todo}" if todo else "")
