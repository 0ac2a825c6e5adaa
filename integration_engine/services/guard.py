"""Run a server that must not outlive us: ``guard.py FOLDER LOG SIGNAL COMMAND...`` with pipes as standard input and output.

When the input closes - our side closed it, or this process's parent died, by whatever signal - the server gets SIGNAL,
then SIGKILL, and FOLDER is removed. Until then one-byte orders are obeyed: ``K`` kills the server, ``S`` starts it again
on the same data. ``D`` on the output says that the server died unasked.

A parent-death signal would not do: it follows the thread that started the child, is dropped when the child changes its
user, and would leave the data behind. Run by path with ``python -I``, so nothing of the engine is imported.
"""

import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

_PATIENCE_S = 3.0
_LOOK_S = 0.2


class Server:
    def __init__(self, log: str, command: list[str]) -> None:
        self._log, self._command = log, command
        self._child: subprocess.Popen[bytes] | None = None

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

    def died(self) -> bool:
        if self._child is None or self._child.poll() is None:
            return False
        self.end(signal.SIGKILL)  # its process group may hold more than it
        return True


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
            elif order == b"S":
                server.start()
            elif server.died():
                os.write(sys.stdout.fileno(), b"D")
    finally:
        server.end(int(first))
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
