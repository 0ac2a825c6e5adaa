"""The same stories through the real doors, broker and store: what panels find, and what nobody finds in a log."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.real_engine import BYSTANDERS, Played, expected
from tests.acceptance.stories.playlist import stories
from tests.acceptance.stories.s01_collision import s1
from tests.acceptance.story import Story

ACTS = [pytest.param(story, act, id=f"{story.name}-{act}") for story in stories() for act in range(len(story.acts))]


def test_every_message_is_taken_or_passed_over(played: Played) -> None:
    assert {name: answer for name, answer in played.answers.items() if answer.outcome == "refused"} == {}


@pytest.mark.parametrize(("story", "act"), ACTS)
def test_everybody_holds_what_cdr_try_says(played: Played, story: Story, act: int) -> None:
    """Lead, copies, teams and the national record, after every act; and nobody holds anything else."""
    key = (story.name, act)
    cases = played.tried[key]["cases"]
    before = played.before(story, act)
    assert played.held[key] == [expected(case, past) for case, past in zip(cases, before, strict=True)]


def test_nothing_is_delivered_of_a_case_that_no_story_tells(played: Played) -> None:
    known = {case for ids in played.cases.values() for case in frozenset[str]().union(*ids)}
    assert {delivery.body["case"] for delivery in played.deliveries} <= known


def test_a_panel_finds_in_its_inbox_what_was_put_on_its_queue(played: Played) -> None:
    panels = {d.recipient for d in played.deliveries if d.recipient.startswith("cdop.")} | set(BYSTANDERS)
    for panel in panels:
        queued = [d.body["delivery"] for d in played.deliveries if d.recipient == panel]
        found = [delivery["delivery"] for delivery in played.inbox(panel.removeprefix("cdop."))]
        assert sorted(found) == sorted(queued)
        assert len(set(found)) == len(found)


def test_every_step_of_it_is_in_an_audit_log_that_holds(played: Played) -> None:
    verified = played.cdr("audit", "verify", "--json")
    assert verified.returncode == 0, verified.stdout


def test_a_panel_cannot_read_anothers_inbox(played: Played) -> None:
    status, _ = played.running.http.call("GET", "/cdop/BERKS/deliveries", played.running.tokens["OXON"])
    assert status == 403


def test_a_partner_cannot_speak_as_another(played: Played) -> None:
    body = s1()["police-2.json"]
    status, answer = played.running.http.call(
        "POST", "/police/reports", played.running.tokens["X26"], body, "application/json"
    )
    assert status == 403
    assert b"Harrow" not in str(answer).encode()


def identifiers(played: Played) -> set[str]:
    """Everything in the stories that would tell who a child was, as it might be written."""
    found: set[str] = set()
    for answer in played.tried.values():
        for case in answer["cases"]:
            child: dict[str, Any] = case["record"]["child"]
            found |= {child.get("nhs_number", ""), child.get("family_name", ""), *child.get("known_as", ())}
            born = child.get("birth_date", "")
            found |= {born, born.replace("-", "")} if len(born) == len("2026-01-01") else set()
            for address in child.get("addresses", ()):
                found |= {address.get("postcode", ""), *address.get("lines", ())}
    return {each for each in found if len(each) > len("Cole")}


def test_no_log_metric_error_or_console_page_names_a_child(played: Played) -> None:
    running = played.running
    broken = [
        (b'{"resourceType": "Patient", "name": [{"family": "Harrow"', "fhir"),
        (b"Harrow;RG1 1LZ\n1;2", "coroner"),
    ]
    said = []
    for body, where in broken:
        path = {"fhir": "/fhir/$process-message", "coroner": "/coroner/cases"}[where]
        kind = {"fhir": "application/fhir+json", "coroner": "text/csv"}[where]
        token = running.tokens["X26" if where == "fhir" else "oxfordshire"]
        status, answer = running.http.call("POST", path, token, body, kind)
        assert 400 <= status < 500
        said.append(str(answer))
    _, metrics = running.http.call("GET", "/metrics", running.operator_token)
    with httpx.Client(base_url=f"http://127.0.0.1:{running.http_port}", follow_redirects=True) as browser:
        page = browser.post("/sign-in", data={"token": running.operator_token})
    assert page.status_code == 200
    assert "scope.child" in page.text
    log = Path(running.folder / "engine.log").read_text()
    assert "the doors are open" in log
    told = identifiers(played)
    assert {"9990000018", "Harrow", "RG1 1LZ"} <= told
    for text in (log, metrics.decode(), page.text, *said):
        for identifier in told:
            assert identifier.casefold() not in text.casefold()
