"""The audit log: every look at a case, every decision, every delivery. Append-only, each line chained to the one before.

A line's hash covers the line and the previous line's hash, so no line can be changed, taken out or put in without every
later hash changing. The end of the chain is marked with a key, so a chain that was cut short or computed anew by somebody
without the keys is seen too: before a line is chained to an end, that end's mark is looked at, and what was found stays in
the log. Lines name cases, deliveries and people on duty; never a child.
"""

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select, update

from integration_engine.security.keys import Keyring
from integration_engine.store.database import Store, Transaction, Transient, table
from integration_engine.store.partners import PartnerRow
from integration_engine.store.tables import AlarmRow, AuditRow, DecisionRow, LedgerHead

log = logging.getLogger(__name__)

NOT_OURS = "audit.end-not-ours"
"""The action of a line that says: the end that it is chained to was not written with this engine's keys."""
ALARM = "audit-changed"
NO_HASH = bytes(32)
_HEAD = table(LedgerHead)
_AUDIT = table(AuditRow)
_READ_AT_ONCE = 5000
# What is never taken out of the store, and was written together with a line about it.
_TOLD_OF = (
    (table(DecisionRow).c.id, "decision.recorded"),
    (table(PartnerRow).c.code, "partner.added"),
)


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
    hash: bytes = NO_HASH


@dataclass(frozen=True, slots=True)
class Broken:
    """The first line that doesn't hold. ``why``: ``changed``, ``missing``, ``cut-short``, ``not-marked`` (the end of the
    chain, now or when somebody wrote on, wasn't written by a holder of the keys), ``untold`` (something is kept of which no
    line tells) or ``replaced`` (it is not the line that it was when it was exported)."""

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
    if not _is_ours(head, transaction.keys):
        # Marked anew, what somebody did behind our back would pass for whole from now on.
        entries = (_found_changed(transaction, at, sequence), *entries)
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


def _is_ours(head: Any, keys: Keyring) -> bool:
    """Whether the end of the chain is as a holder of the keys left it; one that has no line yet has no mark."""
    sequence, previous, mark = int(head.audit_sequence), bytes(head.audit_hash), bytes(head.mark)
    return (not sequence and previous == NO_HASH and not mark) or mark in _marks(keys, sequence, previous)


def _found_changed(transaction: Transaction, at: datetime, sequence: int) -> Entry:
    """The line that says so, and the alarm."""
    log.critical("the end of the audit log was not written with this engine's keys", extra={"count": sequence})
    alarm = {"id": f"a-audit-{sequence}", "code": ALARM, "kind": "", "partner": "", "subject": "audit", "at": at}
    transaction.upsert(AlarmRow, [alarm], replace=["at"])
    return Entry(NOT_OURS, "audit", {"after": sequence})


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


def verify(store: Store, kept: tuple[int, bytes] | None = None) -> Verified:
    """Walk the whole chain and say where it first breaks. ``kept``: the number and hash of a line as they were exported
    before, which a log that was put back to an earlier state and written on has no more. Raises Transient."""
    with store.reading() as transaction:
        head = transaction.connection.execute(select(_HEAD)).one()
        sequence, previous = 0, NO_HASH
        untold = _never_taken_out(transaction)
        for row in _rows(transaction):
            sequence += 1
            if row.sequence != sequence:
                return Verified(sequence - 1, Broken(sequence, "missing"))
            digest = _hash(previous, row.sequence, row.at, row.actor, row.action, row.subject, row.detail)
            if bytes(row.previous) != previous or bytes(row.hash) != digest:
                return Verified(sequence - 1, Broken(sequence, "changed"))
            if row.action == NOT_OURS:
                return Verified(sequence - 1, Broken(sequence, "not-marked"))
            if kept and kept[0] == sequence and kept[1] != digest:
                return Verified(sequence - 1, Broken(sequence, "replaced"))
            untold.discard((row.action, row.subject))
            previous = digest
        if (sequence, previous) != (head.audit_sequence, bytes(head.audit_hash)) or (kept and kept[0] > sequence):
            return Verified(sequence, Broken(sequence + 1, "cut-short"))
        if sequence and bytes(head.mark) not in _marks(store.keys, sequence, previous):
            return Verified(sequence, Broken(sequence, "not-marked"))
        return Verified(sequence, Broken(sequence + 1, "untold") if untold else None)


def _never_taken_out(transaction: Transaction) -> set[tuple[str, str]]:
    """(action, subject) of every line that there has to be, because what it tells of is held."""
    return {
        (action, str(name)) for column, action in _TOLD_OF for name in transaction.connection.scalars(select(column))
    }


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
    return Line(row.sequence, row.at, row.actor, row.action, row.subject, orjson.loads(row.detail), bytes(row.hash))


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
