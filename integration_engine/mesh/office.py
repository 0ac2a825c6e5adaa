"""Goes round our mailboxes for as long as the process lives, and says how it stands with MESH."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from integration_engine.gateway.handed_in import NotNow
from integration_engine.mesh.collect import Collection
from integration_engine.mesh.deliver import Deliveries
from integration_engine.mesh.mailbox import MeshAway, MeshRefused
from integration_engine.monitoring.counters import COUNTERS, Counters, describe

log = logging.getLogger(__name__)

SILENT = describe("cdr_mesh_silent_seconds", "gauge", "Since when MESH has not answered us for a mailbox.", "mailbox")

_LOOK_S = 0.2
# MESH itself is away for minutes now and then; rounds that fail for longer than this are worth saying.
_LONGEST_SILENCE_ROUNDS = 3
_SHORTEST_SILENCE_S = 180.0
# A round that takes longer than this hangs: each of its waits is shorter, and a mailbox is emptied in fewer.
STILL_S = 3600.0


class Office:
    """``collections`` by mailbox, each with its own rounds; ``deliveries`` go out after one of the mailbox ``sending``."""

    def __init__(
        self,
        collections: Mapping[str, Collection],
        sending: str,
        deliveries: Deliveries,
        every_s: float,
        *,
        counters: Counters = COUNTERS,
        ticking: Callable[[], float] = time.monotonic,
    ) -> None:
        self._collections = collections
        self._sending = sending
        self._deliveries = deliveries
        self._every_s = every_s
        self._counters = counters
        self._ticking = ticking
        self._answered = dict.fromkeys(collections, ticking())
        self._moved = dict.fromkeys(collections, ticking())

    async def attend(self, stopped: Callable[[], bool]) -> None:
        """Until ``stopped``: what is in hand then is finished, what waits stays where it is."""
        await asyncio.gather(*(self._go_round(mailbox, stopped) for mailbox in self._collections))

    async def check(self) -> None:
        """Whether MESH answers for every mailbox. Raises MeshAway."""
        limit = max(_SHORTEST_SILENCE_S, self._every_s * _LONGEST_SILENCE_ROUNDS)
        if any(self._ticking() - answered > limit for answered in self._answered.values()):
            raise MeshAway("silent")

    def lives(self) -> bool:
        """Whether no mailbox's rounds have come to a stop."""
        return all(self._ticking() - moved < STILL_S + self._every_s for moved in self._moved.values())

    async def round(self, mailbox: str, stopped: Callable[[], bool] = lambda: False) -> None:
        """One round of one mailbox. Never raises: whatever it is, the next round tries again."""
        try:
            await self._collections[mailbox].round(stopped)
            self._answered[mailbox] = self._ticking()
            if mailbox == self._sending:
                await asyncio.to_thread(self._deliveries.round, stopped)
        except NotNow as problem:
            # MESH answered: it is ours that is away
            self._answered[mailbox] = self._ticking()
            log.warning("messages wait in their mailbox", extra={"check": mailbox, "code": problem.code})
        except (MeshAway, MeshRefused) as problem:
            log.warning("MESH can't be had now", extra={"check": mailbox, "code": problem.code})
        except Exception:
            log.critical("a round has failed", exc_info=True, extra={"check": mailbox})
        self._moved[mailbox] = self._ticking()
        self._counters.put(SILENT, self._moved[mailbox] - self._answered[mailbox], mailbox=mailbox)

    async def _go_round(self, mailbox: str, stopped: Callable[[], bool]) -> None:
        while not stopped():
            await self.round(mailbox, stopped)
            until = self._ticking() + self._every_s
            while not stopped() and self._ticking() < until:
                await asyncio.sleep(min(_LOOK_S, self._every_s))
