"""The store's connection: SQLite embedded or PostgreSQL beyond it, transactions, locks, and what a failure means.

SQLite runs in WAL with every commit flushed; a writing transaction takes the write lock when it begins, so what it reads
stays true. On PostgreSQL (READ COMMITTED) a transaction locks what it is about to decide on, then reads it again.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, cast

from pydantic import SecretStr
from sqlalchemy import ColumnElement, Connection, Engine, any_, bindparam, create_engine, event, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, OperationalError, PendingRollbackError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import SQLModel

from integration_engine.security.keys import KeyMissing, Keyring, keyring
from integration_engine.store import migrations, sealed_writes
from integration_engine.store.arrays import Packed
from integration_engine.store.silence import Silence
from integration_engine.store.tables import KeyInUse, LedgerHead
from integration_engine.store.writing import Writing, write
from integration_engine.store.writing import table as table  # noqa: PLC0414 - the tables of a database are asked for from here

BUSY_TIMEOUT_MS = 10_000
# Blind keys scatter over their whole index, so SQLite's own 2 MB of cache would be read anew for every batch.
_SQLITE_CACHE_KIB = 64 * 1024
# PostgreSQL has room for 64 locks a connection it allows, 6,400 unless told otherwise, for everybody together.
_MOST_LOCKS = 2_000
# Everybody shares this one; whoever needs more locks than that takes it alone.
_EVERYTHING = 0x63647265
_LOCK_EVERYTHING = text("SELECT pg_advisory_xact_lock(:everything)")
_LOCK_EACH = text(
    "SELECT pg_advisory_xact_lock_shared(:everything) UNION ALL "
    "SELECT pg_advisory_xact_lock(n) FROM (SELECT unnest(CAST(:numbers AS bigint[])) AS n ORDER BY 1) AS s"
)
_UPGRADE_FIRST = "The database's schema is not this program's: run cdr db upgrade."
# A file that is read-only or broken is no message's fault either: what comes waits until somebody has seen to it.
_SQLITE_PASSES = frozenset(
    {"BUSY", "LOCKED", "IOERR", "FULL", "CANTOPEN", "PROTOCOL", "NOMEM", "READONLY", "CORRUPT", "NOTADB"}
)
# SQLSTATE classes: connection, rollback (deadlock, serialization), resources, operator intervention, system; and a server
# that only reads (a standby, after a failover) or whose files are broken.
_POSTGRES_PASSES = ("08", "40", "53", "55", "57", "58", "25006", "XX001", "XX002")


class StoreError(Exception):
    """What the store could not do. ``code`` is for machines; the text never holds data."""

    code = "store"


class Transient(StoreError):
    """The database is away, full, locked or gave up on a deadlock: nothing was written, and trying again later may help."""

    code = "transient"


class KeysMoved(Transient):
    """The store's sealing key was changed while this was written. Begin again: the new one seals from now on."""

    code = "keys-moved"


class NotUpgraded(StoreError):
    """The database's schema isn't the one this program was written for: ``cdr db upgrade`` brings it there."""

    code = "not-upgraded"


@dataclass(frozen=True, slots=True)
class Transaction:
    """One open transaction and the keys to read and write with. Everything in it becomes true together or not at all."""

    connection: Connection
    keys: Keyring
    began_with: tuple[str, int] = ("", 0)
    """The sealing key and the version of the index key in force when it began: what it wrote was made with these."""
    _locked: set[int] = field(default_factory=set)
    _sealing: list[str | None] = field(default_factory=list)

    @property
    def is_postgresql(self) -> bool:
        return self.connection.dialect.name == "postgresql"

    def lock(self, names: Iterable[bytes]) -> None:
        """Wait until nobody else works on any of these names, and keep others off until the end of the transaction.

        Names are blind keys. They are taken in sorted order, so two transactions can't each hold what the other wants. A file
        with more names than the server has room for waits until it is alone instead.
        """
        if not self.is_postgresql:
            return
        wanted = {int.from_bytes(name[:8], signed=True) for name in names} - self._locked
        if not wanted or _EVERYTHING in self._locked:
            return
        if len(self._locked) + len(wanted) > _MOST_LOCKS:
            self.lock_everything()
        else:
            self.connection.execute(_LOCK_EACH, {"everything": _EVERYTHING, "numbers": sorted(wanted)})
            self._locked.update(wanted)

    def lock_everything(self) -> None:
        """Wait until nobody who locks anything works, and keep them all off until the end of the transaction."""
        if self.is_postgresql:
            self.connection.execute(_LOCK_EVERYTHING, {"everything": _EVERYTHING})
            self._locked.add(_EVERYTHING)

    def sealing_is(self, seals: str | None) -> None:
        """The store's sealing key (None: it names none yet), found with the ledger's head locked: until the end of the
        transaction it is no other."""
        self._sealing.append(seals)

    def settle(self) -> None:
        """Before it is committed: hold back what was sealed with another key than the one the store names. Once nothing is
        sealed by a key, it may be thrown away. Raises KeysMoved, and KeyMissing where the new key isn't held, nor to be had.
        """
        if not sealed_writes.wrote(self.connection):
            return
        seals = self._sealing[0] if self._sealing else self._ask_sealing()
        if seals is None or seals == (self.began_with[0] or self.keys.sealing):
            return
        if not self.keys.seal_with(seals):
            raise KeyMissing(f"This database is sealed with a key that is not given: seal key {seals}.")
        raise KeysMoved("The sealing key was changed meanwhile.")

    def _ask_sealing(self) -> str | None:
        # Shared: two that write no audit line don't wait for each other, and a rotation waits for both.
        query = select(table(LedgerHead).c.sealing_key).with_for_update(read=True)
        found: str | None = self.connection.execute(query).scalar_one_or_none()
        return found

    def among(self, column: Any, values: Iterable[Any]) -> ColumnElement[bool]:
        """Whether a column is one of these values. On PostgreSQL they are one array, so that a statement reads the same
        however many they are, and is planned once."""
        wanted = sorted(values)
        if self.is_postgresql:
            return cast(ColumnElement[bool], column == any_(bindparam(None, wanted, Packed(column.type))))
        return cast(ColumnElement[bool], column.in_(wanted))

    def insert(self, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows, all with the same columns, in one round trip."""
        if rows:
            write(self.connection, Writing(model, tuple(rows[0])), rows)

    def upsert(
        self,
        model: type[SQLModel],
        rows: Sequence[Mapping[str, Any]],
        *,
        replace: Sequence[str] = (),
        add: Sequence[str] = (),
    ) -> None:
        """Insert rows; where the primary key is there already, ``replace`` these columns and ``add`` to those."""
        if rows:
            write(self.connection, Writing(model, tuple(rows[0]), True, tuple(replace), tuple(add)), rows)


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
        with _failures(), self.engine.connect() as connection:
            writing = connection.execution_options(cdr_begin="BEGIN IMMEDIATE")
            with writing.begin():
                sealed_writes.begin(writing)
                transaction = Transaction(writing, self.keys, (self.keys.sealing, self.keys.index_version))
                yield transaction
                transaction.settle()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A transaction that only reads. Raises Transient."""
        with _failures(), self.engine.connect() as connection, connection.begin():
            yield Transaction(connection, self.keys, (self.keys.sealing, self.keys.index_version))

    def require_schema(self) -> None:
        """Raises NotUpgraded where the database's schema isn't the newest this program knows."""
        with _failures(), self.engine.connect() as connection:
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
            seals = transaction.connection.execute(select(table(LedgerHead).c.sealing_key)).scalar_one_or_none()
        self._seal_with(seals)

    def require_held(self) -> None:
        """Raises KeyMissing where something here was sealed or indexed with a key that isn't held, nor to be had; writes
        nothing. Raises Transient."""
        with self.reading() as transaction:
            seals = transaction.connection.execute(select(table(LedgerHead).c.sealing_key)).scalar_one_or_none()
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
            seals = transaction.connection.execute(select(table(LedgerHead).c.sealing_key)).scalar_one_or_none()
        self._seal_with(seals)

    def _seal_with(self, seals: str | None) -> None:
        if seals is not None and seals != self.keys.sealing and not self.keys.seal_with(seals):
            raise KeyMissing(f"This database is sealed with a key that is not given: seal key {seals}.")

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


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
        with _failures(), engine.connect() as connection:
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


@contextmanager
def _failures() -> Iterator[None]:
    """Tell failures that pass from those that don't. Driver texts quote bound values, so they are never passed on."""
    try:
        yield
    except PoolTimeout as error:
        raise Transient("No database connection became free in time.") from error
    except PendingRollbackError:
        raise Transient("The database ended the connection in the middle of a transaction.") from None
    except DBAPIError as error:
        if _passes(error):
            raise Transient(f"The database could not do it now ({_code(error)}).") from None
        raise StoreError(f"The database refused a statement ({_code(error)}).") from _without_values(error)


def _without_values(error: SQLAlchemyError) -> SQLAlchemyError:
    return SQLAlchemyError(f"{type(error).__name__} at {_code(error)}") if isinstance(error, DBAPIError) else error


def _code(error: DBAPIError) -> str:
    origin = error.orig
    name = getattr(origin, "sqlstate", None) or getattr(origin, "sqlite_errorname", None)
    return str(name or type(origin).__name__)


def _passes(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    code = _code(error)
    if isinstance(error.orig, sqlite3.Error):
        return code.removeprefix("SQLITE_").split("_")[0] in _SQLITE_PASSES
    state = getattr(error.orig, "sqlstate", None)
    return state.startswith(_POSTGRES_PASSES) if state else isinstance(error, OperationalError)
