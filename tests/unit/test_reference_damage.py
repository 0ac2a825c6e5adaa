"""``cdr reference check`` on damaged copies of the tables: a clear finding for each kind of damage, all of them at once."""

import json
import shutil
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from integration_engine.cli import reference as command
from integration_engine.routing.inspection import inspect
from integration_engine.routing.reference import BUNDLED, load_reference
from integration_engine.routing.table_folder import CURRENT
from integration_engine.routing.tables import ReferenceDataError


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """A whole copy of the shipped tables."""
    return Path(shutil.copytree(BUNDLED, tmp_path / "reference"))


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """An operator's folder with nothing in it yet."""
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CDR_POSTCODES", "CDR_SITES", "CDR_REFERENCE", "CDR_FOOTPRINT"):
        monkeypatch.delenv(name, raising=False)


def swap(path: Path, old: str, new: str) -> None:
    before = path.read_text(encoding="utf-8")
    assert old in before, f"{path.name} has no such text to damage"
    path.write_text(before.replace(old, new, 1), encoding="utf-8")


def found(folder: Path) -> set[tuple[str, str]]:
    return {(one.code, one.subject) for one in inspect(folder) if one.severity == "error"}


READING = "BERKS,E06000038,Reading,,,found,"


@pytest.mark.parametrize(
    ("table", "old", "new", "finding"),
    [
        # a gap: a day without a panel or a team
        ("cdop-footprints.csv", READING, "BERKS,E06000038,Reading,,2024-01-01,found,", ("gap", "E06000038")),
        ("cdop-footprints.csv", READING, "BERKS,E06000038,Reading,2020-01-01,,found,", ("gap", "E06000038")),
        (
            "jar-footprints.csv",
            "JAR-BERKS,E06000038,Reading,,",
            "JAR-BERKS,E06000038,Reading,,2024-01-01",
            ("gap", "E06000038"),
        ),
        # an overlap: two at once
        (
            "cdop-footprints.csv",
            READING,
            f"OXON,E06000038,Reading,2024-01-01,,found,x\n{READING}",
            ("overlap", "E06000038"),
        ),
        # the same authority under both its numbers
        (
            "cdop-footprints.csv",
            "BARNSLEY,E08000038,Barnsley,2025-04-01,",
            "BARNSLEY,E08000038,Barnsley,2024-04-01,",
            ("renumbered-twice", "E08000038"),
        ),
        (
            "cdop-footprints.csv",
            "SHEFFIELD,E08000019,Sheffield,,2025-03-31",
            "SHEFFIELD,E08000019,Sheffield,,",
            ("renumbered-twice", "E08000039"),
        ),
        # successors
        (
            "cdops.csv",
            "Yorkshire,2020-04-01,,,found",
            "Yorkshire,2020-04-01,2024-01-01,STYNE-OLD,found",
            ("cycle", "NSTYNE"),
        ),
        ("cdops.csv", "2020-03-31,NSTYNE", "2020-03-31,NORTH", ("unknown-successor", "NTYNE-OLD")),
        ("cdops.csv", "2020-03-31,NSTYNE", "2020-03-31,", ("closed-without-successor", "NTYNE-OLD")),
        ("authorities.csv", "2025-03-31,E08000038", "2025-03-31,E08000099", ("unknown-successor", "E08000016")),
        # codes
        ("cdops.csv", "\nNSTYNE,", "\nnstyne,", ("malformed-code", "nstyne")),
        ("cdop-footprints.csv", "BERKS,E06000038", "BERKS,E6000038", ("malformed", "BERKS E6000038")),
        ("cdop-footprints.csv", "BERKS,E06000038", "BERX,E06000038", ("unknown-owner", "BERX")),
        ("cdop-footprints.csv", "BERKS,E06000038", "BERKS,E06009938", ("unknown-area", "BERKS")),
        ("police-areas.csv", "E23000001,E09000002", "E23000099,E09000002", ("unknown-owner", "E23000099")),
        # the same row twice
        ("cdop-footprints.csv", READING, f"{READING}x\n{READING}", ("twice", "BERKS E06000038")),
        ("cdops.csv", "\nDURDAR,", "\nNSTYNE,", ("twice", "NSTYNE")),
        # days
        (
            "cdop-footprints.csv",
            READING,
            "BERKS,E06000038,Reading,2026-02-30,,found,",
            ("bad-date", "BERKS E06000038 2026-02-30"),
        ),
        (
            "cdop-footprints.csv",
            READING,
            "BERKS,E06000038,Reading,2026-04-01,2026-03-31,found,",
            ("bad-span", "BERKS E06000038 2026-04-01"),
        ),
        (
            "cdops.csv",
            "2008-04-01,2020-03-31,NSTYNE",
            "2008-04-01,2019-12-31,NSTYNE",
            ("outside-its-days", "NTYNE-OLD"),
        ),
        # the file itself
        ("cdops.csv", "successors", "heirs", ("missing-column", "cdops.csv")),
        ("cdops.csv", ",found,", ",,", ("blank", "NSTYNE")),
        ("cdops.csv", "\nDURDAR,", "\nDURDAR,one,too,many,fields,are,in,this,row,", ("ragged-row", "cdops.csv")),
        ("cdop-footprints.csv", READING, "BERKS,E06000038\n" + READING, ("ragged-row", "cdop-footprints.csv")),
        # bank holidays: a day off the list, a day too many
        ("bank-holidays.csv", "2027-03-29,", "2027-03-30,", ("bank-holiday", "2027-03-29")),
        ("bank-holidays.csv", "2027-03-29,", "2027-03-30,", ("bank-holiday", "2027-03-30")),
        ("bank-holidays.yaml", "  - {date: 2022-09-19", "  - {date: 2022-09-20", ("bank-holiday", "2022-09-20")),
    ],
)
def test_each_kind_of_damage_is_found_and_named(
    tables: Path, table: str, old: str, new: str, finding: tuple[str, str]
) -> None:
    swap(tables / table, old, new)
    assert finding in found(tables)


def test_a_file_that_isnt_utf8_is_found(tables: Path) -> None:
    (tables / "cdops.csv").write_bytes(
        (tables / "cdops.csv").read_bytes().replace(b"County Durham", b"County D\xfcrham")
    )
    assert found(tables) == {("not-utf-8", "cdops.csv")}


def test_a_file_that_is_missing_from_a_whole_set_is_found(tables: Path) -> None:
    (tables / "jar-teams.csv").unlink()
    assert ("unreadable-file", "jar-teams.csv") in found(tables)


def test_several_damages_are_found_at_once(tables: Path) -> None:
    swap(tables / "cdops.csv", "2020-03-31,NSTYNE", "2020-03-31,")
    swap(tables / "cdop-footprints.csv", READING, "BERKS,E06000038,Reading,,2024-01-01,found,")
    swap(tables / "sites.csv", "memory-high", "sure")
    assert {"closed-without-successor", "gap", "malformed"} <= {code for code, _ in found(tables)}


def test_the_shipped_set_is_sound_and_every_weak_row_is_to_confirm() -> None:
    findings = inspect(None)
    assert {one.severity for one in findings} == {"confirm"}
    weak = {one.subject for one in findings if one.table == "cdop-footprints"}
    assert {"HULLER E06000010", "BLS E09000006", "COVWARK E08000026"} <= weak
    assert all(one.confidence and "confirm with" in one.text for one in findings)


class TestOwnTables:
    def test_a_folder_of_ones_own_holds_only_what_differs(self, own: Path) -> None:
        shutil.copy(BUNDLED / "cdops.csv", own / "cdops.csv")
        swap(own / "cdops.csv", "Pan-Berkshire CDOP", "Royal Berkshire CDOP")
        assert found(own) == set()
        reference = load_reference(own)
        assert reference.cdop_name("BERKS") == "Royal Berkshire CDOP"
        assert reference.cdop_for("E06000038", date(2026, 1, 1)) == ("BERKS", "BERKS")

    def test_a_misspelt_table_is_found_before_anybody_misses_it(self, own: Path) -> None:
        shutil.copy(BUNDLED / "cdops.csv", own / "cdop.csv")
        assert found(own) == {("unknown-table", "cdop.csv")}

    def test_a_table_beside_the_version_in_force_is_told_to_be_of_no_effect(self, own: Path) -> None:
        (own / "one").mkdir()
        (own / CURRENT).write_text("one\n", encoding="utf-8")
        shutil.copy(BUNDLED / "cdops.csv", own / "cdops.csv")
        assert found(own) == {("not-in-force", "cdops.csv")}

    @pytest.mark.parametrize("named", ["", "two", "../own", "one/.."])
    def test_a_current_that_names_no_version_is_refused(self, own: Path, named: str) -> None:
        (own / "one").mkdir()
        (own / CURRENT).write_text(named, encoding="utf-8")
        with pytest.raises(ReferenceDataError, match="no-such-version"):
            load_reference(own)

    def test_a_folder_that_isnt_there_is_refused(self, own: Path) -> None:
        assert found(own / "gone") == {("no-such-folder", "gone")}


def test_check_answers_for_machines_and_by_its_exit_status(tables: Path) -> None:
    run = CliRunner()
    sound = run.invoke(command.app, ["check", "--json"])
    assert (sound.exit_code, json.loads(sound.stdout)["sound"]) == (0, True)
    swap(tables / "cdop-footprints.csv", READING, "BERKS,E06000038,Reading,,2024-01-01,found,")
    damaged = run.invoke(command.app, ["check", str(tables), "--json"])
    answer = json.loads(damaged.stdout)
    assert (damaged.exit_code, answer["sound"]) == (1, False)
    (error,) = [one for one in answer["findings"] if one["severity"] == "error"]
    assert (error["code"], error["table"], error["subject"]) == ("gap", "cdop-footprints", "E06000038")


def test_check_tells_every_problem_of_a_footprint(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "from: 2027-04-01\ncdops:\n- {code: A, replaces: [X]}\n- {code: B, replaces: [Y]}\n", encoding="utf-8"
    )
    answer = CliRunner().invoke(command.app, ["check", "--footprint", str(plan), "--json"])
    assert answer.exit_code == 1
    errors = [one for one in json.loads(answer.stdout)["findings"] if one["severity"] == "error"]
    assert [(one["table"], one["subject"]) for one in errors] == [
        ("plan.yaml", "plan.yaml:3"),
        ("plan.yaml", "plan.yaml:4"),
    ]
