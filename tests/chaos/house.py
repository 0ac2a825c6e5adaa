"""One round's engine: its own virtual host and database on servers that all rounds share, wires that can be cut, and its
processes, each started again whenever it dies."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pika
import psycopg
import yaml
from sqlalchemy.engine import make_url

from integration_engine.broker.declare import apply_topology
from integration_engine.broker.management import Management
from integration_engine.broker.topology import Topology, load_topology, topology_file
from integration_engine.broker.users import put_user, remove_user
from integration_engine.security.keys import Keyring, keyring
from integration_engine.services import Broker, Database
from integration_engine.services.private import free_ports
from integration_engine.stages import VARIABLE
from integration_engine.store.database import Store, upgrade_schema
from integration_engine.store.identities import Identities
from tests.chaos.nursery import Born, Nursery
from tests.chaos.partners import Addresses
from tests.chaos.plan import Life, Role, lives
from tests.chaos.proxy import Proxy
from tests.chaos.stream import PARTNERS

TOPOLOGY = "CHAOS_TOPOLOGY"
"""The environment variable that names the topology file, whose delays are short."""
EVERYTHING = "chaos.everything"
"""A queue bound to all that the engine tells anybody."""
# Together longer than a death in a dead worker's hands takes to be heard: what takes it back is heard again until then.
_DELAYS = ("300ms", "6s")
_QUEUES = ("intake.", "refused.", "dead.", "delay.")
_STOP_S = 40.0
# The shortest life from start to being of any use; a process that dies sooner than that again and again says so in its log.
_AGAIN_S = 0.05
_LOOK_S = 0.1


@dataclass(frozen=True)
class Ground:
    """What rounds share: the servers, the keys, the partners' passwords, and an empty database of each kind to copy.

    ``ours``: nobody else uses the servers, so a round may kill them too.
    """

    broker: Broker
    database: Database
    folder: Path
    keys: Keyring
    passwords: dict[str, str] = field(repr=False)
    topology: Topology
    management: Management
    nursery: Nursery
    ours: bool

    @classmethod
    @contextlib.contextmanager
    def laid(cls, broker: Broker, database: Database, folder: Path, *, ours: bool) -> "Iterator[Ground]":
        """Lay it, and take it away at the end."""
        keys = keyring({}, folder / "keys.json", create=True)
        content = yaml.safe_load(topology_file().read_text())
        content["lists"]["delay"] = list(_DELAYS)
        (folder / "topology.yaml").write_text(yaml.safe_dump(content))
        topology = load_topology(folder / "topology.yaml").only(*_QUEUES)
        with psycopg.connect(database.plain_url, autocommit=True) as connection:
            connection.execute("drop database if exists chaos_template")
            connection.execute("create database chaos_template")
        upgrade_schema(database.named("chaos_template"))
        upgrade_schema(f"sqlite:///{folder / 'template.db'}")
        assert broker.management_url is not None
        passwords = {partner: secrets.token_urlsafe(12) for partner in PARTNERS}
        management = Management(broker.management_url)
        try:
            with Nursery() as nursery:
                yield cls(broker, database, folder, keys, passwords, topology, management, nursery, ours)
        finally:
            for partner in PARTNERS:
                remove_user(management, topology.roles["partner"], {"partner": partner, "kinds": ""})


@dataclass
class House:
    """A round's engine. ``store`` and ``url`` go past the wires that are cut."""

    ground: Ground
    url: str
    store: Store
    addresses: Addresses
    wires: dict[str, Proxy]
    environment: dict[str, str]
    folder: Path
    switches: dict[str, Any] = field(default_factory=dict)

    @property
    def on_postgresql(self) -> bool:
        return self.store.engine.dialect.name == "postgresql"

    def begin(self, role: Role, faults: str = "") -> Born:
        """Start one process of the engine."""
        part = "gateway" if role == "gateway" else "worker"
        environment = {**self.environment, VARIABLE: faults, "CDR_SWITCHES": json.dumps(self.switches)}
        return self.ground.nursery.bear(part, self.folder / f"{role}.log", self.folder, environment)

    def ready(self, queue: str) -> int:
        """How many messages wait in a queue."""
        with _channel(self.url) as channel:
            return int(channel.queue_declare(queue, passive=True).method.message_count)

    def left(self, queue: str) -> int:
        """How many messages a queue holds. Those in hand only the management pages know, seconds late; those that wait, the
        broker tells at once: a message that has just begun its wait on the ladder must not pass for none."""
        vhost = unquote(urlsplit(self.url).path[1:])
        known = int((self.ground.management.get("queues", vhost, queue) or {}).get("messages", 0))
        return max(known, self.ready(queue))

    def taken(self, queue: str) -> list[tuple[Any, Any, bytes]]:
        """Everything that lies in a queue, taken out of it."""
        found = []
        with _channel(self.url) as channel:
            while (got := channel.basic_get(queue, auto_ack=True))[0] is not None:
                found.append(got)
        return found

    def logs(self) -> Iterator[tuple[str, str]]:
        for file in sorted(self.folder.glob("*.log")):
            yield file.stem, file.read_text(errors="replace")


@contextlib.contextmanager
def _channel(url: str) -> Iterator[Any]:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        yield connection.channel()
    finally:
        connection.close()


@contextlib.contextmanager
def house(ground: Ground, name: str, kind: str) -> Iterator[House]:
    """A round's engine, none of its processes started. ``kind``: ``sqlite`` or ``postgresql``."""
    folder = ground.folder / name
    folder.mkdir()
    vhost = f"chaos-{name}"
    url = _virtual_host(ground, vhost)
    with contextlib.ExitStack() as stack:
        stack.callback(ground.management.delete, "vhosts", vhost)
        database_url = stack.enter_context(_database(ground, folder, kind))
        store = Store(database_url, ground.keys)
        stack.callback(store.close)
        wires = {"broker": stack.enter_context(Proxy(_place(url)))}
        if kind == "postgresql":
            wires["database"] = stack.enter_context(Proxy(_place(database_url)))
        http_port, mllp_port = free_ports(2)
        wires["mllp"] = stack.enter_context(Proxy(("127.0.0.1", mllp_port)))
        wires["http"] = stack.enter_context(Proxy(("127.0.0.1", http_port)))
        register = Identities(store)
        tokens = {partner: register.add(partner, "partner", kinds=(kind,)).text for partner, kind in PARTNERS.items()}
        environment = {
            **os.environ,
            "CDR_AMQP_URL": _through(url, wires["broker"]),
            "CDR_DATABASE_URL": _through(database_url, wires["database"]) if "database" in wires else database_url,
            "CDR_KEYS_FILE": str(ground.folder / "keys.json"),
            "CDR_HTTP_PORT": str(http_port),
            "CDR_MLLP": json.dumps([{"host": "127.0.0.1", "port": mllp_port}]),
            "CDR_COOKIE_SECURE": "false",
            "CDR_BATCH_SIZE": "8",
            "CDR_PREFETCH": "24",
            "CDR_CONFIRM_SECONDS": "3",
            TOPOLOGY: str(ground.folder / "topology.yaml"),
        }
        addresses = Addresses(
            wires["http"].port, wires["mllp"].port, tokens, _through(url, wires["broker"]), ground.passwords
        )
        yield House(ground, url, store, addresses, wires, environment, folder)


def _virtual_host(ground: Ground, name: str) -> str:
    manage, topology = ground.management, ground.topology
    manage.put("vhosts", name)
    owner = urlsplit(ground.broker.url).username or ""
    manage.put("permissions", name, owner, body={"configure": ".*", "write": ".*", "read": ".*"})
    url = ground.broker.on(name)
    apply_topology(topology, url)
    with _channel(url) as channel:
        channel.queue_declare(EVERYTHING, durable=True, arguments={"x-queue-type": "quorum"})
        channel.queue_bind(EVERYTHING, "cdr.cases", "#")
    for partner, kind in PARTNERS.items():
        put_user(
            manage, name, topology.roles["partner"], ground.passwords[partner], {"partner": partner, "kinds": kind}
        )
    return url


@contextlib.contextmanager
def _database(ground: Ground, folder: Path, kind: str) -> Iterator[str]:
    if kind == "sqlite":
        shutil.copy(ground.folder / "template.db", folder / "engine.db")
        yield f"sqlite:///{folder / 'engine.db'}"
        return
    name = f"chaos_{secrets.token_hex(6)}"
    with psycopg.connect(ground.database.plain_url, autocommit=True) as connection:
        connection.execute(f'create database "{name}" template chaos_template')
    yield ground.database.named(name)
    with psycopg.connect(ground.database.plain_url, autocommit=True) as connection:
        connection.execute(f'drop database "{name}" with (force)')


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or 0


def _through(url: str, wire: Proxy) -> str:
    if url.startswith("postgresql"):
        return make_url(url).set(host="127.0.0.1", port=wire.port).render_as_string(hide_password=False)
    parts = urlsplit(url)
    return url.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{wire.port}")


class Kept:
    """One process that is started again whenever it dies, until the round has killed enough; then once more, unharmed."""

    def __init__(self, house: House, role: Role, seed: str, toll: "Toll") -> None:
        self.role = role
        self._house, self._toll = house, toll
        self._lives: Iterator[Life] = lives(seed, role)
        self._stopped = threading.Event()
        self._process: Born | None = None
        self.unharmed = False
        self._thread = threading.Thread(target=self._live, name=role, daemon=True)
        self._thread.start()

    def stop(self) -> int | None:
        """Let it finish what it has in hand and end; its status."""
        self._stopped.set()
        self._thread.join(_STOP_S)
        process = self._process
        if process is None:
            return None
        process.signal(signal.SIGTERM)
        if (status := process.wait(_STOP_S)) is None:
            process.signal(signal.SIGKILL)
        return status

    def _live(self) -> None:
        while not self._stopped.is_set():
            life = Life((), float("inf")) if self._toll.paid else next(self._lives)
            process = self._process = self._house.begin(self.role, ",".join(map(str, life.faults)))
            self.unharmed = not life.faults
            killed = self._watch(process, life)
            if process.status is None:
                return
            self._toll.count(life, self.role, process.status, anywhere=killed)
            self._stopped.wait(_AGAIN_S)

    def _watch(self, process: Born, life: Life) -> bool:
        """Until it has died or the round is over. One that lives too long is killed wherever it is; whether it was."""
        until = time.monotonic() + life.at_latest_s
        while process.wait(_LOOK_S) is None and not self._stopped.is_set():
            if time.monotonic() > until:
                process.signal(signal.SIGKILL)
                process.wait(_STOP_S)
                return True
        return False


class Toll:
    """How many processes died, where, and what is to happen after each."""

    def __init__(self, kills: int) -> None:
        self.wanted = kills
        self._changed = threading.Condition()
        self.number = 0
        self.where: Counter[str] = Counter()
        self.unasked: list[str] = []

    @property
    def paid(self) -> bool:
        return self.number >= self.wanted

    def count(self, life: Life, role: Role, status: int | None, *, anywhere: bool) -> None:
        """Count a death. A process may also end by itself, but only where an error was put into it."""
        with self._changed:
            if status == -signal.SIGKILL:
                self.number += 1
                stage = next((f.stage for f in life.faults if f.what == "die"), "")
                self.where["anywhere" if anywhere else stage] += 1
            elif not any(fault.what == "raise" for fault in life.faults):
                self.unasked.append(f"{role} ended with status {status}")
            self._changed.notify_all()

    def await_more(self, than: int, seconds: float) -> bool:
        """Wait until more have died than so many."""
        with self._changed:
            return self._changed.wait_for(lambda: self.number > than, seconds)


def stopped_all(kept: Sequence[Kept]) -> list[str]:
    """Stop every process; sentences about those that didn't end as they should."""
    return [f"{one.role} did not stop when asked (status {status})" for one in kept if (status := one.stop()) != 0]
