"""A recipient's inbox: what it was sent, what it has acknowledged, and what it sent back to a person.

A recipient is a panel (``cdop.BERKS``), a joint agency response team (``jar.JAR-OXON``) or the national record
(``national.ncmd``): the routing key of its queue. The same deliveries as in its queue, whether or not they were published
yet. Every look and every answer is audited.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from integration_engine.store import asked
from integration_engine.store.audit import Entry, append
from integration_engine.store.database import Store, Transaction, table
from integration_engine.store.sealing import unseal_json
from integration_engine.store.tables import DeliveryRow

_DELIVERY = table(DeliveryRow)
BY_INBOX = "inbox"
_MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery in an inbox. ``number`` rises by arrival and is the cursor; ``state`` is ``waiting``, ``acknowledged``
    or ``declined``; ``body`` is ``case-delivery/1``."""

    id: str
    number: int
    case: str
    version: int
    kind: str
    at: datetime
    state: str
    body: Mapping[str, Any]


def deliveries(
    store: Store, recipient: str, *, by: str, now: datetime, after: int = 0, limit: int = 100
) -> tuple[Delivery, ...]:
    """What this recipient was sent after the cursor ``after``, oldest first, at most ``limit`` (never more than 500).

    Ask again with the last one's ``number`` until none come; numbers rise in the order of commits, so none is ever missed.
    ``by`` is who looks, for the audit log. Raises Transient.
    """
    c = _DELIVERY.c
    query = (
        select(_DELIVERY)
        .where(c.recipient == recipient, c.sequence > after)
        .order_by(c.sequence)
        .limit(max(0, min(limit, _MOST_AT_ONCE)))
    )
    with store.reading() as transaction:
        rows = transaction.connection.execute(query).all()
    if rows:
        with store.transaction() as transaction:
            seen = {"deliveries": [row.id for row in rows]}
            append(transaction, now, [Entry("deliveries.read", recipient, seen, by)])
    return tuple(
        Delivery(
            r.id,
            r.sequence,
            r.case_id,
            r.version,
            r.kind,
            r.queued_at,
            "acknowledged" if r.acknowledged_at else "declined" if r.declined_at else "waiting",
            unseal_json(store.keys, r.sealed),
        )
        for r in rows
    )


def acknowledge(store: Store, recipient: str, delivery: str, *, by: str, now: datetime) -> bool:
    """The recipient has taken this delivery. False where it was never sent such a one. Saying so twice changes nothing."""
    with store.transaction() as transaction:
        row = _sent(transaction, recipient, delivery)
        if row is None:
            return False
        if row.acknowledged_at is None:
            answered = {"acknowledged_at": now, "answered_by": by, "answered_how": BY_INBOX, "declined_at": None}
            transaction.connection.execute(update(_DELIVERY).where(_DELIVERY.c.id == delivery).values(answered))
            detail = {"case": row.case_id, "version": row.version, "kind": row.kind, "recipient": recipient}
            if row.declined_at is not None:
                asked.taken(transaction, delivery, row.case_id, now)
            append(transaction, now, [Entry("delivery.acknowledged", delivery, detail, by)])
    return True


def decline(store: Store, recipient: str, delivery: str, *, by: str, reason: str, now: datetime) -> bool:
    """The recipient doesn't take this delivery, and says why: it goes to a person as a review of kind ``declined``, unless
    the recipient was told since that the case has ended.

    The reason is sealed: people write names into reasons. Saying the same again changes nothing, whatever became of it. False
    where the recipient was never sent such a delivery.
    """
    with store.transaction() as transaction:
        row = _sent(transaction, recipient, delivery)
        if row is None:
            return False
        told = {"reason": reason, "by": by, "recipient": recipient}
        if row.declined_at is not None and asked.said_of(transaction, delivery, row.case_id) == told:
            return True
        answered = {"declined_at": now, "answered_by": by, "answered_how": BY_INBOX, "acknowledged_at": None}
        transaction.connection.execute(update(_DELIVERY).where(_DELIVERY.c.id == delivery).values(answered))
        if not asked.is_over(transaction, recipient, delivery, row.case_id):
            asked.ask(transaction, asked.DECLINED, delivery, row.case_id, told, now)
        detail = {"case": row.case_id, "version": row.version, "kind": row.kind, "recipient": recipient}
        append(transaction, now, [Entry("delivery.declined", delivery, detail, by)])
    return True


def _sent(transaction: Transaction, recipient: str, delivery: str) -> Any:
    c = _DELIVERY.c
    query = select(_DELIVERY).where(c.id == delivery, c.recipient == recipient).with_for_update()
    return transaction.connection.execute(query).first()
