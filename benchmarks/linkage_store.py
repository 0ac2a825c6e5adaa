"""Linking one notice through PostgreSQL while very many are held: the whole transaction, but for reading the message.

    python -m benchmarks linkage-store [--held 130000] [--few 10000] [--new 3000]

What is held has come in through the engine's own transaction, many notices a batch (some ten minutes for 130,000); a tenth of
it are the stories of ``benchmarks.dense``. Then new notices are linked one by one: keys, locks, candidates, bonds,
neighbourhood, decision, settlement, commit. The floor, in the same run on the same database, is a transaction that commits
as many rows of the same size. The same is measured with few held over the same days: ``growth`` is the one by the other.
Processor time is the worker's own, without the database's; on a machine that others use, it is what can be compared.
"""

import argparse
import gc
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Column, LargeBinary, MetaData, Text, create_engine, insert
from sqlalchemy import Table as SqlTable

from adapters.adapter import Submission
from benchmarks.dense import STORIES
from benchmarks.figures import Figure, Report
from benchmarks.linkage import invented
from benchmarks.told import Told
from integration_engine.pipeline import process
from integration_engine.routing.reference import bundled
from integration_engine.routing.route import Switches
from integration_engine.security.keys import keyring
from integration_engine.services import Database, postgres
from integration_engine.store.database import Store, upgrade_schema

NOW = datetime(2026, 9, 1, tzinfo=UTC)
_BATCH = 500
_DENSE_SHARE = 0.1
_NOTICES_A_CHILD = 2.6
_WARM = 50
# What one notice leaves, about: submission, notice, case and deliveries sealed; keys, bonds, clocks, holdings, audit lines.
_SEALED, _SEALED_BYTES, _SMALL, _SMALL_BYTES = 6, 1500, 40, 40


def rows_of(count: int) -> list[dict[str, Any]]:
    """About this many notices in order of arrival; ``place`` says of which dense place, empty for ordinary ones."""
    children = int(count * _DENSE_SHARE / len(STORIES) / _NOTICES_A_CHILD)
    rows = [row | {"place": ""} for row in invented(int(count * (1 - _DENSE_SHARE)))]
    for name, story in STORIES.items():
        rows += [row | {"place": name} for row in story(children)]
    return sorted(rows, key=lambda row: (row["notified_at"], row["id"]))


def measured(held: int, new: int, server: Database, folder: Path) -> dict[str, Any]:
    """Hold so many, link so many more, one by one. Times in milliseconds."""
    rows = rows_of(held + new)
    told = Told(rows)
    url = _new_database(server, f"held_{held}")
    upgrade_schema(url)
    store = Store(url, keyring({}, folder / "keys.json", create=True))
    before, after = told.submissions[:-new], told.submissions[-new:]
    gc.collect()
    gc.freeze()
    started = time.perf_counter()
    for n in range(0, len(before), _BATCH):
        _link(store, told, before[n : n + _BATCH])
    loaded = len(before) / (time.perf_counter() - started)
    with psycopg.connect(server.plain_url.rpartition("/")[0] + f"/held_{held}", autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    wall, cpu = _each(lambda one: _link(store, told, [one]), after)
    store.close()
    floor, _ = _each(_committing(url), after)
    crowded = [taken for taken, row in zip(wall, rows[-new + _WARM :], strict=True) if row["place"]]
    return {
        "held": len(before),
        "held_by_batches_notices_per_second": round(loaded),
        "linking_ms": _percentiles(wall),
        "linking_of_dense_places_ms": _percentiles(crowded),
        "floor_ms": _percentiles(floor),
        "worker_processor_ms": _percentiles(cpu),
    }


def _link(store: Store, told: Told, submissions: Sequence[Submission]) -> None:
    process(store, submissions, read=told.read, now=NOW, reference=bundled(), switches=Switches())


def _each(work: Callable[[Submission], None], submissions: Sequence[Submission]) -> tuple[list[float], list[float]]:
    """Seconds on the clock and of the processor for each; the first few wait for statements and tables to be made."""
    wall, cpu = [], []
    for submission in submissions:
        started, worked = time.perf_counter(), time.process_time()
        work(submission)
        cpu.append(time.process_time() - worked)
        wall.append(time.perf_counter() - started)
    return wall[_WARM:], cpu[_WARM:]


def _committing(url: str) -> Callable[[Submission], None]:
    engine = create_engine(url)
    rows = SqlTable("bench_floor", MetaData(), Column("key", Text), Column("body", LargeBinary))
    rows.create(engine)

    def commit(submission: Submission) -> None:
        sizes = [_SEALED_BYTES] * _SEALED + [_SMALL_BYTES] * _SMALL
        with engine.begin() as connection:
            connection.execute(insert(rows), [{"key": "k", "body": os.urandom(size)} for size in sizes])

    return commit


def _percentiles(seconds: Iterable[float]) -> dict[str, float]:
    ordered = sorted(seconds) or [0.0]
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "most": 1.0}
    return {
        name: round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)
        for name, share in shares.items()
    }


def _new_database(server: Database, name: str) -> str:
    with psycopg.connect(server.plain_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return server.named(name)


def options(ask: argparse.ArgumentParser) -> None:
    ask.add_argument("--held", type=int, default=130_000)
    ask.add_argument("--few", type=int, default=10_000)
    ask.add_argument("--new", type=int, default=3_000)


def measure(said: argparse.Namespace, _: Report) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as name, postgres(own=True, durable=True) as server:
        few = measured(said.few, said.new, server, Path(name))
        many = measured(said.held, said.new, server, Path(name))
    for found in (few, many):
        held = f"{found['held']:,} held"
        yield Figure(f"{held}: came in by batches", found["held_by_batches_notices_per_second"], "notices/s")
        for share, took in found["linking_ms"].items():
            yield Figure(f"{held}: linking one more, {share}", took, "ms", found["floor_ms"][share])
        for share, took in found["linking_of_dense_places_ms"].items():
            yield Figure(f"{held}: linking one of a dense place, {share}", took, "ms")
        for share, took in found["worker_processor_ms"].items():
            yield Figure(f"{held}: the worker's processor, {share}", took, "ms")
    for what, name in (("linking one more", "linking_ms"), ("the worker's processor", "worker_processor_ms")):
        yield Figure(f"growth: {what}, many by few, p50", many[name]["p50"], "ms", few[name]["p50"])
