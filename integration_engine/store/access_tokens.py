"""Access tokens for a while, given to a machine that signed for them (OAuth 2 client credentials, RFC 6749 4.4, RFC 7523).

Such a token is one of the partner's tokens like any other - kept as a hash, found by the doors, revocable - only that it ends
after minutes and with the key it was given for.
"""

import hashlib
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlmodel import col

from integration_engine.security import assertion, identity
from integration_engine.security.assertion import AssertionRefused
from integration_engine.security.identity import NotAllowed, is_code
from integration_engine.store.audit import Entry, append
from integration_engine.store.browser_sessions import BrowserSessionRow
from integration_engine.store.database import Store
from integration_engine.store.machine_keys import (
    Kind,
    MachineKeyRow,
    UsedAssertionRow,
    has_anything,
    held_key,
    live_keys,
)
from integration_engine.store.partners import CredentialRow, PartnerRow

LASTS = timedelta(minutes=10)
# Of the machines that share a store one may be ahead of another: what it sweeps could still be shown to that.
_KEPT = assertion.LONGEST + 2 * assertion.SKEW + timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Granted:
    """A new access token. ``text`` is given to its holder once and kept nowhere."""

    text: str = field(repr=False)
    partner: str
    lookup: str
    seconds: int


class AccessTokens:
    """Gives tokens for signed statements. Safe to call from several threads; each call may raise the store's Transient."""

    def __init__(self, store: Store, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._clock = clock

    def exchange(self, text: str, audiences: Collection[str]) -> Granted:
        """A token for a client's signed statement. Raises AssertionRefused."""
        client, now = assertion.named(text), self._clock()
        # Checked before anything is written: who sends rubbish holds nobody up who writes.
        with self._store.reading() as transaction, Session(transaction.connection) as session:
            keys = live_keys(session, client, now) if is_code(client) else []
        proved = assertion.check(text, client, keys, audiences, now)
        with self._store.transaction() as transaction, Session(transaction.connection) as session:
            token, until = identity.new_token(), self._until(session, proved, now)
            self._use_up(session, proved, now)
            self._sweep(session, now)
            session.add(
                CredentialRow(
                    lookup=token.lookup,
                    hashed=token.hashed,
                    partner=client,
                    created_at=now,
                    expires_at=until,
                    given_for=proved.key,
                )
            )
            session.flush()
            said = {"key": proved.key, "credential": token.lookup}
            append(transaction, now, [Entry("token.given", client, said, client)])
        return Granted(token.text, client, token.lookup, int((until - now).total_seconds()))

    def add_key(
        self,
        partner: str,
        name: str,
        kind: Kind,
        public: str,
        *,
        expires_at: datetime | None = None,
        by: str = "engine",
    ) -> None:
        """Register a public key or certificate. Raises NotAllowed ``no-partner``, ``revoked`` or ``taken-key``."""
        now = self._clock()
        with self._store.transaction() as transaction, Session(transaction.connection) as session:
            row = session.get(PartnerRow, partner)
            if row is None or row.role != "partner":
                raise NotAllowed("no-partner", "no partner is registered under that code")
            # It would come back with all that it was registered for, and somebody else may have that by now.
            if not has_anything(session, partner):
                raise NotAllowed("revoked", "everything of this partner was revoked: register it anew, cdr partner add")
            # A key that two partners held could speak as either; one that was revoked was revoked for a reason.
            if session.get(MachineKeyRow, name) is not None:
                raise NotAllowed("taken-key", "that key is registered already, or was revoked: make a new one")
            session.add(
                MachineKeyRow(id=name, kind=kind, partner=partner, public=public, created_at=now, expires_at=expires_at)
            )
            session.flush()
            append(transaction, now, [Entry("key.added", partner, {"key": name, "kind": kind}, by)])

    def add_public_key(self, partner: str, text: str, *, expires_at: datetime | None = None, by: str = "engine") -> str:
        """Register a public key given as PEM or JWK; returns its id. Raises NotAllowed, also ``bad-key``."""
        key = assertion.public_key(text)
        self.add_key(partner, key.id, "jwk", json.dumps(dict(key.jwk)), expires_at=expires_at, by=by)
        return key.id

    @staticmethod
    def _until(session: Session, proved: assertion.Proved, now: datetime) -> datetime:
        """When a token of this key ends: never after the key. One that is revoked in this very moment gives no token that
        nobody would revoke any more. Raises AssertionRefused."""
        key = held_key(session, proved.client, proved.key, now)
        if key is None:
            raise AssertionRefused("signature", assertion.UNSIGNED)
        return min(now + LASTS, key.expires_at) if key.expires_at else now + LASTS

    @staticmethod
    def _use_up(session: Session, proved: assertion.Proved, now: datetime) -> None:
        """Accept a statement once: two that come at the same moment meet at the primary key. Raises AssertionRefused."""
        shown = json.dumps([proved.client, proved.jti]).encode()
        hashed = hashlib.sha256(b"cdr-assertion\x00" + shown).hexdigest()
        row = {"hashed": hashed, "until": now + _KEPT}
        dialect = session.get_bind().dialect.name
        # What was written is told by itself: not every database says how many rows an insert has made.
        written = session.execute(_once(dialect).values(**row).returning(col(UsedAssertionRow.hashed))).first()
        if written is None:
            raise AssertionRefused("replayed", "the client assertion was used before: sign a new one, with another jti")

    @staticmethod
    def _sweep(session: Session, now: datetime) -> None:
        """What ended is of no use; a browser that signed in with such a token goes by its own end."""
        session.execute(delete(UsedAssertionRow).where(col(UsedAssertionRow.until) < now))
        used = select(col(BrowserSessionRow.lookup))
        given = (col(CredentialRow.given_for).is_not(None), col(CredentialRow.expires_at) < now)
        session.execute(delete(CredentialRow).where(*given, col(CredentialRow.lookup).not_in(used)))


def _once(dialect: str) -> postgresql.Insert | sqlite.Insert:
    made = postgresql.insert(UsedAssertionRow) if dialect == "postgresql" else sqlite.insert(UsedAssertionRow)
    return made.on_conflict_do_nothing(index_elements=["hashed"])
