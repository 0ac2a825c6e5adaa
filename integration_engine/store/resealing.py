"""Everything sealed anew with another key, while the engine runs; and a key that seals nothing any more taken out of use.

From the moment a rotation begins nobody commits anything sealed with another key than the new one (``Store.transaction``
holds it back), so one walk over the tables finds all there is. Each batch is a transaction of its own and finds its place
by what is still sealed otherwise: whoever is killed is gone on with by beginning again. Rows that somebody works on are
passed over and found on the next walk.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    LargeBinary,
    Table,
    and_,
    bindparam,
    func,
    literal_column,
    select,
    tuple_,
    update,
)

from integration_engine.security.keys import KeyMissing, SealBroken
from integration_engine.stages import reached
from integration_engine.store.audit import Entry, append, position, subjects
from integration_engine.store.database import Store, StoreError, Transaction, table
from integration_engine.store.every_table import METADATA
from integration_engine.store.tables import KeyInUse, LedgerHead

BEGUN, DONE, RETIRED = "keys.rotating", "keys.resealed", "keys.retired"
AT_ONCE = 200
# A batch is in memory twice; a partner's message may have 16 MiB.
_MOST_BYTES = 16 * 1024 * 1024
_WALK_AGAIN_S = 0.2
_FINGERPRINT_BYTES = 4
_HEAD, _KEY = table(LedgerHead), table(KeyInUse)


class KeyNeeded(StoreError):
    """A sealing key can't be taken out of use: it seals, or something is sealed by it, or it isn't known here."""

    code = "key-needed"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: values sealed anew of those that were sealed otherwise when it began, and those that can't be opened
    (their key is lost, or they were altered) by the table they stand in."""

    waiting: int
    done: int = 0
    unreadable: Mapping[str, int] = field(default_factory=dict)
    finished: bool = False


@dataclass(frozen=True, slots=True)
class Sealed:
    """One sealed column."""

    table: Table
    column: Column[Any]

    @property
    def name(self) -> str:
        return f"{self.table.name}.{self.column.name}"

    @property
    def key(self) -> tuple[Column[Any], ...]:
        return tuple(self.table.primary_key)

    def by(self, fingerprint: str) -> ColumnElement[bool]:
        """Whether a value was sealed by the key of this fingerprint."""
        return self.begins == bindparam(None, bytes.fromhex(fingerprint), LargeBinary())

    @property
    def begins(self) -> ColumnElement[bytes]:
        """The fingerprint of the key that sealed a value. Written out, or it would be another expression each time."""
        return func.substr(
            self.column, literal_column("1"), literal_column(str(_FINGERPRINT_BYTES)), type_=LargeBinary()
        )

    def beyond(self, row: tuple[Any, ...]) -> ColumnElement[bool]:
        """Whether a row comes after this one."""
        return self.key[0] > row[0] if len(self.key) == 1 else tuple_(*self.key) > tuple_(*row)

    def among(self, rows: Sequence[tuple[Any, ...]]) -> ColumnElement[bool]:
        """Whether a row is one of these."""
        return self.key[0].in_([row[0] for row in rows]) if len(self.key) == 1 else tuple_(*self.key).in_(rows)


def sealed_columns() -> Sequence[Sealed]:
    """Every sealed column of the store, by the names that they have (``sealed``, ``..._sealed``)."""
    return [
        Sealed(each, column)
        for each in METADATA.sorted_tables
        for column in each.columns
        if column.name == "sealed" or column.name.endswith("_sealed")
    ]


def sealing_key(store: Store) -> str | None:
    """The fingerprint of the key that the store says seals; None where it says none yet. Raises Transient."""
    with store.reading() as transaction:
        return _sealing_key(transaction)


def begin(store: Store, to: str, now: datetime, by: str = "engine") -> None:
    """From now on the key of this fingerprint alone seals. Raises KeyMissing where it isn't held, Transient."""
    if to not in store.keys.seal_fingerprints:
        store.keys.look_again()
    if to not in store.keys.seal_fingerprints:
        raise KeyMissing(f"The sealing key with fingerprint {to} is not among the keys given.")
    with store.transaction() as transaction:
        before = _sealing_key(transaction)
        if before == to:
            return
        key = {"purpose": "seal", "fingerprint": to, "version": 0, "first_used_at": now}
        transaction.upsert(KeyInUse, [key])
        came_back = update(_KEY).where(_KEY.c.purpose == "seal", _KEY.c.fingerprint == to)
        transaction.connection.execute(came_back.values(retired_at=None))
        append(transaction, now, [Entry(BEGUN, "store", {"from": before, "to": to}, by)])
        transaction.connection.execute(update(_HEAD).values(sealing_key=to))
    store.keys.seal_with(to)


def reseal(store: Store, now: datetime, by: str = "engine", at_once: int = AT_ONCE) -> Iterator[Progress]:
    """Seal everything anew with the key that seals now, a batch at a step. Raises Transient, and KeyMissing where the store
    names no key yet (``begin``)."""
    to = sealing_key(store)
    if to is None or not store.keys.seal_with(to):
        raise KeyMissing("The store names no sealing key that is held: begin a rotation first.")
    progress = Progress(sum(otherwise(store, to).values()))
    yield progress
    while True:
        unreadable: dict[str, int] = {}
        for column in sealed_columns():
            after: tuple[Any, ...] | None = None
            while True:
                with store.transaction() as transaction:
                    step = _step(transaction, column, to, after, at_once)
                    reached("reseal.written")
                reached("reseal.committed")
                after = step.reached
                if step.unreadable:
                    unreadable[column.name] = unreadable.get(column.name, 0) + step.unreadable
                if after is None:
                    break
                progress = replace(progress, done=progress.done + step.done)
                yield progress
        # What somebody worked on was passed over: it is there still, or it has been sealed anew by them.
        if sum(otherwise(store, to).values()) <= sum(unreadable.values()):
            break
        time.sleep(_WALK_AGAIN_S)
    with store.transaction() as transaction:
        said = {"to": to, "values": progress.done, "unreadable": unreadable}
        append(transaction, now, [Entry(DONE, "store", said, by)])
    yield replace(progress, unreadable=unreadable, finished=True)


def otherwise(store: Store, fingerprint: str) -> Mapping[str, int]:
    """How many values of each column are sealed by another key than this. Raises Transient."""
    found = counted(store)
    return {
        column: sum(count for key, count in by_key.items() if key != fingerprint) for column, by_key in found.items()
    }


def counted(store: Store) -> Mapping[str, Mapping[str, int]]:
    """How many values of each column each key has sealed, by fingerprint. Raises Transient."""
    found = {}
    with store.reading() as transaction:
        for each in sealed_columns():
            query = select(each.begins, func.count()).where(each.column.is_not(None)).group_by(each.begins)
            found[each.name] = {bytes(key).hex(): int(n) for key, n in transaction.connection.execute(query)}
    return found


def retire(store: Store, fingerprint: str, now: datetime, by: str = "engine") -> None:
    """Note that a key is done with: the store can be opened without it. One that was retired already stays so. Raises
    KeyNeeded while it seals or anything is sealed by it, Transient."""
    with store.reading() as transaction:
        seen = position(transaction)
        seals = _sealing_key(transaction)
    # Nothing new can come under it: the store names another, and holds back what was sealed with this one.
    if seals in (None, fingerprint):
        raise KeyNeeded(f"The sealing key {fingerprint} is the one that seals: run cdr keys rotate first.")
    held = {name: by_key[fingerprint] for name, by_key in counted(store).items() if fingerprint in by_key}
    if held:
        raise KeyNeeded(f"{sum(held.values())} values are sealed by the key {fingerprint}: run cdr keys rotate first.")
    with store.transaction() as transaction:
        # Counting takes a while: a rotation that began meanwhile may be to this very key.
        append(transaction, now, [Entry(RETIRED, "store", {"key": fingerprint}, by)])
        if subjects(transaction, BEGUN, after=seen):
            raise KeyNeeded("A rotation began meanwhile: call it again when that is done.")
        own = and_(_KEY.c.purpose == "seal", _KEY.c.fingerprint == fingerprint)
        if transaction.connection.execute(select(_KEY.c.fingerprint).where(own)).first() is None:
            raise KeyNeeded(f"No sealing key {fingerprint} is in use here.")
        live = and_(own, _KEY.c.retired_at.is_(None))
        transaction.connection.execute(update(_KEY).where(live).values(retired_at=now))


@dataclass(frozen=True, slots=True)
class _Step:
    """One batch: the last row it looked at (None: there was no more), values sealed anew, values that could not be opened."""

    reached: tuple[Any, ...] | None
    done: int = 0
    unreadable: int = 0


def _step(transaction: Transaction, column: Sealed, to: str, after: tuple[Any, ...] | None, at_once: int) -> _Step:
    waits = and_(column.column.is_not(None), ~column.by(to))
    beyond = [] if after is None else [column.beyond(after)]
    query = select(*column.key, func.length(column.column).label("size")).where(waits, *beyond)
    rows = transaction.connection.execute(query.order_by(*column.key).limit(at_once)).all()
    if not rows:
        return _Step(None)
    names: list[tuple[Any, ...]] = []
    size = 0
    for row in rows:
        size += row.size
        if names and size > _MOST_BYTES:
            break
        names.append(tuple(row)[:-1])
    held = select(*column.key, column.column).where(waits, column.among(names)).with_for_update(skip_locked=True)
    new, unreadable = [], 0
    for row in transaction.connection.execute(held):
        *name, sealed = tuple(row)
        try:
            anew = transaction.keys.seal(transaction.keys.unseal(sealed))
        except (KeyMissing, SealBroken):
            unreadable += 1
            continue
        new.append({f"key_{n}": part for n, part in enumerate(name)} | {"anew": anew})
    if new:
        of = [each == bindparam(f"key_{n}") for n, each in enumerate(column.key)]
        transaction.connection.execute(
            update(column.table).where(*of).values({column.column.name: bindparam("anew")}), new
        )
    return _Step(names[-1], len(new), unreadable)


def _sealing_key(transaction: Transaction) -> str | None:
    found: str | None = transaction.connection.execute(select(_HEAD.c.sealing_key)).scalar_one_or_none()
    return found
