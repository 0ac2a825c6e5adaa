"""MESH for tests: NHS England's sandbox as a process, the engine's mailboxes on it, and partners with mailboxes of their own.

Everything sent is invented.
"""

import asyncio
import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from mesh_client import MeshClient

from integration_engine.mailroom import make_office
from integration_engine.mesh.mailbox import Mailbox
from integration_engine.mesh.office import Office
from integration_engine.services.mesh import Sandbox
from integration_engine.settings import Settings
from integration_engine.settings.mesh import MeshSettings
from integration_engine.store.database import Store
from integration_engine.store.identities import Identities
from integration_engine.ways_in import way_in
from tests.gateway_house import keys, keys_in_the_environment, settings
from tests.ready_made import made_ready

OURS, OURS_TOO = "CDRMB001", "CDRMB002"
POLICE, OTHER_POLICE, HOSPITAL, CORONER = "POLMB001", "POLMB002", "RTHMB001", "OXCMB001"
PANEL, OTHER_PANEL, STRANGER = "BERKSMB1", "OXONMB01", "STRANGER"
MAILBOXES = (OURS, OURS_TOO, POLICE, OTHER_POLICE, HOSPITAL, CORONER, PANEL, OTHER_PANEL, STRANGER)
FORCE, OTHER_FORCE = "E23000038", "E23000029"
PARTNERS = {
    POLICE: (FORCE, "police"),
    OTHER_POLICE: (OTHER_FORCE, "police"),
    HOSPITAL: ("RTH", "hospital-hl7"),
    CORONER: ("oxfordshire", "coroner"),
}
WORKFLOWS = {"CDR_POLICE": "police", "CDR_HL7": "hospital-hl7", "CDR_CORONER": "coroner", "CDR_FHIR": "hospital-fhir"}
LIMIT = 256 * 1024


@dataclass(frozen=True)
class Got:
    """One message as a partner found it in its mailbox."""

    id: str
    workflow: str
    local_id: str
    subject: str
    body: bytes = field(repr=False)

    @property
    def said(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class MeshHouse:
    """The engine's side, one round at a time, and everybody's mailboxes."""

    sandbox: Sandbox
    settings: Settings
    mesh: MeshSettings
    store: Store
    identities: Identities

    @contextlib.contextmanager
    def client(self, mailbox: str, **changes: Any) -> Iterator[MeshClient]:
        """A partner's own client."""
        sandbox = self.sandbox
        with MeshClient(sandbox.url, mailbox, sandbox.password, sandbox.shared_key.encode(), **changes) as client:
            yield client

    def send(self, sender: str, body: bytes, workflow: str, *, to: str = OURS, **headers: Any) -> str:
        """MESH's id of what a partner sent."""
        options = {name: headers.pop(name) for name in ("max_chunk_size", "transparent_compress") if name in headers}
        with self.client(sender, **options) as client:
            return str(client.send_message(to, body, workflow_id=workflow, **headers))

    def got(self, mailbox: str) -> list[Got]:
        """Everything in a partner's mailbox, taken out of it."""
        found = []
        with self.client(mailbox) as client:
            for message_id in client.list_messages():
                message = client.retrieve_message(message_id)
                body = message.read()
                found.append(
                    Got(message_id, message.workflow_id or "", message.local_id or "", message.subject or "", body)
                )
                message.acknowledge()
        return found

    def waiting(self, mailbox: str = OURS) -> list[str]:
        """What lies unacknowledged in a mailbox."""
        with self.client(mailbox) as client:
            return list(client.list_messages())

    def report(self, **said: Any) -> str:
        """Put a report of MESH's own into our mailbox; its id."""
        body = {"mailbox_id": OURS, "code": "14", "description": "not collected", "workflow_id": "CDR_DELIVERY", **said}
        answer = httpx.post(f"{self.sandbox.url}/messageexchange/admin/report", json=body, timeout=30)
        answer.raise_for_status()
        return str(answer.json()["message_id"])

    def round(
        self, mailbox: str = OURS, times: int = 1, ticking: Callable[[], float] = time.monotonic, **changes: Any
    ) -> Office:
        """Rounds of one of our mailboxes, as the process makes them; the office as it was then."""

        async def rounds() -> Office:
            mesh = self.mesh.model_copy(update=changes)
            async with way_in(self.settings, self.store, "cdr mesh") as way:
                with contextlib.ExitStack() as stack:
                    boxes = {own.id: Mailbox(mesh, own, limit=LIMIT) for own in mesh.mailboxes}
                    for box in boxes.values():
                        stack.callback(box.close)
                    office = make_office(self.settings, mesh, self.store, way, boxes, ticking)
                    for _ in range(times):
                        await office.round(mailbox)
                    return office

        return asyncio.run(rounds())


def mesh_settings(sandbox: Sandbox, **changes: Any) -> dict[str, Any]:
    """``[mesh]`` as an operator would write it for these partners and panels."""
    own = [{"id": name, "password": sandbox.password} for name in (OURS, OURS_TOO)]
    return {
        "url": sandbox.url,
        "shared_key": sandbox.shared_key,
        "mailboxes": own,
        "workflows": [{"id": name, "kind": kind} for name, kind in WORKFLOWS.items()],
        "senders": [{"mailbox": mailbox, "partner": partner} for mailbox, (partner, _) in PARTNERS.items()],
        "recipients": [
            {"recipient": "cdop.BERKS", "mailbox": PANEL},
            {"recipient": "cdop.OXON", "mailbox": OTHER_PANEL},
        ],
        "timeout_seconds": 20,
        **changes,
    }


@contextlib.contextmanager
def mesh_house(sandbox: Sandbox, amqp_url: str, database_url: str, folder: Path, **changes: Any) -> Iterator[MeshHouse]:
    """The engine's side with its partners registered, and every mailbox empty."""
    made_ready(database_url)
    store = Store(database_url, keys())
    identities = Identities(store)
    for partner, kind in PARTNERS.values():
        identities.add(partner, "partner", kinds=[kind])
    chosen = settings(amqp_url, database_url, folder, mesh=mesh_settings(sandbox, **changes))
    assert chosen.mesh is not None
    house = MeshHouse(sandbox, chosen, chosen.mesh, store, identities)
    try:
        yield house
    finally:
        store.close()


def environment(house: MeshHouse, folder: Path, faults: str = "") -> dict[str, str]:
    """What ``cdr run mesh`` is started with, for the same store, broker and mailboxes."""
    mesh = mesh_settings(house.sandbox, every_seconds=0.2)
    (folder / "cdr.toml").write_text("", encoding="utf-8")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CDR_")}
    return {
        **inherited,
        **keys_in_the_environment(),
        "CDR_CONFIG": str(folder / "cdr.toml"),
        "CDR_AMQP_URL": house.settings.amqp_url.get_secret_value(),
        "CDR_DATABASE_URL": house.settings.database_url.get_secret_value(),
        "CDR_MESH": json.dumps(mesh),
        **({"CDR_FAULTS": faults} if faults else {}),
    }
