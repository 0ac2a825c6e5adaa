"""Columns packed by us come back from PostgreSQL as they were."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import BigInteger, Boolean, Float, Integer, LargeBinary, Numeric, Text, bindparam, create_engine, select
from sqlalchemy.types import TypeEngine

from integration_engine.store.arrays import Packed
from integration_engine.store.tables import Instant

_SUMMER = datetime(2026, 7, 1, 12, 30, 15, 123456, tzinfo=timezone(timedelta(hours=1)))


@pytest.mark.parametrize(
    ("item", "values"),
    [
        (Text(), ["", "c-1", None, 'Ünïcode ☃ "quoted" {braces}, \\', "x" * 70_000]),
        (LargeBinary(), [b"", bytes(range(256)), None, b"\x00\xff" * 40_000]),
        (Instant(), [datetime(1900, 1, 1, tzinfo=UTC), _SUMMER, None, datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)]),
        (BigInteger(), [0, -1, 2**63 - 1, -(2**63), None]),
        (Integer(), [0, -1, 2**31 - 1, None]),
        (Boolean(), [True, False, None]),
        (Float(), [0.0, -1.5, 1e308, None]),
        (Text(), []),
        (Text(), [None]),
    ],
    ids=lambda case: type(case).__name__ if isinstance(case, TypeEngine) else None,
)
def test_what_is_packed_is_what_postgresql_reads(
    postgres_url: str, item: TypeEngine[Any], values: Sequence[Any]
) -> None:
    engine = create_engine(postgres_url)
    with engine.connect() as connection:
        (found,) = connection.execute(select(bindparam("all", values, Packed(item)))).one()
    engine.dispose()
    assert list(found) == list(values)


def test_a_moment_without_its_zone_is_refused(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.connect() as connection, pytest.raises(Exception, match="needs its zone"):
        connection.execute(select(bindparam("all", [datetime(2026, 7, 1)], Packed(Instant()))))
    engine.dispose()


def test_a_type_that_no_table_has_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="Numeric"):
        Packed(Numeric())
