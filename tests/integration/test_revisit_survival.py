"""Workers that come with other switches, and are killed while they decide cases again: each difference goes out once."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from integration_engine.broker.declare import apply_topology
from integration_engine.broker.topology import load_topology
from integration_engine.pipeline import process
from integration_engine.revisit import AT_ONCE
from integration_engine.security.keys import keyring
from integration_engine.store import audit, outbox, overview
from integration_engine.store.database import Store, upgrade_schema
from integration_engine.store.watch import in_force, waiting
from tests.integration.test_revisit import child
from tests.store_samples import NOW, read, rules
from tests.worker_samples import eventually, taken

_CASES = 3 * AT_ONCE


@contextmanager
def _worker(environment: dict[str, str], folder: Path) -> "Iterator[subprocess.Popen[bytes]]":
    command = [sys.executable, "-m", "integration_engine.cli", "run", "worker"]
    with (folder / "worker.log").open("ab") as log:
        started = subprocess.Popen(command, env=environment, cwd=folder, stderr=log)
    try:
        yield started
    finally:
        started.kill()
        started.wait()


@pytest.mark.timeout(180)
def test_killed_while_cases_are_decided_again_nothing_is_lost_and_nothing_told_twice(
    amqp_url: str, postgres_url: str, tmp_path: Path
) -> None:
    apply_topology(load_topology(), amqp_url)
    upgrade_schema(postgres_url)
    store = Store(postgres_url, keyring({}, tmp_path / "keys.json", create=True))
    for first in range(0, _CASES, 50):
        done = process(store, [child(n) for n in range(first, first + 50)], read=read, now=NOW, **rules())
        outbox.mark_published(store, [row.id for row in done.outbox], NOW)
    cases = {case.id for case in overview.recent_cases(store, 1000)}
    environment = {
        **os.environ,
        "CDR_AMQP_URL": amqp_url,
        "CDR_DATABASE_URL": postgres_url,
        "CDR_KEYS_FILE": str(tmp_path / "keys.json"),
        "CDR_SWITCHES": json.dumps({"cdop_due": "48h"}),
    }

    def changed() -> int:
        return sum(case.version > 1 for case in overview.recent_cases(store, 1000))

    with _worker(environment, tmp_path) as first_worker:
        eventually(lambda: changed() > 0)
        first_worker.kill()
        first_worker.wait()
    with _worker(environment, tmp_path) as second_worker:
        eventually(lambda: changed() == len(cases))
        second_worker.terminate()
        assert second_worker.wait(30) == 0
    ruling = in_force(store)
    assert ruling is not None
    assert waiting(store, ruling, NOW + timedelta(days=1)) == 0
    # What the killed worker had committed and not published is still in the outbox.
    left = outbox.claim(store, 10_000, timedelta(0), NOW + timedelta(days=1000))
    updates = {properties.message_id: json.loads(body) for properties, body in taken(amqp_url, "cdop.BERKS")}
    assert {each["kind"] for each in updates.values()} == {"update"}
    told = [each["case"] for each in updates.values()]
    assert len(told) == len(set(told))
    assert {*told, *(row.case for row in left if row.recipient == "cdop.BERKS")} == cases
    assert {case.version for case in overview.recent_cases(store, 1000)} == {2}
    assert audit.verify(store).broken is None
    assert "Wren" not in (tmp_path / "worker.log").read_text()
    store.close()
