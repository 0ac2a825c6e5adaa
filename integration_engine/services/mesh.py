"""NHS England's own sandbox of MESH, started for the tests as a process: the real API, mailboxes in a folder.

It wants another version of a library than the engine does, so it lives in a virtual environment of its own.
"""

import os
import signal
import socket
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError

from integration_engine.services.environment import python_with
from integration_engine.services.private import Account, Guarded, free_ports, new_folder
from integration_engine.services.unavailable import ServiceUnavailable

_SHARED_KEY, _PASSWORD = "sandbox", "password"  # the sandbox's own, for mailboxes it makes of folders
_START_LIMIT_S = 60.0


@dataclass(frozen=True)
class Sandbox:
    """A running MESH. Every mailbox has the same ``password``; mutual TLS where certificates were given. ``boxes`` is where
    the mailboxes' messages lie, a file a chunk."""

    url: str
    mailboxes: tuple[str, ...]
    boxes: Path
    server: Guarded = field(repr=False)
    shared_key: str = field(default=_SHARED_KEY, repr=False)
    password: str = field(default=_PASSWORD, repr=False)


@dataclass(frozen=True)
class Tls:
    """PEM files: the server's own, and the authority whose clients it lets in."""

    certificate: Path
    key: Path
    authority: Path


@contextmanager
def mesh(mailboxes: Sequence[str], tls: Tls | None = None) -> Iterator[Sandbox]:
    """A MESH with these mailboxes for as long as the context lasts. Raises ServiceUnavailable."""
    program = python_with("mesh-sandbox")
    folder = new_folder("mesh", Account(None))
    for mailbox in mailboxes:
        (folder / "boxes" / mailbox / "in").mkdir(parents=True)
    (port,) = free_ports(1)
    command = [str(program), "-m", "uvicorn", "mesh_sandbox.api:app", "--host", "127.0.0.1", "--port", str(port)]
    if tls:
        command += ["--ssl-certfile", str(tls.certificate), "--ssl-keyfile", str(tls.key)]
        command += ["--ssl-ca-certs", str(tls.authority), "--ssl-cert-reqs", "2"]
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "AUTH_MODE": "full",
        "STORE_MODE": "file",
        "SHARED_KEY": _SHARED_KEY,
        "MAILBOXES_DATA_DIR": str(folder / "boxes"),
    }
    server = Guarded(command, environment, folder, signal.SIGTERM)
    try:
        _await_answer(server, port, tls)
        url = f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"
        yield Sandbox(url, tuple(mailboxes), folder / "boxes", server)
    finally:
        server.stop()


def _await_answer(server: Guarded, port: int, tls: Tls | None) -> None:
    until = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < until and server.running:
        try:
            if tls:
                # it lets in who has a certificate alone: that it shakes hands at all says that it is there
                socket.create_connection(("127.0.0.1", port), 1).close()
            else:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
        except (URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise ServiceUnavailable(
        "did-not-start", f"The MESH sandbox doesn't answer. Its last words:\n{server.last_words()}"
    )
