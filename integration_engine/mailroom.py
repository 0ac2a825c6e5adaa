"""Joins our MESH mailboxes to the broker and the store, and attends them."""

import contextlib
import functools
import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from sqlalchemy import select

from integration_engine.lookout import shown
from integration_engine.mesh.collect import RECEIVED, SENT, Collection
from integration_engine.mesh.deliver import Deliveries
from integration_engine.mesh.mailbox import Mailbox
from integration_engine.mesh.office import Office
from integration_engine.mesh.panels import PanelAnswers
from integration_engine.monitoring.counters import COUNTERS
from integration_engine.register import or_away
from integration_engine.settings import Settings
from integration_engine.settings.mesh import MeshSettings
from integration_engine.store.database import Store, table
from integration_engine.store.inbox import Alarm, raise_alarms
from integration_engine.store.tables import DeliveryRow
from integration_engine.ways_in import WayIn, way_in

log = logging.getLogger(__name__)

UNDELIVERED = "mesh-undelivered"
_DELIVERY = table(DeliveryRow)


async def attend_mesh(settings: Settings, mesh: MeshSettings, store: Store, stopped: Callable[[], bool]) -> None:
    """Go round our mailboxes until ``stopped``. Raises OSError where a password or certificate can't be read."""
    async with way_in(settings, store, "cdr mesh") as way:
        with contextlib.ExitStack() as stack:
            boxes = {own.id: Mailbox(mesh, own, limit=settings.max_body_bytes) for own in mesh.mailboxes}
            for box in boxes.values():
                stack.callback(box.close)
            office = make_office(settings, mesh, store, way, boxes)
            checks = {**way.rooms.checks, "mesh": office.check}
            async with shown(settings, way.rooms.people, checks, office.lives):
                log.info("the mailboxes are attended", extra={"count": len(boxes)})
                await office.attend(stopped)
    log.info("the mailboxes are left")


def make_office(
    settings: Settings,
    mesh: MeshSettings,
    store: Store,
    way: WayIn,
    boxes: Mapping[str, Mailbox],
    ticking: Callable[[], float] = time.monotonic,
) -> Office:
    """The rounds of these mailboxes."""
    for name in boxes:
        COUNTERS.add(RECEIVED, 0, mailbox=name, outcome="report")
        COUNTERS.add(RECEIVED, 0, mailbox=name, outcome="left")
    for what in ("delivery", "answer"):
        COUNTERS.add(SENT, 0, what=what, outcome="refused")
    panels = PanelAnswers(way.rooms.inbox, mesh)
    undelivered = or_away(functools.partial(note_undelivered, store))
    collections = {name: Collection(box, mesh, way.reception, panels, undelivered) for name, box in boxes.items()}
    deliveries = Deliveries(settings.amqp_url.get_secret_value(), mesh, boxes[mesh.sending])
    return Office(collections, mesh.sending, deliveries, mesh.every_seconds, ticking=ticking)


def note_undelivered(store: Store, delivery: str) -> bool:
    """Raise an alarm over a delivery that MESH could not deliver; False where there is no such delivery. Raises Transient."""
    with store.transaction() as transaction:
        found = transaction.connection.execute(select(_DELIVERY.c.recipient).where(_DELIVERY.c.id == delivery)).first()
        if found is not None:
            raise_alarms(
                transaction, [Alarm(UNDELIVERED, "delivery", found.recipient, delivery)], datetime.now(UTC), again=True
            )
    return found is not None
