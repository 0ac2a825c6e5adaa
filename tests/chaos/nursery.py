"""Where the processes of a round come from: asks ``launched`` for each, and hears of its end."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from queue import Queue

_PROJECT = Path(__file__).resolve().parents[2]
_START_S = 60.0


class Born:
    """One process of the engine. ``status`` is None while it lives; minus the signal's number where one killed it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.status: int | None = None
        self._ended = threading.Event()

    def end(self, status: int) -> None:
        self.status = status
        self._ended.set()

    def signal(self, number: signal.Signals) -> None:
        if self.status is None:
            os.kill(self.pid, number)  # reaped only by its parent, which tells us: the number is still its own

    def wait(self, seconds: float) -> int | None:
        """Its status once it has ended; None where it still lives by then."""
        self._ended.wait(seconds)
        return self.status


class Nursery:
    """Use as a context manager; at the end whatever still lives is killed."""

    def __enter__(self) -> "Nursery":
        self._lock = threading.Lock()
        self._children: dict[int, Born] = {}
        self._began: Queue[Born] = Queue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.launched"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(_PROJECT)}, cwd=_PROJECT,
        )  # fmt: skip
        threading.Thread(target=self._hear, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(_START_S)

    def bear(self, part: str, log: Path, folder: Path, environment: Mapping[str, str]) -> Born:
        """Start ``cdr run PART``."""
        order = {"part": part, "log": str(log), "folder": str(folder), "environment": dict(environment)}
        assert self._process.stdin is not None
        with self._lock:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
            return self._began.get(timeout=_START_S)

    def _hear(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            word, *numbers = line.split()
            if word == b"began":
                born = self._children[int(numbers[0])] = Born(int(numbers[0]))
                self._began.put(born)
            else:
                self._children.pop(int(numbers[0])).end(int(numbers[1]))
