"""A worker can be looked at: whether it lives, whether it can work, and its numbers, each process at a door of its own."""

import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from integration_engine.broker.consumer import Consumer, Pace
from integration_engine.broker.publisher import Publisher
from integration_engine.broker.topology import Topology
from integration_engine.lookout import looked_at
from integration_engine.reindex import reindex
from integration_engine.security.keys import keyring
from integration_engine.services import rabbitmq
from integration_engine.settings import load_settings
from integration_engine.store.database import Store, upgrade_schema
from integration_engine.store.identities import Identities
from tests.earlier_rules import numbers_only, program_of
from tests.gateway_house import declare, house
from tests.store_samples import new_store
from tests.worker_samples import FORCE, death, eventually, prepared, ready, send


def _free_ports(count: int) -> int:
    """The first of so many ports in a row that nobody has now."""
    for first in range(20_000 + os.getpid() % 10_000, 32_000, 100):
        try:
            for port in range(first, first + count):
                socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return first
    raise AssertionError("no port is free")


def _asked(port: int, path: str, token: str | None = None) -> httpx.Response | None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", headers=headers, timeout=10)
    except httpx.TransportError:
        return None


def _says(port: int, path: str, status: int) -> bool:
    answer = _asked(port, path)
    return answer is not None and answer.status_code == status


def numbers_of(*processes: str) -> list[str]:
    """The numbers that the documentation says these processes tell."""
    page = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(cdr_\w+)` \| \w+ \|[^|]*\| (\w+) \|", page, re.MULTILINE)
    assert {where for _, where in rows} == {"worker", "doors", "both", "whole", "mesh", "webhooks", "watch"}
    return [name for name, where in rows if where in processes]


@contextmanager
def _workers(url: str, folder: Path, port: int, *more: str) -> Iterator[str]:
    """``cdr run worker`` on a database of its own; gives an operator's token."""
    database = f"sqlite:///{folder / 'engine.db'}"
    upgrade_schema(database)
    store = Store(database, keyring({}, folder / "keys.json", create=True))
    token = Identities(store).add("watch", "operator").text
    store.close()
    environment = {
        **os.environ,
        "CDR_AMQP_URL": url,
        "CDR_DATABASE_URL": database,
        "CDR_KEYS_FILE": str(folder / "keys.json"),
        "CDR_WORKER_HTTP_PORT": str(port),
    }
    command = [sys.executable, "-m", "integration_engine.cli", "run", "worker", *more]
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, cwd=folder, stderr=log)
    try:
        yield token
    finally:
        process.terminate()
        assert process.wait(60) == 0


def test_each_worker_of_a_machine_has_a_door_of_its_own_and_tells_what_it_did(amqp_url: str, tmp_path: Path) -> None:
    prepared(amqp_url, tmp_path)
    port = _free_ports(2)
    with _workers(amqp_url, tmp_path, port, "--processes", "2") as token:
        eventually(lambda: all(_says(each, "/health/ready", 200) for each in (port, port + 1)))
        assert _says(port, "/health/live", 200)
        assert _says(port, "/metrics", 401)
        send(amqp_url, *map(death, range(6)))

        def told() -> str:
            answers = [_asked(each, "/metrics", token) for each in (port, port + 1)]
            return "".join(answer.text for answer in answers if answer)

        of_them = f'cdr_worked_total{{kind="police",partner="{FORCE}",'
        eventually(lambda: sum(_number(told(), of_them)) == 6)
        eventually(lambda: sum(_number(told(), 'cdr_deliveries_published_total{kind="new"}')) > 0)
        text = told()
    assert set(numbers_of("worker", "both")) <= set(re.findall(r"^# HELP (\w+)", text, re.MULTILINE))
    assert sum(_number(text, 'cdr_dead_total{kind="police"}')) == 0
    assert sum(_number(text, "cdr_batch_size_sum")) == 6
    assert sum(_number(text, 'cdr_message_age_seconds_count{kind="police"}')) == 0  # these were sent without a time
    assert sum(_number(text, 'cdr_transaction_seconds_count{outcome="committed"}')) > 0
    assert sum(_number(text, "cdr_broker_confirm_seconds_count")) > 0
    assert all(number > 1e6 for number in _number(text, "process_resident_memory_bytes"))


def _number(text: str, series: str) -> list[float]:
    return [float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(series)]


def test_a_worker_without_its_broker_lives_says_what_is_away_and_is_ready_again_by_itself(tmp_path: Path) -> None:
    port = _free_ports(1)
    with rabbitmq(own=True) as broker:
        prepared(broker.url, tmp_path)
        with _workers(broker.url, tmp_path, port):
            eventually(lambda: _says(port, "/health/ready", 200))
            broker.kill()
            eventually(lambda: _says(port, "/health/ready", 503))
            away = _asked(port, "/health/ready")
            assert away is not None
            assert away.json() == {"status": "away", "parts": {"broker": "ConnectionError", "store": "ok"}}
            assert _says(port, "/health/live", 200)
            broker.start()
            eventually(lambda: _says(port, "/health/ready", 200), seconds=60)


def test_a_worker_whose_rules_found_nothing_of_what_is_held_says_so_until_the_keys_are_made_anew(
    amqp_url: str, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path / 'engine.db'}"
    prepared(amqp_url, tmp_path)
    with program_of(numbers_only):
        upgrade_schema(database)
    port = _free_ports(1)
    with _workers(amqp_url, tmp_path, port):
        eventually(lambda: _says(port, "/health/ready", 503), seconds=60)
        stale = _asked(port, "/health/ready")
        assert stale is not None
        assert stale.json()["parts"]["store"] == "NotIndexed"
        assert _says(port, "/health/live", 200)
        store = Store(database, keyring({}, tmp_path / "keys.json"))
        assert [each.finished for each in reindex(store)] == [False, True]
        store.close()
        eventually(lambda: _says(port, "/health/ready", 200), seconds=60)
    assert "not-indexed" in (tmp_path / "worker.log").read_text()


def test_a_consuming_thread_that_no_longer_moves_is_seen(
    amqp_url: str, topology: Topology, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integration_engine.lookout.STILL_S", 1.0)
    nothing = tmp_path / "cdr.toml"
    nothing.write_text("")
    settings = load_settings(nothing, amqp_url=amqp_url, database_url=sqlite_url, worker_http_port=0)
    store, let_go = new_store(sqlite_url), threading.Event()
    consumer = Consumer(amqp_url, "stuck", ["intake.police"], lambda _: let_go.wait() and None, pace=Pace(1, 0.01, 1))
    thread = threading.Thread(target=consumer.run)
    with Publisher(amqp_url, "stuck") as publisher, looked_at(settings, store, publisher, consumer) as port:
        assert port
        thread.start()
        eventually(lambda: _says(port, "/health/ready", 200))
        assert _says(port, "/health/live", 200)
        send(amqp_url, death(1))
        eventually(lambda: _says(port, "/health/live", 503))
        let_go.set()
        eventually(lambda: _says(port, "/health/live", 200))
        consumer.stop()
        thread.join(30)
    store.close()
    assert ready(amqp_url, "intake.police") == 0


def test_numbers_can_be_read_while_the_store_is_away_by_whoever_read_them_before(
    amqp_url: str, topology: Topology, sqlite_url: str, tmp_path: Path
) -> None:
    nothing = tmp_path / "cdr.toml"
    nothing.write_text("")
    settings = load_settings(nothing, amqp_url=amqp_url, database_url=sqlite_url, worker_http_port=0)
    store = new_store(sqlite_url)
    token, other = (Identities(store).add(name, "operator").text for name in ("watch", "night"))
    consumer = Consumer(amqp_url, "watched", ["intake.police"], lambda _: None)
    with Publisher(amqp_url, "watched") as publisher, looked_at(settings, store, publisher, consumer) as port:
        assert port
        known = _asked(port, "/metrics", token)
        assert known is not None
        assert known.status_code == 200
        database = tmp_path / "engine.db"
        store.close()
        for each in database.parent.glob("engine.db*"):
            each.rename(each.with_suffix(each.suffix + ".gone"))
        database.mkdir()
        still, unknown = _asked(port, "/metrics", token), _asked(port, "/metrics", other)
        assert still is not None
        assert unknown is not None
        assert (still.status_code, unknown.status_code) == (200, 503)
    store.close()


def test_a_process_with_doors_tells_what_the_documentation_says_of_it(
    amqp_url: str, sqlite_url: str, tmp_path: Path
) -> None:
    declare(amqp_url)
    with house(amqp_url, sqlite_url, tmp_path, mllp=True) as doors:

        def told() -> set[str]:
            return set(re.findall(r"^# HELP (\w+)", doors.get("op", "/metrics").text, re.MULTILINE))

        eventually(lambda: set(numbers_of("doors", "both", "whole")) <= told())
        # told from the start, so that the first is seen as a rise; other doors of this process may have counted some before
        assert _number(doors.get("op", "/metrics").text, 'cdr_not_durable_total{kind="police",reason="nacked"}')
