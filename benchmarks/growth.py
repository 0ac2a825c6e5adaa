"""What a death costs with ten thousand, a hundred thousand and a million cases held, on PostgreSQL.

    python -m benchmarks growth [--held 10000 100000 1000000] [--messages 2000]

The fewest come in through the engine; the others are copies of what it wrote (``benchmarks.held``). Then new deaths come
in batches through the one transaction, every fifth message a second word, from elsewhere, about a child that is held. The
floor of each figure is the same messages in the same minute with the fewest held, in a database of their own: batches go to
the one and the other in turn. Wall time is the median batch's; processor time is what can be compared on a machine that
others use too. How cost grows where more children are told of on the same days is another question: ``linkage-store``. The
database's log grows with what is held: a page that is written for the first time since the last checkpoint goes into it
whole, and scattered keys meet more pages.
"""

import argparse
import gc
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg

from adapters.adapter import Submission
from benchmarks.deaths import HOSPITAL, TOLD, Deaths
from benchmarks.figures import Figure, Report, Target
from benchmarks.held import mark_originals, multiply
from benchmarks.house import database_version, log_bytes
from benchmarks.processes import spent
from integration_engine.pipeline import process
from integration_engine.routing.reference import bundled
from integration_engine.routing.route import Switches
from integration_engine.security.keys import keyring
from integration_engine.services import Database, postgres
from integration_engine.store.database import Store, upgrade_schema

MOST_GROWTH = 1.2
BATCH = 50
_LOADED_AT_ONCE = 500
_SECOND_WORD_EVERY = 5
_WARM_BATCHES = 2


@dataclass(frozen=True)
class Cost:
    """Milliseconds a message: by the clock, of the worker's processor and of the database's; and bytes of its log."""

    wall: float
    worker: float
    database: float
    log_bytes: float


def options(ask: argparse.ArgumentParser) -> None:
    ask.add_argument("--held", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    ask.add_argument("--messages", type=int, default=2000)


def measure(said: argparse.Namespace, report: Report) -> Iterator[Figure]:
    levels, fewest = sorted(said.held), min(said.held)
    fresh, again = Deaths(), Deaths().fhir(fewest)
    with tempfile.TemporaryDirectory() as name, postgres(own=True, durable=True) as server:
        report.servers(postgresql=database_version(server))
        keys, loading = keyring({}, Path(name) / "keys.json", create=True), time.perf_counter()
        _create(server, "few")
        upgrade_schema(server.named("few"))
        with closing(Store(server.named("few"), keys)) as store:
            for some in _batches([told(body) for body in fresh.hl7(fewest)], _LOADED_AT_ONCE):
                take(store, some)
        mark_originals(server.named("few"))
        _create(server, "many", like="few")
        before = 1
        with closing(Store(server.named("few"), keys)) as few, closing(Store(server.named("many"), keys)) as many:
            for held in levels:
                copies = held // fewest
                if copies > before:
                    multiply(server.named("many"), range(before, copies))
                before = max(before, copies)
                yield Figure(f"{held:,} held after", time.perf_counter() - loading, "s")
                least, cost = _costs((few, many), server.url, _mixed(fresh, again, said.messages))
                yield from _figures(f"{held:,} held", cost, least)


def _create(server: Database, name: str, like: str = "template1") -> None:
    with psycopg.connect(server.plain_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {like}")


def _mixed(fresh: Deaths, again: Iterator[bytes], count: int) -> list[Submission]:
    seconds = count // _SECOND_WORD_EVERY
    new = fresh.hl7(count - seconds)
    found = []
    for n in range(count):
        body = next(again if n % _SECOND_WORD_EVERY == 0 else new, None)
        if body is None:
            raise SystemExit("so many messages need more cases held through the engine")
        found.append(told(body))
    return found


def _costs(stores: Sequence[Store], url: str, messages: Sequence[Submission]) -> list[Cost]:
    """What these messages cost each of the stores. Batches take turns, so that whatever else the machine does in a minute
    meets both."""
    batches = list(_batches(messages, BATCH))
    for some in batches[:_WARM_BATCHES]:
        for store in stores:
            take(store, some)
    gc.collect()
    gc.freeze()
    taken: list[list[Cost]] = [[] for _ in stores]
    for n, some in enumerate(batches[_WARM_BATCHES:]):
        turn = list(zip(stores, taken, strict=True))
        for store, costs in turn if n % 2 else reversed(turn):
            costs.append(_cost(store, url, some))
    return [
        Cost(
            statistics.median(each.wall for each in costs),
            statistics.fmean(each.worker for each in costs),
            statistics.fmean(each.database for each in costs),
            statistics.fmean(each.log_bytes for each in costs),
        )
        for costs in taken
    ]


def _cost(store: Store, url: str, batch: Sequence[Submission]) -> Cost:
    before, log = spent(()), log_bytes(url)
    started, worked = time.perf_counter(), time.process_time()
    take(store, batch)
    worker, wall = time.process_time() - worked, time.perf_counter() - started
    used, written = spent(()).since(before), log_bytes(url) - log
    count = len(batch)
    return Cost(1000 * wall / count, 1000 * worker / count, 1000 * used.database / count, written / count)


def _figures(what: str, cost: Cost, least: Cost) -> Iterator[Figure]:
    target = [Target(MOST_GROWTH, "at most")]
    yield Figure(f"{what}: by the clock, median batch", cost.wall, "ms/message", least.wall, target)
    yield Figure(f"{what}: processor of the worker", cost.worker, "ms/message", least.worker, target)
    if least.database:
        yield Figure(f"{what}: processor of the database", cost.database, "ms/message", least.database, target)
        both, least_both = cost.worker + cost.database, least.worker + least.database
        yield Figure(f"{what}: processor of both", both, "ms/message", least_both, target)
    yield Figure(f"{what}: the database's log", cost.log_bytes, "bytes/message", least.log_bytes)


def take(store: Store, messages: Sequence[Submission]) -> None:
    """One batch, as a worker takes it."""
    process(store, messages, reference=bundled(), now=TOLD, switches=Switches())


def told(body: bytes) -> Submission:
    """A message as it comes in from the hospital."""
    return Submission(body, TOLD, partner=HOSPITAL.ods_code)


def _batches(messages: Sequence[Submission], size: int) -> Iterator[Sequence[Submission]]:
    return (messages[n : n + size] for n in range(0, len(messages), size))
