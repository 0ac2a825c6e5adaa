"""What a failing database means to its callers: try again later, or something is wrong. Never what was being written."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from integration_engine.monitoring.counters import Counters
from integration_engine.monitoring.timing import time_transactions
from integration_engine.store import database
from integration_engine.store.database import Store, StoreError, Transient
from integration_engine.store.overview import recent_cases
from tests.store_samples import keyring, new_store


def test_a_database_that_somebody_else_is_writing_to_is_a_passing_failure(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 20)
    store = new_store(sqlite_url)
    with sqlite3.connect(Path(store.engine.url.database or ""), isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Transient, match="BUSY"), store.transaction():
            pass
        assert recent_cases(store) == ()
        other.execute("ROLLBACK")
    with store.transaction():
        pass


def test_a_connection_that_is_cut_is_a_passing_failure_and_the_next_one_works(postgres_url: str) -> None:
    store = new_store(postgres_url)
    with pytest.raises(Transient), store.transaction() as transaction:
        transaction.connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    with store.transaction() as transaction:
        assert transaction.connection.execute(text("SELECT 1")).scalar() == 1
    store.close()


def test_a_connection_that_is_cut_while_its_time_is_taken_is_a_passing_failure_all_the_same(postgres_url: str) -> None:
    store = new_store(postgres_url)
    time_transactions(store.engine, Counters())
    with pytest.raises(Transient), store.transaction() as transaction:
        transaction.connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    store.close()


def test_a_database_that_only_reads_is_a_passing_failure(postgres_url: str) -> None:
    store = new_store(postgres_url)
    url = make_url(postgres_url).update_query_dict({"options": "-c default_transaction_read_only=on"})
    standby = Store(url.render_as_string(hide_password=False), keyring())
    with pytest.raises(Transient, match="25006"), standby.transaction() as transaction:
        transaction.connection.execute(text("DELETE FROM alarm"))
    standby.close()
    store.close()


def test_a_database_file_that_is_broken_is_no_messages_fault(sqlite_url: str) -> None:
    store = new_store(sqlite_url)
    store.close()
    file = Path(store.engine.url.database or "")
    file.write_bytes(b"this was a database" * 1000)
    with pytest.raises(Transient, match="NOTADB"), store.transaction():
        pass


def test_a_lock_that_is_not_given_in_time_is_a_passing_failure(postgres_url: str) -> None:
    store = new_store(postgres_url)
    with store.transaction() as transaction:
        transaction.lock([b"one name, locked"])
        url = make_url(postgres_url).update_query_dict({"options": "-c lock_timeout=50ms"})
        impatient = Store(url.render_as_string(hide_password=False), keyring())
        with pytest.raises(Transient, match="55P03"), impatient.transaction() as other:
            other.lock([b"one name, locked"])
    impatient.close()
    store.close()


def test_a_server_that_is_not_there_is_a_passing_failure() -> None:
    with pytest.raises(Transient), Store("postgresql://nobody@127.0.0.1:1/none", keyring()).transaction():
        pass


def test_a_disk_path_that_cannot_be_opened_is_a_passing_failure(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(Transient), Store(f"sqlite:///{tmp_path / 'file'}", keyring()).transaction():
        pass


def test_a_statement_that_cannot_be_is_not_a_passing_failure_and_quotes_no_value(database_url: str) -> None:
    store = new_store(database_url)
    row = {"id": "x", "code": None, "kind": "Quillfeather", "partner": "p", "subject": "s", "at": "2026-03-09"}
    statement = text(
        "INSERT INTO alarm (id, code, kind, partner, subject, at) VALUES (:id, :code, :kind, :partner, :subject, :at)"
    )
    with pytest.raises(StoreError) as caught, store.transaction() as transaction:
        transaction.connection.execute(statement, row)
    assert not isinstance(caught.value, Transient)
    chain: BaseException | None = caught.value
    while chain is not None and not chain.__suppress_context__:
        assert "Quillfeather" not in str(chain)
        chain = chain.__cause__
    store.close()


def test_what_raises_inside_a_transaction_leaves_nothing_behind(database_url: str) -> None:
    store = new_store(database_url)
    with pytest.raises(ZeroDivisionError):
        _write_and_fail(store)
    with store.reading() as transaction:
        assert transaction.connection.execute(text("SELECT delivery_sequence FROM ledger_head")).scalar() == 0
    store.close()


def _write_and_fail(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.connection.execute(text("UPDATE ledger_head SET delivery_sequence = 7"))
        _ = 1 / 0
