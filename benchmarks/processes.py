"""The processes of a measurement: processor time and memory of the worker, the database and the broker, each apart.

Read from ``/proc``. Everything started for a benchmark descends from it, so a server is known by its program's name.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_DATABASE, _BROKER = "postgres", "beam.smp"


@dataclass(frozen=True)
class Spent:
    """Processor seconds so far. Of a server that isn't this machine's nothing is known: nought."""

    workers: float
    database: float
    broker: float

    def since(self, before: "Spent") -> "Spent":
        return Spent(self.workers - before.workers, self.database - before.database, self.broker - before.broker)


@dataclass(frozen=True)
class _Process:
    pid: int
    parent: int
    name: str
    seconds: float


def spent(workers: Iterable[int]) -> Spent:
    """What these worker processes (and theirs), the database and the broker that we started have used of the processor."""
    all_ = {process.pid: process for process in _processes()}
    ours = _family(all_, {os.getpid()})
    theirs = _family(all_, set(workers))

    def of(name: str) -> float:
        return sum(each.seconds for each in ours if each.name == name)

    return Spent(sum(each.seconds for each in theirs), of(_DATABASE), of(_BROKER))


def resident_mib(pid: int) -> float:
    """How much of a process is in memory now, MiB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 2**20


def _family(all_: dict[int, _Process], heads: set[int]) -> list[_Process]:
    """These processes and all that descend from them."""
    found: list[_Process] = []
    known = set(heads)
    waiting = list(all_.values())
    while True:
        born = [each for each in waiting if each.pid in known or each.parent in known]
        if not born:
            return found
        found += born
        known |= {each.pid for each in born}
        waiting = [each for each in waiting if each.pid not in known]


def _processes() -> list[_Process]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:  # it has ended meanwhile
            continue
        before, _, after = text.rpartition(")")
        pid, _, name = before.partition(" (")
        fields = after.split()
        # user and system time, its own and that of children that have ended
        ticks = sum(map(int, fields[11:15]))
        found.append(_Process(int(pid), int(fields[1]), name, ticks / _TICK))
    return found
