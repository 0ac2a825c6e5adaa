"""A database that takes connections and never answers: noticed, given up, and left alone until it answers again.

A server that was stopped, or something on the way that swallows what it is sent, keeps a statement waiting for ever: the
kernel at the other end still answers for it, so no keepalive ends the connection, and no timeout of the server's runs out.
So where a statement has waited for some time somebody else knocks. A server that lets them in is busy, and may be. One that
doesn't is silent: every connection to it is hung up, which whoever waits takes as a lost connection, and until it lets
somebody in again whoever wants a new connection is told so at once, instead of waiting in their turn.
"""

import contextlib
import logging
import os
import socket
import threading
import time
import weakref
from typing import Any

import psycopg
from psycopg.errors import ConnectionTimeout
from sqlalchemy import Engine, event

log = logging.getLogger(__name__)

PATIENCE_S = 10.0
"""A statement that has waited for so long gives reason to knock. Longer ones are nothing unusual."""
KNOCK_S = 5
"""Whole seconds that letting somebody in may take."""
# A machine that vanished, where no kernel answers any more, ends its connections within a minute.
_KEEPALIVE = {
    "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 45_000,
}  # fmt: skip
_LOOK_S = 0.5


class _Watched(psycopg.Connection[Any]):
    """A connection that tells since when it has waited for its server."""

    waiting_since: float | None = None

    def waited_s(self, now: float) -> float:
        """How long it has waited; 0 where it doesn't."""
        since = self.waiting_since
        return 0.0 if since is None else max(now - since, 1e-6)

    def wait(self, *args: Any, **options: Any) -> Any:
        self.waiting_since = time.monotonic()
        try:
            return super().wait(*args, **options)
        finally:
            self.waiting_since = None


class Silence:
    """Whether the PostgreSQL behind an engine is silent. What the database's address says of timeouts comes before ours."""

    def __init__(self, engine: Engine) -> None:
        self._lock = threading.Lock()
        self._connections: weakref.WeakSet[_Watched] = weakref.WeakSet()
        self._asked: dict[str, Any] = {}
        self._silent = False
        self._knock_at = 0.0
        event.listen(engine, "do_connect", self._connect)

    def _connect(self, _dialect: Any, _record: Any, _args: Any, asked: dict[str, Any]) -> _Watched:
        if self._silent:
            raise psycopg.OperationalError("the database does not answer")
        self._asked = {"connect_timeout": KNOCK_S, **_KEEPALIVE, **asked}
        try:
            connection = _Watched.connect(**self._asked)
        except ConnectionTimeout:
            self._begin()
            raise
        with self._lock:
            self._connections.add(connection)
        _watchman.watch(self)
        return connection

    def look(self) -> None:
        """Called every so often: notices that silence begins, and that it ends."""
        if self._silent:
            if self._lets_in():
                self._silent = False
                log.warning("the database answers again")
            else:
                self._give_up()
            return
        now = time.monotonic()
        with self._lock:
            longest = max((each.waited_s(now) for each in self._connections), default=0.0)
        if now < self._knock_at or longest < PATIENCE_S:
            return
        if self._lets_in():
            self._knock_at = now + PATIENCE_S
        else:
            self._begin()

    def _lets_in(self) -> bool:
        """Whether the server says anything at all to somebody who knocks: that it is full or starting, too."""
        try:
            psycopg.connect(**self._asked).close()
        except ConnectionTimeout:
            return False
        except psycopg.Error:
            return True
        return True

    def _begin(self) -> None:
        with self._lock:
            began, self._silent = not self._silent, True
            count = len(self._connections)
        _watchman.watch(self)
        if began:
            log.error("the database does not answer; its connections are given up", extra={"count": count})
        self._give_up()

    def _give_up(self) -> None:
        """Hang up what lies idle, and what has waited long enough. Whoever asked just now may have an answer yet."""
        now = time.monotonic()
        with self._lock:
            lost = [each for each in self._connections if not 0 < each.waited_s(now) < PATIENCE_S]
            self._connections.difference_update(lost)
        for each in lost:
            _hang_up(each)


def _hang_up(connection: _Watched) -> None:
    """From another thread than the one that waits. It wakes up as if the server had hung up."""
    with contextlib.suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(connection.fileno())) as ours:
        ours.shutdown(socket.SHUT_RDWR)


class _Watchman:
    """One thread for all engines of a process; begun when there is one to watch, and anew in a process that was forked."""

    def __init__(self) -> None:
        self._all: weakref.WeakSet[Silence] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def watch(self, silence: Silence) -> None:
        with self._lock:
            self._all.add(silence)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._go_round, name="silence", daemon=True)
                self._thread.start()

    def _go_round(self) -> None:
        while True:
            time.sleep(_LOOK_S)
            with self._lock:
                watched = list(self._all)
            for each in watched:
                each.look()


_watchman = _Watchman()
