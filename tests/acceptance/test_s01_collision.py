"""S1: a child resident in one area, hurt in another, dead in a third."""

from integration_engine.synthetic import coroner
from tests.acceptance.conftest import Try
from tests.acceptance.stories.s01_collision import READING_GIRL, s1
from tests.acceptance.story import leads, only


def test_s1_resident_in_one_area_hurt_in_another_dead_in_a_third(cdr_try: Try) -> None:
    answer = cdr_try(s1(), "--at", "2026-03-10T09:00:00Z")
    case = only(answer["cases"])
    assert (case["state"], case["rule"]) == ("open", "scope.child")
    assert leads(case) == ("BERKS", ["OXON", "WILTSW"])
    assert {copy["rule"] for copy in case["copies"]} == {"copy.death", "copy.event"}
    assert case["jar"]["required"]
    assert "external-cause" in case["jar"]["reasons"]
    assert case["jar"]["team"] == "JAR-OXON"
    assert case["clocks"]["ncmd_due"].startswith("2026-03-11T04:10")
    assert sorted(case["from"]) == ["coroner.csv#0", "oxford.hl7#0", "oxford.json#0", "police-2.json#0"]
    assert case["record"]["coroner"]["reference"] == "00412-2026"
    assert not answer["reviews"]


def test_s1_the_ward_transfer_alone_makes_no_case(cdr_try: Try) -> None:
    messages = s1()
    answer = cdr_try({"gwh.hl7": messages["gwh.hl7"], "police-1.json": messages["police-1.json"]})
    assert not answer["cases"]
    assert sorted(row["ref"] for row in answer["passed_over"]) == ["gwh.hl7#0", "police-1.json#0"]


def test_s1_a_transfer_between_coroners_updates_the_same_case_and_starts_its_clock(cdr_try: Try) -> None:
    moved = coroner.row(
        "wiltshire-and-swindon",
        "00077-2026",
        "TRANSFERRED_IN",
        "2026-03-16",
        READING_GIRL,
        date_of_death="2026-03-09",
        transferred_from="oxfordshire",
    )
    case = only(cdr_try(s1() | {"moved.csv": coroner.upload([moved])}, "--at", "2026-03-17T09:00:00Z")["cases"])
    assert case["clocks"]["coroner_transfer_due"].startswith("2026-03-23T")
    assert "moved.csv#0" in case["from"]
