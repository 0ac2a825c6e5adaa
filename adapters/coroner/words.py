"""The words that an office may write, column by column, and empty tables to fill in: what the upload page hands out.

A template has headings and no example row: an example left in would be somebody's death.
"""

import csv
import io
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from adapters.coroner.forms import DATES
from integration_engine.mapping import codes
from integration_engine.mapping.profile import load_profile
from integration_engine.record.codes import AgeUnit, CoronerStage, Restriction

PROFILE = "coroner-case"
_LAST_ROW = 1_000
"""Cells down to this row offer their words as a list; rows below are read all the same."""
_WIDE = 24
_SAID = {
    "area": "The coroner area's name; leave it out where the token is one area's own",
    "reference": "Your own reference of the case",
    "event": "What has happened in the case",
    "event_at": "When: a row with a later day counts more",
    "nhs_number": "Ten digits; spaces are fine",
    "conclusion": "Several stand between semicolons; neglect only beside another",
    "age": "Where the date of birth isn't known: 3 days, or a number here and its unit in age_unit",
    "postcode": "Of the home: it decides whose case it is",
    "lad_of_death": "ONS code of the district of the death, such as E07000178",
    "transferred_to": "The other coroner area",
    "transferred_from": "The other coroner area",
}
_OF_A_DAY = "2026-04-03 or 03/04/2026, which is 3 April; a time may follow"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, what to write, and its allowed words, each with its other spellings."""

    name: str
    said: str
    words: Mapping[str, Sequence[str]]

    @property
    def listed(self) -> bool:
        return bool(self.words)


@cache
def columns() -> tuple[Column, ...]:
    """Every column of `coroner-case/1`, in the order of a template."""
    return tuple(
        Column(name, _SAID.get(name, _OF_A_DAY if name in DATES else ""), _words(name))
        for name in load_profile(PROFILE).columns
    )


def _words(column: str) -> Mapping[str, Sequence[str]]:
    match column:
        case "event":
            return _table("coroner-event", typing.get_args(CoronerStage))
        case "conclusion":
            return _table("conclusion")
        case "sex":
            return {"F": ("female", "girl", "2"), "M": ("male", "boy", "1"), "U": ("unknown", "0", "X"), "I": ("9",)}
        case "age_unit":
            return {unit: () for unit in typing.get_args(AgeUnit) if unit != "minutes"}
        case "restricted":
            return dict.fromkeys(typing.get_args(Restriction), ())
        case "live_birth":
            return {"Y": ("yes",), "N": ("no",)}
        case _:
            return {}


def _table(name: str, order: Sequence[str] = ()) -> Mapping[str, Sequence[str]]:
    """A code table by what its codes mean: the meaning's own spelling, then every other."""
    spelt: dict[str, list[str]] = {word: [] for word in order}
    for code, meaning in codes.load(name).codes.items():
        others = spelt.setdefault(meaning, [])
        if code != meaning:
            others.append(code)
    return spelt


def empty_csv() -> bytes:
    """The headings alone, as a CSV that Excel opens in the right charset."""
    return _csv([[column.name for column in columns()]])


def words_csv() -> bytes:
    """Every column with what to write and its allowed words, one word a row."""
    return _csv([("Column", "What to write", "Word", "Read the same"), *_rows_of_words()])


def _rows_of_words() -> Iterator[Sequence[str]]:
    for column in columns():
        if not column.listed:
            yield column.name, column.said, "", ""
        for word, others in column.words.items():
            yield column.name, column.said, word, ", ".join(others)


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def empty_workbook() -> bytes:
    """A workbook to fill in: every cell is text, so that no spreadsheet makes a day of a reference or turns a day round;
    columns with allowed words offer them. The words stand on a second sheet."""
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    cases: Any = book.active
    cases.title = "Cases"
    words = book.create_sheet("Words")
    words.append(("Column", "What to write", "Word", "Read the same"))
    for row in _rows_of_words():
        words.append(row)
    cases.append([column.name for column in columns()])
    for at, column in enumerate(columns(), start=1):
        letter = get_column_letter(at)
        cases.column_dimensions[letter].width = _WIDE
        cases.column_dimensions[letter].number_format = "@"
        cases.cell(1, at).font = Font(bold=True)
        if column.listed:
            first = 2 + next(i for i, row in enumerate(_rows_of_words()) if row[0] == column.name)
            listed = DataValidation("list", f"Words!$C${first}:$C${first + len(column.words) - 1}", allow_blank=True)
            # A list that helps; what else an office writes is read by its spelling, or refused with the reason.
            listed.showErrorMessage = False
            cases.add_data_validation(listed)
            listed.add(f"{letter}2:{letter}{_LAST_ROW}")
    for sheet in (cases, words):
        sheet.freeze_panes = "A2"
    for letter, width in zip("ABCD", (28, 60, 26, 80), strict=True):
        words.column_dimensions[letter].width = width
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
