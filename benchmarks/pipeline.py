"""The durable path without the broker: death messages through the one transaction, on SQLite and PostgreSQL.

    python -m benchmarks pipeline [--messages 2000]

The floor, in the same run and on the same database: committing the same number of bytes, in the same batches, as rows of
one table. Reading, linkage, routing, sealing, blind indexes, outbox and audit are what the ratio pays for. ``durable``
measures the same through a broker, against the very same rows; this is the quicker one, and one process can be profiled.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Column, LargeBinary, MetaData, create_engine, insert
from sqlalchemy import Table as SqlTable

from adapters.adapter import Submission
from benchmarks.deaths import HOSPITAL, TOLD, Deaths
from benchmarks.figures import Figure, Report
from integration_engine.broker.consumer import Pace
from integration_engine.pipeline import process
from integration_engine.routing.reference import bundled
from integration_engine.routing.route import Switches
from integration_engine.security.keys import keyring
from integration_engine.services import ServiceUnavailable, postgres
from integration_engine.store.database import Store, upgrade_schema
from integration_engine.worker import keep_what_is_loaded

BATCH = Pace().batch


def options(ask: argparse.ArgumentParser) -> None:
    ask.add_argument("--messages", type=int, default=2000)


def measure(said: argparse.Namespace, _: Report) -> Iterator[Figure]:
    count = said.messages
    messages = [Submission(body, TOLD, partner=HOSPITAL.ods_code) for body in Deaths().hl7(count)]
    with tempfile.TemporaryDirectory() as name, _databases(Path(name)) as found:
        for database, url in found:
            floor = _only_committed(url, messages)
            first = _through_the_pipeline(url, Path(name), messages[: count // 2])
            later = [replace(m, received_at=TOLD + timedelta(minutes=1)) for m in messages[count // 2 :]]
            second = _through_the_pipeline(url, Path(name), later)
            yield Figure(f"{database}, one process", 2 / (1 / first + 1 / second), "deaths/s", floor)
            yield Figure(f"{database}, second half by first half", second / first, "x")


@contextmanager
def _databases(folder: Path) -> Iterator[list[tuple[str, str]]]:
    """SQLite, and PostgreSQL where one can be had; durable, as in production."""
    found = [("SQLite", f"sqlite:///{folder / 'bench.db'}")]
    try:
        with postgres(own=True, durable=True) as server:
            yield [*found, ("PostgreSQL", server.url)]
    except ServiceUnavailable:
        yield found


def _through_the_pipeline(url: str, folder: Path, messages: list[Submission]) -> float:
    upgrade_schema(url)
    store = Store(url, keyring({}, folder / "keys.json", create=True))
    keep_what_is_loaded()
    started = time.perf_counter()
    for n in range(0, len(messages), BATCH):
        process(store, messages[n : n + BATCH], now=TOLD, reference=bundled(), switches=Switches())
    spent = time.perf_counter() - started
    store.close()
    return len(messages) / spent


def _only_committed(url: str, messages: list[Submission]) -> float:
    engine = create_engine(url)
    rows = SqlTable("bench_floor", MetaData(), Column("body", LargeBinary))
    rows.create(engine)
    started = time.perf_counter()
    for n in range(0, len(messages), BATCH):
        with engine.begin() as connection:
            # Submission, notice, case, delivery: about what one message leaves.
            connection.execute(insert(rows), [{"body": m.body} for m in messages[n : n + BATCH] for _ in range(4)])
    spent = time.perf_counter() - started
    rows.drop(engine)
    engine.dispose()
    return len(messages) / spent
