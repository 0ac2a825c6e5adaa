"""Run a server that must not outlive us: ``guard.py FOLDER LOG SIGNAL COMMAND...`` with pipes as standard input and output.

When the input closes - our side closed it, or this process's parent died, by whatever signal - the server gets SIGNAL,
then SIGKILL, and FOLDER is removed. Until then one-byte orders are obeyed: ``K`` kills the server, ``S`` starts it again
on the same data, ``H`` holds it and all its processes still, ``G`` lets them go on; ``.`` comes back on the output when
that is done. ``D`` on the output says that the server died unasked.

A parent-death signal would not do: it follows the thread that started the child, is dropped when the child changes its
user, and would leave the data behind. Run by path with ``python -I``, so nothing of the engine is imported.
"""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

_PATIENCE_S = 3.0
_LOOK_S = 0.2
_SIGNALS = {b"H": signal.SIGSTOP, b"G": signal.SIGCONT}


class Server:
    def __init__(self, log: str, command: list[str]) -> None:
        self._log, self._command = log, command
        self._child: subprocess.Popen[bytes] | None = None
        self._held = False

    def start(self) -> None:
        with Path(self._log).open("ab") as output:
            self._child = subprocess.Popen(  # noqa: S603 - the server we were asked to guard
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def end(self, first: int) -> None:
        if self._held:
            self.signal(signal.SIGCONT)  # what is held still would outlive its server
        child, self._child = self._child, None
        if child is None:
            return
        for number in (first, signal.SIGKILL):
            try:
                os.killpg(child.pid, number)
                child.wait(_PATIENCE_S)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
            else:
                break
        child.wait()

    def signal(self, number: int) -> None:
        """To the server and all that it started: not all of those are in its process group."""
        self._held = number == signal.SIGSTOP
        if self._child is not None:
            for pid in family(self._child.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)

    def died(self) -> bool:
        if self._child is None or self._child.poll() is None:
            return False
        self.end(signal.SIGKILL)  # its process group may hold more than it
        return True


def family(first: int) -> list[int]:
    """A process and its descendants, parents before children; where there is no ``/proc``, only itself."""
    children: dict[int, list[int]] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = place.read_text(errors="replace").rpartition(")")[2].split()[1]
            children.setdefault(int(parent), []).append(int(place.parent.name))
    found = [first]
    for pid in found:
        found += children.get(pid, [])
    return found


def main(folder: str, log: str, first: str, command: list[str]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):  # a Ctrl-C reaches our parent too, and it decides
        signal.signal(number, lambda *_: None)  # SIG_IGN would be inherited by the server
    server = Server(log, command)
    server.start()
    try:
        while True:
            ready, _, _ = select.select([sys.stdin], [], [], _LOOK_S)
            order = os.read(sys.stdin.fileno(), 1) if ready else None
            if order == b"":
                return
            if order == b"K":
                server.end(signal.SIGKILL)
                os.write(sys.stdout.fileno(), b".")
            elif order == b"S":
                server.start()
                os.write(sys.stdout.fileno(), b".")
            elif order in _SIGNALS:
                server.signal(_SIGNALS[order])
                os.write(sys.stdout.fileno(), b".")
            elif server.died():
                os.write(sys.stdout.fileno(), b"D")
    finally:
        server.end(int(first))
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
