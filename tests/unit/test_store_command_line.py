"""``cdr db upgrade`` and ``cdr audit``, as an operator meets them."""

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from integration_engine.cli.audit import app as audit_app
from integration_engine.cli.db import app as db_app
from integration_engine.security.keys import read_file
from integration_engine.store.audit import Entry, append
from integration_engine.store.database import Store
from tests.store_samples import NOW


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CDR_DATABASE_URL", f"sqlite:///{tmp_path / 'var' / 'engine.db'}")
    monkeypatch.setenv("CDR_KEYS_FILE", str(tmp_path / "var" / "keys.json"))
    for name in ("CDR_SEAL_KEYS", "CDR_INDEX_KEYS", "CDR_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "var" / "engine.db"


def filled(database: Path) -> None:
    CliRunner().invoke(db_app, ["upgrade"])
    CliRunner().invoke(audit_app, ["verify"])
    store = Store(f"sqlite:///{database}", read_file(database.parent / "keys.json"))
    with store.transaction() as transaction:
        append(transaction, NOW, [Entry("case.opened", "c-1", {"version": 1}), Entry("case.changed", "c-2", {})])
    store.close()


def test_upgrade_says_what_it_did_and_can_be_run_again(database: Path) -> None:
    first = json.loads(CliRunner().invoke(db_app, ["upgrade", "--json"]).stdout)
    again = json.loads(CliRunner().invoke(db_app, ["upgrade", "--json"]).stdout)
    assert (first["before"], first["changed"]) == (None, True)
    assert (again["after"], again["changed"]) == (first["after"], False)
    assert database.exists()


def test_a_whole_chain_is_exit_0(database: Path) -> None:
    filled(database)
    result = CliRunner().invoke(audit_app, ["verify", "--json"])
    assert (result.exit_code, json.loads(result.stdout)) == (0, {"whole": True, "lines": 2})


def test_a_broken_chain_is_exit_1_and_names_the_line(database: Path) -> None:
    filled(database)
    with sqlite3.connect(database) as connection:
        connection.execute("DROP TRIGGER audit_no_update")
        connection.execute("UPDATE audit SET actor = 'nobody' WHERE sequence = 2")
    result = CliRunner().invoke(audit_app, ["verify", "--json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["broken"] == {"line": 2, "why": "changed"}
    assert "line 2" in CliRunner().invoke(audit_app, ["verify"]).stdout


def test_a_database_without_a_schema_says_what_to_run_and_makes_no_keys(database: Path) -> None:
    result = CliRunner().invoke(audit_app, ["verify"])
    assert result.exit_code == 2
    assert "cdr db upgrade" in result.stderr
    assert not (database.parent / "keys.json").exists()


def test_lost_keys_are_said_and_not_replaced_by_new_ones(database: Path) -> None:
    filled(database)
    (database.parent / "keys.json").unlink()
    result = CliRunner().invoke(audit_app, ["verify"])
    assert result.exit_code == 2
    assert "keys file does not exist" in result.stderr
    assert not (database.parent / "keys.json").exists()


def test_the_log_can_be_exported_line_by_line(database: Path) -> None:
    filled(database)
    rows = [json.loads(line) for line in CliRunner().invoke(audit_app, ["export"]).stdout.splitlines()]
    assert [(row["line"], row["action"]) for row in rows] == [(1, "case.opened"), (2, "case.changed")]
    only = CliRunner().invoke(audit_app, ["export", "--subject", "c-2"]).stdout.splitlines()
    assert [json.loads(line)["subject"] for line in only] == ["c-2"]


def test_the_log_is_held_to_an_export_that_was_kept_elsewhere(database: Path, tmp_path: Path) -> None:
    filled(database)
    kept = tmp_path / "kept.jsonl"
    kept.write_text(CliRunner().invoke(audit_app, ["export"]).stdout)
    assert CliRunner().invoke(audit_app, ["verify", "--export", str(kept)]).exit_code == 0
    last = json.loads(kept.read_text().splitlines()[-1])
    kept.write_text(json.dumps(last | {"hash": "00" * 32}))
    result = CliRunner().invoke(audit_app, ["verify", "--json", "--export", str(kept)])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["broken"] == {"line": last["line"], "why": "replaced"}
    kept.write_text("{}")
    assert CliRunner().invoke(audit_app, ["verify", "--export", str(kept)]).exit_code == 2
