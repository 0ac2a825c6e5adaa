"""Whatever file an office uploads, every row of it is answered and nothing raises; what goes back to it is read again."""

import csv
import io
import json
from datetime import datetime
from typing import Any

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.offices import HEADINGS, USUAL, coroner, member, with_member, workbook

WORDS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["avon", "REFERRED", "CONCLUDED", "suicide; neglect", "WITHDRAWN", "3", "days", "2026-03-09"]),
    st.sampled_from(["09/05/14", "31/02/2014", "46090", "2026-07-01", "#REF!", "=1+1", "'=1", "9" * 40, "23+2", "Y"]),
    st.sampled_from(['"', "a\nb", "\r", "\x00", "\ufeff", "\u2028", ";;;;;;", "sep=;", "RG1 2LU", "9991000003"]),
)


@st.composite
def rows_of_cells(draw: st.DrawFn) -> list[list[str]]:
    """A table as an office might have it: headings in any order, some of them twice or unknown, and rows of any width."""
    named = draw(st.lists(st.sampled_from([*HEADINGS, "Surname", "DOB", "colour", ""]), min_size=0, max_size=12))
    headings = [*USUAL, *named]
    rows = draw(st.lists(st.lists(WORDS, max_size=len(headings) + 1), max_size=5))
    above = draw(st.lists(st.lists(WORDS, max_size=3), max_size=2))
    return [*above, headings, list(USUAL.values()), *rows]


@settings(max_examples=200, deadline=None)
@given(rows_of_cells(), st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["utf-8", "utf-16", "cp1252"]))
def test_any_csv_is_answered(rows: list[list[str]], delimiter: str, charset: str) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    coroner(out.getvalue().encode(charset, "replace"))


@settings(max_examples=150, deadline=None)
@given(rows_of_cells(), st.data())
def test_damaged_csv_is_answered(rows: list[list[str]], data: st.DataObject) -> None:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    coroner(damaged(out.getvalue().encode(), data))


def damaged(body: bytes, data: st.DataObject) -> bytes:
    found = bytearray(body)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, max(0, len(found) - 1)))
        piece = st.one_of(st.binary(max_size=4), st.sampled_from([b'"', b",,,", b"\r\n", b"<", b"</row>", b"&x;"]))
        found[at : at + data.draw(st.integers(0, 6))] = data.draw(piece)
    return bytes(found)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_damaged_archive_is_answered(data: st.DataObject) -> None:
    coroner(damaged(workbook(), data))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["sheet1", "styles", "workbook", "workbook.xml.rels", "[Content_Types]"]),
    st.data(),
)
def test_a_workbook_with_a_damaged_member_is_answered(short: str, data: st.DataObject) -> None:
    coroner(with_member(short, damaged(member(short), data)))


CELLS = st.one_of(
    WORDS.map(lambda text: "".join(one for one in text if one.isprintable() or one == "\n")),
    st.integers(-(10**15), 10**15),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
    st.datetimes(datetime(1900, 3, 1), datetime(9999, 1, 1)),
    st.times(),
    st.timedeltas(),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(CELLS, max_size=12), max_size=5), st.booleans())
def test_any_workbook_is_answered(rows: list[list[Any]], mac: bool) -> None:
    book = openpyxl.Workbook()
    if mac:
        book.epoch = datetime(1904, 1, 1)
    sheet: Any = book.active
    sheet.append(HEADINGS)
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    coroner(out.getvalue())


ODD = st.one_of(WORDS, st.none(), st.booleans(), st.integers(-(10**14), 10**14), st.lists(WORDS, max_size=2))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.dictionaries(st.sampled_from([*HEADINGS, "x", ""]), ODD, max_size=8), ODD), max_size=4))
def test_any_json_is_answered(rows: list[Any]) -> None:
    coroner(json.dumps(rows).encode())


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_xml_is_answered(data: st.DataObject) -> None:
    case = "".join(f"<{name}>{value}</{name}>" for name, value in USUAL.items())
    coroner(damaged(f"<?xml version='1.0'?><cases><case>{case}</case></cases>".encode(), data))


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=80), st.binary(max_size=60).map(lambda some: b"PK\x03\x04" + some)))
def test_any_bytes_are_answered(body: bytes) -> None:
    coroner(body)
