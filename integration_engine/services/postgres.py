"""A PostgreSQL to use: the one of ``CDR_DATABASE_URL``, a container's, or a private one of this machine's own programs."""

import logging
import os
import re
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from integration_engine.services import containers, images, packages
from integration_engine.services.private import Account, Guarded, account, find_program, free_ports, new_folder
from integration_engine.services.rabbitmq import Server
from integration_engine.services.unavailable import ServiceUnavailable

_log = logging.getLogger(__name__)
_USER = "cdr"
_START_LIMIT_S = 60.0
_TRIES = 3
_DRIVER = "postgresql+psycopg://"
_INSTALL = (
    "No PostgreSQL was found: set CDR_DATABASE_URL, start a container engine, or install the package postgresql "
    "(`sudo apt-get install postgresql`)."
)
# A server that is thrown away with its data need not wait for the disk. Asked for durability, it does: benchmarks. Nor does
# it use the machine's shared memory: in a container that is as small as the disk that a test fills.
_CARELESS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "dynamic_shared_memory_type=mmap")
_HASTY = tuple(word for setting in _CARELESS for word in ("-c", setting))


@dataclass(frozen=True)
class Database:
    """A PostgreSQL that answers. ``url`` is SQLAlchemy's (``postgresql+psycopg://``) of a database its user owns and from
    which it may create others. ``origin``: ``given``, ``container`` or ``private``."""

    url: str = field(repr=False)
    origin: str
    server: Server | None = field(default=None, repr=False)

    @property
    def plain_url(self) -> str:
        """The same for psycopg and libpq."""
        return plain(self.url)

    def named(self, database: str) -> str:
        """The SQLAlchemy URL of another database of this server."""
        return make_url(self.url).set(database=database).render_as_string(hide_password=False)

    def kill(self) -> None:
        """Let it die as in a crash. Only for a server that was started for us."""
        self._own().kill()

    def start(self) -> None:
        """Start it again on the data it had; returns when it answers."""
        self._own().start()
        await_answer(self.url, self._own())

    def hold(self) -> None:
        """Hold it still: connections stay and nothing is answered, until ``go_on``. Only for one that was started for us."""
        self._own().hold()

    def go_on(self) -> None:
        self._own().go_on()

    def _own(self) -> Server:
        if self.server is None:
            raise ServiceUnavailable("not-ours", "This database was given to us; it isn't ours to stop.")
        return self.server


def plain(url: str) -> str:
    """An SQLAlchemy PostgreSQL URL as libpq's."""
    return re.sub(r"^postgresql\+\w+://", "postgresql://", url)


@contextmanager
def postgres(*, own: bool = False, durable: bool = False, here: bool = False) -> Iterator[Database]:
    """A PostgreSQL for as long as the context lasts. With ``own`` never the given one; ``durable`` makes a private one
    wait for the disk at each commit, as a real one does; ``here``: this machine's own program, whose files can be reached.

    Raises ServiceUnavailable when there is none and no way to one.
    """
    given = os.environ.get("CDR_DATABASE_URL", "")
    if given.startswith("postgres") and not (own or here):
        yield Database(re.sub(r"^postgres(ql)?(\+\w+)?://", _DRIVER, given), "given")
        return
    database = _contained(durable) if containers.engine_runs() and not here else None
    database = database or _private(programs(), durable)
    try:
        yield database
    finally:
        if database.server is not None:
            database.server.stop()


def _contained(durable: bool) -> Database | None:
    """A container's, or None where its image can't be had."""
    password = secrets.token_urlsafe(18)
    (port,) = free_ports(1)
    environment = {"POSTGRES_USER": _USER, "POSTGRES_PASSWORD": password, "POSTGRES_DB": _USER}
    environment["LC_ALL"] = "C.UTF-8"  # what a new server takes its encoding from
    try:
        command = "" if durable else " ".join(("postgres", *_HASTY))
        server = containers.Container(images.POSTGRES, environment, {5432: port}, command)
    except Exception as problem:
        _log.warning("no container of %s: %s", images.POSTGRES, type(problem).__name__)
        return None
    database = Database(f"{_DRIVER}{_USER}:{password}@127.0.0.1:{port}/{_USER}", "container", server)
    await_answer(database.url, server)
    return database


def _folder_of_programs() -> Path | None:
    """The folder of the newest server's programs: Debian keeps one a version, and none of them on PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    found = str(versions[-1]) if versions else find_program("initdb")
    return Path(found).parent if found else None


def programs() -> Path:
    """The folder of PostgreSQL's own programs, installed first where that can be done. Raises ServiceUnavailable."""
    folder = _folder_of_programs()
    if folder is None and packages.can_install():
        packages.install("postgresql", ("postgresql",))
        folder = _folder_of_programs()
    if folder is None:
        raise ServiceUnavailable("not-installed", _INSTALL)
    return folder


def _private(programs: Path, durable: bool) -> Database:
    for left in reversed(range(_TRIES)):
        try:
            return _started(programs, durable)
        except ServiceUnavailable:
            if not left:
                raise
    raise AssertionError


def _started(programs: Path, durable: bool) -> Database:
    owner = account("postgres")
    folder = new_folder("postgres", owner)
    data = folder / "data"
    password = secrets.token_urlsafe(18)
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "HOME": str(folder)}
    _initialise(programs, owner, folder, data, password, environment)
    (port,) = free_ports(1)
    command = [str(programs / "postgres"), "-D", str(data), "-p", str(port)]
    command += ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=200"]
    command += () if durable else _HASTY
    # SIGQUIT: at once, without writing down what is thrown away.
    server = Guarded(owner.command(command), environment, folder, signal.SIGQUIT)
    database = Database(f"{_DRIVER}{_USER}:{password}@127.0.0.1:{port}/postgres", "private", server)
    await_answer(database.url, server)
    return database


def _initialise(
    programs: Path, owner: Account, folder: Path, data: Path, password: str, environment: dict[str, str]
) -> None:
    secret = folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    owner.own(secret)
    command = [str(programs / "initdb"), "-D", str(data), "-U", _USER, "--pwfile", str(secret), "--no-sync"]
    command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"]
    done = subprocess.run(  # noqa: S603 - a program found above
        owner.command(command), env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    secret.unlink()
    if done.returncode != 0:
        raise ServiceUnavailable("did-not-start", f"PostgreSQL's initdb failed:\n{done.stderr.strip()[-500:]}")


def await_answer(url: str, server: Server) -> None:
    """Return when it answers. Raises ServiceUnavailable, with its last words, where it doesn't."""
    until = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < until and server.running:
        try:
            psycopg.connect(plain(url), connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    last = server.last_words()
    server.stop()
    raise ServiceUnavailable("did-not-start", f"PostgreSQL was started but doesn't answer. Its last words:\n{last}")
