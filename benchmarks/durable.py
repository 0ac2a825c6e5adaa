"""The durable path without the broker: death messages through the one transaction, on SQLite and PostgreSQL.

    python -m benchmarks durable

The floor, in the same run and on the same database: committing the same number of bytes, in the same batches, as rows of
one table. Reading, linkage, routing, sealing, blind indexes, outbox and audit are what the ratio pays for.
"""

import csv
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import Column, LargeBinary, MetaData, create_engine, insert
from sqlalchemy import Table as SqlTable

from adapters.adapter import Submission
from integration_engine.mapping.files import mappings
from integration_engine.pipeline import process
from integration_engine.routing.reference import bundled
from integration_engine.routing.route import Switches
from integration_engine.security.keys import keyring
from integration_engine.services import ServiceUnavailable, postgres
from integration_engine.store.database import Store, upgrade_schema
from integration_engine.synthetic import hl7
from integration_engine.synthetic.person import Child, invented_nhs_number
from integration_engine.worker import keep_what_is_loaded

MESSAGES, BATCH = 2000, 50
NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)


def deaths(count: int) -> list[Submission]:
    """This many children's deaths, one message each, of many homes, born and dead on many days."""
    ward = hl7.Hospital("RTH")
    with (mappings() / "reference" / "postcodes.csv").open(encoding="utf-8") as file:
        homes = [row["postcode"] for row in csv.DictReader(file) if row["district"].startswith("E")]
    found = []
    for n in range(count):
        child = Child(
            f"Family{n % 997}", f"Given{n % 89}", (NOW.date() - timedelta(days=100 + n % 6000)).isoformat(), "female",
            invented_nhs_number(n + 1), lines=(f"{n} Quay Street",), postcode=homes[n % len(homes)],
        )  # fmt: skip
        died = NOW - timedelta(days=1 + n % 300)
        body = hl7.adt(
            "A03",
            child,
            ward,
            f"D{n}",
            died,
            died_at=died.strftime("%Y-%m-%dT%H:%M"),
            indicator="Y",
            discharge="4",
            visit=f"V{n}",
        )
        found.append(Submission(body, NOW, partner="RTH"))
    return found


@contextmanager
def databases(folder: Path) -> Iterator[list[tuple[str, str]]]:
    """SQLite, and PostgreSQL where one can be had; durable, as in production."""
    found = [("SQLite", f"sqlite:///{folder / 'bench.db'}")]
    try:
        with postgres(own=True, durable=True) as server:
            yield [*found, ("PostgreSQL", server.url)]
    except ServiceUnavailable:
        yield found


def through_the_pipeline(url: str, folder: Path, messages: list[Submission]) -> float:
    upgrade_schema(url)
    store = Store(url, keyring({}, folder / "keys.json", create=True))
    rules = {"reference": bundled(), "switches": Switches()}
    keep_what_is_loaded()
    started = time.perf_counter()
    for n in range(0, len(messages), BATCH):
        process(store, messages[n : n + BATCH], now=NOW, **rules)
    spent = time.perf_counter() - started
    store.close()
    return len(messages) / spent


def only_committed(url: str, messages: list[Submission]) -> float:
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


def main() -> None:
    table = Table("database", "deaths a second", "floor a second", "of the floor", "second half / first half")
    with tempfile.TemporaryDirectory() as name, databases(Path(name)) as found:
        messages = deaths(MESSAGES)
        for database, url in found:
            floor = only_committed(url, messages)
            first = through_the_pipeline(url, Path(name), messages[: MESSAGES // 2])
            later = [replace(m, received_at=NOW + timedelta(minutes=1)) for m in messages[MESSAGES // 2 :]]
            second = through_the_pipeline(url, Path(name), later)
            both = 2 / (1 / first + 1 / second)
            table.add_row(database, f"{both:,.0f}", f"{floor:,.0f}", f"{both / floor:.3f}", f"{second / first:.2f}")
    Console().print(table)
