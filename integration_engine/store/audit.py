"""The audit log: every look at a case, every decision, every delivery. Append-only, each line chained to the one before.

A line's hash covers the line and the previous line's hash, so no line can be changed, taken out or put in without every
later hash changing. The end of the chain is marked with a key, so a chain that was cut short or computed anew by somebody
without the keys is seen too. Lines name cases, deliveries and people on duty; never a child.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select, update

from integration_engine.security.keys import Keyring
from integration_engine.store.database import Store, Transaction, Transient, table
from integration_engine.store.tables import AuditRow, LedgerHead

NO_HASH = bytes(32)
_HEAD = table(LedgerHead)
_AUDIT = table(AuditRow)
_READ_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. ``actor`` is ``engine`` or who did it, ``subject`` a case, delivery or decision id;
    ``detail`` plain values without patient data."""

    action: str
    subject: str
    detail: Mapping[str, Any]
    actor: str = "engine"


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it stands in the log."""

    sequence: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Broken:
    """The first line that doesn't hold. ``why``: ``changed``, ``missing``, ``cut-short`` or ``not-marked`` (the end of the
    chain wasn't written by a holder of the keys)."""

    sequence: int
    why: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check of the whole chain found. ``broken`` is None where it holds."""

    lines: int
    broken: Broken | None


class PutBack(Transient):
    """The store was put back to an earlier state while this was decided: versions have to be others. Begin again."""

    code = "put-back"


def append(
    transaction: Transaction, at: datetime, entries: Sequence[Entry], deliveries: int = 0, floor: int | None = None
) -> int:
    """Add lines to the log and reserve numbers for deliveries; returns the first number reserved.

    Locks the end of the log until the transaction ends, so call it last: after it, transactions commit one by one, which
    is what makes the numbers rise in the order readers see them. Raises PutBack where ``floor``, that versions were
    counted from, is no longer the store's.
    """
    head = transaction.connection.execute(select(_HEAD).with_for_update()).one()
    transaction.sealing_is(head.sealing_key)
    if floor is not None and head.version_floor != floor:
        raise PutBack("The store was put back to an earlier state meanwhile.")
    sequence, previous = int(head.audit_sequence), bytes(head.audit_hash)
    rows = []
    for entry in entries:
        sequence += 1
        detail = orjson.dumps(dict(entry.detail), option=orjson.OPT_SORT_KEYS).decode()
        digest = _hash(previous, sequence, at, entry.actor, entry.action, entry.subject, detail)
        rows.append(
            {
                "sequence": sequence,
                "at": at,
                "actor": entry.actor,
                "action": entry.action,
                "subject": entry.subject,
                "detail": detail,
                "previous": previous,
                "hash": digest,
            }
        )
        previous = digest
    transaction.insert(AuditRow, rows)
    transaction.connection.execute(
        update(_HEAD).values(
            audit_sequence=sequence,
            audit_hash=previous,
            mark=_marks(transaction.keys, sequence, previous)[0],
            delivery_sequence=head.delivery_sequence + deliveries,
        )
    )
    return int(head.delivery_sequence) + 1


def version_floor(transaction: Transaction) -> int:
    """What is told of a case has a version above this."""
    return int(transaction.connection.execute(select(_HEAD.c.version_floor)).scalar_one())


def position(transaction: Transaction) -> int:
    """The number of the last line there is just now."""
    return int(transaction.connection.execute(select(_HEAD.c.audit_sequence)).scalar_one())


def subjects(transaction: Transaction, action: str, *, after: int) -> list[str]:
    """What the lines of this action after that number are about."""
    query = select(_AUDIT.c.subject).where(_AUDIT.c.sequence > after, _AUDIT.c.action == action)
    return [str(name) for name in transaction.connection.scalars(query)]


def verify(store: Store) -> Verified:
    """Walk the whole chain and say where it first breaks. Raises Transient."""
    with store.reading() as transaction:
        head = transaction.connection.execute(select(_HEAD)).one()
        sequence, previous = 0, NO_HASH
        for row in _rows(transaction):
            sequence += 1
            if row.sequence != sequence:
                return Verified(sequence - 1, Broken(sequence, "missing"))
            digest = _hash(previous, row.sequence, row.at, row.actor, row.action, row.subject, row.detail)
            if bytes(row.previous) != previous or bytes(row.hash) != digest:
                return Verified(sequence - 1, Broken(sequence, "changed"))
            previous = digest
        if (sequence, previous) != (head.audit_sequence, bytes(head.audit_hash)):
            return Verified(sequence, Broken(sequence + 1, "cut-short"))
        if sequence and bytes(head.mark) not in _marks(store.keys, sequence, previous):
            return Verified(sequence, Broken(sequence, "not-marked"))
        return Verified(sequence, None)


def lines(store: Store, *, subject: str | None = None, after: int = 0, limit: int = 100) -> tuple[Line, ...]:
    """Lines of the log in order, of one subject or of all."""
    query = select(_AUDIT).where(_AUDIT.c.sequence > after).order_by(_AUDIT.c.sequence).limit(limit)
    if subject is not None:
        query = query.where(_AUDIT.c.subject == subject)
    with store.reading() as transaction:
        rows = transaction.connection.execute(query).all()
    return tuple(map(_line, rows))


def latest(store: Store, subject: str, limit: int) -> tuple[Line, ...]:
    """The last lines about one subject, the newest first."""
    query = select(_AUDIT).where(_AUDIT.c.subject == subject).order_by(_AUDIT.c.sequence.desc()).limit(limit)
    with store.reading() as transaction:
        return tuple(map(_line, transaction.connection.execute(query)))


def of_each(store: Store, action: str, subjects: Sequence[str]) -> dict[str, Line]:
    """The last line of this action about each of these subjects, where there is one. Raises Transient."""
    query = select(_AUDIT).where(_AUDIT.c.subject.in_(subjects), _AUDIT.c.action == action).order_by(_AUDIT.c.sequence)
    with store.reading() as transaction:
        return {row.subject: _line(row) for row in transaction.connection.execute(query)}


def _line(row: Any) -> Line:
    return Line(row.sequence, row.at, row.actor, row.action, row.subject, orjson.loads(row.detail))


def _rows(transaction: Transaction) -> Iterator[Any]:
    done = 0
    while True:
        query = select(_AUDIT).where(_AUDIT.c.sequence > done).order_by(_AUDIT.c.sequence).limit(_READ_AT_ONCE)
        rows = transaction.connection.execute(query).all()
        if not rows:
            return
        yield from rows
        done = rows[-1].sequence


def _hash(previous: bytes, sequence: int, at: datetime, actor: str, action: str, subject: str, detail: str) -> bytes:
    moment = int(at.timestamp()) * 1_000_000 + at.microsecond
    return hashlib.sha256(previous + orjson.dumps([sequence, moment, actor, action, subject, detail])).digest()


def _marks(keys: Keyring, sequence: int, digest: bytes) -> tuple[bytes, ...]:
    return keys.blinds("audit-end", f"{sequence}:{digest.hex()}")
