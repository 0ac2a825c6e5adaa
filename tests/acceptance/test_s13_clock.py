"""S13: forty-eight hours over the change of the clocks, and a coroner's events that come late and out of order."""

from collections.abc import Callable
from typing import Any

import pytest

from integration_engine.synthetic import fhir, police
from tests.acceptance.conftest import Try
from tests.acceptance.real_engine import Played
from tests.acceptance.stories.s13_clock import (
    DIED,
    GIRL,
    IN_TIME,
    LATE,
    PLAYED,
    concluded,
    event,
    national_told,
    opened,
    prevention,
    ward,
)
from tests.acceptance.story import only

Play = Callable[..., dict[str, Any]]

(STORY,) = PLAYED
NEXT_MORNING = ("--at", "2026-03-31T09:30:00+01:00")
YEAR_AFTER = ("--at", STORY.at)
WARD = {"ward.hl7": ward()}


def by_notification(died: str) -> bytes:
    return fhir.message(fhir.patient(GIRL, died_at=died), "RTH", "C-13", "2026-11-01T08:00:00Z", encounter_site="RTH")


def by_force() -> bytes:
    happened = {"event_id": "E13", "type": "sudden-death", "at": f"{DIED}:00", "suspicious": "no"}
    person = police.deceased(GIRL, "P1", life_extinct_at=f"{DIED}:00")
    return police.report("E23000029", "43-13", "2026-03-29T02:30:00", [person], event=happened)


@pytest.mark.parametrize("name", ["ward.hl7", "notice.json", "police.json"])
def test_forty_eight_hours_are_elapsed_hours_over_the_spring_change(cdr_try: Try, name: str) -> None:
    told = {"ward.hl7": ward(), "notice.json": by_notification(f"{DIED}:00Z"), "police.json": by_force()}
    clocks = only(cdr_try({name: told[name]}, *NEXT_MORNING)["cases"])["clocks"]
    assert clocks["ncmd_due"] == "2026-03-31T00:30:00+01:00"
    assert clocks["cdop_due"] == "2026-03-30T00:30:00+01:00"
    # Months end at the same local time.
    assert clocks["cdrm_due"] == "2026-06-28T23:30:00+01:00"


@pytest.mark.parametrize(
    ("died", "due"),
    [
        ("2026-10-24T23:30:00+01:00", "2026-10-26T22:30:00+00:00"),
        ("2026-10-25T01:30:00+01:00", "2026-10-27T00:30:00+00:00"),
        ("2026-10-25T01:30:00+00:00", "2026-10-27T01:30:00+00:00"),
        ("2026-03-29T00:30:00+00:00", "2026-03-31T01:30:00+01:00"),
        ("2026-03-29T02:30:00+01:00", "2026-03-31T02:30:00+01:00"),
    ],
)
def test_and_over_the_autumn_change_both_hours_of_its_name_being_two(cdr_try: Try, died: str, due: str) -> None:
    message = by_notification(died)
    clocks = only(cdr_try({"m.json": message}, "--at", "2026-11-01T09:00:00Z")["cases"])["clocks"]
    assert clocks["ncmd_due"] == due


def test_told_at_a_quarter_past_midnight_it_was_in_time_after_47_hours_and_45_minutes(cdr_try: Try) -> None:
    case = only(cdr_try(WARD, *NEXT_MORNING, decisions=[national_told(IN_TIME)])["cases"])
    note = case["clock_notes"]["ncmd_due"]
    assert (note["state"], note["met_at"], note["due"]) == (
        "met",
        "2026-03-31T00:15+01:00",
        "2026-03-31T00:30:00+01:00",
    )
    assert "in time, 47 h 45 min" in note["why"]
    assert "ncmd_due" not in case["clocks"]


def test_told_at_a_quarter_to_one_it_was_a_quarter_of_an_hour_late_and_needs_a_reason(cdr_try: Try) -> None:
    note = only(cdr_try(WARD, *NEXT_MORNING, decisions=[national_told(LATE)])["cases"])["clock_notes"]["ncmd_due"]
    assert "late by 15 min, reason required" in note["why"]
    explained = [national_told(LATE, "Weekend, no cover")]
    note = only(cdr_try(WARD, *NEXT_MORNING, decisions=explained)["cases"])["clock_notes"]["ncmd_due"]
    assert "late by 15 min, a reason is given" in note["why"]


@pytest.mark.parametrize(
    ("now", "state"), [("2026-03-31T00:29:59+01:00", "running"), ("2026-03-31T00:30:01+01:00", "overdue")]
)
def test_untold_it_is_overdue_from_that_very_second(cdr_try: Try, now: str, state: str) -> None:
    case = only(cdr_try(WARD, "--at", now)["cases"])
    assert case["clock_notes"]["ncmd_due"]["state"] == state
    assert case["clocks"]["ncmd_due"] == "2026-03-31T00:30:00+01:00"


LATER = WARD | {"a.csv": concluded(), "b.csv": opened(), "c.csv": prevention()}


def test_a_conclusion_that_comes_before_the_opening_stands_and_both_are_kept(cdr_try: Try) -> None:
    before = only(cdr_try(WARD | {"a.csv": concluded()}, *YEAR_AFTER)["cases"])
    case = only(cdr_try(WARD | {"a.csv": concluded(), "b.csv": opened()}, *YEAR_AFTER)["cases"])
    for found in (before, case):
        assert (found["record"]["coroner"]["stage"], found["record"]["coroner"]["concluded_at"]) == (
            "CONCLUDED",
            "2027-05-28",
        )
    assert sorted(case["from"]) == ["a.csv#0", "b.csv#0", "ward.hl7#0"]
    assert case["record"]["coroner"]["inquest_opened_at"] == "2026-04-10"
    assert {"field": "coroner.stage", "value": "INQUEST_OPENED", "from": "b.csv#0"} in case["conflicts"]


def test_the_panels_review_is_due_six_weeks_after_the_conclusion(cdr_try: Try) -> None:
    for messages in (WARD | {"a.csv": concluded()}, WARD | {"a.csv": concluded(), "b.csv": opened()}, LATER):
        case = only(cdr_try(messages, *YEAR_AFTER)["cases"])
        assert case["clocks"]["cdop_review_due"] == "2027-07-09T00:00:00+01:00"


def test_the_later_of_report_and_conclusion_starts_the_review(cdr_try: Try) -> None:
    reported = {**national_told(IN_TIME), "id": "d-report", "value": {"cdrm_report_at": "2027-06-04T10:00:00+01:00"}}
    case = only(cdr_try(LATER, *YEAR_AFTER, decisions=[reported])["cases"])
    assert case["clocks"]["cdop_review_due"] == "2027-07-16T10:00:00+01:00"
    earlier = {**reported, "value": {"cdrm_report_at": "2027-05-04T10:00:00+01:00"}}
    case = only(cdr_try(LATER, *YEAR_AFTER, decisions=[earlier])["cases"])
    assert case["clocks"]["cdop_review_due"] == "2027-07-09T00:00:00+01:00"


def test_while_the_inquest_lasts_the_review_meeting_waits_and_then_goes_on(cdr_try: Try) -> None:
    waiting = only(cdr_try(WARD | {"b.csv": opened()}, "--at", "2027-01-10T09:00:00Z")["cases"])
    assert waiting["clock_notes"]["cdrm_due"]["state"] == "paused"
    assert not {"cdrm_due", "cdop_review_due"} & waiting["clocks"].keys()
    # 413 days from 10 April 2026 to 28 May 2027, on top of 28 June 2026.
    case = only(cdr_try(LATER, *YEAR_AFTER)["cases"])
    assert case["clocks"]["cdrm_due"] == "2027-08-15T23:30:00+01:00"


def test_the_copy_of_the_prevention_report_is_attached_and_the_inquest_stays_concluded(cdr_try: Try) -> None:
    told = only(cdr_try(LATER, *YEAR_AFTER)["cases"])["record"]["coroner"]
    assert told["prevention_of_future_deaths"] == ["Signage at the lock; reply in 56 days"]
    assert told["stage"] == "CONCLUDED"
    together = event(
        "CONCLUDED", "2027-05-28", conclusion="misadventure", prevention_of_future_deaths="Signage at the lock"
    )
    told = only(cdr_try(WARD | {"a.csv": together}, *YEAR_AFTER)["cases"])["record"]["coroner"]
    assert (told["stage"], told["prevention_of_future_deaths"]) == ("CONCLUDED", ["Signage at the lock"])


def test_a_prevention_report_before_the_conclusion_does_not_end_the_inquest(cdr_try: Try) -> None:
    case = only(cdr_try(WARD | {"b.csv": opened(), "c.csv": prevention()}, *YEAR_AFTER)["cases"])
    assert "cdop_review_due" not in case["clocks"]
    assert case["clock_notes"]["cdrm_due"]["state"] == "paused"


def test_a_conclusion_of_misadventure_calls_for_a_response_that_nothing_called_for_before(cdr_try: Try) -> None:
    assert not only(cdr_try(WARD, *YEAR_AFTER)["cases"])["jar"]["required"]
    assert only(cdr_try(LATER, *YEAR_AFTER)["cases"])["jar"]["reasons"] == ["external-cause"]


def test_any_order_of_arrival_and_any_repetition_is_the_same_case(in_any_order: Play) -> None:
    case = only(in_any_order(LATER, *YEAR_AFTER)["cases"])
    assert case["clocks"]["cdop_review_due"] == "2027-07-09T00:00:00+01:00"


def test_in_the_engine_the_lead_is_told_of_the_conclusion_and_then_of_the_opening_before_it(played: Played) -> None:
    bodies = [one.body for one in played.told("s13") if one.recipient == "cdop.OXON"]
    # What a person decided is published by a sweep, and may come after a newer version: a panel goes by the version.
    told = sorted(bodies, key=lambda body: body["version"])
    assert told[0]["kind"] == "new"
    assert {body["kind"] for body in told[1:]} == {"update"}
    assert told[-1]["record"]["coroner"]["stage"] == "CONCLUDED"
    assert told[-1]["record"]["coroner"]["inquest_opened_at"] == "2026-04-10"
    assert told[-1]["record"]["coroner"]["prevention_of_future_deaths"]
    assert told[-1]["clocks"]["cdop_review_due"] == "2027-07-09T00:00:00+01:00"
    assert "ncmd_due" not in told[-1]["clocks"]
