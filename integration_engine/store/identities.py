"""Who may come in: partners, CDOPs and operators, registered, widened, revoked, and known again by what they show.

Several tokens of one partner may be live at once: a new one is tried before the old one is revoked.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from integration_engine.security import identity
from integration_engine.security.identity import Credential, NotAllowed, Principal, Role, Token
from integration_engine.store.audit import Entry, append
from integration_engine.store.browser_sessions import BrowserSessions, end_sessions
from integration_engine.store.database import Store
from integration_engine.store.machine_keys import (
    MachineKey,
    every_key,
    has_anything,
    owner_of_certificate,
    owners,
    owners_of_certificates,
    revoke_keys,
)
from integration_engine.store.partners import (
    CredentialRow,
    FeedRow,
    PartnerRow,
    credential_of,
    feed_of,
    principal_of,
    role_of,
)
from integration_engine.store.people import People
from integration_engine.store.tables import Instant

Clock = Callable[[], datetime]


# Doors ask it every second, and hundreds of partners as objects of a session would hold everybody up meanwhile.
_TOKENS = (
    select(
        col(CredentialRow.lookup),
        col(CredentialRow.hashed),
        col(PartnerRow.code),
        col(PartnerRow.kinds),
        col(PartnerRow.open_kinds),
        col(PartnerRow.organisations),
    )
    .join(PartnerRow, col(CredentialRow.partner) == col(PartnerRow.code))
    .where(
        col(PartnerRow.role) == "partner",
        col(CredentialRow.revoked_at).is_(None),
        or_(col(CredentialRow.expires_at).is_(None), col(CredentialRow.expires_at) > bindparam("now", type_=Instant)),
    )
    .order_by(col(PartnerRow.code), col(CredentialRow.lookup))
)


@dataclass(frozen=True, slots=True)
class Held:
    """A partner and one live token of it, which is the principal's ``credential``; of its secret the hash alone."""

    partner: Principal
    hashed: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Registered:
    """A partner as the register shows it, with its tokens (never their secrets) and feeds."""

    code: str
    role: Role
    kinds: tuple[str, ...]
    organisations: tuple[str, ...]
    added_at: datetime
    credentials: tuple[Credential, ...] = ()
    feeds: tuple[dict[str, Any], ...] = ()
    open_kinds: tuple[str, ...] = ()


class Identities:
    """The register of who may come in. Safe to call from several threads; every call may raise the store's Transient."""

    def __init__(self, store: Store, clock: Clock = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._clock = clock
        self.people = People(store, clock)
        self.browsers = BrowserSessions(store, clock)

    @contextmanager
    def _writing(self, *audited: Entry) -> Iterator[Session]:
        """One transaction; what is ``audited`` is written with it, or not at all."""
        with self._store.transaction() as transaction, Session(transaction.connection) as session:
            yield session
            session.flush()
            if audited:
                append(transaction, self._clock(), audited)

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with self._store.reading() as transaction, Session(transaction.connection) as session:
            yield session

    def add(
        self,
        code: str,
        role: Role,
        *,
        kinds: Sequence[str] = (),
        organisations: Sequence[str] = (),
        expires_at: datetime | None = None,
        live: bool = True,
        by: str = "engine",
    ) -> Token:
        """Register a partner, or widen one that is there, and make it a new token. ``by`` is who does it, for the audit log.
        Not ``live``: kinds that are new to it go to the sandbox until ``gates.set_gate`` opens them. One of whom everything
        was revoked has the kinds, organisations and panels that are said now, and none from before: its gates are shut.

        Raises NotAllowed ``bad-code`` for a code that can't stand in a routing key, ``other-role`` where the code is
        another kind of principal's, ``taken-organisation`` where another partner already speaks for one of the codes.
        """
        if not identity.is_code(code) or identity.is_engines(code):
            raise NotAllowed("bad-code", "a code is letters, digits, hyphens and underscores, 64 at most")
        token = identity.new_token()
        said = {
            "role": role,
            "kinds": sorted(kinds),
            "organisations": sorted(organisations),
            "credential": token.lookup,
            "live": live,
        }
        with self._writing(Entry("partner.added", code, said, by)) as session:
            row = self._registered(session, code, role, organisations)
            row.kinds = _json({*json.loads(row.kinds), *kinds})
            row.open_kinds = _json({*json.loads(row.open_kinds), *(kinds if live else ())})
            row.organisations = _json({*json.loads(row.organisations), *organisations})
            session.flush()
            now = self._clock()
            session.add(
                CredentialRow(
                    lookup=token.lookup, hashed=token.hashed, partner=code, created_at=now, expires_at=expires_at
                )
            )
        return token

    def revoke(self, code: str, lookup: str | None = None, by: str = "engine") -> int:
        """Revoke one token or key of a partner, or all of them; says how many were live. Sessions end with their token, and
        tokens with the key they were given for."""
        audited = Entry("partner.revoked", code, {"credential": lookup}, by)
        with self._writing(audited) as session:
            keys = revoke_keys(session, code, lookup, self._clock())
            wanted = [col(CredentialRow.partner) == code, col(CredentialRow.revoked_at).is_(None)]
            if lookup:
                wanted.append(or_(col(CredentialRow.lookup) == lookup, col(CredentialRow.given_for).in_(keys)))
            found = session.scalars(select(col(CredentialRow.lookup)).where(*wanted)).all()
            if found:
                session.execute(
                    update(CredentialRow).where(col(CredentialRow.lookup).in_(found)).values(revoked_at=self._clock())
                )
                end_sessions(session, found)
        return len(found) + len(keys)

    def registered(self) -> list[Registered]:
        """Everybody in the register, by code."""
        with self._reading() as session:
            partners = session.scalars(select(PartnerRow).order_by(col(PartnerRow.code))).all()
            credentials = session.scalars(select(CredentialRow).order_by(col(CredentialRow.created_at))).all()
            feeds = session.scalars(select(FeedRow).order_by(col(FeedRow.name))).all()
            return [
                Registered(
                    row.code,
                    role_of(row),
                    tuple(json.loads(row.kinds)),
                    tuple(json.loads(row.organisations)),
                    row.added_at,
                    tuple(credential_of(each, row) for each in credentials if each.partner == row.code),
                    tuple(feed_of(each) for each in feeds if each.partner == row.code),
                    tuple(json.loads(row.open_kinds)),
                )
                for row in partners
            ]

    def authenticate(self, token: str) -> Principal | None:
        """Whose live token this is, None where nobody's; it takes as long either way."""
        parts = identity.split(token)
        if parts is None:
            return None
        with self._reading() as session:
            found = session.get(CredentialRow, parts[0])
            row = session.get(PartnerRow, found.partner) if found else None
            credential = credential_of(found, row) if found and row else None
            if not identity.proves(parts[1], credential, self._clock()) or row is None:
                return None
            return principal_of(row, parts[0])

    def partners(self) -> list[Principal]:
        """Every partner with a live token, key or certificate: revoking all of them closes every door a partner has."""
        known = {held.partner.name: replace(held.partner, credential="") for held in self.tokens()}
        return list((known | {each.name: each for each in self.keyed()}).values())

    def keyed(self) -> list[Principal]:
        """Every partner with a live key or certificate."""
        with self._reading() as session:
            wanted = col(PartnerRow.code).in_(owners(session, self._clock()))
            rows = session.scalars(select(PartnerRow).where(wanted).order_by(col(PartnerRow.code)))
            return [principal_of(row, "") for row in rows]

    def machine_keys(self) -> list[MachineKey]:
        """Every key and certificate that was ever registered."""
        with self._reading() as session:
            return every_key(session)

    def certificates(self) -> dict[str, str | None]:
        """The partner of every certificate that was ever registered, by fingerprint; None for one that proves nothing now."""
        with self._reading() as session:
            return owners_of_certificates(session, self._clock())

    def by_certificate(self, fingerprint: str) -> Principal | None:
        """Whose live certificate this is (SHA-256 of its DER bytes, hex); None where nobody's."""
        with self._reading() as session:
            code = owner_of_certificate(session, fingerprint, self._clock())
            row = session.get(PartnerRow, code) if code else None
            return principal_of(row, fingerprint[:16]) if row else None

    def tokens(self) -> list[Held]:
        """Every partner's live tokens, by partner."""
        with self._store.reading() as transaction:
            rows = transaction.connection.execute(_TOKENS, {"now": self._clock()}).all()
        return [
            Held(
                Principal(
                    row.code,
                    "partner",
                    frozenset(json.loads(row.kinds)),
                    frozenset(json.loads(row.organisations)),
                    row.lookup,
                    frozenset(json.loads(row.kinds)) - frozenset(json.loads(row.open_kinds)),
                ),
                row.hashed,
            )
            for row in rows
        ]

    def add_feed(self, name: str, partner: str, kind: str, settings: dict[str, Any], by: str = "engine") -> None:
        """Register a feed or change its settings. Raises NotAllowed ``no-partner`` or ``taken-feed``."""
        with self._writing(Entry("feed.added", partner, {"feed": name, "kind": kind}, by)) as session:
            if session.get(PartnerRow, partner) is None:
                raise NotAllowed("no-partner", "no partner is registered under that code")
            row = session.get(FeedRow, name) or FeedRow(name=name, partner=partner, kind=kind, settings="{}")
            if row.partner != partner:
                raise NotAllowed("taken-feed", "another partner's feed has that name")
            row.kind = kind
            row.settings = json.dumps(settings, sort_keys=True)
            session.add(row)

    def feeds(self) -> list[dict[str, Any]]:
        """Every registered feed: name, partner, kind and its settings."""
        with self._reading() as session:
            return [feed_of(row) for row in session.scalars(select(FeedRow).order_by(col(FeedRow.name))).all()]

    def _registered(self, session: Session, code: str, role: Role, organisations: Sequence[str]) -> PartnerRow:
        """The partner's row, made where it is new. Raises NotAllowed ``other-role`` or ``taken-organisation``."""
        row = session.get(PartnerRow, code)
        if row is not None and row.role != role:
            raise NotAllowed("other-role", "that code is already registered in another role")
        if role == "partner":
            _refuse_taken(session, code, organisations)
        if row is None:
            row = PartnerRow(code=code, role=role, added_at=self._clock())
            session.add(row)
        elif not has_anything(session, code):
            row.kinds = row.open_kinds = row.organisations = _json(set())
        return row


def _refuse_taken(session: Session, code: str, organisations: Sequence[str]) -> None:
    asked = {each.casefold() for each in (code, *organisations)}
    for row in session.scalars(select(PartnerRow).where(col(PartnerRow.role) == "partner")).all():
        held = {row.code.casefold(), *(each.casefold() for each in json.loads(row.organisations))}
        if row.code != code and asked & held and has_anything(session, row.code):
            raise NotAllowed("taken-organisation", "another partner already speaks for one of these codes")


def _json(values: set[str]) -> str:
    return json.dumps(sorted(values))
