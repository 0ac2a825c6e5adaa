"""A gateway on a free port for tests: real doors, a real broker and store, partners that are registered, and their messages.

Everything sent is invented.
"""

import asyncio
import base64
import contextlib
import functools
import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pika

from integration_engine.broker.declare import apply_topology
from integration_engine.broker.management import Management
from integration_engine.broker.topology import load_topology
from integration_engine.doors import open_gateway
from integration_engine.gateway.sandbox import SANDBOX
from integration_engine.security.keys import IndexKey, Keyring
from integration_engine.services import Broker
from integration_engine.settings import Settings, load_settings
from integration_engine.store.database import Store
from integration_engine.store.identities import Identities
from tests.promised import Promises
from tests.ready_made import made_ready

PARTNERS: Mapping[str, tuple[str, ...]] = {
    "RTH": ("hospital-hl7", "hospital-fhir"),
    "RXH": ("hospital-hl7", "hospital-fhir"),
    "E23000038": ("police",),
    "E23000029": ("police",),
    "oxfordshire": ("coroner",),
}
NHS_NUMBER, FAMILY_NAME = "9991000003", "Harrowgate"
_NOTHING = False
"""What a client on plain HTTP has to verify. Else each one reads the certificates of all the world's authorities."""


@dataclass
class House:
    """A running gateway. ``tokens`` by code; ``client`` speaks to it without any."""

    client: httpx.Client
    store: Store
    amqp_url: str
    identities: Identities
    tokens: dict[str, str] = field(default_factory=dict)
    mllp_ports: tuple[int, ...] = ()

    def send(self, code: str | None, path: str, body: bytes | str, content_type: str, **headers: str) -> httpx.Response:
        """POST a body with somebody's token."""
        return self.client.post(path, content=body, headers=self.headers(code, content_type) | headers)

    def get(self, code: str | None, path: str) -> httpx.Response:
        return self.client.get(path, headers=self.headers(code))

    def headers(self, code: str | None, content_type: str | None = None) -> dict[str, str]:
        found = {"Authorization": f"Bearer {self.tokens[code]}"} if code else {}
        return found | ({"Content-Type": content_type} if content_type else {})

    def purge(self) -> None:
        """Empty every intake queue: tests of one module share a gateway."""
        connection = pika.BlockingConnection(pika.URLParameters(self.amqp_url))
        channel = connection.channel()
        for kind in ("hospital-hl7", "hospital-fhir", "police", "coroner"):
            channel.queue_purge(f"intake.{kind}")
        connection.close()

    @contextlib.contextmanager
    def sign_in(self, code: str) -> Iterator[httpx.Client]:
        """A browser that has signed in."""
        with httpx.Client(base_url=self.client.base_url, timeout=30, verify=_NOTHING) as browser:
            answer = browser.post("/sign-in", data={"token": self.tokens[code]})
            assert answer.status_code == 303
            yield browser

    def queued(self, queue: str) -> list[tuple[Any, Any, bytes]]:
        """(method, properties, body) of everything in a queue, taken out."""
        connection = pika.BlockingConnection(pika.URLParameters(self.amqp_url))
        channel = connection.channel()
        found: list[tuple[Any, Any, bytes]] = []
        while True:
            method, properties, body = channel.basic_get(queue, auto_ack=True)
            if method is None:
                connection.close()
                return found
            found.append((method, properties, body))


@contextlib.contextmanager
def own_vhost(broker: Broker, management: Management) -> Iterator[str]:
    """A virtual host for a whole module's tests, with the gateway's queues in it."""
    name = f"house-{secrets.token_hex(6)}"
    management.put("vhosts", name)
    user = broker.url.split("//", 1)[1].split(":", 1)[0]
    management.put("permissions", name, user, body={"configure": ".*", "write": ".*", "read": ".*"})
    declare(broker.on(name))
    yield broker.on(name)
    management.delete("vhosts", name)


_SEAL, _INDEX = hashlib.sha256(b"house seal").digest(), hashlib.sha256(b"house index").digest()


def keys() -> Keyring:
    """Keys that are the same in every run."""
    return Keyring([base64.urlsafe_b64encode(_SEAL)], [IndexKey(1, _INDEX)])


def keys_in_the_environment() -> dict[str, str]:
    """The same for a command."""
    seal, index = (base64.urlsafe_b64encode(key).decode() for key in (_SEAL, _INDEX))
    return {"CDR_SEAL_KEYS": seal, "CDR_INDEX_KEYS": f"1:{index}"}


def settings(amqp_url: str, database_url: str, folder: Path, **changes: Any) -> Settings:
    nothing = folder / "cdr.toml"
    nothing.write_text("")
    chosen = {"http_port": 0, "cookie_secure": False, "confirm_seconds": 5.0, "max_body_bytes": 256 * 1024}
    chosen |= {"mllp": [{"host": "127.0.0.1", "port": 0}]}
    return load_settings(nothing, amqp_url=amqp_url, database_url=database_url, **(chosen | changes))


@contextlib.contextmanager
def house(
    amqp_url: str,
    database_url: str,
    folder: Path,
    *,
    mllp: bool = False,
    ports: Sequence[Mapping[str, Any]] = (),
    sandbox: bool = False,
    held: Keyring | None = None,
    **changes: Any,
) -> Iterator[House]:
    """A gateway for the length of the block, with PARTNERS (one has two feeds), two panels and two operators. ``ports`` are
    MLLP listeners; with ``mllp`` alone there is one that anybody may speak on. ``sandbox``: a second one is the sandbox's.
    ``held``: other keys than those that are the same in every run."""
    if sandbox:
        ports = ({"host": "127.0.0.1", "port": 0}, {"host": "127.0.0.1", "port": 0, "sandbox": True})
    if ports:
        mllp, changes = True, {"mllp": ports} | changes
    made_ready(database_url)
    store = Store(database_url, held or keys())
    identities = Identities(store)
    tokens = {code: identities.add(code, "partner", kinds=kinds).text for code, kinds in PARTNERS.items()}
    for feed in ("niche", "athena"):
        identities.add_feed(feed, "E23000038", "police", {"profile": "police-sudden-death"})
    tokens |= {panel: identities.add(panel, "cdop").text for panel in ("BERKS", "OXON")}
    tokens["op"] = identities.add("op", "operator").text
    tokens["guardian"] = identities.add("guardian", "restricted").text
    loop = asyncio.new_event_loop()
    opened: asyncio.Future[Any] = loop.create_future()
    stop = asyncio.Event()

    async def live() -> None:
        async with open_gateway(settings(amqp_url, database_url, folder, **changes), store, mllp=mllp) as listening:
            opened.set_result(listening)
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(live(),))
    thread.start()
    try:
        listening = asyncio.run_coroutine_threadsafe(_wait(opened), loop).result(30)
        address = f"http://127.0.0.1:{listening.http_port}"
        hooks = {"response": [_kept(address)]}
        with httpx.Client(base_url=address, timeout=30, event_hooks=hooks, verify=_NOTHING) as client:
            yield House(client, store, amqp_url, identities, tokens, listening.mllp_ports)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)
        loop.close()
        store.close()


def _kept(address: str) -> Callable[[httpx.Response], None]:
    """What looks at each answer that a test gets: it has to be as the served OpenAPI documents promise."""

    @functools.cache
    def promises() -> list[Promises]:
        with httpx.Client(base_url=address, timeout=30, verify=_NOTHING) as client:
            return [Promises(client.get(f"{at}/openapi.json").json(), at) for at in (SANDBOX, "")]

    def look(answer: httpx.Response) -> None:
        answer.read()
        try:
            known = promises()
        except httpx.TransportError:
            return  # this was the last answer of a gateway that is closing
        for each in known:
            each.check(answer)

    return look


async def _wait(opened: "asyncio.Future[Any]") -> Any:
    return await opened


def declare(amqp_url: str) -> None:
    """The queues that the gateway publishes to."""
    apply_topology(load_topology().only("intake.", "refused.", "dead."), amqp_url)


def police_report(force: str = "E23000038", **changes: Any) -> bytes:
    """A report of one child's sudden death."""
    person = {
        "person_id": "P1",
        "role": "deceased",
        "family_name": FAMILY_NAME,
        "given_names": "Ava",
        "date_of_birth": "2014-05-09",
        "sex": "F",
        "nhs_number": NHS_NUMBER,
        "address": {"lines": ["1 Quay Street"], "postcode": "RG1 1LX", "use": "home"},
        "life_extinct_at": "2026-03-09T04:10:00+00:00",
    }
    report = {
        "schema": "police-sudden-death/1",
        "force": force,
        "report_id": "54-2026-000123",
        "version": 1,
        "status": "current",
        "reported_at": "2026-03-09T08:00:00+00:00",
        "event": {"event_id": "E1", "type": "road-traffic-collision", "at": "2026-03-07T18:20:00+00:00"},
        "persons": [person | changes.pop("person", {})],
    }
    return json.dumps(report | changes).encode()


def adult() -> dict[str, Any]:
    """What makes the person of ``police_report`` an adult."""
    return {"person": {"date_of_birth": "1970-01-01"}}
