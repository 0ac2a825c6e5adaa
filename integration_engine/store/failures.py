"""What the store could not do, and whether trying again later may help."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError, PendingRollbackError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

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


@contextmanager
def told_apart() -> Iterator[None]:
    """Tell failures that pass from those that don't: raises Transient or StoreError. Driver texts quote bound values, so they
    are never passed on."""
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
