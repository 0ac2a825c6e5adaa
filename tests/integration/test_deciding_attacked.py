"""Deciding under attack, on both databases: ids that are none or another's, one id twice, two answers to a proposal at once,
a look that nobody should notice, a form written in an odd way."""

import functools
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from integration_engine.store import audit, overview, transfers
from integration_engine.store.decisions import every_decision
from tests.gateway_house import House
from tests.integration.test_console_deciding import decide, doors, form, only_case
from tests.integration.test_decisions_everywhere import take
from tests.native_messages import adt
from tests.restricted_samples import FORMS

__all__ = ["doors"]


def test_what_is_no_id_of_anything_is_said_beside_the_form_and_breaks_nothing(doors: House) -> None:
    take(doors.store, {"m.hl7": adt()})
    case = only_case(doors)
    with doors.sign_in("op") as browser:
        for other in ("\0", f"{case}\0", "a\nb", "c-0000", "x" * 3000):
            answer = decide(browser, case, "link", other=other)
            assert answer.status_code == 422, other
    assert not list(every_decision(doors.store))


def test_an_id_that_a_panel_used_for_another_case_is_not_taken_for_done(doors: House) -> None:
    second = adt("A03", "OTH", f3="9990000026^^^NHS^NH", f5="OTHER^BEN", f7="20100101", f8="M")
    take(doors.store, {"m.hl7": adt(), "n.hl7": second})
    cases = [case.id for case in overview.recent_cases(doors.store)]
    told = {
        "id": "step-1",
        "kind": "process",
        "value": {"cdrm_held_at": "2026-05-01T10:00:00Z"},
        "reason": "held today",
    }
    answers = [
        doors.send("BERKS", f"/cdop/BERKS/cases/{case}/decisions", json.dumps(told), "application/json")
        for case in (cases[0], cases[1], cases[0])
    ]
    assert [answer.status_code for answer in answers] == [201, 409, 201]
    assert answers[1].json()["code"] == "same-id-other-decision"
    assert [answer.json()["deliveries"] for answer in answers[::2]] == [2, 0]
    assert len(list(every_decision(doors.store))) == 1


def test_a_list_of_deliveries_is_a_look_that_is_audited(doors: House) -> None:
    take(doors.store, {"m.hl7": adt()})
    with doors.sign_in("BERKS") as browser:
        assert only_case(doors) in browser.get("/console/cdop").text
    (line,) = [line for line in audit.lines(doors.store) if line.action == "deliveries.listed"]
    assert (line.actor, line.subject, len(line.detail["deliveries"])) == ("BERKS", "cdop.BERKS", 1)


def test_a_reason_in_peoples_words_is_read_by_nobody_unseen(doors: House) -> None:
    take(doors.store, {"m.hl7": adt()})
    case = only_case(doors)
    asking = json.dumps({"to": "WOE", "reason": "their school is there"})
    assert doors.send("BERKS", f"/cdop/BERKS/cases/{case}/transfer", asking, "application/json").status_code == 201
    for panel in ("WOE", "OXON"):
        assert doors.get(panel, f"/cdop/{panel}/transfers").status_code == 200
    with doors.sign_in("op") as browser:
        value = form(browser.get(f"/console/cases/{case}").text, "agreement")["form"]
        broken = {"form": value, "case": case, "reason": "the family is at the door"}
        assert browser.post("/console/break-glass", data=broken).status_code == 303
    with doors.sign_in("guardian") as browser:
        assert "the family is at the door" in browser.get("/console/break-glass").text
    looks = [(line.action, line.subject, line.actor) for line in audit.lines(doors.store, limit=500)]
    assert [look for look in looks if look[0] == "transfers.read"] == [("transfers.read", "cdop.WOE", "WOE")]
    assert [look for look in looks if look[0] == "glass.read"] == [("glass.read", "break-glass", "guardian")]


def test_a_panel_writes_nobody_elses_consent_into_its_decision(doors: House) -> None:
    take(doors.store, {"m.hl7": adt()})
    told = {"id": "18", "kind": "agreement", "reason": "agreed on the telephone"}
    forged = {"cdop": "WOE", "proposed_by": "BERKS", "accepted_by": "WOE"}
    at = f"/cdop/BERKS/cases/{only_case(doors)}/decisions"
    answer = doors.send("BERKS", at, json.dumps(told | {"value": forged}), "application/json")
    assert (answer.status_code, answer.json()["code"]) == (422, "value")
    assert not list(every_decision(doors.store))
    answer = doors.send("BERKS", at, json.dumps(told | {"value": {"cdop": "WOE"}}), "application/json")
    assert answer.status_code == 201


def test_two_panels_ids_never_meet(doors: House) -> None:
    """One panel's code may begin another's."""
    take(doors.store, {"m.hl7": adt()})
    case = only_case(doors)
    told = {"id": "17", "kind": "process", "value": {"cdrm_held_at": "2026-05-01"}, "reason": "held today"}
    answer = doors.send("BERKS", f"/cdop/BERKS/cases/{case}/decisions", json.dumps(told), "application/json")
    assert answer.status_code == 201
    assert [kept.decision.id for kept in every_decision(doors.store)] == ["BERKS.17"]


def test_a_restricted_case_is_not_there_either_where_one_of_its_notices_is_named(doors: House) -> None:
    names = take(doors.store, FORMS["a protected flag, and aliases"].messages)
    take(doors.store, {"m.hl7": adt()})
    plain = next(case.id for case in overview.recent_cases(doors.store) if not case.restricted)
    with doors.sign_in("op") as browser:
        page = browser.get(f"/console/cases/{plain}").text
        told = form(page, "link") | {"reason": "they look alike"}
        for other in (names["cur.hl7#0"], "n-0000000000"):
            answer = browser.post(f"/console/cases/{plain}/decide", data=told | {"other": other})
            assert answer.status_code == 422
            assert "There is no such case" in answer.text
            assert "estricted" not in answer.text


def test_a_proposal_has_one_answer_whoever_gives_theirs_in_the_same_moment(doors: House) -> None:
    take(doors.store, {"m.hl7": adt()})
    case, lead, other = only_case(doors), "BERKS", "WOE"
    for _ in range(6):
        asking = json.dumps({"to": other, "reason": "their school is there"})
        proposed = doors.send(lead, f"/cdop/{lead}/cases/{case}/transfer", asking, "application/json").json()
        at = f"transfers/{proposed['transfer']}"
        ways = [(other, f"{at}/accept"), (lead, f"{at}/take-back")]
        with ThreadPoolExecutor(2) as both:
            statuses = list(both.map(functools.partial(_answered, doors), ways))
        led_by = overview.recent_cases(doors.store)[0].lead
        assert statuses in ([200, 404], [404, 204])
        assert led_by == (other if statuses[0] == 200 else lead)
        if led_by == other:
            lead, other = other, lead


def _answered(doors: House, way: tuple[str, str]) -> int:
    panel, path = way
    return doors.send(panel, f"/cdop/{panel}/{path}", b"", "application/json").status_code


def test_what_was_answered_meanwhile_is_not_answered_again(doors: House) -> None:
    take(doors.store, {"m.hl7": adt()})
    now = datetime.now(UTC)
    transfers.propose(doors.store, only_case(doors), "BERKS", "WOE", "their school is there", now=now)
    (seen,) = transfers.proposals(doors.store, "WOE")
    transfers.take_back(doors.store, seen, now=now)
    with pytest.raises(transfers.NotOpen):
        transfers.decline(doors.store, seen, "not ours", now=now)
    with pytest.raises(transfers.NotOpen):
        transfers.take_back(doors.store, seen, now=now)
    assert not [review for review in overview.open_reviews(doors.store) if review.kind == "declined"]


def test_a_form_in_an_odd_spelling_is_refused_like_any_other_that_is_not_ours(doors: House) -> None:
    parts = (
        b'--x\r\nContent-Disposition: form-data; name="form"\r\n\r\n+2AA-\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\narea\r\n--x--\r\n'
    )
    with doors.sign_in("oxfordshire") as browser:
        for spelling in ("utf-7", "utf-16", "idna", "unicode_escape", "none", "\x01"):
            odd = {"Content-Type": f"multipart/form-data; boundary=x; charset={spelling}"}
            assert browser.post("/coroner/upload", content=parts, headers=odd).status_code in (400, 403), spelling
