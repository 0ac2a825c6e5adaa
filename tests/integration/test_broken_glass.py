"""In an emergency a case may be opened by who may not see it: for an hour, with a reason, and never in silence."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from integration_engine.console import sight
from integration_engine.monitoring.counters import COUNTERS
from integration_engine.security.identity import Principal
from integration_engine.store import audit, glass, overview
from tests.gateway_house import House, declare, house
from tests.integration.test_console_deciding import only_case
from tests.integration.test_decisions_everywhere import take
from tests.native_messages import adt
from tests.restricted_samples import FORMS

WHY = "the coroner rang: another child of the house may be at risk"


@pytest.fixture
def doors(amqp_url: str, database_url: str, tmp_path: Path) -> Iterator[House]:
    declare(amqp_url)
    with house(amqp_url, database_url, tmp_path) as opened:
        for name, area in (("jane", "BERKS"), ("wes", "WOE"), ("amy", "WOE")):
            opened.tokens[name] = opened.identities.add(name, "coordinator", organisations=(area,)).text
        yield opened


def break_glass(browser: httpx.Client, case: str, reason: str = WHY, **fields: str) -> httpx.Response:
    page = browser.get("/console/break-glass").text
    value = page.partition('action="/console/break-glass"')[2].partition('name="form" value="')[2].partition('"')[0]
    return browser.post("/console/break-glass", data={"form": value, "case": case, "reason": reason} | fields)


def test_another_panels_case_opens_for_reading_only_and_everybody_is_told(doors: House) -> None:
    take(doors.store, {"m.hl7": adt()})
    case, before = only_case(doors), COUNTERS.value("cdr_glass_broken_total", role="coordinator")
    with doors.sign_in("wes") as browser:
        assert browser.get(f"/console/cases/{case}").status_code == 404
        answer = break_glass(browser, case)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/console/cases/{case}")
        shown = browser.get(f"/console/cases/{case}").text
        assert "HARROW" in shown
        assert "breaking the glass" in shown
        assert f"/console/cases/{case}/decide" not in shown
    lines = [(line.actor, line.action, dict(line.detail)) for line in audit.lines(doors.store, subject=case, limit=500)]
    broken = [detail for actor, action, detail in lines if (actor, action) == ("wes", "case.glass-broken")]
    looks = [detail for actor, action, detail in lines if (actor, action) == ("wes", "case.read")]
    assert len(broken) == 1
    assert looks == [{"role": "coordinator", "details": True, "glass": True}]
    assert WHY not in str(lines), "a reason is in people's words: sealed"
    assert COUNTERS.value("cdr_glass_broken_total", role="coordinator") == before + 1
    with doors.sign_in("op") as browser:
        assert "break-glass" in browser.get("/console").text
        seen = browser.get("/console/break-glass").text
        assert (case in seen, "wes" in seen, WHY in seen) == (True, True, False)
    with doors.sign_in("guardian") as browser:
        assert WHY in browser.get("/console/break-glass").text


def test_it_opens_one_case_for_one_person(doors: House) -> None:
    take(doors.store, {"m.hl7": adt()})
    case = only_case(doors)
    with doors.sign_in("wes") as browser:
        break_glass(browser, case)
    with doors.sign_in("amy") as browser:
        assert browser.get(f"/console/cases/{case}").status_code == 404
    with doors.sign_in("op") as browser:
        assert "HARROW" not in browser.get(f"/console/cases/{case}").text
        break_glass(browser, case)
        assert "HARROW" in browser.get(f"/console/cases/{case}").text


def test_it_shuts_after_an_hour_and_when_the_role_is_another(doors: House) -> None:
    take(doors.store, {"m.hl7": adt()})
    case, now = only_case(doors), datetime.now(UTC)
    wes = Principal("wes", "coordinator", organisations=frozenset({"WOE"}))
    assert glass.break_glass(doors.store, wes, case, WHY, now)
    assert sight.open_case(doors.store, wes, case, now + timedelta(minutes=59)) is not None
    assert sight.open_case(doors.store, wes, case, now + timedelta(minutes=60)) is None
    other = Principal("wes", "designated-doctor", organisations=frozenset({"WOE"}))
    assert sight.open_case(doors.store, other, case, now) is None


def test_without_a_reason_or_the_forms_own_value_nothing_opens(doors: House) -> None:
    take(doors.store, {"m.hl7": adt()})
    case = only_case(doors)
    with doors.sign_in("wes") as browser:
        assert break_glass(browser, case, "  urgent ").status_code == 422
        assert break_glass(browser, case, form="0" * 64).status_code == 403
        assert break_glass(browser, "c-0000000000").status_code == 422
        assert break_glass(browser, "../c-1").status_code == 422
        assert browser.get(f"/console/cases/{case}").status_code == 404
    with doors.sign_in("BERKS") as browser:
        assert browser.get("/console/break-glass").status_code == 403
    assert overview.alarms(doors.store) == ()


def test_a_restricted_case_has_no_glass_and_looks_like_none(doors: House) -> None:
    take(doors.store, FORMS["a protected flag, and aliases"].messages)
    case = only_case(doors)
    with doors.sign_in("wes") as browser:
        there, nowhere = break_glass(browser, case), break_glass(browser, "c-0000000000")
        assert (there.status_code, nowhere.status_code) == (422, 422)
        assert there.text.replace(case, "") == nowhere.text.replace("c-0000000000", "")
        assert browser.get(f"/console/cases/{case}").status_code == 404
