"""Workbooks as offices make them, with every trap of a spreadsheet, and as attackers make them."""

import io
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from adapters.adapter import Reading, Submission
from adapters.coroner.adapter import ADAPTER
from adapters.coroner.archive import MOST_TAGS_IN_ROW
from adapters.formulas import safe_cell, unmarked
from integration_engine.mapping.profile import load_profile
from integration_engine.synthetic.person import invented_nhs_number

RECEIVED = datetime(2026, 4, 9, 12, tzinfo=UTC)
HEADINGS = ("area", "reference", "event", "event_at", "family_name", "date_of_birth", "date_of_death")
ROW = ("avon", "7/26", "REFERRED", "2026-03-10", "Sable", "2014-05-09", "2026-03-09")


def read(body: bytes) -> list[Reading]:
    return list(ADAPTER.read(Submission(body, RECEIVED), load_profile("coroner-case")))


def saved(change: Callable[[Any], None], *rows: tuple[Any, ...]) -> bytes:
    """A workbook of these rows, after something was done to its book."""
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for row in rows:
        sheet.append(row)
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def workbook(*rows: tuple[Any, ...]) -> bytes:
    return saved(lambda book: None, HEADINGS, *rows)


def codes(readings: list[Reading]) -> list[str]:
    return [problem.code for reading in readings for problem in reading.problems]


@pytest.mark.parametrize("calendar", [datetime(1899, 12, 30), datetime(1904, 1, 1)])
def test_a_day_that_lost_its_format_is_the_day_it_is_by_its_workbooks_calendar(calendar: datetime) -> None:
    def set_calendar(book: Any) -> None:
        book.epoch = calendar

    born, died = ((day - calendar).days for day in (datetime(2014, 5, 9), datetime(2026, 3, 9)))
    row = (*ROW[:3], died + 1, "Sable", born, died + 4 / 24)
    (notice,) = read(saved(set_calendar, HEADINGS, row))[0].notices
    assert (notice.child.birth_date, notice.death.died_at) == ("2014-05-09", "2026-03-09T04:00+00:00")
    assert notice.stated_at == "2026-03-10"


def test_a_number_is_a_day_in_a_column_of_days_only() -> None:
    reference, year = 41768, 2014
    (notice,) = read(workbook((ROW[0], reference, *ROW[2:5], year, ROW[6])))[0].notices
    assert notice.coroner is not None
    assert (notice.coroner.reference, notice.child.birth_date) == ("41768", "2014")


def test_a_reference_that_the_spreadsheet_made_a_day_of_is_refused() -> None:
    (reading,) = read(workbook((ROW[0], datetime(2026, 7, 1), *ROW[2:])))
    assert [(problem.code, problem.path) for problem in reading.all_problems] == [
        ("reference-is-a-day", "row 2, column reference")
    ]


@pytest.mark.parametrize("error", ["#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!"])
def test_a_formula_that_came_to_nothing_refuses_its_row_and_no_other(error: str) -> None:
    readings = read(workbook((*ROW[:4], error, *ROW[5:]), (ROW[0], "8/26", *ROW[2:])))
    assert [reading.reason for reading in readings] == ["error-value", "death"]
    assert [problem.path for problem in readings[0].all_problems] == ["row 2, column family_name"]


def test_what_is_merged_over_several_rows_counts_in_each_of_them() -> None:
    def merge(book: Any) -> None:
        book.active.merge_cells("A2:A4")
        book.active.merge_cells("D2:D3")

    rows = [(area, f"{number}/26", *ROW[2:]) for number, area in enumerate(("avon", None, None))]
    notices = [reading.notices[0] for reading in read(saved(merge, HEADINGS, *rows))]
    assert [notice.coroner.area for notice in notices if notice.coroner] == ["avon"] * 3
    assert [notice.stated_at for notice in notices] == ["2026-03-10"] * 3


def test_a_heading_over_two_columns_puts_nothing_under_the_wrong_one() -> None:
    def merge(book: Any) -> None:
        book.active.merge_cells("E2:F2")

    (reading,) = read(saved(merge, HEADINGS, (*ROW[:5], None, ROW[6])))
    assert reading.notices[0].child.birth_date is None
    assert reading.notices[0].child.family_name == "Sable"


def test_hidden_rows_are_read_and_told() -> None:
    def hide(book: Any) -> None:
        book.active.row_dimensions[3].hidden = True
        book.active.row_dimensions[9].hidden = True

    readings = read(saved(hide, HEADINGS, ROW, (ROW[0], "8/26", *ROW[2:])))
    assert [reading.verdict for reading in readings] == ["notice", "notice"]
    assert [(p.code, "1;" in p.text) for p in readings[0].problems] == [("hidden-rows", True)]


def test_formulas_that_were_never_calculated_are_told() -> None:
    (reading,) = read(workbook((*ROW[:4], "=A1", *ROW[5:])))
    assert (reading.verdict, codes([reading])) == ("notice", ["formula-without-value"])


def test_cases_on_another_sheet_are_pointed_to() -> None:
    def behind(book: Any) -> None:
        book.create_sheet("Read me", 0).append(["How to fill this in"])

    (reading,) = read(saved(behind, HEADINGS, ROW))
    assert reading.reason == "wrong-sheet"
    assert "sheet 2" in reading.all_problems[0].text


def test_a_second_sheet_of_cases_is_told_and_not_read() -> None:
    def second(book: Any) -> None:
        sheet = book.create_sheet("April")
        sheet.append(HEADINGS)
        sheet.append(("avon", "9/26", *ROW[2:]))

    readings = read(saved(second, HEADINGS, ROW))
    assert (len(readings), codes(readings)) == (1, ["more-sheets"])


def test_a_heading_that_stands_twice_is_told_and_refuses_only_rows_that_differ() -> None:
    headings = (*HEADINGS, "Family Name")
    rows = [(ROW[0], f"{n}/26", *ROW[2:], also) for n, also in enumerate(("Sable", "", "Other"))]
    readings = read(saved(lambda book: None, headings, *rows))
    assert [reading.reason for reading in readings] == ["death", "death", "columns-differ"]
    assert codes(readings) == ["duplicate-column"]


def test_of_a_heading_that_stands_twice_the_filled_column_counts() -> None:
    (reading,) = read(saved(lambda book: None, (*HEADINGS, "family_name"), (*ROW[:4], "", *ROW[5:], "Sable")))
    assert reading.notices[0].child.family_name == "Sable"


def test_rows_that_are_only_formatted_make_no_rows() -> None:
    def formatted(book: Any) -> None:
        for number in range(3, 3000):
            book.active.cell(number, 2).number_format = "@"

    assert len(read(saved(formatted, HEADINGS, ROW))) == 1


def test_a_row_read_alone_says_what_it_said_in_its_workbook() -> None:
    def merge(book: Any) -> None:
        book.active.merge_cells("A2:A3")

    rows = (("avon", "1/26", "REFERRED", 46091, "Sable", 41768, 46090), (None, "2/26", *ROW[2:]))
    for reading in read(saved(merge, HEADINGS, *rows)):
        assert reading.body is not None
        (alone,) = read(reading.body)
        assert alone.notices[0].model_dump() == reading.notices[0].model_dump()


def archive(**members: bytes) -> bytes:
    """A workbook whose members are replaced by others."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(ROW))) as good, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bad:
        for name in good.namelist():
            short = name.rpartition("/")[2].partition(".")[0]
            bad.writestr(name, members.get(short, good.read(name)))
    return out.getvalue()


_SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (archive(sheet1=_SHEET % (b'<row r="1">' + b"<c/>" * (MOST_TAGS_IN_ROW + 1) + b"</row>")), "cell-bomb"),
        (archive(sheet1=_SHEET % (b'<row r="1"/>\n' * 5_000_001)), "zip-bomb"),
        (
            archive(styles=b"<styleSheet>" + b"".join(b"<xf>%x</xf>" % n for n in range(2_600_000)) + b"</styleSheet>"),
            "cell-bomb",
        ),
        (archive(sheet1=b'<!DOCTYPE a [<!ENTITY b "c">]>' + _SHEET % b"<row><c><v>&b;</v></c></row>"), "xml-doctype"),
        (archive(workbook=b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><workbook/>'), "xml-doctype"),
        (archive(workbook=b"<workbook/>"), "bad-workbook"),
        (archive(sheet1=b"<worksheet"), "bad-workbook"),
        (archive(workbook=b"\x00" * 30_000_000), "zip-bomb"),
    ],
)
def test_a_bomb_is_refused_before_it_is_unpacked(body: bytes, code: str) -> None:
    (reading,) = read(body)
    assert (reading.verdict, reading.reason) == ("refused", code)


def test_a_number_formatted_as_a_day_is_refused_and_in_nobodys_log(tmp_path: Path) -> None:
    number = invented_nhs_number(1)

    def as_a_day(book: Any) -> None:
        book.active["H2"].value = int(number)
        book.active["H2"].number_format = "dd/mm/yyyy"

    file = tmp_path / "cases.xlsx"
    file.write_bytes(saved(as_a_day, (*HEADINGS, "nhs_number"), ROW))
    command = [sys.executable, "-m", "integration_engine.cli", "read", "--json", str(file)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert '"error-value"' in run.stdout
    assert number not in run.stdout + run.stderr


def test_a_sheet_that_is_a_chart_is_no_first_sheet() -> None:
    (reading,) = read(saved(lambda book: book.create_chartsheet("Chart", 0), HEADINGS, ROW))
    assert reading.verdict == "notice"


def test_a_strict_workbook_is_refused_with_how_to_save_it() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(ROW))) as ordinary, zipfile.ZipFile(out, "w") as strict:
        for name in ordinary.namelist():
            content = ordinary.read(name)
            for word in (b"spreadsheetml", b"officeDocument"):
                old = b"http://schemas.openxmlformats.org/%s/2006/" % word
                content = content.replace(old, b"http://purl.oclc.org/ooxml/%s/" % word)
            strict.writestr(name, content)
    (reading,) = read(out.getvalue())
    assert reading.reason == "bad-workbook"
    assert "Excel Workbook" in reading.all_problems[0].text


def test_a_range_merged_to_the_end_of_the_sheet_makes_no_rows() -> None:
    cells = (
        "".join(f"<c t='str'><v>{heading}</v></c>" for heading in HEADINGS),
        "".join(f"<c t='str'><v>{said}</v></c>" for said in ROW),
    )
    sheet = _SHEET.replace(b"</worksheet>", b'<mergeCells><mergeCell ref="A2:A1048576"/></mergeCells></worksheet>')
    readings = read(archive(sheet1=sheet % f"<row>{cells[0]}</row><row>{cells[1]}</row>".encode()))
    assert [reading.verdict for reading in readings] == ["notice"]


def test_more_merged_cells_than_a_table_needs_are_refused() -> None:
    ranges = b"".join(b'<mergeCell ref="A%d:A1048576"/>' % number for number in range(2, 20))
    sheet = _SHEET.replace(b"</worksheet>", b"<mergeCells>" + ranges + b"</mergeCells></worksheet>")
    (reading,) = read(archive(sheet1=sheet % b"<row><c t='str'><v>area</v></c></row>"))
    assert reading.reason == "cell-bomb"


@pytest.mark.parametrize("text", ["=1+1", "+44 1865", "-", "@SUM(A1)", "＝1", "'t Hooft", "O'Neill", "'"])
def test_what_went_out_safe_from_formulas_comes_back_as_it_was(text: str) -> None:
    assert unmarked(safe_cell(text)) == text
