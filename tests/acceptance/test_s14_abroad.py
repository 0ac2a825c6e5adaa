"""S14: a death abroad, first known days later, told by a school and then by the coroner to whom the body came home."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from integration_engine.synthetic import fhir
from tests.acceptance.conftest import Try
from tests.acceptance.real_engine import Played
from tests.acceptance.stories.s14_abroad import GIRL, PLAYED, SCHOOL, concluded, force, referral, school
from tests.acceptance.story import leads, only

Play = Callable[..., dict[str, Any]]

(STORY,) = PLAYED
NOW = ("--at", STORY.at)
TOLD = {"school.json": school(), "coroner.csv": referral()}


def coded(code: str) -> bytes:
    """The school's form with a diagnosis in ICD-10, as a practice would add it."""
    message = orjson.loads(school())
    message["entry"].append(
        {
            "fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000009",
            "resource": {
                "resourceType": "Condition", "id": "d",
                "subject": {"reference": "urn:uuid:00000000-0000-4000-8000-000000000001"},
                "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": code}]},
            },
        }
    )  # fmt: skip
    return orjson.dumps(message)


def test_the_home_leads_and_no_area_of_death_has_a_copy(cdr_try: Try) -> None:
    answer = cdr_try(TOLD, *NOW)
    case = only(answer["cases"])
    assert (case["state"], case["lead"]["rule"], leads(case)) == ("open", "lead.usual-address", ("WOE", []))
    assert sorted(case["from"]) == ["coroner.csv#0", "school.json#0"]
    assert (answer["reviews"], answer["waiting"], answer["passed_over"]) == ([], [], [])
    assert "non-resident" not in case["flags"]
    assert case["notify"] == ["overseas"]


def test_the_place_of_death_is_abroad_and_named(cdr_try: Try) -> None:
    place = only(cdr_try(TOLD, *NOW)["cases"])["record"]["death"]["place"]
    assert (place["type"], place["country"]) == ("abroad", "ESP")


def test_the_clock_runs_from_the_death_and_the_first_knowledge_explains_why_it_was_missed(cdr_try: Try) -> None:
    case = only(cdr_try(TOLD, *NOW)["cases"])
    assert case["clocks"]["ncmd_due"] == "2026-08-04T00:00:00+01:00"
    assert "date-only-death" in case["flags"]
    note = case["clock_notes"]["ncmd_due"]
    assert (note["state"], note["from"], note["first_known"]) == ("overdue", "2026-08-02", "2026-08-11T09:30+01:00")
    assert "first known Tue 11 Aug 2026 09:30 BST" in note["why"]
    assert "that explains the lateness" in note["why"]


def test_the_school_came_first_whatever_arrives_first(cdr_try: Try) -> None:
    early = only(cdr_try({"a.csv": referral(), "b.json": school()}, *NOW)["cases"])
    assert early["clock_notes"]["ncmd_due"]["first_known"] == "2026-08-11T09:30+01:00"
    late = only(cdr_try({"a.csv": referral()}, *NOW)["cases"])
    assert late["clock_notes"]["ncmd_due"]["first_known"].startswith("2026-08-12")


def test_the_response_is_called_for_and_modified_as_nobody_here_can_attend(cdr_try: Try) -> None:
    jar = only(cdr_try(TOLD, *NOW)["cases"])["jar"]
    assert (jar["required"], jar["reasons"], jar["mode"]) == (True, ["external-cause"], "modified")
    assert (jar["team"], jar["told"]) == ("JAR-WOE", [])


@pytest.mark.parametrize(
    "messages",
    [
        {"a.json": school(), "b.csv": referral(cause_1a=""), "c.csv": concluded()},
        {"a.json": school(), "b.csv": referral(cause_1a=""), "c.json": force()},
        {"a.json": coded("W69"), "b.csv": referral(cause_1a="")},
    ],
    ids=["conclusion", "force", "diagnosis"],
)
def test_and_so_it_is_by_conclusion_by_the_forces_word_and_by_diagnosis(
    cdr_try: Try, messages: dict[str, bytes]
) -> None:
    case = only(cdr_try(messages, "--at", "2027-03-01T09:00:00Z")["cases"])
    assert (case["jar"]["reasons"], case["jar"]["mode"]) == (["external-cause"], "modified")
    assert leads(case) == ("WOE", [])


def test_a_natural_death_abroad_calls_for_none(cdr_try: Try) -> None:
    messages = {"a.json": coded("C91.0"), "b.csv": referral(cause_1a="Acute leukaemia")}
    assert not only(cdr_try(messages, *NOW)["cases"])["jar"]["required"]


def test_the_home_coroner_is_the_one_to_whom_the_body_came(cdr_try: Try) -> None:
    told = only(cdr_try(TOLD, *NOW)["cases"])["record"]["coroner"]
    assert (told["area"], told["reference"], told["stage"]) == ("avon", "01203-2026", "REFERRED")
    assert "repatriated" in told["notes"]


def test_the_school_alone_makes_the_case(cdr_try: Try) -> None:
    assert leads(only(cdr_try({"a.json": school()}, *NOW)["cases"])) == ("WOE", [])


def test_a_stay_in_a_foreign_hospital_says_the_same(cdr_try: Try) -> None:
    """Where a hospital abroad is told of by its address instead."""
    message = orjson.loads(
        fhir.message(
            fhir.patient(GIRL, died_at="2026-08-02T17:05:00+02:00"), SCHOOL, "s-2", "2026-08-11T09:30:00+01:00",
            encounter_site=SCHOOL,
        )
    )  # fmt: skip
    stay = message["entry"][2]["resource"]
    del stay["serviceProvider"]
    stay["location"] = [{"location": {"reference": "urn:uuid:00000000-0000-4000-8000-000000000008"}}]
    where = {"resourceType": "Location", "id": "l", "name": "Hospital General",
             "address": {"line": ["Calle Mayor 1"], "city": "Alicante", "postalCode": "03001", "country": "ESP"}}  # fmt: skip
    message["entry"].append({"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000008", "resource": where})
    case = only(cdr_try({"a.json": orjson.dumps(message)}, *NOW)["cases"])
    assert leads(case) == ("WOE", [])
    assert case["notify"] == ["overseas"]
    assert case["clocks"]["ncmd_due"] == "2026-08-04T16:05:00+01:00"


def test_any_order_of_arrival_and_any_repetition_is_the_same_case(in_any_order: Play) -> None:
    case = only(in_any_order(TOLD | {"police.json": force()}, *NOW)["cases"])
    assert case["jar"]["mode"] == "modified"


def test_in_the_engine_the_lead_hears_of_it_and_its_own_team_when_the_coroner_does(played: Played) -> None:
    first, second = (only(played.held["s14", act]) for act in (0, 1))
    assert {who: part for who, (part, _, _) in first.items()} == {"cdop.WOE": "lead", "national.ncmd": "national"}
    assert {who: part for who, (part, _, _) in second.items()} == {
        "cdop.WOE": "lead",
        "national.ncmd": "national",
        "jar.JAR-WOE": "jar",
    }
