"""The templates an office fills in: their headings and words are those that are read."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest

from adapters.adapter import Submission
from adapters.coroner.adapter import ADAPTER
from adapters.coroner.words import columns, empty_csv, empty_workbook, words_csv
from integration_engine.mapping import codes
from integration_engine.mapping.profile import load_profile

RECEIVED = datetime(2026, 4, 9, 12, tzinfo=UTC)
FILLED = {
    "area": "avon",
    "reference": "7-2026",
    "event": "REFERRED",
    "event_at": "10/03/2026",
    "family_name": "Sable",
    "date_of_birth": "09/05/2014",
    "date_of_death": "09/03/2026",
}


def reasons(body: bytes) -> list[str]:
    return [reading.reason for reading in ADAPTER.read(Submission(body, RECEIVED), load_profile("coroner-case"))]


@pytest.mark.parametrize("made", [empty_csv, empty_workbook])
def test_an_empty_template_is_nobodys_death(made: Any) -> None:
    assert reasons(made()) == ["no-rows"]


def test_a_filled_template_is_read() -> None:
    out = io.StringIO()
    names = next(csv.reader(io.StringIO(empty_csv().decode("utf-8-sig"))))
    csv.writer(out).writerows([names, [FILLED.get(name, "") for name in names]])
    assert reasons(out.getvalue().encode()) == ["death"]
    book = openpyxl.load_workbook(io.BytesIO(empty_workbook()))
    for at, name in enumerate(names, start=1):
        book["Cases"].cell(2, at).value = FILLED.get(name)
    saved = io.BytesIO()
    book.save(saved)
    assert reasons(saved.getvalue()) == ["death"]


def test_the_workbook_keeps_what_is_typed_as_text_and_offers_the_words() -> None:
    book = openpyxl.load_workbook(io.BytesIO(empty_workbook()))
    cases, words = book["Cases"], book["Words"]
    assert {dimension.number_format for dimension in cases.column_dimensions.values()} == {"@"}
    offered = {}
    for listed in cases.data_validations.dataValidation:
        column = cases.cell(1, next(iter(listed.sqref.ranges)).min_col).value
        offered[column] = [cell.value for (cell,) in words[listed.formula1.partition("!")[2].replace("$", "")]]
    assert offered == {column.name: list(column.words) for column in columns() if column.listed}


def test_every_word_and_spelling_is_one_that_is_read() -> None:
    tables = {"event": "coroner-event", "conclusion": "conclusion", "sex": "sex"}
    for column in columns():
        table = codes.load(tables[column.name]) if column.name in tables else None
        for word, others in column.words.items():
            for spelling in (word, *others):
                assert table is None or table.get(spelling) == table.get(word) is not None


def test_a_word_of_the_other_columns_is_read_without_a_warning() -> None:
    for column in columns():
        for word in column.words:
            row = FILLED | {"age": "3", "age_unit": "days"} | {column.name: word}
            out = io.StringIO()
            csv.writer(out).writerows([list(row), list(row.values())])
            (reading,) = ADAPTER.read(Submission(out.getvalue().encode(), RECEIVED), load_profile("coroner-case"))
            assert [p.code for p in reading.all_problems] in ([], ["neglect-alone"]), (column.name, word)


def test_the_words_are_a_table_that_says_every_column() -> None:
    rows = list(csv.DictReader(io.StringIO(words_csv().decode("utf-8-sig"))))
    assert list(dict.fromkeys(row["Column"] for row in rows)) == list(load_profile("coroner-case").columns)
    assert {row["Word"] for row in rows if row["Column"] == "event"} >= {"REFERRED", "WITHDRAWN"}
