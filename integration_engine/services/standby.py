"""A second PostgreSQL that follows a private one by streaming replication, and can be made to take its place."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from sqlalchemy.engine import make_url

from integration_engine.services.postgres import Database, await_answer, plain, programs
from integration_engine.services.private import Guarded, account, free_ports, new_folder
from integration_engine.services.unavailable import ServiceUnavailable


@dataclass(frozen=True)
class Standby:
    """The standby of a database. ``url`` is of the one that may write of the two, whichever that is when one connects."""

    database: Database = field(repr=False)
    url: str = field(repr=False)

    def promote(self) -> None:
        """Make it the one that is written to. Returns when it is."""
        with psycopg.connect(self.database.plain_url, autocommit=True) as connection:
            connection.execute("SELECT pg_promote()")


def let_commits_wait(primary: Database, *, standbys: str = "*") -> None:
    """From now on a commit waits until one of these standbys has it on its disk."""
    with psycopg.connect(primary.plain_url, autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{standbys}'")
        connection.execute("SELECT pg_reload_conf()")


@contextmanager
def standby_of(primary: Database) -> Iterator[Standby]:
    """A standby of a private PostgreSQL (``postgres(own=True, here=True, durable=True)``) for as long as the context lasts.

    Raises ServiceUnavailable where it can't be made.
    """
    folder_of_programs, owner = programs(), account("postgres")
    folder = new_folder("standby", owner)
    data, (port,) = folder / "data", free_ports(1)
    address = make_url(primary.url)
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "HOME": str(folder)}
    copying = [str(folder_of_programs / "pg_basebackup"), "-D", str(data), "-d", plain(primary.url)]
    copying += ["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"]
    done = subprocess.run(  # noqa: S603 - a program found above
        owner.command(copying), env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise ServiceUnavailable("did-not-start", f"pg_basebackup failed:\n{done.stderr.strip()[-500:]}")
    command = [str(folder_of_programs / "postgres"), "-D", str(data), "-p", str(port)]
    command += ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=200"]
    server = Guarded(owner.command(command), environment, folder, signal.SIGQUIT)
    both = [f"{address.host}:{address.port}", f"127.0.0.1:{port}"]
    either = address.set(host=None, port=None, query={"host": both, "target_session_attrs": "read-write"})
    database = Database(address.set(host="127.0.0.1", port=port).render_as_string(False), "private", server)
    try:
        await_answer(database.url, server)
        yield Standby(database, either.render_as_string(False))
    finally:
        server.stop()
