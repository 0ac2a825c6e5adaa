"""What an operator sees: how much came in and how it ended, recent cases, refusals, alarms, reviews. No patient data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import func, select

from integration_engine.store.database import Store, table
from integration_engine.store.sealing import unseal_json
from integration_engine.store.tables import AlarmRow, CaseRow, DeliveryRow, RefusalRow, ReviewRow, TallyRow

_CASE, _TALLY, _REFUSAL = table(CaseRow), table(TallyRow), table(RefusalRow)
_ALARM, _REVIEW, _DELIVERY = table(AlarmRow), table(ReviewRow), table(DeliveryRow)


@dataclass(frozen=True, slots=True)
class Counted:
    """How many items of one partner ended one way on one day (UTC)."""

    day: str
    kind: str
    partner: str
    verdict: str
    reason: str
    items: int


@dataclass(frozen=True, slots=True)
class RecentCase:
    """A case in a list: nothing about the child."""

    id: str
    state: str
    rule: str
    lead: str | None
    version: int
    restricted: bool
    opened_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class RefusedMessage:
    """A refusal in a list. ``problems`` are {path, code, text} without values."""

    kind: str
    partner: str
    reason: str
    problems: tuple[Mapping[str, Any], ...]
    first_at: datetime
    last_at: datetime
    times: int


@dataclass(frozen=True, slots=True)
class RaisedAlarm:
    """An alarm in a list."""

    id: str
    code: str
    kind: str
    partner: str
    subject: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OpenReview:
    """Something that waits for a person. ``a`` and ``b`` are notice ids (``linkage``) or a delivery and its case
    (``declined``); ``why`` are codes."""

    id: str
    kind: str
    a: str
    b: str
    score: float | None
    why: tuple[str, ...]
    opened_at: datetime


def counts(store: Store, since: date) -> tuple[Counted, ...]:
    """What came in since a day, by day, kind, partner, verdict and reason."""
    c = _TALLY.c
    query = select(_TALLY).where(c.day >= since.isoformat()).order_by(c.day, c.kind, c.partner, c.verdict, c.reason)
    with store.reading() as transaction:
        rows = transaction.connection.execute(query).all()
    return tuple(Counted(**row._mapping) for row in rows)


def recent_cases(store: Store, limit: int = 50) -> tuple[RecentCase, ...]:
    """The cases that changed last, newest first; tombstones of merged cases are left out."""
    columns = [_CASE.c[name] for name in RecentCase.__dataclass_fields__]
    query = select(*columns).where(_CASE.c.merged_into.is_(None)).order_by(_CASE.c.changed_at.desc(), _CASE.c.id)
    with store.reading() as transaction:
        rows = transaction.connection.execute(query.limit(limit)).all()
    return tuple(RecentCase(**row._mapping) for row in rows)


def cases_by_state(store: Store) -> Mapping[str, int]:
    """How many cases stand in each state."""
    query = select(_CASE.c.state, func.count()).where(_CASE.c.merged_into.is_(None)).group_by(_CASE.c.state)
    with store.reading() as transaction:
        return {state: int(number) for state, number in transaction.connection.execute(query)}


def deliveries_by_recipient(store: Store) -> Mapping[str, Mapping[str, int]]:
    """How many deliveries of each kind each recipient was sent."""
    c = _DELIVERY.c
    query = select(c.recipient, c.kind, func.count()).group_by(c.recipient, c.kind).order_by(c.recipient, c.kind)
    found: dict[str, dict[str, int]] = {}
    with store.reading() as transaction:
        for recipient, kind, number in transaction.connection.execute(query):
            found.setdefault(recipient, {})[kind] = int(number)
    return found


def refusals(store: Store, limit: int = 50) -> tuple[RefusedMessage, ...]:
    """The messages that were refused last, newest first."""
    c = _REFUSAL.c
    with store.reading() as transaction:
        rows = transaction.connection.execute(select(_REFUSAL).order_by(c.last_at.desc()).limit(limit)).all()
    return tuple(
        RefusedMessage(r.kind, r.partner, r.reason, tuple(orjson.loads(r.problems)), r.first_at, r.last_at, r.times)
        for r in rows
    )


def alarms(store: Store, limit: int = 50) -> tuple[RaisedAlarm, ...]:
    """The alarms raised last, newest first."""
    c = _ALARM.c
    with store.reading() as transaction:
        rows = transaction.connection.execute(select(_ALARM).order_by(c.at.desc(), c.id).limit(limit)).all()
    return tuple(RaisedAlarm(**row._mapping) for row in rows)


def open_reviews(store: Store, limit: int = 50) -> tuple[OpenReview, ...]:
    """What waits for a person, the longest waiting first. Raises KeyMissing or SealBroken."""
    c = _REVIEW.c
    query = select(_REVIEW).where(c.closed_at.is_(None)).order_by(c.opened_at, c.id).limit(limit)
    with store.reading() as transaction:
        rows = transaction.connection.execute(query).all()
    return tuple(
        OpenReview(
            r.id, r.kind, r.a, r.b, r.score, tuple(unseal_json(store.keys, r.sealed).get("why", ())), r.opened_at
        )
        for r in rows
    )
