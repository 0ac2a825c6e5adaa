"""Copies of a store that are whole, taken while it is used; putting one back; and stepping ahead of what it has forgotten.

A copy holds what was committed when it began. Its keys are not in it. Put back, a store would number its cases' versions and
its deliveries as it did before, and recipients, who hold later ones, would pass over what is new: so both step ahead. Of
cases that began after the copy it knows nothing; founded again, they too begin above whatever was told of them.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select, update
from sqlalchemy.engine import URL, make_url

from integration_engine.store.audit import Entry, append
from integration_engine.store.database import Store, StoreError, schema_of, table
from integration_engine.store.tables import CaseRow, LedgerHead

# More than a case, or a store's deliveries, can have changed between a copy and a crash. Both may have gaps.
VERSIONS_AHEAD = 1_000
NUMBERS_AHEAD = 1_000_000
RESTORED = "store.restored"


class BackupFailed(StoreError):
    """The copy was not made, or not put back. The text says why and holds no data."""

    code = "backup"


def back_up(url: str, to: Path) -> None:
    """Copy the store to a new file that its owner alone may read: SQLite's own format, or pg_dump's. The engine may run.

    The file is there whole or not at all. Raises BackupFailed."""
    if to.exists():
        raise BackupFailed(f"{to.name} is there already; name another file.")
    draft = to.with_name(to.name + ".part")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    try:
        address = make_url(url)
        if address.get_backend_name() == "sqlite":
            _copy(_file(address), draft)
        else:
            _run(address, ["pg_dump", "--format=custom", "--no-owner", f"--file={draft}"])
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        draft.replace(to)
    finally:
        draft.unlink(missing_ok=True)


def put_back(url: str, backup: Path) -> None:
    """Put a copy into a store that is empty. Raises BackupFailed, and Transient where the database is away."""
    address = make_url(url)
    if not backup.is_file():
        raise BackupFailed(f"There is no file {backup.name}.")
    if address.get_backend_name() == "sqlite":
        place = _file(address)
        if place.exists():
            raise BackupFailed(f"{place.name} is there already: move it away first, with its -wal and -shm.")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch(mode=0o600)
        try:
            _copy(backup, place)
        except BackupFailed:
            place.unlink()
            raise
        return
    if schema_of(url) is not None:
        raise BackupFailed("The database isn't empty: make a new one and name that.")
    _run(address, ["pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", str(backup)])


@dataclass(frozen=True, slots=True)
class Ahead:
    """How many cases are held, and above which version whatever is told of these and of any other is from now on."""

    cases: int
    version_floor: int


def step_ahead(store: Store, now: datetime, by: str = "engine") -> Ahead:
    """Put the versions of cases, those not yet founded included, and the numbers of deliveries beyond any that were told
    before this store was put back to an earlier state. Audited. Whoever decides meanwhile begins again. Doing it again does
    no harm."""
    cases, head = table(CaseRow), table(LedgerHead)
    with store.transaction() as transaction:
        run = transaction.connection.execute
        before = run(select(head.c.version_floor).with_for_update()).scalar_one()
        count, highest = run(select(func.count(), func.coalesce(func.max(cases.c.version), 0)).select_from(cases)).one()
        floor = max(before, highest) + VERSIONS_AHEAD
        run(update(head).values(version_floor=floor, delivery_sequence=head.c.delivery_sequence + NUMBERS_AHEAD))
        detail = {"cases": count, "version_floor": floor, "numbers_ahead": NUMBERS_AHEAD}
        append(transaction, now, [Entry(RESTORED, "store", detail, by)])
    return Ahead(int(count), floor)


def _file(address: URL) -> Path:
    if not address.database or address.database == ":memory:":
        raise BackupFailed("This SQLite database has no file.")
    return Path(address.database)


def _copy(source: Path, target: Path) -> None:
    """SQLite's online copy: whole, and no writer waits for it."""
    if not source.is_file():
        raise BackupFailed(f"There is no database {source.name}.")
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as held,
            closing(sqlite3.connect(target)) as copy,
        ):
            held.backup(copy)
            (answer,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as problem:
        raise BackupFailed(f"SQLite could not copy it ({type(problem).__name__}).") from None
    if answer != "ok":
        raise BackupFailed("The copy is not whole.")


def _run(address: URL, command: Sequence[str]) -> None:
    """One of PostgreSQL's own programs. The password travels in the environment, where no list of processes shows it."""
    program = shutil.which(command[0])
    if program is None:
        raise BackupFailed(f"{command[0]} isn't here: install PostgreSQL's client programs (postgresql-client).")
    environment = {**os.environ, **_libpq(address)}
    named = [program, f"--dbname={address.database}", *command[1:]]
    done = subprocess.run(named, env=environment, capture_output=True, check=False)  # noqa: S603 - found above
    if done.returncode != 0:
        # its own words may quote rows
        raise BackupFailed(f"{command[0]} ended with status {done.returncode}; run it by hand to see why.")


def _libpq(address: URL) -> Mapping[str, str]:
    hosts = address.query.get("host", address.host)
    single = hosts if isinstance(hosts, str) or hosts is None else hosts[0]
    host, _, port = (single or "localhost").partition(":")
    given = {
        "PGHOST": host,
        "PGPORT": port or str(address.port or 5432),
        "PGUSER": address.username or "",
        "PGPASSWORD": str(address.password or ""),
    }
    return {name: value for name, value in given.items() if value}
