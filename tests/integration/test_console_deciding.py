"""People decide at the console and panels over their door, on both databases: who sees and does what, and that a form is one
decision however often it is sent."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from integration_engine.store import audit, overview
from integration_engine.store.decisions import every_decision
from tests.gateway_house import House, declare, house
from tests.integration.test_decisions_everywhere import LOST, TWO, take
from tests.native_messages import adt
from tests.restricted_samples import FORMS, told

CHILD = ("HARROW", "AVA", "9990000018", "QUAY STREET", "RG1 1LZ", "2014-05-09", "9 MAY 2014")


@pytest.fixture
def doors(amqp_url: str, database_url: str, tmp_path: Path) -> Iterator[House]:
    declare(amqp_url)
    with house(amqp_url, database_url, tmp_path) as opened:
        for name, role, area in (
            ("jane", "coordinator", "BERKS"),
            ("wes", "coordinator", "WOE"),
            ("doc", "designated-doctor", "BERKS"),
        ):
            opened.tokens[name] = opened.identities.add(name, role, organisations=(area,)).text  # type: ignore[arg-type]
        opened.tokens["WOE"] = opened.identities.add("WOE", "cdop").text
        yield opened


def said(page: httpx.Response) -> str:
    """A page less its lists of places to choose from."""
    return re.sub(r"<select.*?</select>", "", page.text, flags=re.DOTALL)


def only_case(doors: House) -> str:
    (case,) = overview.recent_cases(doors.store)
    return case.id


def form(page: str, kind: str) -> dict[str, str]:
    """The hidden fields of one form of a page."""
    (found,) = re.findall(rf'<form[^>]*id="kind-{kind}".*?</form>', page, re.DOTALL)
    return dict(re.findall(r'name="(form|once|kind)" value="([^"]*)"', found))


def decide(browser: httpx.Client, case: str, kind: str, **fields: str) -> httpx.Response:
    page = browser.get(f"/console/cases/{case}").text
    told = {"reason": "spoke to the ward"} | fields
    return browser.post(f"/console/cases/{case}/decide", data=form(page, kind) | told)


def test_a_coordinator_finds_a_held_case_reads_it_and_settles_it(doors: House) -> None:
    take(doors.store, {"m.hl7": adt(f30="N")})
    case = only_case(doors)
    with doors.sign_in("jane") as browser:
        work = browser.get("/console/work")
        assert f"/console/cases/{case}" in work.text
        assert "held.contradiction" in work.text
        shown = browser.get(f"/console/cases/{case}")
        assert "HARROW" in shown.text
        assert "PID-5" in shown.text
        answer = decide(browser, case, "confirm-death")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/console/cases/{case}?done=3")
        after = browser.get(answer.headers["location"])
        assert "3 deliveries follow" in after.text
        assert "spoke to the ward" in after.text
        assert "Opened, version 1: held (held.contradiction), BERKS leads. Sent to nobody." in after.text
        assert "Looked at by jane, in full." in after.text
        assert "case.opened" not in after.text
    assert [(c.state, c.rule) for c in overview.recent_cases(doors.store)] == [("open", "scope.child")]
    (kept,) = every_decision(doors.store)
    assert (kept.decision.by, kept.decision.role, kept.decision.kind) == ("jane", "coordinator", "confirm-death")
    looks = [(line.actor, line.subject) for line in audit.lines(doors.store) if line.action == "case.read"]
    assert len(looks) == 3
    assert set(looks) == {("jane", case)}


def test_a_form_sent_twice_is_one_decision_and_one_without_its_sessions_value_is_none(doors: House) -> None:
    take(doors.store, {"m.hl7": LOST})
    case = only_case(doors)
    with doors.sign_in("op") as browser:
        page = browser.get(f"/console/cases/{case}").text
        fields = form(page, "residence") | {"reason": "asked the mother", "value.lad_code": "E07000081"}
        first = browser.post(f"/console/cases/{case}/decide", data=fields)
        again = browser.post(f"/console/cases/{case}/decide", data=fields)
        assert (first.headers["location"][-2:], again.headers["location"][-2:]) == ("=3", "=0")
        forged = browser.post(f"/console/cases/{case}/decide", data=fields | {"form": "0" * 64, "once": "a" * 32})
        assert forged.status_code == 403
        other = browser.post(f"/console/cases/{case}/decide", data=fields | {"reason": "otherwise"})
        assert other.status_code == 422
    assert len(list(every_decision(doors.store))) == 1


def test_a_decision_is_taken_back_by_the_form_it_was_made_with(doors: House) -> None:
    take(doors.store, {"m.hl7": adt()})
    case = only_case(doors)
    with doors.sign_in("op") as browser:
        before = browser.get(f"/console/cases/{case}").text
        assert 'name="withdraw"' not in before
        assert decide(browser, case, "agreement", **{"value.cdop": "WOE"}).status_code == 303
        assert [c.lead for c in overview.recent_cases(doors.store)] == ["WOE"]
        assert browser.get(f"/console/cases/{case}").text.count('name="withdraw"') == 1
        assert decide(browser, case, "agreement", withdraw="yes").status_code == 303
    assert [c.lead for c in overview.recent_cases(doors.store)] == ["BERKS"]
    assert audit.verify(doors.store).broken is None


def test_what_is_wrong_in_a_form_is_said_beside_it_and_what_was_typed_stays(doors: House) -> None:
    take(doors.store, {"m.hl7": adt()})
    case = only_case(doors)
    with doors.sign_in("jane") as browser:
        without = decide(browser, case, "agreement", reason="they agreed on the telephone")
        assert (without.status_code, "value.cdop" in without.text) == (422, True)
        assert "they agreed on the telephone" in without.text
        date = decide(browser, case, "process", **{"value.cdrm_held_at": "the ninth of May"})
        assert (date.status_code, "cdrm_held_at" in date.text) == (422, True)
        assert decide(browser, case, "agreement", reason="", **{"value.cdop": "WOE"}).status_code == 422
    assert not list(every_decision(doors.store))


def test_an_operator_sees_codes_and_no_child(doors: House) -> None:
    take(doors.store, {"m.hl7": adt(f30="N"), "n.hl7": LOST})
    with doors.sign_in("op") as browser:
        pages = [browser.get("/console/work")]
        pages += [browser.get(f"/console/cases/{case.id}") for case in overview.recent_cases(doors.store)]
        questions = re.findall(r"/console/questions/r-[0-9a-f]+", pages[0].text)
        pages += [browser.get(question) for question in questions]
    for page in pages:
        assert page.status_code == 200
        assert not [secret for secret in CHILD if secret in said(page).upper()]


def test_another_panels_coordinator_sees_and_decides_nothing(doors: House) -> None:
    take(doors.store, {"m.hl7": adt(f30="N")})
    case = only_case(doors)
    with doors.sign_in("jane") as jane, doors.sign_in("wes") as wes:
        assert case not in wes.get("/console/work").text
        assert wes.get(f"/console/cases/{case}").status_code == 404
        fields = form(jane.get(f"/console/cases/{case}").text, "restrict") | {"reason": "because"}
        own = re.search(r'name="form" value="(\w+)"', wes.get("/console/work").text)
        assert own
        refused = wes.post(f"/console/cases/{case}/decide", data=fields | {"form": own[1]})
        assert refused.status_code == 404
    for code in ("BERKS", "RTH"):
        with doors.sign_in(code) as browser:
            assert browser.get("/console/work").status_code == 403
            assert browser.get(f"/console/cases/{case}").status_code == 403
    assert doors.client.get("/console/work").status_code == 303
    assert not list(every_decision(doors.store))


def test_a_restricted_case_is_the_restricted_roles_alone_until_it_is_released(doors: House) -> None:
    held = FORMS["a protected flag, and aliases"]
    take(doors.store, held.messages)
    case = only_case(doors)
    for name in ("op", "jane", "wes", "doc"):
        with doors.sign_in(name) as browser:
            assert case not in browser.get("/console/work").text
            assert browser.get(f"/console/cases/{case}").status_code == 404
            assert browser.get(f"/console/cases/{case}/history").status_code in (403, 404)
    with doors.sign_in("guardian") as guardian:
        shown = guardian.get(f"/console/cases/{case}")
        assert "MARSH" in shown.text
        assert not told(said(shown))
        assert told(guardian.get(f"/console/cases/{case}/history").text)
        done = decide(guardian, case, "release", reason="the court's order; once Liam Hart")
        assert done.status_code == 303
    with doors.sign_in("wes") as wes:
        released = wes.get(f"/console/cases/{case}")
        assert "MARSH" in released.text
        assert not told(said(released))
        assert 'id="kind-release"' not in released.text
        assert wes.get(f"/console/cases/{case}/history").status_code == 403
    with doors.sign_in("op") as browser:
        assert browser.get(f"/console/cases/{case}").status_code == 404
    actions = {line.action for line in audit.lines(doors.store, subject=case)}
    assert {"case.read", "case.history-read"} <= actions


def test_two_notices_are_compared_side_by_side_and_linked(doors: House) -> None:
    take(doors.store, TWO)
    with doors.sign_in("jane") as browser:
        work = browser.get("/console/work").text
        (question,) = set(re.findall(r"/console/questions/r-[0-9a-f]+", work))
        page = browser.get(question).text
        assert "9990000026" in page
        assert "differs" in page
        answer = browser.post(f"{question}/decide", data=form(page, "link") | {"reason": "the ward says so"})
        assert answer.status_code == 303
        assert browser.get(question).status_code == 404
    assert len(overview.recent_cases(doors.store)) == 1


def test_pages_run_no_script_and_no_address_or_title_names_a_child(doors: House) -> None:
    take(doors.store, {"m.hl7": adt(f30="N")})
    case = only_case(doors)
    with doors.sign_in("jane") as browser:
        for page in (browser.get("/console/work"), browser.get(f"/console/cases/{case}")):
            assert "<script" not in page.text
            assert page.headers["content-security-policy"].startswith("default-src 'none'")
            (title,) = re.findall(r"<title>(.*?)</title>", page.text)
            addresses = " ".join(re.findall(r'(?:href|action)="([^"]*)', page.text))
            assert not [secret for secret in CHILD if secret in (title + addresses).upper()]
            labels = set(re.findall(r'<label for="([^"]+)"', page.text))
            inputs = re.findall(r'<(?:input type="text"|select|textarea)[^>]* id="([^"]+)"', page.text)
            assert labels == set(inputs)
            assert len(inputs) == len(set(inputs))


def test_a_panel_proposes_a_transfer_and_the_other_accepts(doors: House) -> None:
    take(doors.store, {"m.hl7": adt()})
    case = only_case(doors)
    asking = b'{"to": "WOE", "reason": "the family moved to Bath in May"}'
    proposed = doors.send("BERKS", f"/cdop/BERKS/cases/{case}/transfer", asking, "application/json")
    assert proposed.status_code == 201
    name = proposed.json()["transfer"]
    for panel in ("BERKS", "WOE"):
        (seen,) = doors.get(panel, f"/cdop/{panel}/transfers").json()["transfers"]
        assert (seen["from"], seen["to"], seen["case"]) == ("BERKS", "WOE", case)
    assert doors.get("OXON", "/cdop/OXON/transfers").json() == {"transfers": []}
    assert doors.send("OXON", f"/cdop/OXON/transfers/{name}/accept", b"", "application/json").status_code == 404
    assert doors.send("BERKS", f"/cdop/BERKS/transfers/{name}/accept", b"", "application/json").status_code == 404
    accepted = doors.send("WOE", f"/cdop/WOE/transfers/{name}/accept", b"", "application/json")
    assert (accepted.status_code, accepted.json()) == (200, {"deliveries": 4})
    assert [c.lead for c in overview.recent_cases(doors.store)] == ["WOE"]
    (kept,) = every_decision(doors.store)
    assert (kept.decision.by, kept.decision.kind) == ("BERKS and WOE", "agreement")
    assert kept.decision.value == {"cdop": "WOE", "proposed_by": "BERKS", "accepted_by": "WOE"}
    assert doors.get("WOE", "/cdop/WOE/transfers").json() == {"transfers": []}
    assert doors.send("WOE", f"/cdop/WOE/transfers/{name}/accept", b"", "application/json").status_code == 404


def test_a_declined_proposal_leaves_the_case_and_goes_to_a_person(doors: House) -> None:
    take(doors.store, {"m.hl7": adt()})
    case = only_case(doors)
    asking = b'{"to": "WOE", "reason": "the family moved to Bath in May"}'
    name = doors.send("BERKS", f"/cdop/BERKS/cases/{case}/transfer", asking, "application/json").json()["transfer"]
    answer = doors.send(
        "WOE", f"/cdop/WOE/transfers/{name}/decline", b'{"reason": "they live in Reading"}', "application/json"
    )
    assert answer.status_code == 204
    assert [c.lead for c in overview.recent_cases(doors.store)] == ["BERKS"]
    with doors.sign_in("jane") as browser:
        (question,) = set(re.findall(r"/console/questions/r-[0-9a-f]+", browser.get("/console/work").text))
        page = browser.get(question).text
        assert "they live in Reading" in page
        fields = form(page, "agreement") | {"reason": "they do", "value.cdop": "BERKS"}
        assert browser.post(f"{question}/decide", data=fields).status_code == 303
        assert question not in browser.get("/console/work").text
    again = doors.send("BERKS", f"/cdop/BERKS/cases/{case}/transfer", asking, "application/json").json()["transfer"]
    assert doors.send("BERKS", f"/cdop/BERKS/transfers/{again}/take-back", b"", "application/json").status_code == 204
    assert doors.get("WOE", "/cdop/WOE/transfers").json() == {"transfers": []}


def test_a_panel_tells_the_steps_of_its_review_and_of_no_other_panels(doors: House) -> None:
    take(doors.store, {"m.hl7": adt()})
    case = only_case(doors)
    path, held = (
        f"/cdop/BERKS/cases/{case}/decisions",
        b'{"id": "1", "kind": "process", "value": {"cdrm_held_at": "2026-05-01"}, "reason": "held"}',
    )
    assert doors.send("BERKS", path, held, "application/json").json() == {"decision": "1", "deliveries": 2}
    assert doors.send("BERKS", path, held, "application/json").json() == {"decision": "1", "deliveries": 0}
    assert doors.send("BERKS", path, held.replace(b"05-01", b"05-02"), "application/json").status_code == 409
    assert doors.send("OXON", path.replace("BERKS", "OXON"), held, "application/json").status_code == 404
    assert doors.send("OXON", path, held, "application/json").status_code == 403
    assert doors.send("BERKS", path.replace(case, "c-00000000"), held, "application/json").status_code == 404
    for wrong in (
        b'{"id": "2", "kind": "release", "value": {}, "reason": "because"}', b"{}", b"[",
        b'{"id": "2", "kind": "process", "value": {"cdrm_held_at": "soon"}, "reason": "because"}',
        b'{"id": "2", "kind": "agreement", "value": {"cdop": "NOWHERE"}, "reason": "because"}',
    ):  # fmt: skip
        answer = doors.send("BERKS", path, wrong, "application/json")
        assert (answer.status_code, "soon" in answer.text) == (422, False)
    assert len(list(every_decision(doors.store))) == 1
