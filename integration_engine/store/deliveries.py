"""A CDOP's inbox: what it was sent, what it has acknowledged, and what it sent back to a person.

The same deliveries as in its queue, whether or not they were published yet. Every look and every answer is audited.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from integration_engine.store.audit import Entry, append
from integration_engine.store.cases import review_id
from integration_engine.store.database import Store, Transaction, table
from integration_engine.store.sealing import seal_json, unseal_json
from integration_engine.store.tables import DeliveryRow, ReviewRow

_DELIVERY = table(DeliveryRow)
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


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A delivery that was not acknowledged yet: nothing about the child."""

    id: str
    recipient: str
    case: str
    version: int
    kind: str
    at: datetime


def recipient_of(cdop: str) -> str:
    """The routing key of a panel."""
    return f"cdop.{cdop}"


def deliveries(
    store: Store, cdop: str, *, by: str, now: datetime, after: int = 0, limit: int = 100
) -> tuple[Delivery, ...]:
    """What this panel was sent after the cursor ``after``, oldest first, at most ``limit`` (never more than 500).

    Ask again with the last one's ``number`` until none come; numbers rise in the order of commits, so none is ever missed.
    ``by`` is who looks, for the audit log. Raises Transient.
    """
    c = _DELIVERY.c
    query = (
        select(_DELIVERY)
        .where(c.recipient == recipient_of(cdop), c.sequence > after)
        .order_by(c.sequence)
        .limit(max(0, min(limit, _MOST_AT_ONCE)))
    )
    with store.reading() as transaction:
        rows = transaction.connection.execute(query).all()
    if rows:
        with store.transaction() as transaction:
            seen = {"cdop": cdop, "deliveries": [row.id for row in rows]}
            append(transaction, now, [Entry("deliveries.read", recipient_of(cdop), seen, by)])
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


def acknowledge(store: Store, cdop: str, delivery: str, *, by: str, now: datetime) -> bool:
    """The panel has taken this delivery. False where it was never sent such a one. Saying so twice changes nothing."""
    with store.transaction() as transaction:
        row = _sent(transaction, cdop, delivery)
        if row is None:
            return False
        if row.acknowledged_at is None:
            answered = {"acknowledged_at": now, "answered_by": by, "declined_at": None}
            transaction.connection.execute(update(_DELIVERY).where(_DELIVERY.c.id == delivery).values(answered))
            detail = {"case": row.case_id, "version": row.version, "kind": row.kind, "cdop": cdop}
            append(transaction, now, [Entry("delivery.acknowledged", delivery, detail, by)])
    return True


def decline(store: Store, cdop: str, delivery: str, *, by: str, reason: str, now: datetime) -> bool:
    """The panel doesn't take this delivery, and says why: it goes to a person as a review of kind ``declined``.

    The reason is sealed: people write names into reasons. False where the panel was never sent such a delivery.
    """
    with store.transaction() as transaction:
        row = _sent(transaction, cdop, delivery)
        if row is None:
            return False
        answered = {"declined_at": now, "answered_by": by, "acknowledged_at": None}
        transaction.connection.execute(update(_DELIVERY).where(_DELIVERY.c.id == delivery).values(answered))
        review = {
            "id": review_id("declined", delivery, row.case_id),
            "kind": "declined",
            "a": delivery,
            "b": row.case_id,
            "score": None,
            "opened_at": now,
            "closed_at": None,
            "outcome": None,
            "sealed": seal_json(transaction.keys, {"reason": reason, "by": by, "cdop": cdop}),
        }
        transaction.upsert(ReviewRow, [review], replace=["opened_at", "closed_at", "outcome", "sealed"])
        detail = {"case": row.case_id, "version": row.version, "kind": row.kind, "cdop": cdop}
        append(transaction, now, [Entry("delivery.declined", delivery, detail, by)])
    return True


def unanswered(store: Store, *, sent_before: datetime, kind: str | None = None) -> tuple[Unanswered, ...]:
    """Deliveries to panels that none has acknowledged or declined, oldest first; ``kind`` ``withdraw`` for retractions,
    which are tracked until each recipient has acknowledged its own."""
    c = _DELIVERY.c
    query = select(c.id, c.recipient, c.case_id, c.version, c.kind, c.queued_at).where(
        c.recipient.startswith("cdop.", autoescape=True),
        c.acknowledged_at.is_(None),
        c.declined_at.is_(None),
        c.queued_at < sent_before,
    )
    if kind is not None:
        query = query.where(c.kind == kind)
    with store.reading() as transaction:
        rows = transaction.connection.execute(query.order_by(c.sequence)).all()
    return tuple(Unanswered(r.id, r.recipient, r.case_id, r.version, r.kind, r.queued_at) for r in rows)


def _sent(transaction: Transaction, cdop: str, delivery: str) -> Any:
    c = _DELIVERY.c
    query = select(_DELIVERY).where(c.id == delivery, c.recipient == recipient_of(cdop)).with_for_update()
    return transaction.connection.execute(query).first()
