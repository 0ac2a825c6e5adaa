"""By which rules each case was last decided, and when time alone may change its answer: what the engine looks at again.

``ruling`` is a fingerprint of the reference data and switches. The newest one that a worker came with is in force: while
workers are replaced, those of the old rules leave alone what the new ones decide.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, ColumnElement, Index, Text, delete, func, or_, select, text
from sqlmodel import Field, SQLModel

from integration_engine.store.database import Store, Transaction, table
from integration_engine.store.tables import Instant


class CaseWatchRow(SQLModel, table=True):
    """One case that notices make: by which rules it was decided, and when to look again whatever comes in. Written with its
    case, so no reference is checked for each."""

    __tablename__ = "case_watch"
    __table_args__ = (
        Index("ix_case_watch_ruling", "ruling", "case_id"),
        Index("ix_case_watch_look_again_at", "look_again_at"),
    )
    case_id: str = Field(sa_column=Column(Text, primary_key=True))
    ruling: str = Field(sa_column=Column(Text, nullable=False))
    look_again_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))


class RulingRow(SQLModel, table=True):
    """A change of the rules in force, in order."""

    __tablename__ = "ruling"
    sequence: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    fingerprint: str = Field(sa_column=Column(Text, nullable=False))
    since: datetime = Field(sa_column=Column(Instant, nullable=False))


# Any number will do as long as nothing else here locks it.
_LOOKING = 0x63647277
# The fingerprint of no rules, and so of none that are in force.
_NO_RULES = ""
_WATCH, _RULING = table(CaseWatchRow), table(RulingRow)


@dataclass(frozen=True, slots=True)
class Watched:
    """By which rules a case was decided just now, and when to look again."""

    ruling: str
    look_again_at: datetime | None


def watch(transaction: Transaction, cases: Mapping[str, Watched], gone: Collection[str] = ()) -> None:
    """Note how these cases were decided; ``gone`` are cases that nothing decides any more."""
    rows = [
        {"case_id": name, "ruling": seen.ruling, "look_again_at": seen.look_again_at}
        for name, seen in sorted(cases.items())
    ]
    transaction.upsert(CaseWatchRow, rows, replace=["ruling", "look_again_at"])
    if gone:
        transaction.connection.execute(delete(_WATCH).where(_WATCH.c.case_id.in_(sorted(gone))))


def decide_again(transaction: Transaction, cases: Collection[str], now: datetime) -> None:
    """Have these cases looked at again, whatever rules decided them last."""
    rows = [{"case_id": name, "ruling": _NO_RULES, "look_again_at": now} for name in sorted(cases)]
    transaction.upsert(CaseWatchRow, rows, replace=["ruling"])


def marked(transaction: Transaction) -> int:
    """How many cases are marked to be looked at again, whatever rules decided them."""
    query = select(func.count()).where(_WATCH.c.ruling == _NO_RULES)
    return int(transaction.connection.execute(query).scalar_one())


def come_into_force(store: Store, ruling: str, now: datetime) -> bool:
    """Say that these rules are in force from now; False where they were already. Raises Transient."""
    with store.transaction() as transaction:
        transaction.lock([b"cdr-ruling"])
        if _in_force(transaction) == ruling:
            return False
        number = transaction.connection.execute(select(func.coalesce(func.max(_RULING.c.sequence), 0))).scalar_one()
        transaction.insert(RulingRow, [{"sequence": int(number) + 1, "fingerprint": ruling, "since": now}])
    return True


def in_force(store: Store) -> str | None:
    """The fingerprint of the rules in force; None where no worker has run yet. Raises Transient."""
    with store.reading() as transaction:
        return _in_force(transaction)


def _in_force(transaction: Transaction) -> str | None:
    query = select(_RULING.c.fingerprint).order_by(_RULING.c.sequence.desc()).limit(1)
    found = transaction.connection.execute(query).scalar()
    return None if found is None else str(found)


@contextmanager
def only_one(store: Store) -> Iterator[bool]:
    """Whether nobody else is in such a block now: of several processes one looks at a time. On SQLite everybody may, since
    what they write is written one after another anyway. Raises Transient."""
    with store.reading() as transaction:
        if not transaction.is_postgresql:
            yield True
            return
        taken = text("SELECT pg_try_advisory_xact_lock(:number)")
        yield bool(transaction.connection.execute(taken, {"number": _LOOKING}).scalar_one())


def to_look_at(
    store: Store, ruling: str, now: datetime, *, limit: int, after: str = "", every: bool = False
) -> Sequence[str]:
    """Cases, by id after ``after``, that other rules decided or that are to be looked at again by now; ``every``: all that
    notices make. Raises Transient."""
    c = _WATCH.c
    query = select(c.case_id).where(c.case_id > after).order_by(c.case_id).limit(limit)
    if not every:
        query = query.where(_due(ruling, now))
    with store.reading() as transaction:
        return [row.case_id for row in transaction.connection.execute(query)]


def waiting(store: Store, ruling: str, now: datetime) -> int:
    """How many cases are still to be looked at again. Raises Transient."""
    query = select(func.count()).where(_due(ruling, now))
    with store.reading() as transaction:
        return int(transaction.connection.execute(query).scalar_one())


def _due(ruling: str, now: datetime) -> ColumnElement[bool]:
    # Two ranges, not "other than": each is a look into the index, however many cases these rules decided.
    c = _WATCH.c
    return or_(c.ruling < ruling, c.ruling > ruling, c.look_again_at <= now)
