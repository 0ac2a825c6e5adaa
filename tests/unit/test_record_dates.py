"""Partial dates keep what is known, and nothing more."""

import time
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_engine.record.dates import (
    LONDON,
    Precision,
    canonical,
    compatible,
    day_of,
    earliest,
    latest,
    precision,
)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("2026", Precision.YEAR),
        ("2026-03", Precision.MONTH),
        ("2026-03-09", Precision.DAY),
        ("2026-03-09T04:10", Precision.MINUTE),
        ("2026-03-09T04:10:30", Precision.SECOND),
    ],
)
def test_a_partial_keeps_its_precision(text: str, known: Precision) -> None:
    assert precision(canonical(text)) == known
    assert canonical(text).startswith(text)


def test_a_time_without_zone_is_londons() -> None:
    assert canonical("2026-06-01T10:00") == "2026-06-01T10:00+01:00"
    assert canonical("2026-06-01T09:00Z") == "2026-06-01T10:00+01:00"


def test_the_repeated_hour_of_autumn_stays_two_hours() -> None:
    first, second = canonical("2026-10-25T01:30+01:00"), canonical("2026-10-25T01:30+00:00")
    assert earliest(second).timestamp() - earliest(first).timestamp() == 3600


@pytest.mark.parametrize("text", ["", "26", "2026-13", "2026-02-30", "2026-03-09T25:00", "09/03/2026", "2026-3-9"])
def test_what_is_no_date_is_refused_without_its_value(text: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is looked at below
        canonical(text)
    assert not text or text not in str(caught.value)


def test_a_date_agrees_with_any_time_of_its_day_and_no_other() -> None:
    assert compatible("2026-03-09", canonical("2026-03-09T23:59"))
    assert not compatible("2026-03-09", canonical("2026-03-10T00:00"))
    assert compatible("2026-03", "2026-03-31")


@given(st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1)))
def test_a_canonical_time_is_its_own_canonical_and_the_same_instant(naive: datetime) -> None:
    moment = naive.replace(tzinfo=UTC, microsecond=0)
    text = canonical(moment.isoformat())
    assert canonical(text) == text
    assert earliest(text).timestamp() == moment.timestamp()
    assert earliest(day_of(text)) <= moment <= latest(day_of(text))


@given(st.dates(datetime(1990, 1, 1).date(), datetime(2060, 1, 1).date()))
def test_a_day_in_london_ends_one_second_before_the_next(day: date) -> None:
    end = latest(day.isoformat())
    assert end.astimezone(LONDON).date() == day
    assert end.timestamp() + 1 == earliest(datetime.fromordinal(day.toordinal() + 1).date().isoformat()).timestamp()


@pytest.mark.parametrize("where", ["America/St_Johns", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_a_time_without_a_zone_is_londons_wherever_the_machine_stands(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", where)
    time.tzset()
    try:
        told = f"2026-07-09T23:50:{len(where):02}"
        assert (day_of(told), earliest(told), latest(told)) == (
            "2026-07-09",
            datetime.fromisoformat(f"{told}+01:00"),
            datetime.fromisoformat(f"{told}+01:00"),
        )
        assert canonical(told) == f"{told}+01:00"
    finally:
        monkeypatch.undo()
        time.tzset()
