"""The store's connection: SQLite embedded or PostgreSQL beyond it, its schema and its keys.

SQLite runs in WAL with every commit flushed; a writing transaction takes the write lock when it begins, so what it reads
stays true. On PostgreSQL (READ COMMITTED) a transaction locks what it is about to decide on, then reads it again.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, create_engine, event, select
from sqlalchemy.engine import URL, make_url

from integration_engine.security.keys import KeyMissing, Keyring, keyring
from integration_engine.store import migrations, sealed_writes
from integration_engine.store.failures import KeysMoved, NotUpgraded, StoreError, Transient, told_apart
from integration_engine.store.silence import Silence
from integration_engine.store.tables import KeyInUse, LedgerHead
from integration_engine.store.transaction import Transaction
from integration_engine.store.writing import table

# What whoever opens a store needs besides is asked for from here too.
__all__ = [
    "BUSY_TIMEOUT_MS",
    "KeysMoved",
    "NotUpgraded",
    "Store",
    "StoreError",
    "StoreSettings",
    "Transaction",
    "Transient",
    "briefly",
    "open_store",
    "schema_of",
    "table",
    "upgrade_schema",
]

BUSY_TIMEOUT_MS = 10_000
# Blind keys scatter over their whole index, so SQLite's own 2 MB of cache would be read anew for every batch.
_SQLITE_CACHE_KIB = 64 * 1024
_UPGRADE_FIRST = "The database's schema is not this program's: run cdr db upgrade."


class StoreSettings(Protocol):
    """What of the settings the store needs."""

    @property
    def database_url(self) -> SecretStr: ...

    @property
    def keys_file(self) -> Path: ...


class Store:
    """The store of one engine. Cheap to make; connections open as they are needed, and it may be shared by threads.

    ``url`` is an SQLAlchemy URL (``sqlite:///path``, ``postgresql+psycopg://...``; a plain ``postgresql://`` is read so).
    """

    def __init__(self, url: str, keys: Keyring) -> None:
        self.engine = _engine(url)
        self.keys = keys

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A writing transaction: commits at the end of the block, rolls back on any exception. Raises Transient; KeysMoved
        where what was sealed in it was sealed with a key that was rotated away meanwhile, KeyMissing where the one that
        seals now isn't held."""
        with told_apart(), self.engine.connect() as connection:
            writing = connection.execution_options(cdr_begin="BEGIN IMMEDIATE")
            with writing.begin():
                sealed_writes.begin(writing)
                transaction = Transaction(writing, self.keys, (self.keys.sealing, self.keys.index_version))
                yield transaction
                transaction.settle()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A transaction that only reads. Raises Transient."""
        with told_apart(), self.engine.connect() as connection, connection.begin():
            yield Transaction(connection, self.keys, (self.keys.sealing, self.keys.index_version))

    def require_schema(self) -> None:
        """Raises NotUpgraded where the database's schema isn't the newest this program knows."""
        with told_apart(), self.engine.connect() as connection:
            if migrations.revision(connection) != migrations.newest():
                raise NotUpgraded(_UPGRADE_FIRST)

    def require_keys(self, now: datetime) -> None:
        """Raises KeyMissing where something here was sealed or indexed with a key that isn't held; notes the keys held."""
        held = {("seal", fingerprint): 0 for fingerprint in self.keys.seal_fingerprints}
        held |= {("index", fingerprint): version for version, fingerprint in self.keys.index_fingerprints.items()}
        with self.transaction() as transaction:
            if lost := self._lost(transaction):
                raise KeyMissing(f"This database was written with keys that are not given: {', '.join(lost)}.")
            new = [
                {"purpose": purpose, "fingerprint": fingerprint, "version": version, "first_used_at": now}
                for (purpose, fingerprint), version in held.items()
            ]
            transaction.upsert(KeyInUse, new)
            seals = _sealed_with(transaction)
        self._seal_with(seals)

    def require_held(self) -> None:
        """Raises KeyMissing where something here was sealed or indexed with a key that isn't held, nor to be had; writes
        nothing. Raises Transient."""
        with self.reading() as transaction:
            seals = _sealed_with(transaction)
            lost = self._lost(transaction)
        if lost:
            self.keys.look_again()
            with self.reading() as transaction:
                lost = self._lost(transaction)
        if lost:
            raise KeyMissing(f"This database was written with keys that are not given: {', '.join(lost)}.")
        self._seal_with(seals)

    def _lost(self, transaction: Transaction) -> list[str]:
        """The keys that something here was made with and that aren't held, by purpose and fingerprint."""
        used = select(table(KeyInUse).c.purpose, table(KeyInUse).c.fingerprint)
        rows = transaction.connection.execute(used.where(table(KeyInUse).c.retired_at.is_(None))).all()
        held = {("seal", name) for name in self.keys.seal_fingerprints}
        held |= {("index", name) for name in self.keys.index_fingerprints.values()}
        return sorted(f"{row.purpose} key {row.fingerprint}" for row in rows if tuple(row) not in held)

    def follow_keys(self) -> None:
        """Seal with the key that the store names now: a rotation that another process began. Raises KeyMissing, Transient."""
        with self.reading() as transaction:
            seals = _sealed_with(transaction)
        self._seal_with(seals)

    def _seal_with(self, seals: str | None) -> None:
        if seals is not None and seals != self.keys.sealing and not self.keys.seal_with(seals):
            raise KeyMissing(f"This database is sealed with a key that is not given: seal key {seals}.")

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def _sealed_with(transaction: Transaction) -> str | None:
    """The sealing key that the store names, None where it names none yet."""
    found: str | None = transaction.connection.execute(select(table(LedgerHead).c.sealing_key)).scalar_one_or_none()
    return found


def open_store(settings: StoreSettings, *, upgrade: bool = False) -> Store:
    """The store that the settings name, its schema and keys checked; ``upgrade`` brings the schema up first.

    On SQLite a missing keys file is made (a first start); a lost one is noticed, because the database knows its keys.
    Raises NotUpgraded, KeyMissing, KeyUnreadable or Transient.
    """
    url = settings.database_url.get_secret_value()
    if upgrade:
        upgrade_schema(url)
    elif schema_of(url) != migrations.newest():
        raise NotUpgraded(_UPGRADE_FIRST)
    # A new keys file beside a database that knows its keys would only hide that they are lost.
    first_start = make_url(url).get_backend_name() == "sqlite" and not _keys_in_use(url)
    store = Store(url, keyring(os.environ, settings.keys_file, create=first_start))
    store.require_keys(datetime.now(UTC))
    return store


def schema_of(url: str) -> str | None:
    """The revision of a database's schema, None where it has none yet. Raises Transient."""
    with briefly(url) as connection:
        return migrations.revision(connection)


def upgrade_schema(url: str) -> str:
    """Bring a database to the newest schema and return its revision. Raises Transient."""
    with briefly(url) as connection:
        return migrations.upgrade(connection)


def _keys_in_use(url: str) -> bool:
    with briefly(url) as connection:
        return connection.execute(select(table(KeyInUse).c.purpose)).first() is not None


@contextmanager
def briefly(url: str) -> Iterator[Connection]:
    """A connection without keys, for what is asked once. Raises Transient."""
    engine = _engine(url)
    try:
        with told_apart(), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _engine(url: str) -> Engine:
    engine = _engine_of(make_url(url))
    sealed_writes.watch(engine)
    return engine


def _engine_of(address: URL) -> Engine:
    if address.get_backend_name() == "postgresql":
        # whatever the database's own default is: what is read after a lock has to be what others committed before it
        server = create_engine(
            address.set(drivername="postgresql+psycopg"), pool_pre_ping=True, isolation_level="READ COMMITTED"
        )
        Silence(server)
        return server
    if address.database:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(address)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own BEGIN comes late and isn't IMMEDIATE; None hands transactions to us (see _begin_sqlite).
    connection.isolation_level = None
    waiting, cache = f"busy_timeout={BUSY_TIMEOUT_MS}", f"cache_size=-{_SQLITE_CACHE_KIB}"
    for setting in (waiting, "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", cache):
        connection.execute(f"PRAGMA {setting}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("cdr_begin", "BEGIN"))
