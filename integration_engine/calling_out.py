"""What every call of ours to a service of somebody else's keeps to: whom it trusts, and when all of it must be done."""

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path


def trust(ca: Path | None, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """Whom we trust to be the other side (``ca``; without it the machine's own authorities), and what it may know us by. PEM
    files. Raises OSError where one can't be read (``ssl.SSLError`` is one)."""
    context = ssl.create_default_context(cafile=str(ca) if ca else None)
    if certificate:
        context.load_cert_chain(certificate, key)
    return context


@contextlib.contextmanager
def within(connection: http.client.HTTPConnection, seconds: float) -> Iterator[threading.Event]:
    """Everything on this connection has to be done within so many seconds. The socket's own limit is for each read only: a
    service that sends a byte a second would hold us for ever."""
    late = threading.Event()

    def end() -> None:
        late.set()
        if connection.sock is not None:
            with contextlib.suppress(OSError):
                # By the plain socket: TLS would wait for the other side to agree.
                socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()
