"""``cdr simulate`` as a planner runs it: on files, on the cases held, and on invented ones."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from lxml import html
from typer.testing import CliRunner

from integration_engine.cli import _build
from integration_engine.pipeline import process
from integration_engine.settings import load_settings
from integration_engine.store import audit
from integration_engine.store.database import Store, open_store
from tests.store_samples import NOW, read, report, rules

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
FOUR = str(EXAMPLES / "four-areas.yaml")
READING, OXFORD, LEEDS = "E06000038", "E07000178", "E08000035"
HOMES = (READING, READING, OXFORD, LEEDS)


def simulate(*options: str) -> tuple[int, str]:
    done = CliRunner().invoke(_build(["simulate"]), ["simulate", *options])
    return done.exit_code, done.output


NO_COUNTS_OF_CASES = {"on_call_cover", "years_under_60"}


def counts(part: Any, name: str = "") -> Iterator[tuple[str, int]]:
    """Every whole number in a part of an answer, with its key."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield from counts(value, key)
    elif isinstance(part, list):
        for value in part:
            yield from counts(value, name)
    elif isinstance(part, int) and not isinstance(part, bool):
        yield name, part


def answer(*options: str) -> dict[str, Any]:
    status, said = simulate(*options, "--json", "--at", "2026-03-31")
    assert status == 0, said
    found: dict[str, Any] = json.loads(said)
    return found


@pytest.fixture
def table(tmp_path: Path) -> str:
    """Four children of three panels who died in Oxford, one of them suddenly."""
    file = tmp_path / "cases.csv"
    rows = [f"c{n},2014-05-09,2026-03-0{n + 1}T04:10,{home},{OXFORD}" for n, home in enumerate(HOMES)]
    rows = [f"{row},{'unexpected' if n == 0 else 'expected'}" for n, row in enumerate(rows)]
    file.write_text("id,birth_date,death_datetime,home_lad,death_lad,expected\n" + "\n".join(rows) + "\n")
    return str(file)


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The same four children as cases of an engine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CDR_DATABASE_URL", f"sqlite:///{tmp_path / 'cdr.db'}")
    monkeypatch.setenv("CDR_KEYS_FILE", str(tmp_path / "keys.json"))
    store = open_store(load_settings(), upgrade=True)
    messages = [
        report(
            n,
            partner=f"R{n}",
            child={
                "nhs_number": None,
                "family_name": f"Family{'ABCD'[n]}",
                "given_names": [f"Given{'ABCD'[n]}"],
                "addresses": [{"lad_code": home, "use": "home"}],
            },
            death={
                "died_at": f"2026-03-0{n + 1}T04:10",
                "place": {"lad_code": OXFORD},
                "expected": "unexpected" if n == 0 else "expected",
            },
        )
        for n, home in enumerate(HOMES)
    ]
    process(store, messages, read=read, now=NOW, **rules())
    return store


def test_a_merger_moves_leads_and_ends_copies_between_its_areas(table: str) -> None:
    found = answer(FOUR, table)
    assert found["changes"]["from_to"] == [
        {"from": "BERKS", "to": "THAMES", "cases": 2},
        {"from": "OXON", "to": "THAMES", "cases": 1},
    ]
    assert (found["changes"]["cases"], found["changes"]["of"], found["changes"]["share"]) == (3, 4, 0.75)
    # Before, Oxford told of two Reading children and one of Leeds; after, the first two are its panel's own.
    assert (found["before"]["copies"], found["after"]["copies"]) == (3, 1)
    after = {one["cdop"]: one for one in found["after"]["panels"]}
    assert after["THAMES"]["out_of_area"] == {"of": 3, "died_elsewhere": 0, "share": 0.0}
    assert after["LEEDS"]["out_of_area"] == {"of": 1, "died_elsewhere": 1, "share": 1.0}
    assert after["THAMES"]["others_died_here"] == 1
    assert "BERKS" not in after
    assert found["touched"]["panels"] == ["BERKS", "BUCKS", "MK", "OXON", "THAMES"]
    assert found["before"]["jar"] == 1


def test_the_same_cases_give_the_same_answer_from_a_table_and_from_the_store(table: str, held: Store) -> None:
    from_table, from_store = answer(FOUR, table), answer(FOUR)
    assert from_store == from_table


def test_a_look_at_the_held_cases_is_written_into_the_audit_log(held: Store) -> None:
    answer(FOUR)
    line = audit.lines(held, subject="all", after=0, limit=10)[-1]
    assert line.action == "cases.planned-with"


def test_bad_rows_are_told_by_line_and_the_rest_is_counted(table: str) -> None:
    with Path(table).open("a") as file:
        file.write(f"x,2014-05-09,yesterday,{READING},{OXFORD},expected\n")
    found = answer(FOUR, table)
    assert (found["cases"]["taken"], found["cases"]["bad"]) == (4, 1)
    status, said = simulate(FOUR, table)
    assert status == 0
    assert "cases.csv:6" in said
    assert "yesterday" not in said


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cdops: [{code: X, replaces: [OXON]}]", "from"),
        ("from: 2027-04-01\ncdops: [{code: X, replaces: [NOWHERE]}]", "NOWHERE"),
        ("from: 2027-04-01\ncdops:\n  - {code: X, replaces: [OXON]}\n  - {code: Y, replaces: [OXON]}", "claimed by"),
        (": :", "YAML"),
    ],
)
def test_an_unusable_footprint_is_a_usage_error_that_says_where_and_why(
    tmp_path: Path, table: str, text: str, told: str
) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(text)
    status, said = simulate(str(plan), table)
    assert status == 2
    assert told in " ".join(said.replace("│", " ").split())
    assert "plan.yaml" in said or "X" in said


def test_what_cannot_be_is_a_usage_error(tmp_path: Path, table: str) -> None:
    costs = tmp_path / "costs.yaml"
    costs.write_text("panel: {rent: 1}")
    for wrong in (
        [str(tmp_path / "none.yaml"), table],
        [FOUR, str(tmp_path / "none.csv")],
        [FOUR, table, "--from", "yesterday"],
        [FOUR, table, "--from", "2026-02-01", "--to", "2026-01-01"],
        [FOUR, table, "--invented"],
        [FOUR, table, "--costs", str(costs)],
        [FOUR, table, "--jar-hours", "0"],
        [FOUR, table, "--at", "noon"],
    ):
        assert simulate(*wrong)[0] == 2, wrong


def test_no_usable_case_is_said_with_status_one(tmp_path: Path) -> None:
    file = tmp_path / "cases.csv"
    file.write_text("id,death_datetime,home_lad\nx,never,E06000038\n")
    status, said = simulate(FOUR, str(file))
    assert status == 1
    assert "no case could be used" in said


def test_every_form_tells_the_same_figures(tmp_path: Path, table: str) -> None:
    page = tmp_path / "report.html"
    status, said = simulate(FOUR, table, "--csv", "--report", str(page), "--at", "2026-03-31")
    assert status == 0
    rows = {(row["about"], row["code"], row["measure"]): row for row in csv.DictReader(io.StringIO(said))}
    assert (rows["panel", "THAMES", "cases"]["before"], rows["panel", "THAMES", "cases"]["after"]) == ("", "3")
    assert rows["all", "", "copies"]["change"] == "-2"
    tree = html.fromstring(page.read_text())
    moves = [
        [cell.text for cell in row] for row in tree.xpath("//table[caption='Cases by lead before and after']/tbody/tr")
    ]
    assert moves == [["BERKS", "THAMES", "2"], ["OXON", "THAMES", "1"]]
    status, said = simulate(FOUR, table)
    assert "BERKS → THAMES: 2" in said


def test_suppressed_no_form_shows_a_small_count(tmp_path: Path, table: str) -> None:
    page = tmp_path / "report.html"
    found = answer(FOUR, table, "--suppress", "--report", str(page))
    small = [move["cases"] for move in found["changes"]["from_to"]]
    assert set(small) <= {"<5", "*"}
    shown = [found["before"], found["after"], found["changes"]]
    assert not {path for part in shown for path, number in counts(part) if 0 < number < 5} - NO_COUNTS_OF_CASES
    weeks = [one["busiest_week"] for one in found["after"]["panels"] if one["busiest_week"]]
    assert all(week == {"week_of": None, "count": "<5"} for week in weeks)
    assert "Small numbers are hidden" in page.read_text()


def test_unit_costs_add_a_cost_neutral_view_of_what_the_footprint_touches(tmp_path: Path, table: str) -> None:
    costs = tmp_path / "costs.yaml"
    costs.write_text("panel: {fixed: 100}\npanels: {THAMES: {fixed: 250}}\n")
    found = answer(FOUR, table, "--costs", str(costs))["costs"]
    assert (found["before"]["total"], found["after"]["total"], found["difference"]) == (400, 250, -150)
    assert found["fixed_after_if_cost_neutral"] == 400
    assert found["before"]["unpriced"] == ["per_case: BERKS, OXON"]
    assert found["after"]["unpriced"] == ["per_case: all"]


def test_a_year_without_any_case_is_pointed_out(tmp_path: Path) -> None:
    file = tmp_path / "cases.csv"
    file.write_text(f"id,death_datetime,home_lad\na,2022-05-01,{READING}\nb,2024-05-01,{READING}\n")
    found = answer(FOUR, str(file), "--from", "2022-01-01", "--to", "2024-12-31")
    assert found["window"]["empty_years"] == [2023]
    assert "No case at all in 2023" in simulate(FOUR, str(file))[1]


def test_files_may_be_json_lines(tmp_path: Path, table: str) -> None:
    lines = [orjson.dumps(row) for row in csv.DictReader(Path(table).read_text().splitlines())]
    file = tmp_path / "cases.jsonl"
    file.write_bytes(b"\n".join(lines))
    assert answer(FOUR, str(file)) == answer(FOUR, table)


def test_without_files_and_without_an_engine_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CDR_DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")
    status, said = simulate(FOUR)
    assert status == 1
    assert "--invented" in said
