"""A partner whose message was put aside by a fault of ours sees it, and what was decided about it; nobody else does."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sqlalchemy import text

from adapters.adapter import Reading, Submission
from integration_engine.broker.connection import connect
from integration_engine.broker.declare import apply_topology
from integration_engine.broker.laid_aside import looked_through
from integration_engine.broker.message import ATTEMPT, PARTNER, SENT_AGAIN, Message
from integration_engine.broker.publisher import Publisher
from integration_engine.broker.topology import Topology
from integration_engine.gateway import examples
from integration_engine.own_account import OwnAccount
from integration_engine.security.identity import Principal
from integration_engine.store import overview, put_aside
from integration_engine.store.database import Store
from tests.gateway_house import House, house, keys_in_the_environment
from tests.integration.test_gateway_coroner import row, table
from tests.integration.test_laid_aside import ask
from tests.integration.test_pipeline_living import DISCHARGE_CANCELLED
from tests.store_samples import NOW
from tests.worker_samples import FORCE, death, eventually, ready, send, small_topology, taken, working

OTHER, OFFICE, DEAD = "E23000029", "oxfordshire", "dead.police"
SECRET = "Wren Quill's aunt rang"


@pytest.fixture
def doors(
    amqp_url: str, database_url: str, topology: Topology, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    """A gateway, and an operator's settings for the same broker and store."""
    monkeypatch.chdir(tmp_path)
    of_an_operator = {"CDR_AMQP_URL": amqp_url, "CDR_DATABASE_URL": database_url} | keys_in_the_environment()
    for name, value in of_an_operator.items():
        monkeypatch.setenv(name, value)
    with house(amqp_url, database_url, tmp_path) as opened:
        yield opened


@contextmanager
def failing(doors: House, topology: Topology) -> Iterator[None]:
    """A worker with a bug that any message meets, at the end of its patience at once."""

    def read(submission: Submission, kind: Any = None, **more: Any) -> Iterator[Reading]:
        raise ZeroDivisionError(f"{submission.body!r}")

    with working(doors.amqp_url, doors.store, topology, read=read, delays=()):
        yield


def repaired(doors: House, topology: Topology) -> Any:
    return working(doors.amqp_url, doors.store, topology)


def said(doors: House, code: str = FORCE) -> list[dict[str, Any]]:
    """What a partner's own page says was put aside."""
    return list(doors.get(code, "/partner/status").json()["put_aside"])


def page(doors: House, code: str, path: str = "/partner") -> str:
    with doors.sign_in(code) as browser:
        shown = browser.get(path)
        assert shown.status_code == 200
        return re.sub(r"\s+", " ", shown.text)


def poisoned(doors: House, topology: Topology, body: bytes = death(13)) -> str:
    """A report that was acknowledged and then put aside: what its sender was told at the door."""
    answer = doors.send(FORCE, "/police/reports", body, "application/json")
    assert answer.status_code == 202
    with failing(doors, topology):
        eventually(lambda: ready(doors.amqp_url, DEAD) == 1 and bool(said(doors)))
    return str(answer.json()["id"])


def masked(told: Mapping[str, Any]) -> dict[str, Any]:
    return {**told, **dict.fromkeys(("id", "receipt", "at"), "*")}


def test_a_message_that_kept_failing_is_said_to_be_in_our_hands_to_its_sender_alone(
    doors: House, topology: Topology
) -> None:
    tried = doors.get(FORCE, "/partner/status").json()["sandbox"]
    receipt = poisoned(doors, topology)
    own = doors.get(FORCE, "/partner/status")
    (told,) = own.json()["put_aside"]
    assert (told["receipt"], told["became"], told["became_at"]) == (receipt, "waiting", None)
    assert re.fullmatch("m-[0-9a-f]{16}", told["id"])
    assert json.loads(ask("dead", "show", told["id"], "--json")[1])["partner"] == FORCE, (
        "an operator finds it by that id"
    )
    shown = page(doors, FORCE)
    for word in ("Put aside by a fault of ours", receipt, told["id"], "people are looking at it"):
        assert word in shown
    for child in ("Quill", "Wren", "9990", "2016-02-14", "ZeroDivisionError"):
        assert child not in shown + own.text
    assert own.json()["sandbox"] == tried
    assert said(doors, OTHER) == []
    assert "Put aside" not in page(doors, OTHER)


def test_the_example_of_a_status_is_one(doors: House, topology: Topology) -> None:
    poisoned(doors, topology)
    example, own = examples.example("own-status")["value"], doors.get(FORCE, "/partner/status").json()
    assert example.keys() == own.keys()
    assert [masked(each) for each in example["put_aside"]] == [masked(each) for each in own["put_aside"]]
    document = doors.client.get("/openapi.json").json()
    schema = {"$ref": "#/components/schemas/OwnStatus", "components": document["components"]}
    jsonschema.validate(example, schema)


def test_what_is_sent_again_says_so_until_it_has_its_ordinary_outcome(doors: House, topology: Topology) -> None:
    poisoned(doors, topology)
    assert ask("dead", "replay", "--all", "--json") == (0, '{"done": 1, "left": 0}\n')
    (told,) = said(doors)
    assert told["became"] == "sent-again"
    assert told["became_at"]
    assert "taken up again" in page(doors, FORCE)
    with repaired(doors, topology):
        eventually(lambda: not said(doors))
    assert [each["verdicts"] for each in doors.get(FORCE, "/partner/status").json()["taken"]] == [["notice"]]
    assert [case.state for case in overview.recent_cases(doors.store)] == ["open"]


def test_what_fails_again_after_it_was_sent_again_waits_again(doors: House, topology: Topology) -> None:
    poisoned(doors, topology)
    ask("dead", "replay", "--all")
    with failing(doors, topology):
        eventually(lambda: [(each["became"], each["became_at"]) for each in said(doors)] == [("waiting", None)])


def test_what_is_discarded_says_so_and_nothing_of_what_the_operator_wrote(doors: House, topology: Topology) -> None:
    poisoned(doors, topology)
    assert ask("dead", "discard", "--all", "--reason", SECRET)[0] == 0
    (told,) = said(doors)
    assert told["became"] == "discarded"
    assert told["became_at"]
    shown = page(doors, FORCE)
    assert "nothing came of it. Ask the operators" in shown
    assert "aunt" not in shown + json.dumps(told)


def test_one_that_was_put_aside_is_found_by_its_senders_own_id(doors: House, topology: Topology) -> None:
    poisoned(doors, topology)
    accounts = OwnAccount(doors.store)
    force, other = (Principal(code, "partner", frozenset({"police"})) for code in (FORCE, OTHER))
    own_id = taken(doors.amqp_url, DEAD)[0][0].message_id
    (found,) = accounts.find(force, str(own_id))
    assert found["became"] == "waiting"
    assert accounts.find(other, str(own_id)) == []
    with doors.sign_in(FORCE) as browser:
        form = re.search(r'name="form" value="([0-9a-f]+)"', browser.get("/partner").text)
        assert form
        sought = browser.post("/partner", data={"form": form[1], "message_id": str(own_id)})
    assert f"as <code>{found['id']}</code>" in sought.text
    assert "We hold no message of yours" not in sought.text


@pytest.mark.parametrize("headers", [{}, {"X-Request-Id": "upload-of-march"}])
def test_an_office_sees_it_on_its_receipt_and_beside_its_uploads(
    doors: House, topology: Topology, headers: dict[str, str]
) -> None:
    answer = doors.send(OFFICE, "/coroner/cases", table(row("1-26")), "text/csv", **headers)
    receipt = str(answer.json()["receipt"])
    places = "/coroner/upload", f"/coroner/upload/receipts/{receipt}"

    def told() -> Any:
        (listed,) = doors.get(OFFICE, "/coroner/receipts").json()["receipts"]
        return listed["put_aside"]

    assert told() is None
    assert not any("put aside" in page(doors, OFFICE, place).lower() for place in places)
    with failing(doors, topology):
        eventually(lambda: told() is not None)
    assert [each["receipt"] for each in said(doors, OFFICE)] == [receipt]
    assert told()["became"] == "waiting"
    assert doors.get(OFFICE, f"/coroner/receipts/{receipt}").json()["put_aside"] == told()
    for place, word in zip(places, (">put aside<", "people are looking at it"), strict=True):
        assert word in page(doors, OFFICE, place)
    assert ask("dead", "discard", "--all", "--reason", SECRET)[0] == 0
    assert told()["became"] == "discarded"
    for place, word in zip(places, (">discarded<", "nothing came of it"), strict=True):
        assert word in page(doors, OFFICE, place)


def test_a_database_that_takes_no_row_keeps_no_message_from_its_dead_queue_and_whoever_looks_makes_good_for_it(
    doors: House, topology: Topology
) -> None:
    doors.send(FORCE, "/police/reports", death(13), "application/json")
    renamed(doors.store, "put_aside", "gone")
    with failing(doors, topology):
        eventually(lambda: ready(doors.amqp_url, DEAD) == 1)
    assert ready(doors.amqp_url, "intake.police") == 0, "it was acknowledged"
    renamed(doors.store, "gone", "put_aside")
    assert said(doors) == []
    assert ask("dead")[0] == 0
    assert [each["became"] for each in said(doors)] == ["waiting"]


def renamed(store: Store, old: str, new: str) -> None:
    with store.transaction() as transaction:
        transaction.connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


def test_a_worker_that_dies_between_the_two_leaves_it_on_its_way_and_it_is_said_once(
    doors: House, topology: Topology, tmp_path: Path
) -> None:
    apply_topology(small_topology(tmp_path), doors.amqp_url)
    send(doors.amqp_url, death(13), headers={ATTEMPT: 9})  # type: ignore[dict-item]
    raises = "worker.read=raise@1"
    with own_process(f"{raises},worker.put-aside=die@1", tmp_path) as dying:
        dying.wait(60)
    eventually(lambda: (ready(doors.amqp_url, DEAD), ready(doors.amqp_url, "intake.police")) == (1, 1))
    assert said(doors) == []
    with own_process(raises, tmp_path):
        eventually(lambda: len(said(doors)) == 1)
    eventually(lambda: (ready(doors.amqp_url, DEAD), ready(doors.amqp_url, "intake.police")) == (2, 0))
    assert ask("dead", "replay", "--all", "--json") == (0, '{"done": 2, "left": 0}\n')
    with repaired(doors, topology):
        eventually(lambda: not said(doors) and len(overview.recent_cases(doors.store)) == 1)


@contextmanager
def own_process(faults: str, folder: Path) -> "Iterator[subprocess.Popen[bytes]]":
    command = [sys.executable, "-m", "integration_engine.cli", "run", "worker"]
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(command, env={**os.environ, "CDR_FAULTS": faults}, cwd=folder, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_what_the_broker_laid_aside_by_itself_is_said_once_an_operator_has_looked(doors: House) -> None:
    died = {"x-death": [{"routing-keys": [f"police.{FORCE}"], "queue": "intake.police"}], PARTNER: OTHER}
    lie(doors, Message("cdr.refused", DEAD, death(13), message_id="R1", headers=died))  # type: ignore[arg-type]
    assert ask("dead")[0] == 0
    assert [(each["message_id"], each["became"]) for each in said(doors)] == [("R1", "waiting")]
    assert said(doors, OTHER) == [], "what a publisher made up says nothing"


def lie(doors: House, *messages: Message) -> None:
    with Publisher(doors.amqp_url, "t") as publisher:
        assert publisher.wait_ready(10)
        assert publisher.publish_all(messages) == [None] * len(messages)


def test_an_id_that_may_be_a_persons_number_is_not_shown_and_an_id_nobody_gave_is_none(doors: House) -> None:
    headers = {PARTNER: FORCE, "cdr-correlation": "Wren Quill"}
    names = ("Wren-9990000018", None)
    lie(doors, *(Message("cdr.refused", DEAD, b"{}", message_id=name, headers=headers) for name in names))
    ask("dead")
    assert [(each["message_id"], each["receipt"]) for each in said(doors)] == [(None, None)] * 2


def test_what_cannot_be_sent_again_after_all_still_waits(doors: House, topology: Topology) -> None:
    poisoned(doors, topology)
    connection = connect(doors.amqp_url)
    connection.channel().queue_delete("intake.police")
    connection.close()
    assert ask("dead", "replay", "--all")[0] == 1
    assert [(each["became"], each["became_at"]) for each in said(doors)] == [("waiting", None)]


def test_it_goes_no_later_where_nobody_has_told_of_the_child(doors: House, tmp_path: Path) -> None:
    """A retraction that touches nobody is heard again minutes later: if it went then, its sender could tell."""
    topology = small_topology(tmp_path, ("10m",))
    apply_topology(topology, doors.amqp_url)
    lie(doors, Message("cdr.refused", "dead.hospital-hl7", DISCHARGE_CANCELLED, headers={PARTNER: "RTH"}))
    assert ask("dead", "replay", "--all")[0] == 0
    assert [each["became"] for each in said(doors, "RTH")] == ["sent-again"]
    with working(doors.amqp_url, doors.store, topology):
        eventually(lambda: ready(doors.amqp_url, "delay.10m") == 1)
        eventually(lambda: not said(doors, "RTH"))
    [(properties, _)] = taken(doors.amqp_url, "delay.10m")
    assert properties.headers[SENT_AGAIN] == "yes"


def test_two_who_sent_the_same_bytes_are_told_each_of_its_own(doors: House) -> None:
    both = [Message("cdr.refused", DEAD, b"{}", headers={PARTNER: code}) for code in (FORCE, OTHER)]
    lie(doors, *both)
    assert ask("dead", "discard", "--all", "--partner", FORCE, "--reason", "a test")[0] == 0
    with looked_through(doors.amqp_url, [DEAD]) as aside, doors.store.transaction() as transaction:
        put_aside.keep(transaction, aside.found, "waiting", NOW)
    told = [[each["became"] for each in said(doors, code)] for code in (FORCE, OTHER)]
    assert told == [["discarded"], ["waiting"]]
    with doors.store.transaction() as transaction:
        put_aside.clear(transaction, aside.found)
    assert [len(said(doors, code)) for code in (FORCE, OTHER)] == [1, 0]
