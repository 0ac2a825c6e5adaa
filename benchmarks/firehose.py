"""A hospital's whole feed, of which one message in a thousand matters: how fast a worker drains it.

    python -m benchmarks firehose [--messages 60000] [--rounds 2]

The floor, in the same run on the same broker: the same messages consumed and acknowledged with the same prefetch by bare
pika. The engine's worker is a process (``cdr run worker``) on PostgreSQL; what has to be read is read, and deaths become
cases. The clock runs from the first fifth of the messages to the empty queue. Both take turns, and the best round of each
counts: a drain lasts seconds, and whatever else the machine does in them would stand between the two.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.figures import Figure, Report, Target
from benchmarks.house import House, house
from benchmarks.processes import Spent, spent
from benchmarks.wards import firehose

KIND, QUEUE = "hospital-hl7", "intake.hospital-hl7"
OF_THE_DRAIN = 0.8
_BEFORE = 0.2
_PATIENCE_S = 600.0


@dataclass(frozen=True)
class Drained:
    """Messages a second, and microseconds of the processor each."""

    rate: float
    spent: Spent


def options(ask: argparse.ArgumentParser) -> None:
    ask.add_argument("--messages", type=int, default=60_000)
    ask.add_argument("--rounds", type=int, default=2)


def measure(said: argparse.Namespace, report: Report) -> Iterator[Figure]:
    bodies = list(firehose(said.messages))
    with house(report) as home:
        engines, bares = [], []
        for n in range(said.rounds):
            url = home.new_database("PostgreSQL", f"firehose_{n}")
            engines.append(_drained(home, url, bodies, ["integration_engine.cli", "run", "worker"]))
            bares.append(_drained(home, url, bodies, ["benchmarks.drain", QUEUE]))
    engine, bare = (max(found, key=lambda each: each.rate) for found in (engines, bares))
    yield Figure("a whole feed drained", engine.rate, "messages/s", bare.rate, [Target(OF_THE_DRAIN)])
    yield Figure("processor of the worker", engine.spent.workers, "us/message", bare.spent.workers)
    yield Figure("processor of the broker", engine.spent.broker, "us/message", bare.spent.broker)
    yield Figure("processor of the database", engine.spent.database, "us/message")


def _drained(home: House, url: str, bodies: Sequence[bytes], command: Sequence[str]) -> Drained:
    home.fill(KIND, bodies)
    with home.running(command, home.environment(url)) as processes, home.waiting(QUEUE) as waiting:
        home.wait_for("the first messages", lambda: waiting() <= (1 - _BEFORE) * len(bodies), _PATIENCE_S, processes)
        left, started, before = waiting(), time.perf_counter(), spent([processes[0].pid])
        home.wait_for("the last message", lambda: waiting() == 0, _PATIENCE_S, processes)
        seconds, used = time.perf_counter() - started, spent([processes[0].pid]).since(before)
    return Drained(left / seconds, Spent(*(1e6 * each / left for each in (used.workers, used.database, used.broker))))
