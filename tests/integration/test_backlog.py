"""What waits is told in numbers: in the outbox, for a person, in the broker's queues, and for how long."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pika
import pytest
from pydantic import SecretStr
from sqlalchemy import update

from integration_engine import backlog
from integration_engine.backlog import Backlog, queues_by
from integration_engine.broker.message import Message
from integration_engine.broker.publisher import Publisher
from integration_engine.broker.topology import CASES, Topology
from integration_engine.monitoring.counters import Counters
from integration_engine.pipeline import process
from integration_engine.reindex import reindex
from integration_engine.services import Broker
from integration_engine.settings import Settings, load_settings
from integration_engine.store.database import Store, table
from integration_engine.store.tables import DeliveryRow
from tests.store_samples import NOW, new_store, read, report, rules
from tests.worker_samples import eventually, taken


@pytest.fixture(params=["asked one by one", "by the management API"])
def settings(request: pytest.FixtureRequest, broker: Broker, amqp_url: str, tmp_path: Path) -> Settings:
    nothing = tmp_path / "cdr.toml"
    nothing.write_text("")
    by = {"amqp_management_url": broker.management_url} if request.param.startswith("by") else {}
    return load_settings(nothing, amqp_url=amqp_url, **by)


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[Store]:
    opened = new_store(sqlite_url)
    yield opened
    opened.close()


def test_deliveries_wait_in_the_outbox_until_they_are_published(store: Store) -> None:
    counters = Counters()
    processed = process(store, [report()], now=NOW, read=read, **rules())
    look = Backlog(store, lambda: (), counters=counters, clock=lambda: NOW + timedelta(seconds=90)).look
    look()
    assert counters.value(backlog.OUTBOX) == len(processed.outbox) > 0
    assert counters.value(backlog.OUTBOX_OLDEST) == 90
    with store.transaction() as transaction:
        transaction.connection.execute(update(table(DeliveryRow)).values(published_at=NOW))
    look()
    assert (counters.value(backlog.OUTBOX), counters.value(backlog.OUTBOX_OLDEST)) == (0, 0)


def test_keys_of_other_rules_are_told_until_they_are_made_anew(store: Store) -> None:
    counters = Counters()
    look = Backlog(store, lambda: (), counters=counters).look
    look()
    assert counters.value(backlog.KEYS_STALE) == 0
    steps = reindex(store, every=True)
    next(steps)
    look()
    assert counters.value(backlog.KEYS_STALE) == 1
    assert [step.finished for step in steps] == [True]
    look()
    assert counters.value(backlog.KEYS_STALE) == 0


def test_a_question_waits_for_a_person(store: Store) -> None:
    counters = Counters()
    look = Backlog(store, lambda: (), counters=counters, clock=lambda: NOW + timedelta(hours=2)).look
    look()
    assert counters.series(backlog.REVIEWS) == {(("kind", "declined"),): 0, (("kind", "linkage"),): 0}
    twin = {"nhs_number": None, "given_names": [], "name_is_placeholder": True, "multiple_birth": {"count": 2}}
    process(store, [report(child=twin), report(5, partner="RXX", child=twin)], now=NOW, read=read, **rules())
    look()
    assert counters.value(backlog.REVIEWS, kind="linkage") == 1
    assert counters.value(backlog.REVIEWS_OLDEST, kind="linkage") == 7200


def test_a_recipients_queue_tells_how_much_waits_and_since_when(
    store: Store, amqp_url: str, topology: Topology, settings: Settings
) -> None:
    counters = Counters()
    first = process(store, [report()], now=NOW, read=read, **rules()).outbox
    again = report(60, message_id="later", child={"given_names": ["Barnaby", "Lark", "Finch"]})
    second = process(store, [again], now=NOW + timedelta(hours=1), read=read, **rules()).outbox
    rows = [row for row in (*first, *second) if row.recipient == "cdop.BERKS"]
    assert len(rows) == 2
    with store.transaction() as transaction:
        transaction.connection.execute(update(table(DeliveryRow)).values(published_at=NOW))
    with Publisher(amqp_url, "courier") as publisher:
        publisher.wait_ready(10)
        assert not any(
            publisher.publish_all([Message(CASES, row.recipient, row.body, message_id=row.id) for row in rows])
        )
    later = NOW + timedelta(hours=3)
    look = Backlog(store, queues_by(settings, topology), counters=counters, clock=lambda: later).look

    def waits(number: int) -> bool:
        look()
        return counters.value(backlog.QUEUE, queue="cdop.BERKS") == number

    eventually(lambda: waits(2))
    assert counters.value(backlog.QUEUE_OLDEST, queue="cdop.BERKS") == 3 * 3600
    assert counters.value(backlog.QUEUE, queue="intake.police") == 0
    assert counters.value(backlog.QUEUE_CONSUMERS, queue="intake.police") == 0
    assert counters.value(backlog.QUEUES_MISSING) == 0
    taken_one(amqp_url)
    eventually(lambda: waits(1))
    assert counters.value(backlog.QUEUE_OLDEST, queue="cdop.BERKS") == 2 * 3600
    taken(amqp_url, "cdop.BERKS")
    eventually(lambda: waits(0))
    assert counters.value(backlog.QUEUE_OLDEST, queue="cdop.BERKS") == 0


def taken_one(url: str) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    connection.channel().basic_get("cdop.BERKS", auto_ack=True)
    connection.close()


def test_a_queue_that_is_missing_or_gone_is_told_as_missing_and_not_as_empty(
    sqlite_store: Store, amqp_url: str, topology: Topology, settings: Settings
) -> None:
    counters = Counters()
    look = Backlog(sqlite_store, queues_by(settings, topology), counters=counters).look
    eventually(lambda: not look() and counters.value(backlog.QUEUES_MISSING) == 0)
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    connection.channel().queue_delete("dead.police")
    connection.close()
    eventually(lambda: not look() and counters.value(backlog.QUEUES_MISSING) == 1)
    assert (("queue", "dead.police"),) not in counters.series(backlog.QUEUE)
    assert (("queue", "dead.coroner"),) in counters.series(backlog.QUEUE)


def test_of_a_broker_that_is_away_nothing_is_said(sqlite_store: Store, topology: Topology, settings: Settings) -> None:
    counters = Counters()
    asked = [queues_by(settings, topology)]
    watched = Backlog(sqlite_store, lambda: asked[-1](), counters=counters)  # noqa: PLW0108 - whom it asks changes
    eventually(lambda: not watched.look() and bool(counters.series(backlog.QUEUE)))
    asked.append(queues_by(_nowhere(settings), topology))
    watched.look()
    assert not counters.series(backlog.QUEUE)
    assert counters.value(backlog.OUTBOX) == 0


def _nowhere(settings: Settings) -> Settings:
    """The same settings with a broker and a management API that nobody is."""
    away = SecretStr("amqp://guest:guest@127.0.0.1:1/")
    api = settings.amqp_management_url and SecretStr("http://guest:guest@127.0.0.1:1")
    return settings.model_copy(update={"amqp_url": away, "amqp_management_url": api})
