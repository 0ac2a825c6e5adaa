"""A database that takes connections and never answers: nobody waits for ever, everybody is told, and nothing is lost."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import URL, make_url

from integration_engine.services import Database, postgres
from integration_engine.store import silence
from integration_engine.store.database import Store
from tests.chaos.knocking import by_http, by_mllp, health
from tests.chaos.proxy import Proxy
from tests.chaos.told_once import all_told_once
from tests.gateway_house import house, keys
from tests.worker_samples import death, eventually, prepared, ready, send, working

pytestmark = pytest.mark.chaos
_REPORTS = 20
Breaking = tuple[URL, Callable[[], None], Callable[[], None]]
"""The address to reach it by; how it falls silent; how it speaks again."""


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with postgres(own=True) as running:
        yield running


@contextmanager
def stopped(database: Database) -> Iterator[Breaking]:
    yield make_url(database.url), database.hold, database.go_on


@contextmanager
def swallowed(database: Database) -> Iterator[Breaking]:
    address = make_url(database.url)
    with Proxy((address.host or "", address.port or 0)) as wire:
        yield address.set(host="127.0.0.1", port=wire.port), wire.pause, wire.go_on


@pytest.mark.parametrize("how", [stopped, swallowed])
def test_a_database_that_never_answers_holds_nobody_up_for_ever(
    database: Database, amqp_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    how: Callable[[Database], AbstractContextManager[Breaking]],
) -> None:  # fmt: skip
    monkeypatch.setattr(silence, "PATIENCE_S", 2.0)  # ten seconds in earnest
    monkeypatch.setattr(silence, "KNOCK_S", 2)
    topology = prepared(amqp_url, tmp_path)
    with psycopg.connect(database.plain_url, autocommit=True) as connection:
        connection.execute(f'create database "{how.__name__}"')
    with how(database) as (address, fall_silent, speak):
        url = address.set(database=how.__name__).render_as_string(hide_password=False)
        with house(amqp_url, url, tmp_path, mllp=True) as doors:
            store = Store(url, keys())
            with working(amqp_url, store, topology):
                send(amqp_url, death(0))
                eventually(lambda: ready(amqp_url, "cdop.BERKS") == 1)
                fall_silent()
                try:
                    send(amqp_url, *map(death, range(1, _REPORTS)))
                    assert by_http(doors) == (503, "store-away")
                    assert b"MSA|AE|" in by_mllp(doors)
                    assert health(doors, "store") in ("Transient", "no-answer")
                    assert doors.get(None, "/health/live").status_code == 200
                    eventually(lambda: "the store isn't ready" in caplog.text)
                finally:
                    speak()
                eventually(lambda: by_http(doors)[0] == 202, 60)
                assert b"MSA|AA|" in by_mllp(doors)
                past_the_wire = Store(database.named(how.__name__), keys())
                all_told_once(amqp_url, past_the_wire, _REPORTS + 2)
                assert health(doors, "store") == "ok"
            past_the_wire.close()
            store.close()
    assert "the database does not answer" in caplog.text
    assert "the database answers again" in caplog.text
