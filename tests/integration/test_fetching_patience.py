"""Events whose record can't be had yet: asked about again and again by one process at a time, and shown to operators."""

import json
import logging
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from integration_engine.backlog import POINTERS, POINTERS_OLDEST, Backlog
from integration_engine.broker.connection import user_of
from integration_engine.broker.publisher import Publisher
from integration_engine.broker.topology import Topology
from integration_engine.cli.pointers import app
from integration_engine.demographics import Demographics
from integration_engine.fetching import ANSWERS, Fetching, patience
from integration_engine.monitoring.counters import Counters
from integration_engine.settings.demographics import DemographicsSettings
from integration_engine.store import pointers
from integration_engine.store.database import Store, table
from integration_engine.store.pointers import PointerRow
from tests.demographics_stand_in import StandIn, say
from tests.fhir_samples import ASH, ROWAN, WREN
from tests.gateway_house import declare, house
from tests.pointer_samples import Clock, event, fetching, record, rows, take, why
from tests.store_samples import new_store
from tests.worker_samples import ready


def test_a_service_that_is_away_is_asked_with_patience_that_grows_through_restarts(
    amqp_url: str, store: Store, topology: Topology, service: StandIn
) -> None:
    clock = Clock()
    take(store, event())
    service.answer = say(503)
    waits = []
    for attempt in range(12):
        # Each time another process, as after a restart.
        with fetching(amqp_url, store, service, clock) as here:
            here.look()
            here.look()
        (waiting,) = pointers.waiting(store)
        assert (waiting.why, waiting.attempts) == ("service-error", attempt + 1)
        waits.append(waiting.next_at - clock.now)
        clock.now = waiting.next_at
    assert len(service.asked) == 12
    assert waits == sorted(waits)
    assert waits[0] < timedelta(minutes=1)
    assert waits[-1] == waits[-2] <= timedelta(hours=7)
    service.answer, service.records[WREN] = None, record()
    with fetching(amqp_url, store, service, clock) as here:
        here.look()
    assert pointers.waiting(store) == ()
    assert ready(amqp_url, "intake.hospital-fhir") == 1


def test_a_service_that_asks_us_to_wait_is_given_that_time(
    amqp_url: str, store: Store, topology: Topology, service: StandIn
) -> None:
    clock = Clock()
    take(store, event())
    service.answer = say(429, Retry_After="1800")
    with fetching(amqp_url, store, service, clock) as here:
        here.look()
    assert pointers.waiting(store)[0].next_at == clock.now + timedelta(minutes=30)


def test_one_record_that_is_not_there_keeps_no_other_waiting(
    amqp_url: str, store: Store, topology: Topology, service: StandIn
) -> None:
    service.records = {ASH: record(ASH), ROWAN: record(ROWAN)}
    take(store, event(WREN, "s-1"), event(ASH, "s-2"), event(ROWAN, "s-3"))
    with fetching(amqp_url, store, service) as here:
        here.look()
    assert why(store) == ["not-found"]
    assert ready(amqp_url, "intake.hospital-fhir") == 2


def test_where_the_service_is_away_it_is_asked_once_a_look(
    amqp_url: str, store: Store, topology: Topology, service: StandIn
) -> None:
    take(store, *(event(number, number[-3:]) for number in (WREN, ASH, ROWAN)))
    service.answer = say(500)
    with fetching(amqp_url, store, service) as here:
        here.look()
    assert len(service.asked) == 1
    assert sorted(why(store)) == ["not-asked", "not-asked", "service-error"]


def test_workers_that_look_at_once_ask_about_each_pointer_once(
    amqp_url: str, store: Store, topology: Topology, service: StandIn
) -> None:
    numbers = [WREN, ASH, ROWAN]
    service.records = {number: record(number) for number in numbers}
    take(store, *(event(number, number[-3:]) for number in numbers))
    with fetching(amqp_url, store, service) as one, fetching(amqp_url, store, service) as other:
        threads = [threading.Thread(target=each.look) for each in (one, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(service.numbers) == sorted(numbers)
    assert pointers.waiting(store) == ()


def test_a_process_that_died_while_it_asked_is_waited_for_and_then_replaced(
    amqp_url: str, store: Store, topology: Topology, service: StandIn
) -> None:
    clock = Clock()
    service.records[WREN] = record()
    take(store, event())
    assert pointers.claim(store, clock.now) is not None
    with fetching(amqp_url, store, service, clock) as here:
        here.look()
        assert service.asked == []
        clock.now += pointers.CLAIM_LASTS
        here.look()
    assert service.numbers == [WREN]


def test_one_that_the_engine_fails_on_is_put_off_and_keeps_no_other_waiting(
    amqp_url: str, store: Store, topology: Topology, service: StandIn
) -> None:
    service.records[ASH] = record(ASH)
    take(store, event(WREN, "s-1"))
    (first,) = pointers.waiting(store)
    take(store, event(ASH, "s-2"))
    with store.transaction() as transaction:
        broken = table(PointerRow).update().where(table(PointerRow).c.id == first.id).values(sealed=b"no seal at all")
        transaction.connection.execute(broken)
    with fetching(amqp_url, store, service) as here:
        here.look()
    assert [(each.id, each.why, each.attempts) for each in pointers.waiting(store)] == [(first.id, "failed", 1)]


def test_an_operator_sees_what_waits_and_why_and_nobodys_number(
    amqp_url: str, tmp_path: Path, service: StandIn, topology: Topology, sqlite_url: str,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    from integration_engine.security.keys import keyring

    new_store(sqlite_url).close()
    store = Store(sqlite_url, keyring({}, tmp_path / "keys.json", create=True))
    monkeypatch.setenv("CDR_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("CDR_KEYS_FILE", str(tmp_path / "keys.json"))
    take(store, event())
    service.answer = say(403)
    with caplog.at_level(logging.INFO), fetching(amqp_url, store, service) as here:
        here.look()
    cli = CliRunner()
    shown = cli.invoke(app, [])
    assert (shown.exit_code, "let us in" in shown.stdout.replace("\n", " ")) == (1, True), shown.stdout
    line = json.loads(cli.invoke(app, ["--json"]).stdout)
    assert (line["why"], line["attempts"], line["late"]) == ("not-allowed", 1, True)
    counters = Counters()
    Backlog(store, list, counters=counters).look()
    assert counters.value(POINTERS, reason="not-allowed") == 1
    assert counters.value(POINTERS_OLDEST) > 0
    assert cli.invoke(app, ["ask", line["pointer"]]).exit_code == 0
    assert pointers.claim(store, datetime.now(UTC)) is not None, "it is due at once"
    assert cli.invoke(app, ["close", line["pointer"], "--reason", " "]).exit_code == 2
    closed = cli.invoke(app, ["close", line["pointer"], "--reason", "told by telephone", "--by", "op"])
    assert (closed.exit_code, rows(store, PointerRow)) == (0, 0)
    assert cli.invoke(app, ["close", line["pointer"], "--reason", "again"]).exit_code == 1
    Backlog(store, list, counters=counters).look()
    assert counters.series(POINTERS) == {}
    seen = shown.stdout + json.dumps(line) + closed.stdout + counters.text() + caplog.text
    assert WREN not in seen
    store.close()


def test_the_operators_page_says_what_waits_and_why(
    amqp_url: str, sqlite_url: str, tmp_path: Path, service: StandIn
) -> None:
    declare(amqp_url)
    with house(amqp_url, sqlite_url, tmp_path) as opened, opened.sign_in("op") as browser:
        assert "Records still to be fetched" not in browser.get("/console").text
        take(opened.store, event())
        service.answer = say(403)
        with fetching(amqp_url, opened.store, service) as here:
            here.look()
        page = browser.get("/console").text
    assert "the service doesn&#39;t let us in" in page
    assert WREN not in page


def test_what_came_of_each_question_is_counted(
    amqp_url: str, store: Store, topology: Topology, service: StandIn
) -> None:
    service.records = {ASH: record(ASH, birthDate="1950-01-01"), ROWAN: record(ROWAN)}
    take(store, event(WREN, "s-1"), event(ASH, "s-2"), event(ROWAN, "s-3"))
    counters = Counters()
    with Publisher(amqp_url, "worker") as publisher:
        assert publisher.wait_ready(10)
        asked = Demographics(DemographicsSettings(url=service.url))
        Fetching(store, publisher, asked, user_of(amqp_url), counters=counters).look()
    outcomes = {labels[0][1]: number for labels, number in counters.series(ANSWERS).items()}
    assert outcomes == {"not-found": 1, "passed-over": 1, "taken": 1}


def test_patience_differs_between_pointers_so_that_they_do_not_all_come_back_at_once() -> None:
    waits = {patience(f"n-{number}", 3) for number in range(50)}
    assert len(waits) > 20
    assert max(waits) < 1.25 * min(waits)
