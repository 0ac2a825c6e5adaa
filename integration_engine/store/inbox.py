"""What came in: each message recognised when it comes again, stored sealed; what is passed over leaves only a count.

A message is the same again when the same partner sends the same content. The same message id with another body is taken,
and raises an alarm: either the partner counts wrongly, or somebody speaks in its name.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import orjson
from sqlalchemy import delete, select

from integration_engine.record.notice import DeathNotice, Problem
from integration_engine.security.keys import Keyring
from integration_engine.store.bonds import drop_bonds
from integration_engine.store.database import Transaction, table
from integration_engine.store.sealing import seal, seal_notice
from integration_engine.store.tables import (
    AlarmRow,
    BlindIndexRow,
    NoticeRow,
    RefusalRow,
    SubmissionRow,
    TallyRow,
)

SAME_ID_OTHER_BODY = "same-id-other-body"
AGAINST_A_DEATH = "against-a-death"
"""The reason counted where something is held only because it speaks against a death that is. Its sender isn't told."""
_SUBMISSION, _NOTICE = table(SubmissionRow), table(NoticeRow)
_INDEX = table(BlindIndexRow)


@dataclass(frozen=True)
class Message:
    """One message of a submission (a member of a batch, a row of a file). ``content`` is its content hash, ``body`` its own
    bytes, None where they can't be told from other people's."""

    kind: str
    partner: str
    content: str
    message_id: str | None
    received_at: datetime
    body: bytes | None
    notices: tuple[DeathNotice, ...]

    @cached_property
    def id(self) -> str:
        """The submission id of this message: the same message has the same."""
        text = "\x1f".join((self.kind, self.partner, self.message_id or "", self.content))
        return "s-" + hashlib.sha256(text.encode()).hexdigest()[:24]

    def content_keys(self, keys: Keyring) -> tuple[bytes, ...]:
        """Blind keys of its content, under every index key held."""
        return keys.blinds("content", f"{self.kind}\x1f{self.partner}\x1f{self.content}")

    def message_keys(self, keys: Keyring) -> tuple[bytes, ...]:
        """Blind keys of its message id, none where it has none."""
        return message_keys(keys, self.kind, self.partner, self.message_id)


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something an operator must look at. ``subject`` is an opaque id (a submission, a case)."""

    code: str
    kind: str
    partner: str
    subject: str

    @property
    def id(self) -> str:
        return "a-" + hashlib.sha256(f"{self.code}\x1f{self.subject}".encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused item: which message, its place in it, why."""

    kind: str
    partner: str
    content: str
    position: int
    reason: str
    problems: tuple[Problem, ...]


@dataclass
class Tally:
    """Items (persons spoken of) counted by (kind, partner, verdict, reason)."""

    counts: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)

    def add(self, kind: str, partner: str, verdict: str, reason: str) -> None:
        self.counts[kind, partner, verdict, reason] += 1


@dataclass(frozen=True, slots=True)
class Recognised:
    """The messages of a batch that are new, and those whose id was used for another body before."""

    new: tuple[Message, ...]
    known: tuple[Message, ...]
    alarms: tuple[Alarm, ...]


def message_keys(keys: Keyring, kind: str, partner: str, message_id: str | None) -> tuple[bytes, ...]:
    """Blind keys of a message's own id, under every index key held; none where it has none."""
    return keys.blinds("message-id", f"{kind}\x1f{partner}\x1f{message_id}") if message_id is not None else ()


def lock_names(keys: Keyring, messages: Iterable[Message]) -> set[bytes]:
    """What to lock so that the same message can't be taken twice at once."""
    return {name for m in messages for name in (*m.content_keys(keys), *m.message_keys(keys))}


def recognise(transaction: Transaction, messages: Sequence[Message]) -> Recognised:
    """Tell new messages from those that came before, in the store or earlier in this batch."""
    keys = transaction.keys
    contents = {m.id: m.content_keys(keys) for m in messages}
    ids = {m.id: m.message_keys(keys) for m in messages}
    c = _SUBMISSION.c
    sought = [name for names in contents.values() for name in names]
    query = select(c.content_key).where(transaction.among(c.content_key, sought))
    seen = {bytes(row.content_key) for row in transaction.connection.execute(query)}
    sought = [name for names in ids.values() for name in names]
    query = select(c.message_key).where(transaction.among(c.message_key, sought))
    used = {bytes(row.message_key) for row in transaction.connection.execute(query)}
    new: list[Message] = []
    known: list[Message] = []
    alarms: list[Alarm] = []
    for message in messages:
        if not seen.isdisjoint(contents[message.id]):
            known.append(message)
            continue
        if not used.isdisjoint(ids[message.id]):
            alarms.append(Alarm(SAME_ID_OTHER_BODY, message.kind, message.partner, message.id))
        seen.update(contents[message.id])
        used.update(ids[message.id])
        new.append(message)
    return Recognised(tuple(new), tuple(known), tuple(alarms))


def keep(
    transaction: Transaction,
    messages: Sequence[Message],
    blocks: Mapping[str, Iterable[bytes]],
    homes: Mapping[str, str],
    now: datetime,
) -> None:
    """Store new messages and their notices, sealed.

    ``blocks`` are the blind blocking keys of each notice, ``homes`` the case of each that has one, both by notice id.
    """
    keys = transaction.keys
    transaction.insert(
        SubmissionRow,
        [
            {
                "id": m.id,
                "kind": m.kind,
                "partner": m.partner,
                "content_key": m.content_keys(keys)[0],
                "message_key": next(iter(m.message_keys(keys)), None),
                "received_at": m.received_at,
                "stored_at": now,
                "sealed": None if m.body is None else seal(keys, m.body),
            }
            for m in messages
        ],
    )
    notices = {notice.id: (notice, m.id) for m in messages for notice in m.notices}
    rows = [
        {
            "id": notice.id,
            "submission_id": submission,
            "case_id": homes.get(notice.id),
            "intent": notice.intent,
            "received_at": notice.received_at,
            "sealed": seal_notice(keys, notice),
        }
        for notice, submission in notices.values()
    ]
    transaction.insert(NoticeRow, rows)
    version = keys.index_version
    index = [
        {"block_key": key, "notice_id": name, "key_version": version} for name in notices for key in set(blocks[name])
    ]
    transaction.insert(BlindIndexRow, index)


def notices_of(transaction: Transaction, messages: Iterable[str]) -> set[str]:
    """The notices held of these messages."""
    query = select(_NOTICE.c.id).where(transaction.among(_NOTICE.c.submission_id, messages))
    return {str(name) for name in transaction.connection.scalars(query)}


def drop(transaction: Transaction, notices: Iterable[str]) -> None:
    """Forget notices that are not to be kept after all, and the messages of which nothing else is kept. Sent again, such a
    message is new."""
    names = sorted(notices)
    if not names:
        return
    n, run = _NOTICE.c, transaction.connection.execute
    messages = {row.submission_id for row in run(select(n.submission_id).where(n.id.in_(names)))}
    run(delete(_INDEX).where(_INDEX.c.notice_id.in_(names)))
    drop_bonds(transaction, names)
    run(delete(_NOTICE).where(n.id.in_(names)))
    left = {row.submission_id for row in run(select(n.submission_id).where(n.submission_id.in_(sorted(messages))))}
    run(delete(_SUBMISSION).where(_SUBMISSION.c.id.in_(sorted(messages - left))))


def count(transaction: Transaction, tally: Tally, now: datetime) -> None:
    """Add to the day's counts (UTC days)."""
    day = now.date().isoformat()
    rows = [
        {"day": day, "kind": kind, "partner": partner, "verdict": verdict, "reason": reason, "items": items}
        for (kind, partner, verdict, reason), items in sorted(tally.counts.items())
    ]
    transaction.upsert(TallyRow, rows, add=["items"])


def refuse(transaction: Transaction, refusals: Sequence[Refusal], now: datetime) -> None:
    """Note what was refused. The same message refused again is counted on its line."""
    rows: dict[tuple[bytes, int], dict[str, Any]] = {}
    for refusal in refusals:
        text = f"{refusal.kind}\x1f{refusal.partner}\x1f{refusal.content}"
        key = transaction.keys.blind("content", text)
        problems = [{"path": p.path, "code": p.code, "text": p.text} for p in refusal.problems]
        rows[key, refusal.position] = {
            "content_key": key,
            "position": refusal.position,
            "kind": refusal.kind,
            "partner": refusal.partner,
            "reason": refusal.reason,
            "problems": orjson.dumps(problems).decode(),
            "first_at": now,
            "last_at": now,
            "times": 1,
        }
    ordered = [rows[key] for key in sorted(rows)]
    transaction.upsert(RefusalRow, ordered, replace=["reason", "problems", "last_at"], add=["times"])


def raise_alarms(transaction: Transaction, alarms: Sequence[Alarm], now: datetime, *, again: bool = False) -> None:
    """Note alarms; one that was raised before is not raised ``again`` unless that is asked for."""
    rows = {
        alarm.id: {
            "id": alarm.id,
            "code": alarm.code,
            "kind": alarm.kind,
            "partner": alarm.partner,
            "subject": alarm.subject,
            "at": now,
        }
        for alarm in alarms
    }
    transaction.upsert(AlarmRow, [rows[name] for name in sorted(rows)], replace=["at"] if again else [])
