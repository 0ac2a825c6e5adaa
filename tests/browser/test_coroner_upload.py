"""An office manager's afternoon: drop a file, see each row, put the bad ones right, find the receipt. In a real browser."""

import csv
import io
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.screen import DESKTOP, PHONE, Screen, window
from tests.gateway_house import House

AREA = "oxfordshire"
HEADINGS = ("Area", "Ref", "Event", "Event date", "Surname", "Forenames", "DOB", "Date of death", "Address")


def row(reference: str, surname: str = "Harrowgate", *, dob: str = "09/05/2015") -> list[str]:
    return [AREA, reference, "REFERRED", "09/11/2025", surname, "Ava", dob, "08/11/2025", "4 Orchard Close\nReading"]


def saved(folder: Path, *rows: list[str]) -> Path:
    file = folder / "cases.csv"
    out = io.StringIO()
    csv.writer(out).writerows([HEADINGS, *rows])
    file.write_text(out.getvalue(), encoding="utf-8")
    return file


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A row to take, an adult, one with a wrong date, one that the spreadsheet would run, one without a reference."""
    rows = [row("1-26"), row("2-26", dob="09/05/1950"), row("3-26", dob="31/02/2016")]
    return saved(tmp_path, *rows, row("4-26", "=HYPERLINK(1)", dob="09/05/15"), row(""))


def choose(screen: Screen, file: Path, button: str = "Upload") -> None:
    screen.page.get_by_label("Choose a file").set_input_files(file)
    screen.press(button)


def drop(screen: Screen, file: Path) -> None:
    """What the browser does when somebody lets a file go above the box."""
    box = screen.page.get_by_label("Choose a file").bounding_box()
    assert box
    wire = screen.page.context.new_cdp_session(screen.page)
    # Near the edge: the whole box takes it, not the button inside alone.
    at = {"x": box["x"] + box["width"] - 15, "y": box["y"] + box["height"] - 10}
    for step in ("dragEnter", "dragOver", "drop"):
        data = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
        wire.send("Input.dispatchDragEvent", {"type": step, **at, "data": data})


def test_a_dropped_file_is_sent_and_each_row_answered(screen: Screen, mixed: Path) -> None:
    screen.sign_in(AREA)
    drop(screen, mixed)
    screen.page.get_by_role("button", name="Upload", exact=True).click()
    results = screen.page.get_by_role("region", name="Table: Rows to look at").get_by_role("row")
    assert [results.nth(n).inner_text().split("\t")[:2] for n in range(1, results.count())] == [
        ["3", "passed over"],
        ["4", "refused"],
        ["5", "refused"],
        ["6", "refused"],
    ]
    screen.drawn("answer")
    assert len(screen.doors.queued("intake.coroner")) == 1


def test_refused_rows_are_put_right_with_the_keyboard_alone(screen: Screen, tmp_path: Path) -> None:
    screen.sign_in(AREA)
    choose(screen, saved(tmp_path, row("5-26", dob="31/02/2016")))
    keyboard, focused = screen.page.keyboard, "document.activeElement.id || document.activeElement.className"
    assert screen.page.evaluate(focused) == "summary", "the summary of errors is read first"
    keyboard.press("Tab")
    keyboard.press("Enter")
    field = screen.page.get_by_label("DOB")
    assert screen.page.evaluate(focused) == field.get_attribute("id")
    keyboard.press("Control+A")
    keyboard.type("28/02/2016")
    keyboard.press("Enter")
    screen.page.get_by_text("1 row is safely queued").wait_for()
    screen.drawn("corrected")
    [(_, _, queued)] = screen.doors.queued("intake.coroner")
    assert b"4 Orchard Close" in queued
    assert b"Reading" in queued


def test_the_refused_rows_are_downloaded_corrected_and_sent(screen: Screen, mixed: Path, tmp_path: Path) -> None:
    screen.sign_in(AREA)
    choose(screen, mixed)
    with screen.page.expect_download() as waiting:
        screen.page.get_by_role("link", name="Download the refused rows (CSV)").click()
    text = waiting.value.path().read_text(encoding="utf-8-sig")
    assert "'=HYPERLINK(1)" in text
    corrected = tmp_path / "corrected.csv"
    corrected.write_text(text.replace("31/02/2016", "28/02/2016").replace("09/05/15", "09/05/2015"), encoding="utf-8")
    choose(screen, corrected)
    assert "2 rows are safely queued" in screen.page.get_by_role("main").inner_text()


def test_the_refused_rows_are_corrected_in_a_workbook_that_changes_nothing_else(screen: Screen, tmp_path: Path) -> None:
    screen.sign_in(AREA)
    choose(screen, saved(tmp_path, row("7-2026", dob="31/02/2016"), row("00412", "=HYPERLINK(1)", dob="09/05/15")))
    with screen.page.expect_download() as waiting:
        screen.page.get_by_role("link", name="Download the refused rows (Excel)").click()
    file = tmp_path / "corrected.xlsx"
    waiting.value.save_as(file)
    book = openpyxl.load_workbook(file)
    cells = [cell for line in book["Rows to correct"].iter_rows() for cell in line]
    assert {(cell.data_type, cell.number_format) for cell in cells if cell.value} == {("s", "@")}
    right = {"31/02/2016": "28/02/2016", "09/05/15": "09/05/2015"}
    for cell in cells:
        cell.value = right.get(str(cell.value), cell.value)
    book.save(file)
    choose(screen, file)
    screen.page.get_by_text("2 rows are safely queued").wait_for()


def test_the_excel_template_is_filled_in_and_sent(screen: Screen, tmp_path: Path) -> None:
    screen.sign_in(AREA)
    with screen.page.expect_download() as waiting:
        screen.page.get_by_role("link", name="Empty table for Excel").click()
    file = tmp_path / "filled.xlsx"
    waiting.value.save_as(file)
    book = openpyxl.load_workbook(file)
    said = dict(zip(("area", "reference", "event", "event_at", "family_name"), row("7-2026")[:5], strict=True))
    said |= {"date_of_birth": "09/05/2015", "date_of_death": "08/11/2025"}
    cases = book["Cases"]
    for column in cases.iter_cols(max_row=1):
        cases.cell(2, column[0].column).value = said.get(column[0].value)
    book.save(file)
    choose(screen, file)
    screen.page.get_by_text("1 row is safely queued").wait_for()


def test_a_receipt_is_found_again_in_the_history(screen: Screen, mixed: Path) -> None:
    screen.sign_in(AREA)
    choose(screen, mixed)
    receipt = screen.page.locator("#result ~ .note code").inner_text()
    screen.page.get_by_role("link", name="Upload", exact=True).click()
    screen.page.get_by_role("link", name=receipt).click()
    told = screen.page.get_by_role("main").inner_text()
    assert receipt in told
    assert "A year needs four digits" in told
    assert "Harrowgate" not in told
    screen.drawn("receipt")
    assert screen.faults() == []


def test_no_page_has_a_fault_for_people_who_cannot_see_or_point(screen: Screen, mixed: Path, tmp_path: Path) -> None:
    screen.page.goto(f"{screen.doors.client.base_url}/sign-in")
    screen.drawn("sign-in")
    found = {"sign-in": screen.faults()}
    screen.sign_in(AREA)
    screen.drawn("empty")
    found["empty"] = screen.faults()
    choose(screen, mixed)
    for summary in screen.page.locator("details > summary").all():
        summary.click()
    screen.drawn("answer-open")
    found["answer"] = screen.faults()
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"PK\x03\x04 no workbook")
    choose(screen, broken)
    screen.drawn("whole-file-refused")
    found["whole"] = screen.faults()
    assert [fault for page in found.values() for fault in page] == []


def test_where_a_browser_runs_no_script_everything_works(browser: Browser, doors: House, tmp_path: Path) -> None:
    doors.purge()
    with window(browser, doors, scripts=False) as screen:
        screen.sign_in(AREA)
        choose(screen, saved(tmp_path, row("8-26", dob="31/02/2016")))
        screen.page.get_by_label("DOB").fill("28/02/2016")
        screen.press("Send the corrected rows")
        expect(screen.page.get_by_role("main")).to_contain_text("1 row is safely queued")
        screen.sign_out()
        expect(screen.page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert len(doors.queued("intake.coroner")) == 1


@pytest.mark.parametrize("width", [320, 640])
def test_a_narrow_window_needs_no_scrolling_sideways(screen: Screen, mixed: Path, width: int) -> None:
    screen.page.set_viewport_size({"width": width, "height": 900})
    screen.sign_in(AREA)
    choose(screen, mixed)
    screen.drawn(f"narrow-{width}")
    assert screen.overhang <= 0


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_the_list_of_columns_however_long_pushes_no_upload_out_of_sight(
    screen: Screen, mixed: Path, width: int
) -> None:
    screen.resized(width)
    screen.sign_in(AREA)
    choose(screen, mixed)
    screen.go("/coroner/upload")
    uploads, place = screen.page.get_by_role("region", name="Table: Your last uploads"), "here => here.offsetTop"
    before = uploads.evaluate(place)
    screen.page.locator("summary", has_text="Columns and allowed words").click()
    expect(screen.page.get_by_text("prevention_of_future_deaths", exact=True)).to_be_visible()
    assert uploads.evaluate(place) == before
    assert screen.overhang <= 0
    screen.drawn(f"columns-open-{width}")
