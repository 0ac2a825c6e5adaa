"""The database is lost for good and its standby takes its place: nothing that was acknowledged is lost, and nothing done
twice, because a commit waits for the standby."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, select

from integration_engine.broker.declare import apply_topology
from integration_engine.broker.topology import load_topology
from integration_engine.security.keys import keyring
from integration_engine.services.postgres import postgres
from integration_engine.services.standby import let_commits_wait, standby_of
from integration_engine.store import audit, overview
from integration_engine.store.database import Store, table, upgrade_schema
from integration_engine.store.tables import DeliveryRow, SubmissionRow
from tests.worker_samples import death, eventually, ready, send, taken

_BEFORE, _AFTER = 40, 40


def _messages(store: Store) -> int:
    with store.reading() as transaction:
        return int(transaction.connection.scalar(select(func.count()).select_from(table(SubmissionRow))) or 0)


def _unpublished(store: Store) -> int:
    query = select(func.count()).select_from(table(DeliveryRow)).where(table(DeliveryRow).c.published_at.is_(None))
    with store.reading() as transaction:
        return int(transaction.connection.scalar(query) or 0)


@pytest.mark.timeout(180)
def test_a_standby_that_takes_over_has_everything_that_was_acknowledged(amqp_url: str, tmp_path: Path) -> None:
    apply_topology(load_topology(), amqp_url)
    keys = keyring({}, tmp_path / "keys.json", create=True)
    with postgres(own=True, here=True, durable=True) as primary, standby_of(primary) as standby:
        let_commits_wait(primary)
        upgrade_schema(standby.url)
        environment = {
            **os.environ,
            "CDR_AMQP_URL": amqp_url,
            "CDR_DATABASE_URL": standby.url,
            "CDR_KEYS_FILE": str(tmp_path / "keys.json"),
        }
        command = [sys.executable, "-m", "integration_engine.cli", "run", "worker"]
        store = Store(standby.url, keys)
        with (tmp_path / "worker.log").open("wb") as log:
            worker = subprocess.Popen(command, env=environment, cwd=tmp_path, stderr=log)
        try:
            send(amqp_url, *map(death, range(_BEFORE)))
            eventually(lambda: _messages(store) == _BEFORE)
            # What is committed now is on one disk only, so it may not be acknowledged to the broker.
            standby.database.hold()
            send(amqp_url, *map(death, range(_BEFORE, _BEFORE + _AFTER)))
            eventually(lambda: _waiting_to_commit(primary.plain_url) > 0)
            primary.kill()
            standby.database.go_on()
            standby.promote()
            eventually(lambda: _messages(store) == _BEFORE + _AFTER, 60)
            # The worker never heard of a commit that only the standby kept: its deliveries are swept up.
            eventually(lambda: _unpublished(store) == 0, 60)
            worker.terminate()
            assert worker.wait(30) == 0
        finally:
            worker.kill()
            worker.wait()
        assert ready(amqp_url, "intake.police") == 0
        cases = {case.id for case in overview.recent_cases(store, 1000)}
        assert len(cases) == _BEFORE + _AFTER
        told = {properties.message_id: json.loads(body) for properties, body in taken(amqp_url, "cdop.BERKS")}
        assert {each["case"] for each in told.values()} == cases
        assert len(told) == len(cases)
        assert audit.verify(store).broken is None
        assert "Wren" not in (tmp_path / "worker.log").read_text()
        store.close()


def _waiting_to_commit(url: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        (row,) = connection.execute(query).fetchall()
    return int(row[0])
