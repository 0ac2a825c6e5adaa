"""Whose eyes a case or question is for, by role, panel and restriction."""

from datetime import UTC, datetime

import pytest

from integration_engine.console.sight import may_answer, may_see, sees_details
from integration_engine.security.identity import Principal, Role
from integration_engine.store.reviews import LINKAGE
from integration_engine.store.waiting import Question, WaitingCase

NOW = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)


def somebody(role: Role, *panels: str) -> Principal:
    return Principal("jane", role, organisations=frozenset(panels))


OPERATOR, RESTRICTED = somebody("operator"), somebody("restricted")
BERKSHIRES = somebody("coordinator", "BERKS")
DOCTOR = somebody("designated-doctor", "BERKS", "OXON")


def case(
    lead: str | None = "BERKS", rule: str = "scope.child", state: str = "open", *, restricted: bool = False
) -> WaitingCase:
    return WaitingCase("c-1", state, rule, lead, restricted, NOW)


def question(kind: str, *cases: WaitingCase) -> Question:
    return Question("r-1", kind, "n-1", "n-2", None, NOW, cases, {})


ORDINARY, ELSEWHERE, NOBODYS = case(), case("LEEDS"), case(None, "held.no-residence", "held")
KEPT_BACK = case(rule="held.restricted", state="held", restricted=True)
ENDED_UNRELEASED = case(rule="scope.retracted", state="withdrawn", restricted=True)
RELEASED = case(restricted=True)


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        pytest.param(OPERATOR, {"ordinary", "elsewhere", "nobody's"}, id="an operator"),
        pytest.param(BERKSHIRES, {"ordinary", "released"}, id="a coordinator"),
        pytest.param(DOCTOR, {"ordinary", "released"}, id="a designated doctor"),
        pytest.param(somebody("coordinator"), set(), id="a coordinator of no panel"),
        pytest.param(
            RESTRICTED,
            {"ordinary", "elsewhere", "nobody's", "kept back", "ended unreleased", "released"},
            id="the restricted role",
        ),
    ],
)
def test_a_case_is_seen_by_those_it_is_for(who: Principal, sees: set[str]) -> None:
    cases = {
        "ordinary": ORDINARY,
        "elsewhere": ELSEWHERE,
        "nobody's": NOBODYS,
        "kept back": KEPT_BACK,
        "ended unreleased": ENDED_UNRELEASED,
        "released": RELEASED,
    }
    assert {name for name, one in cases.items() if may_see(who, one)} == sees


@pytest.mark.parametrize(
    ("cases", "coordinator", "doctor", "restricted"),
    [
        pytest.param((ORDINARY, ORDINARY), True, True, True, id="both of one panel"),
        pytest.param((ORDINARY, case("OXON")), False, True, True, id="of two panels"),
        pytest.param((ORDINARY, ELSEWHERE), False, False, True, id="one of another panel"),
        pytest.param((ORDINARY, RELEASED), False, False, True, id="one of a restricted child, released"),
        pytest.param((), False, False, False, id="of no case any more"),
    ],
)
def test_whether_two_are_one_child_is_asked_of_who_may_see_both(
    cases: tuple[WaitingCase, ...], coordinator: bool, doctor: bool, restricted: bool
) -> None:
    asked = question(LINKAGE, *cases)
    assert [may_answer(who, asked) for who in (BERKSHIRES, DOCTOR, RESTRICTED)] == [coordinator, doctor, restricted]


def test_a_transfer_of_a_released_restricted_case_is_its_panels_to_answer() -> None:
    assert may_answer(BERKSHIRES, question("transfer", RELEASED)) is True
    assert may_answer(BERKSHIRES, question("transfer", KEPT_BACK)) is False


def test_an_operator_sees_codes_and_no_child() -> None:
    assert [sees_details(who) for who in (OPERATOR, BERKSHIRES, DOCTOR, RESTRICTED)] == [False, True, True, True]
