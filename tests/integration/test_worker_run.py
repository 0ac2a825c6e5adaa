"""``cdr run worker`` as an operator runs it: a process tree that mends itself and ends as a whole."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration_engine.broker.depth import depths
from integration_engine.broker.management import Management
from integration_engine.security.keys import keyring
from integration_engine.store.database import upgrade_schema
from tests.worker_samples import eventually, prepared


@pytest.fixture
def tree(amqp_url: str, sqlite_url: str, tmp_path: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """Two worker processes and the one that watches over them, all consuming."""
    prepared(amqp_url, tmp_path)
    upgrade_schema(sqlite_url)
    keyring({}, tmp_path / "keys.json", create=True)
    environment = {
        **os.environ,
        "CDR_AMQP_URL": amqp_url,
        "CDR_DATABASE_URL": sqlite_url,
        "CDR_KEYS_FILE": str(tmp_path / "keys.json"),
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
