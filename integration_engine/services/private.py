"""Starting this machine's own server programs privately: free ports, a user that is not root, a guard over them."""

import contextlib
import os
import pwd
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_DIED = b"D"
_GUARD = Path(__file__).with_name("guard.py")
_PORTS = range(15_000, 32_000)
# A user's PATH on Debian leaves the system administration folders out.
_ELSEWHERE = ("/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/sbin", "/opt/homebrew/bin")


def find_program(name: str, *folders: str) -> str | None:
    """The path of a server's program: in ``folders`` first, then on PATH, then where administrators' programs are."""
    for folder in folders:
        if (path := shutil.which(name, path=folder)) is not None:
            return path
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(_ELSEWHERE))


def free_ports(count: int) -> list[int]:
    """Ports of the loopback interface that nobody listens on now, all different. Raises OSError where there aren't so many.

    From below those that systems give to connections going out (32768 and up on Linux): a server that dies and is started
    again would otherwise find its port taken now and then, by a client of somebody else's, or by one that was looking for it.
    """
    held: list[socket.socket] = []
    try:
        for port in random.sample(_PORTS, len(_PORTS)):
            if len(held) == count:
                return [one.getsockname()[1] for one in held]
            with contextlib.suppress(OSError):
                held.append(socket.create_server(("127.0.0.1", port)))
        raise OSError(f"fewer than {count} ports are free")
    finally:
        for one in held:
            one.close()


@dataclass(frozen=True)
class Account:
    """Who a private server runs as: a user of its own where we are root, ourselves otherwise."""

    name: str | None

    def own(self, *paths: Path) -> None:
        if self.name is not None:
            entry = pwd.getpwnam(self.name)
            for path in paths:
                os.chown(path, entry.pw_uid, entry.pw_gid)

    def command(self, command: Sequence[str]) -> list[str]:
        """``command`` as this account. ``setpriv`` replaces itself, so the process we start is the server itself."""
        if self.name is None:
            return list(command)
        entry = pwd.getpwnam(self.name)
        return ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups", *command]


def account(wanted: str) -> Account:
    """The account ``wanted`` if we are root and it exists; otherwise our own."""
    if os.geteuid() != 0:
        return Account(None)
    try:
        pwd.getpwnam(wanted)
    except KeyError:
        return Account(None)
    return Account(wanted)


def new_folder(purpose: str, owner: Account) -> Path:
    """An empty folder only ``owner`` can read."""
    folder = Path(tempfile.mkdtemp(prefix=f"cdr-{purpose}-"))
    owner.own(folder)
    return folder


class Guarded:
    """A server under guard. It ends when :meth:`stop` is called or this process dies, and its ``folder`` goes with it.

    ``ending`` is the signal that ends it; the data is thrown away, so it may be a hard one.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], folder: Path, ending: signal.Signals):
        self._log = folder / "log"
        self._process = subprocess.Popen(  # noqa: S603 - our own guard over a server program found above
            [sys.executable, "-I", str(_GUARD), str(folder), str(self._log), str(int(ending)), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(environment),
            start_new_session=True,
            cwd=folder,
            bufsize=0,
        )

    @property
    def running(self) -> bool:
        """False once the server has died unasked."""
        if self._process.stdout is None or self._process.poll() is not None:
            return False
        return not select.select([self._process.stdout], [], [], 0)[0]

    def kill(self) -> None:
        """As a crash would: SIGKILL, data as it lies."""
        self._order(b"K")

    def start(self) -> None:
        """Again, on the same data and ports."""
        self._order(b"S")

    def hold(self) -> None:
        """Hold it still: it keeps its connections, and takes new ones as far as the kernel does that for it."""
        self._order(b"H")

    def go_on(self) -> None:
        """After ``hold``."""
        self._order(b"G")

    def stop(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait(30)

    def last_words(self) -> str:
        """The end of the server's own log, for the error that says it didn't start."""
        try:
            lines = self._log.read_text(errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(lines[-8:])

    def _order(self, order: bytes) -> None:
        if self._process.stdin is None or self._process.stdout is None:
            return
        self._process.stdin.write(order)
        while self._process.stdout.read(1) == _DIED:
            pass  # it had died unasked before; whatever was ordered, that is no news any more
