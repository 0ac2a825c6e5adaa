"""The MLLP door: hospitals' HL7 v2 messages over long-lived TCP connections, each answered in order.

Whatever a client does costs it its own connection only: sizes, idle time, the time for one frame and for taking an answer,
and the number of connections are limited. AA is said only once the broker has the message.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from integration_engine.gateway.mllp_frames import END, START, Event, Frame, Framer, Junk, TooLarge
from integration_engine.monitoring.counters import COUNTERS, describe
from integration_engine.monitoring.logs import correlation, new_id

if TYPE_CHECKING:
    from integration_engine.gateway.app import Rooms
    from integration_engine.gateway.intake import Intake
    from integration_engine.settings import MllpListener, Settings

log = logging.getLogger(__name__)

CONNECTIONS = "cdr_mllp_connections"
FRAMES = "cdr_mllp_frames_total"
describe(CONNECTIONS, "gauge", "MLLP connections that are open.")
describe(FRAMES, "counter", "MLLP frames and what was wrong with them, by outcome.", "outcome")

_READ_BYTES = 64 * 1024
# How long after an end byte without its CR a frame is taken as whole: senders that leave it out wait for their answer.
_UNENDED_SECONDS = 1.0
# Beyond the time that the broker's confirm may take.
_GRACE_SECONDS = 5.0
# Junk between frames is skipped; a connection that sends nothing else isn't speaking MLLP.
_MOST_JUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may ask of a door. Bytes and seconds."""

    frame_bytes: int = 8 * 1024 * 1024
    idle_seconds: float = 3600.0
    frame_seconds: float = 60.0
    answer_seconds: float = 60.0
    confirm_seconds: float = 10.0
    connections: int = 1000
    unended_seconds: float = _UNENDED_SECONDS


Answerer = Callable[[bytes], Awaitable[bytes | None]]
"""Given a message's bytes, what to say back; None for silence."""


class MllpServer:
    """One port. ``answer`` is given each message, ``too_large`` the beginning of one that was over the limit."""

    def __init__(
        self, answer: Answerer, too_large: Answerer, limits: Limits = Limits(), tls: ssl.SSLContext | None = None
    ) -> None:
        self._answer = answer
        self._too_large = too_large
        self._limits = limits
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def start(self, host: str, port: int) -> int:
        """Open the port and return its number (a free one for 0). Raises OSError where it is taken."""
        self._server = await asyncio.start_server(
            self._connected, host, port, ssl=self._tls, limit=_READ_BYTES, backlog=1024
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Take no new connection, let what is being answered be answered, then close."""
        self._stopping = True
        if self._server is not None:
            self._server.close()
        for task in self._serving - self._busy:
            task.cancel()
        if self._serving:
            _, late = await asyncio.wait(set(self._serving), timeout=self._limits.confirm_seconds + _GRACE_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._serving) >= self._limits.connections or self._stopping:
            COUNTERS.add(FRAMES, outcome="too-many-connections")
            writer.transport.abort()
            return
        self._serving.add(task)
        COUNTERS.put(CONNECTIONS, len(self._serving))
        # A client whose machine died says nothing for ever; the kernel finds out.
        connected = writer.get_extra_info("socket")
        if connected is not None:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        try:
            await self._serve(reader, writer, task)
            writer.close()
        except (ConnectionError, TimeoutError, ssl.SSLError):
            # Nothing is flushed to a client that is gone or doesn't read.
            COUNTERS.add(FRAMES, outcome="connection-lost")
            writer.transport.abort()
        except BaseException:
            writer.transport.abort()
            raise
        finally:
            self._serving.discard(task)
            self._busy.discard(task)
            COUNTERS.put(CONNECTIONS, len(self._serving))

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, task: "asyncio.Task[None]"
    ) -> None:
        framer = Framer(self._limits.frame_bytes)
        junk = 0
        deadline: float | None = None
        loop = asyncio.get_running_loop()
        while not self._stopping:
            data = await self._more(reader, framer, deadline)
            if data is None:
                return
            events = framer.feed(data) if data else framer.take_unended()
            if not framer.is_open:
                deadline = None
            elif deadline is None or events:
                deadline = loop.time() + self._limits.frame_seconds
            for event in events:
                if isinstance(event, Junk):
                    junk += event.count
                    COUNTERS.add(FRAMES, outcome="junk")
                    if event.foreign or junk > _MOST_JUNK_BYTES:
                        log.warning("a connection that doesn't speak MLLP was closed", extra={"door": "mllp"})
                        return
                    continue
                self._busy.add(task)
                try:
                    await self._reply(event, writer)
                finally:
                    self._busy.discard(task)

    async def _more(self, reader: asyncio.StreamReader, framer: Framer, deadline: float | None) -> bytes | None:
        """The next bytes; none of them for a frame that ends without CR and then pauses; None to close."""
        now = asyncio.get_running_loop().time()
        patience = self._limits.idle_seconds if deadline is None else max(0.0, deadline - now)
        pausing = framer.may_be_whole and self._limits.unended_seconds < patience
        try:
            async with asyncio.timeout(self._limits.unended_seconds if pausing else patience):
                data = await reader.read(_READ_BYTES)
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

    async def _reply(self, event: Event, writer: asyncio.StreamWriter) -> None:
        correlation.set(new_id())
        if isinstance(event, Frame) and not event.body.strip(b"\r\n\0 "):
            COUNTERS.add(FRAMES, outcome="empty")
            log.warning("an empty frame was dropped", extra={"door": "mllp"})
            return
        if isinstance(event, Frame):
            if event.dropped:
                COUNTERS.add(FRAMES, outcome="unfinished")
                log.warning("an unfinished message was given up by its sender", extra={"door": "mllp"})
            COUNTERS.add(FRAMES, outcome="whole")
            said = await self._answer(event.body)
        elif isinstance(event, TooLarge):
            COUNTERS.add(FRAMES, outcome="too-large")
            said = await self._too_large(event.head)
        if said is None:
            return
        writer.write(START + said + END)
        # A client that never reads its answers must not hold them here for ever.
        async with asyncio.timeout(self._limits.answer_seconds):
            await writer.drain()


@contextlib.asynccontextmanager
async def listeners(settings: "Settings", rooms: "Rooms", intake: "Intake") -> AsyncIterator[Sequence[int]]:
    """Open every MLLP port of the settings for the length of the block; their numbers. Raises OSError."""
    from integration_engine.gateway.mllp_door import HospitalDoor
    from integration_engine.gateway.traced import traced

    COUNTERS.put(CONNECTIONS, 0)
    limits = Limits(
        frame_bytes=settings.mllp_max_bytes,
        idle_seconds=settings.mllp_idle_seconds,
        frame_seconds=settings.mllp_frame_seconds,
        connections=settings.mllp_connections,
        confirm_seconds=settings.confirm_seconds,
    )
    servers: list[MllpServer] = []
    ports: list[int] = []
    try:
        for listener in settings.mllp:
            door = HospitalDoor(intake, rooms.people, partner=listener.partner, feed=listener.feed, clock=rooms.clock)
            server = MllpServer(traced(door.answer), traced(door.too_large), limits, tls_of(listener))
            ports.append(await server.start(listener.host, listener.port))
            servers.append(server)
        yield ports
    finally:
        await asyncio.gather(*(server.stop() for server in servers))


def tls_of(listener: "MllpListener") -> ssl.SSLContext | None:
    """The TLS of a listener, None where it has no certificate. ``client_ca`` asks for a client's certificate too.

    Raises OSError or ssl.SSLError for files that can't be used.
    """
    if listener.tls_certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(listener.tls_certificate, listener.tls_key)
    if listener.client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(listener.client_ca)
    return context
