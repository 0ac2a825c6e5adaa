"""Real services for the tests: a broker and a PostgreSQL each process of a run, a virtual host and a database each test."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import settings

from integration_engine.broker.management import Management
from integration_engine.services import Broker, Database, postgres, rabbitmq
from tests.told import Told

TOLD = Told()
_TOLD = "told"
# Each takes a gigabyte with its broker and its database, and no more than so many have enough to do.
_MOST_PROCESSES = 4

# A submission is judged by the same examples each time; at a desk every run looks at new ones.
settings.register_profile("submission", derandomize=True, deadline=None)
settings.register_profile("desk", deadline=None, print_blob=True)
settings.load_profile("submission" if os.environ.get("CI") else "desk")


def pytest_configure() -> None:
    """Before any adapter is imported: remember what messages say of children."""
    TOLD.watch()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """How many processes ``-n auto`` is: one where the servers are given, because two would meet on them."""
    if any(os.environ.get(name) for name in ("CDR_AMQP_URL", "CDR_DATABASE_URL")):
        return 1
    return min(os.cpu_count() or 1, _MOST_PROCESSES)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from tests.shares import Shares

    return Shares(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker process has ended. One that died has handed nothing on, and its test has failed."""
    if handed_on := getattr(node, "workeroutput", {}).get(_TOLD):
        TOLD.take_in(handed_on)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """No name, NHS number, birth date or postcode of the whole run may stand in a log line or metric."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_TOLD] = TOLD.handed_on()  # looked for by the process that shares out
        return
    leaks = TOLD.leaks()
    for leak in leaks:
        print(f"\nA child could be told from {leak}")
    if leaks:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = TOLD.logged.getvalue().count("\n")
    terminalreporter.write_line(f"{len(TOLD.identifiers)} identifiers looked for in {lines} log lines and the metrics")


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    """A running RabbitMQ, shared by all tests of this process: don't stop it (``rabbitmq(own=True)`` gives one to break)."""
    with rabbitmq() as running:
        yield running


@pytest.fixture(scope="session")
def management(broker: Broker) -> Management:
    assert broker.management_url is not None
    return Management(broker.management_url)


def _virtual_host(broker: Broker, management: Management) -> Iterator[str]:
    name = f"test-{secrets.token_hex(6)}"
    management.put("vhosts", name)
    user = broker.url.split("//", 1)[1].split(":", 1)[0]
    management.put("permissions", name, user, body={"configure": ".*", "write": ".*", "read": ".*"})
    yield name
    management.delete("vhosts", name)


@pytest.fixture
def vhost(broker: Broker, management: Management) -> Iterator[str]:
    """An empty virtual host of this test's own."""
    yield from _virtual_host(broker, management)


@pytest.fixture(scope="module")
def module_amqp_url(broker: Broker, management: Management) -> Iterator[str]:
    """The AMQP URL of a virtual host that the tests of one module share."""
    for name in _virtual_host(broker, management):
        yield broker.on(name)


@pytest.fixture
def amqp_url(broker: Broker, vhost: str) -> str:
    """The AMQP URL of an administrator on this test's own, empty virtual host."""
    return broker.on(vhost)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Database]:
    """A running PostgreSQL, shared by all tests of this process."""
    with postgres() as running:
        yield running


def _database(server: Database) -> Iterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(server.plain_url, autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
    yield server.named(name)
    with psycopg.connect(server.plain_url, autocommit=True) as connection:
        connection.execute(f'drop database "{name}" with (force)')


@pytest.fixture
def postgres_url(postgres_server: Database) -> Iterator[str]:
    """The SQLAlchemy URL of an empty database of this test's own."""
    yield from _database(postgres_server)


@pytest.fixture(scope="module")
def module_postgres_url(postgres_server: Database) -> Iterator[str]:
    """The SQLAlchemy URL of a database that the tests of one module share."""
    yield from _database(postgres_server)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The SQLAlchemy URL of a database file that doesn't exist yet."""
    return f"sqlite:///{tmp_path / 'engine.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Both databases, one after the other, each empty."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def module_database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Both databases, one after the other, each shared by the tests of one module."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("module_postgres_url"))
    return f"sqlite:///{tmp_path_factory.mktemp('database') / 'engine.db'}"
