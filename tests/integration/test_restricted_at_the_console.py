"""Restricted children at the console: who may look at a case before and after its release, and that nothing of what was said
or sent before is told to whom it was released."""

import json
import re
from typing import Any

import httpx
import pytest

from integration_engine.record.decision import review_id
from integration_engine.store import overview
from tests.gateway_house import House
from tests.integration.test_console_deciding import decide, doors, only_case, said
from tests.integration.test_decisions_everywhere import record, take
from tests.integration.test_restricted_in_the_engine import decision
from tests.restricted_samples import CURRENT, FORMS, told

__all__ = ["doors"]
PROTECTED = FORMS["a protected flag, and aliases"]
MOVED = FORMS["a coroner's mark, and a hospital with the former home"]
ENDS: dict[str, dict[str, Any]] = {
    "deny-death": {},
    "age": {"under_18": False},
    "live-birth": {"termination": True, "live_birth": False},
}


@pytest.mark.parametrize("kind", ENDS)
def test_a_restricted_case_that_ends_unreleased_stays_the_restricted_roles_alone(doors: House, kind: str) -> None:
    names = take(doors.store, PROTECTED.messages)
    record(doors.store, decision(kind, PROTECTED.about) | {"value": ENDS[kind]}, names)
    (case,) = overview.recent_cases(doors.store)
    assert (case.state in ("withdrawn", "out-of-scope"), case.lead, case.restricted) == (True, "WOE", True)
    for who in ("wes", "op"):
        with doors.sign_in(who) as browser:
            page = browser.get(f"/console/cases/{case.id}")
            assert (page.status_code, [word for word in CURRENT if word in page.text.casefold()]) == (404, [])
            fields = {"form": _form_value(browser), "once": "a" * 32, "kind": "confirm-death", "reason": "no"}
            assert browser.post(f"/console/cases/{case.id}/decide", data=fields).status_code == 404
            glass = {"form": fields["form"], "case": case.id, "reason": "I should like to look"}
            assert browser.post("/console/break-glass", data=glass).status_code == 422
    with doors.sign_in("guardian") as browser:
        assert "MARSH" in browser.get(f"/console/cases/{case.id}").text


def test_what_came_before_a_release_is_not_told_to_whom_the_case_was_released(doors: House) -> None:
    names = _known_to_leeds(doors)
    case = only_case(doors)
    with doors.sign_in("lee") as browser:
        decide(browser, case, "confirm-death", reason="Mrs Hart of Former Lane told the ward")
        decide(browser, case, "residence", reason="Former Lane is in Leeds", **{"value.lad_code": "E08000035"})
        decide(browser, case, "agreement", reason="Bath takes Liam Hart over", **{"value.cdop": "WOE"})
    _released(doors, names)
    with doors.sign_in("wes") as browser:
        decide(browser, case, "confirm-death", reason="the registrar has it")
        page = browser.get(f"/console/cases/{case}")
    assert page.status_code == 200
    assert "the registrar has it" in page.text
    assert "Release this case" in page.text
    # What is routed to, and why, is what the panel is delivered: the districts to choose from aren't about this child.
    decided, sent, history = (_card(page, name) for name in ("decided", "sent", "history"))
    assert not told(decided)
    assert "lee" not in decided
    assert "cdop.WOE" in sent
    assert "LEEDS leads" not in history
    assert "Looked at by wes" in history
    with doors.sign_in("guardian") as browser:
        assert "Former Lane" in browser.get(f"/console/cases/{case}").text


def test_who_lost_the_case_by_a_release_stands_in_no_list_of_who_got_it(doors: House) -> None:
    names = _known_to_leeds(doors)
    _released(doors, names)
    case = only_case(doors)
    with doors.sign_in("guardian") as browser:
        assert "cdop.LEEDS" in _card(browser.get(f"/console/cases/{case}"), "sent")
    with doors.sign_in("wes") as browser:
        page = browser.get(f"/console/cases/{case}")
    assert page.status_code == 200
    assert not told(said(page))


def test_what_a_panel_said_as_it_sent_a_case_back_before_its_release_is_not_repeated(doors: House) -> None:
    names = _known_to_leeds(doors)
    (delivery,) = doors.get("LEEDS", "/cdop/LEEDS/deliveries").json()["deliveries"]
    answer = doors.send(
        "LEEDS",
        f"/cdop/LEEDS/deliveries/{delivery['delivery']}/decline",
        json.dumps({"reason": "The Harts of Former Lane have moved"}),
        "application/json",
    )
    assert answer.status_code == 204
    _released(doors, names)
    question = review_id("declined", delivery["delivery"], delivery["case"])
    with doors.sign_in("wes") as browser:
        asked, work = browser.get(f"/console/questions/{question}"), browser.get("/console/work")
    assert (asked.status_code, question in work.text) == (200, True)
    assert not told(said(asked)) + told(said(work))
    with doors.sign_in("guardian") as browser:
        assert "The Harts of Former Lane have moved" in browser.get(f"/console/questions/{question}").text


@pytest.mark.parametrize("restricts", ["guardian", "wes"])
def test_only_the_restricted_role_takes_a_restriction_back(doors: House, restricts: str) -> None:
    form = FORMS["a person's decision"]
    take(doors.store, form.messages)
    case = only_case(doors)
    with doors.sign_in(restricts) as browser:
        assert decide(browser, case, "restrict").status_code == 303
    with doors.sign_in("guardian") as browser:
        assert decide(browser, case, "release").status_code == 303
    with doors.sign_in("wes") as browser:
        refused = decide(browser, case, "restrict", withdraw="yes")
        assert (refused.status_code, "Only the restricted role" in refused.text) == (422, True)
        assert not told(said(browser.get(f"/console/cases/{case}")))
    (held,) = overview.recent_cases(doors.store)
    assert (held.restricted, held.state) == (True, "open")
    with doors.sign_in("guardian") as browser:
        assert decide(browser, case, "restrict", withdraw="yes").status_code == 303
    assert [held.restricted for held in overview.recent_cases(doors.store)] == [False]


def _known_to_leeds(doors: House) -> dict[str, str]:
    doors.tokens["lee"] = doors.identities.add("lee", "coordinator", organisations=("LEEDS",)).text
    doors.tokens["LEEDS"] = doors.identities.add("LEEDS", "cdop").text
    names = take(doors.store, {"old.hl7": MOVED.messages["old.hl7"]})
    assert [case.lead for case in overview.recent_cases(doors.store)] == ["LEEDS"]
    return names


def _released(doors: House, names: dict[str, str]) -> None:
    """Somebody marks the child, and the restricted role releases the case to who leads it under the current identity."""
    names |= take(doors.store, {"c.csv": MOVED.messages["c.csv"]})
    with doors.sign_in("guardian") as browser:
        assert decide(browser, only_case(doors), "release").status_code == 303
    assert [(case.state, case.lead) for case in overview.recent_cases(doors.store)] == [("open", "WOE")]


def _form_value(browser: httpx.Client) -> str:
    (value,) = set(re.findall(r'name="form" value="([0-9a-f]{64})"', browser.get("/console/work").text))
    return value


def _card(page: httpx.Response, name: str) -> str:
    """One part of a case's page."""
    return re.search(rf'aria-labelledby="{name}">.*?</section>', page.text, re.DOTALL)[0]  # type: ignore[index]
