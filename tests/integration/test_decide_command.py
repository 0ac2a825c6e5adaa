"""``cdr decide``: a held case goes on when a person says so, and what was decided stays decided."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from integration_engine.cli import _build
from integration_engine.cli.keyboard import at_the_keyboard
from integration_engine.pipeline import process
from integration_engine.settings import load_settings
from integration_engine.store import audit, overview
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


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(_build([words[0]]), list(words))
    return result.exit_code, result.stdout, result.stderr


def test_one_decision_is_told_by_its_parts(held: Store) -> None:
    (case,) = overview.recent_cases(held)
    parts = ["--about", case.id, "--by", "night desk", "--role", "operator", "--reason", "asked the mother", "--json"]
    told = ["decide", "--kind", "residence", "--value", "lad_code=E06000022", "--id", "r-1", *parts]
    status, said, _ = run(*told)
    assert (status, json.loads(said)["recorded"], json.loads(said)["id"]) == (0, True, "r-1")
    assert [case.lead for case in overview.recent_cases(held)] == ["WOE"]
    status, said, _ = run("decide", "--kind", "residence", "--value", "withdraw=true", *parts)
    assert status == 0
    assert [case.lead for case in overview.recent_cases(held)] == ["BERKS"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], "FILE"),
        (["--kind", "perhaps", "--about", "c-1", "--by", "x", "--role", "operator", "--reason", "y"], "--kind"),
        (["--kind", "restrict", "--about", "c-1", "--by", "x", "--role", "nobody", "--reason", "y"], "--role"),
        (["--kind", "restrict", "--about", "c-1", "--role", "operator", "--reason", "y"], "--by"),
        (["--kind", "age", "--about", "c-1", "--by", "x", "--role", "operator", "--reason", "y", "--value", "q"],
         "name=value"),
    ],
)  # fmt: skip
def test_parts_that_are_wrong_are_a_usage_error_that_names_them(held: Store, words: list[str], named: str) -> None:
    status, said, error = run("decide", *words)
    assert status == 2
    assert named in re.sub(r"\x1b\[[0-9;]*m", "", said + error)


def test_the_log_shows_who_typed_what_another_is_said_to_have_decided(held: Store, tmp_path: Path) -> None:
    (case,) = overview.recent_cases(held)
    assert decide(tmp_path, case.id)[0] == 0
    told = [line for line in audit.lines(held) if line.action == "decision.recorded"]
    assert [(line.actor, line.detail["typed_by"]) for line in told] == [("someone", at_the_keyboard())]


def test_nobody_takes_all_decisions_away_in_silence(held: Store, tmp_path: Path) -> None:
    (case,) = overview.recent_cases(held)
    assert decide(tmp_path, case.id)[0] == 0
    assert run("decisions", "export")[0] == 0
    looks = [line for line in audit.lines(held) if line.action == "decisions.exported"]
    assert [(line.actor, line.detail) for line in looks] == [(at_the_keyboard(), {"decisions": 1, "withheld": 0})]


def test_what_was_decided_is_exported_whole_and_reasons_about_restricted_cases_to_their_role_only(
    held: Store, tmp_path: Path
) -> None:
    (case,) = overview.recent_cases(held)
    assert decide(tmp_path, case.id)[0] == 0
    assert decide(tmp_path, case.id, id="d-2", kind="restrict", reason="once called Oldname")[0] == 0
    for options, hidden in (((), True), (("--role", "restricted"), False)):
        status, said, error = run("decisions", "export", *options)
        assert status == 0
        assert [d["kind"] for d in json.loads(said)] == ["confirm-death", "restrict"]
        assert ("Oldname" in said) is not hidden
        assert ("2 reasons" in error) is hidden
    assert run("decisions", "export", "--to", str(tmp_path / "all.json"))[0] == 0
    status, said, _ = run("decide", str(tmp_path / "all.json"), "--json")
    # What is withheld isn't what was decided: such a file is for trying, not for deciding again.
    assert status == 1
    assert {json.loads(line)["code"] for line in said.splitlines()} == {"same-id-other-decision"}


def test_who_may_decide_what_is_a_table_anybody_can_read() -> None:
    status, said, _ = run("decisions", "kinds", "--json")
    rows = {row["kind"]: row for row in json.loads(said)}
    assert status == 0
    assert {kind for kind, row in rows.items() if row["restricted_cases"] == ["restricted"]} == {
        "release", "link", "unlink"
    }  # fmt: skip
    assert run("decisions", "kinds")[0] == 0
