"""A store copied while a worker fills it, lost, and put back: nothing of the copy is missing, and what is decided after it
is newer than anything recipients hold."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from integration_engine.broker.topology import Topology
from integration_engine.cli.audit import app as audit_app
from integration_engine.cli.db import app as db_app
from integration_engine.pipeline import process
from integration_engine.security.keys import keyring
from integration_engine.services import Database
from integration_engine.services.postgres import plain
from integration_engine.settlement import Settlement
from integration_engine.store import overview
from integration_engine.store.audit import PutBack
from integration_engine.store.backup import NUMBERS_AHEAD, VERSIONS_AHEAD, Ahead, step_ahead
from integration_engine.store.database import Store, table
from integration_engine.store.sealing import unseal_json
from integration_engine.store.tables import DeliveryRow, SubmissionRow
from tests.store_samples import NOW, new_store, read, report, rules
from tests.worker_samples import death, eventually, send, working

PANEL = "cdop.BERKS"


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
    assert restored["version_floor"] > VERSIONS_AHEAD
    above = (newest.version > restored["version_floor"], newest.sequence > NUMBERS_AHEAD)
    assert (newest.kind, *above) == ("update", True, True)
    again = [row for row in again if row.sequence > max(each.sequence for each in told)]
    assert len(again) == 60 - restored["cases"], "what the copy had is told to nobody again"
    assert {row.case_id for row in again} <= {row.case_id for row in told}, "a case founded again has the id it had"
    assert all(row.version > restored["version_floor"] for row in again)
    store.close()


def received() -> dict[str, int]:
    """What a panel takes from its queue: how many new, older than what it holds, or had before."""
    command = [sys.executable, "-m", "integration_engine.cli", "cdop", "receive", PANEL]
    command += ["--to", "panel", "--queue", "--once", "--json"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    took: dict[str, int] = json.loads(done.stdout)
    return took


def _messages(store: Store) -> int:
    with store.reading() as transaction:
        return int(transaction.connection.scalar(select(func.count()).select_from(table(SubmissionRow))) or 0)


def as_told(store: Store) -> dict[str, Any]:
    """What the engine told the panel last of each case."""
    last = {row.case_id: row for row in sorted(_of_panel(store), key=lambda row: row.sequence)}
    return {case: unseal_json(store.keys, row.sealed) for case, row in last.items()}


def as_held() -> dict[str, Any]:
    return {file.stem: json.loads(file.read_text()) for file in Path("panel", "cases").glob("*.json")}


def test_nothing_that_is_told_after_a_copy_was_put_back_is_taken_for_old_by_a_recipient(
    amqp_url: str,
    settings: str,
    tmp_path: Path,
    topology: Topology,
    postgres_server: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CDR_CDOP_AMQP_URL", amqp_url)
    said("upgrade")
    store = opened(settings, tmp_path)
    with working(amqp_url, store, topology):
        send(amqp_url, death(0))
        eventually(lambda: _messages(store) == 1)
        said("backup", "--to", "copy")
        # Of the second child the copy knows nothing; of the first it has forgotten two versions.
        for n, body in enumerate((death(1), death(1, sex="U"), death(0, sex="U"), death(1, occupation="pupil")), 2):
            send(amqp_url, body)
            eventually(lambda n=n: _messages(store) == n)
    cases, told = set(as_told(store)), len(_of_panel(store))
    store.close()
    assert received()["new"] == told > 2
    lost(settings, postgres_server)
    floor = said("restore", "--from", "copy")["version_floor"]
    store = opened(settings, tmp_path)
    with working(amqp_url, store, topology):
        # After the message that founds a case the others in another order: each version says something else than before.
        again = (death(1), death(1, occupation="pupil"), death(0, sex="U"), death(1, sex="U"))
        for n, body in enumerate(again, 2):
            send(amqp_url, body)
            eventually(lambda n=n: _messages(store) == n)
    took = received()
    assert (took["new"] > 0, took.get("older", 0), took.get("again", 0)) == (True, 0, 0)
    assert as_held() == as_told(store)
    assert as_held().keys() == cases
    assert all(case["version"] > floor for case in as_held().values())
    store.close()


def test_who_decides_while_a_store_is_said_to_be_put_back_begins_again(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, beside = new_store(postgres_url), new_store(postgres_url)

    def written(settlement: Settlement, *_: Any) -> list[Any]:
        step_ahead(beside, NOW)
        return entries(settlement, *_)

    entries = Settlement._entries
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Settlement, "_entries", written)
        with pytest.raises(PutBack):
            process(store, [report()], read=read, now=NOW, **rules())
    process(store, [report()], read=read, now=NOW, **rules())
    (case,) = overview.recent_cases(store)
    assert case.version == VERSIONS_AHEAD + 1
    assert step_ahead(store, NOW) == Ahead(1, 2 * VERSIONS_AHEAD + 1)
    for each in (store, beside):
        each.close()


def _of_panel(store: Store) -> list[Any]:
    rows = table(DeliveryRow)
    with store.reading() as transaction:
        return list(transaction.connection.execute(select(rows).where(rows.c.recipient == PANEL)))


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
