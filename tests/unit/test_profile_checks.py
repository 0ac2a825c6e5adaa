"""A force's analyst writes a profile, and is told what is wrong with it before it reads anything wrongly."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from integration_engine.cli import _build

OWN = """
profile: own
kind: police
version: 1
title: Our records system's export
extends: police-csv-shire
columns:
  report_id: [OCC NO]
  role: [PERSON TYPE]
  person_id: [PERSON URN]
  family_name: [SURNAME 1]
  date_of_birth: [BORN]
  status: [STATE]
settings:
  force: E23000012
  roles: {Dead - child: deceased, Mum: mother}
  withdrawn: [VOID]
"""
EXPORT = (
    "OCC NO;PERSON TYPE;PERSON URN;SURNAME 1;BORN;STATE\n"
    "44/1/26;Dead - child;N1;PELHAM;09/11/2018;LIVE\n44/2/26;Dead - child;N9;GRAY;01/12/2018;VOID\n"
)


def cdr(*words: str) -> tuple[int, str]:
    ran = CliRunner().invoke(_build([words[0]]), list(words), env={"COLUMNS": "400"})
    return ran.exit_code, ran.output


def written(folder: Path, old: str = "", new: str = "") -> str:
    file = folder / "own.yaml"
    assert old in OWN
    file.write_text(OWN.replace(old, new, 1), encoding="utf-8")
    return str(file)


def test_an_export_that_no_shipped_profile_knows_is_read_by_its_own(tmp_path: Path) -> None:
    (tmp_path / "export.csv").write_text(EXPORT, encoding="utf-8")
    _, told = cdr("read", "--json", "--profile", written(tmp_path), str(tmp_path / "export.csv"))
    assert told.count('"verdict":"notice"') + told.count('"verdict": "notice"') == 1
    assert told.count('"verdict":"retraction"') + told.count('"verdict": "retraction"') == 1


def test_shipped_profiles_and_a_sound_one_have_no_fault(tmp_path: Path) -> None:
    assert cdr("map", "check")[0] == 0
    assert cdr("map", "check", written(tmp_path))[0] == 0


@pytest.mark.parametrize(
    ("old", "new", "place", "hint"),
    [
        ("report_id:", "reportid:", "columns.reportid", "did you mean report_id?"),
        ("[PERSON TYPE]", "PERSON TYPE", "columns.role", "[PERSON TYPE]"),
        ("roles:", "role:", "settings.role", "did you mean roles?"),
        ("mother}", "mum}", "settings.roles.Mum", "mother"),
        ("Dead - child: deceased, ", "", "settings.roles", "at least one of them deceased"),
        ("E23000012", "Wiltshire", "settings.force", "E23000038"),
        ("[VOID]", "VOID", "settings.withdrawn", "a list of words"),
    ],
)
def test_what_would_be_read_wrongly_is_told_with_its_place_and_what_to_write(
    tmp_path: Path, old: str, new: str, place: str, hint: str
) -> None:
    status, told = cdr("map", "check", written(tmp_path, old, new))
    assert status == 1
    assert f"own.yaml {place} " in told
    assert hint in told


@pytest.mark.parametrize("word", ["No", "Off", "01", "1", "2026-01-01"])
def test_a_word_of_a_pick_list_needs_no_quotation_marks(tmp_path: Path, word: str) -> None:
    (tmp_path / "export.csv").write_text(EXPORT.replace("VOID", word).replace("Dead - child", word), encoding="utf-8")
    profile = tmp_path / "own.yaml"
    profile.write_text(OWN.replace("VOID", word).replace("Dead - child", word), encoding="utf-8")
    assert cdr("map", "check", str(profile))[0] == 0
    _, told = cdr("read", "--json", "--profile", str(profile), str(tmp_path / "export.csv"))
    assert "refused" not in told
    assert "retraction" in told


@pytest.mark.parametrize(("kind", "extends"), [("hospital-hl7", "nhs-adt"), ("hospital-fhir", "uk-core-r4")])
def test_a_setting_that_its_kind_does_not_have_is_told(tmp_path: Path, kind: str, extends: str) -> None:
    file = tmp_path / "own.yaml"
    said = f"profile: own\nkind: {kind}\nversion: 1\nextends: {extends}\nsettings: {{midnight_unknown: true}}\n"
    file.write_text(said, encoding="utf-8")
    status, told = cdr("map", "check", str(file))
    assert status == 1
    assert "did you mean midnight_is_unknown?" in told
