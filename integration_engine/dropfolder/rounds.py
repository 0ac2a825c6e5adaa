"""Watches folders for as long as the process lives, and says what lies there."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from integration_engine.dropfolder.watch import ANOTHER_WATCHES, FolderAway, Watch
from integration_engine.gateway.handed_in import NotNow
from integration_engine.monitoring.counters import COUNTERS, Counters, describe

log = logging.getLogger(__name__)

WAITING = describe("cdr_watch_waiting", "gauge", "Files of drop folders that lie there without an answer.")
OLDEST = describe("cdr_watch_oldest_seconds", "gauge", "Since when this process has seen the oldest of them lie there.")
AWAY = describe("cdr_watch_folders_away", "gauge", "Drop folders that can't be looked through now.")

_LOOK_S = 0.2
STILL_S = 3600.0
"""A round that takes longer than this hangs: a share that doesn't answer, most likely."""


class Watching:
    """One folder's rounds."""

    def __init__(self, watch: Watch, every_s: float, ticking: Callable[[], float] = time.monotonic) -> None:
        self.watch = watch
        self.every_s = every_s
        self.waiting = 0
        self.away = ""
        self.moved_at = ticking()
        self._ticking = ticking

    @property
    def is_away(self) -> bool:
        """Whether nobody can look through it: one that another process watches is in good hands."""
        return bool(self.away) and self.away != ANOTHER_WATCHES

    async def round(self, stopped: Callable[[], bool] = lambda: False) -> int:
        """One look; how many files were answered. Never raises: whatever it is, the next look tries again."""
        answered, before, self.away = 0, self.away, ""
        try:
            answered = (await self.watch.round(stopped)).answered
        except FolderAway as problem:
            self.away = problem.code
            if problem.code != before:
                log.warning("a folder can't be looked through", extra={"code": problem.code})
        except NotNow as problem:
            log.warning("files wait in their folder", extra={"code": problem.code})
        except Exception:
            log.critical("a look through a folder has failed", exc_info=True)
        self.waiting, self.moved_at = self.watch.waiting, self._ticking()
        return answered


class Rounds:
    """All folders of a process, each looked through at its own pace."""

    def __init__(self, folders: Sequence[Watching], counters: Counters = COUNTERS) -> None:
        self._folders = folders
        self._counters = counters

    async def attend(self, stopped: Callable[[], bool]) -> None:
        """Until ``stopped``: a file that is in hand then is answered, the others stay."""
        await asyncio.gather(*(self._go_on(each, stopped) for each in self._folders))

    async def once(self, stopped: Callable[[], bool], settle_s: float) -> bool:
        """Until everything that lies there is answered, or nothing has been for as long as a file may take to settle and a
        little longer. Whether nothing is left."""
        quiet = time.monotonic()
        while not stopped():
            answered = sum([await each.round(stopped) for each in self._folders])
            self.put_figures()
            if not any(each.waiting or each.away for each in self._folders):
                return True
            if answered:
                quiet = time.monotonic()
            elif time.monotonic() - quiet > settle_s + max(each.every_s for each in self._folders):
                return False
            await asyncio.sleep(min(_LOOK_S, *(each.every_s for each in self._folders)))
        return False

    async def check(self) -> None:
        """Whether every folder can be looked through. Raises FolderAway."""
        for each in self._folders:
            if each.is_away:
                raise FolderAway(each.away)

    def lives(self) -> bool:
        """Whether no folder's looks have come to a stop."""
        return all(time.monotonic() - each.moved_at < STILL_S + each.every_s for each in self._folders)

    def put_figures(self) -> None:
        self._counters.put(WAITING, sum(each.waiting for each in self._folders))
        self._counters.put(OLDEST, max((each.watch.oldest_s for each in self._folders), default=0.0))
        self._counters.put(AWAY, sum(1 for each in self._folders if each.is_away))

    async def _go_on(self, folder: Watching, stopped: Callable[[], bool]) -> None:
        while not stopped():
            await folder.round(stopped)
            self.put_figures()
            until = time.monotonic() + folder.every_s
            while not stopped() and time.monotonic() < until:
                await asyncio.sleep(min(_LOOK_S, folder.every_s))
