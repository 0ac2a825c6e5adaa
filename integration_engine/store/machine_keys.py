"""The public keys and certificates by which partners' machines prove themselves, as the register keeps them.

Nothing of it is secret: a stolen database opens no door. Several may be live at once, so that a new one is tried before the
old one is revoked.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Column, ForeignKey, Index, Select, Text, or_, select
from sqlalchemy.orm import Session
from sqlmodel import Field, SQLModel, col

from integration_engine.security.assertion import PublicKey
from integration_engine.store.partners import CredentialRow
from integration_engine.store.tables import Instant

Kind = Literal["jwk", "certificate"]


class MachineKeyRow(SQLModel, table=True):
    """One key of a partner. ``kind`` ``jwk``: ``id`` is its thumbprint and ``public`` the key; ``certificate``: ``id`` is the
    SHA-256 of its DER bytes in hex, and ``public`` its subject's common name, for lists."""

    __tablename__ = "machine_key"
    __table_args__ = (Index("ix_machine_key_partner", "partner"),)
    id: str = Field(sa_column=Column(Text, primary_key=True))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    partner: str = Field(sa_column=Column(Text, ForeignKey("partner.code"), nullable=False))
    public: str = Field(sa_column=Column(Text, nullable=False))
    created_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    expires_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))


_CERTIFICATE = (
    col(MachineKeyRow.id),
    col(MachineKeyRow.partner),
    col(MachineKeyRow.expires_at),
    col(MachineKeyRow.revoked_at),
)


class UsedAssertionRow(SQLModel, table=True):
    """A signed statement that was accepted: it is not a second time. ``hashed`` is of its client and its id."""

    __tablename__ = "used_assertion"
    __table_args__ = (Index("ix_used_assertion_until", "until"),)
    hashed: str = Field(sa_column=Column(Text, primary_key=True))
    until: datetime = Field(sa_column=Column(Instant, nullable=False))


@dataclass(frozen=True, slots=True)
class MachineKey:
    """A key in a list."""

    id: str
    kind: Kind
    partner: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    def live(self, now: datetime) -> bool:
        """Whether it still proves anything at ``now``."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def live_keys(session: Session, partner: str, now: datetime) -> list[PublicKey]:
    """The public keys that a partner's signature may be checked with."""
    return [PublicKey(row.id, json.loads(row.public)) for row in session.scalars(_keys_of(partner, now))]


def held_key(session: Session, partner: str, name: str, now: datetime) -> MachineKeyRow | None:
    """One of those, which nobody revokes until the transaction ends; None where it has ended."""
    return session.scalars(_keys_of(partner, now).where(col(MachineKeyRow.id) == name).with_for_update()).one_or_none()


def owner_of_certificate(session: Session, fingerprint: str, now: datetime) -> str | None:
    """The code of the partner whose live certificate this is."""
    wanted = (col(MachineKeyRow.id) == fingerprint, col(MachineKeyRow.kind) == "certificate")
    row = session.scalars(_live(now).where(*wanted)).one_or_none()
    return row.partner if row else None


def owners_of_certificates(session: Session, now: datetime) -> dict[str, str | None]:
    """Whose every certificate is that was ever registered, by fingerprint; None for one that was revoked or has ended."""
    rows = session.execute(select(*_CERTIFICATE).where(col(MachineKeyRow.kind) == "certificate"))
    return {
        row.id: row.partner if row.revoked_at is None and (row.expires_at is None or now < row.expires_at) else None
        for row in rows
    }


def owners(session: Session, now: datetime) -> set[str]:
    """The codes of all partners with a live key or certificate."""
    return {row.partner for row in session.scalars(_live(now))}


def has_anything(session: Session, partner: str) -> bool:
    """Whether a partner has a token, key or certificate that nobody revoked, whether or not its day has passed."""
    for rows, name in ((CredentialRow, col(CredentialRow.lookup)), (MachineKeyRow, col(MachineKeyRow.id))):
        wanted = (col(rows.partner) == partner, col(rows.revoked_at).is_(None))
        if session.scalars(select(name).where(*wanted).limit(1)).first() is not None:
            return True
    return False


def every_key(session: Session) -> list[MachineKey]:
    """All that were ever registered, the oldest first."""
    rows = session.scalars(select(MachineKeyRow).order_by(col(MachineKeyRow.created_at), col(MachineKeyRow.id)))
    return [
        MachineKey(
            r.id, "jwk" if r.kind == "jwk" else "certificate", r.partner, r.created_at, r.expires_at, r.revoked_at
        )
        for r in rows
    ]


def revoke_keys(session: Session, partner: str, name: str | None, now: datetime) -> Sequence[str]:
    """Revoke one key of a partner, or all of them; returns those that were live."""
    wanted = [col(MachineKeyRow.partner) == partner]
    if name:
        wanted.append(col(MachineKeyRow.id) == name)
    rows = session.scalars(_live(now).where(*wanted)).all()
    for row in rows:
        row.revoked_at = now
    return [row.id for row in rows]


def _keys_of(partner: str, now: datetime) -> Select[MachineKeyRow]:
    return _live(now).where(col(MachineKeyRow.partner) == partner, col(MachineKeyRow.kind) == "jwk")


def _live(now: datetime) -> Select[MachineKeyRow]:
    ends = col(MachineKeyRow.expires_at)
    return select(MachineKeyRow).where(col(MachineKeyRow.revoked_at).is_(None), or_(ends.is_(None), ends > now))
