"""A partner tries before it goes live: the same answers, nothing kept, a score, and a gate that a person opens."""

import json
import re
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from integration_engine.broker.management import Management
from integration_engine.cli.partner import app as partner_command
from integration_engine.pipeline import process
from integration_engine.services import Broker
from integration_engine.store import audit
from tests import fhir_samples
from tests.gateway_house import (
    FAMILY_NAME,
    NHS_NUMBER,
    House,
    adult,
    house,
    keys_in_the_environment,
    own_vhost,
    police_report,
)
from tests.hl7_samples import death, message, msh, pid, pv1
from tests.store_samples import read, report, rules
from tests.worker_samples import eventually

START, END = b"\x0b", b"\x1c\r"
HOSPITAL, NEW = "RTH", "RYY"
KINDS = ("hospital-hl7", "hospital-fhir", "police", "coroner")
FHIR = "application/fhir+json"
# what two answers to one message may differ in: ids of our own, times, and whose door it was
_OURS = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{27}|\b[b-t]{16}\b|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)|CDR[0-9A-F]{16}|\d{14}"
)


@pytest.fixture(scope="module")
def shared(broker: Broker, management: Management, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    url = f"sqlite:///{folder / 'e.db'}"
    with own_vhost(broker, management) as vhost, house(vhost, url, folder, mllp=True, sandbox=True) as opened:
        added = opened.identities.add(NEW, "partner", kinds=KINDS, live=False)
        opened.tokens[NEW] = added.text
        yield opened


@pytest.fixture
def doors(shared: House) -> House:
    shared.purge()
    return shared


def masked(text_: str) -> str:
    return _OURS.sub("#", text_.replace("/sandbox", ""))


def mllp(port: int, body: bytes) -> bytes:
    found = b""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(START + body + END)
        while END not in found:
            found += connection.recv(65536)
    return found


def rows(doors: House, table: str) -> int:
    with doors.store.reading() as transaction:
        return int(transaction.connection.execute(text(f"select count(*) from {table}")).scalar_one())


def tried(doors: House, code: str, kind: str) -> dict[str, Any]:
    found = doors.get(code, "/partner/status").json()["sandbox"]
    return next(each for each in found if each["kind"] == kind)


_CSV = (
    "area,reference,event,event_at,family_name,date_of_death,age,age_unit\n"
    "oxfordshire,R1,REFERRED,2026-03-09,X,2026-03-08,4,years\n"
)
_SENT = [
    ("E23000038", "/police/reports", police_report(), "application/json"),
    ("E23000038", "/police/reports", police_report(**adult()), "application/json"),
    ("E23000038", "/police/reports", police_report(person={"role": "nobody"}), "application/json"),
    ("E23000038", "/police/reports", police_report("E23000029"), "application/json"),
    ("E23000038", "/police/reports", b"{", "application/json"),
    ("E23000038", "/police/reports", b"x", "image/png"),
    ("RTH", "/fhir", json.dumps(fhir_samples.bundle(fhir_samples.dead())), FHIR),
    ("RTH", "/fhir", json.dumps(fhir_samples.bundle(fhir_samples.patient())), FHIR),
    ("RTH", "/fhir/Patient", json.dumps(fhir_samples.dead()), FHIR),
    (
        "RTH",
        "/fhir/$process-message",
        json.dumps(fhir_samples.bundle(fhir_samples.header(), fhir_samples.dead(), type_="message")),
        FHIR,
    ),
    ("RTH", "/fhir", "{}", FHIR),
    ("BERKS", "/police/reports", police_report(), "application/json"),
    (None, "/police/reports", police_report(), "application/json"),
    ("oxfordshire", "/coroner/cases", _CSV, "text/csv"),
    ("oxfordshire", "/coroner/cases", "area,reference\nkent,R1\n", "text/csv"),
]


@pytest.mark.parametrize(("code", "path", "body", "content_type"), _SENT, ids=range(len(_SENT)))
def test_the_sandbox_answers_as_live_does(
    doors: House, code: str | None, path: str, body: Any, content_type: str
) -> None:
    tried_, live = (doors.send(code, door + path, body, content_type) for door in ("/sandbox", ""))
    assert (tried_.status_code, masked(tried_.text)) == (live.status_code, masked(live.text))
    assert tried_.headers["content-type"] == live.headers["content-type"]
    assert tried_.headers["cdr-sandbox"] == "true"
    assert "cdr-sandbox" not in live.headers


@pytest.mark.parametrize(
    "body",
    [
        death(),
        death(f7="19500101"),
        message(msh("ADT^A08^ADT_A01"), pid(), pv1()),
        message(msh(), pv1(f36="4")),
        message(msh("ORU^Z99"), pid()),
    ],
    ids=["child", "adult", "living", "no-pid", "other-type"],
)
def test_the_sandbox_answers_as_live_does_over_mllp(doors: House, body: bytes) -> None:
    live, sandbox = (mllp(port, body).decode() for port in doors.mllp_ports)
    assert masked(sandbox) == masked(live)


def test_nothing_that_was_tried_is_queued_or_kept(doors: House) -> None:
    for _, path, body, content_type in _SENT:
        doors.send(NEW, "/sandbox" + path, body, content_type)
    mllp(doors.mllp_ports[1], message(msh(f4=NEW), pid(f29="20260309041000", f30="Y"), pv1()))
    eventually(lambda: all(tried(doors, NEW, kind)["messages"] for kind in KINDS))
    time.sleep(1.5)  # what the live doors count is written once a second
    for table in ("submission", "refusal", "tally", "upload", "alarm"):
        assert rows(doors, f"{table} where partner = '{NEW}'") == 0, table
    assert rows(doors, "notice") == rows(doors, "cases") == 0
    for kind in KINDS:
        assert doors.queued(f"intake.{kind}") == []
    with doors.store.reading() as transaction:
        kept = str(transaction.connection.execute(text("select * from rehearsal")).all())
    for value in (FAMILY_NAME, FAMILY_NAME.upper(), NHS_NUMBER, "Ava", "2014-05-09", "RG1 1LX", fhir_samples.WREN):
        assert value not in kept


def test_test_messages_are_welcome_in_the_sandbox_only(doors: House) -> None:
    doors.identities.add_feed("rxh-pas", "RXH", "hospital-hl7", {"profile": "nhs-adt"})
    training = message(msh(f4="RXH", f11="T"), pid(f29="20260309041000", f30="Y"), pv1())

    def answers() -> list[str]:
        return [mllp(port, training).decode().split("MSA|")[1][:2] for port in doors.mllp_ports]

    eventually(lambda: answers() == ["AR", "AA"])
    doors.purge()
    assert answers() == ["AR", "AA"]
    assert doors.queued("intake.hospital-hl7") == []


def test_a_partner_that_is_not_live_is_heard_in_the_sandbox_alone(doors: House) -> None:
    body = json.dumps(fhir_samples.bundle(fhir_samples.dead()))
    assert doors.send(NEW, "/sandbox/fhir", body, FHIR).status_code == 202
    refused = doors.send(NEW, "/fhir", body, FHIR)
    assert refused.status_code == 403
    assert "not-live" in refused.text
    live, sandbox = (
        mllp(port, message(msh(f4=NEW), pid(f29="20260309041000", f30="Y"), pv1())) for port in doors.mllp_ports
    )
    assert b"MSA|AR|" in live
    assert b"MSA|AA|" in sandbox
    assert doors.queued("intake.hospital-hl7") == doors.queued("intake.hospital-fhir") == []


def test_a_score_says_which_rules_are_met_with_an_example_of_how_not(doors: House) -> None:
    weak = police_report(report_id="54-2026-000777", person={"life_extinct_at": "2026-03-09", "ethnicity": None})
    doors.send("E23000029", "/sandbox/police/reports", weak.replace(b"E23000038", b"E23000029"), "application/json")
    eventually(lambda: tried(doors, "E23000029", "police")["messages"] == 1)
    found = tried(doors, "E23000029", "police")
    by_rule = {rule["rule"]: rule for rule in found["rules"]}
    assert (by_rule["birth-date"]["met"], by_rule["birth-date"]["asked"]) == (1, 1)
    assert by_rule["death-time"]["example"] == {"path": "$.persons[0].life_extinct_at", "code": "date-only"}
    assert by_rule["death-time"]["purpose"]
    # the same message again takes its former place
    doors.send("E23000029", "/sandbox/police/reports", weak.replace(b"E23000038", b"E23000029"), "application/json")
    doors.send("E23000029", "/sandbox/police/reports", b"[]", "application/json")
    eventually(lambda: tried(doors, "E23000029", "police")["messages"] == 2)


def test_a_partner_sees_its_own_and_nobody_elses(doors: House) -> None:
    doors.send("E23000038", "/police/reports", police_report(person={"role": "nobody"}), "application/json")
    eventually(lambda: bool(doors.get("E23000038", "/partner/status").json()["refused"]))
    own, other = (doors.get(code, "/partner/status") for code in ("E23000038", "oxfordshire"))
    assert any(problem["path"] == "$.persons[0].role" for each in own.json()["refused"] for problem in each["problems"])
    assert all(each["kind"] == "coroner" for each in other.json()["refused"])
    assert {each["kind"] for each in other.json()["sandbox"]} == {"coroner"}
    for value in (FAMILY_NAME, NHS_NUMBER, "Ava", "2014-05-09"):
        assert value not in own.text
    for code, status in (("BERKS", 403), ("op", 403), (None, 401)):
        assert doors.get(code, "/partner/status").status_code == status


def test_a_message_that_came_again_is_counted_as_that_and_in_words(doors: House) -> None:
    for _ in range(2):
        process(doors.store, [report(message_id="M1")], read=read, now=datetime.now(UTC), **rules())
    days = doors.get(HOSPITAL, "/partner/status").json()["days"]
    assert {each["verdict"] for each in days} >= {"notice", "same-again"}
    with doors.sign_in(HOSPITAL) as browser:
        assert "came before, and changed nothing" in browser.get("/partner").text


def test_the_page_shows_a_partner_what_it_sent(doors: House) -> None:
    with doors.sign_in(HOSPITAL) as browser:
        shown = browser.get("/partner")
        assert shown.status_code == 200
        assert "Your messages" in shown.text
        form = re.search(r'name="form" value="([0-9a-f]+)"', shown.text)
        assert form
        sought = browser.post("/partner", data={"form": form[1], "message_id": "no-such"})
        assert "no message of yours under that id" in sought.text
        assert browser.post("/partner", data={"form": "x", "message_id": "M1"}).status_code == 403
        assert browser.post("/partner", data={"form": form[1], "message_id": ""}).status_code == 400
    with doors.sign_in("BERKS") as browser:
        assert browser.get("/partner").status_code == 403


def test_a_person_opens_the_gate_with_a_reason_and_can_shut_it_again(
    doors: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CDR_DATABASE_URL", doors.store.engine.url.render_as_string(hide_password=False))
    monkeypatch.delenv("CDR_AMQP_MANAGEMENT_URL", raising=False)
    for name, value in keys_in_the_environment().items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(partner_command, list(words))
        return done.exit_code, done.output

    token = doors.identities.add("E23000006", "partner", kinds=["police"], live=False)
    doors.tokens["E23000006"] = token.text
    status, said = run("open", "E23000006", "--kind", "police", "--reason", "looked at the score")
    assert (status, "no death was tried" in said) == (1, True)
    report = police_report("E23000006", person={"ethnicity": "W1"})
    assert doors.send("E23000006", "/sandbox/police/reports", report, "application/json").status_code == 202
    eventually(lambda: tried(doors, "E23000006", "police")["messages"] == 1)
    assert run("conformance", "E23000006", "--kind", "police")[0] == 0
    assert run("open", "E23000006", "--kind", "police", "--reason", " ", "--anyway")[0] == 1
    assert run("open", "E23000006", "--kind", "coroner", "--reason", "x", "--anyway")[0] == 1
    status, said = run("open", "E23000006", "--kind", "police", "--reason", "looked at the score")
    assert (status, "is live" in said) == (0, True), said
    eventually(lambda: doors.send("E23000006", "/police/reports", report, "application/json").status_code == 202)
    assert run("shut", "E23000006", "--kind", "police", "--reason", "sends another force's reports")[0] == 0
    eventually(lambda: doors.send("E23000006", "/police/reports", report, "application/json").status_code == 403)
    lines = [
        line for line in audit.lines(doors.store, subject="E23000006", limit=50) if line.action.startswith("partner.")
    ]
    assert [line.action for line in lines] == ["partner.added", "partner.opened", "partner.shut"]
    assert lines[1].detail["reason"] == "looked at the score"
    assert (lines[1].detail["ready"], lines[1].detail["tried"]) == (True, 1)
    assert audit.verify(doors.store).broken is None


def test_an_operator_opens_and_shuts_a_gate_at_the_console(doors: House) -> None:
    token = doors.identities.add("E23000007", "partner", kinds=["police"], live=False)
    doors.tokens["E23000007"] = token.text
    place = "/console/partners/E23000007/police"
    with doors.sign_in("op") as browser:
        assert "E23000007" in browser.get("/console/partners").text
        form = re.search(r'name="form" value="([0-9a-f]+)"', browser.get(place).text)
        assert form
        fields = {"form": form[1], "gate": "open", "reason": "telephoned their integrator"}
        early = browser.post(place, data=fields)
        assert (early.status_code, "no death was tried" in early.text) == (422, True)
        assert browser.post(place, data=fields | {"form": "x"}).status_code == 403
        assert browser.post(place, data=fields | {"reason": " ", "anyway": "yes"}).status_code == 422
        assert browser.post(place, data=fields | {"anyway": "yes"}).status_code == 303
        assert "its messages become cases" in browser.get(place).text
        assert browser.post(place, data=fields | {"gate": "shut"}).status_code == 303
        assert browser.get("/console/partners/E23000099/police").status_code == 404
    said = [line for line in audit.lines(doors.store, subject="E23000007") if line.action.startswith("partner.")]
    assert [(line.action, line.actor) for line in said[1:]] == [("partner.opened", "op"), ("partner.shut", "op")]
    for code in ("BERKS", "guardian", "E23000007"):
        with doors.sign_in(code) as browser:
            assert browser.get(place).status_code == 403
