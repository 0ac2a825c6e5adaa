"""A house of its own for a benchmark: a durable broker and database, and the engine's processes as an operator runs them."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pika
import psycopg
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from benchmarks.figures import Report
from integration_engine.broker.connection import user_of
from integration_engine.broker.declare import apply_topology
from integration_engine.broker.message import Message
from integration_engine.broker.publisher import Publisher
from integration_engine.broker.topology import INTAKE, load_topology
from integration_engine.security.keys import keyring
from integration_engine.services import Broker, Database, postgres, rabbitmq
from integration_engine.services.postgres import plain
from integration_engine.store.database import upgrade_schema

PARTNER = "RTH"
HL7 = "application/hl7-v2+er7"
_READY_S = 60.0
_LOOK_S = 0.05
_STOP_S = 30.0
_AT_ONCE = 5_000
_LAST_WORDS = 1_000
_DELIVERIES = ("cdop.", "jar.", "national.")


class GaveUp(RuntimeError):
    """What was waited for did not come. The text says what, and the ends of the logs of whoever should have done it."""


@dataclass(frozen=True)
class House:
    """Where everything is. ``folder`` is empty at first and goes with the house."""

    broker: Broker = field(repr=False)
    database: Database | None = field(repr=False)
    folder: Path

    def new_database(self, kind: str, name: str) -> str:
        """The URL of a new store of this name, its schema made. ``kind`` is ``PostgreSQL`` or ``SQLite``."""
        if kind == "SQLite":
            url = f"sqlite:///{self.folder / name}.sqlite3"
        else:
            assert self.database is not None
            with psycopg.connect(self.database.plain_url, autocommit=True) as connection:
                connection.execute(f'CREATE DATABASE "{name}"')
            url = self.database.named(name)
        upgrade_schema(url)
        return url

    def environment(self, database_url: str, **more: str) -> dict[str, str]:
        """What a process of the engine is told."""
        keys = self.folder / "keys.json"
        keyring({}, keys, create=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CDR_")}
        return {
            **kept,
            "CDR_AMQP_URL": self.broker.url,
            "CDR_DATABASE_URL": database_url,
            "CDR_KEYS_FILE": str(keys),
            "CDR_LOG_LEVEL": "WARNING",
            **more,
        }

    @contextmanager
    def running(
        self, command: Sequence[str], environment: Mapping[str, str], count: int = 1
    ) -> Iterator[list["subprocess.Popen[bytes]"]]:
        """So many processes of ``python -m`` this command, ended at the end as an operator ends them."""
        with (self.folder / f"{command[-1].rpartition('/')[2]}.log").open("ab") as log:
            started = [
                subprocess.Popen(
                    [sys.executable, "-m", *command], env=dict(environment), cwd=_project(), stdout=log, stderr=log
                )
                for _ in range(count)
            ]
            try:
                yield started
            finally:
                for process in started:
                    process.terminate()
                for process in started:
                    try:
                        process.wait(_STOP_S)
                    except subprocess.TimeoutExpired:
                        process.kill()
                        process.wait()

    def fill(self, kind: str, bodies: Iterable[bytes], content_type: str = HL7) -> int:
        """Publish messages to an intake queue as the gateway would, ids ``m0``, ``m1``, ...; returns how many."""
        user, count = user_of(self.broker.url), 0
        waiting: list[Message] = []
        with Publisher(self.broker.url, "benchmark filling", patience_s=60) as publisher:
            publisher.wait_ready(_READY_S)
            for body in bodies:
                key = f"{kind}.{PARTNER}"
                waiting.append(Message(INTAKE, key, body, content_type, f"m{count}", user_id=user))
                count += 1
                if len(waiting) == _AT_ONCE:
                    _sent(publisher, waiting)
            _sent(publisher, waiting)
        return count

    @contextmanager
    def waiting(self, queue: str) -> Iterator[Callable[[], int]]:
        """Tells how many messages wait in a queue now, those in consumers' hands not counted."""
        with self._channel() as channel:
            yield lambda: int(channel.queue_declare(queue, passive=True).method.message_count)

    def consumers(self, queue: str) -> int:
        """How many consume a queue now."""
        with self._channel() as channel:
            return int(channel.queue_declare(queue, passive=True).method.consumer_count)

    @contextmanager
    def counting(self, database_url: str) -> Iterator[Callable[[], tuple[int, bool]]]:
        """Tells how many messages are taken by now, and whether deliveries wait to be published."""
        # whether, not how many: counting them would be a good part of the work that is measured
        left = "EXISTS (SELECT 1 FROM delivery WHERE published_at IS NULL)"
        query = text(f"SELECT (SELECT count(*) FROM submission), {left}")
        engine = create_engine(database_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            yield lambda: tuple(connection.execute(query).one())
        engine.dispose()

    def empty(self) -> None:
        """Take every delivery off its queue, as if their recipients had."""
        with self._channel() as channel:
            for queue in load_topology().queues:
                if queue.name.startswith(_DELIVERIES):
                    channel.queue_purge(queue.name)

    def wait_for(
        self, what: str, done: Callable[[], bool], seconds: float, processes: Sequence["subprocess.Popen[bytes]"] = ()
    ) -> None:
        """Raises GaveUp where it doesn't come, or one of the processes that should bring it has ended."""
        until = time.monotonic() + seconds
        while not done():
            if time.monotonic() > until or any(process.poll() is not None for process in processes):
                logs = sorted(self.folder.glob("*.log"))
                last = "\n".join(f"{log.name}: {log.read_text(errors='replace')[-_LAST_WORDS:]}" for log in logs)
                raise GaveUp(f"{what} did not come within {seconds:.0f} s.\n{last}")
            time.sleep(_LOOK_S)

    @contextmanager
    def _channel(self) -> Iterator["pika.adapters.blocking_connection.BlockingChannel"]:
        connection = pika.BlockingConnection(pika.URLParameters(self.broker.url))
        try:
            yield connection.channel()
        finally:
            connection.close()


@contextmanager
def house(report: Report, *, database: bool = True) -> Iterator[House]:
    """A house with all queues of the shipped topology; with a PostgreSQL unless that isn't needed. Both wait for the disk."""
    with tempfile.TemporaryDirectory(prefix="cdr-bench-") as name, rabbitmq(own=True) as broker:
        apply_topology(load_topology(), broker.url)
        report.servers(rabbitmq=_broker_version(broker))
        if not database:
            yield House(broker, None, Path(name))
            return
        with postgres(own=True, durable=True) as server:
            report.servers(postgresql=database_version(server))
            yield House(broker, server, Path(name))


def log_bytes(url: str) -> float:
    """How much PostgreSQL has written to its log so far."""
    if make_url(url).get_backend_name() != "postgresql":
        return 0.0
    with psycopg.connect(plain(url)) as connection:
        (found,) = connection.execute("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn").fetchone() or (0,)
    return float(found)


def _sent(publisher: Publisher, waiting: list[Message]) -> None:
    for error in publisher.publish_all(waiting):
        if error is not None:
            raise error
    waiting.clear()


def _broker_version(broker: Broker) -> str:
    connection = pika.BlockingConnection(pika.URLParameters(broker.url))
    try:
        return str(connection._impl.server_properties["version"])
    finally:
        connection.close()


def database_version(server: Database) -> str:
    """Such as ``15.18``."""
    with psycopg.connect(server.plain_url) as connection:
        number = connection.info.server_version
    return f"{number // 10_000}.{number % 10_000}"


def _project() -> Path:
    return Path(__file__).resolve().parents[1]
