"""The MLLP door: hospitals' HL7 v2 messages over long-lived TCP connections, each answered in order.

Whatever a client does costs it its own connection only: sizes, idle time, the time for one frame, for a TLS handshake and for
taking an answer, the pace and the number of connections are limited. AA is said only once the broker has the message.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from integration_engine.gateway.mllp_clients import ClientCertificate
from integration_engine.gateway.mllp_line import FRAMES, READ_BYTES, Door, Limits, Line, Room
from integration_engine.gateway.mllp_tls import Tls
from integration_engine.monitoring.counters import COUNTERS, describe

log = logging.getLogger(__name__)

CONNECTIONS = "cdr_mllp_connections"
describe(CONNECTIONS, "gauge", "MLLP connections that are open.")

# Beyond the time that the broker's confirm may take.
_GRACE_SECONDS = 5.0
# How soon a certificate that has ended, authorities that have changed or a partner that was revoked end the connections that
# rest on them.
_LOOK_SECONDS = 2.0
# How long accepting pauses where the system has no descriptor left.
_BREATH_SECONDS = 0.5
# Where a port is full, whoever has been connected so long and never sent a message gives way.
_SILENT_SECONDS = 30.0
# A machine that died says nothing for ever. The kernel asks after a minute of silence, and four times more.
_KEEPALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))

Welcome = Callable[[ClientCertificate | None], Awaitable[Door | None]]
"""Who answers a connection, by its client certificate; None where it is nobody's (any more), who isn't let in. Asked as it
opens, and every few seconds from then on."""


@dataclass(slots=True)
class _Guest:
    """A connection from the moment it is accepted; ``line`` once it was welcomed."""

    since: float
    line: Line | None = None


class MllpServer:
    """One port. ``room`` is shared with the other ports of a process."""

    def __init__(
        self,
        welcome: Welcome,
        limits: Limits = Limits(),
        tls: Tls | None = None,
        room: Room | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._welcome = welcome
        self._limits = limits
        self._tls = tls
        self._room = room or Room(limits)
        self._clock = clock
        self._guests: dict[asyncio.Task[None], _Guest] = {}
        self._duties: list[asyncio.Task[None]] = []
        self._listener: socket.socket | None = None

    async def start(self, host: str, port: int) -> int:
        """Open the port and return its number (a free one for 0). Raises OSError where it is taken."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=1024)
        self._listener.setblocking(False)
        self._duties.append(asyncio.create_task(self._accept(self._listener)))
        self._duties.append(asyncio.create_task(self._look()))
        return int(self._listener.getsockname()[1])

    async def stop(self) -> None:
        """Take no new connection, let what is being answered be answered, then close."""
        for duty in self._duties:
            duty.cancel()
        await asyncio.gather(*self._duties, return_exceptions=True)
        if self._listener is not None:
            self._listener.close()
        for task, guest in list(self._guests.items()):
            _end(task, guest)
        if self._guests:
            _, late = await asyncio.wait(set(self._guests), timeout=self._limits.confirm_seconds + _GRACE_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listener)
            except OSError:
                # No descriptor or memory left, or the client is gone already: those who are connected go on.
                COUNTERS.add(FRAMES, outcome="not-accepted")
                log.exception("an MLLP connection could not be accepted", extra={"door": "mllp"})
                await asyncio.sleep(_BREATH_SECONDS)
                continue
            if len(self._guests) >= self._limits.connections:
                COUNTERS.add(FRAMES, outcome="too-many-connections")
                self._make_way(loop.time())
                connection.close()
                continue
            guest = _Guest(loop.time())
            task = asyncio.create_task(self._serve(connection, guest))
            self._guests[task] = guest
            COUNTERS.add(CONNECTIONS, 1)
            task.add_done_callback(self._gone)

    def _make_way(self, now: float) -> None:
        """End the connection that has been silent longest without ever having sent a message: whoever comes next finds
        the place."""
        for task, guest in self._guests.items():
            if now - guest.since < _SILENT_SECONDS:
                return
            if guest.line is None or not (guest.line.messages or guest.line.stopping):
                _end(task, guest)
                return

    def _gone(self, task: asyncio.Task[None]) -> None:
        del self._guests[task]
        COUNTERS.add(CONNECTIONS, -1)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("an MLLP connection failed", exc_info=error, extra={"door": "mllp"})

    async def _serve(self, connection: socket.socket, guest: _Guest) -> None:
        try:
            reader, writer = await self._opened(connection)
        except OSError as error:
            # ssl.SSLError and a handshake that takes too long are OSErrors as well.
            COUNTERS.add(FRAMES, outcome="handshake")
            reason = getattr(error, "reason", None) or type(error).__name__
            log.warning("an MLLP connection was not opened", extra={"door": "mllp", "code": str(reason)})
            return
        try:
            guest.line = await self._line(reader, writer)
            if guest.line is not None:
                await guest.line.serve()
            writer.close()
            async with asyncio.timeout(self._limits.answer_seconds):
                await writer.wait_closed()
        except (ConnectionError, TimeoutError, ssl.SSLError):
            # Nothing is flushed to a client that is gone or doesn't read.
            COUNTERS.add(FRAMES, outcome="connection-lost")
            writer.transport.abort()
        except asyncio.CancelledError:
            if guest.line is None or guest.line.busy or writer.is_closing():
                writer.transport.abort()
            # Where nothing was being answered its client is told in the protocol's own way.
            writer.close()
            raise
        except BaseException:
            writer.transport.abort()
            raise

    async def _opened(self, connection: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The streams of an accepted connection, after its TLS handshake where there is one. Raises OSError."""
        loop = asyncio.get_running_loop()
        tls = self._tls.current() if self._tls else None
        try:
            _keep_alive(connection)
            reader = asyncio.StreamReader(limit=READ_BYTES, loop=loop)
            protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol,
                connection,
                ssl=tls,
                ssl_handshake_timeout=self._limits.handshake_seconds if tls else None,
                ssl_shutdown_timeout=self._limits.handshake_seconds if tls else None,
            )
        except BaseException:
            connection.close()
            raise
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Line | None:
        """The conversation with a client that is let in; None for one that isn't."""
        secured = writer.get_extra_info("ssl_object")
        der = secured.getpeercert(binary_form=True) if secured else None
        certificate = ClientCertificate.of(der) if der else None
        door = await self._welcome(certificate)
        if door is None:
            COUNTERS.add(FRAMES, outcome="unknown-certificate" if certificate else "unknown-partner")
            log.warning(
                "a client whose certificate or port is bound to no registered partner was turned away",
                extra={"door": "mllp", "code": certificate.fingerprint if certificate else ""},
            )
            return None
        trust = self._tls.trust if self._tls else 0
        return Line(reader, writer, door, self._limits, self._room, certificate=certificate, trust=trust)

    async def _look(self) -> None:
        """Every few seconds: end the connections whose certificate, authority or partner counts no more."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if self._tls is not None:
                self._tls.current()
            # Many connections are one partner's, by one certificate: it is asked about once.
            asked: dict[ClientCertificate | None, bool] = {}
            for task, guest in list(self._guests.items()):
                if guest.line is not None and not await self._stays(guest.line, asked):
                    COUNTERS.add(FRAMES, outcome="outlived")
                    _end(task, guest)

    async def _stays(self, line: Line, asked: dict[ClientCertificate | None, bool]) -> bool:
        if line.is_outlived(self._tls.trust if self._tls else 0, self._clock()):
            return False
        shown = line.certificate
        if shown not in asked:
            asked[shown] = await self._welcome(shown) is not None
        return asked[shown]


def _end(task: "asyncio.Task[None]", guest: _Guest) -> None:
    """End a connection: at once where nothing is being answered, else after that answer."""
    if guest.line is not None:
        guest.line.stopping = True
    if guest.line is None or not guest.line.busy:
        task.cancel()


def _keep_alive(connection: socket.socket) -> None:
    connection.setblocking(False)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        # Not every system has all of them.
        if (option := getattr(socket, name, None)) is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)
