"""``cdr trends`` as an analyst uses it: what it prints, what it refuses, and what none of its outputs tells."""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from integration_engine.cli import trends

APP = typer.Typer()
APP.command()(trends.command)
AT = "2026-03-01T00:00:00Z"
READING, SLOUGH, LEEDS, TYNE = "E06000038", "E06000039", "E08000035", "E08000037"
COLUMNS = ("id", "birth_date", "death_datetime", "home_lad", "sex", "expected", "icd10", "imd_decile")


def table(path: Path, deaths: Sequence[Mapping[str, str]]) -> Path:
    """A file of deaths, one row each, with a toddler of Reading in May 2024 where nothing else is said."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        for number, death in enumerate(deaths):
            plain = {
                "id": f"c{number}",
                "birth_date": "2022-01-01",
                "death_datetime": "2024-05-05",
                "home_lad": READING,
            }
            writer.writerow(plain | dict(death))
    return path


def ask(*words: str | Path) -> Result:
    return CliRunner().invoke(APP, [*(str(word) for word in words), "--at", AT])


def answer(*words: str | Path) -> dict[str, Any]:
    found = ask(*words, "--json")
    assert found.exit_code == 0, found.output
    said: dict[str, Any] = json.loads(found.stdout)
    return said


def counts(said: Mapping[str, Any]) -> dict[tuple[str, ...], int | None]:
    return {tuple(row["values"].values()): row["count"] for row in said["rows"]}


def by_code(**numbers: int) -> list[dict[str, str]]:
    return [{"icd10": code} for code, number in numbers.items() for _ in range(number)]


def test_deaths_are_counted_by_category_with_zeros_shown(tmp_path: Path) -> None:
    said = answer(table(tmp_path / "c.csv", by_code(C91=7, J18=9, Q24=20)), "--by", "category")
    found = counts(said)
    assert found["malignancy",] == 7
    assert found["infection",] == 9
    assert found["suicide-or-self-harm",] == 0
    assert said["total"]["count"] == 36
    assert said["suppression"] == {"applied": True, "threshold": 5, "suppressed": 0}


def test_a_small_count_takes_a_neighbour_with_it(tmp_path: Path) -> None:
    said = answer(table(tmp_path / "c.csv", by_code(C91=7, J18=2, Q24=20)), "--by", "category")
    found = counts(said)
    hidden = [name for (name,), count in found.items() if count is None]
    assert "infection" in hidden
    assert len(hidden) >= 2
    assert said["total"]["count"] == 29
    for row in said["rows"]:
        assert row["suppressed"] == (row["count"] is None)
        assert row["percent"] is None or not row["suppressed"]


def test_the_designated_doctor_sees_small_numbers_and_is_told_so(tmp_path: Path) -> None:
    file = table(tmp_path / "c.csv", by_code(C91=7, J18=2))
    said = answer(file, "--by", "category", "--role", "designated-doctor")
    assert counts(said)["infection",] == 2
    assert not said["suppression"]["applied"]
    assert "not for publication" in " ".join(said["notes"])
    for role in ("coordinator", "operator", "restricted"):
        assert counts(answer(file, "--by", "category", "--role", role))["infection",] is None


def test_a_total_under_five_hides_everything(tmp_path: Path) -> None:
    said = answer(table(tmp_path / "c.csv", [{}]), "--by", "age-band")
    assert said["total"]["count"] is None
    assert set(counts(said).values()) == {None}


def test_a_single_death_doesnt_tell_its_month_or_place_by_what_is_listed(tmp_path: Path) -> None:
    outputs = []
    for day, place in (("2024-02-29", READING), ("2024-07-01", LEEDS)):
        file = table(tmp_path / "c.csv", [{"death_datetime": day, "home_lad": place}])
        outputs.append(
            [ask(file, "--by", *by, "--csv").stdout for by in (("area",), ("month",), ("region", "--by", "sex"))]
        )
    assert outputs[0] == outputs[1]


def test_a_place_where_nobody_died_is_listed_for_its_children_alone(tmp_path: Path) -> None:
    file = table(tmp_path / "c.csv", [{}] * 9)
    people = tmp_path / "people.csv"
    people.write_text("area,year,population\nBERKS,2024,100000\nLEEDS,2024,200000\n", encoding="utf-8")
    assert counts(answer(file)) == {("BERKS",): 9}
    assert counts(answer(file, "--population", people)) == {("BERKS",): 9, ("LEEDS",): 0}


def world(here: Mapping[str, str], there: Mapping[str, str], *counts: int) -> list[dict[str, str]]:
    """Deaths of an infection and of a perinatal event, here and there."""
    groups = zip((here, here, there, there), ("J18", "P21", "J18", "P21"), counts, strict=True)
    return [dict(where) | {"icd10": code} for where, code, number in groups for _ in range(number)]


@pytest.mark.parametrize(
    ("by", "here", "there", "one", "other"),
    [
        (("category",), {}, {}, (1, 9, 0, 0), (2, 8, 0, 0)),
        (("authority", "category"), {}, {"home_lad": SLOUGH}, (1, 9, 9, 9), (2, 8, 8, 10)),
        (("category", "area"), {}, {"home_lad": LEEDS}, (1, 9, 9, 9), (2, 8, 8, 10)),
        (("area", "category"), {}, {"home_lad": LEEDS}, (3, 9, 9, 9), (4, 8, 8, 10)),
        (("category", "month"), {}, {"death_datetime": "2024-06-06"}, (1, 9, 9, 9), (2, 8, 8, 10)),
        (("age-band", "category"), {}, {"birth_date": "2016-01-01"}, (1, 9, 9, 9), (2, 8, 8, 10)),
    ],
)
def test_two_worlds_that_publish_alike_are_alike_in_every_output(
    tmp_path: Path,
    by: tuple[str, ...],
    here: Mapping[str, str],
    there: Mapping[str, str],
    one: tuple[int, ...],
    other: tuple[int, ...],
) -> None:
    people = tmp_path / "people.csv"
    people.write_text("area,year,population\nBERKS,2024,50000\nLEEDS,2024,40000\n", encoding="utf-8")
    asked = [word for breakdown in by for word in ("--by", breakdown)]
    outputs: list[list[str]] = []
    for name, numbers in (("one", one), ("other", other)):
        (tmp_path / name).mkdir()
        file, page = table(tmp_path / name / "c.csv", world(here, there, *numbers)), tmp_path / name / "r.html"
        shown = [
            ask(file, *asked, "--population", people, *more) for more in (("--json",), ("--csv",), ("--report", page))
        ]
        assert all(found.exit_code == 0 for found in shown), shown[-1].output
        outputs.append([*(found.output for found in shown), page.read_text(encoding="utf-8")])
    assert outputs[0] == outputs[1]
    assert "*" in outputs[0][2]
    assert '"count":null' in outputs[0][0]


def test_csv_has_a_line_for_every_number_and_none_for_a_suppressed_one(tmp_path: Path) -> None:
    said = ask(table(tmp_path / "c.csv", by_code(C91=7, J18=2, Q24=20)), "--by", "category", "--by", "sex", "--csv")
    rows = list(csv.DictReader(io.StringIO(said.stdout)))
    assert {row["suppressed"] for row in rows} == {"yes", "no"}
    assert all((row["deaths"] == "") == (row["suppressed"] == "yes") for row in rows)
    assert rows[-1]["category"] == rows[-1]["sex"] == "all"
    assert rows[-1]["deaths"] == "29"


def test_rates_have_exact_intervals_and_signals_their_method(tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("area,year,population\nBERKS,2024,100000\nLEEDS,2024,200000\n", encoding="utf-8")
    deaths = [{"home_lad": READING}] * 10 + [{"home_lad": LEEDS}] * 30
    said = answer(table(tmp_path / "c.csv", deaths), "--from", "2024", "--to", "2024", "--population", people)
    rates = {row["values"]["area"]: row["rate"] for row in said["rows"]}
    assert rates["BERKS"]["value"] == pytest.approx(10)
    assert rates["BERKS"]["low"] == pytest.approx(4.795, abs=0.01)
    assert rates["LEEDS"]["value"] == pytest.approx(15)
    assert said["total"]["rate"]["value"] == pytest.approx(40 / 3)
    assert any("Garwood" in one["how"] for one in said["methods"])


def test_without_a_population_there_are_counts_only_and_it_says_so(tmp_path: Path) -> None:
    said = answer(table(tmp_path / "c.csv", [{}] * 9))
    assert "counts only" in " ".join(said["notes"])
    assert "rate" not in said["rows"][0]


def test_a_population_of_nobody_has_no_rate(tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("area,year,population\nBERKS,2024,0\n", encoding="utf-8")
    said = answer(table(tmp_path / "c.csv", [{}] * 9), "--from", "2024", "--to", "2024", "--population", people)
    assert "rate" not in said["rows"][0]


def test_months_without_a_death_have_their_row_and_a_change_is_a_signal(tmp_path: Path) -> None:
    months = [f"2024-{month:02}-15" for month in range(1, 13) for _ in range(10) if month != 6]
    deaths = [{"death_datetime": day} for day in [*months, *["2024-11-20"] * 20]]
    said = answer(table(tmp_path / "c.csv", deaths), "--by", "month", "--from", "2024", "--to", "2024")
    found = counts(said)
    assert (found["2024-06",], found["2024-11",], len(found)) == (0, 30, 12)
    (chart,) = said["charts"]
    assert {
        (one["rule"], one["direction"], *one["at"]) for one in chart["signals"] if one["rule"] == "outside limits"
    } == {
        ("outside limits", "high", "2024-11"),
        ("outside limits", "low", "2024-06"),
    }


def test_a_series_with_a_suppressed_month_has_no_chart_and_it_says_so(tmp_path: Path) -> None:
    days = [f"2024-{month:02}-15" for month in range(1, 13) for _ in range(3 if month == 6 else 10)]
    said = answer(table(tmp_path / "c.csv", [{"death_datetime": day} for day in days]), "--by", "month")
    assert said["charts"] == []
    assert said["uncharted"] == ["all"]
    assert "longer period" in " ".join(said["notes"])


def test_panels_that_merged_are_one_area_today_and_two_in_force_then(tmp_path: Path) -> None:
    deaths = [{"home_lad": TYNE, "death_datetime": day} for day in ["2019-12-24"] * 6 + ["2021-02-03"] * 7]
    file = table(tmp_path / "c.csv", [one | {"birth_date": "2018-01-01"} for one in deaths])
    assert counts(answer(file, "--by", "area")) == {("NSTYNE",): 13}
    assert counts(answer(file, "--by", "area-then")) == {("NSTYNE",): 7, ("STYNE-OLD",): 6}


def test_nothing_to_count_is_an_answer(tmp_path: Path) -> None:
    for by in ("area", "month", "category", "age-band"):
        said = answer(table(tmp_path / "c.csv", []), "--by", by)
        assert said["total"]["count"] == 0
        assert "No death was counted." in said["notes"]


@pytest.mark.parametrize(
    "words",
    [
        ("--by", "postcode"),
        ("--by", "area", "--by", "sex", "--by", "month"),
        ("--by", "month", "--by", "year"),
        ("--by", "area", "--by", "area"),
        ("--from", "2024-05-05"),
        ("--to", "2024-05-05"),
        ("--from", "2025", "--to", "2024"),
        ("--from", "soon"),
        ("--role", "king"),
        ("--chart", "pie"),
        ("--json", "--csv"),
        ("--population", "nowhere.csv"),
        ("--deprivation", "nowhere.csv"),
    ],
)
def test_what_cant_be_asked_is_a_usage_error(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert ask(table(tmp_path / "c.csv", [{}] * 5), *words).exit_code == 2


def test_only_the_role_that_sees_small_numbers_may_ask_for_days(tmp_path: Path) -> None:
    file = table(tmp_path / "c.csv", [{}] * 5)
    assert ask(file, "--from", "2024-05-05", "--role", "designated-doctor").exit_code == 0


def test_a_row_that_cant_be_taken_is_told_by_its_line_and_without_its_values(tmp_path: Path) -> None:
    file = table(tmp_path / "c.csv", [{}] * 6 + [{"death_datetime": "31/31/2024"}])
    found = ask(file, "--json")
    assert json.loads(found.stdout)["bad_rows"] == [
        {
            "where": "c.csv:8",
            "code": "no-death-date",
            "text": "death_datetime can't be read as a date, so the case has no place in time",
        }
    ]
    assert "31/31" not in found.output


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    assert ask(tmp_path / "none.csv").exit_code == 2


def test_the_page_stands_alone_and_has_a_table_beside_every_picture(tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    file = table(tmp_path / "c.csv", by_code(C91=7, J18=12, Q24=20))
    assert ask(file, "--by", "category", "--report", page).exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert text.count("<figure>") <= text.count("<table>")
    assert text.count("<figure>") >= 1
    assert not re.search(r'(src|href)="(?!#)', text)
    assert "<script" not in text


def test_at_a_terminal_a_suppressed_number_is_a_star(tmp_path: Path) -> None:
    found = ask(table(tmp_path / "c.csv", by_code(C91=7, J18=2, Q24=20)), "--by", "category")
    assert re.search(r"Infection\s+\*", found.stdout)
    assert "suppressed" in found.stdout
