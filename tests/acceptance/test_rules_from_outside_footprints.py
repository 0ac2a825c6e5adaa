"""Footprints and tables of panels, written by hand: what is refused and by which word, and whose a death then is."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from integration_engine.cli import _build
from tests.acceptance.outside import routed

DAY = "footprint: plan\nfrom: 2027-04-01\n"
MAY = ("--at", "2027-05-01T09:00:00Z")


def reference(*words: str) -> tuple[int, dict[str, Any]]:
    """The exit status and JSON of a ``cdr reference`` command."""
    done = CliRunner().invoke(_build(["reference"]), ["reference", *words, "--json"], catch_exceptions=False)
    return done.exit_code, json.loads(done.stdout)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (DAY + "cdops:\n  - {code: BERKS, closes: true}\n", "gap"),
        (DAY + "jar_teams:\n  - {code: JAR-BERKS, closes: true}\n", "gap"),
        (
            DAY + "cdops:\n  - {code: A, name: A, areas: [E06000038]}\n  - {code: B, name: B, areas: [Reading]}\n",
            "overlap",
        ),
        (
            DAY + "cdops:\n  - {code: A, name: A, replaces: [BERKS]}\n  - {code: B, name: B, replaces: [BERKS]}\n",
            "overlap",
        ),
        (DAY + "authorities:\n  - {code: E06000090, name: R, replaces: [E06000036, E06000060]}\n", "overlap"),
        (DAY + "cdops:\n  - {code: BERKS, replaces: [OXON]}\n  - {code: OXON, replaces: [BERKS]}\n", "cycle"),
        (DAY + "cdops:\n  - {code: BERKS, replaces: [BERKS]}\n", "replaces-itself"),
        (DAY + "cdops:\n  - {code: A, name: A, replaces: [NOPE]}\n", "unknown-body"),
        (DAY + "cdops:\n  - {code: A, name: A, replaces: [STYNE-OLD]}\n", "closed-body"),
        (DAY + "cdops:\n  - {code: A, name: A, areas: [E06009999]}\n", "unknown-area"),
        (DAY + "cdops:\n  - {code: A, name: A, areas: [E07000029]}\n", "unknown-area"),
        (DAY + "authorities:\n  - {code: E06000038, name: R, replaces: [E06000036]}\n", "known-area"),
        (DAY + "cdops:\n  - {code: 'a code!', name: A, replaces: [BERKS]}\n", "malformed-code"),
        (DAY + "cdop:\n  - {code: A, name: A, replaces: [BERKS]}\n", "bad-footprint"),
        ("cdops:\n  - {code: A, name: A, replaces: [BERKS]}\n", "bad-footprint"),
        ("", "bad-footprint"),
        (DAY.replace("04-01", "02-30") + "cdops:\n  - {code: A, name: A, replaces: [BERKS]}\n", "unreadable-file"),
        ("cdops: [\n", "unreadable-file"),
    ],
)
def test_what_cannot_be_is_refused_by_file_and_line(tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "plan.yaml").write_text(text)
    status, said = reference("check", "--footprint", str(tmp_path / "plan.yaml"))
    errors = [finding for finding in said["findings"] if finding["severity"] == "error"]
    assert (status, said["sound"]) == (1, False)
    assert code in {finding["code"] for finding in errors}
    assert all(finding["subject"].startswith("plan.yaml:") for finding in errors)


def test_an_impossible_day_is_told_as_one(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("footprint: plan\nfrom: 2027-02-30\ncdops: []\n")
    _, said = reference("check", "--footprint", str(tmp_path / "plan.yaml"))
    [error] = [finding for finding in said["findings"] if finding["severity"] == "error"]
    assert (error["subject"], "no such day" in error["text"]) == ("plan.yaml:2", True)


SEVEN = DAY + "cdops:\n  - {code: EAST, name: East, replaces: [NORFOLK, SUFFOLK, CAMPET, BEDS, HERTS, MK, SET]}\n"
SPLIT = DAY + (
    "authorities:\n"
    "  - {code: E06000068, name: West, replaces: [E07000209, E07000212, E07000213, E07000214, E07000216, E07000217]}\n"
    "  - {code: E06000069, name: East, replaces: [E07000207, E07000208, E07000210, E07000211, E07000215]}\n"
    "cdops:\n"
    "  - {code: SURREY-W, name: West, areas: [E06000068]}\n"
    "  - {code: SURREY-E, name: East, areas: [E06000069]}\n"
)
TEAMS = DAY + (
    "jar_teams:\n"
    "  - {code: JAR-COAST, name: Coast, replaces: [JAR-NORFOLK, JAR-SUFFOLK]}\n"
    "  - {code: JAR-MIDDLE, name: Middle, replaces: [JAR-BEDS, JAR-MK, JAR-HERTS]}\n"
)


@pytest.mark.parametrize(
    ("text", "home", "then", "now"),
    [
        (SEVEN, "E07000148", "NORFOLK", "EAST"),
        (SEVEN, "E06000042", "MK", "EAST"),
        (SPLIT, "E07000209", "SURREY", "SURREY-W"),
        (SPLIT, "E07000207", "SURREY", "SURREY-E"),
        (SPLIT, "E06000069", "SURREY", "SURREY-E"),
    ],
)
def test_a_death_before_the_day_keeps_its_panels_name_and_goes_to_the_successor(
    tmp_path: Path, text: str, home: str, then: str, now: str
) -> None:
    (tmp_path / "plan.yaml").write_text(text)
    deaths = {"before": "2027-03-31T23:59", "after": "2027-04-01T00:00"}
    rows = [{"id": id, "birth_date": "2024-05-09", "home_lad": home, "death_datetime": at} for id, at in deaths.items()]
    answers = routed(tmp_path, rows, *MAY, "--footprint", str(tmp_path / "plan.yaml"))
    assert {id: (one["lead"]["cdop"], one["lead"].get("then")) for id, one in answers.items()} == {
        "before": (now, then),
        "after": (now, None),
    }


@pytest.mark.parametrize(
    ("place", "team"),
    [
        ("E07000148", "JAR-COAST"),
        ("E06000055", "JAR-MIDDLE"),
        ("E06000042", "JAR-MIDDLE"),
        ("E07000008", "JAR-CAMPET"),
        ("E06000061", "JAR-NHANTS"),
    ],
)
def test_response_teams_merge_without_their_panels(tmp_path: Path, place: str, team: str) -> None:
    (tmp_path / "plan.yaml").write_text(TEAMS)
    row = {"id": "a", "birth_date": "2024-05-09", "home_lad": place, "death_lad": place, "event_type": "fire"}
    rows = [row | {"death_datetime": "2027-04-02T10:00"}]
    plain = routed(tmp_path, rows, *MAY)["a"]
    merged = routed(tmp_path, rows, *MAY, "--footprint", str(tmp_path / "plan.yaml"))["a"]
    assert (merged["jar"]["team"], merged["lead"]["cdop"]) == (team, plain["lead"]["cdop"])


_TABLE = """cdop_code,cdop_name,la_code,la_name,valid_from,valid_to,confidence
NTYNE-OLD,North of Tyne CDOP (predecessor),E08000021,Newcastle upon Tyne,2008-04-01,2020-03-31,found
NSTYNE,North and South of Tyne CDOP,E08000021,Newcastle upon Tyne,2020-04-01,,found
BRADFORD,Bradford CDOP,E08000032,Bradford,,2026-03-31,found
WKC,"Wakefield, Kirklees and Calderdale CDOP",E08000032,Bradford,2026-04-01,,found
"""


def test_a_corrected_table_that_tells_the_past_as_well_is_put_in_force(tmp_path: Path) -> None:
    (tmp_path / "panels.csv").write_text(_TABLE)
    status, _ = reference("import", str(tmp_path / "panels.csv"), "--to", str(tmp_path / "own"))
    assert status == 0
    deaths = {"then": "2026-03-01T10:00", "since": "2026-04-02T10:00", "long ago": "2020-03-01T10:00"}
    homes = {"then": "E08000032", "since": "E08000032", "long ago": "E08000021"}
    rows = [
        {"id": id, "birth_date": "2019-05-09", "home_lad": homes[id], "death_datetime": at} for id, at in deaths.items()
    ]
    answers = routed(tmp_path, rows, *MAY, "--reference", str(tmp_path / "own"))
    assert {id: (one["lead"]["cdop"], one["lead"].get("then")) for id, one in answers.items()} == {
        "then": ("WKC", "BRADFORD"),
        "since": ("WKC", None),
        "long ago": ("NSTYNE", "NTYNE-OLD"),
    }


def test_a_corrected_table_with_an_overlap_is_refused_by_line(tmp_path: Path) -> None:
    (tmp_path / "panels.csv").write_text(_TABLE + "WKC,,E08000021,Newcastle upon Tyne,2020-04-01,,found\n")
    status, said = reference("import", str(tmp_path / "panels.csv"), "--to", str(tmp_path / "own"))
    assert (status, [(one["code"], one["where"]) for one in said["problems"]]) == (1, [("overlap", "panels.csv:6")])
    assert not (tmp_path / "own").exists()
