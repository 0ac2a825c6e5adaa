"""National events that only point to a record: kept until the record has been asked for, however long that takes.

A row is written in the transaction that takes the event in, so that it is durable before the event is acknowledged. What
names a person is sealed. Once the record has told of somebody of whom nothing is kept, the row goes; the pointer to a child's
death stays, as evidence of how we came to ask.
"""

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Index, LargeBinary, Text, delete, func, or_, select, text, update
from sqlmodel import Field, SQLModel

from integration_engine.store.audit import Entry, append
from integration_engine.store.database import Store, Transaction, table
from integration_engine.store.inbox import Tally, count
from integration_engine.store.outbox import long_since
from integration_engine.store.sealing import seal_json, unseal_json
from integration_engine.store.tables import Instant

NOT_ASKED = "not-asked"
"""Why a pointer waits that nobody has asked about yet."""
CLAIM_LASTS = timedelta(seconds=120)
KIND = "hospital-fhir"

# An event's name comes from outside; what isn't one of the national services' own names could say anything.
_EVENT = re.compile(r"(?:pds|nhs)-[a-z-]{1,40}-\d{1,2}")


class PointerRow(SQLModel, table=True):
    """One pointer, under the id of what it would say by itself. ``why``: a code that says what it waits for; ``next_at``:
    when to ask again; ``settled_at``: when the record was fetched and queued."""

    __tablename__ = "pointer"
    __table_args__ = (
        Index(
            "ix_pointer_waiting",
            "next_at",
            sqlite_where=text("settled_at IS NULL"),
            postgresql_where=text("settled_at IS NULL"),
        ),
    )
    id: str = Field(sa_column=Column(Text, primary_key=True))
    partner: str = Field(sa_column=Column(Text, nullable=False))
    feed: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    event: str = Field(sa_column=Column(Text, nullable=False))
    received_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    attempts: int = 0
    why: str = Field(sa_column=Column(Text, nullable=False))
    asked_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    next_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    claimed_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    settled_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


_POINTER = table(PointerRow)
_SHOWN = ("id", "partner", "event", "received_at", "attempts", "why", "asked_at", "next_at")


@dataclass(frozen=True, slots=True)
class Pointer:
    """One event that points to a record. ``body`` is the message that held it, of ``content_type``."""

    id: str
    partner: str
    feed: str | None
    event: str
    received_at: datetime
    nhs_number: str
    body: bytes
    content_type: str | None


@dataclass(frozen=True, slots=True)
class Due:
    """A pointer that is to be asked about now. ``attempts`` were made before; ``number_of`` tells about whom."""

    id: str
    partner: str
    feed: str | None
    attempts: int
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Waiting:
    """A pointer that waits, as operators see it: no number, no name."""

    id: str
    partner: str
    event: str
    received_at: datetime
    attempts: int
    why: str
    asked_at: datetime | None
    next_at: datetime


def keep(transaction: Transaction, pointers: Sequence[Pointer], now: datetime) -> frozenset[str]:
    """Write pointers that are to be asked about. One that is there already is left as it is; returns the ids of the new."""
    if not pointers:
        return frozenset()
    wanted = {pointer.id: pointer for pointer in pointers}
    query = select(_POINTER.c.id).where(transaction.among(_POINTER.c.id, wanted))
    new = wanted.keys() - set(transaction.connection.execute(query).scalars())
    rows = [_row(transaction, wanted[name], now) for name in sorted(new)]
    transaction.upsert(PointerRow, rows)
    return frozenset(new)


def _row(transaction: Transaction, pointer: Pointer, now: datetime) -> Mapping[str, object]:
    sealed = {
        "nhs_number": pointer.nhs_number,
        "content_type": pointer.content_type,
        "body": base64.b64encode(pointer.body).decode(),
    }
    return {
        "id": pointer.id,
        "partner": pointer.partner,
        "feed": pointer.feed,
        "event": pointer.event if _EVENT.fullmatch(pointer.event) else "other",
        "received_at": pointer.received_at,
        "attempts": 0,
        "why": NOT_ASKED,
        "asked_at": None,
        "next_at": now,
        "claimed_at": None,
        "settled_at": None,
        "sealed": seal_json(transaction.keys, sealed),
    }


def claim(store: Store, now: datetime) -> Due | None:
    """The pointer that has been due longest, this caller's for two minutes; None where none is due. Raises Transient."""
    c = _POINTER.c
    with store.transaction() as transaction:
        query = (
            select(_POINTER)
            .where(c.settled_at.is_(None), c.next_at <= now)
            .where(or_(c.claimed_at.is_(None), *long_since(c.claimed_at, CLAIM_LASTS, now)))
            .order_by(c.next_at, c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        row = transaction.connection.execute(query).first()
        if row is None:
            return None
        transaction.connection.execute(update(_POINTER).where(c.id == row.id).values(claimed_at=now))
        return Due(row.id, row.partner, row.feed, row.attempts, row.sealed)


def number_of(store: Store, pointer: Due) -> str:
    """The NHS number a pointer names. Raises KeyMissing or SealBroken."""
    return str(unseal_json(store.keys, pointer.sealed)["nhs_number"])


def put_off(store: Store, pointer: str, why: str, now: datetime, until: datetime) -> None:
    """It was asked about in vain: ``why`` is a code, ``until`` when to ask again. Raises Transient."""
    c = _POINTER.c
    changed = {"attempts": c.attempts + 1, "why": why, "asked_at": now, "next_at": until, "claimed_at": None}
    with store.transaction() as transaction:
        transaction.connection.execute(update(_POINTER).where(c.id == pointer).values(changed))


def settle(store: Store, pointer: Due, now: datetime) -> None:
    """The record is queued: there is nothing to wait for any more. Raises Transient."""
    c = _POINTER.c
    changed = {"attempts": c.attempts + 1, "why": "taken", "asked_at": now, "settled_at": now, "claimed_at": None}
    with store.transaction() as transaction:
        waiting = c.id == pointer.id, c.settled_at.is_(None)
        if transaction.connection.execute(update(_POINTER).where(*waiting).values(changed)).rowcount:
            detail = {"partner": pointer.partner, "attempts": pointer.attempts + 1}
            append(transaction, now, [Entry("pointer.fetched", pointer.id, detail)])


def pass_over(store: Store, pointer: Due, reason: str, now: datetime) -> None:
    """The record is of somebody of whom nothing is kept: all that stays is a count by ``reason``. Raises Transient."""
    with store.transaction() as transaction:
        if transaction.connection.execute(delete(_POINTER).where(_POINTER.c.id == pointer.id)).rowcount:
            tally = Tally()
            tally.add(KIND, pointer.partner, "passed-over", reason)
            count(transaction, tally, now)


def ask_now(store: Store, names: Iterable[str] | None, now: datetime) -> int:
    """Make these pointers that wait (None: all) due at once, whoever has taken them; how many those are. Raises Transient."""
    c = _POINTER.c
    changed = update(_POINTER).where(c.settled_at.is_(None)).values(next_at=now, claimed_at=None)
    if names is not None:
        changed = changed.where(c.id.in_(sorted(names)))
    with store.transaction() as transaction:
        return int(transaction.connection.execute(changed).rowcount)


def close(store: Store, pointer: str, *, by: str, reason: str, now: datetime) -> bool:
    """A person decided that it isn't to be asked about any more; False where no such pointer waits. What named somebody goes,
    who decided it and why stays in the audit log: ``reason`` must name nobody. Raises Transient."""
    c = _POINTER.c
    with store.transaction() as transaction:
        if not transaction.connection.execute(delete(_POINTER).where(c.id == pointer, c.settled_at.is_(None))).rowcount:
            return False
        append(transaction, now, [Entry("pointer.closed", pointer, {"reason": reason}, by)])
        return True


def waiting(store: Store, limit: int = 1000) -> tuple[Waiting, ...]:
    """What waits, the longest first. Raises Transient."""
    c = _POINTER.c
    query = select(*(c[name] for name in _SHOWN)).where(c.settled_at.is_(None)).order_by(c.received_at, c.id)
    with store.reading() as transaction:
        return tuple(Waiting(**row._mapping) for row in transaction.connection.execute(query.limit(limit)))


def counts(transaction: Transaction) -> Mapping[str, tuple[int, datetime]]:
    """How many wait and since when the first of them, by why."""
    c = _POINTER.c
    query = select(c.why, func.count(), func.min(c.received_at)).where(c.settled_at.is_(None)).group_by(c.why)
    return {why: (int(number), since) for why, number, since in transaction.connection.execute(query)}
