"""``cdr link``: one line a notice, an evaluation, a waterfall, and the same answer in any order."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from integration_engine.cli import _build
from tests.linkage_rows import BABY, ROWAN, number

ROWS: list[dict[str, Any]] = [
    {"id": "late", "notified_at": "2026-02-05T09:00:00", "truth": "rowan"} | ROWAN | {"nhs_number": number(1)},
    {"id": "early", "notified_at": "2026-02-03T09:00:00", "truth": "rowan"}
    | ROWAN
    | {"nhs_number": number(1), "source": "coroner", "sender": "leeds"},
    {"id": "twin-1", "notified_at": "2026-02-03T10:00:00", "truth": "t1", "kind": "multiple", "group": "t"}
    | BABY
    | {"birth_order": 1},
    {"id": "twin-2", "notified_at": "2026-02-03T11:00:00", "truth": "t2", "kind": "multiple", "group": "t"}
    | BABY
    | {"birth_order": 2},
    {"id": "vague", "notified_at": "2026-02-03T12:00:00", "truth": "t1", "kind": "multiple", "group": "t"}
    | BABY
    | {"source": "police", "sender": "E23000009"},
]  # fmt: skip


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "notices.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return path


def link(*arguments: object) -> Result:
    return CliRunner().invoke(_build(["link"]), ["link", *map(str, arguments)])


def answers(result: Result) -> dict[str, dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return {row["id"]: row for row in map(json.loads, result.stdout.splitlines())}


def test_one_line_a_notice_in_the_order_of_the_input(lines: Path) -> None:
    result = link("--json", lines)
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == [row["id"] for row in ROWS]


def test_a_cluster_is_named_by_its_earliest_notice(lines: Path) -> None:
    found = answers(link("--json", lines))
    assert found["late"]["cluster"] == found["early"]["cluster"] == "early"


def test_reviews_are_told_on_both_sides(lines: Path) -> None:
    found = answers(link("--json", lines))
    assert set(found["vague"]["review_with"]) == {"twin-1", "twin-2"}
    assert found["twin-1"]["review_with"] == ["vague"]
    assert found["late"]["review_with"] == []


def test_csv_says_the_same_as_json_lines(lines: Path, tmp_path: Path) -> None:
    path = tmp_path / "notices.csv"
    columns = sorted({name for row in ROWS for name in row})
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        table.writerows(ROWS)
    assert answers(link("--json", path)) == answers(link("--json", lines))


def test_the_truth_column_changes_nothing_but_the_evaluation(lines: Path) -> None:
    result = link("--json", lines, "--truth", "truth")
    assert result.exit_code == 0
    told = [line for line in result.stdout.splitlines() if line.startswith("{")]
    assert [json.loads(line) for line in told] == list(answers(link("--json", lines)).values())
    assert "wrong clusters" in result.stderr


def test_the_evaluation_counts_what_was_wrong_and_what_was_missed(lines: Path) -> None:
    shown = link(lines, "--truth", "truth").stdout
    told = {
        left.strip(): right.strip() for left, _, right in (row.strip("│ ").partition("│") for row in shown.splitlines())
    }
    assert told["precision"] == "1.000000"
    assert told["recall, automatic"] == "0.5000"  # the vague notice is left to a person
    assert told["recall after perfect review"] == "1.0000"
    assert told["of which true"] == "50.0%"


def test_a_waterfall_shows_what_each_comparison_weighs(lines: Path) -> None:
    shown = json.loads(link("--json", lines, "--explain", "late", "early").stdout)
    assert shown["verdict"] == "link"
    assert shown["score"] == pytest.approx(sum(step["bits"] for step in shown["steps"]), abs=0.1)
    assert "birth-order-differs" in link(lines, "--explain", "twin-1", "twin-2").stdout


def test_a_waterfall_never_shows_a_value(lines: Path) -> None:
    shown = link(lines, "--explain", "late", "early").output
    assert not any(value in shown for value in ("Rowan", "Fairclough", number(1), "LS6", "2018"))


def test_shuffles_differ_in_no_pair(lines: Path) -> None:
    assert "3 shuffles: 0 pairs differ" in link(lines, "--shuffles", 3).stdout


@pytest.mark.parametrize(
    ("body", "said"), [("[1]\n", "line 1"), ("{}\n", "no id"), ('{"id": "a"}\nnot json\n', "line 2")]
)
def test_bad_input_is_named_by_its_line_and_never_shown(tmp_path: Path, body: str, said: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(body, encoding="utf-8")
    result = link("--json", path)
    assert result.exit_code == 2
    assert said in result.output
    assert "not json\n" not in result.output


def test_an_unknown_notice_or_column_is_a_usage_error(lines: Path) -> None:
    assert link(lines, "--explain", "late", "gone").exit_code == 2
    assert link(lines, "--truth", "no-such-column").exit_code == 2
