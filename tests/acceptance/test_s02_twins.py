"""S2: twins are two cases, never merged."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from integration_engine.cli.schemas import schemas
from integration_engine.synthetic import hl7
from integration_engine.synthetic.person import invented_nhs_number
from tests.acceptance.conftest import Try
from tests.acceptance.real_engine import Played
from tests.acceptance.stories import s02_twins as told
from tests.acceptance.stories.places import ROYAL_LONDON
from tests.acceptance.stories.s02_twins import FIRST_NUMBER, PLAYED, by_fhir, s2, vague_copy
from tests.acceptance.story import at, by_ref, decided, leads, only

Play = Callable[..., dict[str, Any]]

(STORY,) = PLAYED
NOW = ("--at", STORY.at)
BOTH_FORMATS = pytest.mark.parametrize(
    "messages", [s2(), by_fhir(), {"one.hl7": s2()["one.hl7"], "two.json": by_fhir()["two.json"]}],
    ids=["hl7", "fhir", "one of each"],
)  # fmt: skip


def two(answer: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The cases of the first and of the second twin."""
    found = {name.partition(".")[0]: case for name, case in by_ref(answer).items()}
    return found["one"], found["two"]


@BOTH_FORMATS
def test_two_cases_that_know_of_each_other(in_any_order: Play, messages: dict[str, bytes]) -> None:
    answer = in_any_order(messages, *NOW)
    first, second = two(answer)
    assert len(answer["cases"]) == 2
    assert answer["reviews"] == []
    assert first["related"] == [{"case": second["case"], "why": "multiple-birth"}]
    assert second["related"] == [{"case": first["case"], "why": "multiple-birth"}]
    for case, order in ((first, 1), (second, 2)):
        assert (case["state"], case["rule"]) == ("open", "scope.child")
        assert leads(case) == ("WELC", [])
        assert not case["jar"]["required"]
        assert case["record"]["child"]["multiple_birth"]["order"] == order
        assert "mbrrace-pmrt" in case["flags"]
    assert first["record"]["child"]["nhs_number"] == FIRST_NUMBER
    assert "nhs_number" not in second["record"]["child"]


@BOTH_FORMATS
def test_each_has_its_own_clock(cdr_try: Try, messages: dict[str, bytes]) -> None:
    first, second = two(cdr_try(messages, *NOW))
    assert first["clocks"]["ncmd_due"] == "2026-06-03T05:40:00+01:00"
    assert second["clocks"]["ncmd_due"] == "2026-06-06T22:15:00+01:00"


def test_a_copy_with_the_second_twins_date_goes_to_a_person_who_sees_him_first(in_any_order: Play) -> None:
    answer = in_any_order(s2() | {"vague.hl7": vague_copy("2026-06-04")}, *NOW)
    assert [case["from"] for case in answer["cases"]] == [["one.hl7#0"], ["two.hl7#0"], ["vague.hl7#0"]]
    pairs = [({review["a"], review["b"]}, review["score"]) for review in answer["reviews"]]
    assert [pair for pair, _ in pairs] == [{"two.hl7#0", "vague.hl7#0"}, {"one.hl7#0", "vague.hl7#0"}]
    assert pairs[0][1] > pairs[1][1]
    assert all("in-review" in case["flags"] for case in answer["cases"])


def test_the_question_is_data_with_both_sides_and_what_would_settle_it(cdr_try: Try) -> None:
    answer = cdr_try(s2() | {"vague.hl7": vague_copy("2026-06-04")}, *NOW)
    questions = {(review["a"], review["b"]): review["question"] for review in answer["reviews"]}
    for found in questions.values():
        Draft202012Validator(schemas()["review-1.json"]).validate(found)
        assert (found["multiple_birth"], found["people"], found["weight"]) == (True, 2, None)
        assert all(why["settle"] for why in found["why"])
    second = questions["two.hl7#0", "vague.hl7#0"]
    assert [[teller["notice"] for teller in side] for side in second["sides"]] in (
        [["two.hl7#0"], ["vague.hl7#0"]],
        [["vague.hl7#0"], ["two.hl7#0"]],
    )
    assert second["likelier"] is True
    assert questions["one.hl7#0", "vague.hl7#0"]["likelier"] is False
    vague = cdr_try(s2() | {"vague.hl7": vague_copy(None)}, *NOW)["reviews"]
    assert [review["question"]["likelier"] for review in vague] == [None, None]


def test_a_copy_with_neither_order_nor_date_goes_to_a_person_without_a_suggestion(in_any_order: Play) -> None:
    answer = in_any_order(s2() | {"vague.hl7": vague_copy(None)}, *NOW)
    assert [case["from"] for case in answer["cases"]] == [["one.hl7#0"], ["two.hl7#0"], ["vague.hl7#0"]]
    first, second = answer["reviews"]
    assert first["score"] == second["score"]
    assert {ref for r in (first, second) for ref in (r["a"], r["b"])} == {"one.hl7#0", "two.hl7#0", "vague.hl7#0"}


def read_by(person: str, kind: str, hour: int) -> dict[str, Any]:
    """One person's word on whether the copy speaks of the second twin."""
    told = decided(kind, "two.hl7#0", "vague.hl7#0", at=f"2026-06-05T{hour}:00:00Z", role="operator")
    return told | {"id": f"{person}-{kind}-{hour}", "by": person}


def test_two_people_link_the_copy_to_the_second_twin_and_the_first_stays_alone(cdr_try: Try) -> None:
    both = [read_by("Ann", "link", 12), read_by("Bo", "link", 13)]
    answer = cdr_try(s2() | {"vague.hl7": vague_copy("2026-06-04")}, *NOW, decisions=both)
    assert [case["from"] for case in answer["cases"]] == [["one.hl7#0"], ["two.hl7#0", "vague.hl7#0"]]
    assert answer["reviews"] == []
    assert answer["cases"][1]["record"]["death"]["died_at"] == "2026-06-04T22:15+01:00"


@pytest.mark.parametrize("again", ["Ann", " ann"])
def test_one_person_never_joins_what_may_be_a_twin_however_often_they_say_so(cdr_try: Try, again: str) -> None:
    words = [read_by("Ann", "link", 12), read_by(again, "link", 13)]
    answer = cdr_try(s2() | {"vague.hl7": vague_copy("2026-06-04")}, *NOW, decisions=words)
    assert len(answer["cases"]) == 3
    asked = {(review["a"], review["b"]): review["why"] for review in answer["reviews"]}
    assert "one-of-two" in asked["two.hl7#0", "vague.hl7#0"]


def test_two_who_contradict_one_another_leave_twins_apart_and_with_a_third(cdr_try: Try) -> None:
    messages = s2() | {"vague.hl7": vague_copy("2026-06-04")}
    words = [read_by("Ann", "link", 12), read_by("Bo", "unlink", 13)]
    answer = cdr_try(messages, *NOW, decisions=words)
    assert len(answer["cases"]) == 3
    assert "readers-disagree" in {code for review in answer["reviews"] for code in review["why"]}
    assert len(cdr_try(messages, *NOW, decisions=[*words, read_by("Ann", "link", 14)])["cases"]) == 3
    assert len(cdr_try(messages, *NOW, decisions=[*words, read_by("Cy", "link", 14)])["cases"]) == 2
    apart = cdr_try(messages, *NOW, decisions=[*words, read_by("Cy", "unlink", 14)])
    assert {"two.hl7#0", "vague.hl7#0"} not in [{r["a"], r["b"]} for r in apart["reviews"]]


def test_one_person_is_enough_to_say_that_they_are_two_children(cdr_try: Try) -> None:
    answer = cdr_try(s2() | {"vague.hl7": vague_copy("2026-06-04")}, *NOW, decisions=[read_by("Ann", "unlink", 12)])
    assert [{r["a"], r["b"]} for r in answer["reviews"]] == [{"one.hl7#0", "vague.hl7#0"}]


def test_order_alone_keeps_twins_apart_and_so_does_a_number_alone(cdr_try: Try) -> None:
    """Order differs, no number at all; and two numbers, no order at all: two cases either way."""
    by_order = {f"{n}.hl7": told.twin(n, None, told.DIED[1], f"T{n}") for n in (1, 2)}
    assert len(cdr_try(by_order, *NOW)["cases"]) == 2
    numbers = (FIRST_NUMBER, invented_nhs_number(5225))
    by_number = {}
    for n, number in enumerate(numbers):
        child = dataclasses.replace(told.one_of_two(None), nhs_number=number)
        by_number[f"{n}.hl7"] = hl7.adt(
            "A03", child, ROYAL_LONDON, f"N{n}", at("2026-06-01T06:00:00"), died_at=told.DIED[1],
            indicator="Y", discharge="4", visit=f"N{n}",
        )  # fmt: skip
    answer = cdr_try(by_number, *NOW)
    assert len(answer["cases"]) == 2


def test_the_panel_gets_both_and_nobody_else_either(played: Played) -> None:
    deliveries = played.told("s2")
    assert {delivery.recipient for delivery in deliveries} == {"cdop.WELC", "national.ncmd"}
    first_act = played.held["s2", 0]
    assert [{who: part for who, (part, _, _) in held.items()} for held in first_act] == [
        {"cdop.WELC": "lead", "national.ncmd": "national"}
    ] * 2
    assert {delivery.body["kind"] for delivery in deliveries} <= {"new", "update"}


def test_replayed_twins_stay_two(cdr_try: Try) -> None:
    once = cdr_try(s2(), *NOW)["cases"]
    again = cdr_try(s2() | {f"z-{name}": body for name, body in s2().items()}, *NOW)["cases"]
    assert again == once
    assert only([case for case in again if case["record"]["child"].get("nhs_number")])["from"] == ["one.hl7#0"]
