"""A partner reads its own page, and an operator opens a gate, each in a real browser."""

from playwright.sync_api import expect

from tests.browser.screen import Screen
from tests.gateway_house import FAMILY_NAME, NHS_NUMBER, police_report
from tests.worker_samples import eventually

FORCE = "E23000038"


def _try(screen: Screen, code: str, body: bytes) -> None:
    screen.doors.send(code, "/sandbox/police/reports", body, "application/json")
    screen.doors.send(code, "/sandbox/police/reports", b"{", "application/json")

    def kept() -> bool:
        found = screen.doors.get(code, "/partner/status").json()["sandbox"]
        return bool(found[0]["messages"] >= 2)

    eventually(kept)


def test_a_partner_reads_how_good_its_messages_are_and_where_they_are_not(screen: Screen) -> None:
    _try(screen, FORCE, police_report(person={"life_extinct_at": "2026-03-09"}))
    screen.doors.send(FORCE, "/police/reports", police_report(person={"role": "nobody"}), "application/json")
    screen.sign_in(FORCE)
    screen.page.goto(f"{screen.doors.client.base_url}/partner")
    expect(screen.page.get_by_role("heading", name="Your messages", level=1)).to_be_visible()
    row = screen.page.get_by_role("row", name="The death has a time of day")
    expect(row).to_contain_text("$.persons[0].life_extinct_at")
    expect(row).to_contain_text("date only")
    screen.page.get_by_label("Your own id of it").fill("no-such-message")
    screen.page.get_by_role("button", name="Find").click()
    expect(screen.page.get_by_role("status")).to_contain_text("We hold no message of yours under that id")
    for value in (FAMILY_NAME, NHS_NUMBER):
        assert value not in screen.page.content()
    assert screen.faults() == []
    screen.drawn("partner-own-page")


def test_an_operator_opens_a_gate_that_asks_for_a_reason(screen: Screen) -> None:
    token = screen.doors.identities.add("E23000008", "partner", kinds=["police"], live=False)
    screen.doors.tokens["E23000008"] = token.text
    _try(screen, "E23000008", police_report("E23000008", person={"address": None}))
    screen.sign_in("op")
    screen.page.get_by_role("link", name="Partners").click()
    assert screen.faults() == []
    screen.drawn("operator-partners")
    screen.page.get_by_role("link", name="Look at E23000008, police").click()
    expect(screen.page.get_by_text("Not every rule that live needs is met yet")).to_be_visible()
    assert screen.faults() == []
    screen.drawn("operator-gate")
    screen.page.get_by_label("Why").fill("telephoned their integrator")
    screen.page.get_by_role("button", name="Open").click()
    expect(screen.page.get_by_role("alert")).to_contain_text("Not done")
    screen.page.get_by_label("Open it although not every rule").check()
    screen.page.get_by_role("button", name="Open").click()
    expect(screen.page.get_by_text("Live: its messages become cases.")).to_be_visible()
