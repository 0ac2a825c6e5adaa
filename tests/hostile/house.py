"""The whole engine as an operator runs it, with every way in open: doors, worker, MESH rounds and a drop folder.

Each is a process of its own, on a real broker, PostgreSQL and NHS England's own sandbox of MESH.
"""

import contextlib
import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

import pika
import psycopg

from integration_engine.broker.declare import apply_topology
from integration_engine.broker.management import Management
from integration_engine.broker.topology import load_topology
from integration_engine.broker.users import put_user, remove_user
from integration_engine.record.codes import PartnerKind
from integration_engine.services import Broker, Database
from integration_engine.services.mesh import Sandbox, mesh
from integration_engine.services.private import free_ports
from integration_engine.store.database import Store, upgrade_schema
from integration_engine.store.identities import Identities
from tests.gateway_house import keys, keys_in_the_environment
from tests.hostile_hl7 import LIMIT

EVERYTHING = "hostile.everything"
"""A queue bound to all that the engine tells anybody."""
OURS = "CDRMB001"
WORKFLOWS: Mapping[PartnerKind, str] = {
    "hospital-hl7": "CDR_HL7",
    "hospital-fhir": "CDR_FHIR",
    "police": "CDR_POLICE",
    "coroner": "CDR_CORONER",
}
KINDS = tuple(WORKFLOWS)
_ROLES = ("gateway", "worker", "mesh", "watch")
_START_S, _STOP_S = 240.0, 60.0
# The broker counts what its queues hold every five seconds.
_COUNTED_S = 6.0
# No failures of ours: one message id with two bodies, which hostile files of one make have; and queues of recipients, of
# which there are none here.
_EXPECTED_ERRORS = ("alarm", "queues are missing: cdr broker apply")


@dataclass
class House:
    """A running engine. ``tokens``, ``passwords`` (of broker users) and ``mailboxes`` are by partner."""

    url: str
    management: Management
    store: Store
    http_port: int
    mllp_port: int
    sandbox: Sandbox
    drops: Path
    folder: Path
    tokens: Mapping[str, str] = field(repr=False)
    passwords: Mapping[str, str] = field(repr=False)
    mailboxes: Mapping[str, str]
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def resident(self) -> dict[str, int]:
        """MiB of memory of each process that lives."""
        found = {}
        for role, process in self.processes.items():
            with contextlib.suppress(FileNotFoundError):
                said = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
                found[role] = int(said[1]) // 1024 if said else 0
        return found

    def dead(self) -> list[str]:
        """Sentences about processes that have ended."""
        return [f"{role} ended, status {p.returncode}" for role, p in self.processes.items() if p.poll() is not None]

    def waiting(self, *queues: str) -> int:
        """How many messages wait in these queues."""
        with self.channel() as channel:
            return sum(channel.queue_declare(queue, passive=True).method.message_count for queue in queues)

    def unsettled(self, *queues: str) -> int:
        """How many messages these queues hold, those in a worker's hands too, once the broker's own count is of now."""
        time.sleep(_COUNTED_S)
        vhost = unquote(urlsplit(self.url).path[1:])
        return sum(int((self.management.get("queues", vhost, queue) or {}).get("messages", 0)) for queue in queues)

    def taken(self, queue: str) -> list[tuple[Any, str, bytes]]:
        """Properties, routing key and body of everything in a queue, taken out of it."""
        found = []
        with self.channel() as channel:
            while (got := channel.basic_get(queue, auto_ack=True))[0] is not None:
                found.append((got[1], got[0].routing_key, got[2]))
        return found

    @contextlib.contextmanager
    def channel(self) -> Iterator[Any]:
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        try:
            yield connection.channel()
        finally:
            connection.close()

    def log(self) -> Iterator[tuple[str, str]]:
        for role in _ROLES:
            yield role, (self.folder / f"{role}.log").read_text(errors="replace")

    def failures(self) -> list[str]:
        """What the processes themselves say went wrong with them."""
        found = []
        for role, text in self.log():
            for line in text.splitlines():
                said = json.loads(line) if line.startswith("{") else {"level": "CRITICAL", "text": line}
                if said["level"] in ("ERROR", "CRITICAL") and said["text"] not in _EXPECTED_ERRORS:
                    more = [str(said[name]) for name in ("code", "kind", "error", "raised") if name in said]
                    found.append(" ".join((f"{role}: {said['text']}", *more)))
        return list(dict.fromkeys(found))


@contextlib.contextmanager
def house(
    broker: Broker,
    database: Database,
    folder: Path,
    partners: Mapping[str, Iterable[PartnerKind]],
    profiles: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[House]:
    """A whole engine for the length of the block; ``partners`` are registered, each with every way in. ``profiles``: how the
    HL7 v2 feed of a hospital is read, where it isn't the kind's own way."""
    assert broker.management_url is not None
    management, topology = Management(broker.management_url), load_topology()
    vhost = f"hostile-{secrets.token_hex(4)}"
    with contextlib.ExitStack() as stack:
        url = _virtual_host(stack, broker, management, vhost)
        apply_topology(topology.only("intake.", "refused.", "dead.", "delay."), url)
        passwords = {partner: secrets.token_urlsafe(9) for partner in partners}
        for partner, kinds in partners.items():
            values = {"partner": partner, "kinds": "|".join(kinds)}
            put_user(management, vhost, topology.roles["partner"], passwords[partner], values)
            stack.callback(remove_user, management, topology.roles["partner"], values)
        database_url = stack.enter_context(_database(database))
        upgrade_schema(database_url)
        store = Store(database_url, keys())
        stack.callback(store.close)
        register = Identities(store)
        tokens = {partner: register.add(partner, "partner", kinds=tuple(k)).text for partner, k in partners.items()}
        mailboxes = {partner: f"PARTNER{place:03}" for place, partner in enumerate(partners)}
        sandbox = stack.enter_context(mesh((OURS, *mailboxes.values())))
        drops = folder / "drops"
        drops.mkdir()
        http_port, mllp_port = free_ports(2)
        opened = House(
            url, management, store, http_port, mllp_port, sandbox, drops, folder, tokens, passwords, mailboxes
        )  # fmt: skip
        stack.callback(_stop, opened)
        _start(opened, database_url, profiles)
        yield opened


def _virtual_host(stack: contextlib.ExitStack, broker: Broker, management: Management, vhost: str) -> str:
    management.put("vhosts", vhost)
    stack.callback(management.delete, "vhosts", vhost)
    user = urlsplit(broker.url).username or ""
    management.put("permissions", vhost, user, body={"configure": ".*", "write": ".*", "read": ".*"})
    return broker.on(vhost)


@contextlib.contextmanager
def _database(database: Database) -> Iterator[str]:
    name = f"hostile_{secrets.token_hex(4)}"
    with psycopg.connect(database.plain_url, autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
    yield database.named(name)
    with psycopg.connect(database.plain_url, autocommit=True) as connection:
        connection.execute(f'drop database "{name}" with (force)')


def _start(house: House, database_url: str, profiles: Mapping[str, str]) -> None:
    with house.channel() as channel:
        channel.queue_declare(EVERYTHING, durable=True, arguments={"x-queue-type": "quorum"})
        channel.queue_bind(EVERYTHING, "cdr.cases", "#")
    (house.folder / "cdr.toml").write_text("", encoding="utf-8")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CDR_")}
    environment = inherited | keys_in_the_environment() | {
        "CDR_CONFIG": str(house.folder / "cdr.toml"),
        "CDR_AMQP_URL": house.url,
        "CDR_DATABASE_URL": database_url,
        "CDR_HTTP_PORT": str(house.http_port),
        "CDR_MLLP": json.dumps([{"host": "127.0.0.1", "port": house.mllp_port}]),
        "CDR_MLLP_MAX_BYTES": str(LIMIT),
        "CDR_FEEDS": json.dumps(
            [
                {"name": profile, "partner": partner, "kind": "hospital-hl7", "profile": profile}
                for partner, profile in profiles.items()
            ]
        ),
        "CDR_COOKIE_SECURE": "false",
        "CDR_MESH": json.dumps(_mesh(house)),
    }  # fmt: skip
    watch = ("watch", str(house.drops), "--every", "0.3", "--settle", "0.3")
    for role, arguments in {**{role: ("run", role) for role in _ROLES[:3]}, "watch": watch}.items():
        with (house.folder / f"{role}.log").open("wb") as log:
            command = [sys.executable, "-m", "integration_engine.cli", *arguments]
            house.processes[role] = subprocess.Popen(
                command, env=environment, cwd=house.folder, stdout=log, stderr=subprocess.STDOUT
            )
    _await(house)


def _mesh(house: House) -> dict[str, Any]:
    return {
        "url": house.sandbox.url,
        "shared_key": house.sandbox.shared_key,
        "mailboxes": [{"id": OURS, "password": house.sandbox.password}],
        "workflows": [{"id": workflow, "kind": kind} for kind, workflow in WORKFLOWS.items()],
        "senders": [{"mailbox": mailbox, "partner": partner} for partner, mailbox in house.mailboxes.items()],
        "answers": "all",
        "every_seconds": 0.5,
        "timeout_seconds": 20,
    }


def _await(house: House) -> None:
    """Until the doors are open. The worker may still be loading: what is queued waits for it."""
    import httpx

    until = time.monotonic() + _START_S
    while time.monotonic() < until and not house.dead():
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"http://127.0.0.1:{house.http_port}/health/ready", timeout=5).status_code == 200:
                return
        time.sleep(0.2)
    raise AssertionError(f"the engine did not open its doors: {house.dead() or 'it is not ready'}")


def _stop(house: House) -> None:
    for process in house.processes.values():
        process.terminate()
    for process in house.processes.values():
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
