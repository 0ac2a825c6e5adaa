"""Joins the ways in that nobody waits at, MESH and drop folders, to the broker and the store, as ``doors`` does for those at
which a partner waits for an answer."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from integration_engine.broker.publisher import Publisher
from integration_engine.doors import make_rooms
from integration_engine.dropfolder.rounds import Rounds, Watching
from integration_engine.dropfolder.watch import Watch
from integration_engine.gateway.app import make_intake
from integration_engine.gateway.handed_in import Reception
from integration_engine.gateway.rooms import Rooms
from integration_engine.ledger import Counted
from integration_engine.lookout import shown
from integration_engine.monitoring.timing import confirmed, time_transactions
from integration_engine.settings import Settings
from integration_engine.settings.folders import FolderSettings
from integration_engine.store.database import Store

log = logging.getLogger(__name__)

_READY_SECONDS = 2.0


@dataclass(frozen=True)
class WayIn:
    """What such a way opens onto."""

    rooms: Rooms
    reception: Reception


@contextlib.asynccontextmanager
async def way_in(settings: Settings, store: Store, name: str) -> AsyncIterator[WayIn]:
    """Broker and store joined for the length of the block; ``name`` is what the broker shows the connection as."""
    url = settings.amqp_url.get_secret_value()
    publisher = Publisher(url, name, patience_s=settings.confirm_seconds, heard=confirmed)
    publisher.start()
    time_transactions(store.engine)
    try:
        await asyncio.to_thread(publisher.wait_ready, _READY_SECONDS)
        with Counted(store).writing() as ledger:
            rooms = make_rooms(settings, store, publisher, ledger)
            yield WayIn(rooms, Reception(make_intake(settings, rooms), rooms.people, rooms.table))
    finally:
        await asyncio.to_thread(publisher.close)


async def attend_folders(
    settings: Settings,
    folders: Sequence[FolderSettings],
    store: Store,
    stopped: Callable[[], bool],
    *,
    once: bool = False,
) -> bool:
    """Watch folders until ``stopped``, or ``once`` through. Whether nothing is left in them without an answer."""
    async with way_in(settings, store, "cdr watch") as way:
        rounds = Rounds([Watching(make_watch(settings, each, store, way), each.every_seconds) for each in folders])
        if once:
            return await rounds.once(stopped, max(each.settle_seconds for each in folders))
        async with shown(settings, way.rooms.people, {**way.rooms.checks, "folders": rounds.check}, rounds.lives):
            log.info("the folders are watched", extra={"count": len(folders)})
            await rounds.attend(stopped)
    return True


def make_watch(settings: Settings, folder: FolderSettings, store: Store, way: WayIn, **told: Any) -> Watch:
    """The looks through one folder. ``told`` replaces clocks and counters."""

    def marks(text: str) -> tuple[str, ...]:
        return tuple(each.hex() for each in store.keys.blinds("drop-folder-answer", text))

    return Watch(folder, way.reception, limit=settings.max_body_bytes, marks=marks, **told)
