"""S5: the wrong patient's case is taken back wherever it went; an independent word of death takes it to a person."""

import dataclasses

import pytest

from integration_engine.synthetic import fhir, police
from integration_engine.synthetic.person import invented_nhs_number
from tests.acceptance.conftest import Try
from tests.acceptance.stories.s01_collision import READING_GIRL
from tests.acceptance.stories.s05_wrong_patient import AVA_COLE, s5
from tests.acceptance.story import leads, only


def test_s5_the_wrong_patient_is_withdrawn_and_the_true_child_has_a_case(cdr_try: Try) -> None:
    answer = cdr_try(s5(), "--at", "2026-04-14T14:00:00Z")
    by_ref = {ref: case for case in answer["cases"] for ref in case["from"]}
    wrong, true = by_ref["wrong.hl7#0"], by_ref["true.hl7#0"]
    assert (wrong["state"], wrong["rule"], wrong["clocks"]) == ("withdrawn", "scope.retracted", {})
    assert by_ref["cancel.hl7#0"] is by_ref["removed.json#0"] is wrong
    assert (true["state"], leads(true)[0]) == ("open", "HIPS")
    assert wrong["case"] != true["case"]


def test_s5_a_cancelled_visit_alone_goes_to_a_person(cdr_try: Try) -> None:
    messages = s5()
    case = only(cdr_try({name: messages[name] for name in ("wrong.hl7", "cancel.hl7")})["cases"])
    assert (case["state"], case["rule"]) == ("held", "held.cancelled-visit")


@pytest.mark.parametrize("independent", ["police", "formal"])
def test_s5_an_independent_word_of_death_takes_the_retraction_to_a_person(cdr_try: Try, independent: str) -> None:
    event = {"event_id": "E9", "type": "sudden-death", "at": "2026-04-14T08:00:00", "suspicious": "no"}
    others = {
        "police": police.report(
            "E23000030", "44-1", "2026-04-14T10:00:00",
            [police.deceased(AVA_COLE, "P1", life_extinct_at="2026-04-14T09:00:00")], event=event,
        ),
        "formal": fhir.message(
            fhir.patient(AVA_COLE, died_at="2026-04-14", national_status="2"), "X26", "pds-6", "2026-04-14T13:22:00+01:00",
            event="pds-death-notification-1",
        ),
    }  # fmt: skip
    messages = {name: body for name, body in s5().items() if name != "true.hl7"} | {"other.json": others[independent]}
    if independent == "formal":
        del messages["removed.json"]
    case = only(cdr_try(messages)["cases"])
    assert case["state"] == "held"
    assert case["rule"] in ("held.disputed", "held.cancelled-visit")


def test_s5_nothing_held_a_retraction_waits_for_its_death(cdr_try: Try) -> None:
    messages = s5()
    answer = cdr_try({"removed.json": messages["removed.json"]})
    assert (answer["cases"], answer["waiting"]) == ([], ["removed.json#0"])


def living(number: str, at_time: str, dead: bool) -> bytes:
    child = dataclasses.replace(READING_GIRL, nhs_number=number)
    return fhir.message(fhir.patient(child, deceased=dead), "RTH", f"L-{at_time}", f"{at_time}Z")


def test_a_living_child_is_passed_over_even_where_the_message_says_not_dead(cdr_try: Try) -> None:
    answer = cdr_try({"alive.json": living(invented_nhs_number(1), "2026-03-09T06:00:00", dead=False)})
    assert (answer["cases"], answer["waiting"]) == ([], [])
    assert answer["passed_over"] == [{"ref": "alive.json#0", "reason": "living"}]


def test_not_dead_after_dead_takes_the_case_back_in_any_order(cdr_try: Try) -> None:
    number = invented_nhs_number(1)
    dead, alive = living(number, "2026-03-09T06:00:00", dead=True), living(number, "2026-03-09T07:00:00", dead=False)
    for messages in ({"a.json": dead, "b.json": alive}, {"a.json": alive, "b.json": dead}):
        answer = cdr_try(messages)
        assert only(answer["cases"])["rule"] == "scope.retracted"
        assert answer["passed_over"] == []
