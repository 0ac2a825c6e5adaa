"""The same stories through the real doors, broker and store: what panels find, and what nobody finds in a log."""

import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from integration_engine.synthetic.day import Partner, Sending
from integration_engine.synthetic.doors import Answer, Doors, Mllp
from integration_engine.synthetic.engine import Engine, engine
from tests.acceptance.stories.s01_collision import READING_GIRL, s1
from tests.acceptance.stories.s03_newborn import s3
from tests.acceptance.stories.s05_wrong_patient import AVA_COLE, s5
from tests.acceptance.stories.s09_expected import NEWHAM_BOY, s9

PARTNERS = (
    *(Partner(code, "hospital-hl7", "") for code in ("RN3", "R0A", "RHM", "F84004")),
    Partner("X26", "hospital-fhir", ""),
    Partner("8DX53", "hospital-fhir", ""),
    Partner("E23000038", "police", ""),
    Partner("oxfordshire", "coroner", ""),
)
BOTH_DOORS = ("RTH", "RP4")
PANELS = ("BERKS", "OXON", "WILTSW", "GM-MCR", "HIPS", "WELC", "NCL", "LEEDS")
WAIT_SECONDS = 60.0


@dataclass
class Played:
    """One engine after the stories were sent to it."""

    running: Engine
    answers: dict[str, Answer]
    inboxes: dict[str, list[dict[str, Any]]]

    def kinds(self, panel: str) -> Counter[str]:
        return Counter(delivery["kind"] for delivery in self.inboxes[panel])


def sender(name: str, body: bytes) -> str:
    if name.endswith(".hl7"):
        return body.split(b"|")[3].decode()
    if name.endswith(".csv"):
        return "oxfordshire"
    found = re.search(rb'"force":"(E\d+)"', body) or re.search(rb'organization-code","value":"(\w+)"', body)
    assert found
    return found[1].decode()


def door(name: str, body: bytes) -> str:
    if name.endswith(".json"):
        return "police" if b'"police-sudden-death/1"' in body else "fhir"
    return "mllp" if name.endswith(".hl7") else "coroner"


def read_inbox(running: Engine, panel: str) -> list[dict[str, Any]]:
    status, page = running.http.call("GET", f"/cdop/{panel}/deliveries?limit=100", running.tokens[panel])
    assert status == 200
    return list(page["deliveries"])


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def played(
    request: pytest.FixtureRequest, module_amqp_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Played]:
    """The stories of scenarios 1, 3, 5 and 9, each message through its own door, on either database."""
    database_url = f"sqlite:///{tmp_path_factory.mktemp('engine') / 'engine.db'}"
    if request.param == "postgresql":
        database_url = request.getfixturevalue("module_postgres_url")
    partners = (*PARTNERS, *(Partner(c, k, "") for c in BOTH_DOORS for k in ("hospital-hl7", "hospital-fhir")))
    queues = ("intake.", "refused.", "dead.", "delay.", "national.", "jar.", *(f"cdop.{panel}" for panel in PANELS))
    with engine(partners, PANELS, amqp_url=module_amqp_url, database_url=database_url, queues=queues) as running:
        answers = {}
        with Mllp("127.0.0.1", running.mllp_port) as mllp:
            doors = Doors(running.http, mllp, running.tokens)
            for story in (s1(), s3(), s5(), s9()):
                for name, body in story.items():
                    sending = Sending(door(name, body), sender(name, body), body, name)
                    if name == "cancel.hl7":
                        _await_case(running, "HIPS")
                    answers[f"{len(answers)}-{name}"] = doors.send(sending)
        yield Played(running, answers, _settled(running))


def _await_case(running: Engine, panel: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not read_inbox(running, panel) and time.monotonic() < deadline:
        running.require_running()
        time.sleep(0.2)


def _settled(running: Engine) -> dict[str, list[dict[str, Any]]]:
    """The inboxes once the wrong patient's case is withdrawn and nothing new comes for two looks."""
    before: dict[str, list[dict[str, Any]]] = {}
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        running.require_running()
        found = {panel: read_inbox(running, panel) for panel in PANELS}
        if found == before and found["WELC"] and found["HIPS"] and found["GM-MCR"] and found["NCL"]:
            return found
        before = found
        time.sleep(1.5)
    return before


def test_every_message_is_taken_or_passed_over(played: Played) -> None:
    assert {answer.outcome for answer in played.answers.values()} <= {"accepted", "passed over"}


def test_each_case_is_new_once_at_its_lead(played: Played) -> None:
    for panel in ("BERKS", "GM-MCR", "WELC"):
        assert played.kinds(panel)["new"] == 1, panel
    assert played.kinds("OXON")["copy"] == played.kinds("WILTSW")["copy"] == played.kinds("NCL")["copy"] == 1


def test_the_wrong_patient_is_withdrawn_wherever_it_was_sent(played: Played) -> None:
    by_case = defaultdict(list)
    for delivery in played.inboxes["HIPS"]:
        by_case[delivery["case"]].append(delivery["kind"])
    assert sorted((kinds[0], kinds[-1]) for kinds in by_case.values()) == [("new", "new"), ("new", "withdraw")]


def test_a_panel_that_the_cases_do_not_concern_gets_nothing(played: Played) -> None:
    assert played.inboxes["LEEDS"] == []


def test_a_panel_cannot_read_anothers_inbox(played: Played) -> None:
    status, _ = played.running.http.call("GET", "/cdop/BERKS/deliveries", played.running.tokens["OXON"])
    assert status == 403


def test_a_partner_cannot_speak_as_another(played: Played) -> None:
    body = next(body for name, body in s1().items() if name == "police-2.json")
    status, answer = played.running.http.call(
        "POST", "/police/reports", played.running.tokens["X26"], body, "application/json"
    )
    assert status == 403
    assert b"Harrow" not in str(answer).encode()


def identifiers() -> set[str]:
    """Everything in the stories that would tell who a child was, as it might be written."""
    found = {"Harrow", "OKAFOR", "BELLO", "Whitaker", "Whittaker", "Quay Street", "RG1 1LZ", "Mill Road", "Nasima"}
    for child in (READING_GIRL, AVA_COLE, NEWHAM_BOY):
        assert child.nhs_number
        found |= {child.nhs_number, child.birth_date, child.birth_date.replace("-", "")}
    return found


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
    for text in (log, metrics.decode(), page.text, *said):
        for identifier in identifiers():
            assert identifier.casefold() not in text.casefold()
