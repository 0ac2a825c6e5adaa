"""Whose case, by hand-written messages: each step of the ladder, every nation and pseudo-postcode, and who gets a copy."""

from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.outside import adt, case_of, copies, lead, police, tried

BIRMINGHAM = "2 Up St^^Birmingham^^B1 1BB"
READING = "1 Low St^^Reading^^RG1 2LU^^H"
USUAL, PLACE = "lead.usual-address", "lead.place-of-death"


@pytest.mark.parametrize("kind", ["H", "P", "L", ""])
def test_a_permanent_address_decides(tmp_path: Path, kind: str) -> None:
    assert lead(case_of(tried(tmp_path, [adt(address=f"{BIRMINGHAM}^^{kind}")]))) == ("BSOL", USUAL)


@pytest.mark.parametrize("kind", ["C", "TM", "BA", "O", "M"])
@pytest.mark.parametrize("first", [True, False])
def test_any_other_address_decides_nothing(tmp_path: Path, kind: str, first: bool) -> None:
    other = f"{BIRMINGHAM}^^{kind}"
    case = case_of(tried(tmp_path, [adt(address=f"{other}~{READING}" if first else f"{READING}~{other}")]))
    assert (lead(case), copies(case)) == (("BERKS", USUAL), {("HIPS", "copy.death")})


@pytest.mark.parametrize(
    "message",
    [
        adt(address=f"{BIRMINGHAM}^^C"),
        adt(address="", more="PD1|||PRACTICE^^M85001|G123^Doc"),
        *(adt(address=f"^^^^{postcode}^^H") for postcode in ("ZZ99 3VZ", "ZZ99 3WZ", "ZZ99 3CZ", "zz993vz")),
    ],
)
def test_where_nobody_can_tell_the_case_waits_and_the_place_of_death_is_told(tmp_path: Path, message: str) -> None:
    case = case_of(tried(tmp_path, [message]))
    assert (case["state"], case["rule"], case["lead"]) == ("held", "held.no-residence", None)
    assert case["notify"] == ["unassigned:HIPS"]


@pytest.mark.parametrize(
    ("address", "word"),
    [
        *(({"lad_code": code}, word) for code, word in (("W06000006", "wales"), ("S12000036", "scotland"))),
        ({"lad_code": "N09000003"}, "northern-ireland"),
        *(({"postcode": "ZZ99 3GZ"}, "wales"), ({"postcode": "JE2 3QA"}, "channel-islands")),
        ({"postcode": "BT1 5GS"}, "northern-ireland"),
        *(({"country": code}, "wales") for code in ("WLS", "GB-WLS", "Wales")),
        *(({"country": code}, "scotland") for code in ("SCT", "GB-SCT", "Scotland")),
        *(({"country": code}, "northern-ireland") for code in ("NIR", "GB-NIR", "Northern Ireland")),
        *(({"country": code}, "channel-islands") for code in ("JEY", "GGY")),
        *(({"country": code}, "overseas") for code in ("IRL", "ESP", "FRA")),
    ],
)
def test_a_child_of_another_nation_is_the_case_of_the_place_of_death(
    tmp_path: Path, address: dict[str, Any], word: str
) -> None:
    case = case_of(tried(tmp_path, [police({"address": {"lines": ["x"], "use": "home", **address}})]))
    assert (lead(case), case["notify"], case["state"]) == (("OXON", PLACE), [word], "open")
    assert "non-resident" in case["flags"]


@pytest.mark.parametrize("address", [{"country": "IMN"}, {"postcode": "IM1 1AA"}])
def test_a_child_of_the_isle_of_man_is_merseysides(tmp_path: Path, address: dict[str, Any]) -> None:
    case = case_of(tried(tmp_path, [police({"address": {"lines": ["x"], "use": "home", **address}})]))
    assert (lead(case), case["notify"]) == (("MERSEY", "lead.isle-of-man"), ["isle-of-man"])


@pytest.mark.parametrize(
    ("address", "rule"),
    [({"lad_code": "E07009999"}, "held.unknown-area"), ({"postcode": "RG1 9ZZ"}, "held.unknown-postcode")],
)
def test_a_home_that_nobody_knows_waits_for_a_person(tmp_path: Path, address: dict[str, Any], rule: str) -> None:
    case = case_of(tried(tmp_path, [police({"address": {"use": "home", **address}})]))
    assert (case["state"], case["rule"], case["lead"], case["notify"]) == ("held", rule, None, ["unassigned:OXON"])


LOOKED_AFTER = {
    "looked_after": {"is": True, "local_authority": "E08000012"},
    "address": {"lad_code": "E06000051", "use": "home"},
    "place_of_death": {"lad_code": "E06000021"},
}
SEIZURE = {"type": "sudden-death", "place": {"lad_code": "E06000051"}}


@pytest.mark.parametrize("use", ["home", "placement"])
def test_the_authority_that_looks_after_leads_and_the_placement_gets_a_copy(tmp_path: Path, use: str) -> None:
    placed = LOOKED_AFTER | {"address": {"lad_code": "E06000051", "use": use}}
    case = case_of(tried(tmp_path, [police(placed, SEIZURE)]))
    assert lead(case) == ("MERSEY", "lead.looked-after")
    assert copies(case) == {("STAFFS", "copy.death"), ("STW", "copy.placement")}
    assert case["jar"]["team"] == "JAR-STAFFS"
    assert case["clocks"]["s16c_due"] == "2026-03-16T23:59:59+00:00"


def test_where_the_looking_after_does_not_lead_the_home_does(tmp_path: Path) -> None:
    case = case_of(tried(tmp_path, [police(LOOKED_AFTER, SEIZURE)], "--switch", "looked_after_leads=false"))
    assert (lead(case), copies(case)) == (("STW", USUAL), {("STAFFS", "copy.death")})


@pytest.mark.parametrize(
    ("event", "expected"),
    [("other", {"copy.death", "copy.event"}), ("sudden-death", {"copy.death"}), ("fire", {"copy.death", "copy.event"})],
)
def test_an_event_found_at_a_place_is_copied_there_a_plain_sudden_death_is_not(
    tmp_path: Path, event: str, expected: set[str]
) -> None:
    case = case_of(tried(tmp_path, [police(event={"type": event})]))
    assert {rule for _, rule in copies(case)} == expected


@pytest.mark.parametrize("trigger", ["A08", "A31"])
def test_a_message_without_a_visit_does_not_say_that_the_child_died_at_the_senders(
    tmp_path: Path, trigger: str
) -> None:
    assert case_of(tried(tmp_path, [adt(trigger, visit=None)]))["copies"] == []


def test_home_comes_before_custody_and_a_retired_code_is_the_same_authority(tmp_path: Path) -> None:
    held = {
        "custody": "prison-yoi",
        "address": {"lad_code": "E08000019", "use": "home"},
        "place_of_death": {"type": "custody", "lad_code": "E08000035"},
    }
    case = case_of(tried(tmp_path, [police(held, {"place": {"lad_code": "E08000035"}})]))
    assert (lead(case), copies(case)) == (("SHEFFIELD", USUAL), {("LEEDS", "copy.death")})
