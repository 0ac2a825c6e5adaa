"""A broker and a database are found or started, used, and leave nothing behind."""

import subprocess
import sys
import time
from pathlib import Path

import pika
import psycopg
import pytest

from integration_engine.broker.management import Management
from integration_engine.services import ServiceUnavailable, postgres, rabbitmq
from integration_engine.services.private import Guarded, account, free_ports, new_folder


def test_each_test_has_a_virtual_host_of_its_own(amqp_url: str) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    channel = connection.channel()
    channel.queue_declare("q", durable=True, arguments={"x-queue-type": "quorum"})
    channel.confirm_delivery()
    channel.basic_publish("", "q", b"kept", mandatory=True)
    assert channel.basic_get("q")[2] == b"kept"
    connection.close()


def test_the_management_interface_answers(management: Management) -> None:
    assert management.get("overview")["rabbitmq_version"]
    assert management.get("queues", "/", "no-such-queue") is None


def test_each_test_has_an_empty_database(database_url: str) -> None:
    from sqlalchemy import create_engine, inspect

    engine = create_engine(database_url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_a_database_survives_being_killed_and_started_again() -> None:
    with postgres(own=True, durable=True) as database:
        with psycopg.connect(database.plain_url) as connection:
            connection.execute("create table kept (n int)")
            connection.execute("insert into kept values (7)")
        database.kill()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(database.plain_url)
        database.start()
        with psycopg.connect(database.plain_url) as connection:
            assert connection.execute("select n from kept").fetchone() == (7,)


def test_a_given_database_and_broker_are_used_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDR_AMQP_URL", "amqp://someone:secret@broker.example:5672/cdr")
    monkeypatch.setenv("CDR_DATABASE_URL", "postgresql://someone:secret@database.example/cdr")
    with rabbitmq() as broker, postgres() as database:
        assert broker.url == "amqp://someone:secret@broker.example:5672/cdr"
        assert broker.management_url == "http://someone:secret@broker.example:15672"
        assert database.url == "postgresql+psycopg://someone:secret@database.example/cdr"
        assert "secret" not in repr(broker) + repr(database)
        with pytest.raises(ServiceUnavailable):
            broker.kill()


def test_without_any_way_to_a_broker_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["integration_engine.services.rabbitmq"]
    monkeypatch.delenv("CDR_AMQP_URL", raising=False)
    monkeypatch.setattr(module.containers, "engine_runs", lambda: False)
    monkeypatch.setattr(module, "find_program", lambda *_: None)
    monkeypatch.setattr(module.packages, "can_install", lambda: False)
    with pytest.raises(ServiceUnavailable, match="install the package rabbitmq-server") as caught, rabbitmq():
        raise AssertionError
    assert caught.value.code == "not-installed"


_PARENT = """
import signal, sys
from integration_engine.services.private import Guarded, account, new_folder
folder = new_folder("test", account("nobody"))
server = Guarded(["sleep", "600"], {}, folder, signal.SIGTERM)
print(folder, flush=True)
sys.stdin.read()
"""


def test_a_server_and_its_data_end_with_a_parent_that_was_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", _PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        folder = Path(parent.stdout.readline().decode().strip())
        assert folder.is_dir()
        parent.kill()
    _eventually_gone(folder)


def test_a_server_that_dies_unasked_is_seen_not_to_run() -> None:
    import signal

    folder = new_folder("test", account("nobody"))
    server = Guarded(["sh", "-c", "echo no such file; exit 3"], {"PATH": "/bin:/usr/bin"}, folder, signal.SIGTERM)
    until = time.monotonic() + 10
    while server.running and time.monotonic() < until:
        time.sleep(0.02)
    assert not server.running
    assert server.last_words() == "no such file"
    server.stop()
    _eventually_gone(folder)


def test_ports_found_free_are_all_different() -> None:
    assert len(set(free_ports(20))) == 20


def _eventually_gone(folder: Path) -> None:
    until = time.monotonic() + 10
    while folder.exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert not folder.exists()
