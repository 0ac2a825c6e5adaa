"""PostgreSQL on a disk without room, for its tables or for its log: workers hold still and say so, doors take what they can,
and everything goes on when there is room."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from integration_engine.broker.declare import apply_topology
from integration_engine.broker.topology import load_topology
from integration_engine.services import Database, postgres
from integration_engine.services.private import account
from integration_engine.store.database import Store
from tests.chaos.knocking import by_http, by_mllp, health
from tests.chaos.small_disk import SmallDisk, small_disk
from tests.chaos.told_once import all_told_once
from tests.gateway_house import house, keys, keys_in_the_environment
from tests.worker_samples import death, eventually, ready, send

pytestmark = pytest.mark.chaos
_REPORTS = 20


@pytest.fixture(scope="module")
def disk() -> Iterator[SmallDisk]:
    with small_disk() as mounted:
        yield mounted


@pytest.fixture(scope="module")
def database(disk: SmallDisk) -> Iterator[Database]:
    with postgres(here=True) as running:
        yield running


class Watched:
    """A worker process: its log, and what its health says."""

    def __init__(self, log: Path) -> None:
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text()

    def health(self) -> dict[str, str]:
        port = next(line for line in self.log.splitlines() if "can be looked at" in line).partition('"port":')[2]
        answer = httpx.get(f"http://127.0.0.1:{int(port.strip(' }').split(',')[0])}/health/ready", timeout=20)
        return dict(answer.json()["parts"])


@contextmanager
def worker(amqp_url: str, database_url: str, folder: Path) -> Iterator[Watched]:
    environment = os.environ | keys_in_the_environment()
    environment |= {"CDR_AMQP_URL": amqp_url, "CDR_DATABASE_URL": database_url, "CDR_WORKER_HTTP_PORT": "0"}
    with (folder / "worker.log").open("ab") as log:
        command = [sys.executable, "-m", "integration_engine.cli", "run", "worker"]
        process = subprocess.Popen(command, env=environment, cwd=folder, stderr=log)
    try:
        watched = Watched(folder / "worker.log")
        eventually(lambda: "the worker runs" in watched.log, 60)
        yield watched
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


def _declared(amqp_url: str) -> None:
    queues = ("intake.", "refused.", "dead.", "delay.", "cdop.", "jar.", "national.")
    apply_topology(load_topology().only(*queues), amqp_url)


def test_tables_without_room_hold_messages_back_until_there_is_room(
    disk: SmallDisk, database: Database, amqp_url: str, tmp_path: Path
) -> None:
    space = disk.place / "tables"
    space.mkdir()
    account("postgres").own(space)
    with psycopg.connect(database.plain_url, autocommit=True) as connection:
        connection.execute(f"create tablespace small location '{space}'")
        connection.execute("create database tables_full tablespace small")
    url = database.named("tables_full")
    _declared(amqp_url)
    with house(amqp_url, url, tmp_path, mllp=True) as doors, worker(amqp_url, url, tmp_path) as watched:
        store = Store(url, keys())
        send(amqp_url, death(0))
        eventually(lambda: ready(amqp_url, "cdop.BERKS") == 1)
        disk.fill()
        try:
            send(amqp_url, *map(death, range(1, _REPORTS)))
            eventually(lambda: "can't take a batch now" in watched.log)
            eventually(lambda: watched.health() == {"broker": "ok", "store": "BatchHeld"})
            # what is read is there still, so partners are known, and the broker keeps what they send
            assert by_http(doors) == (202, "")
            assert b"MSA|AA|" in by_mllp(doors)
            assert health(doors, "store") == "ok"
        finally:
            disk.make_room()
        all_told_once(amqp_url, store, _REPORTS + 2)
        eventually(lambda: watched.health() == {"broker": "ok", "store": "ok"})
        store.close()


def _write_much(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for number in range(100):
            connection.execute(f"create table more{number} (n int)")
            connection.execute("select pg_switch_wal()")


def _is_up(database: Database) -> bool:
    """Whether it answers; one that has ended itself meanwhile is started again, as whoever looks after it would."""
    if database.server is not None and not database.server.running:
        database.start()
    try:
        psycopg.connect(database.plain_url).close()
    except psycopg.OperationalError:
        return False
    return True


def test_a_log_without_room_ends_the_server_and_nothing_that_was_acknowledged(
    disk: SmallDisk, database: Database, amqp_url: str, tmp_path: Path
) -> None:
    with psycopg.connect(database.plain_url, autocommit=True) as connection:
        connection.execute("create database log_full")
        setting = connection.execute("select setting from pg_settings where name = 'data_directory'").fetchone()
    assert setting is not None
    database.kill()
    log = Path(setting[0]) / "pg_wal"
    moved = disk.place / "log"
    shutil.move(log, moved)
    account("postgres").own(moved, *moved.rglob("*"))
    log.symlink_to(moved)
    database.start()
    url = database.named("log_full")
    _declared(amqp_url)
    with house(amqp_url, url, tmp_path, mllp=True) as doors, worker(amqp_url, url, tmp_path) as watched:
        send(amqp_url, death(0))
        eventually(lambda: ready(amqp_url, "cdop.BERKS") == 1)
        disk.fill()
        try:
            with pytest.raises(psycopg.Error):
                _write_much(database.plain_url)
            send(amqp_url, *map(death, range(1, _REPORTS)))
            eventually(lambda: "the store isn't ready" in watched.log or "can't take a batch now" in watched.log)
            eventually(lambda: watched.health()["store"] != "ok")
            assert by_http(doors) == (503, "store-away")
            assert b"MSA|AE|" in by_mllp(doors)
        finally:
            disk.make_room()
        eventually(lambda: _is_up(database), 60)
        store = Store(url, keys())
        eventually(lambda: by_http(doors)[0] == 202, 60)
        eventually(lambda: b"MSA|AA|" in by_mllp(doors))
        all_told_once(amqp_url, store, _REPORTS + 2)
        eventually(lambda: watched.health() == {"broker": "ok", "store": "ok"})
        store.close()
