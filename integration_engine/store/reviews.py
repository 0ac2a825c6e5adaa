"""Questions about two notices that wait for a person, what people asked meanwhile, and what each decision rested on."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, LargeBinary, Text, or_, select, update
from sqlmodel import Field, SQLModel

from integration_engine.record.decision import Decision, review_id
from integration_engine.store.audit import Entry, append
from integration_engine.store.database import Store, Transaction, table
from integration_engine.store.sealing import seal_json, unseal_decision, unseal_json
from integration_engine.store.tables import DecisionRow, ReviewRow

LINKAGE = "linkage"
_REVIEW, _DECISION = table(ReviewRow), table(DecisionRow)
# What is kept of a question beside what linkage makes of it: it isn't the notices' to change.
_PEOPLES = "asked"


class ReadingRow(SQLModel, table=True):
    """What one decision about two notices rested on: model, tables, and how the two agreed, level by level."""

    __tablename__ = "reading"
    decision_id: str = Field(sa_column=Column(Text, ForeignKey("decision.id"), primary_key=True))
    a: str = Field(sa_column=Column(Text, primary_key=True))
    b: str = Field(sa_column=Column(Text, primary_key=True))
    score: float
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


_READING = table(ReadingRow)


@dataclass(frozen=True, slots=True)
class ReviewPair:
    """Two notices that only a person can tell together or apart. ``told`` is sealed: what linkage makes of them, in plain
    JSON values."""

    a: str
    b: str
    score: float
    told: Mapping[str, Any]

    @property
    def id(self) -> str:
        return review_id(LINKAGE, self.a, self.b)


@dataclass(frozen=True, slots=True)
class Reading:
    """One decision about two notices, and what it rested on."""

    decision: Decision
    a: str
    b: str
    score: float
    told: Mapping[str, Any]


def settle_reviews(
    transaction: Transaction,
    among: Collection[str],
    pairs: Sequence[ReviewPair],
    outcome: str,
    now: datetime,
    homes: Mapping[str, str] = {},
) -> tuple[str, ...]:
    """Open the reviews that are asked for among these notices, bring what is known of open ones up to date, and close those
    that no longer are asked; ``outcome`` says why. Where another pair of the same two cases (``homes``, by notice) now tells
    more, what people asked elsewhere goes on with it.

    Returns the ids of the reviews newly opened.
    """
    sides = or_(transaction.among(_REVIEW.c.a, among), transaction.among(_REVIEW.c.b, among))
    known = {
        row.id: row for row in transaction.connection.execute(select(_REVIEW).where(_REVIEW.c.kind == LINKAGE, sides))
    }
    notes: dict[frozenset[str], list[Any]] = {}
    for held in known.values():
        if held.closed_at is None and (noted := unseal_json(transaction.keys, held.sealed).get(_PEOPLES)):
            notes.setdefault(_between(held, homes), []).extend(noted)
    wanted = {pair.id: pair for pair in pairs}
    opened, rows = [], []
    for name, pair in sorted(wanted.items()):
        row = known.get(name)
        told, asked = dict(pair.told), row and unseal_json(transaction.keys, row.sealed)
        if (before := notes.get(_between(pair, homes))) is not None:
            told[_PEOPLES] = before
        if row is None or row.closed_at is not None:
            opened.append(name)
        elif (row.score, asked) == (pair.score, told):
            continue
        rows.append(
            {
                "id": name,
                "kind": LINKAGE,
                "a": pair.a,
                "b": pair.b,
                "score": pair.score,
                "opened_at": now if row is None or row.closed_at is not None else row.opened_at,
                "closed_at": None,
                "outcome": None,
                "sealed": seal_json(transaction.keys, told),
            }
        )
    transaction.upsert(ReviewRow, rows, replace=["score", "opened_at", "closed_at", "outcome", "sealed"])
    gone = [name for name, row in known.items() if row.closed_at is None and name not in wanted]
    if gone:
        closing = update(_REVIEW).where(_REVIEW.c.id.in_(gone)).values(closed_at=now, outcome=outcome)
        transaction.connection.execute(closing)
    return tuple(opened)


def _between(pair: Any, homes: Mapping[str, str]) -> frozenset[str]:
    """The two cases that a pair of notices is of, a notice that waits standing for itself."""
    return frozenset((homes.get(pair.a, pair.a), homes.get(pair.b, pair.b)))


def note_asked(store: Store, name: str, *, by: str, text: str, now: datetime) -> bool:
    """Keep what somebody asked elsewhere before they can decide: sealed, the question stays open. False where no such
    question is open. Raises Transient, KeyMissing or SealBroken."""
    with store.transaction() as transaction:
        query = select(_REVIEW.c.sealed).where(_REVIEW.c.id == name, _REVIEW.c.closed_at.is_(None))
        row = transaction.connection.execute(query).first()
        if row is None:
            return False
        told = unseal_json(transaction.keys, row.sealed)
        told[_PEOPLES] = [*told.get(_PEOPLES, ()), {"by": by, "at": now.isoformat(), "text": text}]
        sealed = seal_json(transaction.keys, told)
        transaction.connection.execute(update(_REVIEW).where(_REVIEW.c.id == name).values(sealed=sealed))
        append(transaction, now, [Entry("review.asked", name, {}, by)])
    return True


def as_asked(transaction: Transaction, a: str, b: str) -> tuple[float, Mapping[str, Any]] | None:
    """Score and what was told of the question about two notices, open or closed; None where nobody was ever asked."""
    query = select(_REVIEW.c.score, _REVIEW.c.sealed).where(_REVIEW.c.id == review_id(LINKAGE, a, b))
    row = transaction.connection.execute(query).first()
    return (row.score or 0.0, unseal_json(transaction.keys, row.sealed)) if row else None


def keep_readings(transaction: Transaction, decision: str, pairs: Sequence[ReviewPair]) -> None:
    """Keep what a decision rested on, for good."""
    rows = [
        {
            "decision_id": decision,
            "a": pair.a,
            "b": pair.b,
            "score": pair.score,
            "sealed": seal_json(transaction.keys, {n: part for n, part in pair.told.items() if n != _PEOPLES}),
        }
        for pair in pairs
    ]
    transaction.insert(ReadingRow, rows)


def readings(store: Store) -> Iterator[Reading]:
    """Every decision about two notices with what it rested on, in order of time. Raises Transient, KeyMissing or
    SealBroken."""
    query = (
        select(_READING, _DECISION.c.sealed.label("decided"))
        .join(_DECISION, _DECISION.c.id == _READING.c.decision_id)
        .order_by(_DECISION.c.at, _DECISION.c.id, _READING.c.a, _READING.c.b)
    )
    with store.reading() as transaction:
        rows = transaction.connection.execute(query).all()
    for row in rows:
        decision = unseal_decision(store.keys, row.decided, row.decision_id)
        yield Reading(decision, row.a, row.b, row.score, unseal_json(store.keys, row.sealed))
