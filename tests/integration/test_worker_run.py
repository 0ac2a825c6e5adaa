"""``cdr run worker`` as an operator runs it: a process tree that mends itself and ends as a whole."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from integration_engine.answered_file import AnsweredFile
from integration_engine.broker.depth import depths
from integration_engine.broker.management import Management
from integration_engine.security.keys import keyring
from integration_engine.store.database import Store, upgrade_schema
from integration_engine.store.receipts import Receipts
from tests.worker_samples import eventually, prepared


@pytest.fixture
def tree(amqp_url: str, sqlite_url: str, tmp_path: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """Two worker processes and the one that watches over them, all consuming."""
    prepared(amqp_url, tmp_path)
    upgrade_schema(sqlite_url)
    with closing(Store(sqlite_url, keyring({}, tmp_path / "keys.json", create=True))) as store:
        for name, age in (("old", 401), ("young", 399)):
            _upload(store, name, datetime.now(UTC) - timedelta(days=age))
    environment = {
        **os.environ,
        "CDR_AMQP_URL": amqp_url,
        "CDR_DATABASE_URL": sqlite_url,
        "CDR_KEYS_FILE": str(tmp_path / "keys.json"),
        "CDR_KEEP_DAYS": '{"uploads": 400}',
    }
    command = [sys.executable, "-m", "integration_engine.cli", "run", "worker", "--processes", "2"]
    process = subprocess.Popen(command, env=environment, cwd=tmp_path, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: _consumers(amqp_url) == 2)
        yield process
    finally:
        process.kill()
        process.wait()
        eventually(lambda: _consumers(amqp_url) == 0)


def _upload(store: Store, name: str, at: datetime) -> None:
    counts = {"accepted": 1, "warnings": 0, "passed_over": 0, "refused": 0}
    Receipts(store, lambda: at).keep(AnsweredFile("oxfordshire", "coroner", name, name, counts))


def _consumers(url: str) -> int:
    return depths(url, ["intake.police"])[0].consumers


def _workers(management: Management, vhost: str) -> set[int]:
    names = [
        str(each.get("client_properties", {}).get("connection_name", ""))
        for each in management.get("connections")
        if each.get("vhost") == vhost
    ]
    return {int(name.split()[-1]) for name in names if name.startswith("cdr worker")}


def test_asked_to_stop_the_whole_tree_ends_in_peace(tree: "subprocess.Popen[bytes]", amqp_url: str) -> None:
    tree.terminate()
    assert tree.wait(30) == 0
    eventually(lambda: _consumers(amqp_url) == 0)


def test_a_worker_that_dies_is_replaced_and_none_outlives_its_parent(
    tree: "subprocess.Popen[bytes]", amqp_url: str, vhost: str, management: Management
) -> None:
    eventually(lambda: len(_workers(management, vhost)) == 2)
    dead = min(_workers(management, vhost))
    os.kill(dead, signal.SIGKILL)
    eventually(lambda: _consumers(amqp_url) == 1)
    eventually(lambda: _consumers(amqp_url) == 2)
    assert tree.poll() is None
    tree.kill()
    eventually(lambda: _consumers(amqp_url) == 0)


def test_what_was_kept_as_long_as_the_settings_say_is_forgotten_while_workers_run(
    tree: "subprocess.Popen[bytes]", sqlite_url: str, tmp_path: Path
) -> None:
    with closing(Store(sqlite_url, keyring({}, tmp_path / "keys.json"))) as store:
        eventually(lambda: [each.id for each in Receipts(store).latest("oxfordshire")] == ["young"])
    assert tree.poll() is None
