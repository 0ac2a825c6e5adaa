"""Events that only point to a record: durable before they are acknowledged, asked about until answered, never lost."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from adapters.adapter import Submission
from integration_engine.backlog import POINTERS, POINTERS_OLDEST, Backlog
from integration_engine.broker.connection import user_of
from integration_engine.broker.management import Management
from integration_engine.broker.message import Message
from integration_engine.broker.publisher import Publisher
from integration_engine.broker.topology import Topology, load_topology
from integration_engine.broker.users import put_user, remove_user
from integration_engine.cli.pointers import app
from integration_engine.demographics import Demographics
from integration_engine.fetching import ANSWERS, Fetching, patience
from integration_engine.monitoring.counters import Counters
from integration_engine.pipeline import Later, process
from integration_engine.services import Broker
from integration_engine.settings.demographics import DemographicsSettings
from integration_engine.store import audit, overview, pointers
from integration_engine.store.database import Store, table
from integration_engine.store.pointers import PointerRow
from integration_engine.store.tables import NoticeRow, SubmissionRow
from tests.demographics_stand_in import StandIn, say, standing_in
from tests.fhir_samples import ASH, ROWAN, WREN, bundle, dead, patient, status
from tests.gateway_house import declare, house
from tests.store_samples import NOW, new_store, rules
from tests.worker_samples import eventually, ready, send, taken, working

KEY = "hospital-fhir.PDS"
OF_PDS = {"extension": status("2"), "address": [{"use": "home", "line": ["3 Reed Lane"], "postalCode": "RG1 2LU"}]}


def event(number: str = WREN, name: str = "s-1", **changes: Any) -> bytes:
    """A national event that tells a number and where to ask."""
    told = {
        "specversion": "1.0",
        "id": name,
        "source": "https://fhir.nhs.uk/Id/nhsSpineASID/1",
        "type": "pds-death-notification-2",
        "time": "2026-03-10T09:00:00Z",
        "dataref": f"https://pds.example/Patient/{number}",
        "subject": number,
    }
    return json.dumps(told | changes).encode()


def record(number: str = WREN, **changes: Any) -> dict[str, Any]:
    """The national record of a girl who has died."""
    identifier = [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": number}]
    return dead(**{"id": number, "identifier": identifier, **OF_PDS, **changes})


@pytest.fixture
def service() -> Iterator[StandIn]:
    with standing_in() as running:
        yield running


def take(store: Store, *bodies: bytes, fetches: bool = True) -> None:
    """What a worker does with events, in one transaction."""
    came = [Submission(body, NOW, "application/json", partner="PDS") for body in bodies]
    process(store, came, now=NOW, later=Later(fetches=fetches), **rules())


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@contextmanager
def fetching(
    url: str, store: Store, service: StandIn, clock: Callable[[], datetime] | None = None
) -> Iterator[Fetching]:
    """One process's fetching, not yet looking."""
    with Publisher(url, "worker") as publisher:
        assert publisher.wait_ready(10)
        asked = Demographics(DemographicsSettings(url=service.url, timeout_seconds=5))
        now = clock or (lambda: datetime.now(UTC))
        yield Fetching(store, publisher, asked, user_of(url), counters=Counters(), clock=now)


def why(store: Store) -> list[str]:
    return [each.why for each in pointers.waiting(store)]


def rows(store: Store, *models: Any) -> int:
    with store.reading() as transaction:
        return sum(
            transaction.connection.execute(select(func.count()).select_from(table(model))).scalar_one()
            for model in models
        )


def test_a_childs_record_is_fetched_and_becomes_a_case_that_is_delivered(
    amqp_url: str, store: Store, topology: Topology, service: StandIn
) -> None:
    service.records[WREN] = record()
    with working(amqp_url, store, topology, fetches=True), fetching(amqp_url, store, service) as here:
        send(amqp_url, event(), key=KEY)
        eventually(lambda: len(pointers.waiting(store)) == 1 and ready(amqp_url, "intake.hospital-fhir") == 0)
        assert overview.recent_cases(store) == ()
        here.look()
        eventually(lambda: ready(amqp_url, "cdop.BERKS") == 1)
    assert service.numbers == [WREN]
    assert pointers.waiting(store) == ()
    ((_, delivery),) = taken(amqp_url, "cdop.BERKS")
    told = json.loads(delivery)
    assert (told["kind"], told["record"]["child"]["nhs_number"]) == ("new", WREN)
    (case,) = overview.recent_cases(store)
    assert case.state == "open", "a record is no indirect source"
    assert audit.verify(store).broken is None


def test_the_event_itself_is_kept_sealed_as_evidence_of_a_childs_death(
    amqp_url: str, store: Store, topology: Topology, service: StandIn
) -> None:
    service.records[WREN] = record()
    take(store, event())
    with fetching(amqp_url, store, service) as here:
        here.look()
    with store.reading() as transaction:
        row = transaction.connection.execute(select(table(PointerRow))).one()
    assert row.settled_at is not None
    assert WREN.encode() not in row.sealed


def test_a_pointer_waits_and_nothing_else_is_kept_of_it(store: Store) -> None:
    take(store, event())
    (waits,) = pointers.waiting(store)
    assert (waits.event, waits.partner, waits.why, waits.attempts) == (
        "pds-death-notification-2",
        "PDS",
        "not-asked",
        0,
    )
    assert rows(store, SubmissionRow, NoticeRow) == 0
    assert [(c.verdict, c.reason, c.items) for c in overview.counts(store, NOW.date())] == [("notice", "pointer", 1)]


def test_of_a_notification_that_points_to_nobody_too_the_others_wait(store: Store) -> None:
    parts = [
        {"name": "notification-event", "part": [{"name": "focus", "valueReference": {"reference": f"Patient/{who}"}}]}
        for who in (WREN, "abc", ASH)
    ]
    topic = {"name": "topic", "valueCanonical": "https://example.org/topics/pds-death-notification-2"}
    notification = bundle({"resourceType": "Parameters", "parameter": [topic, *parts]}, type_="history", id="n")
    take(store, json.dumps(notification).encode())
    assert len(pointers.waiting(store)) == 2
    assert [(each.reason, each.times) for each in overview.refusals(store)] == [("no-number", 1)]


def test_the_same_event_again_changes_nothing(store: Store) -> None:
    take(store, event())
    take(store, event(), event())
    assert len(pointers.waiting(store)) == 1
    counted = {(c.verdict, c.reason): c.items for c in overview.counts(store, NOW.date())}
    assert counted == {("notice", "pointer"): 1, ("same-again", "same-again"): 2}


def test_without_a_service_an_event_is_a_notice_that_waits_for_a_person(store: Store) -> None:
    take(store, event(), fetches=False)
    assert pointers.waiting(store) == ()
    (case,) = overview.recent_cases(store)
    assert (case.state, case.rule) == ("held", "held.indirect-source")


def test_of_an_adult_nothing_stays_but_a_count(
    amqp_url: str, store: Store, topology: Topology, service: StandIn
) -> None:
    service.records[WREN] = record(birthDate="1950-05-09")
    take(store, event())
    with fetching(amqp_url, store, service) as here:
        here.look()
    assert rows(store, PointerRow, SubmissionRow, NoticeRow) == 0
    assert ready(amqp_url, "intake.hospital-fhir") == 0
    counted = {(c.verdict, c.reason): c.items for c in overview.counts(store, datetime(2026, 1, 1, tzinfo=UTC).date())}
    assert counted == {("notice", "pointer"): 1, ("passed-over", "scope.adult"): 1}


def test_a_record_that_tells_of_no_death_may_be_late_and_is_asked_for_again(
    amqp_url: str, store: Store, topology: Topology, service: StandIn
) -> None:
    clock = Clock()
    service.records[WREN] = patient(id=WREN)
    take(store, event())
    with fetching(amqp_url, store, service, clock) as here:
        here.look()
        assert why(store) == ["no-death-in-record"]
        service.records[WREN] = record()
        here.look()
        assert len(service.asked) == 1, "not before its time"
        clock.now += timedelta(minutes=1)
        here.look()
    assert pointers.waiting(store) == ()
    assert ready(amqp_url, "intake.hospital-fhir") == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (record(ASH), "another-number"),
        ({"resourceType": "OperationOutcome", "issue": []}, "another-number"),
        ({"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": record()}]}, "another-number"),
        (record(extension=status("9")), "refused.unknown-status"),
        (
            record(modifierExtension=[{"url": "https://example.org/not", "valueBoolean": True}]),
            "refused.unknown-modifier",
        ),
    ],
)
def test_what_cannot_be_read_as_this_persons_record_is_never_taken_and_waits(
    amqp_url: str, store: Store, topology: Topology, service: StandIn, answer: dict[str, Any], reason: str
) -> None:
    service.records[WREN] = answer
    take(store, event())
    with fetching(amqp_url, store, service) as here:
        here.look()
    assert why(store) == [reason]
    assert ready(amqp_url, "intake.hospital-fhir") == 0


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


def test_a_link_in_an_event_is_not_followed(amqp_url: str, store: Store, topology: Topology, service: StandIn) -> None:
    service.records[WREN] = record()
    with standing_in() as elsewhere:
        elsewhere.records[WREN] = record(birthDate="1950-01-01")
        take(store, event(dataref=f"{elsewhere.url}/Patient/{WREN}"))
        with fetching(amqp_url, store, service) as here:
            here.look()
        assert elsewhere.asked == []
    assert service.numbers == [WREN]


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


def test_a_name_that_an_event_gives_itself_never_stands_in_clear(store: Store) -> None:
    take(store, event(type="pds-death-notification-of Wren Heron"))
    assert [each.event for each in pointers.waiting(store)] == ["other"]


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


def test_the_workers_own_user_may_queue_a_record_and_nothing_of_another_kind(
    broker: Broker, vhost: str, management: Management, store: Store, topology: Topology, service: StandIn
) -> None:
    role = load_topology().roles["worker"]
    user = put_user(management, vhost, role, "pass", {})
    url = f"amqp://{user}:pass@{broker.url.rsplit('@', 1)[1].rstrip('/')}/{vhost}"
    try:
        service.records[WREN] = record()
        take(store, event())
        with fetching(url, store, service) as here:
            here.look()
        assert pointers.waiting(store) == ()
        assert ready(broker.on(vhost), "intake.hospital-fhir") == 1
        with Publisher(url, "worker") as publisher:
            assert publisher.wait_ready(10)
            (error,) = publisher.publish_all([Message("cdr.intake", "police.E23000038", b"{}", user_id=user)])
        assert error is not None
    finally:
        remove_user(management, role, {})


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
