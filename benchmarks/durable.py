"""The durable path: death messages from the intake queue to the panels' queues, through a real broker and database.

    python -m benchmarks durable [--messages 4000] [--workers 1 2] [--databases PostgreSQL SQLite]

The engine's workers are processes (``cdr run worker``). The floor, in the same run on the same broker and server, is as many
processes of a bare loop (``benchmarks.bare``) that consumes the same messages, commits the very rows the engine wrote (its
own tables and indexes, one statement a table and batch, the same batch size) and publishes the same deliveries with a
window of confirms. Starting up is not measured: the clock runs from the first fifth of the messages to the last delivery.

Processor milliseconds a message are given apart for worker, database and broker: they can be compared between runs on a
machine that others use too, where rates can't.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.deaths import Deaths
from benchmarks.figures import Figure, Report, Target
from benchmarks.house import House, house, log_bytes
from benchmarks.processes import Spent, spent
from benchmarks.written import Delivery, Work, without_links, written
from integration_engine.security.keys import keyring
from integration_engine.store.database import Store, table
from integration_engine.store.sealing import unseal
from integration_engine.store.tables import DeliveryRow

KIND, QUEUE = "hospital-hl7", "intake.hospital-hl7"
OF_THE_FLOOR, DEATHS_A_SECOND = 0.6, 2000
_BEFORE = 0.2
_PATIENCE_S = 600.0


@dataclass(frozen=True)
class Run:
    """One run: messages a second, and what each of them took of the processor, in milliseconds; bytes of the database's
    log, where it tells."""

    rate: float
    spent: Spent
    log_bytes: float


def options(ask: argparse.ArgumentParser) -> None:
    ask.add_argument("--messages", type=int, default=4000)
    ask.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    ask.add_argument("--databases", nargs="*", choices=("PostgreSQL", "SQLite"), default=["PostgreSQL", "SQLite"])


def measure(said: argparse.Namespace, report: Report) -> Iterator[Figure]:
    bodies = list(Deaths().hl7(said.messages))
    with house(report) as home:
        for database in said.databases:
            for workers in said.workers:
                name = f"engine_{workers}"
                url = home.new_database(database, name)
                engine = _engine(home, url, bodies, workers)
                work = written(url, len(bodies), published(url, home.folder))
                home.empty()
                bare = home.new_database(database, f"bare_{workers}")
                without_links(bare)
                floor = _floor(home, bare, bodies, work, workers)
                home.empty()
                yield from _figures(f"{database}, {_processes(workers)}", engine, floor, database, workers)
                if (database, workers) == (said.databases[0], said.workers[0]):
                    yield from _rows(work)


def _engine(home: House, url: str, bodies: Sequence[bytes], workers: int) -> Run:
    return _run(home, url, bodies, ["integration_engine.cli", "run", "worker"], workers)


def _floor(home: House, url: str, bodies: Sequence[bytes], work: Work, workers: int) -> Run:
    file = home.folder / "work"
    work.save(file)
    return _run(home, url, bodies, ["benchmarks.bare", str(file), QUEUE], workers)


def _run(home: House, url: str, bodies: Sequence[bytes], command: Sequence[str], workers: int) -> Run:
    """Fill the queue, then let so many processes of this command empty it."""
    home.fill(KIND, bodies)
    log_before = log_bytes(url)
    with home.running(command, home.environment(url), workers) as processes, home.counting(url) as counted:
        pids = [process.pid for process in processes]
        home.wait_for("the first messages", lambda: counted()[0] >= _BEFORE * len(bodies), _PATIENCE_S, processes)
        (first, _), started, before = counted(), time.perf_counter(), spent(pids)
        home.wait_for("the last delivery", lambda: counted() == (len(bodies), False), _PATIENCE_S, processes)
        seconds, used = time.perf_counter() - started, spent(pids).since(before)
    written_bytes = log_bytes(url) - log_before
    count = len(bodies) - first
    each = Spent(*(1000 * value / count for value in (used.workers, used.database, used.broker)))
    return Run(count / seconds, each, written_bytes / len(bodies))


def published(url: str, folder: Path) -> list[Delivery]:
    """Every delivery of a store, as it was published."""
    store = Store(url, keyring({}, folder / "keys.json"))
    with store.reading() as transaction:
        rows = transaction.connection.execute(table(DeliveryRow).select()).all()
    found = [Delivery(r.recipient, r.id, r.kind, r.case_id, r.version, unseal(store.keys, r.sealed)) for r in rows]
    store.close()
    return found


def _figures(what: str, engine: Run, floor: Run, database: str, workers: int) -> Iterator[Figure]:
    targets = [Target(OF_THE_FLOOR)]
    if database == "PostgreSQL" and workers > 1:
        targets.append(Target(DEATHS_A_SECOND, of="measured"))
    yield Figure(what, engine.rate, "deaths/s", floor.rate, targets)
    parts = {"worker": "workers", "database": "database", "broker": "broker"}
    for part, name in parts.items():
        if getattr(engine.spent, name) > 0 and (part != "database" or database == "PostgreSQL"):
            spent_, least = getattr(engine.spent, name), getattr(floor.spent, name)
            yield Figure(f"{what}: processor of the {part}", spent_, "ms/death", least)
    if engine.log_bytes:
        yield Figure(f"{what}: the database's log", engine.log_bytes, "bytes/death", floor.log_bytes)


def _rows(work: Work) -> Iterator[Figure]:
    """What one death leaves, which is what the floor writes too."""
    for held in work.tables:
        if held.each:
            rows, size = len(held.rows) / work.messages, held.bytes_a_row()
            yield Figure(f"{held.table}, rows of {size:,.0f} bytes", rows, "rows/death")
    size = sum(len(each.body) for each in work.deliveries) / max(1, len(work.deliveries))
    yield Figure(f"published, of {size:,.0f} bytes", len(work.deliveries) / work.messages, "deliveries/death")


def _processes(count: int) -> str:
    return f"{count} worker" + ("s" if count > 1 else "")
