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
from tests.linkage_stream import stream, written

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


def link(*arguments: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(_build(["link"]), ["link", *map(str, arguments)], input=stdin)


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


def test_several_files_are_one_set_of_notices(lines: Path, tmp_path: Path) -> None:
    halves = [written(tmp_path / f"{n}.jsonl", ROWS[n::2]) for n in (0, 1)]
    found, whole = answers(link("--json", *halves)), answers(link("--json", lines))
    assert list(found) == [row["id"] for row in (*ROWS[::2], *ROWS[1::2])]
    assert {id: row["cluster"] for id, row in found.items()} == {id: row["cluster"] for id, row in whole.items()}


def test_a_dash_reads_standard_input(lines: Path) -> None:
    assert answers(link("--json", "-", stdin=lines.read_text(encoding="utf-8"))) == answers(link("--json", lines))


def test_a_notice_told_twice_counts_once_and_is_answered_once(lines: Path) -> None:
    result = link("--json", lines, lines)
    assert result.stdout == link("--json", lines).stdout
    assert result.stderr == ""


@pytest.mark.parametrize("turned", [False, True])
def test_other_content_under_one_id_is_told_and_the_row_notified_first_counts(tmp_path: Path, turned: bool) -> None:
    later = ROWS[1] | {"notified_at": "2026-03-01T09:00:00", "nhs_number": number(8), "given": "Otto", "truth": "x"}
    rows = [ROWS[0], later, ROWS[1]] if turned else [ROWS[0], ROWS[1], later]
    result = link("--json", written(tmp_path / "twice.jsonl", rows))
    assert {id: row["cluster"] for id, row in answers(result).items()} == {"late": "early", "early": "early"}
    assert "1 rows repeat an id with other content (twice.jsonl line 3" in result.stderr
    assert "Otto" not in result.stderr


def test_a_file_of_an_older_program_is_read_and_it_is_said(tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    path.write_bytes("id;notified_at;given;family\na;2026-02-03;Siân;Pryce\n".encode("cp1252"))
    result = link("--json", path)
    assert list(answers(result)) == ["a"]
    assert "old.csv: not all of it is UTF-8" in result.stderr


def test_what_people_decided_is_replayed(lines: Path, tmp_path: Path) -> None:
    def decided(number: int, kind: str, *about: str, role: str = "designated-doctor") -> dict[str, Any]:
        said = {"id": f"d{number}", "at": f"2026-02-1{number}T09:00:00Z", "by": "a", "role": role, "reason": "seen"}
        return said | {"kind": kind, "about": about}

    path = tmp_path / "decisions.json"
    decisions = [decided(1, "unlink", "late", "early"), decided(2, "link", "late", "gone")]
    path.write_text(json.dumps([*decisions, decided(3, "confirm-death", "late")]), encoding="utf-8")
    result = link("--json", lines, "--decisions", path)
    found = answers(result)
    assert found["late"]["cluster"] == "late"
    assert "early" not in found["late"]["review_with"]
    assert "1 decisions set aside, about fewer than two of these notices: d2" in result.stderr
    assert link("--json", lines, "--decisions", lines).exit_code == 2


def test_the_evaluation_as_json_says_what_the_table_says(tmp_path: Path) -> None:
    path, to = written(tmp_path / "stream.jsonl", stream()), tmp_path / "evaluation.json"
    shown = link(path, "--truth", "truth", "--evaluation", to).stdout
    found = json.loads(to.read_text(encoding="utf-8"))
    assert f"{found['recall']:.4f}" in shown
    assert f"{found['all_pairs']['lost']:,} of {found['all_pairs']['pairs']:,}" in shown
    for parts in ("name_groups", "kinds", "noises"):
        for name, part in found[parts].items():
            row = next(line for line in shown.splitlines() if line.startswith(f"│ {name} "))
            assert f"{part['recall']:.4f}" in row
    for code, asked in found["reviews_by_reason"].items():
        assert any(code in line and f"│ {asked['pairs']:>5} │" in line for line in shown.splitlines()), code
    assert link(path, "--evaluation", to).exit_code == 2


def test_notices_without_truth_are_told_and_left_out_of_the_evaluation(lines: Path, tmp_path: Path) -> None:
    some = written(tmp_path / "some.jsonl", [*ROWS, ROWS[0] | {"id": "unknown", "truth": None}])
    result = link(some, "--truth", "truth")
    assert "1 rows have no truth" in result.stderr
    assert "│ 5, 3, 4 " in result.stdout


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


def test_the_final_answer_is_that_of_all_notices_and_not_of_the_pair_alone(lines: Path) -> None:
    """Alone the vague notice might be either twin's; that there are two makes it a question."""
    shown = json.loads(link("--json", lines, "--explain", "vague", "twin-1").stdout)
    assert shown["final"]["state"] == "person"
    assert [why["code"] for why in shown["final"]["why"]] == list(shown["sentences"])[-len(shown["final"]["why"]) :]
    assert json.loads(link("--json", lines, "--explain", "late", "early").stdout)["final"]["state"] == "joined"
    apart = json.loads(link("--json", lines, "--explain", "late", "twin-1").stdout)
    assert (apart["final"]["state"], apart["final"]["unasked"]) == ("apart", "no-shared-key")
    assert "With all notices known: for a person" in link(lines, "--explain", "vague", "twin-1").stdout


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


def test_the_questions_are_written_as_codes_and_hints_without_a_childs_details(lines: Path, tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    found = answers(link("--json", "--questions", path, lines))
    asked = [json.loads(line) for line in path.read_text().splitlines()]
    assert asked
    for question in asked:
        assert question["b"] in found[question["a"]]["review_with"]
        assert all(why["settle"] for why in question["why"])
        assert question["people"] == 2
        assert question["weight"]["steps"]
    assert not [name for name in (ROWAN["family"], BABY["family"], "LS6") if name in path.read_text()]
