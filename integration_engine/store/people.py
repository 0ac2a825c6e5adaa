"""People who sign in without a token: their sessions, whoever proved them, and those with a password and codes kept here.

An account is locked after wrong attempts, for longer each time, so that a password can't be guessed from many addresses
either; a right password under a lock opens nothing, and the answer never says which of name, password, code or lock it was.
"""

import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Text, delete, func, select
from sqlalchemy.orm import Session
from sqlmodel import Field, SQLModel, col

from integration_engine.security import identity, passwords
from integration_engine.security.identity import DECIDING, OF_PANELS, Deciding, NotAllowed, Principal
from integration_engine.security.passwords import CodeKey
from integration_engine.store.audit import Entry, append
from integration_engine.store.database import Store
from integration_engine.store.partners import PartnerRow
from integration_engine.store.sealing import seal, unseal
from integration_engine.store.tables import Instant

BY_PASSWORD = "password"  # noqa: S105 - how somebody was proved
WRONG_AT_MOST = 5
_KNOWN = "known-browser"
_FIRST_LOCK, _LONGEST_LOCK = timedelta(minutes=1), timedelta(hours=1)


class PersonRow(SQLModel, table=True):
    """A person with a password (its argon2 hash) and codes (their key sealed). ``last_step``: the last code that was used."""

    __tablename__ = "person"
    name: str = Field(sa_column=Column(Text, primary_key=True))
    role: str = Field(sa_column=Column(Text, nullable=False))
    areas: str = Field(default="[]", sa_column=Column(Text, nullable=False))
    password: str = Field(sa_column=Column(Text, nullable=False))
    code_sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    last_step: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    failures: int = 0
    locked_until: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    added_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))


class PersonSessionRow(SQLModel, table=True):
    """A browser whose person was proved by a password here or by a provider (``proved_by``)."""

    __tablename__ = "person_session"
    __table_args__ = (Index("ix_person_session_name", "name"),)
    hashed: str = Field(sa_column=Column(Text, primary_key=True))
    name: str = Field(sa_column=Column(Text, nullable=False))
    role: str = Field(sa_column=Column(Text, nullable=False))
    areas: str = Field(default="[]", sa_column=Column(Text, nullable=False))
    proved_by: str = Field(sa_column=Column(Text, nullable=False))
    opened_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    expires_at: datetime = Field(sa_column=Column(Instant, nullable=False))


@dataclass(frozen=True, slots=True)
class Added:
    """A new person. ``codes`` is shown to them once."""

    name: str
    codes: CodeKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class Listed:
    """A person in a list. ``state`` is ``live``, ``locked`` or ``ended``."""

    name: str
    role: str
    areas: tuple[str, ...]
    state: str


class People:
    """People and their sessions. Safe to call from several threads; each call may raise the store's Transient."""

    def __init__(self, store: Store, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._clock = clock

    def add(self, name: str, role: Deciding, password: str, areas: Sequence[str] = (), by: str = "engine") -> Added:
        """Register a person, or give one that is there a new password and new codes: their sessions end. Raises NotAllowed
        ``bad-code``, ``bad-password``, ``no-area`` or ``taken-name``."""
        if not all(map(identity.is_code, (name, *areas))) or identity.is_engines(name):
            raise NotAllowed("bad-code", "a name is letters, digits, hyphens and underscores, 64 at most")
        if bool(areas) != (role in OF_PANELS):
            raise NotAllowed("no-area", "a coordinator or designated doctor has a panel, and nobody else")
        kept, codes, now = passwords.hashed(password, name), passwords.new_code_key(), self._clock()
        with self._store.transaction() as transaction, Session(transaction.connection) as session:
            _refuse_anothers(session, name)
            before = session.get(PersonRow, name)
            anew = PersonRow(
                name=name,
                role=role,
                areas=json.dumps(sorted(set(areas))),
                password=kept,
                code_sealed=seal(transaction.keys, codes.secret),
                added_at=before.added_at if before else now,
            )
            session.merge(anew)
            session.execute(delete(PersonSessionRow).where(col(PersonSessionRow.name) == name))
            session.flush()
            append(transaction, now, [Entry("person.added", name, {"role": role, "areas": sorted(areas)}, by)])
        return Added(name, codes)

    def end(self, name: str, by: str = "engine") -> bool:
        """A person's password opens nothing from now on, and every session under that name ends, whoever proved it. False
        where there was nothing to end."""
        now = self._clock()
        with self._store.transaction() as transaction, Session(transaction.connection) as session:
            row = session.get(PersonRow, name)
            opened = session.execute(delete(PersonSessionRow).where(col(PersonSessionRow.name) == name))
            live = row is not None and row.ended_at is None
            if row is not None and live:
                row.ended_at = now
            session.flush()
            if live or opened.rowcount:  # type: ignore[attr-defined]  # a delete's result has it
                append(transaction, now, [Entry("person.ended", name, {}, by)])
                return True
        return False

    def everybody(self) -> list[Listed]:
        """Everybody who was ever registered, by name."""
        now = self._clock()
        with self._store.reading() as transaction, Session(transaction.connection) as session:
            rows = session.scalars(select(PersonRow).order_by(col(PersonRow.name)))
            return [Listed(r.name, r.role, tuple(json.loads(r.areas)), _state(r, now)) for r in rows]

    def sign_in(self, name: str, password: str, code: str, *, known: bool = False) -> Principal | None:
        """Who that is, by password and code; None where anything of it is wrong, or the account is locked.

        ``known``: it comes from a browser in which this very person has signed in before. A lock keeps out who guesses from
        elsewhere, and nobody can have them locked out by guessing wrong on purpose; nor does it grow by what they mistype.
        """
        with self._store.reading() as transaction, Session(transaction.connection) as session:
            # What is no name is asked for nowhere: not every database takes every text.
            row = session.get(PersonRow, name) if identity.is_code(name) else None
            kept = row.password if row else None
        # Out of any transaction: it is meant to be slow.
        right = passwords.matches(password, kept)
        if kept is None:
            return None
        now = self._clock()
        with self._store.transaction() as transaction, Session(transaction.connection) as session:
            row = _locked(session, name)
            locked = row is not None and row.locked_until is not None and now < row.locked_until
            if row is None or row.ended_at is not None or (locked and not known):
                return None
            codes = CodeKey(unseal(transaction.keys, row.code_sealed))
            step = passwords.step_of(code, codes, now.timestamp(), row.last_step)
            if not right or row.password != kept or step is None:
                if not known:
                    self._failed(row, now)
                session.flush()
                said = {"locked": row.locked_until is not None} | ({"known": True} if known else {})
                append(transaction, now, [Entry("sign-in.refused", name, said, name)])
                return None
            row.failures, row.locked_until, row.last_step = 0, None, step
            session.flush()
            areas = frozenset(json.loads(row.areas))
            return Principal(row.name, _role(row.role), organisations=areas, credential=BY_PASSWORD)

    def mark(self, name: str, seed: str) -> str:
        """What proves that a browser which holds ``seed`` is one in which this person has signed in before."""
        return self._store.keys.blind(_KNOWN, f"{name}\x1f{seed}").hex()

    def is_mark(self, name: str, seed: str, shown: str) -> bool:
        """Whether it is that mark, by any index key held."""
        marks = self._store.keys.blinds(_KNOWN, f"{name}\x1f{seed}")
        return any(hmac.compare_digest(mark.hex().encode(), shown.encode()) for mark in marks)

    def open_session(self, principal: Principal, seconds: int) -> str:
        """A secret for a browser's cookie, good for ``seconds``; for nothing where the person was ended, or was given another
        role, panel or password, in the very moment of signing in. Raises NotAllowed ``taken-name``: nobody is to pass for
        an organisation by the name that a provider says."""
        secret, now = identity.new_token().text, self._clock()
        with self._store.transaction() as transaction, Session(transaction.connection) as session:
            if principal.credential == BY_PASSWORD and not _stands(_locked(session, principal.name), principal):
                return secret
            _refuse_anothers(session, principal.name)
            session.execute(delete(PersonSessionRow).where(col(PersonSessionRow.expires_at) < now))
            session.add(
                PersonSessionRow(
                    hashed=identity.hashed(secret),
                    name=principal.name,
                    role=principal.role,
                    areas=json.dumps(sorted(principal.organisations)),
                    proved_by=principal.credential,
                    opened_at=now,
                    expires_at=now + timedelta(seconds=seconds),
                )
            )
            session.flush()
            said = {"by": principal.credential, "role": principal.role, "areas": sorted(principal.organisations)}
            append(transaction, now, [Entry("signed-in", principal.name, said, principal.name)])
        return secret

    def session(self, secret: str) -> Principal | None:
        """Whose session it is; None where it is nobody's, or has ended."""
        with self._store.reading() as transaction, Session(transaction.connection) as session:
            row = session.get(PersonSessionRow, identity.hashed(secret))
            if row is None or row.expires_at <= self._clock():
                return None
            if row.proved_by == BY_PASSWORD:
                found = session.get(PersonRow, row.name)
                if found is None or (found.ended_at, found.role, found.areas) != (None, row.role, row.areas):
                    return None
            areas = frozenset(json.loads(row.areas))
            return Principal(row.name, _role(row.role), organisations=areas, credential=row.proved_by)

    def close_session(self, secret: str) -> None:
        with self._store.transaction() as transaction, Session(transaction.connection) as session:
            session.execute(delete(PersonSessionRow).where(col(PersonSessionRow.hashed) == identity.hashed(secret)))

    @staticmethod
    def _failed(row: PersonRow, now: datetime) -> None:
        row.failures += 1
        over = row.failures - WRONG_AT_MOST
        if over >= 0:
            row.locked_until = now + min(_LONGEST_LOCK, _FIRST_LOCK * 2 ** min(over, 10))


def _locked(session: Session, name: str) -> PersonRow | None:
    """The person's row, held against others until the transaction ends."""
    return session.scalars(select(PersonRow).where(col(PersonRow.name) == name).with_for_update()).one_or_none()


def _refuse_anothers(session: Session, name: str) -> None:
    """Raises NotAllowed ``taken-name`` where an organisation is registered under it: what a panel decides over its own door
    stands under its code in the log, and so would what this person does."""
    held = session.scalars(select(PartnerRow).where(func.lower(col(PartnerRow.code)) == name.lower()))
    if any(row.role not in DECIDING for row in held):
        raise NotAllowed("taken-name", "an organisation is registered under that name: ask the operators for another")


def _stands(row: PersonRow | None, principal: Principal) -> bool:
    """Whether what somebody has just proved is so still. Who is registered anew has used no code yet."""
    if row is None or row.ended_at is not None or not row.last_step:
        return False
    return (row.role, frozenset(json.loads(row.areas))) == (principal.role, principal.organisations)


def _state(row: PersonRow, now: datetime) -> str:
    if row.ended_at is not None:
        return "ended"
    return "locked" if row.locked_until is not None and now < row.locked_until else "live"


def _role(text: str) -> identity.Role:
    return next(role for role in identity.ROLES if role == text)
