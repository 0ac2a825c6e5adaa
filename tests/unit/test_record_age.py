"""Under 18 on the day of death, or not."""

import pytest

from integration_engine.record.account import Age
from integration_engine.record.age import AgeRules, child_or_adult


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
        (216, "months", "adult"),
    ],
)
def test_a_stated_age_decides_where_no_birth_date_does(value: int, unit: str, answer: str) -> None:
    age = Age.model_validate({"value": value, "unit": unit})
    assert child_or_adult(None, "2026-01-01", age) == answer
    assert child_or_adult("2008", "2026-06-01", age) == answer
