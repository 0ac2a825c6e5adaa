"""A wire that can be cut: a TCP proxy between two parties that breaks, holds up or halves what goes through it."""

import contextlib
import random
import socket
import struct
import threading

_READ_BYTES = 65536
_PATIENCE_S = 10.0


class Proxy:
    """Listens on ``port`` of loopback and passes everything on to ``target``. Use as a context manager.

    ``chance`` decides where a cut falls, so that it is the same for the same seed and traffic.
    """

    def __init__(self, target: tuple[str, int], chance: random.Random | None = None) -> None:
        self._target = target
        self._chance = chance or random.Random(0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._lock = threading.Lock()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._flowing = threading.Event()
        self._flowing.set()
        self._cut_after: int | None = None
        self._closed = self._refusing = False
        self.cuts = 0
        self.held = 0

    def __enter__(self) -> "Proxy":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        self._flowing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Reset every connection, whatever was on its way."""
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for pair in pairs:
            self.cuts += 1
            _reset(*pair)

    def cut_in_the_middle(self, at_most: int = 200) -> None:
        """Let so many more bytes of the next piece through, not all of it, then reset that connection."""
        self._cut_after = self._chance.randrange(1, at_most)

    def refuse(self) -> None:
        """Reset every connection as it opens, until ``accept``."""
        self._refusing = True

    def accept(self) -> None:
        self._refusing = False

    def pause(self) -> None:
        """Hold back everything, in both directions, until ``go_on``."""
        self._flowing.clear()

    def go_on(self) -> None:
        self._flowing.set()

    def _accept(self) -> None:
        while not self._closed:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._refusing:
                self.cuts += 1
                _reset(near)
                continue
            far = self._reached()
            if far is None:
                _reset(near)
                continue
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._pairs.add((near, far))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, sink, (near, far)), daemon=True).start()

    def _reached(self) -> socket.socket | None:
        try:
            far = socket.create_connection(self._target, timeout=_PATIENCE_S)
        except OSError:
            return None
        if far.getsockname() == far.getpeername():
            # Knocking where nobody listens, a socket may find itself, and keep the port from whoever is to listen there.
            _reset(far)
            return None
        far.settimeout(None)
        return far

    def _carry(self, source: socket.socket, sink: socket.socket, pair: tuple[socket.socket, socket.socket]) -> None:
        try:
            while data := source.recv(_READ_BYTES):
                self.held += not self._flowing.is_set()
                self._flowing.wait()
                limit, self._cut_after = self._cut_after, None
                if limit is not None and limit < len(data):
                    sink.sendall(data[:limit])
                    self.cuts += 1
                    _reset(*pair)
                    return
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)  # the other direction may go on
        except OSError:
            _reset(*pair)
            with self._lock:
                self._pairs.discard(pair)


def _reset(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            # lingering for no time at all makes it a reset instead of an orderly end
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.shutdown(socket.SHUT_RD)  # wakes whoever reads it here; nothing is said to the other side
        with contextlib.suppress(OSError):
            end.close()
