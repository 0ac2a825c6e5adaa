"""S6: a stillbirth sent by mistake, four ways; a termination; a live birth before viability."""

import pytest

from integration_engine.synthetic import hl7
from integration_engine.synthetic.person import Child, invented_nhs_number
from tests.acceptance.conftest import Try
from tests.acceptance.stories.s06_births import birth
from tests.acceptance.story import at, leads, only


@pytest.mark.parametrize(
    ("observations", "reason"),
    [
        ({"GESTATION": "31+0", "STILLBIRTH": "Y", "ATTENDED": "Y"}, "scope.stillbirth"),
        ({"GESTATION": "21+4", "TERMINATION": "Y", "SIGNS_OF_LIFE": "Y"}, "scope.termination"),
        ({"GESTATION": "23+0", "STILLBIRTH": "Y", "ATTENDED": "Y", "SIGNS_OF_LIFE": "N"}, "scope.stillbirth"),
    ],
)
def test_s6_births_that_are_no_childs_death_leave_only_a_count(cdr_try: Try, observations: dict, reason: str) -> None:
    answer = cdr_try({"birth.hl7": birth("B1", **observations)})
    assert not answer["cases"]
    assert only(answer["passed_over"])["reason"] == reason


def test_s6_a_stillbirth_that_nobody_attended_is_in_scope_until_the_coroner_says_so(cdr_try: Try) -> None:
    unattended = birth("B2", GESTATION="36+0", STILLBIRTH="Y", ATTENDED="N", **{"STILLBIRTH_AT_HOME": "Y"})
    answer = cdr_try({"birth.hl7": unattended})
    case = only(answer["cases"])
    assert (case["state"], case["rule"], leads(case)[0]) == ("open", "scope.unattended-stillbirth", "BSOL")
    assert case["jar"]["required"]
    assert "unattended-stillbirth" in case["jar"]["reasons"]


def test_s6_a_live_birth_before_viability_is_in_scope(cdr_try: Try) -> None:
    case = only(cdr_try({"birth.hl7": birth("B3", GESTATION="22+1", LIVEBIRTH="Y")})["cases"])
    assert (case["state"], case["rule"], leads(case)[0]) == ("open", "scope.child", "BSOL")
    assert not case["jar"]["required"]


def test_s6_a_termination_closes_a_case_that_another_message_opened(cdr_try: Try) -> None:
    number = invented_nhs_number(77)
    baby = Child("Shaw", "BABY", "2026-05-04", "female", number, lines=("3 Park View",), postcode="B4 6NH")
    stay = {"died_at": "2026-05-04T10:40", "indicator": "Y", "discharge": "4", "visit": "V1"}
    hospital = hl7.Hospital("RQ3")
    died = hl7.adt("A03", baby, hospital, "X1", at("2026-05-04T11:00:00"), **stay)
    ended = hl7.adt(
        "A08", baby, hospital, "X2", at("2026-05-04T15:00:00"), observations=(("TERMINATION", "Y"),), **stay
    )
    case = only(cdr_try({"died.hl7": died, "ended.hl7": ended})["cases"])
    assert (case["state"], case["rule"]) == ("out-of-scope", "scope.termination")
    alone = cdr_try({"ended.hl7": ended})
    assert (alone["cases"], alone["waiting"]) == ([], [])
    assert alone["passed_over"] == [{"ref": "ended.hl7#0", "reason": "scope.termination"}]
