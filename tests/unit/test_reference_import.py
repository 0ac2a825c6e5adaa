"""``cdr reference import``: tables of panels as people keep them, what each changes, and what is refused."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from integration_engine.cli import reference as command
from integration_engine.routing.inspection import inspect
from integration_engine.routing.reference import BUNDLED, load_reference

DAY, BEFORE, NOW = date(2027, 4, 1), date(2027, 3, 31), date(2026, 11, 1)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CDR_POSTCODES", "CDR_SITES", "CDR_REFERENCE", "CDR_FOOTPRINT"):
        monkeypatch.delenv(name, raising=False)


class House:
    """An operator's desk: a table to import and a folder of own tables."""

    def __init__(self, folder: Path) -> None:
        self.table = folder / "panels.csv"
        self.own = folder / "own"

    def imports(self, text: str, *words: str) -> tuple[int, dict[str, Any]]:
        self.table.write_text(text, encoding="utf-8")
        run = CliRunner().invoke(command.app, ["import", str(self.table), "--to", str(self.own), "--json", *words])
        return run.exit_code, json.loads(run.stdout)

    def accepts(self, text: str, *words: str) -> dict[str, Any]:
        code, answer = self.imports(text, *words)
        assert (code, answer["problems"]) == (0, [])
        changes: dict[str, Any] = answer["changes"]
        return changes

    def refuses(self, text: str) -> set[tuple[str, str]]:
        code, answer = self.imports(text)
        assert (code, answer["written"]) == (1, None)
        assert not self.own.exists()
        return {(one["code"], one["where"].removeprefix("panels.csv:")) for one in answer["problems"]}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_panels_that_merge_from_a_day_are_a_new_panel_and_the_old_ones_hand_over(house: House) -> None:
    changes = house.accepts("panel,local authority,from\nEast CDOP,Norfolk,2027-04-01\nEast CDOP,Suffolk,01/04/2027\n")
    assert (changes["new_panels"], changes["closed_panels"]) == (["EAST"], ["NORFOLK", "SUFFOLK"])
    assert [(one["authority"], one["from"], one["before"], one["after"]) for one in changes["moves"]] == [
        ("E10000020", "2027-04-01", ["NORFOLK"], "EAST"),
        ("E10000029", "2027-04-01", ["SUFFOLK"], "EAST"),
    ]
    reference = load_reference(house.own)
    assert reference.cdop_for("E10000020", BEFORE, DAY) == ("NORFOLK", "EAST")
    assert reference.jar_team("E10000020", DAY, DAY) == "JAR-NORFOLK", "response teams are a table of their own"
    assert [one for one in inspect(house.own) if one.severity == "error"] == []


def test_a_renamed_panel_keeps_its_code_and_areas(house: House) -> None:
    changes = house.accepts("cdop,cdop name,authority\nBERKS,Royal Berkshire CDOP,E06000038\n")
    assert changes["renamed_panels"] == [
        {"code": "BERKS", "before": "Pan-Berkshire CDOP", "after": "Royal Berkshire CDOP"}
    ]
    assert changes["moves"] == []
    assert load_reference(house.own).cdop_name("BERKS") == "Royal Berkshire CDOP"


def test_an_authority_moves_from_a_day_and_its_panel_stays(house: House) -> None:
    changes = house.accepts("cdop,authority,from\nOXON,E06000038,2027-04-01\n")
    assert (changes["closed_panels"], changes["new_panels"]) == ([], [])
    reference = load_reference(house.own)
    assert reference.cdop_for("E06000038", BEFORE, DAY) == ("BERKS", "BERKS")
    assert reference.cdop_for("E06000038", DAY, DAY) == ("OXON", "OXON")


def test_the_day_may_be_given_once_for_all_rows(house: House) -> None:
    (move,) = house.accepts("cdop,authority\nOXON,E06000038\n", "--from", "2027-04-01")["moves"]
    assert move["from"] == "2027-04-01"


def test_a_row_without_a_day_says_that_what_we_held_was_wrong(house: House) -> None:
    (move,) = house.accepts("cdop,local authority\nOXON,Reading\n")["moves"]
    assert (move["from"], move["before"], move["after"]) == (None, ["BERKS"], "OXON")
    assert load_reference(house.own).cdop_for("E06000038", date(2020, 1, 1), NOW) == ("OXON", "OXON")


def test_a_panel_that_says_what_we_half_knew_confirms_the_row(house: House) -> None:
    table = 'CDOP;Local Authority\nHull and East Riding CDOP;"Kingston upon Hull, City of"\n'
    changes = house.accepts(table + "Hull and East Riding CDOP;East Riding of Yorkshire Council\n")
    assert (changes["moves"], changes["confirmed_rows"]) == ([], 2)
    assert not [one for one in inspect(house.own) if "HULLER" in one.subject and one.table != "jar-teams"]


def test_a_new_authority_takes_over_from_the_ones_it_replaces(house: House) -> None:
    west = "Guildford; Runnymede; Spelthorne; Surrey Heath; Waverley; Woking"
    east = "Elmbridge, Epsom and Ewell, Mole Valley, Reigate and Banstead, Tandridge"
    changes = house.accepts(
        "cdop,authority,authority name,from,replaces\n"
        f'SURREY,E06000068,West Surrey,2027-04-01,"{west}"\nSURREY,E06000069,East Surrey,2027-04-01,"{east}"\n'
    )
    assert changes["new_authorities"] == ["E06000068", "E06000069"]
    reference = load_reference(house.own)
    assert [one.code for one in reference.geography.on("E07000209", DAY)] == ["E06000068"]
    assert reference.cdop_for("E07000209", DAY, DAY) == ("SURREY", "SURREY")
    assert reference.police_force("E06000069", DAY) == "E23000031"
    assert [one for one in inspect(house.own) if one.severity == "error"] == []


def test_our_own_format_is_read_back_and_changes_nothing(house: House) -> None:
    assert house.imports((BUNDLED / "cdop-footprints.csv").read_text(encoding="utf-8")) == (
        0,
        {"ok": True, "problems": [], "changes": None, "written": None},
    )


def test_a_contacts_list_with_several_areas_in_a_cell_is_read(house: House) -> None:
    listed = '"Child Death Overview Panel","Areas covered"\n"Pan-Berkshire","Reading, Slough and Wokingham"\n'
    assert house.imports(listed)[1]["problems"] == []


def test_the_same_table_again_changes_and_writes_nothing(house: House) -> None:
    table = "cdop,authority,from\nOXON,E06000038,2027-04-01\n"
    house.accepts(table)
    versions = sorted(house.own.iterdir())
    assert house.imports(table) == (0, {"ok": True, "problems": [], "changes": None, "written": None})
    assert sorted(house.own.iterdir()) == versions


def test_the_version_before_stays_and_own_tables_go_along(house: House) -> None:
    house.accepts("cdop,authority,from\nOXON,E06000038,2027-04-01\n")
    first = (house.own / "CURRENT").read_text(encoding="utf-8").strip()
    (house.own / first / "sites.csv").write_text((BUNDLED / "sites.csv").read_text(encoding="utf-8"), encoding="utf-8")
    house.accepts("cdop,authority,from\nOXON,E06000039,2027-04-01\n")
    second = (house.own / "CURRENT").read_text(encoding="utf-8").strip()
    assert first != second
    assert (house.own / first / "cdops.csv").exists()
    assert (house.own / second / "sites.csv").exists()
    assert load_reference(house.own).cdop_for("E06000038", DAY, DAY) == ("OXON", "OXON")


def test_a_dry_run_shows_the_difference_and_writes_nothing(house: House) -> None:
    code, answer = house.imports("cdop,authority,from\nOXON,E06000038,2027-04-01\n", "--dry-run")
    assert (code, answer["written"], len(answer["changes"]["moves"])) == (0, None, 1)
    assert not house.own.exists()


def test_everything_wrong_is_told_at_once_by_line(house: House) -> None:
    table = """panel,local authority,from
East CDOP,Sufolk,2027-04-01
East CDOP,E06009999,2027-04-01
East CDOP,E06000029,2027-04-01
BERKS,,2027-04-01
no-panel,,
East CDOP,Norfolk,soon
East CDOP,Suffolk,2027-02-30
"""
    assert house.refuses(table) == {
        ("unknown-area", "2"),
        ("unknown-area", "3"),
        ("retired-area", "4"),
        ("blank", "5"),
        ("blank", "6"),
        ("bad-date", "7"),
        ("bad-date", "8"),
    }


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("cdop,authority\nBERKS,E06000038\nBERKS,E06000038\n", ("twice", "3")),
        ("cdop,authority\nBERKS,E06000038\nOXON,E06000038\n", ("overlap", "3")),
        ("cdop,authority\nBERKSX,E06000038\n", ("unknown-panel", "2")),
        ("cdop,authority\nNTYNE-OLD,E06000038\n", ("closed-panel", "2")),
        ("cdop,cdop name,authority\nb e r,New CDOP,E06000038\n", ("malformed-code", "2")),
        ("cdop,authority,authority name\nBERKS,E06000038,Slough\n", ("another-name", "2")),
        ("panel,authority\nEast CDOP,Norfolk\n", ("day-needed", "2")),
        ("cdop,authority,from,to\nOXON,E06000038,2027-04-01,2026-04-01\n", ("bad-span", "2")),
        ("cdop,authority,confidence\nOXON,E06000038,certain\n", ("unknown-word", "2")),
        ("cdop,authority,authority name,replaces\nSURREY,E06000068,West Surrey,Woking\n", ("day-needed", "2")),
        ("cdop,authority,authority name,from,replaces\nSURREY,NEW,West,2027-04-01,Woking\n", ("malformed-code", "2")),
        ("cdop,authority,from,replaces\nSURREY,E06000068,2027-04-01,Woking\n", ("blank", "2")),
        (
            "cdop,authority,authority name,from,replaces\nBERKS,E06000038,Reading,2027-04-01,Woking\n",
            ("known-area", "2"),
        ),
        ("name,town\nBERKS,Reading\n", ("missing-column", "panels.csv")),
        ("cdop,authority\n", ("no-rows", "panels.csv")),
        ("", ("no-rows", "panels.csv")),
    ],
)
def test_a_row_that_cant_be_is_refused_and_nothing_is_written(
    house: House, table: str, problem: tuple[str, str]
) -> None:
    assert problem in house.refuses(table)


def test_a_row_with_an_end_is_a_loan(house: House) -> None:
    house.accepts("cdop,authority,from,to\nOXON,E06000038,2027-04-01,2028-03-31\n")
    reference = load_reference(house.own)
    owners = [reference.cdop_for("E06000038", day, day) for day in (BEFORE, DAY, date(2028, 4, 1))]
    assert owners == [("BERKS", "BERKS"), ("OXON", "OXON"), ("BERKS", "BERKS")]


def test_a_table_that_would_leave_a_gap_is_refused_by_the_check_it_would_fail(house: House) -> None:
    own = (BUNDLED / "cdop-footprints.csv").read_text(encoding="utf-8")
    gap = own.replace("BERKS,E06000038,Reading,,,", "BERKS,E06000038,Reading,,2024-01-01,")
    assert ("gap", "cdop-footprints E06000038") in house.refuses(gap)


def test_a_table_that_a_footprint_in_force_no_longer_fits_is_refused(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text("from: 2027-06-01\ncdops:\n- {code: WIDE, replaces: [NORFOLK]}\n", encoding="utf-8")
    monkeypatch.setenv("CDR_FOOTPRINT", str(plan))
    merged = "panel,local authority,from\nEast CDOP,Norfolk,2027-04-01\nEast CDOP,Suffolk,2027-04-01\n"
    assert any(code == "closed-body" for code, _ in house.refuses(merged))


def test_a_file_that_isnt_utf8_is_refused(house: House) -> None:
    house.table.write_bytes("panel,authority\nCaf\xe9,Reading\n".encode("latin-1"))
    run = CliRunner().invoke(command.app, ["import", str(house.table), "--to", str(house.own), "--json"])
    assert (run.exit_code, json.loads(run.stdout)["problems"][0]["code"]) == (1, "not-utf-8")


def test_without_a_folder_to_write_to_it_is_a_usage_error(house: House) -> None:
    house.table.write_text("cdop,authority\nOXON,E06000038\n", encoding="utf-8")
    assert CliRunner().invoke(command.app, ["import", str(house.table)]).exit_code == 2


def test_people_read_the_difference_and_where_it_was_put(house: House) -> None:
    house.table.write_text("cdop,authority,from\nOXON,E06000038,2027-04-01\n", encoding="utf-8")
    run = CliRunner().invoke(command.app, ["import", str(house.table), "--to", str(house.own)])
    assert run.exit_code == 0
    for words in ("Reading", "2027-04-01", "BERKS", "OXON", "1 authority changes panel", "in force", "CDR_REFERENCE="):
        assert words in run.stdout
