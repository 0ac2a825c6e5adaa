"""Trends over the cases the engine holds: the look is in the audit log first, and restricted cases are a number."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from integration_engine.cli import trends
from integration_engine.pipeline import process
from integration_engine.security.keys import keyring
from integration_engine.store import audit
from integration_engine.store.database import Store, upgrade_schema
from tests.store_samples import NOW, read, report, rules

APP = typer.Typer()
APP.command()(trends.command)


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    url = f"sqlite:///{tmp_path / 'cdr.db'}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CDR_DATABASE_URL", url)
    monkeypatch.setenv("CDR_KEYS_FILE", str(tmp_path / "keys.json"))
    for name in ("CDR_SEAL_KEYS", "CDR_INDEX_KEYS", "CDR_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    upgrade_schema(url)
    store = Store(url, keyring({}, tmp_path / "keys.json", create=True))
    hidden = {
        "nhs_number": "9991000046",
        "given_names": ["Swift"],
        "birth_date": "2010-01-01",
        "restricted": "adoption",
    }
    process(store, [report(), report(5, partner="RA9", child=hidden)], read=read, now=NOW, **rules())
    return store


def asked(*words: str) -> dict[str, Any]:
    found = CliRunner().invoke(APP, [*words, "--json", "--at", datetime(2027, 1, 1, tzinfo=UTC).isoformat()])
    assert found.exit_code == 0, found.output
    said: dict[str, Any] = json.loads(found.stdout)
    return said


def test_held_cases_are_counted_and_a_restricted_one_is_a_number(held: Store) -> None:
    said = asked("--role", "designated-doctor", "--by", "area")
    assert [(row["values"], row["count"]) for row in said["rows"]] == [({"area": "BERKS"}, 1)]
    assert said["apart"]["restricted"] == 1
    assert asked("--by", "area")["total"]["count"] is None


def test_who_looked_at_small_numbers_and_by_what_is_in_the_audit_log(held: Store) -> None:
    asked("--role", "designated-doctor", "--by", "area", "--by", "month", "--from", "2026")
    (look,) = [line for line in audit.lines(held) if line.action == "cases.planned-with"]
    assert look.actor.startswith("cli:")
    assert look.detail["purpose"] == (
        "trends by area and month, 2026-01-01 to the last, as designated-doctor, small numbers shown"
    )
    assert audit.verify(held).broken is None


def test_without_a_store_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CDR_DATABASE_URL", f"sqlite:///{tmp_path / 'none' / 'cdr.db'}")
    monkeypatch.setenv("CDR_KEYS_FILE", str(tmp_path / "keys.json"))
    found = CliRunner().invoke(APP, [])
    assert found.exit_code == 1
    assert "--invented" in found.output
