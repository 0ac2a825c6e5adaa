"""A broker that is short of disk, that never answers, or that comes back with nothing: doors answer in time, what
is in the store goes out, and it all goes on by itself or after the one command that is named."""

import secrets
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from integration_engine import courier
from integration_engine import doors as doors_of_ours
from integration_engine.broker import connection
from integration_engine.broker.management import Management
from integration_engine.cli import _build
from integration_engine.receiving.kept import Kept
from integration_engine.receiving.queue import read
from integration_engine.services import Broker, rabbitmq
from integration_engine.store import audit, outbox, overview
from integration_engine.store.database import Store
from integration_engine.store.resending import SENT_AGAIN
from tests.chaos.knocking import by_http, by_mllp, health
from tests.chaos.told_once import all_told_once
from tests.gateway_house import house, keys, keys_in_the_environment
from tests.worker_samples import death, eventually, prepared, ready, send, working

pytestmark = pytest.mark.chaos
_REPORTS = 20
_FULL, _ROOM = ("set_disk_free_limit", "1000000GB"), ("set_disk_free_limit", "50MB")


@pytest.fixture(scope="module")
def breakable() -> Iterator[Broker]:
    with rabbitmq(own=True) as running:
        yield running


@pytest.fixture
def url(breakable: Broker) -> str:
    """A virtual host of its own on the broker that may be broken."""
    name, owner = f"broken-{secrets.token_hex(4)}", breakable.url.split("//", 1)[1].split(":", 1)[0]
    assert breakable.management_url is not None
    management = Management(breakable.management_url)
    management.put("vhosts", name)
    management.put("permissions", name, owner, body={"configure": ".*", "write": ".*", "read": ".*"})
    return breakable.on(name)


def test_a_broker_without_room_on_its_disk_is_waited_for_by_all_who_publish(
    breakable: Broker, url: str, sqlite_url: str, tmp_path: Path
) -> None:
    topology = prepared(url, tmp_path)
    with house(url, sqlite_url, tmp_path, mllp=True, confirm_seconds=2.0) as doors:
        store = Store(sqlite_url, keys())
        send(url, *map(death, range(_REPORTS)))
        breakable.control(*_FULL)
        try:
            with working(url, store, topology):
                # what was in the queues may be taken still; what comes of it has to wait
                eventually(lambda: outbox.depth(store).waiting >= _REPORTS)
                eventually(lambda: by_http(doors) == (503, "broker-blocked"))
                assert b"MSA|AE|" in by_mllp(doors)
                assert health(doors, "broker") == "ConnectionError"
                assert ready(url, "cdop.BERKS") == 0
                breakable.control(*_ROOM)
                eventually(lambda: by_http(doors)[0] == 202)
                assert b"MSA|AA|" in by_mllp(doors)
                all_told_once(url, store, _REPORTS + 2)
        finally:
            breakable.control(*_ROOM)
        store.close()


def test_a_broker_that_never_answers_holds_nobody_up_for_ever(
    breakable: Broker, url: str, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_HEARTBEAT_S", 2)  # thirty seconds in earnest
    monkeypatch.setattr(connection, "_SOCKET_S", 2)
    topology = prepared(url, tmp_path)
    with house(url, sqlite_url, tmp_path, mllp=True, confirm_seconds=2.0) as doors:
        store = Store(sqlite_url, keys())
        with working(url, store, topology) as worker:
            send(url, *map(death, range(_REPORTS)))
            breakable.hold()
            try:
                assert by_http(doors) in ((503, "no-confirm"), (503, "broker-away"))
                assert b"MSA|AE|" in by_mllp(doors)
                assert health(doors, "broker") == "ConnectionError"
                eventually(lambda: not worker.ready())
            finally:
                breakable.go_on()
            eventually(lambda: by_http(doors)[0] == 202)
            eventually(lambda: b"MSA|AA|" in by_mllp(doors))
            all_told_once(url, store, _REPORTS + 2)
        store.close()


def test_what_a_broker_took_with_it_is_sent_again_by_one_command_and_recipients_have_it_once(
    breakable: Broker,
    sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(courier, "_SWEEP_EVERY_S", 0.5)
    monkeypatch.setitem(courier.Courier.__init__.__kwdefaults__, "sweep_after", timedelta(seconds=1))
    monkeypatch.setattr(doors_of_ours, "BACKLOG_EVERY_S", 0.5)
    url = breakable.url
    for name, value in {"CDR_AMQP_URL": url, "CDR_DATABASE_URL": sqlite_url, **keys_in_the_environment()}.items():
        monkeypatch.setenv(name, value)
    topology = prepared(url, tmp_path)
    with house(url, sqlite_url, tmp_path, confirm_seconds=2.0) as doors, Kept(tmp_path / "berks") as kept:
        store = Store(sqlite_url, keys())
        with working(url, store, topology) as worker:
            send(url, *map(death, range(_REPORTS // 2)))
            eventually(lambda: ready(url, "cdop.BERKS") == _REPORTS // 2)
            assert read(url, "cdop.BERKS", kept)["new"] == _REPORTS // 2
            send(url, *map(death, range(_REPORTS // 2, _REPORTS)))
            eventually(lambda: ready(url, "cdop.BERKS") == _REPORTS // 2 and not outbox.depth(store).waiting)

            for order in ("stop_app", "reset", "start_app"):
                breakable.control(order)
            eventually(worker.ready)
            eventually(lambda: health(doors, "broker") == "QueueMissing")
            assert by_http(doors)[0] == 503
            eventually(lambda: "a queue to consume isn't there: cdr broker apply" in caplog.text)
            assert _cdr("queues") == 1

            assert _cdr("broker", "apply") == 0
            eventually(lambda: health(doors, "broker") == "ok")
            assert by_http(doors)[0] == 202
            send(url, death(_REPORTS))
            eventually(lambda: len(overview.recent_cases(store, 100)) == _REPORTS + 2)
            assert _cdr("resend", "--all", "--since", "2020-01-01", "--dry-run") == 0
            assert _cdr("resend", "--all", "--since", "2020-01-01") == 0
            took = Counter[str]()

            def all_held() -> bool:
                took.update(read(url, "cdop.BERKS", kept))
                return len(list((tmp_path / "berks" / "cases").iterdir())) == _REPORTS + 1

            eventually(lambda: not outbox.depth(store).waiting)
            eventually(all_held)
        assert took["again"] >= _REPORTS // 2, "what it had comes under the ids that it knows"
        sent_again = [line for line in audit.lines(store, limit=1000) if line.action == SENT_AGAIN]
        assert {"cdop.BERKS", "national.ncmd"} <= {line.subject for line in sent_again}
        assert audit.verify(store).broken is None
        store.close()


def _cdr(*words: str) -> int:
    return CliRunner().invoke(_build([words[0]]), list(words)).exit_code
