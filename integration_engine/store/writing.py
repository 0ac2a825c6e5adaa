"""Writing many rows in one statement. A statement is made once for each set of columns: making it costs as much as running it
does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import Connection, Table, bindparam, column, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from integration_engine.store.arrays import Packed


def table(model: type[SQLModel]) -> Table:
    """The SQLAlchemy Core table behind a model: what the set-based statements of the hot path are written with."""
    return cast(Table, model.__table__)  # type: ignore[attr-defined]  # set by SQLModel's metaclass


@dataclass(frozen=True, slots=True)
class Writing:
    """Rows of these ``columns`` into a table; with ``upsert``, where the primary key is there already, ``replace`` these
    columns and ``add`` to those."""

    model: type[SQLModel]
    columns: tuple[str, ...]
    upsert: bool = False
    replace: tuple[str, ...] = ()
    add: tuple[str, ...] = ()


def write(connection: Connection, writing: Writing, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows, all with the same columns, in one round trip."""
    is_postgresql = connection.dialect.name == "postgresql"
    if is_postgresql and len(rows) > 1 and _each_once(writing, rows):
        columns = {name: [row[name] for row in rows] for name in writing.columns}
        connection.execute(_of_columns(writing), columns)
    else:
        connection.execute(_row_by_row(writing, is_postgresql), rows)


def _each_once(writing: Writing, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether no two of these rows are one in the table: a statement can't change a row twice."""
    of = itemgetter(*(key.name for key in table(writing.model).primary_key))
    return not writing.upsert or len(set(map(of, rows))) == len(rows)


@lru_cache(maxsize=200)
def _row_by_row(writing: Writing, is_postgresql: bool) -> postgresql.Insert | sqlite.Insert:
    target = table(writing.model)
    return _settled(postgresql.insert(target) if is_postgresql else sqlite.insert(target), writing)


@lru_cache(maxsize=200)
def _of_columns(writing: Writing) -> postgresql.Insert | sqlite.Insert:
    """PostgreSQL takes each column as one array: five times as fast as row by row."""
    target = table(writing.model)
    arrays = [bindparam(name, type_=Packed(target.c[name].type)) for name in writing.columns]
    columns = (column(name, target.c[name].type) for name in writing.columns)
    given = func.unnest(*arrays).table_valued(*columns).render_derived("given")
    statement = postgresql.insert(target).from_select(list(writing.columns), select(given))
    return _settled(statement, writing)


def _settled(statement: postgresql.Insert | sqlite.Insert, writing: Writing) -> postgresql.Insert | sqlite.Insert:
    if not writing.upsert:
        return statement
    target = table(writing.model)
    keys = [key.name for key in target.primary_key]
    changes: dict[str, Any] = {name: statement.excluded[name] for name in writing.replace}
    changes |= {name: target.c[name] + statement.excluded[name] for name in writing.add}
    if changes:
        return statement.on_conflict_do_update(index_elements=keys, set_=changes)
    return statement.on_conflict_do_nothing(index_elements=keys)
