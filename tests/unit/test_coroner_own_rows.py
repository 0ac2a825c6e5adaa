"""A coroner's row by itself: what is kept or laid aside of it says what it said in its file, and nothing of another row."""

import csv
import io
import json
import random
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest

from adapters import registry
from adapters.adapter import Reading, Submission

RECEIVED = datetime(2026, 4, 9, 12, tzinfo=UTC)
COLUMNS = ("area", "reference", "event", "event_at", "family_name", "given_names", "date_of_birth", "narrative")
DEAD = ("avon", "7-2026", "REFERRED", "2026-03-10", "Fenwickson", "Zoë", "2014-05-09", "")
ADULT = ("avon", "8-2026", "REFERRED", "2026-03-10", "Grownman", "Ned", "1950-01-01", "")
WRONG_DATE = ("avon", "9-2026", "REFERRED", "2026-03-10", "Pettigrewe", "Ida", "31/02/2016", "")
TAKEN_BACK = (
    "avon",
    "10-2026",
    "WITHDRAWN",
    "2026-03-11",
    "Ashdownly",
    "Kit",
    "2015-05-09",
    "one; two\nthree; four | 5",
)
NO_EVENT = ("avon", "11-2026", "", "2026-03-10", "Quarrystone", "Bo", "2016-01-02", "")
ROWS = (DEAD, ADULT, WRONG_DATE, TAKEN_BACK, NO_EVENT)
NAMES = tuple(row[4] for row in ROWS)


def as_csv(delimiter: str, charset: str, *, title: str = "") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([COLUMNS, *ROWS])
    return (title + out.getvalue()).encode(charset)


def as_xlsx() -> bytes:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for row in (COLUMNS, *ROWS):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def as_json() -> bytes:
    return json.dumps({"cases": [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]}).encode()


def as_xml() -> bytes:
    cases = (
        "".join(f"<{name}>{value}</{name}>" for name, value in zip(COLUMNS, row, strict=True) if value) for row in ROWS
    )
    return f"<cases>{''.join(f'<case>{case}</case>' for case in cases)}</cases>".encode()


FILES = {
    "csv": (as_csv(",", "utf-8"), "text/csv"),
    "csv from Excel": (as_csv(";", "utf-16"), "text/csv"),
    "old csv under a title": (as_csv("\t", "cp1252", title="Cases\r\n\r\n"), "text/csv"),
    "xlsx": (as_xlsx(), "text/csv"),
    "json": (as_json(), "application/json"),
    "xml": (as_xml(), "application/xml"),
}


def read(body: bytes, kind: str | None = "coroner") -> list[Reading]:
    return list(registry.read(Submission(body, RECEIVED), kind))


def alone(reading: Reading, kind: str | None = "coroner") -> Reading:
    assert reading.body is not None
    (again,) = read(reading.body, kind)
    return again


@pytest.mark.parametrize("form", FILES)
def test_a_row_read_alone_comes_to_what_it_came_to_in_its_file(form: str) -> None:
    body, body_type = FILES[form]
    kept = [reading for reading in read(body) if reading.verdict != "passed-over"]
    assert [reading.verdict for reading in kept] == ["notice", "refused", "retraction", "refused"]
    for reading in kept:
        again = alone(reading, None)
        assert (again.index, again.verdict, again.reason) == (0, reading.verdict, reading.reason)
        assert again.content_hash == reading.content_hash
        assert [notice.id for notice in again.notices] == [notice.id for notice in reading.notices]
        assert [notice.submission for notice in again.notices] == [notice.submission for notice in reading.notices]
        assert str(reading.body_type).startswith(body_type)


@pytest.mark.parametrize("form", FILES)
def test_a_rows_own_file_names_nobody_else(form: str) -> None:
    for reading in read(FILES[form][0]):
        said = (reading.body or b"").decode()
        own = {name for name in NAMES if name in said}
        assert own == (set() if reading.verdict == "passed-over" else {NAMES[reading.index]})


def test_a_refused_row_stands_in_row_two_of_its_own_table() -> None:
    wrong = next(reading for reading in read(FILES["xlsx"][0]) if reading.reason == "bad-date")
    assert [problem.path for problem in wrong.all_problems] == ["row 4, column date_of_birth"]
    assert [problem.path for problem in alone(wrong).all_problems] == ["row 2, column date_of_birth"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('avon,"12-2026,REFERRED,2026-03-10,Broken', "bad-quoting"),
        ('avon,"12-2026"x,REFERRED,2026-03-10,Broken', "bad-quoting"),
        ("avon,12-2026,REFERRED,2026-03-10,A,B,2016-01-02,,over", "too-many-cells"),
    ],
)
def test_a_row_that_cannot_be_taken_apart_is_refused_alike_alone(delimiter: str, line: str, code: str) -> None:
    body = as_csv(delimiter, "utf-8") + line.replace(",", delimiter).encode() + b"\r\n"
    *_, spoilt = read(body)
    again = alone(spoilt, None)
    assert (spoilt.reason, again.reason, again.content_hash) == (code, code, spoilt.content_hash)
    assert not any(name in (spoilt.body or b"").decode() for name in NAMES)
    assert alone(again).body == again.body


def test_members_that_are_no_text_and_deep_nesting_are_refused_alike_alone() -> None:
    listed = b'[{"area": "avon", "reference": 5, "event": ["x"]}, 7]'
    nested = b"<cases><case><area>avon</area>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</case><row/></cases>"
    for body in (listed, nested):
        for reading in read(body):
            assert (reading.reason, alone(reading).reason) == ("wrong-type", "wrong-type")
            assert alone(reading).content_hash == reading.content_hash


def test_headings_that_are_not_read_stand_alone_only_where_the_row_has_something_there() -> None:
    wide = ["area", "reference", "event", "family_name", *(f"local {n}" for n in range(40))]
    rows = [["avon", "1", "REFERRED", "A", "mine"], ["avon", "2", "REFERRED", "B"]]
    out = io.StringIO()
    csv.writer(out).writerows([wide, *rows])
    one, other = read(out.getvalue().encode())
    assert (one.body or b"").splitlines()[0] == b"area,reference,event,family_name,local 0"
    assert (other.body or b"").splitlines()[0] == b"area,reference,event,family_name"


def test_any_text_in_any_cell_comes_back_as_it_was() -> None:
    chance = random.Random(7)
    signs = 'ab ;,|\t"\n\r\u2028é=+'
    for _ in range(200):
        rows = [
            [*DEAD[:4], *("".join(chance.choices(signs, k=chance.randrange(9))) for _ in range(4))] for _ in range(3)
        ]
        out = io.StringIO()
        csv.writer(out).writerows([COLUMNS, *rows])
        for reading in read(out.getvalue().encode()):
            if reading.verdict != "passed-over":
                again = alone(reading)
                assert (again.reason, again.content_hash) == (reading.reason, reading.content_hash)


@pytest.mark.parametrize("mark", ["<", "[", "{"])
def test_a_heading_that_begins_as_another_form_does_makes_no_other_form_of_the_rows_own_file(mark: str) -> None:
    (reading,) = read(f"Cases\r\n{mark}reference,event,event_at,area\r\n7/26,REFERRED,2026-03-10,avon\r\n".encode())
    assert reading.body is not None
    (alone,) = read(reading.body)
    assert alone.notices[0].model_dump() == reading.notices[0].model_dump()
