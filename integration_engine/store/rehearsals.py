"""What partners tried in the sandbox: when, how it was answered, and how it stands to each rule. Nothing a message said.

A message is recognised by a keyed hash of its bytes, so that one sent again takes its former place. Of each partner and
kind the last ones are kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Column, Index, LargeBinary, Text, delete, select
from sqlmodel import Field, SQLModel

from integration_engine.store.audit import Entry, append
from integration_engine.store.database import Store, Transaction, table
from integration_engine.store.tables import Instant

KEPT = 200
"""So many messages of one partner and kind are remembered, and scored."""
BEGUN_ANEW = "partner.score-begun-anew"
_PURPOSE = "rehearsal"


class RehearsalRow(SQLModel, table=True):
    """One message that was tried. ``findings`` are a JSON list of [rule, asked, met, path, code]."""

    __tablename__ = "rehearsal"
    __table_args__ = (Index("ix_rehearsal_partner", "partner", "kind", "at"),)
    content_key: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    partner: str = Field(sa_column=Column(Text, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    message_id: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    at: datetime = Field(sa_column=Column(Instant, nullable=False))
    verdict: str = Field(sa_column=Column(Text, nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    findings: str = Field(sa_column=Column(Text, nullable=False))


_ROW = table(RehearsalRow)


@dataclass(frozen=True, slots=True)
class Tried:
    """One message that was tried. ``content`` is its content hash; ``findings`` as they are kept."""

    partner: str
    kind: str
    content: str
    message_id: str | None
    at: datetime
    verdict: str
    reason: str
    findings: Sequence[Sequence[Any]]


def keep(transaction: Transaction, tried: Sequence[Tried]) -> None:
    """Remember what was tried, and forget what lies too far back."""
    rows: dict[bytes, dict[str, Any]] = {}
    for each in tried:
        key = transaction.keys.blind(_PURPOSE, f"{each.kind}\x1f{each.partner}\x1f{each.content}")
        rows[key] = {
            "content_key": key,
            "partner": each.partner,
            "kind": each.kind,
            "message_id": each.message_id,
            "at": each.at,
            "verdict": each.verdict,
            "reason": each.reason,
            "findings": orjson.dumps(each.findings).decode(),
        }
    ordered = [rows[key] for key in sorted(rows)]
    transaction.upsert(RehearsalRow, ordered, replace=["message_id", "at", "verdict", "reason", "findings"])
    for partner, kind in sorted({(each.partner, each.kind) for each in tried}):
        _forget(transaction, partner, kind)


def latest(store: Store, partner: str, kind: str, limit: int = KEPT) -> list[Mapping[str, Any]]:
    """What a partner tried of one kind, the newest first: message_id, at, verdict, reason and findings."""
    c = _ROW.c
    query = select(c.message_id, c.at, c.verdict, c.reason, c.findings)
    query = query.where(c.partner == partner, c.kind == kind).order_by(c.at.desc(), c.content_key).limit(limit)
    with store.reading() as transaction:
        rows = transaction.connection.execute(query).all()
    return [{**row._mapping, "findings": orjson.loads(row.findings)} for row in rows]


def forget(store: Store, partner: str, kind: str, *, by: str, now: datetime) -> int:
    """Forget what a partner tried of one kind, so that only what it tries from now on is scored; how many messages it was.
    That somebody did, and who, is in the audit log."""
    c = _ROW.c
    with store.transaction() as transaction:
        own = delete(_ROW).where(c.partner == partner, c.kind == kind)
        forgotten = transaction.connection.execute(own).rowcount
        if forgotten:
            append(transaction, now, [Entry(BEGUN_ANEW, partner, {"kind": kind, "forgotten": forgotten}, by)])
    return forgotten


def _forget(transaction: Transaction, partner: str, kind: str) -> None:
    c = _ROW.c
    own = select(c.content_key).where(c.partner == partner, c.kind == kind)
    old = transaction.connection.scalars(own.order_by(c.at.desc(), c.content_key).offset(KEPT)).all()
    if old:
        transaction.connection.execute(delete(_ROW).where(c.content_key.in_(old)))
