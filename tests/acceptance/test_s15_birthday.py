"""S15: the eighteenth birthday, to the minute, and the leap day."""

from typing import Any

import pytest

from integration_engine.synthetic import coroner
from tests.acceptance.conftest import Try
from tests.acceptance.stories.s15_birthday import (
    LEAP_DAY,
    TELLINGS,
    born,
    by_coroner,
    by_force,
    by_notification,
    by_ward,
)
from tests.acceptance.story import only

NOW = ("--at", "2026-06-01T09:00:00Z")
BY_EVENT = ("--switch", "age_on=event")
IN_FEBRUARY = ("--switch", "leap_birthday_in_march=false")


def is_child(answer: dict[str, Any]) -> bool:
    """Whether it made a case; an adult's death leaves a count by its rule and nothing else."""
    if answer["cases"]:
        case = only(answer["cases"])
        assert (case["state"], case["rule"], answer["passed_over"]) == ("open", "scope.child", [])
        return True
    (row,) = answer["passed_over"]
    assert row["reason"] == "scope.adult"
    assert (answer["waiting"], answer["refused"], answer["reviews"]) == ([], [], [])
    return False


@pytest.mark.parametrize("told", TELLINGS)
@pytest.mark.parametrize(
    ("birth", "died", "child"),
    [
        ("2008-05-10", "2026-05-09T23:50", True),
        ("2008-05-10", "2026-05-09T23:59", True),
        ("2008-05-10", "2026-05-10T00:05", False),
        ("2008-05-10", "2026-05-10T12:00", False),
        ("2008-05-11", "2026-05-10T23:59", True),
        (LEAP_DAY, "2026-02-28T23:59", True),
        (LEAP_DAY, "2026-03-01T00:01", False),
    ],
)
def test_the_day_of_death_in_london_decides_whoever_tells_it(
    cdr_try: Try, told: str, birth: str, died: str, child: bool
) -> None:
    assert is_child(cdr_try(TELLINGS[told](birth, died), *NOW)) is child


@pytest.mark.parametrize(("utc", "child"), [("2026-05-09T22:50:00Z", True), ("2026-05-09T23:05:00Z", False)])
def test_an_instant_in_universal_time_is_a_day_in_london(cdr_try: Try, utc: str, child: bool) -> None:
    (name, message), *_ = by_notification("2008-05-10", "2026-05-09T23:50").items()
    message = message.replace(b"2026-05-09T23:50:00+01:00", utc.encode())
    assert is_child(cdr_try({name: message}, *NOW)) is child


@pytest.mark.parametrize("told", ["ward", "notification", "coroner"])
@pytest.mark.parametrize(("day", "child"), [("2026-05-09", True), ("2026-05-10", False)])
def test_the_date_alone_is_enough(cdr_try: Try, told: str, day: str, child: bool) -> None:
    messages = TELLINGS[told]("2008-05-10", f"{day}T12:00")
    cut = {
        name: body.replace(
            b"|" + day.replace("-", "").encode() + b"1200|Y", b"|" + day.replace("-", "").encode() + b"|Y"
        )
        .replace(f"{day}T12:00:00+01:00".encode(), day.encode())
        .replace(b"12:00", b"")
        for name, body in messages.items()
    }
    assert is_child(cdr_try(cut, *NOW)) is child


def test_a_collapse_on_the_eve_and_a_death_on_the_birthday_is_an_adults(cdr_try: Try) -> None:
    messages = by_force("2008-05-10", "2026-05-10T00:05", happened="2026-05-09T19:30")
    assert not is_child(cdr_try(messages, *NOW))
    assert is_child(cdr_try(messages, *NOW, *BY_EVENT))


def test_a_collapse_on_the_birthday_itself_is_an_adults_either_way(cdr_try: Try) -> None:
    messages = by_force("2008-05-10", "2026-05-10T09:05", happened="2026-05-10T00:30")
    assert not is_child(cdr_try(messages, *NOW))
    # Where the event decides, a message of so young an adult is looked at whole before it is put aside.
    case = only(cdr_try(messages, *NOW, *BY_EVENT)["cases"])
    assert (case["state"], case["rule"], case["clocks"]) == ("out-of-scope", "scope.adult", {})


@pytest.mark.parametrize("told", TELLINGS)
def test_born_on_the_leap_day_is_eighteen_on_the_first_of_march_or_by_switch_the_day_before(
    cdr_try: Try, told: str
) -> None:
    eve, day = TELLINGS[told](LEAP_DAY, "2026-02-27T12:00"), TELLINGS[told](LEAP_DAY, "2026-02-28T12:00")
    assert is_child(cdr_try(eve, *NOW))
    assert is_child(cdr_try(day, *NOW))
    assert is_child(cdr_try(eve, *NOW, *IN_FEBRUARY))
    assert not is_child(cdr_try(day, *NOW, *IN_FEBRUARY))


def test_the_switches_may_stand_in_the_environment(cdr_try: Try, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDR_SWITCHES__LEAP_BIRTHDAY_IN_MARCH", "false")
    assert not is_child(cdr_try(by_ward(LEAP_DAY, "2026-02-28T12:00"), *NOW))


@pytest.mark.parametrize(
    ("birth", "rule"),
    [("2008-05", "scope.age-unconfirmed"), ("2008", "scope.age-unconfirmed"), ("2008-06", "scope.child")],
)
def test_a_birth_date_that_spans_the_birthday_is_taken_as_a_childs_until_confirmed(
    cdr_try: Try, birth: str, rule: str
) -> None:
    case = only(cdr_try(by_ward(birth, "2026-05-09T23:50"), *NOW)["cases"])
    assert (case["state"], case["rule"]) == ("open", rule)
    assert ("age-unconfirmed" in case["flags"]) is (rule != "scope.child")


@pytest.mark.parametrize(("age", "child"), [("17", True), ("18", False)])
def test_an_age_in_years_serves_where_there_is_no_birth_date(cdr_try: Try, age: str, child: bool) -> None:
    row = coroner.row(
        "oxfordshire", "00600-2026", "REFERRED", "2026-05-11", born(""), date_of_death="2026-05-09", age=age,
        age_unit="years",
    )  # fmt: skip
    assert is_child(cdr_try({"m.csv": coroner.upload([row])}, *NOW)) is child


def test_one_partner_whose_birth_date_makes_a_child_is_enough_to_open_the_case(cdr_try: Try) -> None:
    """The coroner's birth date is a year too early: passed over by itself; the ward's report opens the case."""
    ward = by_ward("2008-05-11", "2026-05-10T04:00")
    answer = cdr_try(ward | by_coroner("2007-05-11", "2026-05-10T04:00"), *NOW)
    assert only(answer["cases"])["from"] == ["m.hl7#0"]
    assert [row["reason"] for row in answer["passed_over"]] == ["scope.adult"]
