"""Very many cases held, in minutes: what the engine wrote for some thousand real ones, copied inside PostgreSQL.

A copy has every row of its original: as many, as large, in the same tables and under the same indexes. Its ids and blind keys
are others of the same form, scattered as real ones are, so no message finds a copy by chance; its numbers lie before those
of the originals, so that what comes next goes on where it was. Sealed bytes are the original's: nobody opens a copy.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table, Text, create_engine
from sqlalchemy.exc import NoSuchTableError

from integration_engine.services.postgres import plain

_ID = re.compile(r"[a-z]+-[0-9a-f]{20,}")
_LONGEST_KEY = 32
# What a load need not wait for; taken back before anything is measured.
_HASTY: Mapping[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "max_wal_size": "16GB",
    "maintenance_work_mem": "1GB",
}
_SAMPLE = 200

Connection = psycopg.Connection[Any]


def multiply(url: str, copies: range) -> dict[str, int]:
    """Add these copies of all that about each message has left (``range(1, 10)`` makes ten of each). Returns how many rows
    were added, by table."""
    engine = create_engine(url)
    known = MetaData()
    known.reflect(engine)
    engine.dispose()
    added: dict[str, int] = {}
    with psycopg.connect(plain(url), autocommit=True) as connection:
        tables = [table for table in known.sorted_tables if _is_of_messages(connection, table)]
        if not tables:
            raise NoSuchTableError("nothing is held that could be copied")
        with _hasty(connection), _without_indexes(connection, [table.name for table in tables]):
            for table in tables:
                statement = _copying(connection, table)
                added[table.name] = connection.execute(statement, (copies.start, copies.stop - 1)).rowcount
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
    return added


def mark_originals(url: str) -> None:
    """Note which rows there are by now: they are what is copied, and no copy of them. Everything counts as published."""
    with psycopg.connect(plain(url), autocommit=True) as connection:
        connection.execute("UPDATE delivery SET published_at = queued_at WHERE published_at IS NULL")
        connection.execute("CREATE SCHEMA bench")
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (name,) in tables:
            connection.execute(f'CREATE TABLE bench."{name}" AS TABLE public."{name}"')
        connection.execute("VACUUM ANALYZE")


def _is_of_messages(connection: Connection, table: Table) -> bool:
    """Whether about every message has rows here; not what is one row for all of them."""
    messages = _one(connection, "SELECT count(*) FROM bench.submission")
    return bool(_one(connection, f'SELECT count(*) FROM bench."{table.name}"') >= max(1, messages // 2))


def _copying(connection: Connection, table: Table) -> Any:
    names = [f'"{column.name}"' for column in table.columns]
    values = [_copied(connection, table, column) for column in table.columns]
    return (
        f'INSERT INTO public."{table.name}" ({", ".join(names)}) '
        f'SELECT {", ".join(values)} FROM bench."{table.name}", generate_series(%s::bigint, %s::bigint) AS copy'
    )


def _copied(connection: Connection, table: Table, column: Column[Any]) -> str:
    """How a copy's value is made of the original's."""
    name = f'"{column.name}"'
    query = f'SELECT {name} FROM bench."{table.name}" WHERE {name} IS NOT NULL LIMIT {_SAMPLE}'
    sample = [row[0] for row in connection.execute(query)]
    if isinstance(column.type, Text) and sample and all(map(_ID.fullmatch, sample)):
        # the letter says what it is of
        head = f"position('-' in {name})"
        return f"left({name}, {head}) || left(md5({name} || ':' || copy), length({name}) - {head})"
    if isinstance(column.type, LargeBinary) and sample and max(map(len, sample)) <= _LONGEST_KEY:
        return f"substr(sha256({name} || copy::text::bytea), 1, length({name}))"
    if isinstance(column.type, BigInteger) and _is_unique(table, column):
        return f'{name} - copy * (SELECT max({name}) + 1 FROM bench."{table.name}")'
    return name


def _is_unique(table: Table, column: Column[Any]) -> bool:
    if list(table.primary_key.columns) == [column]:
        return True
    unique = [c for c in table.constraints if type(c).__name__ == "UniqueConstraint"]
    return any(list(constraint.columns) == [column] for constraint in unique)  # type: ignore[attr-defined]


@contextmanager
def _hasty(connection: Connection) -> Iterator[None]:
    for name, value in _HASTY.items():
        connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
    connection.execute("SELECT pg_reload_conf()")
    connection.execute("SET maintenance_work_mem = '1GB'")
    try:
        yield
    finally:
        for name in _HASTY:
            connection.execute(f"ALTER SYSTEM RESET {name}")
        connection.execute("SELECT pg_reload_conf()")


@contextmanager
def _without_indexes(connection: Connection, tables: Sequence[str]) -> Iterator[None]:
    """Indexes are made anew at the end, which is many times as fast. Links hold for what is written from then on."""
    links = connection.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) || ' NOT VALID' FROM pg_constraint "
        "WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND convalidated "
        "UNION ALL SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND NOT convalidated"
    ).fetchall()
    keys = connection.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE contype IN ('p', 'u') AND conrelid::regclass::text = ANY(%s)",
        (list(tables),),
    ).fetchall()
    for table, name, _ in (*links, *keys):
        connection.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    indexes = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = ANY(%s)",
        (list(tables),),
    ).fetchall()
    for name, _ in indexes:
        connection.execute(f'DROP INDEX "{name}"')
    yield
    for _, definition in indexes:
        connection.execute(definition)
    for table, name, definition in (*keys, *links):
        connection.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


def _one(connection: Connection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]
