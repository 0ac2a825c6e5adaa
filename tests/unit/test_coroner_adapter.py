"""Coroners' case events: every row answered by itself, in any form of file, and hostile files refused."""

import csv
import io
import json
import zipfile
from datetime import UTC, datetime, time
from typing import Any

import openpyxl
import pytest

from adapters.adapter import MOST_BYTES_OF_OFFICES, Reading, Submission
from adapters.coroner.adapter import ADAPTER
from adapters.coroner.case_row import areas
from integration_engine.mapping.profile import load_profile

RECEIVED = datetime(2026, 4, 9, 12, tzinfo=UTC)
ROW = {
    "area": "avon",
    "reference": "7-2026",
    "event": "REFERRED",
    "event_at": "2026-03-10",
    "family_name": "O'Connell",
    "given_names": "Zoë May",
    "date_of_birth": "2014-05-09",
    "date_of_death": "2026-03-09",
}


def read(body: bytes, **also: Any) -> list[Reading]:
    return list(ADAPTER.read(Submission(body, RECEIVED, **also), load_profile("coroner-case")))


def table(*rows: dict[str, str], delimiter: str = ",", charset: str = "utf-8") -> bytes:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode(charset)


def one(**also: str) -> Reading:
    (reading,) = read(table({**ROW, **also}))
    return reading


def workbook(*rows: list[Any], hidden_first: bool = False) -> bytes:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    if hidden_first:
        sheet.sheet_state = "hidden"
        sheet = book.create_sheet("cases")
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_rows_are_answered_one_by_one_and_good_ones_go_in() -> None:
    readings = read(
        table(
            ROW,
            {**ROW, "reference": "8-2026", "date_of_birth": "09/05/14"},
            {**ROW, "reference": "9-2026", "date_of_birth": "1950-01-01"},
            {**ROW, "reference": "10-2026", "event": "WITHDRAWN"},
        )
    )
    assert [(reading.index, reading.verdict, reading.reason) for reading in readings] == [
        (0, "notice", "death"),
        (1, "refused", "two-digit-year"),
        (2, "passed-over", "scope.adult"),
        (3, "retraction", "withdrawn"),
    ]
    assert [problem.path for problem in readings[1].all_problems] == ["row 3, column date_of_birth"]
    assert "Connell" not in repr(readings[2])


@pytest.mark.parametrize(
    "body",
    [
        table(ROW, delimiter=";"),
        table(ROW, delimiter="\t"),
        table(ROW, charset="cp1252"),
        table(ROW, charset="utf-16"),
        b"\xef\xbb\xbf" + table(ROW),
        b"sep=;\n" + table(ROW, delimiter=";"),
        b"Export of cases\n\n" + table(ROW),
        json.dumps([ROW]).encode(),
        json.dumps({"cases": [ROW]}).encode(),
        ("<cases><case>" + "".join(f"<{k}>{v}</{k}>" for k, v in ROW.items()) + "</case></cases>").encode(),
        workbook(list(ROW), list(ROW.values())),
        workbook(list(ROW), [datetime.fromisoformat(v) if k.startswith("date") else v for k, v in ROW.items()]),
        workbook(list(ROW), list(ROW.values()), hidden_first=True),
        table({**ROW, "date_of_birth": "09/05/2014", "date_of_death": "9 March 2026", "event_at": "10/03/2026"}),
        table(dict(reversed(list(ROW.items())))),
    ],
)
def test_the_same_row_is_the_same_notice_in_any_form_of_file(body: bytes) -> None:
    (reading,) = read(body)
    (notice,) = reading.notices
    assert notice.id == read(table(ROW))[0].notices[0].id
    assert notice.child.given_names == ("Zoë", "May")
    assert notice.child.birth_date == "2014-05-09"
    assert reading.content_hash == read(table(ROW))[0].content_hash


def test_quoted_newlines_and_delimiters_stay_in_their_cell() -> None:
    reading = one(address='Flat "2"\nHigh Street, Bristol, BS1 1AA', notes="a;b,c")
    address = reading.notices[0].child.addresses[0]
    assert (address.lines, address.postcode) == (('Flat "2"', "High Street", "Bristol"), "BS1 1AA")


def test_a_charset_that_had_to_be_guessed_is_told_with_the_first_row() -> None:
    first, second = read(table(ROW, {**ROW, "reference": "2"}, charset="cp1252"))
    assert [problem.code for problem in first.problems] == ["read-as-windows-1252"]
    assert second.problems == ()


def test_a_row_given_twice_is_one_notice_and_told() -> None:
    first, again = read(table(ROW, ROW))
    assert first.notices[0].id == again.notices[0].id
    assert [problem.code for problem in again.all_problems] == ["duplicate-row"]


@pytest.mark.parametrize(
    ("change", "code", "column"),
    [
        ({"date_of_death": "09/03/26"}, "two-digit-year", "date_of_death"),
        ({"date_of_birth": "31/02/2014"}, "bad-date", "date_of_birth"),
        ({"event_at": "soon"}, "bad-date", "event_at"),
        ({"event": "PONDERED"}, "unknown-code", "event"),
        ({"event": ""}, "missing", "event"),
        ({"reference": " "}, "missing", "reference"),
        ({"area": ""}, "missing", "area"),
        ({"conclusion": "suicide; magic"}, "unknown-code", "conclusion"),
        ({"date_of_death": "2026-04-11"}, "date-in-future", "date_of_death"),
        ({"date_of_birth": "2027-04-11"}, "date-in-future", "date_of_birth"),
    ],
)
def test_a_row_is_refused_with_the_column_and_the_reason(change: dict[str, str], code: str, column: str) -> None:
    reading = one(**change)
    assert (reading.verdict, reading.reason) == ("refused", code)
    assert [problem.path for problem in reading.all_problems] == [f"row 2, column {column}"]
    assert "magic" not in repr(reading.all_problems)


@pytest.mark.parametrize(
    ("change", "code", "column"),
    [
        ({"conclusion": "neglect"}, "neglect-alone", "conclusion"),
        ({"nhs_number": "9990000019"}, "nhs-number-invalid", "nhs_number"),
        ({"postcode": "nowhere"}, "postcode-invalid", "postcode"),
        ({"sex": "Q"}, "unknown-code", "sex"),
        ({"age": "young"}, "not-an-age", "age"),
        ({"time_of_death": "late"}, "bad-time", "time_of_death"),
        ({"event_at": "2026-06-01"}, "date-in-future", "event_at"),
        ({"event_at": ""}, "missing", "event_at"),
        ({"date_of_death": "2013-01-01"}, "death-before-birth", "date_of_death"),
        ({"area": "Ruritania"}, "unknown-area", "area"),
    ],
)
def test_a_row_is_accepted_with_a_warning(change: dict[str, str], code: str, column: str) -> None:
    reading = one(**change)
    assert reading.verdict == "notice"
    assert [(problem.code, problem.path) for problem in reading.all_problems] == [(code, f"row 2, column {column}")]


@pytest.mark.parametrize(
    ("age", "unit", "birth", "verdict"),
    [
        ("3", "days", "", "notice"),
        ("17", "years", "", "notice"),
        ("18", "years", "", "passed-over"),
        ("41", "years", "", "passed-over"),
        ("215", "months", "", "notice"),
        ("11 years", "", "", "notice"),
        ("45", "", "", "notice"),
        ("", "", "", "notice"),
        ("", "", "2008", "notice"),
        ("", "", "2007", "passed-over"),
    ],
)
def test_only_certain_adults_are_passed_over(age: str, unit: str, birth: str, verdict: str) -> None:
    assert one(age=age, age_unit=unit, date_of_birth=birth).verdict == verdict


def test_a_time_of_death_beside_its_day_is_one_moment() -> None:
    assert one(time_of_death="4:10").notices[0].death.died_at == "2026-03-09T04:10+00:00"
    assert (
        one(date_of_death="09/06/2026", event_at="", time_of_death="4.10pm", date_of_birth="2014").reason
        == "date-in-future"
    )


def test_a_body_found_has_a_found_time_only() -> None:
    death = one(date_of_death="", body_found_at="2026-03-08").notices[0].death
    assert (death.died_at, death.died_at_basis, death.found_at) == ("2026-03-08", "found", "2026-03-08")


def test_a_discontinued_case_takes_nothing_back() -> None:
    assert one(event="DISCONTINUED").notices[0].intent == "report"


def test_a_conclusion_of_stillbirth_is_for_the_core_to_judge() -> None:
    notice = one(event="CONCLUDED", conclusion="Stillborn", live_birth="N").notices[0]
    assert notice.coroner is not None
    assert notice.coroner.conclusions == ("stillbirth",)
    assert notice.death.live_birth == "no"


def test_an_unnamed_baby_of_unknown_age_shows_its_signs() -> None:
    child = one(given_names="Baby", family_name="", date_of_birth="", gestation_weeks="36").notices[0].child
    assert (child.name_is_placeholder, child.signs_of_childhood) == (True, ("described-as-child", "birth-described"))


def test_an_office_cannot_speak_as_another_and_need_not_repeat_its_own_name() -> None:
    (foreign,) = read(table(ROW), partner="oxfordshire")
    assert foreign.reason == "wrong-sender"
    (own,) = read(table({**ROW, "area": ""}), partner="avon")
    assert own.notices[0].coroner is not None
    assert own.notices[0].coroner.area == "avon"
    assert "oxfordshire" in areas()


def test_a_shifted_row_is_refused_before_values_stand_under_wrong_headings() -> None:
    body = table(ROW) + b"avon,8-2026,REFERRED,2026-03-10,Smith, Ann,May,2014-05-09,2026-03-09,x\r\n"
    assert [reading.reason for reading in read(body)] == ["death", "too-many-cells"]


def test_a_quotation_mark_that_never_ends_spoils_its_own_row_only() -> None:
    readings = read(table(ROW) + b'avon,"8-2026,REFERRED\r\n')
    assert [(reading.verdict, reading.reason) for reading in readings] == [
        ("notice", "death"),
        ("refused", "bad-quoting"),
    ]


def test_what_a_quotation_mark_swallowed_is_read_after_all() -> None:
    body = table(ROW) + b'avon,"8-2026,REFERRED\r\navon,9-2026,REFERRED,2026-03-10,Smith,Ann,2014-05-09,2026-03-09\r\n'
    assert [reading.reason for reading in read(body)] == ["death", "bad-quoting", "death"]


def test_excel_dates_times_numbers_and_formulas_are_read_as_values() -> None:
    body = workbook(
        [
            "area",
            "reference",
            "event",
            "event_at",
            "date_of_birth",
            "date_of_death",
            "time_of_death",
            "age",
            "age_unit",
            "notes",
        ],
        [
            "avon",
            412,
            "REFERRED",
            datetime(2026, 3, 10, 9, 30),
            datetime(2014, 5, 9),
            datetime(2026, 3, 9),
            time(4, 10),
            11.0,
            "years",
            "=1+1",
        ],
    )
    (reading,) = read(body)
    (notice,) = reading.notices
    assert notice.coroner is not None
    assert (notice.coroner.reference, notice.coroner.stage_at) == ("412", "2026-03-10T09:30+00:00")
    assert (notice.child.birth_date, notice.death.died_at) == ("2014-05-09", "2026-03-09T04:10+00:00")
    assert notice.coroner.notes is None


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 20_000_000)
    return out.getvalue()


def far_cell() -> bytes:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.append(["area", "reference", "event"])
    sheet.cell(1_048_576, 16_384, "x")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "no-headings"),
        (b"\n\n\n", "no-headings"),
        (b"a,b\n1,2\n", "no-headings"),
        (b"area,family_name\navon,X\n", "missing-column"),
        (b"area,reference,event\n", "no-rows"),
        (b"\x00\x01\x02", "nul-character"),
        (b"area\x81,x", "bad-encoding"),
        (b"PK\x03\x04 and so on", "bad-workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old-or-locked-excel"),
        (bomb(), "zip-bomb"),
        (b"[", "bad-json"),
        (b'{"cases": 3}', "wrong-type"),
        (b'[{"area": "a", "area": "b"}]', "duplicate-key"),
        (b"<cases>", "bad-xml"),
        (b"<case/>", "wrong-schema"),
        (b'<!DOCTYPE c [<!ENTITY x "y">]><cases><case><area>&x;</area></case></cases>', "xml-doctype"),
        (b'<!DOCTYPE c SYSTEM "file:///etc/passwd"><cases/>', "xml-doctype"),
        (
            b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><cases>&b;</cases>',
            "xml-doctype",
        ),
        ('<?xml version="1.0" encoding="utf-16"?><!DOCTYPE c><cases/>'.encode("utf-16"), "xml-doctype"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_code(body: bytes, code: str) -> None:
    (reading,) = read(body)
    assert (reading.verdict, reading.reason) == ("refused", code)


def test_a_workbook_with_one_cell_at_the_far_end_is_bounded() -> None:
    (reading,) = read(far_cell())
    assert reading.reason == "no-rows"


def test_an_upload_of_too_many_rows_is_refused_whole() -> None:
    (reading,) = read(b"area,reference,event\n" + b"avon,1,REFERRED\n" * 50_001)
    assert reading.reason == "too-many-rows"


def test_headings_are_known_by_their_synonyms() -> None:
    renamed = {
        "Coroner Area": "avon",
        "Case Ref": "7-2026",
        "Status": "Inquest opened",
        "DOB": "2014-05-09",
        "Forename(s)": "Zoë",
    }
    notice = read(table(renamed))[0].notices[0]
    assert notice.coroner is not None
    assert (notice.coroner.stage, notice.child.given_names) == ("INQUEST_OPENED", ("Zoë",))


def test_a_column_nobody_knows_is_told_but_not_named() -> None:
    problems = one(**{"Zebediah": "x"}).all_problems
    assert [problem.code for problem in problems] == ["unknown-column"]
    assert "Zebediah" not in repr(problems)


def test_the_same_row_elsewhere_in_another_file_is_the_same_statement_word_for_word() -> None:
    other = {**ROW, "reference": "8-2026", "given_names": "Tom"}
    first, second = read(table(ROW, other))[0].notices[0], read(table(other, ROW))[1].notices[0]
    assert first == second
    assert first.provenance["child.family_name"].path == "family_name"


def test_where_the_body_was_found_may_stand_for_when() -> None:
    found = one(body_found_at="River Thames below Folly Bridge").notices[0]
    assert found.death.place is not None
    assert found.death.place.name == "River Thames below Folly Bridge"
    assert found.death.found_at is None
    told = one(body_found_at="River Thames", place_of_death="At home")
    assert told.notices[0].death.place is not None
    assert told.notices[0].death.place.name == "At home"
    assert [problem.code for problem in told.all_problems] == ["left-out"]
    assert one(body_found_at="31/31/2026").verdict == "refused"
    assert one(body_found_at="31 Nonember 2026").verdict == "refused"


@pytest.mark.parametrize(
    ("written", "conclusion"), [("Accident or misadventure", "accident"), ("Alcohol/drug related", "drug-related")]
)
def test_the_record_of_inquests_own_words_are_read(written: str, conclusion: str) -> None:
    notice = one(event="CONCLUDED", conclusion=written).notices[0]
    assert notice.coroner is not None
    assert notice.coroner.conclusions == (conclusion,)


@pytest.mark.parametrize(
    "body",
    [
        table({**ROW, "notes": "x" * MOST_BYTES_OF_OFFICES}),
        json.dumps([{**ROW, "notes": "x" * MOST_BYTES_OF_OFFICES}]).encode(),
        b"<cases>" + b" " * MOST_BYTES_OF_OFFICES + b"</cases>",
        b"PK\x03\x04" + bytes(MOST_BYTES_OF_OFFICES),
    ],
    ids=["csv", "json", "xml", "xlsx"],
)
def test_a_file_that_no_door_takes_is_refused_whatever_way_it_comes(body: bytes) -> None:
    (reading,) = read(body)
    assert reading.reason == "too-large"
