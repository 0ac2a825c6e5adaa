"""Cases copied by the hundred thousand for a benchmark stand where the engine puts its own, and hide none of those."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from benchmarks.deaths import Deaths
from benchmarks.growth import take, told
from benchmarks.held import mark_originals, multiply
from integration_engine.security.keys import keyring
from integration_engine.services import Database, postgres
from integration_engine.store.database import Store, upgrade_schema

_HELD, _TIMES = 20, 5


@pytest.fixture(scope="module")
def server() -> Iterator[Database]:
    """Of its own: loading changes a server's settings for a while."""
    with postgres(own=True, durable=True) as found:
        yield found


@pytest.fixture(scope="module")
def store(server: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    upgrade_schema(server.url)
    folder: Path = tmp_path_factory.mktemp("keys")
    found = Store(server.url, keyring({}, folder / "keys.json", create=True))
    take(found, [told(body) for body in Deaths().hl7(_HELD)])
    mark_originals(server.url)
    multiply(server.url, range(1, 3))
    multiply(server.url, range(3, _TIMES))
    yield found
    found.close()


def test_each_table_holds_so_many_times_what_the_engine_wrote(store: Store, server: Database) -> None:
    for table in (
        "submission",
        "notice",
        "cases",
        "delivery",
        "holding",
        "blind_index",
        "audit",
        "clock",
        "case_watch",
    ):
        assert _count(server, f"public.{table}") == _TIMES * _count(server, f"bench.{table}") > 0, table
    assert _count(server, "tally") == _count(server, "bench.tally")


def test_copies_are_as_large_and_have_ids_and_keys_of_their_own(store: Store, server: Database) -> None:
    with psycopg.connect(server.plain_url) as connection:
        for table in ("submission", "notice", "cases", "delivery"):
            sizes = f"SELECT sum(length(sealed)) FROM {{}}.{table}"
            (held,), (originals,) = (
                connection.execute(sizes.format(of)).fetchone() or () for of in ("public", "bench")
            )
            assert held == _TIMES * originals
        query = "SELECT count(*), count(DISTINCT id), count(DISTINCT length(id)) FROM notice"
        assert connection.execute(query).fetchone() == (_TIMES * _HELD, _TIMES * _HELD, 1)
        query = "SELECT count(DISTINCT block_key) FROM {}.blind_index"
        keys, originals = (connection.execute(query.format(of)).fetchone() or () for of in ("public", "bench"))
        assert keys[0] == _TIMES * originals[0]


def test_every_link_of_a_copy_leads_to_a_copy(store: Store, server: Database) -> None:
    links = {"notice": ("case_id", "cases"), "delivery": ("case_id", "cases"), "blind_index": ("notice_id", "notice")}
    with psycopg.connect(server.plain_url) as connection:
        for table, (column, to) in links.items():
            query = f"SELECT count(*) FROM {table} WHERE {column} NOT IN (SELECT id FROM {to})"
            assert connection.execute(query).fetchone() == (0,), table


def test_a_second_word_about_a_held_child_finds_its_case_among_the_copies(store: Store, server: Database) -> None:
    before = _count(server, "cases")
    again = [told(body) for body in Deaths().fhir(_HELD)]
    take(store, again)
    assert _count(server, "cases") == before, "every one was known"
    with psycopg.connect(server.plain_url) as connection:
        query = "SELECT count(*) FROM (SELECT case_id FROM notice GROUP BY case_id HAVING count(*) = 2) AS told_twice"
        assert connection.execute(query).fetchone() == (_HELD,)


def test_indexes_and_links_are_there_again_after_a_load(store: Store, server: Database) -> None:
    with psycopg.connect(server.plain_url) as connection:
        query = "SELECT count(*) FROM pg_indexes WHERE schemaname = 'public' AND tablename = %s"
        assert connection.execute(query, ("delivery",)).fetchone() == (6,)
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            connection.execute("UPDATE notice SET case_id = 'c-of-nobody'")


def test_a_server_waits_for_the_disk_again_after_a_load(store: Store, server: Database) -> None:
    with psycopg.connect(server.plain_url) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"):
            assert connection.execute(f"SHOW {setting}").fetchone() == ("on",), setting


def _count(server: Database, table: str) -> int:
    with psycopg.connect(server.plain_url) as connection:
        (found,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,)  # type: ignore[arg-type]
    return int(found)
