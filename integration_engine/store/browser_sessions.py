"""Browsers that signed in with a token. A session's secret is kept as a hash only, and ends with its token."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta

from sqlalchemy import Column, ForeignKey, Text, delete
from sqlalchemy.orm import Session
from sqlmodel import Field, SQLModel, col

from integration_engine.security import identity
from integration_engine.security.identity import Principal
from integration_engine.store.audit import Entry, append
from integration_engine.store.database import Store
from integration_engine.store.partners import CredentialRow, PartnerRow, credential_of, principal_of
from integration_engine.store.tables import Instant


class BrowserSessionRow(SQLModel, table=True):
    """A browser that signed in with a token. It ends with that token."""

    __tablename__ = "browser_session"
    hashed: str = Field(sa_column=Column(Text, primary_key=True))
    lookup: str = Field(sa_column=Column(Text, ForeignKey("credential.lookup"), nullable=False))
    expires_at: datetime = Field(sa_column=Column(Instant, nullable=False))


class BrowserSessions:
    """Safe to call from several threads; every call may raise the store's Transient."""

    def __init__(self, store: Store, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._clock = clock

    def open_session(self, principal: Principal, seconds: int) -> str:
        """A secret for a browser's cookie, good for ``seconds``."""
        secret = identity.new_token().text
        now = self._clock()
        with self._store.transaction() as transaction, Session(transaction.connection) as session:
            session.execute(delete(BrowserSessionRow).where(col(BrowserSessionRow.expires_at) < now))
            until = now + timedelta(seconds=seconds)
            session.add(
                BrowserSessionRow(hashed=identity.hashed(secret), lookup=principal.credential, expires_at=until)
            )
            session.flush()
            said = {"credential": principal.credential}
            append(transaction, now, [Entry("signed-in", principal.name, said, principal.name)])
        return secret

    def session(self, secret: str) -> Principal | None:
        """Whose session it is; None once it or the token it was opened with has ended."""
        now = self._clock()
        with self._store.reading() as transaction, Session(transaction.connection) as session:
            opened = session.get(BrowserSessionRow, identity.hashed(secret))
            if opened is None or opened.expires_at <= now:
                return None
            found = session.get(CredentialRow, opened.lookup)
            row = session.get(PartnerRow, found.partner) if found else None
            if found is None or row is None or not credential_of(found, row).live(now):
                return None
            return principal_of(row, found.lookup)

    def close_session(self, secret: str) -> None:
        with self._store.transaction() as transaction, Session(transaction.connection) as session:
            session.execute(delete(BrowserSessionRow).where(col(BrowserSessionRow.hashed) == identity.hashed(secret)))


def end_sessions(session: Session, lookups: Collection[str]) -> None:
    """End every session that was opened with one of these tokens."""
    session.execute(delete(BrowserSessionRow).where(col(BrowserSessionRow.lookup).in_(lookups)))
