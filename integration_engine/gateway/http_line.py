"""How long an HTTP client may take over what it sends and reads, and how many connections there may be at once.

The server under us waits for ever: for a head that never ends, a body that drips, a client that never reads its answer. Each
such connection is an open file, and a process without one left reaches neither its broker nor its other partners. So every
part of a request has its time, whatever comes meanwhile, and where there are too many connections those give way that have
asked for nothing.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from integration_engine.monitoring.counters import COUNTERS, HTTP_ANSWERS

log = logging.getLogger(__name__)

_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
# What is still to come of a request: its head, or its body.
_ARRIVING = (h11.IDLE, h11.SEND_BODY)
# A flood is told once a minute, not once a connection.
_TOLD_S = 60.0


@dataclass(frozen=True, slots=True)
class Patience:
    """``seconds``: how long the head of a request may take to arrive, then its body, and how long an answer may wait for its
    reader. ``connections``: at most so many at once."""

    seconds: float = 60.0
    connections: int = 500


def patient(base: type[H11Protocol], patience: Patience) -> type[H11Protocol]:
    """The server's protocol with these limits, for one server: they are counted together."""
    told = float("-inf")
    lines: set[Any] = set()

    def tell(loop: asyncio.AbstractEventLoop) -> None:
        nonlocal told
        if loop.time() - told > _TOLD_S:
            told = loop.time()
            log.warning(
                "too many HTTP connections: those that ask nothing give way", extra={"count": patience.connections}
            )

    class Patient(base):  # type: ignore[misc, valid-type]  # its base is chosen while the program runs
        since = 0.0
        _phase: object = None
        _arrives: asyncio.TimerHandle | None = None
        _is_read: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            self._look()
            others = [each for each in lines if not each.transport.is_closing()]
            if len(others) >= patience.connections:
                tell(self.loop)
                idle = [each for each in others if each.asks_nothing]
                min(idle, key=lambda each: each.since, default=self).transport.abort()
            lines.add(self)

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            lines.discard(self)
            for timer in (self._arrives, self._is_read):
                if timer is not None:
                    timer.cancel()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._look()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._look()

        def pause_writing(self) -> None:
            super().pause_writing()
            self._is_read = self.loop.call_later(patience.seconds, self.transport.abort)

        def resume_writing(self) -> None:
            super().resume_writing()
            if self._is_read is not None:
                self._is_read.cancel()

        @property
        def asks_nothing(self) -> bool:
            """Whether no request of it is being answered."""
            return self.cycle is None or self.cycle.response_complete

        def _look(self) -> None:
            """Give each part of a request its time from its beginning on: what drips in meanwhile gives it no more. Between
            two requests the server's own limit holds."""
            waits = self.conn.their_state is h11.IDLE
            begun = waits and bool(self.conn.trailing_data[0])
            phase = (self.cycle, self.conn.their_state, begun)
            if phase == self._phase:
                return
            self._phase, self.since = phase, self.loop.time()
            if self._arrives is not None:
                self._arrives.cancel()
            between = waits and self.cycle is not None and not begun
            if self.conn.their_state in _ARRIVING and not between:
                self._arrives = self.loop.call_later(patience.seconds, self._too_slow)

        def _too_slow(self) -> None:
            COUNTERS.add(HTTP_ANSWERS, door="other", status="408")
            if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE) and not self.flow.write_paused:
                self.transport.write(_TOO_SLOW)
                self.transport.close()
            else:
                self.transport.abort()

    return Patient
