"""Newborns, by hand-written messages: scope by the circumstances of birth, and the mother's address where there is none."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.outside import HOME, adt, case_of, lead, police, tried

BORN = "20260309"


def newborn(*facts: str, left: str = "4") -> str:
    """A birth as OBX rows, each written NAME=value; ``left`` is how the visit ended (4 died, 5 stillbirth)."""
    rows = (fact.split("=") for fact in facts)
    more = "\r".join(f"OBX|{n}|ST|{name}||{value}" for n, (name, value) in enumerate(rows, 1))
    visit = f"PV1|1|I|RHU03^^^RHU03{'|' * 33}{left}"
    return adt(nhs="", name="BABY OF HATHERLY", born=BORN, more=more, visit=visit)


@pytest.mark.parametrize(
    ("facts", "left", "reason"),
    [
        ("GESTATION=31+0 STILLBIRTH=Y ATTENDED=Y", "5", "scope.stillbirth"),
        ("GESTATION=23+0 SIGNS-OF-LIFE=N", "4", "scope.stillbirth"),
        ("GESTATION=21+4 SIGNS-OF-LIFE=Y TERMINATION=Y", "4", "scope.termination"),
    ],
)
def test_what_never_becomes_a_case_is_passed_over_with_its_rule(
    tmp_path: Path, facts: str, left: str, reason: str
) -> None:
    answer = tried(tmp_path, [newborn(*facts.split(), left=left)])
    assert (answer["cases"], [one["reason"] for one in answer["passed_over"]]) == ([], [reason])


@pytest.mark.parametrize(
    ("facts", "left", "rule", "reasons"),
    [
        (
            "GESTATION=36+0 ATTENDED=N STILLBIRTH-AT-HOME=Y",
            "5",
            "scope.unattended-stillbirth",
            ["unattended-stillbirth"],
        ),
        ("GESTATION=22+1 SIGNS-OF-LIFE=Y TERMINATION=N", "4", "scope.child", []),
    ],
)
def test_an_unattended_stillbirth_and_a_birth_before_viability_are_cases(
    tmp_path: Path, facts: str, left: str, rule: str, reasons: list[str]
) -> None:
    case = case_of(tried(tmp_path, [newborn(*facts.split(), left=left)]))
    assert (case["state"], case["rule"], case["jar"]["reasons"]) == ("open", rule, reasons)
    assert "mbrrace-pmrt" in case["flags"]


@pytest.mark.parametrize(("weeks", "told"), [("36+6", False), ("37+0", True), ("39+0", True)])
def test_a_term_baby_of_the_first_week_is_told_to_the_newborn_investigations(
    tmp_path: Path, weeks: str, told: bool
) -> None:
    case = case_of(tried(tmp_path, [newborn(f"GESTATION={weeks}", "LIVEBIRTH=Y")]))
    assert ("mnsi" in case["flags"]) == told


@pytest.mark.parametrize(("born", "neonatal"), [("20260210", True), ("20260209", False)])
def test_a_neonatal_death_is_one_before_the_twenty_eighth_day(tmp_path: Path, born: str, neonatal: bool) -> None:
    assert ("mbrrace-pmrt" in case_of(tried(tmp_path, [adt(born=born)]))["flags"]) == neonatal


@pytest.mark.parametrize(
    ("address", "expected", "notify"),
    [
        ("9 Hi St^^Manchester^^M13 9WL^^H", ("GM-MCR", "lead.mother"), []),
        ("9 Hi St^^Manchester^^^GBR^H^^E08000003", ("GM-MCR", "lead.mother"), []),
        ("9 Hi St^^Manchester^^M13 9WL^GBR^H^^GREATER MANCHESTER", ("GM-MCR", "lead.mother"), []),
        ("9 Hi St^^Cardiff^^^WLS^H", ("HIPS", "lead.place-of-death"), ["wales"]),
        ("9 Hi St^^Cardiff^^ZZ99 3GZ^^H", ("HIPS", "lead.place-of-death"), ["wales"]),
        ("1 Rue^^Lille^^^FRA^H", ("HIPS", "lead.place-of-death"), ["overseas"]),
        ("9 Hi St^^Manchester^^^GBR^H^^GREATER MANCHESTER", None, ["unassigned:HIPS"]),
        ("^^^^ZZ99 3VZ^^H", None, ["unassigned:HIPS"]),
    ],
)
@pytest.mark.parametrize("own", ["", "^^^^ZZ99 3VZ^^H"])
def test_a_newborn_without_an_address_lives_where_the_mother_does(
    tmp_path: Path, own: str, address: str, expected: tuple[str, str] | None, notify: list[str]
) -> None:
    case = case_of(tried(tmp_path, [adt(born=BORN, address=own, more=f"NK1|1|Okafor^Ada|MTH|{address}")]))
    assert (lead(case), case["notify"]) == (expected, notify)
    assert case["rule"] == ("scope.child" if expected else "held.no-residence")


@pytest.mark.parametrize(
    ("address", "panel"), [({"district": "E08000003"}, "GM-MCR"), ({"district": "Moss Side"}, None)]
)
def test_a_mother_in_fhir_tells_her_district_by_its_code_only(
    tmp_path: Path, address: dict[str, Any], panel: str | None
) -> None:
    role = {"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "MTH"}
    mother = {"relationship": [{"coding": [role]}], "name": {"family": "Okafor"}, "address": address}
    baby = {
        "resourceType": "Patient",
        "name": [{"family": "BABY OKAFOR"}],
        "birthDate": "2026-03-09",
        "deceasedDateTime": "2026-03-09T04:10:00+00:00",
        "contact": [mother],
    }
    assert lead(case_of(tried(tmp_path, [json.dumps(baby)]))) == ((panel, "lead.mother") if panel else None)


@pytest.mark.parametrize("message", [adt(born=BORN, address=HOME, more="NK1|1|O^Ada|MTH|9 Hi^^M^^M13 9WL^^H")])
def test_a_newborns_own_address_comes_before_the_mothers(tmp_path: Path, message: str) -> None:
    assert lead(case_of(tried(tmp_path, [message]))) == ("BERKS", "lead.usual-address")


def test_an_older_child_does_not_live_where_the_mother_does(tmp_path: Path) -> None:
    message = adt(born="20250309", address="", more="NK1|1|O^Ada|MTH|9 Hi^^M^^M13 9WL^^H")
    assert case_of(tried(tmp_path, [message]))["rule"] == "held.no-residence"


@pytest.mark.parametrize(
    ("person", "rule"),
    [
        ({"date_of_birth": None}, "held.age"),
        ({"date_of_birth": None, "age": "17 years"}, "scope.child"),
        ({"date_of_birth": None, "age": "baby"}, "scope.age-unconfirmed"),
        ({"date_of_birth": None, "school": "Low Road Primary"}, "scope.age-unconfirmed"),
        ({"date_of_birth": None, "family_name": "UNKNOWN", "given_names": "CHILD 2"}, "scope.age-unconfirmed"),
    ],
)
def test_an_age_nobody_states_is_never_dropped(tmp_path: Path, person: dict[str, Any], rule: str) -> None:
    assert case_of(tried(tmp_path, [police(person)]))["rule"] == rule
