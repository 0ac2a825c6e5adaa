"""Broker accounts of partners and recipients, as the register keeps them: whose, and a salted hash of the password.

The register is the truth and the broker follows it (``cdr broker apply``): an account that is revoked here is taken away
there, and one that a broker lost with its data is made again as it was.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Column, ForeignKey, Text, select
from sqlalchemy.orm import Session
from sqlmodel import Field, SQLModel, col

from integration_engine.security.identity import NotAllowed, Role
from integration_engine.store.audit import Entry, append
from integration_engine.store.database import Store
from integration_engine.store.partners import PartnerRow, opened_kinds, role_of
from integration_engine.store.tables import Instant


class BrokerAccountRow(SQLModel, table=True):
    """One account; ``name`` is the broker's user, ``hashed`` RabbitMQ's own salted hash of its password."""

    __tablename__ = "broker_account"
    name: str = Field(sa_column=Column(Text, primary_key=True))
    partner: str = Field(sa_column=Column(Text, ForeignKey("partner.code"), nullable=False))
    hashed: str = Field(sa_column=Column(Text, nullable=False))
    created_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))


@dataclass(frozen=True, slots=True)
class Kept:
    """An account and whose it is. ``kinds`` are those of a partner's kinds that are live."""

    name: str
    owner: str
    role: Role
    kinds: tuple[str, ...]
    created_at: datetime
    live: bool
    hashed: str = field(repr=False)


class Accounts:
    """The broker accounts of the register. Every call may raise the store's Transient."""

    def __init__(self, store: Store, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._clock = clock

    def put(self, name: str, owner: str, role: Role, hashed: str, by: str) -> Kept:
        """Keep a new account, or a new password of one that is there. Raises NotAllowed ``no-partner`` where nobody of that
        role is registered under ``owner``."""
        with self._store.transaction() as transaction, Session(transaction.connection) as session:
            holder = session.get(PartnerRow, owner)
            if holder is None or holder.role != role:
                raise NotAllowed("no-partner", f"no {role} is registered under that code: cdr partner add")
            row = session.get(BrokerAccountRow, name) or BrokerAccountRow(
                name=name, partner=owner, hashed=hashed, created_at=self._clock()
            )
            row.hashed, row.created_at, row.revoked_at = hashed, self._clock(), None
            session.add(row)
            session.flush()
            append(transaction, self._clock(), [Entry("account.added", owner, {"account": name}, by)])
            return _kept(row, holder)

    def revoke(self, owner: str, name: str | None = None, by: str = "engine") -> list[str]:
        """Revoke one account of somebody, or all of them; the names of those that were live."""
        with self._store.transaction() as transaction, Session(transaction.connection) as session:
            wanted = select(BrokerAccountRow).where(
                col(BrokerAccountRow.partner) == owner, col(BrokerAccountRow.revoked_at).is_(None)
            )
            if name is not None:
                wanted = wanted.where(col(BrokerAccountRow.name) == name)
            rows = session.scalars(wanted.order_by(col(BrokerAccountRow.name))).all()
            for row in rows:
                row.revoked_at = self._clock()
            session.flush()
            names = [row.name for row in rows]
            if names:
                append(transaction, self._clock(), [Entry("account.revoked", owner, {"accounts": names}, by)])
            return names

    def all(self) -> list[Kept]:
        """Every account there ever was, the live and the revoked, by name."""
        with self._store.reading() as transaction, Session(transaction.connection) as session:
            found = session.execute(
                select(BrokerAccountRow, PartnerRow)
                .join(PartnerRow, col(BrokerAccountRow.partner) == col(PartnerRow.code))
                .order_by(col(BrokerAccountRow.name))
            ).all()
            return [_kept(row, holder) for row, holder in found]


def _kept(row: BrokerAccountRow, holder: PartnerRow) -> Kept:
    kinds = tuple(sorted(opened_kinds(holder)))
    return Kept(row.name, holder.code, role_of(holder), kinds, row.created_at, row.revoked_at is None, row.hashed)
