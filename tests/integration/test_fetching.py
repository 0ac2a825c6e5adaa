"""Events that only point to a record: durable before they are acknowledged, asked about until answered, never lost."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from integration_engine.broker.management import Management
from integration_engine.broker.message import Message
from integration_engine.broker.publisher import Publisher
from integration_engine.broker.topology import Topology, load_topology
from integration_engine.broker.users import put_user, remove_user
from integration_engine.services import Broker
from integration_engine.store import audit, overview, pointers
from integration_engine.store.database import Store, table
from integration_engine.store.pointers import PointerRow
from integration_engine.store.tables import NoticeRow, SubmissionRow
from tests.demographics_stand_in import StandIn, standing_in
from tests.fhir_samples import ASH, WREN, bundle, patient, status
from tests.pointer_samples import KEY, Clock, event, fetching, record, rows, take, why
from tests.store_samples import NOW
from tests.worker_samples import eventually, ready, send, taken, working


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


def test_a_link_in_an_event_is_not_followed(amqp_url: str, store: Store, topology: Topology, service: StandIn) -> None:
    service.records[WREN] = record()
    with standing_in() as elsewhere:
        elsewhere.records[WREN] = record(birthDate="1950-01-01")
        take(store, event(dataref=f"{elsewhere.url}/Patient/{WREN}"))
        with fetching(amqp_url, store, service) as here:
            here.look()
        assert elsewhere.asked == []
    assert service.numbers == [WREN]


def test_a_name_that_an_event_gives_itself_never_stands_in_clear(store: Store) -> None:
    take(store, event(type="pds-death-notification-of Wren Heron"))
    assert [each.event for each in pointers.waiting(store)] == ["other"]


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
