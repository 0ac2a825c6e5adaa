"""Breaking it: whatever dies, whenever, every report told of becomes one case, delivered, and the audit log is whole."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from integration_engine.broker.declare import apply_topology
from integration_engine.broker.topology import load_topology
from integration_engine.security.keys import keyring
from integration_engine.services import postgres, rabbitmq
from integration_engine.store import audit, outbox, overview
from integration_engine.store.database import Store, upgrade_schema
from tests.store_samples import new_store
from tests.worker_samples import death, eventually, prepared, ready, send, taken, working

_REPORTS = 80
_NAMES_WRITTEN_S = 5.0


@pytest.fixture
def settings(amqp_url: str, database_url: str, tmp_path: Path) -> dict[str, str]:
    apply_topology(load_topology(), amqp_url)
    upgrade_schema(database_url)
    keyring({}, tmp_path / "keys.json", create=True)
    return {
        **os.environ,
        "CDR_AMQP_URL": amqp_url,
        "CDR_DATABASE_URL": database_url,
        "CDR_KEYS_FILE": str(tmp_path / "keys.json"),
        "CDR_BATCH_SIZE": "4",
        "CDR_PREFETCH": "40",
    }


@contextmanager
def _worker(settings: dict[str, str], folder: Path) -> "Iterator[subprocess.Popen[bytes]]":
    command = [sys.executable, "-m", "integration_engine.cli", "run", "worker"]
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(command, env=settings, cwd=folder, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_worker_killed_at_any_moment_loses_nothing_and_does_nothing_twice(
    settings: dict[str, str], tmp_path: Path
) -> None:
    url = settings["CDR_AMQP_URL"]
    store = Store(settings["CDR_DATABASE_URL"], keyring({}, tmp_path / "keys.json"))
    send(url, *map(death, range(_REPORTS)))
    for share in (0.2, 0.5):
        with _worker(settings, tmp_path) as process:
            eventually(lambda least=share: len(overview.recent_cases(store, 1000)) > least * _REPORTS)  # type: ignore[misc]
            process.kill()
    assert len(overview.recent_cases(store, 1000)) < _REPORTS, "it was killed in the middle"
    with _worker(settings, tmp_path) as process:
        eventually(lambda: len(overview.recent_cases(store, 1000)) == _REPORTS and ready(url, "intake.police") == 0)
        process.terminate()
        assert process.wait(20) == 0
    if outbox.depth(store).waiting:
        _sweep(url, store)
    deliveries = taken(url, "cdop.BERKS")
    told = {properties.message_id: json.loads(body) for properties, body in deliveries}
    assert len(told) == _REPORTS
    assert {each["kind"] for each in told.values()} == {"new"}
    assert len({each["case"] for each in told.values()}) == _REPORTS
    assert audit.verify(store).broken is None
    assert (ready(url, "dead.police"), ready(url, "refused.police")) == (0, 0)
    log = (tmp_path / "worker.log").read_text()
    assert "Quill" not in log
    assert "Wren" not in log
    store.close()


def _sweep(url: str, store: Store) -> None:
    from datetime import timedelta

    from integration_engine.broker.publisher import Publisher
    from integration_engine.courier import Courier

    with Publisher(url, "sweeper") as publisher:
        assert publisher.wait_ready(10)
        with Courier(store, publisher, sweep_after=timedelta(0)):
            eventually(lambda: not outbox.depth(store).waiting)


def test_a_database_that_goes_away_and_comes_back_costs_time_only(amqp_url: str, tmp_path: Path) -> None:
    topology = prepared(amqp_url, tmp_path)
    with postgres(own=True, durable=True) as database:
        store = new_store(database.url)
        with working(amqp_url, store, topology):
            send(amqp_url, *map(death, range(20)))
            eventually(lambda: ready(amqp_url, "cdop.BERKS") == 20)
            database.kill()
            send(amqp_url, *map(death, range(20, 40)))
            time.sleep(0.5)
            assert ready(amqp_url, "cdop.BERKS") == 20
            database.start()
            eventually(lambda: ready(amqp_url, "cdop.BERKS") == 40 and not outbox.depth(store).waiting)
        assert len(overview.recent_cases(store, 100)) == 40
        assert ready(amqp_url, "dead.police") == 0
        store.close()


def test_a_broker_that_is_killed_and_comes_back_costs_time_only(sqlite_url: str, tmp_path: Path) -> None:
    """Reports it has confirmed survive it; those it hasn't are told as unconfirmed, and sent again they count once."""
    with rabbitmq(own=True) as broker:
        topology = prepared(broker.url, tmp_path)
        store = new_store(sqlite_url)
        # RabbitMQ 3.10 keeps the names of new quorum queues in memory for some seconds: killed before it has written them
        # down, it forgets what was in such a queue. Queues are declared long before they are used.
        time.sleep(_NAMES_WRITTEN_S)
        with working(broker.url, store, topology):
            send(broker.url, *map(death, range(30)))
            eventually(lambda: bool(overview.recent_cases(store)))
            broker.kill()
            time.sleep(0.3)
            broker.start()
            send(broker.url, *map(death, range(60)))
            eventually(lambda: len(overview.recent_cases(store, 100)) == 60)
            eventually(lambda: ready(broker.url, "intake.police") == 0, 60)
            eventually(lambda: not outbox.depth(store).waiting, 60)
        told = {properties.message_id for properties, _ in taken(broker.url, "cdop.BERKS")}
        assert len(told) == 60
        assert audit.verify(store).broken is None
        store.close()
