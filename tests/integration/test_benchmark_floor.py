"""The floor of the durable path writes what the engine wrote: no row less, none twice, in the engine's own tables."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import MetaData, create_engine, func, select
from sqlalchemy.engine import make_url

from benchmarks.bare import Rows
from benchmarks.deaths import Deaths
from benchmarks.durable import published
from benchmarks.growth import take, told
from benchmarks.written import Work, without_links, written
from integration_engine.security.keys import keyring
from integration_engine.services.postgres import plain
from integration_engine.store.database import Store, upgrade_schema

_MESSAGES = 40


@pytest.fixture
def engine_url(database_url: str, tmp_path: Path) -> str:
    upgrade_schema(database_url)
    store = Store(database_url, keyring({}, tmp_path / "keys.json", create=True))
    take(store, [told(body) for body in Deaths().hl7(_MESSAGES)])
    store.close()
    return database_url


@pytest.fixture
def bare_url(engine_url: str, tmp_path: Path) -> Iterator[str]:
    """An empty database beside the engine's."""
    if engine_url.startswith("sqlite"):
        url, plain_url, name = f"sqlite:///{tmp_path / 'bare.db'}", "", ""
    else:
        plain_url, name = plain(engine_url), f"bare_{secrets.token_hex(6)}"
        with psycopg.connect(plain_url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        url = make_url(engine_url).set(database=name).render_as_string(hide_password=False)
    upgrade_schema(url)
    without_links(url)
    yield url
    if name:
        with psycopg.connect(plain_url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_the_floor_commits_every_row_of_the_engine_once(engine_url: str, bare_url: str, tmp_path: Path) -> None:
    work = written(engine_url, _MESSAGES, published(engine_url, tmp_path))
    rows = Rows(bare_url, work)
    batches = [range(start, start + 8) for start in range(0, _MESSAGES, 8)]
    confirmed: list[str] = []
    for batch in batches:
        rows.commit(batch, confirmed)
        confirmed = [each.id for message in batch for each in work.delivered(message)]
    rows.commit([], confirmed)
    assert {table.table for table in work.tables if table.each} >= {
        "submission",
        "notice",
        "cases",
        "delivery",
        "audit",
    }
    rows.close()
    expected, found = _counts(engine_url), _counts(bare_url)
    assert {table.table: found[table.table] for table in work.tables if table.each} == {
        table.table: expected[table.table] for table in work.tables if table.each
    }
    assert _unpublished(bare_url) == 0


def test_every_message_has_its_share_and_nothing_is_left_over(engine_url: str, tmp_path: Path) -> None:
    work = written(engine_url, _MESSAGES, published(engine_url, tmp_path))
    for table in work.tables:
        shared = [row for message in range(_MESSAGES) for row in table.of(message, _MESSAGES)]
        assert shared == table.rows
    delivered = [each.id for message in range(_MESSAGES) for each in work.delivered(message)]
    assert delivered == [each.id for each in work.deliveries]
    assert len(set(delivered)) == len(delivered) >= _MESSAGES
    work.save(tmp_path / "work")
    assert Work.load(tmp_path / "work") == work


def _counts(url: str) -> dict[str, int]:
    engine, known = create_engine(url), MetaData()
    known.reflect(engine)
    with engine.connect() as connection:
        found = {
            t.name: connection.execute(select(func.count()).select_from(t)).scalar_one() for t in known.sorted_tables
        }
    engine.dispose()
    return found


def _unpublished(url: str) -> int:
    engine, known = create_engine(url), MetaData()
    known.reflect(engine)
    delivery = known.tables["delivery"]
    with engine.connect() as connection:
        query = select(func.count()).select_from(delivery).where(delivery.c.published_at.is_(None))
        found = int(connection.execute(query).scalar_one())
    engine.dispose()
    return found
