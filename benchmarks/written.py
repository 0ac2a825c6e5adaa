"""What the engine wrote for so many messages: every row of every table, so that a floor can write the very same.

Whatever tables there are: rows are shared out evenly over the messages, whose order doesn't matter to a floor.
"""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import LargeBinary, MetaData, Table, create_engine, select, text
from sqlalchemy.engine import Connection

_OWN = frozenset({"alembic_version", "key_in_use"})
_DELIVERY = "delivery"


@dataclass(frozen=True)
class Written:
    """All rows of a table. ``each``: it has about a row or more for each message; else a few rows are changed by every
    batch, and they are all here."""

    table: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[tuple[Any, ...]] = field(repr=False)
    each: bool

    def of(self, message: int, messages: int) -> list[tuple[Any, ...]]:
        """The rows of one message."""
        held = len(self.rows)
        return self.rows[message * held // messages : (message + 1) * held // messages]

    def bytes_a_row(self) -> float:
        """About: texts and binaries as long as they are, everything else eight bytes."""
        sample = self.rows[:: max(1, len(self.rows) // 200)]
        sizes = [len(value) if isinstance(value, str | bytes) else 8 for row in sample for value in row]
        return sum(sizes) / max(1, len(sample))


@dataclass(frozen=True)
class Delivery:
    """What was published: where to, under which id, and the bytes."""

    key: str
    id: str
    kind: str
    case: str
    version: int
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Work:
    """What a floor has to do for each of ``messages``: commit the rows of ``tables`` and publish ``deliveries``."""

    messages: int
    tables: tuple[Written, ...]
    deliveries: list[Delivery] = field(repr=False)

    def delivered(self, message: int) -> list[Delivery]:
        held = len(self.deliveries)
        return self.deliveries[message * held // self.messages : (message + 1) * held // self.messages]

    def save(self, file: Path) -> None:
        file.write_bytes(pickle.dumps(self))

    @staticmethod
    def load(file: Path) -> "Work":
        """Only what this run has saved itself."""
        work = pickle.loads(file.read_bytes())
        assert isinstance(work, Work)
        return work


def written(url: str, messages: int, deliveries: Sequence[Delivery]) -> Work:
    """Read back what so many messages have left in a database."""
    engine = create_engine(url)
    held = MetaData()
    held.reflect(engine)
    with engine.connect() as connection:
        tables = [_rows(connection, table, messages) for table in held.sorted_tables if table.name not in _OWN]
    engine.dispose()
    return Work(messages, tuple(table for table in tables if table.rows), list(deliveries))


def without_links(url: str) -> None:
    """Let rows be written in any order: a floor checks nothing. Indexes stay."""
    engine = create_engine(url)
    if engine.dialect.name == "postgresql":
        query = text("SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'f'")
        with engine.begin() as connection:
            for table, name in connection.execute(query).all():
                connection.exec_driver_sql(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    engine.dispose()


def _rows(connection: Connection, table: Table, messages: int) -> Written:
    names = tuple(column.name for column in table.columns)
    types = tuple(_type(connection, column.type) for column in table.columns)
    # As stored: SQLite's drivers would turn dates into Python's and back.
    raw = connection.exec_driver_sql(str(select(table).compile(dialect=connection.dialect))).all()
    rows = [tuple(bytes(value) if isinstance(value, memoryview) else value for value in row) for row in raw]
    if table.name == _DELIVERY:
        place = names.index("published_at")
        rows = [(*row[:place], None, *row[place + 1 :]) for row in rows]
    return Written(table.name, names, types, rows, each=len(rows) >= messages // 2)


def _type(connection: Connection, kind: Any) -> str:
    return "bytea" if isinstance(kind, LargeBinary) else str(kind.compile(dialect=connection.dialect))
