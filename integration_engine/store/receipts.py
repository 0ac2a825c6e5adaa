"""Remembers the uploads: which were taken, so that the same file again is recognised, and what each was answered.

Kept in clear: who, when, how many rows. The file itself is recognised by a keyed hash of its bytes: nobody without the
key can find out whether a file they guess was ever uploaded. What was said of its rows is sealed; of what stood in them
nothing is kept here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, Text, select
from sqlalchemy.orm import Session
from sqlmodel import Field, SQLModel, col

from integration_engine.answered_file import AnsweredFile
from integration_engine.security.keys import KeyMissing
from integration_engine.store.database import KeysMoved, Store, Transaction, table
from integration_engine.store.own_messages import PutAside, put_aside_of
from integration_engine.store.sealing import seal_json, unseal_json
from integration_engine.store.tables import Instant

_PURPOSE = "upload"
_MOST_ROWS = 2_000
"""Of a file with more rows to look at than anybody reads, the answer's beginning is kept."""


class UploadRow(SQLModel, table=True):
    """One upload that was answered. The counts are of its rows; ``sealed`` is what was said of those not plainly accepted."""

    __tablename__ = "upload"
    __table_args__ = (Index("ix_upload_partner", "partner", "taken_at"),)
    content_key: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    receipt: str = Field(sa_column=Column(Text, nullable=False))
    partner: str = Field(sa_column=Column(Text, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    taken_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    taken: bool = True
    accepted: int
    warnings: int = 0
    passed_over: int = 0
    refused: int
    sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an upload, by numbers of rows. ``taken`` where anything of it was queued; ``put_aside`` where a fault of
    ours has laid it aside since then."""

    id: str
    at: datetime
    accepted: int
    refused: int
    warnings: int = 0
    passed_over: int = 0
    taken: bool = True
    put_aside: PutAside | None = None


class Receipts:
    """The uploads that were answered. May raise the store's Transient."""

    def __init__(self, store: Store, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._clock = clock

    def seen(self, partner: str, fingerprint: str) -> Receipt | None:
        """The receipt of the same bytes (by their content hash) from the same partner, if they were taken."""
        keys = self._store.keys.blinds(_PURPOSE, _text(partner, fingerprint))
        with self._store.reading() as transaction, Session(transaction.connection) as session:
            row = session.scalars(select(UploadRow).where(col(UploadRow.content_key).in_(keys))).first()
            return _receipt(row) if row else None

    def keep(self, file: AnsweredFile) -> None:
        """Remember what a file was answered. One that was taken is one however often it comes; every try of one that was not
        is its own."""
        of_this_try = file.fingerprint if file.taken else f"{file.fingerprint}\x1f{file.receipt}"
        row = {
            "content_key": self._store.keys.blind(_PURPOSE, _text(file.partner, of_this_try)),
            "receipt": file.receipt,
            "partner": file.partner,
            "kind": file.kind,
            "taken_at": self._clock(),
            "taken": file.taken,
            **{name: file.counts[name] for name in ("accepted", "warnings", "passed_over", "refused")},
        }
        try:
            self._write(row, file.rows)
        except KeysMoved:
            # Whoever waits for the answer doesn't send the file again for our keys' sake.
            self._write(row, file.rows)

    def _write(self, row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
        with self._store.transaction() as transaction:
            sealed = seal_json(transaction.keys, list(rows[:_MOST_ROWS]))
            transaction.upsert(UploadRow, [{**row, "sealed": sealed}])

    def latest(self, partner: str, limit: int = 20) -> list[Receipt]:
        """A partner's last uploads, newest first."""
        with self._store.reading() as transaction, Session(transaction.connection) as session:
            own = select(UploadRow).where(col(UploadRow.partner) == partner)
            rows = session.scalars(own.order_by(col(UploadRow.taken_at).desc()).limit(limit)).all()
            aside = put_aside_of(transaction, partner, [row.receipt for row in rows])
            return [_receipt(row, aside.get(row.receipt)) for row in rows]

    def opened(self, partner: str, receipt: str) -> tuple[Receipt, list[dict[str, Any]] | None] | None:
        """A partner's own receipt with what was said of the rows to look at; None where it has no such receipt, and None for
        the rows where nobody can open them (any more): uploads of earlier versions, a lost key."""
        with self._store.reading() as transaction, Session(transaction.connection) as session:
            own = select(UploadRow).where(col(UploadRow.partner) == partner, col(UploadRow.receipt) == receipt)
            row = session.scalars(own.order_by(col(UploadRow.taken_at).desc())).first()
            if row is None:
                return None
            return _receipt(row, put_aside_of(transaction, partner, [receipt]).get(receipt)), self._rows(row)

    def _rows(self, row: UploadRow) -> list[dict[str, Any]] | None:
        try:
            found: list[dict[str, Any]] | None = unseal_json(self._store.keys, row.sealed) if row.sealed else None
        except KeyMissing:
            return None
        return found


def receipt_of(transaction: Transaction, partner: str, fingerprint: str) -> str | None:
    """The receipt that an upload of these bytes was given when it was taken; None where they were no upload."""
    c = table(UploadRow).c
    keys = transaction.keys.blinds(_PURPOSE, _text(partner, fingerprint))
    found: str | None = transaction.connection.scalar(select(c.receipt).where(c.content_key.in_(keys)))
    return found


def _text(partner: str, fingerprint: str) -> str:
    return f"{partner}\x1f{fingerprint}"


def _receipt(row: UploadRow, aside: PutAside | None = None) -> Receipt:
    counts = (row.accepted, row.refused, row.warnings, row.passed_over)
    return Receipt(row.receipt, row.taken_at, *counts, row.taken, aside)
