"""Programs come and go while messages do not stop: an upgraded schema, a worker that is told to end."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from integration_engine.broker.topology import Topology
from integration_engine.security.keys import keyring
from integration_engine.store import overview
from integration_engine.store.database import Store, upgrade_schema
from tests.worker_samples import death, eventually, ready, send, working


@contextmanager
def upgraded(store: Store) -> Iterator[None]:
    """The schema of a later version, in which a table that we write is not as we know it."""
    with store.transaction() as transaction:
        (known,) = transaction.connection.execute(text("SELECT version_num FROM alembic_version")).one()
        transaction.connection.execute(text("UPDATE alembic_version SET version_num = 'later'"))
        transaction.connection.execute(text("ALTER TABLE submission RENAME COLUMN partner TO sender"))
    try:
        yield
    finally:
        with store.transaction() as transaction:
            transaction.connection.execute(text("ALTER TABLE submission RENAME COLUMN sender TO partner"))
            transaction.connection.execute(text("UPDATE alembic_version SET version_num = :known"), {"known": known})


def test_a_worker_whose_database_is_upgraded_under_it_waits_and_blames_no_message(
    amqp_url: str, store: Store, topology: Topology
) -> None:
    with working(amqp_url, store, topology):
        send(amqp_url, death(0))
        eventually(lambda: len(overview.recent_cases(store)) == 1)
        with upgraded(store):
            send(amqp_url, *map(death, range(1, 10)))
            eventually(lambda: ready(amqp_url, "intake.police") == 0)
            threading.Event().wait(1.0)  # the worker has them in hand, and tries
            assert [ready(amqp_url, queue) for queue in ("dead.police", "delay.100ms", "delay.200ms")] == [0, 0, 0]
        eventually(lambda: len(overview.recent_cases(store)) == 10)
    assert ready(amqp_url, "dead.police") == 0


def test_a_worker_that_is_told_to_end_acknowledges_what_it_decided_and_gives_back_the_rest(
    amqp_url: str, postgres_url: str, topology: Topology, tmp_path: Path
) -> None:
    """Nothing that was decided comes again: what lies in the queue and what is a case add up to what was sent."""
    upgrade_schema(postgres_url)
    keys = keyring({}, tmp_path / "keys.json", create=True)
    store = Store(postgres_url, keys)
    settings = {
        **os.environ,
        "CDR_AMQP_URL": amqp_url,
        "CDR_DATABASE_URL": postgres_url,
        "CDR_KEYS_FILE": str(tmp_path / "keys.json"),
        "CDR_BATCH_SIZE": "5",
        "CDR_PREFETCH": "20",
    }
    sent = 300
    send(amqp_url, *map(death, range(sent)))
    command = [sys.executable, "-m", "integration_engine.cli", "run", "worker"]
    process = subprocess.Popen(command, env=settings, cwd=tmp_path, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: len(overview.recent_cases(store, 1000)) > 20, 60)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
    decided = len(overview.recent_cases(store, 1000))
    assert decided < sent, "it was told to end in the middle"
    eventually(lambda: decided + ready(amqp_url, "intake.police") == sent)
    store.close()
