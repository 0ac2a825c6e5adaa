"""S11: a death in custody, told under an authority's retired code."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from integration_engine.routing.reference import bundled
from integration_engine.synthetic import coroner
from tests.acceptance.conftest import Try
from tests.acceptance.stories.s11_custody import (
    CORONER,
    LEEDS,
    PLAYED,
    RETIRED_SHEFFIELD,
    SHEFFIELD,
    WEST_YORKSHIRE_POLICE,
    YOUNG_MAN,
    found_dead,
    s11,
)
from tests.acceptance.story import leads, only

Play = Callable[..., dict[str, Any]]

(STORY,) = PLAYED
NOW = ("--at", STORY.at)
OFF = ("--switch", "home_before_custody=false")


@pytest.mark.parametrize("code", [RETIRED_SHEFFIELD, SHEFFIELD])
def test_his_home_leads_under_its_retired_code_as_under_its_new_one(cdr_try: Try, code: str) -> None:
    case = only(cdr_try(s11() | {"police.json": found_dead(code)}, *NOW)["cases"])
    assert (case["state"], case["lead"]["cdop"], case["lead"]["rule"]) == ("open", "SHEFFIELD", "lead.usual-address")
    assert "Sheffield" in case["lead"]["why"]
    assert only(case["copies"]) | {"rule": "copy.death"} == only(case["copies"])
    assert leads(case)[1] == ["LEEDS"]
    assert case["record"]["child"]["addresses"][0]["lad_code"] == code


def test_the_old_and_the_new_code_are_one_home(cdr_try: Try) -> None:
    """Two forces' lists of codes, one address: no conflict of homes."""
    old, new = found_dead(), found_dead(SHEFFIELD).replace(b"13-2026-000061", b"13-2026-000062")
    case = only(cdr_try({"a.json": old, "b.json": new.replace(b"E23000010", b"E23000014")}, *NOW)["cases"])
    assert leads(case) == ("SHEFFIELD", ["LEEDS"])
    assert not [one for one in case["conflicts"] if one["field"] == "child.addresses"]


@pytest.mark.parametrize("custody", ["prison-yoi", "secure-home", "police", "detained-mha", "immigration"])
def test_a_death_in_custody_calls_for_a_response_whatever_its_cause(cdr_try: Try, custody: str) -> None:
    case = only(cdr_try({"police.json": found_dead(custody=custody)}, *NOW)["cases"])
    jar = case["jar"]
    assert (jar["required"], jar["reasons"]) == (True, ["custody-or-mha"])
    assert (jar["team"], jar["told"], jar["police_force"]) == ("JAR-LEEDS", ["JAR-SHEFFIELD"], WEST_YORKSHIRE_POLICE)


def test_the_ombudsman_is_to_be_considered(cdr_try: Try) -> None:
    assert "ppo" in only(cdr_try(s11(), *NOW)["cases"])["flags"]


def test_the_coroner_is_the_one_of_the_reference_table_and_the_inquest_is_open(cdr_try: Try) -> None:
    case = only(cdr_try(s11(), *NOW)["cases"])
    assert bundled().coroner_areas(LEEDS, date(2026, 2, 1)) == (CORONER,)
    told = case["record"]["coroner"]
    assert (told["area"], told["stage"], told["inquest_opened_at"]) == (CORONER, "INQUEST_OPENED", "2026-02-04")
    assert "jury" in told["notes"]
    # The inquest holds the review meeting up, and nothing else.
    assert "cdrm_due" not in case["clocks"]
    assert case["clock_notes"]["cdrm_due"]["state"] == "paused"
    assert case["clocks"]["ncmd_due"] == "2026-02-03T06:40:00+00:00"


def test_with_the_switch_off_the_establishment_leads(cdr_try: Try) -> None:
    """Also where the coroner's words for the place of death, which say nothing of its kind, are held true."""
    for messages in (s11(), {"police.json": found_dead()}):
        case = only(cdr_try(messages, *NOW, *OFF)["cases"])
        assert (case["lead"]["cdop"], case["lead"]["rule"]) == ("LEEDS", "lead.custody")
        assert leads(case)[1] == []
        assert (case["jar"]["team"], case["jar"]["told"]) == ("JAR-LEEDS", ["JAR-SHEFFIELD"])


def test_with_the_switch_off_a_death_in_hospital_is_still_led_by_where_he_was_held(cdr_try: Try) -> None:
    hospital = {"type": "hospital", "name": "Pinderfields", "lad_code": "E08000036"}
    case = only(cdr_try({"police.json": found_dead(place_of_death=hospital)}, *NOW, *OFF)["cases"])
    assert (case["lead"]["cdop"], case["lead"]["rule"]) == ("LEEDS", "lead.custody")


def test_with_the_switch_off_an_unknown_establishment_leaves_the_case_with_his_home(cdr_try: Try) -> None:
    message = found_dead(place_of_death={"type": "hospital", "lad_code": LEEDS})
    message = message.replace(b"young offender institution", b"other")
    case = only(cdr_try({"police.json": message}, *NOW, *OFF)["cases"])
    assert (case["lead"]["cdop"], case["lead"]["rule"]) == ("SHEFFIELD", "lead.usual-address")


def test_on_his_eighteenth_birthday_he_is_a_child_no_more(cdr_try: Try) -> None:
    grown = found_dead(date_of_birth="2008-02-01")
    answer = cdr_try({"police.json": grown}, *NOW)
    assert (answer["cases"], [row["reason"] for row in answer["passed_over"]]) == ([], ["scope.adult"])


def test_the_coroner_alone_without_his_birth_date_is_enough_by_his_age(cdr_try: Try) -> None:
    row = coroner.row(
        CORONER, "00088-2026", "REFERRED", "2026-02-01", YOUNG_MAN, date_of_death="2026-02-01", lad_of_death=LEEDS,
        age="17", age_unit="years", postcode="S1 2HH",
    ) | {"date_of_birth": ""}  # fmt: skip
    case = only(cdr_try({"coroner.csv": coroner.upload([row])}, *NOW)["cases"])
    assert leads(case) == ("SHEFFIELD", ["LEEDS"])
    # The coroner says nothing of custody: the response is called for once somebody does.
    assert case["jar"]["required"] is False


def test_any_order_of_arrival_and_any_repetition_is_the_same_case(in_any_order: Play) -> None:
    assert leads(only(in_any_order(s11(), *NOW)["cases"])) == ("SHEFFIELD", ["LEEDS"])
