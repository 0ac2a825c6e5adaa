"""Whatever is short - the broker's memory or disk, the database - the doors say so and ask to come again, nothing piles up in
memory, and when it is there again everything goes on by itself."""

import base64
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from integration_engine.broker.declare import apply_topology
from integration_engine.broker.publisher import Publisher
from integration_engine.courier import Courier
from integration_engine.services import Broker, postgres, rabbitmq
from integration_engine.store import outbox, overview
from integration_engine.store.database import Store
from integration_engine.store.outbox import OutboxRow
from integration_engine.synthetic.doors import Mllp
from integration_engine.synthetic.load import sending
from tests.gateway_house import House, declare, house, keys, police_report
from tests.worker_samples import death, eventually, ready, send, small_topology, working

TODAY = date(2026, 3, 10)
CSV = (
    b"Area,Ref,Event,Event date,Surname,DOB,Date of death\r\n"
    b"oxfordshire,1-26,REFERRED,09/11/2025,Quill,09/05/2015,08/11/2025\r\n"
)
_ALARM, _NO_ALARM = ("set_vm_memory_high_watermark", "0.000001"), ("set_vm_memory_high_watermark", "0.4")


@pytest.fixture(scope="module")
def alarming() -> Iterator[Broker]:
    """A broker whose alarm may be set off."""
    with rabbitmq(own=True) as running:
        yield running


def _police(doors: House) -> tuple[int, str]:
    answer = doors.send("E23000038", "/police/reports", police_report(), "application/json")
    return answer.status_code, "" if answer.status_code == 202 else answer.json()["code"]


def test_a_broker_short_of_memory_or_disk_holds_the_doors_back_until_it_is_not(
    alarming: Broker, sqlite_url: str, tmp_path: Path
) -> None:
    topology = small_topology(tmp_path)
    apply_topology(topology, alarming.url)
    with house(alarming.url, sqlite_url, tmp_path, mllp=True, confirm_seconds=2.0) as doors:
        store = Store(sqlite_url, keys())
        with working(alarming.url, store, topology):
            send(alarming.url, death(0))
            eventually(lambda: ready(alarming.url, "cdop.BERKS") == 1)
            alarming.control(*_ALARM)
            eventually(lambda: _police(doors) == (503, "broker-blocked"))
            _every_door_asks_to_come_again(doors)
            alarming.control(*_NO_ALARM)
            eventually(lambda: _police(doors)[0] == 202)
            with Mllp("127.0.0.1", doors.mllp_ports[0]) as mllp:
                assert b"MSA|AA|" in mllp.send(sending(2, TODAY).body)
            eventually(lambda: len(overview.recent_cases(store)) == 3)
        store.close()


def _every_door_asks_to_come_again(doors: House) -> None:
    fhir = json.dumps({"resourceType": "Patient", "birthDate": "2014-05-09", "deceasedBoolean": True})
    answers = [
        doors.send("E23000038", "/police/reports", police_report(), "application/json"),
        doors.send("RTH", "/fhir/Patient", fhir, "application/fhir+json"),
        doors.send("oxfordshire", "/coroner/cases", CSV, "text/csv"),
    ]
    for answer in answers:
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
    with Mllp("127.0.0.1", doors.mllp_ports[0]) as mllp:
        said = mllp.send(sending(2, TODAY).body)
    assert b"MSA|AE|" in said
    assert b"send it again later" in said
    with doors.sign_in("oxfordshire") as browser:
        form = browser.get("/coroner/upload")
        value = form.text.partition('name="form" value="')[2].partition('"')[0]
        shown = browser.post("/coroner/upload", data={"form": value}, files={"file": ("cases.csv", CSV, "text/csv")})
    assert shown.status_code == 503
    assert "Send it again" in shown.text


def test_an_outbox_that_nobody_empties_does_not_fill_memory(sqlite_url: str, tmp_path: Path) -> None:
    """What is handed over while the broker is away is left to the sweeper, beyond so many."""
    from integration_engine.store.database import upgrade_schema

    upgrade_schema(sqlite_url)
    store = Store(sqlite_url, keys())
    body, at = base64.b64encode(bytes(750)), datetime(2026, 3, 10, tzinfo=UTC)
    with Publisher("amqp://guest:guest@127.0.0.1:9/", "t") as publisher, Courier(store, publisher) as courier:
        tracemalloc.start()
        for batch in range(2_000):
            rows = [
                OutboxRow(f"d-{batch}-{n}", "cdop.BERKS", "new", f"c-{batch}", 1, at, bytes(body)) for n in range(50)
            ]
            courier.hand_over(rows)
            if batch == 500:
                held = tracemalloc.get_traced_memory()[0]
        at_the_end = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    assert at_the_end < held * 1.2
    store.close()


def test_a_database_that_answers_nobody_holds_the_inbox_back_and_messages_wait_in_their_queue(
    amqp_url: str, tmp_path: Path
) -> None:
    declare(amqp_url)
    with postgres(own=True) as database, house(amqp_url, database.url, tmp_path) as doors:
        assert doors.get("BERKS", "/cdop/BERKS/deliveries").status_code == 200
        database.kill()
        away = doors.get("BERKS", "/cdop/BERKS/deliveries")
        assert (away.status_code, away.json()["code"]) == (503, "store-away")
        assert int(away.headers["retry-after"]) > 0
        eventually(lambda: _police(doors)[0] == 503)  # who sends is remembered for a second
        assert doors.get(None, "/health/ready").status_code == 503
        database.start()
        eventually(lambda: _police(doors)[0] == 202)
        assert outbox.depth(doors.store).waiting == 0
