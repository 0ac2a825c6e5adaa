"""A database that gives up on a transaction, is full, or ends every connection: messages wait, and all are taken."""

import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from integration_engine.broker.consumer import Pace
from integration_engine.broker.declare import apply_topology
from integration_engine.broker.topology import Topology, load_topology
from integration_engine.security.keys import keyring
from integration_engine.services.postgres import plain
from integration_engine.store import audit, outbox, overview
from integration_engine.store.database import Store, upgrade_schema
from tests.store_samples import new_store
from tests.worker_samples import death, eventually, prepared, ready, send, taken, working

pytestmark = pytest.mark.chaos
_REPORTS = 24
_GIVEN_UP = 3


@pytest.fixture
def topology(amqp_url: str, tmp_path: Path) -> Topology:
    return prepared(amqp_url, tmp_path)


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    opened = new_store(postgres_url)
    yield opened
    opened.close()


def _all_taken_once(url: str, store: Store) -> None:
    """Every report is one case, told once, and none of them was taken for a mistake of ours."""
    assert len(overview.recent_cases(store, 100)) == _REPORTS
    assert len({properties.message_id for properties, _ in taken(url, "cdop.BERKS")}) == _REPORTS
    assert [ready(url, f"{queue}.police") for queue in ("intake", "refused", "dead")] == [0, 0, 0]
    assert audit.verify(store).broken is None


def _settled(url: str, store: Store) -> Callable[[], bool]:
    def settled() -> bool:
        done = len(overview.recent_cases(store, 100)) == _REPORTS and not outbox.depth(store).waiting
        return done and ready(url, "intake.police") == 0

    return settled


def test_a_transaction_that_loses_a_deadlock_is_done_again(
    amqp_url: str, postgres_url: str, store: Store, topology: Topology
) -> None:
    with psycopg.connect(plain(postgres_url)) as other:
        # Only the engine's side looks for the deadlock, so it is the engine's transaction that is given up.
        other.execute("set deadlock_timeout = '1h'")
        other.execute("lock table delivery in access exclusive mode")
        with working(amqp_url, store, topology, pace=Pace(batch=_REPORTS)):
            send(amqp_url, *map(death, range(_REPORTS)))
            eventually(lambda: _waiting(postgres_url) > 0)
            other.execute("lock table cases in access exclusive mode")  # given once the engine's transaction has ended
            other.rollback()
            eventually(_settled(amqp_url, store))
    assert _deadlocks(postgres_url) > 0, "there was one"
    _all_taken_once(amqp_url, store)


def _waiting(url: str) -> int:
    with psycopg.connect(plain(url), autocommit=True) as watching:
        query = "select count(*) from pg_locks where not granted and relation = 'delivery'::regclass"
        return int(watching.execute(query).fetchone()[0])  # type: ignore[index]  # count(*) is always one row


def _deadlocks(url: str) -> int:
    with psycopg.connect(plain(url), autocommit=True) as watching:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            query = "select deadlocks from pg_stat_database where datname = current_database()"
            if found := int(watching.execute(query).fetchone()[0]):  # type: ignore[index]
                return found
            time.sleep(0.2)
    return 0


@pytest.mark.parametrize("given_up", ["serialization_failure", "deadlock_detected"])
def test_a_transaction_that_the_database_gives_up_is_done_again_and_is_no_messages_fault(
    amqp_url: str, postgres_url: str, store: Store, topology: Topology, given_up: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The server itself gives up the first three transactions of the engine that have written almost everything."""
    with psycopg.connect(plain(postgres_url), autocommit=True) as other:
        other.execute("create sequence tries")
        other.execute(
            "create function give_up() returns trigger language plpgsql as $$ begin"
            f" if nextval('tries') <= {_GIVEN_UP} then raise exception using errcode = '{given_up}'; end if;"
            " return null; end $$"
        )
        other.execute("create trigger gives_up after insert on delivery execute function give_up()")
        with working(amqp_url, store, topology, pace=Pace(batch=_REPORTS)):
            send(amqp_url, *map(death, range(_REPORTS)))
            eventually(_settled(amqp_url, store))
        tried = other.execute("select last_value from tries").fetchone()
    assert tried is not None
    assert tried[0] > _GIVEN_UP, "it was tried again"
    assert "a batch raised" not in caplog.text, "nobody looked for a message to blame"
    _all_taken_once(amqp_url, store)


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_whatever_isolation_the_database_is_set_to_workers_see_what_others_have_just_committed(
    amqp_url: str, postgres_url: str, topology: Topology, isolation: str
) -> None:
    """Told twice at once, each child is one case: what the engine reads after a lock has to be the newest there is."""
    name = postgres_url.rpartition("/")[2]
    upgrade_schema(postgres_url)
    with psycopg.connect(plain(postgres_url), autocommit=True) as other:
        other.execute(f"alter database \"{name}\" set default_transaction_isolation = '{isolation}'")
    first, second = new_store(postgres_url), new_store(postgres_url)
    pace = Pace(batch=2, prefetch=4)
    with working(amqp_url, first, topology, pace=pace), working(amqp_url, second, topology, pace=pace):
        send(amqp_url, *(death(number) + again for number in range(_REPORTS) for again in (b"", b"\n")))
        eventually(_settled(amqp_url, first), 60)
    _all_taken_once(amqp_url, first)
    first.close()
    second.close()


def test_a_database_that_ends_every_connection_again_and_again_costs_time_only(
    amqp_url: str, postgres_url: str, store: Store, topology: Topology
) -> None:
    ended = threading.Event()

    def end_them_all() -> None:
        with psycopg.connect(plain(postgres_url), autocommit=True) as other:
            while not ended.wait(0.1):
                other.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and pid <> pg_backend_pid()"
                )

    ending = threading.Thread(target=end_them_all)
    own = Store(postgres_url, store.keys)
    ending.start()
    with working(amqp_url, own, topology, pace=Pace(batch=3, prefetch=6)):
        send(amqp_url, *map(death, range(_REPORTS)))
        time.sleep(2)
        ended.set()
        ending.join()
        eventually(_settled(amqp_url, store))
    _all_taken_once(amqp_url, store)
    own.close()


def test_a_full_disk_holds_messages_back_until_there_is_room_again(
    amqp_url: str, sqlite_url: str, tmp_path: Path
) -> None:
    """The worker's files may grow no further, which to the database is a disk without room."""
    apply_topology(load_topology().only("intake.", "refused.", "dead.", "delay."), amqp_url)
    prepared(amqp_url, tmp_path)
    upgrade_schema(sqlite_url)
    store = Store(sqlite_url, keyring({}, tmp_path / "keys.json", create=True))
    environment = os.environ | {
        "CDR_AMQP_URL": amqp_url, "CDR_DATABASE_URL": sqlite_url, "CDR_KEYS_FILE": str(tmp_path / "keys.json"),
        "CDR_BATCH_SIZE": "4",
    }  # fmt: skip
    with (tmp_path / "worker.log").open("ab") as log:
        command = [sys.executable, "-m", "integration_engine.cli", "run", "worker"]
        process = subprocess.Popen(command, env=environment, cwd=tmp_path, stderr=log)
    try:
        eventually(lambda: "the worker runs" in (tmp_path / "worker.log").read_text())
        _, most = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4096, most))
        send(amqp_url, *map(death, range(_REPORTS)))
        eventually(lambda: "can't take a batch now" in (tmp_path / "worker.log").read_text())
        assert overview.recent_cases(store, 100) == ()
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most, most))
        eventually(_settled(amqp_url, store), 60)
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
    _all_taken_once(amqp_url, store)
    assert "Quill" not in (tmp_path / "worker.log").read_text()
    store.close()
