"""One MLLP connection: frames in, each answered before the next is looked at, whatever the client does.

Nobody is read from while they are answered, wait for their turn, or wait for room for a large frame: the network tells the
sender, and nothing is lost.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from integration_engine.gateway.mllp_clients import ClientCertificate
from integration_engine.gateway.mllp_frames import END, START, Frame, Framer, Junk, TooLarge
from integration_engine.gateway.turns import Pace
from integration_engine.monitoring.counters import COUNTERS, describe
from integration_engine.monitoring.logs import correlation, new_id

log = logging.getLogger(__name__)

FRAMES = "cdr_mllp_frames_total"
describe(FRAMES, "counter", "MLLP frames, and what was wrong with them or their connection, by outcome.", "outcome")

READ_BYTES = 64 * 1024
# How long after an end byte without its CR a frame is taken as whole: senders that leave it out wait for their answer.
_UNENDED_SECONDS = 1.0
# Junk between frames is skipped; a connection that sends nothing else isn't speaking MLLP.
_MOST_JUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may ask of a door. Bytes and seconds; ``a_second`` messages, 0 for as many as come.

    ``memory_bytes``: what large frames may hold together while they come in; who wants more waits.
    """

    frame_bytes: int = 8 * 1024 * 1024
    idle_seconds: float = 3600.0
    frame_seconds: float = 60.0
    answer_seconds: float = 60.0
    confirm_seconds: float = 10.0
    handshake_seconds: float = 15.0
    connections: int = 1000
    unended_seconds: float = _UNENDED_SECONDS
    a_second: float = 0.0
    memory_bytes: int = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said to one message: so many frames, none for silence. ``hang_up``: it isn't taken and no word may say so,
    so the connection ends and its sender knows that something is wrong."""

    frames: tuple[bytes, ...] = ()
    hang_up: bool = False


class Door(Protocol):
    """What answers the messages of a connection. Neither call raises."""

    async def answer(self, body: bytes) -> Reply: ...

    async def too_large(self, head: bytes) -> Reply:
        """What to say to a message over the limit, by its beginning."""
        ...


class Room:
    """Memory for large frames while they come in, shared by all connections: so many may be under way at once."""

    def __init__(self, limits: Limits) -> None:
        self._places = asyncio.Semaphore(max(1, limits.memory_bytes // limits.frame_bytes))

    async def enter(self) -> None:
        await self._places.acquire()

    def leave(self) -> None:
        self._places.release()


class Line:
    """One client's connection. ``certificate`` is what it proved itself by, ``trust`` which authorities vouched for it
    (``Tls.trust``). ``opened`` is when, by the event loop's clock; ``messages`` counts what it has sent."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        door: Door,
        limits: Limits,
        room: Room,
        *,
        certificate: ClientCertificate | None = None,
        trust: int = 0,
    ) -> None:
        self.certificate = certificate
        self.trust = trust
        self.messages = 0
        self.busy = False
        self.stopping = False
        self._reader = reader
        self._writer = writer
        self._door = door
        self._limits = limits
        self._room = room
        self._in_room = False
        self._framer = Framer(limits.frame_bytes)
        self._pace = Pace(limits.a_second)
        self._junk = 0
        self._deadline: float | None = None
        self._loop = asyncio.get_running_loop()

    def is_outlived(self, trust: int, now: datetime) -> bool:
        """Whether what it proved itself by counts no more: its certificate has ended, or the authorities have changed."""
        return self.certificate is not None and (self.trust != trust or self.certificate.until <= now)

    async def serve(self) -> None:
        """Until the client goes or has to. Raises ConnectionError, TimeoutError or ssl.SSLError where it is lost."""
        try:
            while not self.stopping:
                data = await self._more()
                if data is None or not await self._hear(data):
                    return
        finally:
            self._leave_room()

    async def _more(self) -> bytes | None:
        """The next bytes; none of them for a frame that ends without CR and then pauses; None to close."""
        await self._enter_room()
        limits, framer = self._limits, self._framer
        patience = limits.idle_seconds if self._deadline is None else max(0.0, self._deadline - self._loop.time())
        pausing = framer.may_be_whole and limits.unended_seconds < patience
        try:
            async with asyncio.timeout(limits.unended_seconds if pausing else patience):
                data = await self._reader.read(READ_BYTES)
        except TimeoutError:
            if pausing:
                return b""
            COUNTERS.add(FRAMES, outcome="slow" if framer.is_open else "idle")
            return None
        if not data and framer.may_be_whole:
            # The sender closed its side right after the end byte; the answer may still reach it.
            return b""
        if not data and framer.is_open:
            COUNTERS.add(FRAMES, outcome="cut")
        return data or None

    async def _hear(self, data: bytes) -> bool:
        """Answer what these bytes complete; False to close the connection."""
        events = self._framer.feed(data) if data else self._framer.take_unended()
        answered = False
        for event in events:
            if self.stopping:
                # What nobody has answered its sender sends again.
                return False
            if isinstance(event, Junk):
                if self._is_no_mllp(event):
                    return False
                continue
            self.busy = answered = True
            try:
                if not await self._answer(event):
                    return False
            finally:
                self.busy = False
        if not self._framer.is_open:
            self._deadline = None
        elif self._deadline is None or answered:
            # Its time begins when we are ready for the rest of it.
            self._deadline = self._loop.time() + self._limits.frame_seconds
        if self._framer.held <= READ_BYTES:
            self._leave_room()
        return True

    def _is_no_mllp(self, junk: Junk) -> bool:
        if not self._junk and not junk.foreign:
            # Said once: whoever forgets the start byte once forgets it always.
            log.warning("bytes outside any frame were dropped", extra={"door": "mllp", "count": junk.count})
        self._junk += junk.count
        COUNTERS.add(FRAMES, outcome="junk")
        if not junk.foreign and self._junk <= _MOST_JUNK_BYTES:
            return False
        log.warning("a connection that doesn't speak MLLP was closed", extra={"door": "mllp"})
        return True

    async def _answer(self, event: Frame | TooLarge) -> bool:
        """Answer one message; False to close the connection."""
        correlation.set(new_id())
        self.messages += 1
        if isinstance(event, Frame) and not event.body.strip(b"\r\n\0 "):
            COUNTERS.add(FRAMES, outcome="empty")
            log.warning("an empty frame was dropped", extra={"door": "mllp"})
            return True
        if wait := self._pace.turn(self._loop.time()):
            COUNTERS.add(FRAMES, outcome="slowed")
            await asyncio.sleep(wait)
        if isinstance(event, Frame):
            if event.dropped:
                COUNTERS.add(FRAMES, outcome="unfinished")
                log.warning("an unfinished message was given up by its sender", extra={"door": "mllp"})
            COUNTERS.add(FRAMES, outcome="whole")
            reply = await self._door.answer(event.body)
        else:
            COUNTERS.add(FRAMES, outcome="too-large")
            reply = await self._door.too_large(event.head)
        for said in reply.frames:
            self._writer.write(START + said + END)
        # A client that never reads its answers must not hold them here for ever.
        async with asyncio.timeout(self._limits.answer_seconds):
            await self._writer.drain()
        if reply.hang_up:
            COUNTERS.add(FRAMES, outcome="hung-up")
        return not reply.hang_up

    async def _enter_room(self) -> None:
        if self._framer.held <= READ_BYTES or self._in_room:
            return
        asked = self._loop.time()
        await self._room.enter()
        self._in_room = True
        if self._deadline is not None:
            # The wait was ours.
            self._deadline += self._loop.time() - asked

    def _leave_room(self) -> None:
        if self._in_room:
            self._in_room = False
            self._room.leave()
