"""What one partner sent and what became of it, for that partner's own eyes: ids, times, verdicts, reasons. No child.

What is held only where a death is held that it speaks against (that somebody lives, a birth that isn't reviewed) is in none
of it: whoever asks about a child by saying that it lives must not read here that it is known.
"""

import itertools
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import select

from integration_engine.record.outside import counts_only_against_a_death
from integration_engine.store.database import Store, Transaction, table
from integration_engine.store.inbox import AGAINST_A_DEATH, message_keys
from integration_engine.store.neighbourhood import load_notices
from integration_engine.store.tables import NoticeRow, PutAsideRow, RefusalRow, SubmissionRow, TallyRow

_SUBMISSION, _NOTICE = table(SubmissionRow), table(NoticeRow)
_REFUSAL, _TALLY, _ASIDE = table(RefusalRow), table(TallyRow), table(PutAsideRow)
LIVING = "living"
"""The reason of what was passed over because nobody has told us that this child is dead."""
_MOST_OF_ONE_ID = 20
# A message's own id is shown again where it is plainly an id; ten digits in a row might be a person's number.
_PLAIN_ID = re.compile(r"(?!.*\d{10})[A-Za-z0-9._:/-]{1,64}")
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
class PutAside:
    """A message that lies in a dead queue by a fault of ours, or lay there. ``name`` is ours, to quote; ``receipt`` what was
    told at the door. ``became``: ``store.put_aside.Became``, since ``became_at`` where people decided."""

    name: str
    kind: str
    receipt: str | None
    message_id: str | None
    at: datetime
    became: str
    became_at: datetime | None


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
    return _messages(store, partner, (), limit)


def taken_as(store: Store, partner: str, kind: str, message_id: str) -> tuple[TakenMessage, ...]:
    """The partner's messages that carried this id of its own: none, one, or several bodies under one id."""
    keys = message_keys(store.keys, kind, partner, message_id)
    return _messages(store, partner, (_SUBMISSION.c.message_key.in_(keys),), _MOST_OF_ONE_ID)


def put_aside(store: Store, partner: str, limit: int = 50) -> tuple[PutAside, ...]:
    """The partner's messages that are put aside: those that wait first, the newest of each first."""
    with store.reading() as transaction:
        return _aside(transaction, partner, limit=limit)


def put_aside_as(store: Store, partner: str, kind: str, message_id: str) -> tuple[PutAside, ...]:
    """Those of them that carried this id of its own."""
    keys = message_keys(store.keys, kind, partner, message_id)
    with store.reading() as transaction:
        return _aside(transaction, partner, _ASIDE.c.message_key.in_(keys), limit=_MOST_OF_ONE_ID)


def put_aside_of(transaction: Transaction, partner: str, receipts: Collection[str]) -> Mapping[str, PutAside]:
    """Those of them that have these receipts. Of two of one receipt it is the one that waits, else the newest."""
    found = _aside(transaction, partner, _ASIDE.c.receipt.in_(receipts))
    return {each.receipt: each for each in reversed(found) if each.receipt}


def plain_id(message_id: str | None) -> str | None:
    """A message's own id where it can't be about a person."""
    return message_id if message_id and _PLAIN_ID.fullmatch(message_id) else None


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
        c.partner == partner, c.day >= since.isoformat(), c.reason.not_in((LIVING, AGAINST_A_DEATH))
    )
    with store.reading() as transaction:
        rows = transaction.connection.execute(query.order_by(c.day.desc(), c.kind, c.verdict, c.reason)).all()
    return tuple(OwnCount(*row) for row in rows)


def _aside(transaction: Transaction, partner: str, *where: Any, limit: int | None = None) -> tuple[PutAside, ...]:
    c = _ASIDE.c
    query = select(c.name, c.kind, c.receipt, c.message_id, c.at, c.became, c.became_at)
    query = query.where(c.partner == partner, *where).order_by(c.became != "waiting", c.at.desc(), c.name).limit(limit)
    return tuple(PutAside(*row) for row in transaction.connection.execute(query))


def _messages(store: Store, partner: str, where: Sequence[Any], limit: int) -> tuple[TakenMessage, ...]:
    """So many of the partner's messages that it may know to be held, newest first. As many as that, whatever lies between:
    one that is missing would tell as much as one that is there. Raises KeyMissing or SealBroken."""
    c = _SUBMISSION.c
    query = select(c.id, c.kind, c.received_at, c.stored_at).where(c.partner == partner, *where)
    query = query.order_by(c.received_at.desc(), c.id).limit(limit)
    found: list[TakenMessage] = []
    with store.reading() as transaction:
        for place in itertools.count(step=limit):
            rows = transaction.connection.execute(query.offset(place)).all()
            said = _said(transaction, [row.id for row in rows])
            found += [TakenMessage(*row, tuple(said[row.id])) for row in rows if row.id in said]
            if len(rows) < limit or len(found) >= limit:
                break
    return tuple(found[:limit])


def _said(transaction: Transaction, messages: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """The verdicts of each message's persons, without what is held only because it speaks against a death."""
    n = _NOTICE.c
    query = select(n.submission_id, n.id).where(n.submission_id.in_(messages)).order_by(n.id)
    rows = transaction.connection.execute(query).all()
    notices = load_notices(transaction, [row.id for row in rows])
    said: dict[str, list[str]] = {}
    for message, name in rows:
        if not counts_only_against_a_death(notices[name]):
            said.setdefault(message, []).append(_VERDICTS[notices[name].intent])
    return said
