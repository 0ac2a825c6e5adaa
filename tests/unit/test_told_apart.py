"""Somebody who lives, and a death: when a person is asked whether they are one child, and when nothing is kept.

A living child announced dead is the worst that can happen; a question about every sister and namesake would be asked and
answered without being read (docs/safety, "a living child is announced dead").
"""

from datetime import UTC, datetime
from typing import Any

import pytest

from integration_engine.core import Outcome
from integration_engine.record.decision import Decision
from integration_engine.record.notice import DeathNotice
from tests.property.children import decided, notice

NUMBER, ANOTHER = "9991000003", "9991001379"
HOME = {"addresses": [{"lad_code": "E06000038", "use": "home"}]}


def dead(name: str = "d", **parts: Any) -> DeathNotice:
    child = {**HOME, **parts.pop("child", {})}
    return notice(name, death={"died_at": "2026-03-09"}, child=child, **parts)


def alive(name: str = "a", *, routine: bool = True, form: str = "not-dead", **parts: Any) -> DeathNotice:
    retraction = {"form": form, "routine": routine}
    return notice(name, at="2026-03-09T09:00", intent="retract", retraction=retraction, **parts)


def person(kind: str, *about: str) -> Decision:
    return Decision(
        id="d-1",
        at=datetime(2026, 3, 12, tzinfo=UTC),
        by="jane",
        role="coordinator",
        kind=kind,
        about=about,
        reason="asked",
    )


def asked(outcome: Outcome) -> list[tuple[frozenset[str], tuple[str, ...]]]:
    return [(frozenset((review.a, review.b)), review.why) for review in outcome.reviews]


NO_NUMBER = {"nhs_number": None}
ANOTHER_CHILD = {"family_name": "Vane", "given_names": ["Otto"], "birth_date": "2018-05-20"}


@pytest.mark.parametrize("name", ["a", "z"])
def test_who_may_be_the_child_that_the_same_source_calls_dead_waits_for_a_person(name: str) -> None:
    outcome = decided([dead(), alive(name, child=NO_NUMBER)])
    assert asked(outcome) == [(frozenset((name, "d")), ("names-and-birth-only",))]
    assert (outcome.waiting, outcome.passed_over) == ((name,), ())
    assert "in-review" in outcome.cases[0].routing.flags


@pytest.mark.parametrize(
    "living",
    [
        pytest.param(alive(child=NO_NUMBER, partner="RXX"), id="another trust's"),
        pytest.param(alive(child={**NO_NUMBER, "given_names": ["Una"], "sex": "female"}), id="a sister"),
        pytest.param(alive(child={"nhs_number": ANOTHER}), id="a namesake with a number of its own"),
        pytest.param(alive(child={"nhs_number": ANOTHER, **ANOTHER_CHILD}), id="anybody else"),
    ],
)
def test_of_who_is_told_to_live_as_a_matter_of_routine_nothing_is_kept_or_asked(living: DeathNotice) -> None:
    outcome = decided([dead(), living])
    assert (asked(outcome), outcome.waiting, outcome.passed_over) == ([], (), (("a", "living"),))
    assert outcome.cases[0].routing.state == "open"


def test_two_numbers_under_one_number_of_the_sources_own_are_asked_about() -> None:
    own = {"local_ref": "H1"}
    outcome = decided([dead(source=own), alive(source=own, child={"nhs_number": ANOTHER})])
    assert asked(outcome) == [(frozenset("ad"), ("nhs-numbers-differ",))]
    apart = decided([dead(source=own), alive(source={"local_ref": "H2"}, child={"nhs_number": ANOTHER})])
    assert (asked(apart), apart.passed_over) == ([], (("a", "living"),))


@pytest.mark.parametrize("name", ["a", "z"])
def test_nobody_is_asked_about_a_case_that_has_ended(name: str) -> None:
    over = person("deny-death", "d")
    outcome = decided([dead(), alive(name, child=NO_NUMBER)], over)
    assert (outcome.cases[0].routing.state, asked(outcome), outcome.waiting) == ("withdrawn", [], ())
    assert outcome.passed_over == ((name, "living"),)


BORN_DEAD = {"live_birth": "no", "professional_attending_birth": "yes"}
UNSURE_BABY = {"nhs_number": None, "birth_date": "2016-01-01"}


@pytest.mark.parametrize("name", ["a", "z"])
def test_a_birth_that_is_not_reviewed_waits_while_it_may_be_the_dead_child_and_leaves_nothing_alone(name: str) -> None:
    unborn = notice(name, outside="scope.stillbirth", death=BORN_DEAD, child=UNSURE_BABY)
    alone = decided([unborn])
    assert (alone.cases, asked(alone), alone.waiting, alone.passed_over) == ((), [], (), ((name, "scope.stillbirth"),))
    beside = decided([dead(), unborn])
    assert ([pair for pair, _ in asked(beside)], beside.waiting) == ([frozenset((name, "d"))], (name,))
    over = decided([dead(), unborn], person("deny-death", "d"))
    assert (asked(over), over.waiting, over.passed_over) == ([], (), ((name, "scope.stillbirth"),))


UNDER_ANOTHER_NAME = {"routine": False, "form": "deleted", "child": ANOTHER_CHILD}
ONE_NUMBER = [(frozenset("ad"), ("identifier-only",))]


def test_a_death_taken_back_under_its_number_and_another_name_is_asked_about() -> None:
    outcome = decided([dead(), alive(**UNDER_ANOTHER_NAME)])
    assert (asked(outcome), outcome.waiting, outcome.cases[0].routing.state) == (ONE_NUMBER, ("a",), "open")


def test_so_is_one_taken_back_under_the_sources_own_number() -> None:
    own = {"local_ref": "H1"}
    taken_back = alive(source=own, **{**UNDER_ANOTHER_NAME, "child": {**ANOTHER_CHILD, "nhs_number": None}})
    assert asked(decided([dead(source=own, child=NO_NUMBER), taken_back])) == ONE_NUMBER
    without = alive(**{**UNDER_ANOTHER_NAME, "child": {**ANOTHER_CHILD, "nhs_number": None}})
    assert asked(decided([dead(child=NO_NUMBER), without])) == []


def test_another_sources_retraction_under_its_number_and_another_name_waits_unasked() -> None:
    outcome = decided([dead(), alive(partner="RXX", **UNDER_ANOTHER_NAME)])
    assert (asked(outcome), outcome.waiting) == ([], ("a",))


def test_a_person_who_has_answered_is_not_asked_again() -> None:
    told = [dead(), alive(**UNDER_ANOTHER_NAME)]
    parted = decided(told, person("unlink", "a", "d"))
    assert (asked(parted), parted.waiting, parted.cases[0].routing.state) == ([], ("a",), "open")
    joined = decided(told, person("link", "a", "d"))
    assert (asked(joined), joined.waiting, joined.cases[0].routing.state) == ([], (), "withdrawn")


def test_an_answer_about_others_settles_nothing() -> None:
    other = dead("x", child={"nhs_number": ANOTHER, **ANOTHER_CHILD, "family_name": "Oak"})
    told = [dead(), other, alive(**UNDER_ANOTHER_NAME)]
    assert asked(decided(told, person("unlink", "d", "x"))) == ONE_NUMBER
    assert asked(decided(told, person("confirm-death", "d"))) == ONE_NUMBER


def test_each_retraction_is_asked_about_once_and_of_a_report_alone() -> None:
    again = notice("d2", at="2026-03-09T07:00", death={"died_at": "2026-03-09"}, child=HOME)
    assert asked(decided([dead(), again, alive(**UNDER_ANOTHER_NAME)])) == ONE_NUMBER
