"""Breaking the glass: somebody opens a case that isn't theirs to see, in an emergency, for an hour, and says why.

It is written down, raised as an alarm and audited before anything is shown, so nobody looks in silence. A restricted case
has no glass: that it is there must not be learnt this way, and the restricted role is there for it.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Index, LargeBinary, Text, func, select
from sqlmodel import Field, SQLModel

from integration_engine.security.identity import Principal
from integration_engine.store.audit import Entry, append
from integration_engine.store.database import Store, table
from integration_engine.store.sealing import seal_json, unseal_json
from integration_engine.store.tables import AlarmRow, CaseRow, Instant

CODE = "break-glass"
LASTS = timedelta(hours=1)
MOST_LISTED = 50


class GlassRow(SQLModel, table=True):
    """One time that somebody opened a case so."""

    __tablename__ = "glass"
    __table_args__ = (Index("ix_glass_person", "person", "case_id"),)
    id: str = Field(sa_column=Column(Text, primary_key=True))
    person: str = Field(sa_column=Column(Text, nullable=False))
    role: str = Field(sa_column=Column(Text, nullable=False))
    case_id: str = Field(sa_column=Column(Text, nullable=False))
    opened_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    until: datetime = Field(sa_column=Column(Instant, nullable=False))
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


_GLASS, _CASE = table(GlassRow), table(CaseRow)


@dataclass(frozen=True, slots=True)
class Broken:
    """One time, in a list. ``reason`` is in people's words: for who may read what is sealed."""

    person: str
    role: str
    case: str
    opened_at: datetime
    until: datetime
    reason: str


def break_glass(store: Store, who: Principal, case: str, reason: str, now: datetime) -> bool:
    """Open a case for this person for an hour. False where there is no such case, or it is restricted: both look the same.
    Raises Transient."""
    with store.transaction() as transaction:
        row = transaction.connection.execute(
            select(_CASE.c.id, _CASE.c.restricted).where(_CASE.c.id == case, _CASE.c.merged_into.is_(None))
        ).first()
        if row is None or row.restricted:
            return False
        name, until = f"g-{secrets.token_hex(10)}", now + LASTS
        opened = {"id": name, "person": who.name, "role": who.role, "case_id": case, "opened_at": now, "until": until}
        transaction.insert(GlassRow, [opened | {"sealed": seal_json(transaction.keys, {"reason": reason})}])
        alarm = {"id": f"a-{name[2:]}", "code": CODE, "kind": who.role, "partner": who.name, "subject": case, "at": now}
        transaction.insert(AlarmRow, [alarm])
        said = {"role": who.role, "by": who.credential, "until": until.isoformat(timespec="seconds")}
        append(transaction, now, [Entry("case.glass-broken", case, said, who.name)])
    return True


def open_until(store: Store, who: Principal, case: str, now: datetime) -> datetime | None:
    """Until when this person may look at this case by broken glass; None where not. Raises Transient."""
    query = select(func.max(_GLASS.c.until)).where(
        _GLASS.c.person == who.name, _GLASS.c.role == who.role, _GLASS.c.case_id == case, _GLASS.c.until > now
    )
    with store.reading() as transaction:
        found: datetime | None = transaction.connection.execute(query).scalar_one_or_none()
    return found


def latest(store: Store, who: Principal, now: datetime) -> Sequence[Broken]:
    """The last times, newest first; the look is audited. Raises Transient, KeyMissing or SealBroken."""
    query = select(_GLASS).order_by(_GLASS.c.opened_at.desc(), _GLASS.c.id).limit(MOST_LISTED)
    with store.reading() as transaction:
        rows = transaction.connection.execute(query).all()
    if rows:
        with store.transaction() as transaction:
            said = {"role": who.role, "times": len(rows)}
            append(transaction, now, [Entry("glass.read", CODE, said, who.name)])
    return [
        Broken(r.person, r.role, r.case_id, r.opened_at, r.until, str(unseal_json(store.keys, r.sealed)["reason"]))
        for r in rows
    ]
