"""S5: the wrong patient's case is taken back wherever it went; an independent word of death takes it to a person."""

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from integration_engine.synthetic import fhir
from integration_engine.synthetic.person import invented_nhs_number
from tests.acceptance.conftest import Try
from tests.acceptance.real_engine import Played
from tests.acceptance.stories.s01_collision import READING_GIRL
from tests.acceptance.stories.s05_wrong_patient import (
    INDEPENDENT,
    NOW,
    TRUE_CHILD,
    cancelled,
    emptied,
    formal,
    removed,
    removed_by_xml,
    s5,
    told_dead,
)
from tests.acceptance.story import by_ref, decided, leads, only

Play = Callable[..., dict[str, Any]]
AT = ("--at", NOW)
WITHDRAWN = ("withdrawn", "scope.retracted")
CANCELLED = ("held", "held.cancelled-visit")
DISPUTED = ("held", "held.disputed")


def stands(case: dict[str, Any]) -> tuple[str, str]:
    return case["state"], case["rule"]


def test_the_wrong_patient_is_withdrawn_and_the_true_child_has_a_case(in_any_order: Play) -> None:
    answer = in_any_order(s5(), *AT)
    assert len(answer["cases"]) == 2
    cases = by_ref(answer)
    wrong, true = cases["wrong.hl7#0"], cases["true.hl7#0"]
    assert stands(wrong) == WITHDRAWN
    assert set(wrong["from"]) == {"wrong.hl7#0", "cancel.hl7#0", "removed.json#0"}
    assert (stands(true), leads(true)) == (("open", "scope.child"), ("HIPS", []))
    assert true["from"] == ["true.hl7#0"]
    assert true["record"]["child"]["nhs_number"] == TRUE_CHILD.nhs_number
    assert (answer["reviews"], answer["waiting"], answer["alarms"]) == ([], [], [])
    assert (wrong["related"], true["related"]) == ([], [])


def test_its_clocks_stop_and_the_true_childs_run_from_their_own_time(cdr_try: Try) -> None:
    cases = by_ref(cdr_try(s5(), *AT))
    assert cases["wrong.hl7#0"]["clocks"] == {}
    assert not cases["wrong.hl7#0"]["jar"]["required"]
    assert cases["true.hl7#0"]["clocks"]["ncmd_due"] == "2026-04-16T09:00:00+01:00"


def test_before_it_was_cancelled_it_was_a_case_like_any_other(cdr_try: Try) -> None:
    case = only(cdr_try({"wrong.hl7": told_dead()}, *AT)["cases"])
    assert (stands(case), leads(case)) == (("open", "scope.child"), ("HIPS", []))
    assert case["clocks"]["ncmd_due"] == "2026-04-16T09:00:00+01:00"


@pytest.mark.parametrize("cancel", [cancelled(), cancelled(indicator="Y")], ids=["silent", "still dead"])
def test_a_cancelled_visit_alone_goes_to_a_person(in_any_order: Play, cancel: bytes) -> None:
    case = only(in_any_order({"wrong.hl7": told_dead(), "cancel.hl7": cancel}, *AT)["cases"])
    assert stands(case) == CANCELLED


@pytest.mark.parametrize(
    "taken_back",
    [
        {"cancel.hl7": cancelled(), "removed.json": removed()},
        {"cancel.hl7": cancelled(indicator="Y"), "removed.xml": removed_by_xml()},
        {"empty.hl7": emptied()},
        {"cancel.hl7": cancelled(), "empty.hl7": emptied()},
    ],
    ids=["A13 and U", "A13 with Y and U in XML", "explicit nulls", "A13 and explicit nulls"],
)
def test_each_real_retraction_withdraws_it(in_any_order: Play, taken_back: dict[str, bytes]) -> None:
    case = only(in_any_order({"wrong.hl7": told_dead()} | taken_back, *AT)["cases"])
    assert (stands(case), case["clocks"]) == (WITHDRAWN, {})


@pytest.mark.parametrize("independent", sorted(INDEPENDENT))
def test_an_independent_word_of_death_takes_the_retraction_to_a_person(in_any_order: Play, independent: str) -> None:
    messages = {name: body for name, body in s5().items() if name != "true.hl7"}
    case = only(in_any_order(messages | {independent: INDEPENDENT[independent]()}, *AT)["cases"])
    assert stands(case) == DISPUTED
    assert "disputed" in case["flags"]
    assert leads(case)[0] == "HIPS"


@pytest.mark.parametrize("independent", sorted(INDEPENDENT))
def test_so_does_it_when_the_hospital_takes_back_all_it_said(in_any_order: Play, independent: str) -> None:
    told = {"wrong.hl7": told_dead(), "empty.hl7": emptied(), independent: INDEPENDENT[independent]()}
    assert stands(only(in_any_order(told, *AT)["cases"])) == DISPUTED


def test_a_formal_status_takes_the_cancel_to_a_person(in_any_order: Play) -> None:
    told = {"wrong.hl7": told_dead(), "formal.json": formal()}
    assert stands(only(in_any_order(told | {"cancel.hl7": cancelled()}, *AT)["cases"])) == CANCELLED
    assert stands(only(in_any_order(told | {"empty.hl7": emptied()}, *AT)["cases"])) == DISPUTED


def test_the_national_records_last_word_stands(in_any_order: Play) -> None:
    """A U after a formal 2 takes the 2 back; a 2 after a U stands."""
    told = {"wrong.hl7": told_dead(), "cancel.hl7": cancelled(), "removed.json": removed()}
    before, after = formal(), formal(told="2026-04-14T13:40:00+01:00")
    assert stands(only(in_any_order(told | {"formal.json": before}, *AT)["cases"])) == WITHDRAWN
    assert only(in_any_order(told | {"formal.json": after}, *AT)["cases"])["state"] == "held"


@pytest.mark.parametrize("independent", sorted(INDEPENDENT))
@pytest.mark.parametrize(("kind", "then"), [("deny-death", WITHDRAWN), ("confirm-death", ("open", "scope.child"))])
def test_the_person_decides_it_either_way(cdr_try: Try, independent: str, kind: str, then: tuple[str, str]) -> None:
    messages = {name: body for name, body in s5().items() if name != "true.hl7"}
    answer = cdr_try(
        messages | {independent: INDEPENDENT[independent]()}, *AT,
        decisions=[decided(kind, "wrong.hl7#0", at="2026-04-14T13:50:00Z", role="operator")],
    )  # fmt: skip
    case = only(answer["cases"])
    assert stands(case) == then
    assert "disputed" not in case["flags"]
    assert bool(case["clocks"]) is (kind == "confirm-death")


def test_a_retraction_of_a_child_nobody_has_reported_waits(cdr_try: Try) -> None:
    answer = cdr_try({"removed.json": removed()})
    assert (answer["cases"], answer["waiting"]) == ([], ["removed.json#0"])


def test_told_again_it_stays_withdrawn(cdr_try: Try) -> None:
    once = cdr_try(s5(), *AT)["cases"]
    again = {f"z-{name}": body for name, body in s5().items()}
    assert cdr_try(s5() | again, *AT)["cases"] == once


def deliveries(played: Played, story: str, recipient: str) -> list[dict[str, Any]]:
    return [dict(delivery.body) for delivery in played.told(story) if delivery.recipient == recipient]


def test_everybody_who_was_told_is_told_that_it_was_a_mistake(played: Played) -> None:
    (wrong, _) = (ids for ids in played.cases["s5"])
    told = [delivery for delivery in played.told("s5") if delivery.body["case"] in wrong]
    kinds: dict[str, list[str]] = {}
    for delivery in told:
        kinds.setdefault(delivery.recipient, []).append(delivery.body["kind"])
    assert {recipient: (found[0], found[-1]) for recipient, found in kinds.items()} == {
        "cdop.HIPS": ("new", "withdraw"),
        "national.ncmd": ("new", "withdraw"),
    }
    last = told[-1].body
    assert "record" not in last
    assert (last["state"], last["rule"], last.get("clocks", {})) == ("withdrawn", "scope.retracted", {})
    assert {change["field"]: change["to"] for change in last["changes"]} == {"state": "withdrawn"}


def test_the_retraction_goes_out_within_five_minutes(played: Played) -> None:
    """From the cancel's own arrival: the delivery says when it was decided, the inbox that it was on its way."""
    for panel in ("HIPS",):
        for delivery in played.inbox(panel):
            if delivery["kind"] == "withdraw":
                made = datetime.fromisoformat(delivery["body"]["at"])
                assert datetime.fromisoformat(delivery["at"]) - made < timedelta(minutes=5)


def test_the_same_death_told_again_after_the_retraction_sends_nothing(played: Played) -> None:
    assert played.held["s5", 1] == played.held["s5", 2]
    assert [body["kind"] for body in deliveries(played, "s5", "national.ncmd")].count("withdraw") == 1


@pytest.mark.parametrize(("story", "last"), [("s5-denied", "withdraw"), ("s5-confirmed", "update")])
def test_a_dispute_is_told_to_every_recipient_until_a_person_settles_it(played: Played, story: str, last: str) -> None:
    recipients = {"cdop.HIPS", "national.ncmd", "jar.JAR-HIPS"}
    assert {delivery.recipient for delivery in played.told(story)} == recipients
    (after_dispute,) = played.held[story, 1]
    assert {stands for _, stands, _ in after_dispute.values()} == {"disputed"}
    for recipient in recipients:
        told = deliveries(played, story, recipient)
        marked = next(body for body in told if "disputed" in body.get("flags", ()))
        assert (marked["kind"], marked["state"], marked["rule"]) == ("update", "held", "held.disputed")
        assert told[-1]["kind"] == last
        assert told[-1]["state"] == ("withdrawn" if last == "withdraw" else "open")
        assert "disputed" not in told[-1].get("flags", ())


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
