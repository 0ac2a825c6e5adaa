"""Whether memory stays flat: the resident set of worker and gateway while a million messages go through.

    python -m benchmarks memory [--messages 1000000] [--parts worker gateway]

One message in a thousand is a child's death and becomes a case (``benchmarks.wards``). The worker drains its queue, which is
filled as it empties; the gateway is spoken to over MLLP by some connections that wait for each acknowledgement, and takes
several minutes for every hundred thousand. Each is sampled two hundred times. ``Flat`` is judged by the second half alone,
because what is kept for good is loaded in the first: a line is laid through its samples, and its end is held against its
beginning.
"""

import argparse
import itertools
import statistics
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from benchmarks.figures import Figure, Report, Target
from benchmarks.house import House, house
from benchmarks.latency import gateway, registered
from benchmarks.partners import CONNECTIONS, MllpPartner
from benchmarks.processes import resident_mib
from benchmarks.wards import firehose

KIND, QUEUE = "hospital-hl7", "intake.hospital-hl7"
MOST_RISE = 1.02
_SAMPLES = 200
_PATIENCE_S = 600.0


def options(ask: argparse.ArgumentParser) -> None:
    ask.add_argument("--messages", type=int, default=1_000_000)
    ask.add_argument("--parts", nargs="+", choices=("worker", "gateway"), default=["worker", "gateway"])


def measure(said: argparse.Namespace, report: Report) -> Iterator[Figure]:
    with house(report) as home:
        url = home.new_database("PostgreSQL", "memory")
        for part in said.parts:
            samples = {"worker": _worker, "gateway": _gateway}[part](home, url, said.messages)
            yield from _flat(f"{part}, {said.messages:,} messages", list(samples))


def _worker(home: House, url: str, count: int) -> Iterator[float]:
    """MiB, after each of so many portions."""
    command = ["integration_engine.cli", "run", "worker"]
    with home.running(command, home.environment(url)) as processes, home.waiting(QUEUE) as waiting:
        for some in _portions(count):
            home.fill(KIND, some)
            home.wait_for("an empty queue", lambda: waiting() == 0, _PATIENCE_S, processes)
            yield resident_mib(processes[0].pid)


def _gateway(home: House, url: str, count: int) -> Iterator[float]:
    registered(home, url)
    with gateway(home, url) as (opened, _http, port), ThreadPoolExecutor(CONNECTIONS) as senders:
        doors = [MllpPartner(port) for _ in range(CONNECTIONS)]
        for some in _portions(count):
            list(senders.map(_send, doors, [some[n::CONNECTIONS] for n in range(CONNECTIONS)]))
            yield resident_mib(opened.pid)
        for door in doors:
            door.__exit__()


def _send(door: MllpPartner, bodies: Sequence[bytes]) -> None:
    for body in bodies:
        door.send(body)


def _portions(count: int) -> Iterator[list[bytes]]:
    feed = firehose(count)
    size = max(1, count // _SAMPLES)
    while some := list(itertools.islice(feed, size)):
        yield some


def _flat(what: str, samples: list[float]) -> Iterator[Figure]:
    begun, ended = line(samples[len(samples) // 2 :])
    yield Figure(f"{what}: resident at first", samples[0], "MiB")
    yield Figure(f"{what}: most resident", max(samples), "MiB")
    yield Figure(f"{what}: resident at the end by half-way", ended, "MiB", begun, [Target(MOST_RISE, "at most")])


def line(samples: Sequence[float]) -> tuple[float, float]:
    """The first and the last value of the straight line that lies nearest to these samples."""
    if len(samples) < 2:
        raise ValueError("a line needs two samples")
    slope, begun = statistics.linear_regression(range(len(samples)), samples)
    return begun, begun + slope * (len(samples) - 1)
