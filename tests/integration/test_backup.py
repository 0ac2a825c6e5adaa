"""A store copied while a worker fills it, lost, and put back: nothing of the copy is missing, and what is decided after it
is newer than anything recipients hold."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from integration_engine.broker.topology import Topology
from integration_engine.cli.audit import app as audit_app
from integration_engine.cli.db import app as db_app
from integration_engine.security.keys import keyring
from integration_engine.services import Database
from integration_engine.services.postgres import plain
from integration_engine.store import overview
from integration_engine.store.backup import NUMBERS_AHEAD, VERSIONS_AHEAD
from integration_engine.store.database import Store, table
from integration_engine.store.tables import DeliveryRow
from tests.worker_samples import death, eventually, send, working


@pytest.fixture
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CDR_DATABASE_URL", database_url)
    monkeypatch.setenv("CDR_KEYS_FILE", str(tmp_path / "keys.json"))
    for name in ("CDR_SEAL_KEYS", "CDR_INDEX_KEYS", "CDR_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    keyring({}, tmp_path / "keys.json", create=True)
    return database_url


def said(*arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(db_app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def opened(url: str, folder: Path) -> Store:
    return Store(url, keyring({}, folder / "keys.json"))


def lost(url: str, server: Database) -> None:
    """The database is gone; an empty one stands in its place."""
    if url.startswith("sqlite"):
        place = Path(url.removeprefix("sqlite:///"))
        for each in (place, Path(f"{place}-wal"), Path(f"{place}-shm")):
            each.unlink(missing_ok=True)
        return
    name = url.rpartition("/")[2]
    with psycopg.connect(plain(server.url), autocommit=True) as connection:
        connection.execute(f'drop database "{name}" with (force)')
        connection.execute(f'create database "{name}"')


def test_a_copy_made_under_load_is_whole_and_what_follows_it_is_newer_than_what_recipients_hold(
    amqp_url: str, settings: str, tmp_path: Path, topology: Topology, postgres_server: Database
) -> None:
    said("upgrade")
    store = opened(settings, tmp_path)
    with working(amqp_url, store, topology):
        send(amqp_url, *map(death, range(60)))
        eventually(lambda: len(overview.recent_cases(store, 100)) > 5)
        said("backup", "--to", "copy")
        eventually(lambda: len(overview.recent_cases(store, 100)) == 60)
    told = _of_panel(store)
    store.close()
    assert Path("copy").stat().st_mode & 0o077 == 0
    lost(settings, postgres_server)
    restored = said("restore", "--from", "copy")
    assert restored["whole"]
    assert 5 < restored["cases"] <= 60
    assert CliRunner().invoke(audit_app, ["verify"]).exit_code == 0
    store = opened(settings, tmp_path)
    with working(amqp_url, store, topology):
        send(amqp_url, *map(death, range(60)))
        eventually(lambda: len(overview.recent_cases(store, 100)) == 60)
        again = _of_panel(store)
        send(amqp_url, death(0, occupation="pupil", sex="U"))
        eventually(lambda: len(_of_panel(store)) > len(again))
    newest = max(_of_panel(store), key=lambda row: row.sequence)
    assert (newest.kind, newest.version > VERSIONS_AHEAD, newest.sequence > NUMBERS_AHEAD) == ("update", True, True)
    again = [row for row in again if row.sequence > max(each.sequence for each in told)]
    before = {row.id for row in told}
    assert len(again) == 60 - restored["cases"], "what the copy had is told to nobody again"
    assert {row.id for row in again} <= before, "a case founded again is told under the id it was told under before"
    store.close()


def _of_panel(store: Store) -> list[Any]:
    rows = table(DeliveryRow)
    with store.reading() as transaction:
        return list(transaction.connection.execute(select(rows).where(rows.c.recipient == "cdop.BERKS")))


def test_a_copy_goes_into_an_empty_database_only_and_over_no_file(settings: str) -> None:
    said("upgrade")
    said("backup", "--to", "copy")
    assert CliRunner().invoke(db_app, ["restore", "--from", "copy"]).exit_code == 1
    assert CliRunner().invoke(db_app, ["backup", "--to", "copy"]).exit_code == 1
    assert not Path("copy.part").exists()


def test_a_copy_without_its_keys_says_so(
    settings: str, tmp_path: Path, postgres_server: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    said("upgrade")
    CliRunner().invoke(audit_app, ["verify"])
    said("backup", "--to", "copy")
    lost(settings, postgres_server)
    keyring({}, tmp_path / "others.json", create=True)
    monkeypatch.setenv("CDR_KEYS_FILE", str(tmp_path / "others.json"))
    refused = CliRunner().invoke(db_app, ["restore", "--from", "copy"])
    assert refused.exit_code == 1
    assert "keys that are not given" in refused.output


def test_a_damaged_copy_is_not_put_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CDR_DATABASE_URL", "sqlite:///engine.db")
    Path("copy").write_bytes(b"SQLite format 3\x00" + b"\x07" * 4000)
    refused = CliRunner().invoke(db_app, ["restore", "--from", "copy"])
    assert refused.exit_code == 1
    assert not Path("engine.db").exists()
