"""Who is who in the versions and forms of one police report."""

import csv
import io
from pathlib import Path

from tests.acceptance.trial import joined, try_files
from tests.native_messages import js, person, report

HEAD = {
    "Sudden Death No": "SD/1", "Involvement": "Deceased", "Reported Date Time": "03/04/2026 21:15", "Occurrence No": "OC1",
    "Home Address": "8 Mill Lane, Calne, SN11 0AA", "Life Pronounced Extinct": "03/04/2026 19:25",
}  # fmt: skip
THEO = {"Surname": "PELHAM", "Forenames": "THEO", "DOB": "09/11/2018", "Gender": "Male"}
NOBODY = {"Surname": "PELHAM", "Forenames": "UNKNOWN", "Apparent Age": "7 years"}
MIA = {"Surname": "PELHAM", "Forenames": "MIA", "DOB": "01/02/2016", "Gender": "Female"}


def export(version: int, *people: dict[str, str]) -> bytes:
    rows = [HEAD | {"Revision": str(version)} | one for one in people]
    out = io.StringIO()
    writer = csv.DictWriter(out, sorted({column for row in rows for column in row}))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def test_rows_without_ids_that_change_places_are_not_taken_for_one_another(tmp_path: Path) -> None:
    answer = try_files(tmp_path, {"a": export(1, THEO, NOBODY), "b": export(2, NOBODY, THEO)})
    assert joined(answer, "a#0", "b#1")
    assert not joined(answer, "a#0", "b#0")
    assert not joined(answer, "a#1", "b#1")


def test_rows_without_ids_in_one_version_are_several_children(tmp_path: Path) -> None:
    alike = NOBODY | {"Gender": "Female"}
    answer = try_files(tmp_path, {"a": export(1, alike, alike)})
    assert len(answer["cases"]) == 2


def test_nominal_numbers_tell_people_apart_wherever_their_rows_stand(tmp_path: Path) -> None:
    first = export(1, THEO | {"Nominal No": "N1"}, NOBODY | {"Nominal No": "N2"})
    then = export(2, MIA | {"Nominal No": "N2"}, THEO | {"Nominal No": "N1"})
    answer = try_files(tmp_path, {"a": first, "b": then})
    assert joined(answer, "a#0", "b#1")
    assert not joined(answer, "a#0", "b#0")


def test_one_report_by_export_and_by_json_is_one_by_its_number_and_person(tmp_path: Path) -> None:
    """A child whose name only the later version has, found with nothing on them."""
    bare = {
        "Surname": "UNKNOWN",
        "Forenames": "UNKNOWN",
        "Home Address": "",
        "Nominal No": "N1",
        "Apparent Age": "7 years",
    }
    named = person(
        person_id="N1", family_name="Pelham", given_names="Theo", date_of_birth="2018-11-09", sex="M", place_of_death=None,
        life_extinct_at="2026-04-03T19:25:00+01:00",
    )  # fmt: skip
    told = {"report_id": "SD/1", "reported_at": "2026-04-03T22:15:00+01:00", "version": 2}
    assert joined(try_files(tmp_path, {"a": export(1, bare), "b": js(report(named, **told))}), "a#0", "b#0")
    other = js(report(named | {"person_id": "N2"}, **told))
    assert not joined(try_files(tmp_path, {"a": export(1, bare), "b": other}), "a#0", "b#0")


def test_a_report_number_of_another_force_is_another_report(tmp_path: Path) -> None:
    bare = person(
        family_name="UNKNOWN", given_names=None, date_of_birth=None, age="7 years", address=None, place_of_death=None
    )
    named = person(date_of_birth="2018-11-09", address=None, place_of_death=None)
    here = js(report(bare, coroner=None))
    there = js(report(named, force="E23000036", version=2, coroner=None))
    assert not joined(try_files(tmp_path, {"a": here, "b": there}), "a#0", "b#0")
