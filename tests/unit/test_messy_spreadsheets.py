"""Tables as offices' spreadsheets really write them: other locales, other programs, other headings."""

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest

from adapters.adapter import Feed, Reading, Submission
from adapters.coroner.adapter import ADAPTER
from adapters.coroner.handed_back import as_workbook
from adapters.headings import letter
from integration_engine.mapping.profile import load_profile
from integration_engine.record.notice import DeathNotice
from integration_engine.synthetic.person import invented_nhs_number

RECEIVED = datetime(2026, 4, 9, 12, tzinfo=UTC)
NHS = invented_nhs_number(1)
CASE = {
    "area": "avon",
    "reference": "7/26 A",
    "event": "REFERRED",
    "event_at": "10/03/2026",
    "family_name": "Sable",
    "date_of_birth": "09/05/2014",
    "date_of_death": "09/03/2026",
    "nhs_number": NHS,
}


def read(body: bytes) -> list[Reading]:
    return list(ADAPTER.read(Submission(body, RECEIVED), load_profile("coroner-case")))


def lines(*rows: Any, delimiter: str = ",", charset: str = "utf-8") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode(charset)


def one(**also: str) -> Reading:
    row = CASE | also
    (reading,) = read(lines(row, row.values()))
    return reading


def notice(**also: str) -> DeathNotice:
    return one(**also).notices[0]


def told(reading: Reading) -> list[tuple[str, str]]:
    return [(problem.code, problem.text) for problem in reading.all_problems]


def test_between_semicolons_an_address_may_be_full_of_commas() -> None:
    row = CASE | {
        "address": "Flat 2, The Old Mill, Mill Lane, Lower Example, near Reading, Berkshire, England, RG1 2LU"
    }
    (reading,) = read(lines(row, row.values(), delimiter=";", charset="cp1252"))
    address = reading.notices[0].child.addresses[0]
    assert (address.lines[0], address.postcode) == ("Flat 2", "RG1 2LU")
    assert ADAPTER.recognises(lines(row, row.values(), delimiter=";"))


def test_a_title_with_many_commas_stands_above_semicolons() -> None:
    title = ["Cases, made on Monday, by A, B, C, D, E, F, G, H and I"]
    (reading,) = read(lines(title, CASE, CASE.values(), delimiter=";"))
    assert reading.verdict == "notice"


@pytest.mark.parametrize("error", ["########", "#NV", "#BEZUG!", "#WERT!", "#NAME?", "Err:502", "#n/a"])
def test_what_any_spreadsheet_shows_for_nothing_is_no_name(error: str) -> None:
    reading = one(family_name=error)
    assert [(p.code, p.path) for p in reading.all_problems] == [("error-value", "row 2, column family_name")]


@pytest.mark.parametrize("form", ["json", "xml"])
def test_a_program_that_passes_a_spreadsheets_error_on_is_told_too(form: str) -> None:
    said = CASE | {"family_name": "#N/A"}
    elements = "".join(f"<{name}>{text}</{name}>" for name, text in said.items())
    body = json.dumps([said]) if form == "json" else f"<cases><case>{elements}</case></cases>"
    (reading,) = read(body.encode())
    assert [problem.code for problem in reading.all_problems] == ["error-value"]
    assert str(reading.all_problems[0].path).endswith("family_name")


def test_a_reference_that_begins_with_a_hash_is_one() -> None:
    told_by = notice(reference="#1234").coroner
    assert told_by is not None
    assert told_by.reference == "#1234"


@pytest.mark.parametrize(
    "written", [f"{NHS}.0", f'="{NHS}"', f"'{NHS}", f"\u200b{NHS}", f"{NHS[:3]} {NHS[3:6]} {NHS[6:]}"]
)
def test_an_nhs_number_is_read_however_a_spreadsheet_keeps_it_whole(written: str) -> None:
    assert notice(nhs_number=written).child.nhs_number == NHS


def test_a_number_that_a_spreadsheet_has_shortened_is_told_and_never_a_key() -> None:
    reading = one(nhs_number="9.99E+09")
    assert reading.notices[0].child.nhs_number is None
    ((code, text),) = told(reading)
    assert code == "nhs-number-invalid"
    assert "format the column as text" in text


@pytest.mark.parametrize("word", ["unknown", "Not known", "N/K", "n/a", "?", "-", "TBC", "00/00/0000"])
@pytest.mark.parametrize("column", ["date_of_birth", "date_of_death", "body_found_at", "inquest_opened_at"])
def test_a_day_that_nobody_knows_refuses_no_row(column: str, word: str) -> None:
    reading = one(**{column: word})
    assert (reading.verdict, told(reading)) == ("notice", [])


@pytest.mark.parametrize("word", ["soon", "31/02/2014", "09/05/14", "about May"])
def test_a_day_that_cannot_be_read_still_refuses_its_row(word: str) -> None:
    assert one(date_of_birth=word).verdict == "refused"


def test_what_nobody_sees_in_a_day_does_not_hide_it() -> None:
    assert notice(date_of_birth="\u200e09/\u200e05/\u200e2014\u00a0").child.birth_date == "2014-05-09"


@pytest.mark.parametrize(
    ("heading", "column"),
    [
        ("Date of Birth (dd/mm/yyyy)", "date_of_birth"),
        ("D.O.B. (DD.MM.YYYY)", "date_of_birth"),
        ("Surname (deceased)", "family_name"),
        ("Surname of the deceased", None),
        ("Surname (mother)", None),
        ("Family name / Surname", "family_name"),
        ("Date of birth (mother)", None),
        ("Ref. No.", "reference"),
        ("Case Reference Number", "reference"),
        ("Type of event *", "event"),
        ("Coroner's Area", "area"),
    ],
)
def test_headings_say_how_to_fill_them_in_and_never_lose_whose_they_are(heading: str, column: str | None) -> None:
    from integration_engine.mapping.columns import matched

    assert list(matched([heading], load_profile("coroner-case").columns)) == ([column] if column else [])


@pytest.mark.parametrize(
    ("heading", "age"), [("Age (years)", (3, "years")), ("Age in days", (3, "days")), ("Age (weeks)", (3, "weeks"))]
)
def test_a_bare_age_has_the_unit_of_its_heading(heading: str, age: tuple[int, str]) -> None:
    row = {name: said for name, said in CASE.items() if name != "date_of_birth"} | {heading: "3"}
    (reading,) = read(lines(row, row.values()))
    stated = reading.notices[0].child.age_at_death
    assert stated is not None
    assert (stated.value, stated.unit) == age


def test_a_column_that_is_not_read_is_told_by_its_letter() -> None:
    row = CASE | {"Officer": "x", "DOB": "10/05/2014"}
    (reading,) = read(lines(row, row.values()))
    assert told(reading) == [
        ("unknown-column", "column I: a heading that is not known; not read"),
        ("column-means-the-same", "column J: the same as column F; read only where that is empty"),
    ]
    assert reading.notices[0].child.birth_date == "2014-05-09"


def test_of_two_columns_that_mean_the_same_the_filled_one_counts() -> None:
    row = {"DOB": "10/05/2014"} | CASE | {"date_of_birth": "", "Surname": "Sable", "family_name": ""}
    (reading,) = read(lines(row, row.values()))
    child = reading.notices[0].child
    assert (child.birth_date, child.family_name) == ("2014-05-10", "Sable")


@pytest.mark.parametrize(("at", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_columns_are_called_as_a_spreadsheet_calls_them(at: int, name: str) -> None:
    assert letter(at) == name


def test_a_missing_column_is_told_with_the_headings_that_would_do() -> None:
    row = {("Refrence" if name == "reference" else name): said for name, said in CASE.items()}
    (reading,) = read(lines(row, row.values()))
    ((code, text),) = told(reading)
    assert code == "missing-column"
    assert "“reference”" in text
    assert "“case reference”" in text


def test_a_line_of_totals_is_told_to_be_none_of_the_cases() -> None:
    total = {"area": "Total", "nhs_number": "1"}
    rows = read(lines(CASE, CASE.values(), [total.get(name, "") for name in CASE], ["* days first"]))
    assert [row.verdict for row in rows] == ["notice", "refused", "refused"]
    for row in rows[1:]:
        ((code, text),) = told(row)
        assert code == "missing"
        assert "leave the row out" in text


@pytest.mark.parametrize(("day", "month_first"), [("05/23/2014", True), ("23/05/2014", False), ("05/09/2014", False)])
def test_a_file_whose_days_are_month_first_is_told_because_the_others_are_read_day_first(
    day: str, month_first: bool
) -> None:
    rows = read(lines(CASE, CASE.values(), (CASE | {"reference": "8/26", "date_of_birth": day}).values()))
    assert [problem.code for problem in rows[0].problems] == (["month-first"] if month_first else [])
    assert [row.verdict for row in rows] == ["notice", "refused" if month_first else "notice"]


def test_rows_that_a_quotation_mark_has_put_into_a_cell_are_not_lost_without_a_word() -> None:
    body = (
        b"area,reference,event,family_name,given_names\r\n"
        b'avon,1/26,REFERRED,"Smith,Ann\r\navon,2/26,REFERRED,Jones,Kit\r\navon,3/26,REFERRED,Venn",Tom\r\n'
        b"avon,4/26,REFERRED,Sable,Al\r\n"
    )
    first, second = read(body)
    assert (first.verdict, first.reason, second.verdict) == ("refused", "rows-in-a-cell", "notice")
    assert first.body is not None
    assert read(first.body)[0].reason == "rows-in-a-cell"


@pytest.mark.parametrize(
    "story", ["Referred, by police,\r\nthen, REFERRED, again, by, him", "One\n\nTwo, REFERRED\nOpen"]
)
def test_a_story_of_several_lines_is_no_row(story: str) -> None:
    assert one(narrative=story).verdict == "notice"


@pytest.mark.parametrize(
    "midnight", ["09/03/2026 00:00:00", "2026-03-09T00:00", "09/03/2026 0:00", "9 Mar 2026 12:00 AM"]
)
def test_midnight_behind_a_day_is_no_time_of_death(midnight: str) -> None:
    said = notice(date_of_death=midnight)
    assert (said.death.died_at, said.id) == ("2026-03-09", notice(date_of_death="2026-03-09").id)


def test_midnight_in_a_column_of_its_own_or_of_a_feed_that_means_it_is_a_time() -> None:
    assert notice(time_of_death="00:00").death.died_at == "2026-03-09T00:00+00:00"
    row = CASE | {"date_of_death": "09/03/2026 00:00"}
    feed = Feed("own", "avon", "coroner", "coroner-case", midnight_is_unknown=False)
    submission = Submission(lines(row, row.values()), RECEIVED, feed=feed)
    (reading,) = ADAPTER.read(submission, load_profile("coroner-case"))
    assert reading.notices[0].death.died_at == "2026-03-09T00:00+00:00"


def test_a_moment_of_death_at_midnight_is_read_as_a_day_and_told() -> None:
    reading = one(died_at="09/03/2026 00:00")
    assert reading.notices[0].death.died_at == "2026-03-09"
    assert [code for code, _ in told(reading)] == ["midnight-read-as-date"]


@pytest.mark.parametrize("reference", ["Jul-26", "7-Jul", "01/07/2026", "1-Jul-2026", "2026-07-01"])
def test_a_reference_that_excel_made_a_day_of_is_refused_in_a_csv_too(reference: str) -> None:
    reading = one(reference=reference)
    assert [(p.code, p.path) for p in reading.all_problems] == [("reference-is-a-day", "row 2, column reference")]


@pytest.mark.parametrize("reference", ["7-2026", "00412/2026", "26-0151", "OX-26-0142", "JUL/26/7", "Mar-1234567"])
def test_a_reference_that_only_looks_a_little_like_a_day_is_one(reference: str) -> None:
    assert one(reference=reference).verdict == "notice"


@pytest.mark.parametrize(
    ("table", "held"),
    [
        ("a,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]),
        ("sep=,\r\n<a,b\r\n1,2\r\n", [["<a", "b"], ["1", "2"]]),
        ("a\r\n", None),
        ('a\r\n"x\x0by"\r\n', [["a"], ["xy"]]),
        ("a\r\n" + "x" * 32_768 + "\r\n", None),
        ("a\r\n" + "x" * 200_000 + "\r\n", None),
        ("a\r\n" + "1\r\n" * 1001, None),
    ],
)
def test_rows_are_handed_back_as_a_workbook_where_it_holds_them_whole(table: str, held: list[list[str]] | None) -> None:
    book = as_workbook(table)
    if held is None:
        assert book is None
    else:
        assert book is not None
        sheet = openpyxl.load_workbook(io.BytesIO(book)).worksheets[0]
        assert [[cell.value for cell in line] for line in sheet.iter_rows()] == held
