"""Refused rows as a form, and the form as a file again: nothing of a row is lost or moved on the way."""

import csv
import io
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.adapter import Submission
from adapters.coroner.adapter import ADAPTER
from adapters.coroner.forms import table
from integration_engine.gateway.answers import Refusal
from integration_engine.gateway.corrections import MOST_ROWS, Corrections, corrections, form_as_csv
from integration_engine.gateway.intake import Heard
from integration_engine.gateway.rows import refused_rows, row_answers
from integration_engine.mapping.profile import load_profile

RECEIVED = datetime(2026, 4, 9, 12, tzinfo=UTC)
HEADINGS = ("Area", "Ref", "Event", "Event date", "Surname", "DOB", "Date of death", "Address")
ROW = ("avon", "7/26", "REFERRED", "2026-03-10", "Sable", "31/02/2014", "2026-03-09", "4 Quay Street")
PROFILE = load_profile("coroner-case")


def heard(body: bytes) -> Heard:
    return Heard(tuple(ADAPTER.read(Submission(body, RECEIVED), PROFILE)))


def sheet(*rows: tuple[str, ...], headings: tuple[str, ...] = HEADINGS) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([headings, *rows])
    return out.getvalue().encode()


def form(body: bytes) -> Corrections:
    said, rows = heard(body), table(body, PROFILE.columns)
    made = corrections(said, rows, row_answers(said, rows))
    assert made is not None
    return made


def filled(made: Corrections, **changes: str) -> bytes:
    """What a browser sends of a form, some of its fields changed by their labels."""
    fields = [("form", "x"), *(("heading", heading) for heading in made.headings)]
    for row in made.rows:
        fields += [
            (cell.id, changes.get(cell.label.replace(" ", "_"), cell.value)) for cell in (*row.cells, *row.beyond)
        ]
    return urlencode(fields).encode()


def test_the_field_that_is_wrong_says_why_and_the_others_are_filled_in() -> None:
    (row,) = form(sheet(ROW, (*ROW[:5], "2014-02-28", *ROW[6:]))).rows
    assert row.number == 2
    assert [(cell.label, cell.value) for cell in row.cells if cell.wrong] == [("DOB", "31/02/2014")]
    assert {cell.label: cell.value for cell in row.cells} == dict(zip(HEADINGS, ROW, strict=True))


def test_the_corrected_form_is_a_file_whose_rows_are_taken() -> None:
    said, body = form_as_csv(filled(form(sheet(ROW)), DOB="28/02/2014"))
    assert (said, heard(body).verdict) == ("x", "notice")


def test_a_column_that_the_file_lacks_can_be_filled_in() -> None:
    made = form(sheet(ROW[1:], headings=HEADINGS[1:]))
    assert [cell.label for cell in made.rows[0].cells if cell.wrong] == ["DOB", "area"]
    _, body = form_as_csv(filled(made, DOB="28/02/2014", area="avon"))
    assert heard(body).verdict == "notice"


def test_what_stood_beyond_the_headings_refuses_the_row_until_it_is_moved() -> None:
    body = sheet((*ROW[:4], "Sable", "Ann", *ROW[5:]))
    _, again = form_as_csv(filled(form(body)))
    assert [reading.reason for reading in heard(again).readings] == ["too-many-cells"]
    corrected = refused_rows(heard(body), table(body, PROFILE.columns))
    assert corrected is not None
    assert [reading.reason for reading in heard(corrected.encode()).readings] == ["too-many-cells"]


def test_a_row_that_cannot_be_taken_apart_comes_back_whole() -> None:
    body = sheet(ROW) + b'avon,"8/26,REFERRED,Sable'
    (_, broken) = form(body).rows
    assert [cell.value for cell in broken.beyond] == ['avon,"8/26,REFERRED,Sable']
    corrected = refused_rows(heard(body), table(body, PROFILE.columns))
    assert corrected is not None
    assert [reading.verdict for reading in heard(corrected.encode()).readings] == ["refused", "refused"]


def test_a_row_whose_fields_are_emptied_is_left_out() -> None:
    made = form(sheet(ROW, (ROW[0], "8/26", *ROW[2:])))
    fields = [("form", "x"), *(("heading", heading) for heading in made.headings)]
    fields += [(cell.id, cell.value if row.number == 3 else " ") for row in made.rows for cell in row.cells]
    _, body = form_as_csv(urlencode(fields).encode())
    assert [row.cells["reference"] for row in table(body, PROFILE.columns).rows] == ["8/26"]


@pytest.mark.parametrize("body", [b"", b"form=x&heading=Area", b"\xff", b"a" * 10, b"form=x&cell-1-0=v", b"&&&"])
def test_a_form_that_is_none_of_ours_or_empty_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal) as refusal:
        form_as_csv(body)
    assert refusal.value.status == 400


def test_more_rows_than_anybody_corrects_in_a_page_are_no_form() -> None:
    body = sheet(*[(ROW[0], f"{n}/26", *ROW[2:]) for n in range(MOST_ROWS + 1)])
    said, rows = heard(body), table(body, PROFILE.columns)
    assert corrections(said, rows, row_answers(said, rows)) is None


def test_rows_of_json_and_xml_are_corrected_under_the_published_names() -> None:
    body = b'[{"area": "avon", "reference": "7/26", "event": "REFERRED", "date_of_birth": "31/02/2014"}]'
    made = form(body)
    assert list(made.headings) == ["area", "reference", "event", "date_of_birth"]
    _, again = form_as_csv(filled(made, date_of_birth="28/02/2014"))
    assert heard(again).verdict == "notice"


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)


@given(CELLS, CELLS)
def test_whatever_a_refused_row_says_it_says_the_same_after_the_form(surname: str, address: str) -> None:
    body = sheet((*ROW[:4], surname, *ROW[5:7], address))
    before = table(body, PROFILE.columns).rows[0].cells
    _, again = form_as_csv(filled(form(body)))
    assert table(again, PROFILE.columns).rows[0].cells == before


@given(CELLS, CELLS)
def test_whatever_a_refused_row_says_it_says_the_same_after_the_download(surname: str, address: str) -> None:
    body = sheet((*ROW[:4], surname, *ROW[5:7], address))
    before = table(body, PROFILE.columns).rows[0].cells
    corrected = refused_rows(heard(body), table(body, PROFILE.columns))
    assert corrected is not None
    assert table(corrected.encode("utf-8-sig"), PROFILE.columns).rows[0].cells == before
