"""``cdr route`` and ``cdr reference`` as an outside tool uses them."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from integration_engine.cli import reference, route

APP = typer.Typer()
APP.command(name="route")(route.command)
APP.add_typer(reference.app, name="reference")

READING = {
    "id": "1",
    "birth_date": "2014-05-09",
    "death_datetime": "2026-03-09T04:10:00",
    "home_lad": "E06000038",
    "death_lad": "E07000178",
    "event_lad": "E06000030",
    "event_type": "road-traffic-collision",
}


@pytest.fixture(autouse=True)
def _bundled_lookups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CDR_POSTCODES", raising=False)
    monkeypatch.delenv("CDR_SITES", raising=False)


def run(*words: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(APP, [str(word) for word in words])
    return result.exit_code, result.stdout


def routed(folder: Path, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    path = folder / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    code, out = run("route", "--json", "--at", "2026-04-01T09:00:00Z", path)
    assert code == 0
    return [json.loads(line) for line in out.splitlines()]


def test_one_line_a_record_in_the_shapes_of_the_contract(tmp_path: Path) -> None:
    (line,) = routed(tmp_path, READING)
    assert line["id"] == "1"
    assert line["state"] == "open"
    assert line["lead"]["cdop"] == "BERKS"
    assert [copy["cdop"] for copy in line["copies"]] == ["OXON", "WILTSW"]
    assert line["jar"]["team"] == "JAR-OXON"
    assert line["clocks"]["ncmd_due"] == "2026-03-11T04:10:00+00:00"
    assert isinstance(line["flags"], list)


def test_wrong_values_are_missing_values_and_every_row_is_answered(tmp_path: Path) -> None:
    bad = {
        "id": 2,
        "birth_date": "soon",
        "death_datetime": "2026-13-40",
        "postcode": "?",
        "custody": "tower",
        "event_type": 7,
    }
    lines = routed(tmp_path, bad, {}, READING | {"birth_date": None, "age_text": "11 years"})
    assert [line["id"] for line in lines] == ["2", "1", "1"]
    assert [line["state"] for line in lines] == ["held", "held", "open"]


@pytest.mark.parametrize(
    ("change", "cdop"),
    [
        ({"home_lad": None, "postcode": "GL1 3NN"}, "GLOS"),
        ({"looked_after_by": "E08000012"}, "MERSEY"),
        ({"home_lad": "W06000006", "death_lad": None, "place_of_death": "RTH08"}, "OXON"),
        ({"home_lad": None, "residency": "scotland"}, "OXON"),
    ],
)
def test_columns_of_routing_are_read(tmp_path: Path, change: dict[str, Any], cdop: str) -> None:
    (line,) = routed(tmp_path, READING | change)
    assert line["lead"]["cdop"] == cdop


def test_a_csv_gives_the_same_answers_as_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(",".join(READING) + "\n" + ",".join(READING.values()) + "\n", encoding="utf-8")
    _, out = run("route", "--json", "--at", "2026-04-01T09:00:00Z", path)
    assert json.loads(out) == routed(tmp_path, READING)[0]


def test_explain_shows_the_whole_ladder(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(READING), encoding="utf-8")
    _, out = run("route", "--json", "--explain", path)
    assert [step["rule"] for step in json.loads(out)["ladder"]] == [
        "lead.agreement",
        "lead.looked-after",
        "lead.usual-address",
    ]
    code, text = run("route", "--explain", path)
    assert code == 0
    assert "lead.looked-after" in text


def test_a_footprint_is_tried_on_the_records(tmp_path: Path) -> None:
    rows, footprint = tmp_path / "rows.jsonl", tmp_path / "f.yaml"
    rows.write_text(json.dumps(READING), encoding="utf-8")
    footprint.write_text("from: 2026-01-01\ncdops:\n- {code: THAMES, replaces: [BERKS, OXON]}\n", encoding="utf-8")
    _, out = run("route", "--json", "--footprint", footprint, "--at", "2026-04-01T09:00:00Z", rows)
    line = json.loads(out)
    assert (line["lead"]["cdop"], [copy["cdop"] for copy in line["copies"]]) == ("THAMES", ["WILTSW"])


@pytest.mark.parametrize("content", ["{", "[1]", "not json"])
def test_what_is_no_table_is_a_usage_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(content, encoding="utf-8")
    assert run("route", "--json", path)[0] == 2
    assert run("route", "--json", tmp_path / "none.jsonl")[0] == 2


def test_check_says_sound_or_exits_one(tmp_path: Path) -> None:
    code, out = run("reference", "check", "--json")
    assert (code, json.loads(out)["sound"]) == (0, True)
    footprint = tmp_path / "f.yaml"
    footprint.write_text("from: 2026-01-01\ncdops:\n- {code: X, replaces: [NOBODY]}\n", encoding="utf-8")
    code, out = run("reference", "check", "--json", "--footprint", footprint)
    assert (code, json.loads(out)["findings"][0]["code"]) == (1, "unknown-body")


def test_load_writes_lookups_that_the_other_commands_use(tmp_path: Path) -> None:
    (tmp_path / "nspl.csv").write_text("pcds,laua\nZE9 9ZE,E06000038\n", encoding="utf-8")
    code, out = run("reference", "load", "nspl", tmp_path / "nspl.csv", "--to", tmp_path / "p.bin", "--json")
    assert (code, json.loads(out)["postcodes"]) == (0, 1)
    row = '"ZZZ01","SITE",,,,,,,,"ZE9 9ZE",' + "," * 16 + "\n"
    (tmp_path / "ets.csv").write_text(row, encoding="utf-8")
    words = (
        "reference",
        "load",
        "ods",
        tmp_path / "ets.csv",
        "--to",
        tmp_path / "s.csv",
        "--postcodes",
        tmp_path / "p.bin",
        "--json",
    )
    assert json.loads(run(*words)[1]) == {"sites": 1, "without_district": 0}
    (tmp_path / "bad.csv").write_text("a,b\n", encoding="utf-8")
    assert run("reference", "load", "nspl", tmp_path / "bad.csv", "--to", tmp_path / "x.bin")[0] == 1
