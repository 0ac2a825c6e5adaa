"""Under 18 on the day of death, or not."""

import pytest

from integration_engine.record.account import Age
from integration_engine.record.age import AgeRules, child_or_adult, doubtful


@pytest.mark.parametrize(
    ("born", "died", "answer"),
    [
        ("2008-05-10", "2026-05-09T23:50+01:00", "child"),
        ("2008-05-10", "2026-05-10T00:05+01:00", "adult"),
        ("2008-02-29", "2026-02-28", "child"),
        ("2008-02-29", "2026-03-01", "adult"),
        ("2008-05", "2026-05-15", "either"),
        ("2008-05", "2026-04-30", "child"),
        ("2007", "2026-01-01", "adult"),
        (None, "2026-01-01", "unknown"),
        ("2008-05-10", None, "unknown"),
        ("2026-03-10", "2026-03-09T23:50", "either"),
        ("2026-03-09", "2026-03-09T23:50", "child"),
        ("2026-04", "2026-03-09", "either"),
        ("2026-03", "2026-03-09", "child"),
    ],
)
def test_the_eighteenth_birthday_decides(born: str | None, died: str | None, answer: str) -> None:
    assert child_or_adult(born, died) == answer


def test_the_leap_day_birthday_is_a_switch() -> None:
    assert child_or_adult("2008-02-29", "2026-02-28", rules=AgeRules(leap_birthday_in_march=False)) == "adult"


@pytest.mark.parametrize(
    ("value", "unit", "answer"),
    [
        (17, "years", "child"),
        (18, "years", "adult"),
        (3, "days", "child"),
        (40, "minutes", "child"),
        (215, "months", "child"),
        (216, "months", "adult"),
        (938, "weeks", "child"),
        (939, "weeks", "adult"),
        (6573, "days", "child"),
        (6574, "days", "adult"),
        (157_775, "hours", "child"),
        (157_776, "hours", "adult"),
        (9_466_559, "minutes", "child"),
        (9_466_560, "minutes", "adult"),
    ],
)
def test_a_stated_age_decides_where_no_birth_date_does(value: int, unit: str, answer: str) -> None:
    age = Age.model_validate({"value": value, "unit": unit})
    assert child_or_adult(None, "2026-01-01", age) == answer
    assert child_or_adult("2008", "2026-06-01", age) == answer


@pytest.mark.parametrize(
    ("born", "years", "answer"), [("2010-01-01", 19, "child"), ("2000-01-01", 3, "adult"), ("2010", 19, "child")]
)
def test_a_birth_date_that_tells_decides_whatever_age_is_stated(born: str, years: int, answer: str) -> None:
    assert child_or_adult(born, "2026-01-01", Age(value=years, unit="years")) == answer


@pytest.mark.parametrize(
    ("died", "answer"),
    [("2026-05-09", "child"), ("2026-05-10", "either"), ("2026-08-07", "either"), ("2026-08-08", "adult")],
)
def test_where_the_day_of_the_event_decides_who_came_of_age_soon_before_the_death_may_have_been_a_child(
    died: str, answer: str
) -> None:
    assert child_or_adult("2008-05-10", died, rules=AgeRules(days_before=90)) == answer


@pytest.mark.parametrize(
    ("value", "unit"), [(16, "years"), (200, "months"), (5, "weeks"), (3, "days"), (2, "hours"), (40, "minutes")]
)
def test_a_birth_date_of_an_adult_beside_a_childs_age_is_doubted(value: int, unit: str) -> None:
    age = Age.model_validate({"value": value, "unit": unit})
    assert doubtful("2007-03-01", "2026-03-09", age) == "age-disagrees"
    assert doubtful("2007-03-01", "2026-03-09", age.model_copy(update={"estimated": True})) is None


@pytest.mark.parametrize(
    ("born", "years", "why"),
    [
        pytest.param("2008-03-01", 17, "the birthday of this month wasn't counted", id="a slip"),
        pytest.param("2020-03-01", 1, "a child by either", id="a child"),
        pytest.param("1980-03-01", 30, "an adult by either", id="an adult"),
        pytest.param(None, 3, "there is none", id="no birth date"),
    ],
)
def test_a_birth_date_is_believed_where_no_child_would_be_lost_by_it(born: str | None, years: int, why: str) -> None:
    assert doubtful(born, "2026-03-09", Age(value=years, unit="years")) is None, why


def test_nobody_is_believed_to_have_lived_longer_than_anybody_ever_has() -> None:
    assert doubtful("1900-01-01", "2026-03-09") == "birth-date-impossible"
    assert doubtful("1904-01-01", "2026-03-09") is None
