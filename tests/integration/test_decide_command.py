"""``cdr decide``: a held case goes on when a person says so, and what was decided stays decided."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from integration_engine.cli import _build
from integration_engine.pipeline import process
from integration_engine.settings import load_settings
from integration_engine.store import overview
from integration_engine.store.database import Store, open_store
from tests.store_samples import NOW, read, report, retraction, rules


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An engine's store with one case that a cancelled visit holds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CDR_DATABASE_URL", f"sqlite:///{tmp_path / 'cdr.db'}")
    monkeypatch.setenv("CDR_KEYS_FILE", str(tmp_path / "keys.json"))
    store = open_store(load_settings(), upgrade=True)
    process(store, [report(), retraction(1, "cancelled-visit")], read=read, now=NOW, **rules())
    (case,) = overview.recent_cases(store)
    assert case.rule == "held.cancelled-visit"
    return store


def decide(tmp_path: Path, about: str, *options: str, **also: str) -> tuple[int, str]:
    decision = {
        "id": "d-1", "at": "2026-03-11T09:00:00Z", "by": "someone", "role": "coordinator", "kind": "confirm-death",
        "about": [about], "reason": "spoke to the ward",
    } | also  # fmt: skip
    file = tmp_path / "decisions.json"
    file.write_text(json.dumps([decision]))
    result = CliRunner().invoke(_build(["decide"]), ["decide", str(file), *options])
    return result.exit_code, result.output


def test_a_confirmed_death_opens_the_case_once(held: Store, tmp_path: Path) -> None:
    (case,) = overview.recent_cases(held)
    status, said = decide(tmp_path, case.id, "--json")
    line = json.loads(said)
    assert (status, line["recorded"]) == (0, True)
    assert line["deliveries"] > 0
    (case,) = overview.recent_cases(held)
    assert (case.state, case.rule) == ("open", "scope.child")
    status, said = decide(tmp_path, case.id, "--json")
    assert (status, json.loads(said)["deliveries"]) == (0, 0)


def test_a_decision_about_nothing_held_is_said_to_be_so(held: Store, tmp_path: Path) -> None:
    status, said = decide(tmp_path, "c-nobody")
    assert status == 1
    assert "not recorded" in said


def test_a_file_that_is_wrong_is_a_usage_error_that_names_the_field(held: Store, tmp_path: Path) -> None:
    status, said = decide(tmp_path, "c-x", kind="perhaps")
    assert status == 2
    assert "kind" in said
    assert "perhaps" not in said


def test_a_decision_for_a_panel_that_does_not_exist_is_not_recorded(held: Store, tmp_path: Path) -> None:
    (case,) = overview.recent_cases(held)
    file = tmp_path / "decisions.json"
    agreed = {"id": "d-2", "at": "2026-03-11T09:00:00Z", "by": "someone", "role": "coordinator", "kind": "agreement"}
    file.write_text(json.dumps([agreed | {"about": [case.id], "value": {"cdop": "NOWHERE"}, "reason": "agreed"}]))
    result = CliRunner().invoke(_build(["decide"]), ["decide", str(file)])
    assert result.exit_code == 1
    assert "value.cdop" in result.output
    file.write_text(json.dumps([agreed | {"about": [case.id], "value": {}, "reason": "agreed"}]))
    assert CliRunner().invoke(_build(["decide"]), ["decide", str(file)]).exit_code == 2
