"""The mother's number and name tie a newborn's messages together, and are never taken for the child's own."""

from pathlib import Path
from typing import Any

import pytest

from integration_engine.synthetic.person import invented_nhs_number
from tests.acceptance.trial import joined, try_files
from tests.native_messages import adt, js, message, patient, person, report, segment

SARAH, OTHER = invented_nhs_number(50), invented_nhs_number(51)
HERS = f"{SARAH}^^^NHS^NH"
NHS = "https://fhir.nhs.uk/Id/nhs-number"


def mother(number: str = HERS, name: str = "OKAFOR^SARAH", kind: str = "MTH^Mother^HL70063") -> str:
    return segment("NK1", f1="1", f2=name, f3=kind, f33=number)


def baby(control: str, *segments: str, sender: str = "RTH", **pid: str | None) -> bytes:
    """A girl of two days whom nobody has named or traced; no home is known."""
    own = {
        "f3": f"M{control}^^^{sender}^PI", "f5": "OKAFOR^BABY", "f7": "20260307", "f11": None, "f22": None, "f32": "08",
    }  # fmt: skip
    return adt("A03", control, *segments, sender=sender, **(own | pid))


def named(mother_number: str = SARAH, **change: Any) -> bytes:
    """The same girl named, from another hospital's FHIR, under her father's name."""
    child = patient(
        identifier=[{"system": "https://rxa.example/mrn", "value": "X1"}], name=[{"family": "BELLO", "given": ["GRACE"]}],
        birthDate="2026-03-07", address=None,
    )  # fmt: skip
    related = {
        "resourceType": "RelatedPerson", "id": "m", "patient": {"reference": "urn:uuid:p1"},
        "relationship": [{"coding": [{"code": "MTH"}]}], "identifier": [{"system": NHS, "value": mother_number}],
        "name": [{"use": "maiden", "family": "OKAFOR"}, {"use": "official", "family": "BELLO", "given": ["SARAH"]}],
    }  # fmt: skip
    return js(message(child | change, related, sender="RXA"))


@pytest.mark.parametrize(
    ("segments", "pid"),
    [
        ((mother(),), {}),
        ((mother(SARAH),), {}),
        ((mother(f"{SARAH[:3]} {SARAH[3:6]} {SARAH[6:]}^^^NHS"),), {}),
        ((mother(kind="^Mother"),), {}),
        ((segment("NK1", f1="1", f2="OKAFOR^SARAH", f3="NOK", f7="MTH", f33=HERS),), {}),
        ((), {"f21": HERS}),
        ((), {"f21": SARAH}),
        ((mother(),), {"f3": f"{HERS}~MB1^^^RTH^PI"}),
        ((mother(),), {"f3": f"{SARAH}~MB1^^^RTH^PI", "f32": "01"}),
        ((), {"f3": f"{SARAH}^^^NHS^MTH~MB1^^^RTH^PI"}),
        ((), {"f3": f"{HERS}~MB1^^^RTH^PI", "f21": HERS}),
    ],
)  # fmt: skip
def test_the_mothers_number_joins_an_unnamed_newborn_with_the_named_one_wherever_it_stands(
    tmp_path: Path, segments: tuple[str, ...], pid: dict[str, str]
) -> None:
    answer = try_files(tmp_path, {"a": baby("B1", *segments, **pid), "b": named()})
    assert joined(answer, "a#0", "b#0")
    child = answer["cases"][0]["record"]["child"]
    assert ("nhs_number" in child, child["mother"]["nhs_number"]) == (False, SARAH)


def test_without_her_number_or_with_another_mothers_nothing_is_joined(tmp_path: Path) -> None:
    for her in (mother(""), mother(f"{OTHER}^^^NHS^NH")):
        assert not joined(try_files(tmp_path, {"a": baby("B1", her), "b": named()}), "a#0", "b#0")


def test_two_of_her_children_born_in_different_years_are_two_whatever_number_stands_on_them(tmp_path: Path) -> None:
    """Her number as the child's own, on both: as an own number it would be proof."""
    older = baby("B2", mother(), f3=f"{HERS}~MB2^^^RTH^PI", f7="20250110", f29="20250112041000")
    answer = try_files(tmp_path, {"a": baby("B1", mother(), f3=f"{HERS}~MB1^^^RTH^PI"), "b": older})
    assert not joined(answer, "a#0", "b#0")


def test_an_older_childs_own_number_stays_its_own_though_a_feed_repeats_it_as_the_mothers(tmp_path: Path) -> None:
    answer = try_files(tmp_path, {"a": adt(f3=f"{HERS}~M1^^^RTH^PI", f21=HERS)})
    assert answer["cases"][0]["record"]["child"]["nhs_number"] == SARAH


def test_the_same_in_fhir_her_number_among_the_babys_identifiers_is_hers(tmp_path: Path) -> None:
    answer = try_files(tmp_path, {"a": named(identifier=[{"system": NHS, "value": SARAH}]), "b": baby("B1", mother())})
    assert joined(answer, "a#0", "b#0")
    assert "nhs_number" not in answer["cases"][0]["record"]["child"]


def twins(first: dict[str, str], second: dict[str, str]) -> dict[str, bytes]:
    return {"a": baby("B1", **first), "b": baby("B2", sender="RTH", **second)}


def test_twins_under_the_mothers_hospital_number_are_not_one_by_it(tmp_path: Path) -> None:
    hers = {"f3": "777123^^^RTH^PI", "f21": "777123^^^RTH^PI"}
    told = twins(hers | {"f24": "Y", "f25": "1"}, hers | {"f24": "Y", "f25": "2", "f29": "20260309070000"})
    answer = try_files(tmp_path, told)
    assert not joined(answer, "a#0", "b#0")
    unsaid = twins(hers | {"f24": "Y"}, hers | {"f24": "Y", "f29": "20260309070000"})
    assert not joined(try_files(tmp_path, unsaid), "a#0", "b#0")


def test_a_hospitals_own_number_for_the_mother_joins_her_one_babys_messages(tmp_path: Path) -> None:
    """Under the father's name only where her name or the home says that the number isn't on another's form."""
    hers = {"f3": "777123^^^RTH^PI", "f21": "777123^^^RTH^PI"}
    renamed = hers | {"f5": "BELLO^GRACE"}
    named = try_files(tmp_path, {"a": baby("B1", **hers), "b": baby("B2", **(hers | {"f5": "OKAFOR^GRACE"}))})
    assert joined(named, "a#0", "b#0")
    her = mother("")
    fathers = try_files(tmp_path, {"a": baby("B1", her, **hers), "b": baby("B2", her, **renamed)})
    assert joined(fathers, "a#0", "b#0")
    asked = try_files(tmp_path, {"a": baby("B1", **hers), "b": baby("B2", **renamed)})
    assert not joined(asked, "a#0", "b#0")
    assert asked["reviews"]


def test_a_maiden_name_explains_why_a_baby_was_first_called_otherwise(tmp_path: Path) -> None:
    """BABY OF SARAH under Sarah's own name, later under the father's: one home, one day."""
    home = {"f11": "1 QUAY STREET^^READING^^RG1 1LZ^GBR^H"}
    first = baby("B1", f5="ADEYEMI^BABY OF SARAH", f3="77^^^RTH^PI", **home)
    told = segment("NK1", f1="1", f2="BELLO^SARAH", f3="MTH")
    later = baby("B2", told, f5="BELLO^GRACE", f6="ADEYEMI^SARAH", f3="77^^^RTH^PI", **home)
    answer = try_files(tmp_path, {"a": first, "b": later})
    assert joined(answer, "a#0", "b#0")
    other = baby("B2", f5="BELLO^GRACE", f6="MARSH^HELEN", f3="78^^^RTH^PI", **home)
    assert not joined(try_files(tmp_path, {"a": first, "b": other}), "a#0", "b#0")


def test_a_mother_in_a_police_report_is_hers_by_the_relationship(tmp_path: Path) -> None:
    dead = person(
        family_name="UNKNOWN", given_names="Baby", date_of_birth="2026-03-07", address=None, place_of_death=None
    )
    her = {"person_id": "P2", "role": "mother", "family_name": "Okafor", "given_names": "Sarah", "nhs_number": SARAH}
    told = report(dead, her, relationships=[{"from": "P2", "to": "P1", "type": "mother"}])
    assert joined(try_files(tmp_path, {"a": js(told), "b": baby("B1", mother())}), "a#0", "b#0")
    another = report(dead, her | {"nhs_number": OTHER}, relationships=[{"from": "P2", "to": "P1", "type": "mother"}])
    assert not joined(try_files(tmp_path, {"a": js(another), "b": baby("B1", mother())}), "a#0", "b#0")
