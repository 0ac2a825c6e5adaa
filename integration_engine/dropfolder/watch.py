"""Looks through a drop folder again and again, and takes what lies there: each file whole, once, and answered beside it.

Looking, not being told: a network share tells nobody of what its other users do. A file counts as whole when it has been the
same for a while by our own clock; a share's times are another machine's.
"""

import asyncio
import errno
import fcntl
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from integration_engine.dropfolder.answered import Answered, Content, Marks, Prepared
from integration_engine.dropfolder.directory import Changed, Directory, State
from integration_engine.dropfolder.places import Found, found_in
from integration_engine.gateway.handed_in import Handed, NotNow, Reception, turned_away
from integration_engine.monitoring.counters import COUNTERS, Counters, describe
from integration_engine.monitoring.logs import correlated, new_id
from integration_engine.settings.folders import FolderSettings
from integration_engine.stages import reached

log = logging.getLogger(__name__)

FILES = describe(
    "cdr_watch_files_total", "counter", "Files of drop folders, by what became of them.", "kind", "outcome"
)

Became = Literal["taken", "taken-in-part", "passed-over", "refused", "finished", "unreadable", "not-writable", "raised"]
# A file that is empty is about to be written, as a rule.
_EMPTY_SETTLES_S = 60.0
_LOCK = ".cdr-watch"
ANOTHER_WATCHES = "another-watches"
_LOCKED = (errno.EACCES, errno.EAGAIN)
_TEXTS: Mapping[str, str] = {
    "not-a-file": "Only files are taken: no links, pipes or devices.",
    "unknown-place": "The folder doesn't say whose the file is and of what kind.",
    "too-large": "The file is larger than this folder takes.",
    "empty": "There is nothing in the file.",
}
_STAYS = ("unreadable", "not-writable", "raised")
# What couldn't be dealt with is tried again, not at every look.
_STUCK_S = 60.0


class FolderAway(Exception):
    """The folder isn't there, or another process is at it. ``code`` says which."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"the folder can't be looked through now ({code})")


@dataclass(frozen=True, slots=True)
class Seen:
    """A file since when it has been as it is; ``first`` is when it was seen at all."""

    state: State
    since: float
    first: float


@dataclass(frozen=True, slots=True)
class Round:
    """What a look found: how many files were answered, and how many lie there without an answer."""

    answered: int = 0
    waiting: int = 0


class Watch:
    """One folder. ``limit`` is the most bytes a file may have; ``marks`` proves answers to be ours; ``ticking`` gives seconds
    that only ever rise."""

    def __init__(
        self,
        settings: FolderSettings,
        reception: Reception,
        *,
        limit: int,
        marks: Marks,
        counters: Counters = COUNTERS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        ticking: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._reception = reception
        self._limit = limit
        self._marks = marks
        self._counters = counters
        self._clock = clock
        self._ticking = ticking
        self._seen: dict[tuple[str, ...], Seen] = {}
        self._done: dict[tuple[str, ...], State] = {}
        self._stuck: dict[tuple[str, ...], tuple[State, float]] = {}
        self._tidied: set[tuple[str, ...]] = set()

    @property
    def waiting(self) -> int:
        """How many files lay there without an answer when it was last looked."""
        return len(self._seen)

    @property
    def oldest_s(self) -> float:
        """Since when the file that has waited longest has been seen to lie there; 0 where none does."""
        return max((self._ticking() - seen.first for seen in self._seen.values()), default=0.0)

    async def round(self, stopped: Callable[[], bool] = lambda: False) -> Round:
        """Take what is whole. Raises FolderAway; NotNow where broker or store can't do their part, and then everything that
        isn't answered lies where it lay."""
        with _opened(self._settings) as root:
            found = await asyncio.to_thread(self._look, root)
            answered = 0
            for each in found:
                if stopped():
                    break
                if self._is_whole(each):
                    answered += await self._answer(root, each)
        return Round(answered, self.waiting)

    def _look(self, root: Directory) -> list[Found]:
        """What lies there without an answer, as far as we know; what is gone is forgotten."""
        now = self._ticking()
        found = [each for each in found_in(root, self._settings) if self._done.get(each.key) != each.entry.state]
        before, self._seen = self._seen, {}
        for each in found:
            old = before.get(each.key)
            same = old is not None and old.state == each.entry.state
            since, first = (old.since if old and same else now), (old.first if old else now)
            self._seen[each.key] = Seen(each.entry.state, since, first)
        self._stuck = {key: stuck for key, stuck in self._stuck.items() if key in self._seen}
        return found

    def _is_whole(self, found: Found) -> bool:
        # somebody links a finished file into place and removes the other name next
        linked = found.entry.what == "file" and found.entry.links > 1
        stuck, until = self._stuck.get(found.key, (None, 0.0))
        if stuck == found.entry.state and self._ticking() < until:
            return False
        settles = self._settings.settle_seconds
        if not found.entry.state.size and found.entry.what == "file":
            settles = max(settles, _EMPTY_SETTLES_S)
        return not linked and self._ticking() - self._seen[found.key].since >= settles

    async def _answer(self, root: Directory, found: Found) -> bool:
        receipt = new_id()
        became: Became
        with correlated(receipt):
            try:
                with root.down(found.names) as here:
                    became = await self._became(here, found, receipt)
            except Changed:
                self._seen[found.key] = replace(self._seen[found.key], since=self._ticking())
                return False
            except FileNotFoundError:
                del self._seen[found.key]
                return False
            except NotNow:
                raise
            except OSError as problem:
                became = "not-writable"
                log.warning("an answer could not be written", extra={"code": _named(problem)})
            except Exception:
                log.exception("a file raised and is left where it lies")
                became = "raised"
            return self._count(found, became)

    def _count(self, found: Found, became: Became) -> bool:
        """Whether it is answered now. One that stays is told once, not at every look."""
        state = found.entry.state
        if became in _STAYS:
            told, _ = self._stuck.get(found.key, (None, 0.0))
            self._stuck[found.key] = (state, self._ticking() + _STUCK_S)
            if told != state:
                self._counters.add(FILES, kind=found.kind or "none", outcome=became)
                log.error("a file is left where it lies", extra={"reason": became, "kind": found.kind or ""})
            return False
        del self._seen[found.key]
        if self._settings.after == "leave":
            self._done[found.key] = state
        self._counters.add(FILES, kind=found.kind or "none", outcome=became)
        log.info("a file is answered", extra={"reason": became, "kind": found.kind or ""})
        return True

    async def _became(self, here: Directory, found: Found, receipt: str) -> Became:
        answered = Answered(here, move=self._settings.after == "move")
        if here.names not in self._tidied:
            await asyncio.to_thread(answered.tidy)
            self._tidied.add(here.names)
        entry, body = found.entry, b""
        wrong = found.wrong or _unfit(entry.state.size, self._limit)
        if not wrong:
            try:
                body = await asyncio.to_thread(here.read, entry.name, entry.state)
            except FileNotFoundError:
                raise
            except OSError:
                return "unreadable"
            reached("watch.read")
        whose = f"{os.fsencode(found.partner).hex()}\x1f{found.kind or ''}"
        content = Content.of(self._marks, whose, entry.state.size, None if wrong else body)
        if await asyncio.to_thread(answered.finished, entry.name, content, entry.state):
            return "finished"
        if wrong or found.kind is None:
            handed = turned_away(wrong, _TEXTS[wrong], receipt, found.kind)
        else:
            handed = await self._reception.hear(
                body, kind=found.kind, partner=found.partner, receipt=receipt, feed=found.feed
            )
        answer = {**handed.answer(self._clock()), **content.written()}
        prepared = await asyncio.to_thread(answered.prepare, entry.name, content, answer, receipt, handed.to_correct)
        return await self._taken(handed, prepared, entry.state)

    async def _taken(self, handed: Handed, prepared: Prepared, state: State) -> Became:
        try:
            try:
                await self._reception.take(handed)
            except BaseException:
                await asyncio.to_thread(prepared.take_back)
                raise
            reached("watch.queued")
            await asyncio.to_thread(prepared.give)
            reached("watch.answered")
            await asyncio.to_thread(prepared.put_away, state)
        finally:
            prepared.close()
        return handed.outcome


def _unfit(size: int, limit: int) -> str:
    """Why a file of this size isn't read, empty where it is."""
    return "too-large" if size > limit else "" if size else "empty"


@contextmanager
def _opened(settings: FolderSettings) -> Iterator[Directory]:
    """The folder, ours alone for the length of a round. Raises FolderAway."""
    try:
        root = Directory.root(settings.folder)
    except OSError as problem:
        raise FolderAway(_named(problem)) from None
    with root:
        try:
            lock = os.open(_LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=root.fd)
        except OSError as problem:
            raise FolderAway(_named(problem)) from None
        try:
            try:
                fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as problem:
                if problem.errno in _LOCKED:
                    raise FolderAway(ANOTHER_WATCHES) from None
                # a share that keeps no locks: two that watch it may both take a file, which the engine then recognises
                log.warning("the folder can't be locked", extra={"code": _named(problem)})
            yield root
        except OSError as problem:
            raise FolderAway(_named(problem)) from None
        finally:
            os.close(lock)


def _named(problem: OSError) -> str:
    return errno.errorcode.get(problem.errno or 0, type(problem).__name__)
