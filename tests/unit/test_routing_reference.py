"""The reference tables: who covers what on a day, what became of it, and which mistakes in a table are found."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from integration_engine.routing.checks import Finding, validate
from integration_engine.routing.reference import BUNDLED, bundled, load_reference
from integration_engine.routing.table_schema import check_tables
from integration_engine.routing.tables import ReferenceDataError

TODAY = date(2026, 6, 1)


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CDR_POSTCODES", raising=False)
    monkeypatch.delenv("CDR_SITES", raising=False)
    return Path(shutil.copytree(BUNDLED, tmp_path / "reference"))


def swap(path: Path, old: str, new: str) -> None:
    before = path.read_text(encoding="utf-8")
    assert old in before
    path.write_text(before.replace(old, new), encoding="utf-8")


def append(path: Path, row: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + row + "\n", encoding="utf-8")


def errors(folder: Path, footprint: Path | None = None) -> set[tuple[str, str]]:
    found: tuple[Finding, ...] = validate(load_reference(folder, overlay=footprint))
    return {(one.code, one.subject) for one in found if one.severity == "error"}


def test_the_shipped_tables_are_sound_and_name_their_weak_rows() -> None:
    assert check_tables(BUNDLED) == ()
    found = validate(bundled())
    assert [one for one in found if one.severity == "error"] == []
    assert {"HULLER", "BLS"} <= {one.subject for one in found if one.severity == "confirm"}


@pytest.mark.parametrize(
    ("code", "on", "then", "now"),
    [
        ("E06000029", date(2019, 3, 15), "PDOR-OLD", "PDORSOM"),
        ("E08000037", date(2020, 3, 10), "STYNE-OLD", "NSTYNE"),
        ("E08000020", date(2020, 3, 10), "STYNE-OLD", "NSTYNE"),
        ("E07000029", date(2026, 1, 5), "CUMBRIA", "CUMBRIA"),
        ("E06000063", date(2020, 1, 5), "CUMBRIA", "CUMBRIA"),
        ("E08000019", date(2026, 1, 5), "SHEFFIELD", "SHEFFIELD"),
        ("E08000039", date(2020, 1, 5), "SHEFFIELD", "SHEFFIELD"),
        ("E08000016", date(2025, 4, 1), "BARNSLEY", "BARNSLEY"),
        ("E10000014", TODAY, "HIPS", "HIPS"),
        ("E07000190", date(2019, 6, 30), "SOM-OLD", "PDORSOM"),
        ("E09000025", date(2018, 1, 1), None, "WELC"),
    ],
)
def test_a_code_of_any_age_finds_the_panel_of_its_day_and_todays(
    code: str, on: date, then: str | None, now: str
) -> None:
    assert bundled().cdop_for(code, on, TODAY) == (then, now)


def test_a_panel_keeps_its_work_until_the_day_it_closes() -> None:
    reference = bundled()
    assert reference.cdop_for("E08000037", date(2020, 3, 10), date(2020, 3, 31)) == ("STYNE-OLD", "STYNE-OLD")
    assert reference.cdop_for("E08000037", date(2020, 3, 10), date(2020, 4, 1)) == ("STYNE-OLD", "NSTYNE")


@pytest.mark.parametrize("code", ["E07009999", "W06000006", "", "Reading", "00MC"])
def test_a_code_that_isnt_an_english_authoritys_has_no_panel(code: str) -> None:
    assert bundled().cdop_for(code, TODAY) is None


def test_renumbered_authorities_are_one_authority() -> None:
    geography = bundled().geography
    assert geography.same("E08000016", "E08000038")
    assert geography.same("E08000019", "E08000039")
    assert not geography.same("E08000038", "E08000039")
    assert not geography.same("E06000029", "E06000058")


def test_police_and_coroner_of_a_district() -> None:
    reference = bundled()
    assert reference.police_force("E06000030", TODAY) == "E23000038"
    assert reference.police_force("E10000013", TODAY) == "E23000037"
    assert reference.police_force("E06000029", date(2019, 3, 15)) == "E23000039"
    force = reference.force("54")
    assert force == reference.force("e23000038")
    assert force
    assert force.name == "Wiltshire"
    assert reference.coroner_areas("E07000178", TODAY) == ("oxfordshire",)
    assert reference.coroner_areas("E06000035", date(2025, 6, 30)) == ("mid-kent-and-medway",)
    assert reference.coroner_areas("E06000035", date(2025, 7, 1)) == ("kent-and-medway",)
    assert len(reference.coroner_areas("E10000018", TODAY)) == 2


def test_every_sample_postcode_and_site_lies_in_a_known_authority_and_every_authority_has_a_postcode() -> None:
    reference = bundled()
    held = {reference.district(text) for text in ("RG1 2LU", "rg12lu", " RG1  2LU ")}
    assert held == {"E06000038"}
    assert reference.district("L7 8XP") == "E08000012"
    assert reference.district("RG1 9ZZ") is None
    assert reference.district("not a postcode") is None


@pytest.mark.parametrize(
    ("code", "district"),
    [
        ("RQ6", "E08000012"),
        ("RQ617", "E08000012"),
        ("rq617-picu", "E08000012"),
        ("RTH08ICU1", "E07000178"),
        ("RTH99", "E07000178"),
        ("RDU50", "E06000039"),
        ("7A4BV", "W06000015"),
    ],
)
def test_a_site_is_found_by_its_longest_known_beginning(code: str, district: str) -> None:
    site = bundled().site(code)
    assert site
    assert site.lad_code == district


@pytest.mark.parametrize("text", ["", "R", "ZZ999", "RTHNORTH", "Great Western Hospital", "Reading", "RE"])
def test_text_that_is_no_known_code_finds_no_site(text: str) -> None:
    assert bundled().site(text) is None


def test_a_gap_and_an_overlap_are_found(tables: Path) -> None:
    table = tables / "cdop-footprints.csv"
    swap(table, "BERKS,E06000038,Reading,,,", "BERKS,E06000038,Reading,2020-01-01,,")
    assert errors(tables) == {("gap", "E06000038")}
    append(table, "OXON,E06000038,Reading,,2020-01-31,local,test")
    assert errors(tables) == {("overlap", "E06000038")}


def test_the_response_teams_are_checked_as_a_table_of_their_own(tables: Path) -> None:
    table = tables / "jar-footprints.csv"
    swap(table, "JAR-BERKS,E06000038,", "JAR-OXON,E06000038,")
    assert errors(tables) == set()
    swap(table, "JAR-OXON,E06000038,Reading,,,", "JAR-OXON,E06000038,Reading,,2024-01-01,")
    assert errors(tables) == {("gap", "E06000038")}


def test_a_cycle_of_successors_is_found_and_nothing_hangs(tables: Path) -> None:
    ends = "North East and Yorkshire,2020-04-01,"
    swap(tables / "cdops.csv", f"{ends},,found", f"{ends}2024-01-01,STYNE-OLD,found")
    assert ("cycle", "NSTYNE") in errors(tables)
    assert load_reference(tables).cdop_for("E08000037", date(2020, 3, 10), TODAY) is None


def test_successors_that_dont_exist_and_malformed_codes_are_found(tables: Path) -> None:
    swap(tables / "cdops.csv", ",NSTYNE,", ",NORTH,")
    swap(tables / "authorities.csv", "2025-03-31,E08000038", "2025-03-31,E08000099")
    assert errors(tables) >= {
        ("unknown-successor", "NTYNE-OLD"),
        ("unknown-successor", "E08000016"),
        ("no-way-on", "E08000016"),
    }


def test_the_schema_finds_blank_and_malformed_cells_and_repeated_rows(tables: Path) -> None:
    swap(tables / "postcodes.csv", "RG1 2LU,E06000038,", "RG12LU,E6000038,")
    append(tables / "sites.csv", "RTH,Again,OX3 9DU,E07000178,sure,")
    found = {(one.code, one.table, one.text.split()[0]) for one in check_tables(tables)}
    assert found == {
        ("malformed", "postcodes", "postcode"),
        ("malformed", "postcodes", "district"),
        ("twice", "sites", "line"),
        ("malformed", "sites", "confidence"),
        ("blank", "sites", "source"),
    }


@pytest.mark.parametrize(
    ("name", "old", "new", "code"),
    [
        ("cdop-footprints.csv", "2020-04-01", "01/04/2020", "bad-date"),
        ("cdop-footprints.csv", "2008-04-01,2020-03-31", "2020-03-31,2008-04-01", "bad-span"),
        ("cdops.csv", "successors", "heirs", "missing-column"),
        ("jar-triggers.yaml", "event_types", "event_kinds", "unknown-fact"),
        ("jar-triggers.yaml", '["yes"]', "[yes]", "bad-word"),
        ("jar-triggers.yaml", "V01-Y98", "external", "bad-block"),
        ("countries.csv", "ENG,england", "ENG,engeland", "unknown-residency"),
        ("bank-holidays.yaml", "date: 2020-05-08", "day: 2020-05-08", "bad-row"),
        ("authorities.csv", ",metropolitan,", ",city,", "unknown-kind"),
        ("tables.yaml", "types:", "kinds:", "bad-schema"),
    ],
)
def test_a_broken_table_is_refused_by_name_and_row(tables: Path, name: str, old: str, new: str, code: str) -> None:
    swap(tables / name, old, new)
    with pytest.raises(ReferenceDataError) as refused:
        check_tables(tables) if name == "tables.yaml" else load_reference(tables)
    assert refused.value.code == code
    assert name in refused.value.where


def test_a_missing_table_is_refused_by_name(tables: Path) -> None:
    (tables / "cdops.csv").unlink()
    with pytest.raises(ReferenceDataError, match=r"cdops\.csv"):
        load_reference(tables)


class TestLocalFootprints:
    @staticmethod
    def written(folder: Path, text: str) -> Path:
        path = folder / "footprint.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    def test_panels_merge_from_a_day_on_and_earlier_deaths_keep_their_panels_name(self, tables: Path) -> None:
        merged = self.written(
            tables,
            "from: 2027-04-01\ncdops:\n- {code: THAMES, name: Thames CDOP, replaces: [BERKS, OXON, BUCKS]}\n",
        )
        assert errors(tables, merged) == set()
        reference = load_reference(tables, overlay=merged)
        assert reference.cdop_for("E06000038", date(2027, 3, 31), date(2027, 3, 31)) == ("BERKS", "BERKS")
        assert reference.cdop_for("E06000038", date(2027, 3, 31), date(2027, 4, 1)) == ("BERKS", "THAMES")
        assert reference.cdop_for("E07000178", date(2027, 4, 1), date(2027, 4, 1)) == ("THAMES", "THAMES")
        assert reference.jar_team("E06000038", date(2027, 4, 1), date(2027, 4, 1)) == "JAR-BERKS"

    def test_teams_merge_without_touching_the_panels(self, tables: Path) -> None:
        merged = self.written(
            tables,
            "from: 2026-01-01\njar_teams:\n- {code: JAR-TV, replaces: [JAR-BERKS, JAR-OXON]}\n",
        )
        assert errors(tables, merged) == set()
        reference = load_reference(tables, overlay=merged)
        assert reference.jar_team("E06000038", TODAY, TODAY) == "JAR-TV"
        assert reference.cdop_for("E06000038", TODAY, TODAY) == ("BERKS", "BERKS")

    def test_a_panel_is_split_by_district_and_its_old_cases_follow_the_district(self, tables: Path) -> None:
        east = ["E07000207", "E07000208", "E07000210", "E07000211", "E07000215"]
        west = ["E07000209", "E07000212", "E07000213", "E07000214", "E07000216", "E07000217"]
        split = self.written(
            tables,
            f"from: 2027-04-01\ncdops:\n- {{code: SURREY-E, areas: [{', '.join(east)}]}}\n"
            f"- {{code: SURREY-W, areas: [{', '.join(west)}]}}\n",
        )
        reference = load_reference(tables, overlay=split)
        later = date(2027, 4, 1)
        assert reference.cdop_for("E07000207", later, later) == ("SURREY-E", "SURREY-E")
        assert reference.cdop_for("E07000209", later, later) == ("SURREY-W", "SURREY-W")

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("from: 2027-04-01\ncdops:\n- {code: X, replaces: [NOBODY]}\n", "unknown-body"),
            ("from: 2027-04-01\ncdops:\n- {code: X, areas: [E07009999]}\n", "unknown-area"),
            ("from: 2027-04-01\ncdops:\n- {code: X, replaces: [OXON]}\n- {code: Y, replaces: [OXON]}\n", "overlap"),
            ("from: soon\ncdops: []\n", "bad-footprint"),
            ("from: 2027-04-01\npanels: []\n", "bad-footprint"),
            ("from: 2027-04-01\ncdops:\n- {code: X}\n", "bad-footprint"),
            ("from: 2027-04-01\ncdops:\n- {code: X, takes: [OXON]}\n", "bad-footprint"),
            ("from: [", "unreadable-file"),
        ],
    )
    def test_a_footprint_that_cant_be_right_is_refused(self, tables: Path, text: str, code: str) -> None:
        with pytest.raises(ReferenceDataError) as refused:
            load_reference(tables, overlay=self.written(tables, text))
        assert refused.value.code == code
