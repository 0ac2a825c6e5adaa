"""Deliveries that have to go out again, because the broker that had them lost them: back into the outbox they go.

Each keeps its id, so a recipient that has it passes over it. Whichever worker runs publishes them as it does what a dead
process left behind, in the same order of turns.
"""

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Select, select, update

from integration_engine.store.audit import Entry, append
from integration_engine.store.clocks import ClockEventRow
from integration_engine.store.database import Store, Transaction, table
from integration_engine.store.tables import DeliveryRow

ALERTS = "alerts.clocks"
"""Whoever reads the events of clocks, which are no deliveries but go out as these do."""
SENT_AGAIN = "deliveries.sent-again"
_AT_ONCE = 500
_DELIVERY, _EVENT = table(DeliveryRow), table(ClockEventRow)


def resend(
    store: Store,
    recipients: Collection[str] | None,
    since: datetime,
    *,
    now: datetime,
    by: str,
    answered_too: bool = False,
    dry_run: bool = False,
) -> Counter[str]:
    """Send again what the broker confirmed to these recipients (None: all of them) since then; how many, by recipient.

    What a recipient has acknowledged or declined it has: that goes again only with ``answered_too``. What goes out meanwhile
    isn't sent again. ``dry_run`` counts and changes nothing. Audited, with the deliveries' ids. Raises Transient, with part
    of it done: the same again does the rest.
    """
    found: Counter[str] = Counter()
    after = 0
    while True:
        with store.transaction() as transaction:
            rows = transaction.connection.execute(_next(recipients, since, now, after, answered_too)).all()
            by_recipient: dict[str, list[str]] = {}
            for row in rows:
                by_recipient.setdefault(row.recipient, []).append(row.id)
            if rows and not dry_run:
                c = _DELIVERY.c
                ours = transaction.among(c.id, [row.id for row in rows])
                transaction.connection.execute(update(_DELIVERY).where(ours).values(published_at=None, claimed_at=None))
                append(transaction, now, [_entry(name, ids, by) for name, ids in sorted(by_recipient.items())])
        found.update({name: len(ids) for name, ids in by_recipient.items()})
        if len(rows) < _AT_ONCE:
            break
        after = rows[-1].sequence
    if recipients is None or ALERTS in recipients:
        found.update(_events(store, since, now, by, dry_run))
    return found


def resend_these(store: Store, deliveries: Collection[str], *, now: datetime, by: str) -> tuple[str, ...]:
    """Send these again, whoever their recipients are: the ids that are deliveries of ours. Audited. Raises Transient."""
    c = _DELIVERY.c
    with store.transaction() as transaction:
        ours = transaction.among(c.id, sorted(deliveries))
        rows = transaction.connection.execute(select(c.id, c.recipient).where(ours).with_for_update()).all()
        by_recipient: dict[str, list[str]] = {}
        for row in rows:
            by_recipient.setdefault(row.recipient, []).append(row.id)
        if rows:
            transaction.connection.execute(update(_DELIVERY).where(ours).values(published_at=None, claimed_at=None))
            append(transaction, now, [_entry(name, ids, by) for name, ids in sorted(by_recipient.items())])
    return tuple(row.id for row in rows)


def _next(
    recipients: Collection[str] | None, since: datetime, now: datetime, after: int, answered_too: bool
) -> Select[tuple[str, str, int]]:
    c = _DELIVERY.c
    query = select(c.id, c.recipient, c.sequence).where(c.published_at.between(since, now), c.sequence > after)
    if recipients is not None:
        query = query.where(c.recipient.in_(sorted(recipients)))
    if not answered_too:
        query = query.where(c.acknowledged_at.is_(None), c.declined_at.is_(None))
    return query.order_by(c.sequence).limit(_AT_ONCE).with_for_update()


def _events(store: Store, since: datetime, now: datetime, by: str, dry_run: bool) -> dict[str, int]:
    c = _EVENT.c
    with store.transaction() as transaction:
        asked = select(c.id).where(c.published_at.between(since, now)).order_by(c.id).with_for_update()
        ids = [str(row.id) for row in transaction.connection.execute(asked)]
        if ids and not dry_run:
            _unpublish_events(transaction, ids)
            append(transaction, now, [_entry(ALERTS, ids, by)])
    return {ALERTS: len(ids)} if ids else {}


def _unpublish_events(transaction: Transaction, ids: list[str]) -> None:
    ours = transaction.among(_EVENT.c.id, ids)
    transaction.connection.execute(update(_EVENT).where(ours).values(published_at=None, claimed_at=None))


def _entry(recipient: str, ids: list[str], by: str) -> Entry:
    return Entry(SENT_AGAIN, recipient, {"deliveries": ids}, by)
