"""A coroner's office that is new tries its files, sees how good they are, and gets its page when an operator opens it."""

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.screen import DESKTOP, PHONE, Screen
from tests.browser.test_coroner_upload import choose, row, saved
from tests.worker_samples import eventually

AREA = "avon"


def of_avon(reference: str, **changes: str) -> list[str]:
    return [AREA, *row(reference, **changes)[1:]]


def tried(screen: Screen) -> int:
    return int(screen.doors.get(AREA, "/partner/status").json()["sandbox"][0]["messages"])


def test_an_office_tries_its_files_until_an_operator_opens_its_page(screen: Screen, tmp_path: Path) -> None:
    screen.doors.tokens[AREA] = screen.doors.identities.add(AREA, "partner", kinds=["coroner"], live=False).text
    page = screen.page
    screen.sign_in(AREA)
    expect(page.get_by_role("heading", name="Try a file", level=1)).to_be_visible()
    expect(page.get_by_role("link", name="Upload", exact=True)).to_have_count(0)
    choose(screen, saved(tmp_path, of_avon("1-26"), of_avon("2-26", dob="31/02/2016")), "Try it")
    expect(page.get_by_role("main")).to_contain_text("1 row would be taken")
    for width in (PHONE, DESKTOP):
        screen.resized(width)
        assert screen.faults() == []
        assert screen.overhang <= 0
        screen.drawn(f"trial-{width}")
    page.get_by_label("DOB").fill("28/02/2016")
    screen.press("Try the corrected rows")
    expect(page.get_by_role("status")).to_contain_text("Nothing of it was kept: this was a trial")
    assert screen.doors.queued("intake.coroner") == []
    eventually(lambda: tried(screen) == 3)
    page.get_by_role("link", name="Your messages").click()
    expect(page.get_by_role("main")).to_contain_text("3 messages tried")
    screen.sign_out()
    opened_by_an_operator(screen)
    screen.sign_in(AREA)
    expect(page.get_by_role("heading", name="Upload cases", level=1)).to_be_visible()
    choose(screen, saved(tmp_path, of_avon("1-26")))
    expect(page.get_by_role("main")).to_contain_text("1 row is safely queued")
    assert len(screen.doors.queued("intake.coroner")) == 1


def opened_by_an_operator(screen: Screen) -> None:
    screen.sign_in("op")
    screen.page.get_by_role("link", name="Partners").click()
    screen.page.get_by_role("link", name=f"Look at {AREA}, coroner").click()
    screen.page.get_by_label("Why").fill("telephoned the office")
    screen.press("Open")
    expect(screen.page.get_by_role("alert")).to_contain_text("Not done")
    assert screen.page.get_by_label("Why").input_value() == "telephoned the office", "nothing is to be typed twice"
    screen.page.get_by_label("Open it although").check()
    screen.press("Open")
    expect(screen.page.get_by_text("Live: its messages become cases.")).to_be_visible()
    screen.sign_out()
