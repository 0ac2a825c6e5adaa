"""Every page that anybody can reach by links, at a desk's width and a phone's: no fault that axe-core finds, nothing wider
than the window, the way past the menu first."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import get_args

import pytest
from pika import BasicProperties
from playwright.sync_api import Browser

from adapters.adapter import Submission
from integration_engine.broker import laid_aside
from integration_engine.broker.management import Management
from integration_engine.broker.message import CORRELATION, PARTNER, Delivered
from integration_engine.monitoring.logs import new_id
from integration_engine.pipeline import Later, process
from integration_engine.security.identity import Principal
from integration_engine.services import Broker
from integration_engine.store import glass, overview, put_aside
from tests.browser.screen import DESKTOP, PHONE, Screen, window
from tests.gateway_house import House, house, own_vhost, police_report
from tests.integration.test_console_questions import TWINS
from tests.integration.test_decisions_everywhere import LOST, NOW, take
from tests.integration.test_gateway_coroner import row, table
from tests.native_messages import adt, late
from tests.pointer_samples import event
from tests.restricted_samples import FORMS
from tests.store_samples import rules

FORCE, AREA = "E23000038", "oxfordshire"
RETRACTED = {"f3": "9991000151^^^NHS^NH~77^^^RTH^PI", "f5": "SABLE^KIT^^^^^L", "f7": "20120705"}
REFERENCE = {"/console/reference", "/console/reference/CODE"}
DECIDING = {
    "/console/work",
    "/console/cases/ID",
    "/console/questions/ID",
    "/console/questions/ID/weight",
    "/console/clocks",
}
WATCHING = {"/console", "/console/break-glass"}
PAGES = {
    "op": DECIDING | REFERENCE | WATCHING | {"/console/partners", "/console/partners/CODE/KIND"},
    "jane": DECIDING | REFERENCE | {"/console/break-glass"},
    "guardian": DECIDING | REFERENCE | {"/console", "/console/cases/ID/history"},
    "BERKS": {"/console/cdop", "/console/clocks"} | REFERENCE,
    FORCE: {"/partner"},
    AREA: {"/coroner/upload", "/coroner/upload/receipts/ID", "/coroner/try", "/partner"},
}
# Of most pages one is enough; among many cases is the restricted one, whose history is the restricted role's alone.
MOST = {("guardian", "/console/cases/ID"): 12}
_IDS = (
    (r"/(?:c|r)-[0-9a-f]+", "/ID"),
    (r"(?<=receipts/)[\w-]+", "ID"),
    (r"(?<=/reference/)[\w-]+", "CODE"),
    (r"(?<=/partners/)[\w-]+/[\w-]+", "CODE/KIND"),
    (r"[?#].*", ""),
)


def pattern(path: str) -> str:
    """A page's address without whose it is."""
    for found, instead in _IDS:
        path = re.sub(found, instead, path)
    return path


@pytest.fixture(scope="module")
def busy(broker: Broker, management: Management, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house in which every part of every page has something to show."""
    folder = tmp_path_factory.mktemp("busy")
    with own_vhost(broker, management) as url, house(url, f"sqlite:///{folder / 'e.db'}", folder) as doors:
        doors.tokens["jane"] = doors.identities.add("jane", "coordinator", organisations=("BERKS",)).text
        fill(doors)
        yield doors


def fill(doors: House) -> None:
    retracted = {"d.hl7": adt("A03", "R1", **RETRACTED), "t.hl7": late("R2", **RETRACTED, f29='""', f30='""')}
    contradiction = {"c.hl7": adt("A03", "C1", f30="N", f3="9991000178^^^NHS^NH", f5="OAKES^BEN^^^^^L")}
    take(doors.store, {"m.hl7": adt(), "l.hl7": LOST, **TWINS, **retracted, **contradiction})
    take(doors.store, FORMS["a protected flag, and aliases"].messages)
    process(
        doors.store,
        [Submission(event(), NOW, "application/json", partner="PDS")],
        now=NOW,
        later=Later(fetches=True),
        **rules(),
    )
    case = next(each.id for each in overview.recent_cases(doors.store) if each.lead)
    wes = Principal("wes", "coordinator", organisations=frozenset({"WOE"}))
    assert glass.break_glass(doors.store, wes, case, "another child of the house may be at risk", datetime.now(UTC))
    doors.send(FORCE, "/police/reports", police_report(person={"role": "nobody"}), "application/json")
    doors.send(FORCE, "/sandbox/police/reports", police_report(person={"address": None}), "application/json")
    doors.send(AREA, "/coroner/cases", "area,reference,event\noxfordshire,R1,ARRIVED\n", "text/csv")
    file = table(row("1-26"))
    doors.send(AREA, "/coroner/cases", file, "text/csv")
    put_aside_of(doors, AREA, "coroner", file, "waiting")
    for became in get_args(put_aside.Became):
        put_aside_of(doors, FORCE, "police", became.encode(), became)


def put_aside_of(doors: House, code: str, kind: str, body: bytes, became: put_aside.Became) -> None:
    """A message of a partner's that lies in a dead queue, or lay there."""
    said = BasicProperties(message_id=f"54-2026-{len(body):06}/1", headers={PARTNER: code, CORRELATION: new_id()})
    lies = laid_aside.read(Delivered(1, f"dead.{kind}", f"dead.{kind}", body, said))
    with doors.store.transaction() as transaction:
        put_aside.keep(transaction, [lies], became, datetime.now(UTC))


def walk(screen: Screen, who: str) -> Iterator[str]:
    """Every page that links lead to from where somebody comes in, one of each pattern; the window stands on it."""
    screen.sign_in(who)
    seen, waiting = dict[str, str](), [screen.path]
    while waiting:
        path = waiting.pop(0)
        of_its_kind = [kind for other, kind in seen.items() if kind == pattern(path)]
        if path in seen or len(of_its_kind) >= MOST.get((who, pattern(path)), 1):
            continue
        seen[path] = pattern(path)
        screen.go(path)
        waiting += links(screen)
        yield path


def links(screen: Screen) -> Sequence[str]:
    found = screen.page.locator("a[href^='/']:not([download])").all()
    return [str(each.get_attribute("href")) for each in found]


@pytest.mark.parametrize("who", PAGES)
def test_every_page_can_be_read_by_everybody_on_every_screen(browser: Browser, busy: House, who: str) -> None:
    faults, wide, met = list[str](), list[str](), set[str]()
    with window(browser, busy) as screen:
        for path in walk(screen, who):
            met.add(pattern(path))
            name = f"{who}{pattern(path).replace('/', '-')}"
            for width in (PHONE, DESKTOP):
                screen.resized(width)
                faults += [f"{path} at {width}: {fault}" for fault in screen.faults()]
                wide += [f"{path} at {width}: {screen.overhang}"] if screen.overhang > 0 else []
                screen.drawn(f"{name}-{width}")
    assert met == PAGES[who]
    assert faults == []
    assert wide == []


@pytest.mark.parametrize("who", PAGES)
def test_the_keyboards_first_stop_is_the_way_past_the_menu(browser: Browser, busy: House, who: str) -> None:
    with window(browser, busy) as screen:
        for path in walk(screen, who):
            screen.page.keyboard.press("Tab")
            assert screen.page.evaluate("document.activeElement.className") == "skip", path
            screen.page.keyboard.press("Enter")
            assert screen.page.evaluate("location.hash") == "#content"


def test_no_page_says_a_word_of_a_child_in_its_title_or_address(browser: Browser, busy: House) -> None:
    with window(browser, busy) as screen:
        said = [f"{screen.path} {screen.page.title()}".upper() for _ in walk(screen, "guardian")]
    assert len(said) > 5
    for name in ("HARROW", "SABLE", "OAKES", "MARSH", "9991"):
        assert not [each for each in said if name in each]
