"""What has served its purpose and may go once it is old enough (UK GDPR article 5(1)(e), storage limitation).

Nothing that a case is decided by is ever among it: notices, decisions, what recipients hold and the audit log stay, and so
does whatever recognises a message that comes again. So whenever it is forgotten, no case changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, delete, func, select, tuple_, update

from integration_engine.store.audit import Entry, append
from integration_engine.store.database import Store, Transaction, table
from integration_engine.store.pointers import PointerRow
from integration_engine.store.receipts import UploadRow
from integration_engine.store.rehearsals import RehearsalRow
from integration_engine.store.tables import PutAsideRow, RefusalRow, SubmissionRow

FORGOTTEN = "retention.forgotten"
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Keepsake:
    """One kind of thing that may go. ``since``: from when its days count; a row that ``since`` is empty of isn't done with.
    ``emptied``: only what stands in this column goes, not the row."""

    table: Table
    since: Column[Any]
    emptied: Column[Any] | None = None

    @property
    def key(self) -> tuple[Column[Any], ...]:
        return tuple(self.table.primary_key)

    def done_with(self) -> ColumnElement[bool]:
        """Whether a row still holds what may go."""
        return self.since.is_not(None) if self.emptied is None else self.emptied.is_not(None)


def _rows_of(model: Any, since: str, emptied: str | None = None) -> Keepsake:
    of = table(model)
    return Keepsake(of, of.c[since], of.c[emptied] if emptied else None)


KEEPSAKES: Mapping[str, Keepsake] = {
    "uploads": _rows_of(UploadRow, "taken_at"),
    "tries": _rows_of(RehearsalRow, "at"),
    "pointers": _rows_of(PointerRow, "settled_at"),
    "refusals": _rows_of(RefusalRow, "last_at"),
    "put_aside": _rows_of(PutAsideRow, "became_at"),
    "messages": _rows_of(SubmissionRow, "stored_at", emptied="sealed"),
}
"""Receipts of uploads; what was tried in the sandbox; events whose record was fetched; why messages were refused; what
partners are told of messages that were put aside, once people decided; the bytes of messages whose notices are kept."""


@dataclass(frozen=True, slots=True)
class Held:
    """How many of one kind are held, since when, and how many are older than they are to be kept. ``days``: None for good."""

    what: str
    days: int | None
    number: int
    oldest: datetime | None
    due: int


def held(store: Store, days: Mapping[str, int], now: datetime) -> tuple[Held, ...]:
    """What is held of each kind, and what would be forgotten now. Raises Transient."""
    found = []
    with store.reading() as transaction:
        for what, kept in KEEPSAKES.items():
            query = select(func.count(), func.min(kept.since)).where(kept.done_with())
            number, oldest = transaction.connection.execute(query).one()
            due = 0
            if what in days:
                older = select(func.count()).where(kept.done_with(), kept.since < _before(now, days[what]))
                due = transaction.connection.execute(older).scalar_one()
            found.append(Held(what, days.get(what), number, oldest, due))
    return tuple(found)


def forget(store: Store, what: str, days: int, now: datetime, *, by: str = "engine", at_once: int = AT_ONCE) -> int:
    """Forget the oldest of one kind that are older than so many days, ``at_once`` at the most, with a line in the audit log;
    how many those were. Rows that somebody works on wait for the next time. Raises Transient."""
    before = _before(now, days)
    with store.transaction() as transaction:
        number = _forget(transaction, KEEPSAKES[what], before, at_once)
        if number:
            said = {"count": number, "days": days, "before": before.isoformat(timespec="seconds")}
            append(transaction, now, [Entry(FORGOTTEN, what, said, by)])
    return number


def _forget(transaction: Transaction, kept: Keepsake, before: datetime, at_once: int) -> int:
    old = select(*kept.key).where(kept.done_with(), kept.since < before).order_by(kept.since).limit(at_once)
    rows = [tuple(row) for row in transaction.connection.execute(old.with_for_update(skip_locked=True))]
    if not rows:
        return 0
    these = kept.key[0].in_([row[0] for row in rows]) if len(kept.key) == 1 else tuple_(*kept.key).in_(rows)
    gone = delete(kept.table) if kept.emptied is None else update(kept.table).values({kept.emptied.name: None})
    return int(transaction.connection.execute(gone.where(these)).rowcount)


def _before(now: datetime, days: int) -> datetime:
    return now - timedelta(days=days)
