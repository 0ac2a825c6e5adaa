"""Remembers which uploads were taken, so that the same file again is recognised and its sender told so.

Kept in clear: who, when, how many rows. The file itself is recognised by a keyed hash of its bytes: nobody without the
key can find out whether a file they guess was ever uploaded.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Column, Index, LargeBinary, Text, select
from sqlalchemy.orm import Session
from sqlmodel import Field, SQLModel, col

from integration_engine.store.database import Store
from integration_engine.store.tables import Instant

_PURPOSE = "upload"


class UploadRow(SQLModel, table=True):
    """One file that was taken. ``accepted`` and ``refused`` count its rows."""

    __tablename__ = "upload"
    __table_args__ = (Index("ix_upload_partner", "partner", "taken_at"),)
    content_key: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    receipt: str = Field(sa_column=Column(Text, nullable=False))
    partner: str = Field(sa_column=Column(Text, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    taken_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    accepted: int
    refused: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a file was taken, and what became of its rows."""

    id: str
    at: datetime
    accepted: int
    refused: int


class Receipts:
    """The uploads that were taken. May raise the store's Transient."""

    def __init__(self, store: Store, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._clock = clock

    def seen(self, partner: str, fingerprint: str) -> Receipt | None:
        """The receipt of the same bytes (by their content hash) from the same partner, if they were taken."""
        keys = self._store.keys.blinds(_PURPOSE, _text(partner, fingerprint))
        with self._store.reading() as transaction, Session(transaction.connection) as session:
            row = session.scalars(select(UploadRow).where(col(UploadRow.content_key).in_(keys))).first()
            return _receipt(row) if row else None

    def keep(self, partner: str, kind: str, fingerprint: str, receipt: str, accepted: int, refused: int) -> None:
        """Remember a file that the broker has confirmed."""
        row = {
            "content_key": self._store.keys.blind(_PURPOSE, _text(partner, fingerprint)),
            "receipt": receipt,
            "partner": partner,
            "kind": kind,
            "taken_at": self._clock(),
            "accepted": accepted,
            "refused": refused,
        }
        with self._store.transaction() as transaction:
            transaction.upsert(UploadRow, [row])

    def latest(self, partner: str, limit: int = 20) -> list[Receipt]:
        """A partner's last uploads, newest first."""
        with self._store.reading() as transaction, Session(transaction.connection) as session:
            own = select(UploadRow).where(col(UploadRow.partner) == partner)
            rows = session.scalars(own.order_by(col(UploadRow.taken_at).desc()).limit(limit)).all()
            return [_receipt(row) for row in rows]


def _text(partner: str, fingerprint: str) -> str:
    return f"{partner}\x1f{fingerprint}"


def _receipt(row: UploadRow) -> Receipt:
    return Receipt(row.receipt, row.taken_at, row.accepted, row.refused)
