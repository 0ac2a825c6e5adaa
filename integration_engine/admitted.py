"""By what each partner is let in: the tokens, keys, certificates and broker accounts of the register, and what the settings
bind to a partner besides: mailboxes of MESH, drop folders, ports and certificates of MLLP. Names, never a secret."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from integration_engine.gateway.mllp_clients import read_clients
from integration_engine.settings import Settings
from integration_engine.settings.mllp import BoundClient, MllpListener
from integration_engine.store.accounts import BrokerAccountRow
from integration_engine.store.database import Store
from integration_engine.store.machine_keys import MachineKeyRow
from integration_engine.store.partners import CredentialRow

log = logging.getLogger(__name__)

Ends = TypeVar("Ends", CredentialRow, MachineKeyRow)

Way = Literal["token", "key", "certificate", "broker", "mailbox", "folder", "port"]
"""``key``: the public one that a partner's machine signs with; ``broker``: an account of its own on the broker."""


@dataclass(frozen=True, slots=True)
class Admission:
    """One thing that lets a partner in. ``since`` is unknown of what settings say; ``until`` None: it has no end of its own,
    or (a certificate that settings name) none that is known here."""

    partner: str
    way: Way
    name: str
    since: datetime | None = None
    until: datetime | None = None


def by_the_register(store: Store, now: datetime) -> list[Admission]:
    """What of the register lets anybody in now. A token that a machine is given for minutes is none: its key is.
    Raises Transient."""
    with store.reading() as transaction, Session(transaction.connection) as session:
        tokens = session.scalars(_live(CredentialRow, now).where(col(CredentialRow.given_for).is_(None)))
        found = [Admission(row.partner, "token", row.lookup, row.created_at, row.expires_at) for row in tokens]
        for row in session.scalars(_live(MachineKeyRow, now)):
            way: Way = "certificate" if row.kind == "certificate" else "key"
            found.append(Admission(row.partner, way, row.id, row.created_at, row.expires_at))
        accounts = select(BrokerAccountRow).where(col(BrokerAccountRow.revoked_at).is_(None))
        rows = session.scalars(accounts.order_by(col(BrokerAccountRow.created_at)))
        found += [Admission(row.partner, "broker", row.name, row.created_at) for row in rows]
    return found


def by_settings(settings: Settings) -> tuple[Admission, ...]:
    """What the settings bind to one partner."""
    return tuple(_bound(settings))


def _bound(settings: Settings) -> Iterator[Admission]:
    for sender in settings.mesh.senders if settings.mesh else ():
        yield Admission(sender.partner, "mailbox", sender.mailbox)
    for watched in settings.folders:
        if watched.partner:
            yield Admission(watched.partner, "folder", watched.folder.name)
    for listener in settings.mllp:
        if listener.partner:
            yield Admission(listener.partner, "port", f"MLLP {listener.port}")
        for client in (*listener.clients, *_of_the_file(listener)):
            name = client.fingerprint or client.name or client.subject or ""
            yield Admission(client.partner, "certificate", name)


def _of_the_file(listener: MllpListener) -> tuple[BoundClient, ...]:
    try:
        return read_clients(listener.clients_file) if listener.clients_file else ()
    except (OSError, ValueError):
        log.warning("the file of MLLP clients can't be read, so its certificates are not listed")
        return ()


def _live(rows: type[Ends], now: datetime) -> Select[Ends]:
    ends = col(rows.expires_at)
    found = select(rows).where(col(rows.revoked_at).is_(None), or_(ends.is_(None), ends > now))
    return found.order_by(col(rows.created_at))
