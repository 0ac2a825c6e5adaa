"""One engine of its own for the demonstration: a broker, a store in a temporary folder, gateway and worker as processes.

Everything is started as an operator would start it (``cdr run``), with settings in the environment, on ports found free.
"""

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from integration_engine.broker.declare import apply_topology
from integration_engine.broker.topology import load_topology
from integration_engine.security.keys import keyring
from integration_engine.security.passwords import STEP_SECONDS, CodeKey
from integration_engine.services import Broker, rabbitmq
from integration_engine.services.private import free_ports
from integration_engine.settings import load_settings
from integration_engine.store.database import Store, open_store
from integration_engine.store.identities import Identities
from integration_engine.synthetic.day import Partner
from integration_engine.synthetic.doors import Http

_START_SECONDS = 120.0
_LAST_LINES = 10
_STOP_SECONDS = 20.0


class EngineFailed(RuntimeError):
    """The engine didn't come up, or stopped by itself. The text says which part and where its log is."""


@dataclass(frozen=True, slots=True)
class Coordinator:
    """A person who sees one panel's cases in full, and what they sign in with."""

    name: str
    password: str = field(repr=False)
    codes: CodeKey = field(repr=False)

    def code(self, now: float) -> str:
        """What their authenticator shows at this time (seconds since 1970)."""
        return self.codes.code(int(now) // STEP_SECONDS)


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine: where its doors are, the tokens of those who use them, by code, and a coordinator where people may
    sign in by password."""

    http: Http
    http_port: int
    mllp_port: int
    amqp_url: str = field(repr=False)
    tokens: Mapping[str, str]
    operator_token: str
    coordinator: "Coordinator | None"
    folder: Path
    process: "subprocess.Popen[bytes] | None"

    def require_running(self) -> None:
        """Raises EngineFailed once the engine has stopped. One that isn't ours is taken to run."""
        if self.process is not None and self.process.poll() is not None:
            raise EngineFailed(f"the engine stopped with status {self.process.returncode}:\n{self.last_words()}")

    def last_words(self) -> str:
        """The end of its log: the folder is gone before anybody can look there."""
        with suppress(OSError):
            return "\n".join((self.folder / "engine.log").read_text(errors="replace").splitlines()[-_LAST_LINES:])
        return ""


@contextmanager
def engine(
    partners: Iterable[Partner],
    panels: Iterable[str],
    *,
    amqp_url: str | None = None,
    database_url: str | None = None,
    queues: Sequence[str] = (),
) -> Iterator[Engine]:
    """Start an engine (and a broker, unless one is given), register partners and panels, and stop everything at the end.

    ``queues`` are the queues of the topology to declare, by name or beginning; none means all. Without ``database_url``
    the store is an SQLite file of its own.

    Raises ServiceUnavailable where no broker can be had, EngineFailed where the engine doesn't come up.
    """
    given = nullcontext(Broker(amqp_url, None, "given")) if amqp_url else rabbitmq()
    with given as broker, tempfile.TemporaryDirectory(prefix="cdr-demo-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        http_port, mllp_port = free_ports(2)
        environment = {
            "CDR_AMQP_URL": broker.url,
            "CDR_DATABASE_URL": database_url or f"sqlite:///{folder / 'cdr.sqlite3'}",
            "CDR_KEYS_FILE": str(folder / "keys.json"),
            "CDR_HTTP_PORT": str(http_port),
            "CDR_MLLP": json.dumps([{"host": "127.0.0.1", "port": mllp_port}]),
            "CDR_COOKIE_SECURE": "false",
            "CDR_PASSWORD_SIGN_IN": "true",
        }
        if broker.management_url:
            environment["CDR_AMQP_MANAGEMENT_URL"] = broker.management_url
        topology = load_topology()
        apply_topology(topology.only(*queues) if queues else topology, broker.url)
        tokens, operator, coordinator = _register(partners, panels, environment)
        process = _start(folder, environment)
        try:
            http = Http("127.0.0.1", http_port)
            started = Engine(http, http_port, mllp_port, broker.url, tokens, operator, coordinator, folder, process)
            _await_ready(started)
            yield started
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def running_engine(partners: Iterable[Partner], panels: Iterable[str]) -> Iterator[Engine]:
    """The engine that the settings name, which runs on this host already; partners and panels are registered with it.

    Raises EngineFailed where it doesn't answer.
    """
    settings = load_settings()
    store = open_store(settings)
    try:
        panels = list(panels)
        tokens, operator = _enter(store, partners, panels)
        coordinator = _coordinator(store, panels[0]) if settings.password_sign_in else None
    finally:
        store.close()
    http, url = Http("127.0.0.1", settings.http_port), settings.amqp_url.get_secret_value()
    found = Engine(http, settings.http_port, settings.mllp[0].port, url, tokens, operator, coordinator, Path(), None)
    _await_ready(found)
    yield found


def _register(
    partners: Iterable[Partner], panels: Iterable[str], environment: Mapping[str, str]
) -> tuple[dict[str, str], str, Coordinator]:
    """Bring the store's schema up and enter everybody: the tokens by code, an operator's, and a coordinator."""
    places: dict[str, Any] = {
        "database_url": environment["CDR_DATABASE_URL"],
        "keys_file": Path(environment["CDR_KEYS_FILE"]),
    }
    settings = load_settings(**places)
    # The keys file is made here, as an operator would before the first start of an engine on PostgreSQL.
    keyring({}, settings.keys_file, create=True)
    store = open_store(settings, upgrade=True)
    try:
        panels = list(panels)
        return *_enter(store, partners, panels), _coordinator(store, panels[0])
    finally:
        store.close()


def _enter(store: Store, partners: Iterable[Partner], panels: Iterable[str]) -> tuple[dict[str, str], str]:
    register = Identities(store)
    tokens = {p.code: register.add(p.code, "partner", kinds=(p.kind,)).text for p in partners}
    tokens |= {panel: register.add(panel, "cdop").text for panel in panels}
    return tokens, register.add("demo-operator", "operator").text


def _coordinator(store: Store, panel: str) -> Coordinator:
    name, password = "demo-coordinator", secrets.token_urlsafe(9)
    return Coordinator(name, password, Identities(store).people.add(name, "coordinator", password, [panel]).codes)


def _start(folder: Path, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    log = (folder / "engine.log").open("wb")
    command = [sys.executable, "-m", "integration_engine.cli", "run", "all"]
    return subprocess.Popen(  # noqa: S603 - our own program
        command, stdout=log, stderr=subprocess.STDOUT, cwd=folder, env=os.environ | environment
    )


def _await_ready(started: Engine) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        started.require_running()
        try:
            status, _ = started.http.call("GET", "/health/ready")
        except OSError:
            status = 0
        if status == 200:
            return
        time.sleep(0.2)
    raise EngineFailed(f"the engine isn't ready after {_START_SECONDS:.0f} s:\n{started.last_words()}")
