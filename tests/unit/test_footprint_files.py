"""Local footprints: what one file can say, what becomes of earlier deaths, and everything that makes a file unusable."""

import re
from datetime import date
from pathlib import Path

import pytest

from integration_engine.routing.checks import validate
from integration_engine.routing.reference import Reference, load_reference
from integration_engine.routing.tables import Problem, ReferenceDataError

BEFORE, DAY, AFTER = date(2027, 3, 31), date(2027, 4, 1), date(2028, 6, 1)

SURREY = """
from: 2027-04-01
authorities:
  - {code: E06000068, name: West Surrey, replaces: [E07000209, E07000212, E07000213, E07000214, E07000216, E07000217]}
  - {code: E06000069, name: East Surrey, replaces: [E07000207, E07000208, E07000210, E07000211, E07000215]}
"""


def written(folder: Path, text: str, name: str = "plan.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def laid(folder: Path, *texts: str) -> Reference:
    files = [written(folder, text, f"plan-{number}.yaml") for number, text in enumerate(texts)]
    reference = load_reference(overlay=files)
    assert [one for one in validate(reference) if one.severity == "error"] == []
    return reference


def refused(folder: Path, text: str) -> list[tuple[str, str]]:
    """The code and place of everything that is wrong with a file."""
    with pytest.raises(ReferenceDataError) as error:
        load_reference(overlay=written(folder, text))
    assert len(str(error.value).splitlines()) == len(error.value.problems)
    return [(one.code, one.where) for one in error.value.problems]


class TestMergers:
    def test_seven_panels_become_one_by_one_row(self, tmp_path: Path) -> None:
        seven = ["NORFOLK", "SUFFOLK", "CAMPET", "BEDS", "HERTS", "MK", "SET"]
        known = load_reference().cdops.bodies
        assert set(seven) <= known.keys()
        reference = laid(
            tmp_path,
            f"from: 2027-04-01\ncdops:\n  - {{code: EAST, name: East of England CDOP, replaces: [{', '.join(seven)}]}}\n",
        )
        open_now = [code for code, body in reference.cdops.bodies.items() if body.span.holds(DAY)]
        assert len(open_now) == 58 - 7 + 1
        assert reference.cdop_for("E10000020", BEFORE, BEFORE) == ("NORFOLK", "NORFOLK")
        assert reference.cdop_for("E10000020", BEFORE, DAY) == ("NORFOLK", "EAST")
        assert reference.cdop_for("E06000034", DAY, DAY) == ("EAST", "EAST")
        assert reference.cdops.bodies["NORFOLK"].successors == ("EAST",)

    def test_eight_response_teams_become_five_and_no_panel_changes(self, tmp_path: Path) -> None:
        reference = laid(
            tmp_path,
            """
from: 2027-04-01
jar_teams:
  - {code: JAR-ONE, replaces: [JAR-NORFOLK, JAR-SUFFOLK]}
  - {code: JAR-TWO, replaces: [JAR-BEDS, JAR-HERTS, JAR-MK]}
""",
        )
        assert reference.jar_team("E10000029", DAY, DAY) == "JAR-ONE"
        assert reference.jar_team("E10000029", BEFORE, BEFORE) == "JAR-SUFFOLK"
        assert reference.cdop_for("E10000029", DAY, DAY) == ("SUFFOLK", "SUFFOLK")
        before = sum(body.span.holds(BEFORE) for body in reference.jar_teams.bodies.values())
        assert sum(body.span.holds(DAY) for body in reference.jar_teams.bodies.values()) == before - 3

    def test_several_days_in_one_file_follow_each_other(self, tmp_path: Path) -> None:
        reference = laid(
            tmp_path,
            """
footprint: two-steps
steps:
  - from: 2027-04-01
    cdops:
      - {code: EAST, name: East CDOP, replaces: [NORFOLK, SUFFOLK]}
  - from: 2028-04-01
    cdops:
      - {code: GREAT-EAST, name: Great East CDOP, replaces: [EAST, SET]}
""",
        )
        assert reference.cdop_for("E10000020", BEFORE, AFTER) == ("NORFOLK", "GREAT-EAST")
        assert reference.cdop_for("E10000020", date(2027, 6, 1), AFTER) == ("EAST", "GREAT-EAST")
        assert reference.cdop_for("E06000034", date(2027, 6, 1), date(2027, 6, 1)) == ("SET", "SET")

    def test_several_files_are_one_history_whatever_their_order(self, tmp_path: Path) -> None:
        first = "from: 2027-04-01\ncdops:\n  - {code: EAST, replaces: [NORFOLK, SUFFOLK]}\n"
        then = "from: 2028-04-01\ncdops:\n  - {code: GREAT-EAST, replaces: [EAST, SET]}\n"
        for texts in ((first, then), (then, first)):
            assert laid(tmp_path, *texts).cdop_for("E10000020", BEFORE, AFTER) == ("NORFOLK", "GREAT-EAST")

    def test_an_authority_named_instead_of_coded_is_found(self, tmp_path: Path) -> None:
        reference = laid(tmp_path, "from: 2027-04-01\ncdops:\n  - {code: OXON, areas: [Reading]}\n")
        assert reference.cdop_for("E06000038", DAY, DAY) == ("OXON", "OXON")
        assert reference.cdops.bodies["OXON"].name == load_reference().cdops.bodies["OXON"].name

    def test_a_renumbered_authority_is_found_by_its_retired_code(self, tmp_path: Path) -> None:
        reference = laid(tmp_path, "from: 2027-04-01\ncdops:\n  - {code: LEEDS, areas: [E08000019]}\n")
        assert reference.cdop_for("E08000039", DAY, DAY) == ("LEEDS", "LEEDS")
        assert reference.cdop_for("E08000019", BEFORE, DAY) == ("SHEFFIELD", "LEEDS")

    def test_a_county_moves_with_districts_that_an_earlier_step_gave_away(self, tmp_path: Path) -> None:
        reference = laid(
            tmp_path,
            """
steps:
  - from: 2027-04-01
    cdops: [{code: HIPS, areas: [E07000207]}]
  - from: 2028-04-01
    cdops: [{code: BERKS, areas: [E10000030]}]
""",
        )
        assert reference.cdop_for("E07000207", date(2027, 6, 1), date(2027, 6, 1)) == ("HIPS", "HIPS")
        assert reference.cdop_for("E07000207", AFTER, AFTER) == ("BERKS", "BERKS")
        assert reference.cdop_for("E07000209", AFTER, AFTER) == ("BERKS", "BERKS")

    def test_a_county_divided_between_panels_is_no_one_panels_by_its_own_code(self, tmp_path: Path) -> None:
        reference = laid(tmp_path, "from: 2027-04-01\ncdops:\n  - {code: HIPS, areas: [E07000207]}\n")
        assert reference.cdop_for("E10000030", DAY, DAY) is None
        assert reference.cdop_for("E07000209", DAY, DAY) == ("SURREY", "SURREY")


EXAMPLES = re.findall(
    r"^```footprint ([\w.-]+)\n(.*?)^```$",
    (Path(__file__).parents[2] / "docs" / "footprints.md").read_text(encoding="utf-8"),
    re.DOTALL | re.MULTILINE,
)


@pytest.mark.parametrize("text", [text for _, text in EXAMPLES], ids=[name for name, _ in EXAMPLES])
def test_every_example_of_the_documentation_is_sound(tmp_path: Path, text: str) -> None:
    laid(tmp_path, text)


def test_the_documented_merger_of_teams_makes_five_of_eight(tmp_path: Path) -> None:
    reference = laid(tmp_path, dict(EXAMPLES)["eight-teams.yaml"])
    area = ["NORFOLK", "SUFFOLK", "BEDS", "MK", "HERTS", "CAMPET", "SET", "NHANTS"]
    held = load_reference().cdops.covers
    authorities = [one.area for one in held if one.owner in area and one.span.holds(BEFORE)]
    assert len({reference.jar_team(one, BEFORE, BEFORE) for one in authorities}) == 8
    assert len({reference.jar_team(one, DAY, DAY) for one in authorities}) == 5


class TestNewAuthorities:
    def test_a_county_that_becomes_two_unitaries_keeps_panel_team_force_and_coroner(self, tmp_path: Path) -> None:
        reference = laid(tmp_path, SURREY)
        for code in ("E06000068", "E06000069", "E07000207", "E10000030"):
            assert reference.cdop_for(code, DAY, DAY) == ("SURREY", "SURREY")
            assert reference.jar_team(code, DAY, DAY) == "JAR-SURREY"
            assert reference.police_force(code, DAY) == "E23000031"
            assert reference.coroner_areas(code, DAY) == ("surrey",)
        assert [one.code for one in reference.geography.on("E07000207", DAY)] == ["E06000069"]
        assert reference.geography.authorities["E10000030"].successors == ("E06000068", "E06000069")

    def test_each_of_them_may_have_a_panel_of_its_own_and_old_cases_follow_the_district(self, tmp_path: Path) -> None:
        panels = """
cdops:
  - {code: SURREY-W, name: West Surrey CDOP, areas: [E06000068]}
  - {code: SURREY-E, name: East Surrey CDOP, areas: [E06000069]}
"""
        reference = laid(tmp_path, SURREY + panels)
        assert reference.cdop_for("E07000207", BEFORE, DAY) == ("SURREY", "SURREY-E")
        assert reference.cdop_for("E07000209", DAY, DAY) == ("SURREY-W", "SURREY-W")
        assert reference.cdops.bodies["SURREY"].successors == ("SURREY-E", "SURREY-W")
        assert reference.cdop_for("E10000030", BEFORE, DAY) is None, "the county's code alone can't tell which half"

    def test_an_authority_that_splits_names_both_as_its_successors(self, tmp_path: Path) -> None:
        reference = laid(
            tmp_path,
            """
from: 2027-04-01
authorities:
  - {code: E06000070, name: North Shropshire, replaces: [E06000051]}
  - {code: E06000071, name: South Shropshire, replaces: [E06000051]}
""",
        )
        assert reference.geography.authorities["E06000051"].successors == ("E06000070", "E06000071")
        assert reference.cdop_for("E06000051", DAY, DAY) == ("STW", "STW")

    def test_one_that_takes_areas_of_two_panels_must_say_whose_it_is(self, tmp_path: Path) -> None:
        joined = "from: 2027-04-01\nauthorities:\n  - {code: E06000072, name: New, replaces: [E06000038, E06000030]}\n"
        assert {code for code, _ in refused(tmp_path, joined)} == {"overlap"}
        settled = (
            "cdops:\n  - {code: BERKS, areas: [E06000072]}\njar_teams:\n  - {code: JAR-BERKS, areas: [E06000072]}\n"
        )
        assert laid(tmp_path, joined + settled).cdop_for("E06000030", DAY, DAY) == ("BERKS", "BERKS")

    @pytest.mark.parametrize(
        ("row", "code"),
        [
            ("{code: E06000038, name: Reading, replaces: [E06000030]}", "known-area"),
            ("{code: E06000072, name: New, replaces: [E06009999]}", "unknown-area"),
            ("{code: E06000072, name: New, replaces: [E06000029]}", "unknown-area"),
            ("{code: E06000072, name: New, replaces: [E06000072]}", "replaces-itself"),
            ("{code: NEW, name: New, replaces: [E06000038]}", "malformed-code"),
            ("{code: E06000072, replaces: [E06000038]}", "bad-footprint"),
            ("{code: E06000072, name: New}", "bad-footprint"),
            ("{code: E06000072, name: New, kind: town, replaces: [E06000038]}", "bad-footprint"),
            ("{code: E06000072, name: New, upper_tier: E10009999, replaces: [E06000038]}", "unknown-area"),
        ],
    )
    def test_a_new_authority_that_cant_be_is_refused(self, tmp_path: Path, row: str, code: str) -> None:
        found = refused(tmp_path, f"from: 2027-04-01\nauthorities:\n  - {row}\n")
        assert (code, "plan.yaml:3") in found


class TestUnusableFiles:
    @pytest.mark.parametrize(
        ("rows", "code"),
        [
            ("- {code: NORFOLK, closes: true}", "gap"),
            ("- {code: A, replaces: [OXON]}\n- {code: B, replaces: [OXON]}", "overlap"),
            ("- {code: A, areas: [E06000038]}\n- {code: B, areas: [Reading]}", "overlap"),
            ("- {code: NORFOLK, replaces: [SUFFOLK]}\n- {code: SUFFOLK, replaces: [NORFOLK]}", "cycle"),
            ("- {code: NTYNE-OLD, replaces: [NSTYNE]}", "cycle"),
            ("- {code: NTYNE-OLD, replaces: [NORFOLK]}", "closed-body"),
            ("- {code: EAST, replaces: [NTYNE-OLD]}", "closed-body"),
            ("- {code: EAST, replaces: [EAST, NORFOLK]}", "replaces-itself"),
            ("- {code: EAST, replaces: [NOBODY]}", "unknown-body"),
            ("- {code: NOBODY, closes: true}", "unknown-body"),
            ("- {code: EAST, areas: [E06009999]}", "unknown-area"),
            ("- {code: EAST, areas: [E06000029]}", "unknown-area"),
            ("- {code: EAST, areas: [Atlantis]}", "unknown-area"),
            ("- {code: EAST, areas: []}", "covers-nothing"),
            ("- {code: east, replaces: [NORFOLK]}", "malformed-code"),
            ("- {name: East, replaces: [NORFOLK]}", "bad-footprint"),
            ("- {code: EAST, replaces: NORFOLK}", "bad-footprint"),
            ("- {code: EAST, replaces: [NORFOLK], closes: true}", "bad-footprint"),
            ("- {code: EAST, closes: yes please}", "bad-footprint"),
            ("- {code: EAST, replaces: [NORFOLK], until: 2029-01-01}", "bad-footprint"),
            ("- EAST", "bad-footprint"),
            ("- {code: EAST, replaces: [NORFOLK]}\n- {code: EAST, replaces: [SUFFOLK]}", "twice"),
        ],
    )
    @pytest.mark.parametrize("section", ["cdops", "jar_teams"])
    def test_a_row_that_cant_be_is_refused_by_file_and_line(
        self, tmp_path: Path, section: str, rows: str, code: str
    ) -> None:
        if section == "jar_teams":
            for name in ("NORFOLK", "SUFFOLK", "NTYNE-OLD", "NSTYNE", "OXON"):
                rows = rows.replace(name, f"JAR-{name}")
        found = refused(tmp_path, f"from: 2027-04-01\n{section}:\n{rows}\n")
        assert code in {one for one, _ in found}
        assert {where for one, where in found if one == code} <= {f"plan.yaml:{line}" for line in (2, 3, 4, 1)}

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("from: [", "unreadable-file"),
            ("- a list", "bad-footprint"),
            ("", "bad-footprint"),
            ("from: 2027-02-30\ncdops: []\n", "unreadable-file"),
            ("from: 01/04/2027\ncdops:\n- {code: EAST, replaces: [NORFOLK]}\n", "bad-footprint"),
            ("from: 2027-04-01 09:00:00\ncdops:\n- {code: EAST, replaces: [NORFOLK]}\n", "bad-footprint"),
            ("from: 2027-04-01\ncdops: {code: EAST, replaces: [NORFOLK]}\n", "bad-footprint"),
            ("from: 2027-04-01\ncdops: []\ncdops: []\n", "unreadable-file"),
            ("steps:\n- {from: 2028-04-01, cdops: []}\n- {from: 2027-04-01, cdops: []}\n", "out-of-order"),
            ("steps:\n- {from: 2027-04-01, cdops: []}\n- {from: 2027-04-01, cdops: []}\n", "out-of-order"),
            ("steps:\n- {cdops: []}\n", "bad-footprint"),
            ("steps: []\n", "bad-footprint"),
            ("from: 2027-04-01\nsteps:\n- {from: 2027-04-01, cdops: []}\n", "bad-footprint"),
            ("from: !!python/object/apply:os.getcwd []\n", "unreadable-file"),
        ],
    )
    def test_a_file_that_is_no_footprint_is_refused(self, tmp_path: Path, text: str, code: str) -> None:
        assert code in {one for one, _ in refused(tmp_path, text)}

    def test_a_file_that_isnt_there_or_isnt_utf8_is_refused_by_name(self, tmp_path: Path) -> None:
        with pytest.raises(ReferenceDataError, match=r"gone\.yaml"):
            load_reference(overlay=tmp_path / "gone.yaml")
        (tmp_path / "latin.yaml").write_bytes("footprint: caf\u00e9\nfrom: 2027-04-01\n".encode("latin-1"))
        with pytest.raises(ReferenceDataError, match=r"latin\.yaml"):
            load_reference(overlay=tmp_path / "latin.yaml")

    def test_everything_wrong_is_told_at_once(self, tmp_path: Path) -> None:
        shape = refused(tmp_path, "from: soon\npanels: []\ncdops:\n- {code: east}\n- {code: X, replaces: [X]}\n")
        assert {where for _, where in shape} == {"plan.yaml:1", "plan.yaml:4", "plan.yaml:5"}
        sense = refused(
            tmp_path,
            "from: 2027-04-01\ncdops:\n- {code: A, replaces: [NOBODY]}\n- {code: B, areas: [E07009999]}\n"
            "jar_teams:\n- {code: JAR-A, replaces: [JAR-NOBODY]}\n",
        )
        assert [where for _, where in sense] == ["plan.yaml:3", "plan.yaml:4", "plan.yaml:6"]

    def test_everything_wrong_with_several_files_is_told_at_once(self, tmp_path: Path) -> None:
        files = [written(tmp_path, "from: soon\n", "a.yaml"), written(tmp_path, "from: [", "b.yaml")]
        with pytest.raises(ReferenceDataError) as error:
            load_reference(overlay=files)
        assert {one.where.partition(":")[0] for one in error.value.problems} == {"a.yaml", "b.yaml"}

    def test_a_problem_reads_as_place_reason_and_code(self) -> None:
        assert str(Problem("gap", "plan.yaml:4", "nobody is left")) == "plan.yaml:4: nobody is left (gap)"
