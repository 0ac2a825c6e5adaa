"""NHS England's own sandbox of MESH, started for the tests as a process: the real API, mailboxes in a folder.

It wants another version of a library than the engine does, so it lives in a virtual environment of its own, made here from
``mesh-sandbox.lock`` when it is first needed.
"""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError

from integration_engine.services.private import Account, Guarded, free_ports, new_folder
from integration_engine.services.unavailable import ServiceUnavailable

_PROJECT = Path(__file__).resolve().parents[2]
_LOCK = _PROJECT / "mesh-sandbox.lock"
_ENVIRONMENT = _PROJECT / ".venv-mesh-sandbox"
_SHARED_KEY, _PASSWORD = "sandbox", "password"  # the sandbox's own, for mailboxes it makes of folders
_START_LIMIT_S, _INSTALL_LIMIT_S = 60.0, 900


@dataclass(frozen=True)
class Sandbox:
    """A running MESH. Every mailbox has the same ``password``; mutual TLS where certificates were given."""

    url: str
    mailboxes: tuple[str, ...]
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
    program = sandbox_python()
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
        yield Sandbox(url, tuple(mailboxes), server)
    finally:
        server.stop()


def sandbox_python() -> Path:
    """The interpreter that has the sandbox, installed where it isn't there yet. Raises ServiceUnavailable."""
    program = _ENVIRONMENT / "bin" / "python"
    ready = _ENVIRONMENT / ".ready"
    _ENVIRONMENT.mkdir(exist_ok=True)
    with (_ENVIRONMENT / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs may want it at once
        if not ready.exists() or ready.stat().st_mtime < _LOCK.stat().st_mtime:
            pip = [str(program), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
            _run([sys.executable, "-m", "venv", str(_ENVIRONMENT)])
            _run([*pip, "--no-deps", "-r", str(_LOCK)])
            ready.touch()
    return program


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, timeout=_INSTALL_LIMIT_S, check=False)  # noqa: S603 - our own
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-3:]
        raise ServiceUnavailable("not-installed", "The MESH sandbox could not be installed:\n" + "\n".join(last))


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
