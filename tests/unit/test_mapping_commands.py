"""``cdr map``: profiles checked and tested from the command line; reference and schemas current."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner

from integration_engine.cli.map import app, read_by_adapter
from integration_engine.cli.schemas import schemas, stale
from integration_engine.mapping.profile import shipped_profiles
from integration_engine.mapping.reference import document, document_path
from integration_engine.mapping.testing import run_tests
from integration_engine.synthetic import police

PROFILE = """\
profile: own
kind: police
version: 1
fields:
  child.family_name: {path: $.person.family_name}
  child.birth_date: {path: $.person.date_of_birth, transform: date}
"""
REPORT = police.report(
    "E23000013",
    "13-1",
    "2026-02-01T05:00:00",
    [{"person_id": "P1", "role": "deceased", "family_name": "Quill", "date_of_birth": "2016-01-31"}],
    event={"event_id": "E1"},
).decode()


def outcomes(folder: Path, tests: str) -> list[tuple[str, ...]]:
    (folder / "own.yaml").write_text(PROFILE)
    (folder / "own.test.yaml").write_text(tests)
    return [result.failures for result in run_tests(folder / "own.yaml", read_by_adapter)]


def one(expectation: str) -> str:
    return f"tests:\n  - name: a test\n    message: '{REPORT}'\n    {expectation}\n"


@pytest.mark.parametrize(
    ("expectation", "failure"),
    [
        ("expect: {verdict: notice, child.family_name: Quill}", None),
        ("expect: {child: {family_name: Quill}}", None),
        ("absent: [child.school]", None),
        ("expect: {child.family_name: Quail}", "child.family_name: expected 'Quail', found 'Quill'"),
        ("expect: {verdict: refused}", "verdict: expected 'refused', found 'notice'"),
        ("expect: {problems: [unknown-code]}", "problems: expected unknown-code; found none"),
        ("absent: [child.family_name]", "child.family_name: expected nothing, found 'Quill'"),
        ("expect: {child.given_names.0: Ann}", "child.given_names.0: expected 'Ann', found None"),
        ("expect: {}", "expect is a map of canonical paths and values; absent a list of paths"),
        ("item: 4\n    expect: {verdict: notice}", "the message has no such item"),
        ("expects: {}", "unknown keys: expects"),
    ],
)
def test_a_profiles_test_passes_or_says_what_differs(tmp_path: Path, expectation: str, failure: str | None) -> None:
    assert outcomes(tmp_path, one(expectation)) == [(failure,) if failure else ()]


def test_a_test_may_keep_its_message_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(REPORT)
    assert outcomes(tmp_path, "tests: [{name: t, file: report.json, expect: {reason: death}}]") == [()]
    assert "can't be used" in outcomes(tmp_path, "tests: [{name: t, file: gone.json, expect: {reason: death}}]")[0][0]


@pytest.mark.parametrize(
    "tests", ["", "tests: []", "tests: [3]", "- a", "tests: [{name: t, expect: {verdict: notice}}]"]
)
def test_a_test_file_that_tests_nothing_fails(tmp_path: Path, tests: str) -> None:
    assert all(failures for failures in outcomes(tmp_path, tests))


def test_a_profile_without_tests_fails(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(PROFILE)
    (result,) = run_tests(tmp_path / "own.yaml", read_by_adapter)
    assert not result.passed


def test_our_own_profiles_pass_their_tests() -> None:
    ours = [path for path in shipped_profiles() if path.parent.name in ("police", "coroner")]
    results = [result for path in ours for result in run_tests(path, read_by_adapter)]
    assert len(results) > 20
    assert [(result.name, result.failures) for result in results if not result.passed] == []


def test_check_exits_1_and_names_file_place_and_why(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(PROFILE.replace("family_name:", "familyname:"))
    result = CliRunner().invoke(app, ["check", str(path), "--json"])
    assert result.exit_code == 1
    (finding,) = json.loads(result.stdout)["findings"]
    assert (finding["file"], finding["place"]) == ("own.yaml", "fields.child.familyname")
    plain = CliRunner().invoke(app, ["check", str(path)])
    assert "own.yaml" in plain.stdout
    assert plain.exit_code == 1


def test_check_of_a_sound_profile_exits_0(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(PROFILE)
    assert CliRunner().invoke(app, ["check", str(path)]).exit_code == 0
    assert CliRunner().invoke(app, ["check", "coroner-case"]).exit_code == 0


def test_a_profile_that_is_not_there_is_a_usage_error() -> None:
    assert CliRunner().invoke(app, ["check", "nowhere"]).exit_code == 2
    assert CliRunner().invoke(app, ["test", "nowhere.yaml"]).exit_code == 2


def test_the_tests_command_tells_each_test_and_exits_1_for_a_failure(tmp_path: Path) -> None:
    outcomes(tmp_path, one("expect: {child.family_name: Quail}"))
    result = CliRunner().invoke(app, ["test", str(tmp_path / "own.yaml"), "--json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["failed"] == 1
    assert "expected 'Quail'" in CliRunner().invoke(app, ["test", str(tmp_path / "own.yaml")]).stdout
    assert CliRunner().invoke(app, ["test", "coroner-case"]).exit_code == 0


def test_a_broken_profile_is_a_failed_test(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("profile: own\n")
    assert CliRunner().invoke(app, ["test", str(tmp_path / "own.yaml")]).exit_code == 1


def test_the_reference_of_the_language_is_current() -> None:
    assert document_path().read_text(encoding="utf-8") == document(), "run: cdr map docs --write"


def test_the_published_schemas_are_current() -> None:
    assert stale() == [], "run: cdr map schema --write"
    assert CliRunner().invoke(app, ["schema", "--json"]).exit_code == 0


@pytest.mark.parametrize("name", sorted(schemas()))
def test_a_published_schema_is_a_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schemas()[name])


def test_the_police_schema_takes_what_the_adapter_takes() -> None:
    validator: Any = jsonschema.Draft202012Validator(schemas()["police-sudden-death-1.json"])
    report = json.loads(REPORT)
    assert list(validator.iter_errors(report)) == []
    assert list(validator.iter_errors({**report, "force": "Wiltshire"}))
    assert list(validator.iter_errors({**report, "persons": [{"person_id": "P1", "role": "victim"}]}))


def test_the_coroner_schema_takes_what_the_adapter_takes() -> None:
    validator: Any = jsonschema.Draft202012Validator(schemas()["coroner-case-1.json"])
    row = {
        "area": "avon",
        "reference": "1",
        "event": "REFERRED",
        "event_at": "2026-03-09",
        "age": 3,
        "age_unit": "days",
    }
    assert list(validator.iter_errors([row])) == []
    assert list(validator.iter_errors([{**row, "event": "PONDERED"}]))
