"""The floor of the durable path, one process of it: what any engine must do that loses nothing, and nothing else.

    python -m benchmarks.bare WORK_FILE QUEUE

Consumes a queue, commits for each batch the rows that the engine wrote for as many messages, in one statement a table,
publishes the deliveries that the engine made of them with a window of confirms, marks the confirmed ones with the next
batch, and acknowledges. What is published together leaves together, as from the engine. One thread, one connection, no
reading, linking, sealing or deciding. Ends on SIGTERM.
"""

import os
import signal
import sqlite3
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pika
import psycopg

from benchmarks.written import Delivery, Work, Written
from integration_engine.broker.connection import Wire
from integration_engine.broker.topology import CASES
from integration_engine.services.postgres import plain
from integration_engine.settings import load_settings

_WINDOW = 500
_PERSISTENT = 2
_NOTHING_MORE_S = 0.02


class Rows:
    """Commits the rows of a batch, and which deliveries are published by now."""

    def __init__(self, url: str, work: Work) -> None:
        self._work = work
        self._postgresql = url.startswith("postgresql")
        if self._postgresql:
            self._connection: Any = psycopg.connect(plain(url))
            insert = _in_arrays
        else:
            self._connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=60)
            for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=OFF", "cache_size=-65536"):
                self._connection.execute(f"PRAGMA {setting}")
            insert = _row_by_row
        self._inserts = [(table, insert(table)) for table in work.tables if table.each]
        self._updates = [table for table in work.tables if not table.each]

    def commit(self, messages: Sequence[int], published: Sequence[str]) -> None:
        run = self._connection.cursor().execute
        if not self._postgresql:
            run("BEGIN IMMEDIATE")
        for table, statement in self._inserts:
            rows = [row for message in messages for row in table.of(message, self._work.messages)]
            if not rows:
                continue
            if self._postgresql:
                run(statement, [list(column) for column in zip(*rows, strict=True)])
            else:
                self._connection.cursor().executemany(statement, rows)
        if published:
            now = datetime.now(UTC)
            if self._postgresql:
                run("UPDATE delivery SET published_at = %s WHERE id = ANY(%s)", (now, list(published)))
            else:
                marks = [(str(now), name) for name in published]
                self._connection.cursor().executemany("UPDATE delivery SET published_at = ? WHERE id = ?", marks)
        for table in self._updates:  # what every batch changes, last, because it is locked from then on
            self._change(table)
        run("COMMIT")

    def close(self) -> None:
        self._connection.close()

    def _change(self, table: Written) -> None:
        run, mark = self._connection.cursor().execute, "%s" if self._postgresql else "?"
        key, changed = table.columns[0], table.columns[-1]
        run(
            f'UPDATE "{table.table}" SET "{changed}" = {mark} WHERE "{key}" = {mark}',
            (table.rows[0][-1], table.rows[0][0]),
        )


def _in_arrays(table: Written) -> str:
    columns = ", ".join(f'"{name}"' for name in table.columns)
    arrays = ", ".join(f"%b::{kind}[]" for kind in table.types)
    return f'INSERT INTO "{table.table}" ({columns}) SELECT * FROM unnest({arrays})'


def _row_by_row(table: Written) -> str:
    columns = ", ".join(f'"{name}"' for name in table.columns)
    return f'INSERT INTO "{table.table}" ({columns}) VALUES ({", ".join("?" * len(table.columns))})'


class Loop:
    """One connection: consuming on one channel, publishing with confirms on another."""

    def __init__(self, url: str, queue: str, rows: Rows, work: Work, batch: int, prefetch: int) -> None:
        self._queue, self._rows, self._work = queue, rows, work
        self._batch, self._prefetch = batch, prefetch
        self._taken: list[tuple[int, int]] = []
        self._waiting: list[Delivery] = []
        self._sent: dict[int, str] = {}
        self._confirmed: list[str] = []
        self._tag = 0
        self._timer: Any = None
        self._stopping = False
        self._connection = Wire(pika.URLParameters(url), on_open_callback=self._opened)
        self._out: Any = None
        self._in: Any = None

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        self._connection.ioloop.start()

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _opened(self, connection: Any) -> None:
        connection.channel(on_open_callback=self._publishing)

    def _publishing(self, channel: Any) -> None:
        self._out = channel
        channel.confirm_delivery(
            self._confirm, callback=lambda _: self._connection.channel(on_open_callback=self._consuming)
        )

    def _consuming(self, channel: Any) -> None:
        self._in = channel
        channel.basic_qos(prefetch_count=self._prefetch)
        channel.basic_consume(self._queue, self._take)
        self._look()

    def _look(self) -> None:
        """Stop where that was asked, and mark what was confirmed when no batch came that could have."""
        if self._stopping:
            self._connection.ioloop.stop()
            return
        if not self._taken and not self._waiting and not self._sent and self._confirmed:
            self._commit([])
        self._connection.ioloop.call_later(_NOTHING_MORE_S, self._look)

    def _take(self, _channel: Any, method: Any, properties: Any, _body: bytes) -> None:
        self._taken.append((method.delivery_tag, int(properties.message_id[1:])))
        if len(self._taken) >= self._batch:
            self._work_on()
        elif self._timer is None:
            self._timer = self._connection.ioloop.call_later(_NOTHING_MORE_S, self._work_on)

    def _work_on(self) -> None:
        if self._timer is not None:
            self._connection.ioloop.remove_timeout(self._timer)
            self._timer = None
        if not self._taken:
            return
        messages = [message for _, message in self._taken]
        self._commit(messages)
        self._waiting += [each for message in messages for each in self._work.delivered(message)]
        self._pump()
        self._in.basic_ack(self._taken[-1][0], multiple=True)
        self._taken = []

    def _commit(self, messages: Sequence[int]) -> None:
        published, self._confirmed = self._confirmed, []
        self._rows.commit(messages, published)

    def _pump(self) -> None:
        with self._connection.together():
            self._send()

    def _send(self) -> None:
        while self._waiting and len(self._sent) < _WINDOW:
            each = self._waiting.pop(0)
            self._tag += 1
            self._sent[self._tag] = each.id
            properties = pika.BasicProperties(
                content_type="application/json", message_id=each.id, type=each.kind, timestamp=int(time.time()),
                headers={"cdr-case": each.case, "cdr-version": each.version}, delivery_mode=_PERSISTENT,
            )  # fmt: skip
            self._out.basic_publish(CASES, each.key, each.body, properties, mandatory=True)

    def _confirm(self, frame: Any) -> None:
        assert isinstance(frame.method, pika.spec.Basic.Ack)
        last = frame.method.delivery_tag
        tags = [tag for tag in self._sent if tag <= last] if frame.method.multiple else [last]
        self._confirmed += [self._sent.pop(tag) for tag in tags]
        self._pump()


def main(file: str, queue: str) -> None:
    settings = load_settings()
    work = Work.load(Path(file))
    rows = Rows(settings.database_url.get_secret_value(), work)
    Loop(settings.amqp_url.get_secret_value(), queue, rows, work, settings.batch_size, settings.prefetch).run()
    os._exit(0)  # nothing to clean up, and the rows of a whole run take long to free


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
