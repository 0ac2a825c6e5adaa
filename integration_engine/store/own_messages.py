"""What one partner sent and what became of it, for that partner's own eyes: ids, times, verdicts, reasons. No child."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import select

from integration_engine.store.database import Store, table
from integration_engine.store.tables import NoticeRow, RefusalRow, SubmissionRow, TallyRow

_SUBMISSION, _NOTICE = table(SubmissionRow), table(NoticeRow)
_REFUSAL, _TALLY = table(RefusalRow), table(TallyRow)
_VERDICTS = {"report": "notice", "retract": "retraction", "rekey": "rekey"}


@dataclass(frozen=True, slots=True)
class TakenMessage:
    """A message that is held. ``verdicts`` are those of the persons it speaks of; ``id`` is ours, to quote."""

    id: str
    kind: str
    received_at: datetime
    taken_at: datetime
    verdicts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OwnRefusal:
    """One person or row that was refused. ``problems`` are {path, code, text} without values."""

    kind: str
    reason: str
    problems: tuple[Mapping[str, Any], ...]
    first_at: datetime
    last_at: datetime
    times: int


@dataclass(frozen=True, slots=True)
class OwnCount:
    """How many persons spoken of ended one way on one day (UTC)."""

    day: str
    kind: str
    verdict: str
    reason: str
    items: int


def taken(store: Store, partner: str, limit: int = 50) -> tuple[TakenMessage, ...]:
    """The partner's messages that were taken last, newest first."""
    c = _SUBMISSION.c
    query = select(c.id).where(c.partner == partner).order_by(c.received_at.desc(), c.id).limit(limit)
    with store.reading() as transaction:
        ids = [str(name) for name in transaction.connection.scalars(query)]
    return _messages(store, partner, ids)


def taken_as(store: Store, partner: str, kind: str, message_id: str) -> tuple[TakenMessage, ...]:
    """The partner's messages that carried this id of its own: none, one, or several bodies under one id."""
    keys = store.keys.blinds("message-id", f"{kind}\x1f{partner}\x1f{message_id}")
    c = _SUBMISSION.c
    query = select(c.id).where(c.partner == partner, c.message_key.in_(keys)).order_by(c.received_at.desc()).limit(20)
    with store.reading() as transaction:
        ids = [str(name) for name in transaction.connection.scalars(query)]
    return _messages(store, partner, ids)


def refused(store: Store, partner: str, limit: int = 50) -> tuple[OwnRefusal, ...]:
    """What of the partner's was refused last, newest first."""
    c = _REFUSAL.c
    query = select(_REFUSAL).where(c.partner == partner).order_by(c.last_at.desc()).limit(limit)
    with store.reading() as transaction:
        rows = transaction.connection.execute(query).all()
    return tuple(
        OwnRefusal(r.kind, r.reason, tuple(orjson.loads(r.problems)), r.first_at, r.last_at, r.times) for r in rows
    )


def counted(store: Store, partner: str, since: date) -> tuple[OwnCount, ...]:
    """How the partner's messages ended since a day, the newest day first."""
    c = _TALLY.c
    query = select(c.day, c.kind, c.verdict, c.reason, c["items"]).where(
        c.partner == partner, c.day >= since.isoformat()
    )
    with store.reading() as transaction:
        rows = transaction.connection.execute(query.order_by(c.day.desc(), c.kind, c.verdict, c.reason)).all()
    return tuple(OwnCount(*row) for row in rows)


def _messages(store: Store, partner: str, ids: list[str]) -> tuple[TakenMessage, ...]:
    s, n = _SUBMISSION.c, _NOTICE.c
    messages = select(s.id, s.kind, s.received_at, s.stored_at).where(s.id.in_(ids), s.partner == partner)
    intents = select(n.submission_id, n.intent).where(n.submission_id.in_(ids)).order_by(n.id)
    with store.reading() as transaction:
        rows = transaction.connection.execute(messages).all()
        said: dict[str, list[str]] = {}
        for submission, intent in transaction.connection.execute(intents):
            said.setdefault(submission, []).append(_VERDICTS[intent])
    found = [TakenMessage(r.id, r.kind, r.received_at, r.stored_at, tuple(said.get(r.id, ()))) for r in rows]
    return tuple(sorted(found, key=lambda each: ids.index(each.id)))
