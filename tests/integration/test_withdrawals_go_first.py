"""Withdrawals have a turn of their own on the way out: they never wait behind ordinary cases, whatever lies in the outbox."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pika
import pytest
from sqlalchemy import select

from adapters.adapter import Submission
from integration_engine import courier as couriers
from integration_engine.broker.publisher import Publisher
from integration_engine.broker.topology import CASES, Topology
from integration_engine.courier import Courier
from integration_engine.pipeline import process
from integration_engine.routing.reference import bundled
from integration_engine.routing.switches import Switches
from integration_engine.store import outbox
from integration_engine.store.database import Store, table
from integration_engine.store.tables import DeliveryRow
from tests.worker_samples import FORCE, death, eventually

_NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
_RULES: dict[str, Any] = {"reference": bundled(), "now": _NOW, "switches": Switches(), "kinds": ["police"]}


def told(store: Store, body: bytes) -> tuple[outbox.OutboxRow, ...]:
    return process(store, [Submission(body, _NOW, partner=FORCE)], **_RULES).outbox


def taken_back(serial: int) -> bytes:
    return death(serial).replace(b'"current"', b'"withdrawn"').replace(b'"version":1', b'"version":2')


@contextmanager
def overhearing(url: str) -> Iterator[Any]:
    """Everything that goes out on the exchange of deliveries, in the order it went: (kind, recipient, case)."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(queue, CASES, "#")

        def heard() -> list[tuple[str, str, str]]:
            found = []
            while (got := channel.basic_get(queue, auto_ack=True))[0] is not None:
                method, properties, _ = got
                found.append((properties.type, method.routing_key, properties.headers["cdr-case"]))
            return found

        yield heard


def carried(url: str, store: Store) -> None:
    with Publisher(url, "t") as publisher:
        assert publisher.wait_ready(10)
        with Courier(store, publisher, sweep_after=timedelta(0)):
            eventually(lambda: outbox.depth(store).waiting == 0)


def test_after_an_outage_withdrawals_overtake_the_backlog_but_not_their_own_cases_news(
    amqp_url: str, store: Store, topology: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    for serial in range(12):
        told(store, death(serial))
    gone = told(store, taken_back(11))
    (case,) = {row.case for row in gone}
    assert {row.kind for row in gone} == {"withdraw"}
    monkeypatch.setattr(couriers, "_AT_ONCE", 5)
    with overhearing(amqp_url) as heard:
        carried(amqp_url, store)
        found = heard()
    told_of = defaultdict(list)
    for kind, recipient, of in found:
        if of == case:
            told_of[recipient].append(kind)
    assert told_of == {row.recipient: ["jar" if row.recipient[:3] == "jar" else "new", "withdraw"] for row in gone}
    last = max(n for n, (kind, _, _) in enumerate(found) if kind == "withdraw")
    ordinary = [n for n, (kind, _, of) in enumerate(found) if kind == "new" and of != case]
    assert sum(n < last for n in ordinary) <= 5, "withdrawals waited behind ordinary cases"
    assert len(found) == len(set(found)) == 12 * 3 + 3


def test_a_withdrawal_another_process_left_behind_does_not_wait_for_what_is_in_hand(
    amqp_url: str, store: Store, topology: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In hand is a delivery that never goes out: its queue doesn't exist."""
    outbox.mark_published(store, [row.id for row in told(store, death(1))], _NOW)
    left = told(store, taken_back(1))
    ordinary = [row for row in told(store, death(2)) if row.turn == outbox.LAST_TURN]
    monkeypatch.setattr(couriers, "_SWEEP_EVERY_S", 0.1)
    monkeypatch.setattr(couriers, "_HOPELESS", ())
    with Publisher(amqp_url, "t") as publisher:
        assert publisher.wait_ready(10)
        courier = Courier(store, publisher, sweep_after=timedelta(0))
        courier.hand_over([outbox.OutboxRow("d-lost", "cdop.WOE", "new", "c-lost", 1, _NOW, b"{}")])
        with courier:
            eventually(lambda: {row.id for row in left} <= published(store))
    assert not {row.id for row in ordinary} & published(store)


def published(store: Store) -> set[str]:
    c = table(DeliveryRow).c
    with store.reading() as transaction:
        return {row.id for row in transaction.connection.execute(select(c.id).where(c.published_at.is_not(None)))}
