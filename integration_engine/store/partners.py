"""The register's rows: partners, CDOPs and operators, their tokens and their feeds, and how each is read.

Nothing here is about a child. A token's secret is kept as a hash only, so a stolen database opens no door.
"""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Text
from sqlmodel import Field, SQLModel

from integration_engine.security import identity
from integration_engine.security.identity import Credential, Principal, Role
from integration_engine.store.tables import Instant


class PartnerRow(SQLModel, table=True):
    """A partner, CDOP or operator. ``kinds``, ``open_kinds`` and ``organisations`` are JSON lists; what is among a partner's
    kinds and not among the open ones goes to the sandbox only."""

    __tablename__ = "partner"
    code: str = Field(sa_column=Column(Text, primary_key=True))
    role: str = Field(sa_column=Column(Text, nullable=False))
    kinds: str = Field(default="[]", sa_column=Column(Text, nullable=False))
    open_kinds: str = Field(default="[]", sa_column=Column(Text, nullable=False, server_default="[]"))
    organisations: str = Field(default="[]", sa_column=Column(Text, nullable=False))
    added_at: datetime = Field(sa_column=Column(Instant, nullable=False))


class CredentialRow(SQLModel, table=True):
    """One token of a partner, found by ``lookup``; only the hash of its secret is kept. ``given_for``: the key it was given
    for, where a machine signed for it."""

    __tablename__ = "credential"
    __table_args__ = (Index("ix_credential_partner", "partner"),)
    lookup: str = Field(sa_column=Column(Text, primary_key=True))
    hashed: str = Field(sa_column=Column(Text, nullable=False))
    partner: str = Field(sa_column=Column(Text, ForeignKey("partner.code"), nullable=False))
    created_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    expires_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    given_for: str | None = Field(default=None, sa_column=Column(Text, nullable=True))


class FeedRow(SQLModel, table=True):
    """One feed of a partner; ``settings`` is a JSON object of the adapter's feed settings."""

    __tablename__ = "feed"
    name: str = Field(sa_column=Column(Text, primary_key=True))
    partner: str = Field(sa_column=Column(Text, ForeignKey("partner.code"), nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    settings: str = Field(sa_column=Column(Text, nullable=False))


def principal_of(row: PartnerRow, credential: str) -> Principal:
    """Whoever proved to be this partner, by which of its credentials ("": by none)."""
    kinds, organisations = frozenset(json.loads(row.kinds)), frozenset(json.loads(row.organisations))
    return Principal(row.code, role_of(row), kinds, organisations, credential, kinds - opened_kinds(row))


def credential_of(row: CredentialRow, partner: PartnerRow) -> Credential:
    return Credential(
        row.lookup, row.hashed, role_of(partner), partner.code, row.created_at, row.expires_at, row.revoked_at
    )


def opened_kinds(row: PartnerRow) -> frozenset[str]:
    """The kinds of a partner that a person has opened: the others go to the sandbox only."""
    return frozenset(json.loads(row.open_kinds)) & frozenset(json.loads(row.kinds))


def role_of(row: PartnerRow) -> Role:
    return next(role for role in identity.ROLES if role == row.role)


def feed_of(row: FeedRow) -> dict[str, Any]:
    """Name, partner, kind and the settings of a feed."""
    return {"name": row.name, "partner": row.partner, "kind": row.kind, **json.loads(row.settings)}
