"""A worker that dies while it fetches: whichever moment it was, the record is queued in the end and makes one case."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from integration_engine.broker.declare import apply_topology
from integration_engine.broker.topology import load_topology
from integration_engine.security.keys import keyring
from integration_engine.store import audit, overview, pointers
from integration_engine.store.database import Store, upgrade_schema
from tests.demographics_stand_in import standing_in
from tests.fhir_samples import WREN
from tests.pointer_samples import KEY, event, record
from tests.worker_samples import consumers, eventually, ready, send, taken


@pytest.mark.parametrize("stage", ["worker.committed", "pointers.fetched", "pointers.published", "pointers.settled"])
def test_a_worker_killed_while_it_fetches_loses_nothing_and_does_nothing_twice(
    amqp_url: str, sqlite_url: str, tmp_path: Path, stage: str
) -> None:
    apply_topology(load_topology(), amqp_url)
    upgrade_schema(sqlite_url)
    store = Store(sqlite_url, keyring({}, tmp_path / "keys.json", create=True))
    with standing_in() as service:
        service.records[WREN] = record()
        settings = {
            **os.environ,
            "CDR_AMQP_URL": amqp_url,
            "CDR_DATABASE_URL": sqlite_url,
            "CDR_KEYS_FILE": str(tmp_path / "keys.json"),
            "CDR_DEMOGRAPHICS": f'{{"url": "{service.url}"}}',
        }
        send(amqp_url, event(), key=KEY)
        _run(settings | {"CDR_FAULTS": f"{stage}=die@1"}, tmp_path).wait(60)
        # What the dead process had taken for itself is free again after two minutes; whoever doesn't want to wait says so.
        pointers.ask_now(store, None, datetime.now(UTC))
        process = _run(settings, tmp_path)
        try:
            eventually(lambda: ready(amqp_url, "cdop.BERKS") == 1, 60)
            eventually(lambda: not pointers.waiting(store) and ready(amqp_url, "intake.hospital-fhir") == 0)
            # it may have had nothing to do, and is still starting
            eventually(lambda: consumers(amqp_url, "intake.hospital-fhir") == 1, 60)
        finally:
            process.terminate()
            assert process.wait(30) == 0
    assert len(overview.recent_cases(store)) == 1
    assert len(taken(amqp_url, "cdop.BERKS")) == 1
    assert audit.verify(store).broken is None
    assert WREN not in (tmp_path / "worker.log").read_text()
    store.close()


def _run(settings: dict[str, str], folder: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "integration_engine.cli", "run", "worker"]
    with (folder / "worker.log").open("ab") as log:
        return subprocess.Popen(command, env=settings, cwd=folder, stderr=log)
