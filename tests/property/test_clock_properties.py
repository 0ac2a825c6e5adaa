"""Deadlines are in order: a later death is never due sooner, waiting brings none nearer, a pause never shortens."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from integration_engine.record.dates import LONDON
from integration_engine.routing.answer import Routing
from integration_engine.routing.reference import bundled
from integration_engine.routing.switches import Switches
from tests.property.children import NOW, decided, moments, notice, only_case, routed

HOME = {"addresses": [{"lad_code": "E06000038", "use": "home"}]}
limits = st.sampled_from(["24h", "48h", "next-working-day"])
instants = moments()
spans = st.one_of(
    st.timedeltas(timedelta(0), timedelta(days=400)),
    st.sampled_from([timedelta(minutes=1), timedelta(hours=1), timedelta(hours=2), timedelta(days=1)]),
)


def shown(moment: datetime) -> str:
    """An instant as a partner in London writes it."""
    return moment.astimezone(LONDON).isoformat(timespec="minutes")


def dead(died: datetime, switches: Switches = Switches(), now: datetime = NOW, **parts: Any) -> Routing:
    return routed(HOME, {"died_at": shown(died)}, switches=switches, now=now, **parts)


@given(instants, spans, limits)
def test_a_later_death_never_has_an_earlier_deadline(died: datetime, later: timedelta, limit: Any) -> None:
    switches = Switches(cdop_due=limit)
    first, second = dead(died, switches), dead(died + later, switches)
    for clock in ("ncmd_due", "cdop_due"):
        assert first.clocks[clock] <= second.clocks[clock]
    # Months are clipped to their last day, so that two deaths can share a day but never change places.
    assert first.clocks["cdrm_due"].date() <= second.clocks["cdrm_due"].date()


@given(instants, spans)
def test_what_starts_later_is_due_no_sooner(began: datetime, later: timedelta) -> None:
    def due(at: datetime) -> dict[str, datetime]:
        told = notice(
            "n", at=shown(at), child={**HOME, "looked_after": {"is": True, "local_authority": "E08000012"}},
            death={"died_at": "2019-10-01", "expected": "unexpected", "registered_at": shown(at)[:10]},
            coroner={"stage": "TRANSFERRED_OUT", "stage_at": shown(at), "concluded_at": shown(at)},
        )  # fmt: skip
        return dict(only_case(decided([told])).routing.clocks)

    first, second = due(began), due(began + later)
    names = {"jar_due", "s16c_due", "registrar_due", "coroner_transfer_due", "cdop_review_due"}
    assert names <= first.keys() == second.keys()
    assert all(first[name] <= second[name] for name in names)


@given(instants)
def test_every_clock_of_a_death_lies_after_it_and_shows_londons_time(died: datetime) -> None:
    case = routed(HOME, {"died_at": shown(died), "registered_at": shown(died)[:10]})
    assert (case.clocks["ncmd_due"].astimezone(UTC) - died) == timedelta(hours=48)
    assert (case.clocks["cdop_due"].astimezone(UTC) - died) == timedelta(hours=24)
    for due in case.clocks.values():
        assert due > died
        assert due.utcoffset() == due.astimezone(ZoneInfo("Europe/London")).utcoffset()


def investigation(
    ordered: datetime | None, found: datetime | None, opened: datetime | None, ended: datetime | None
) -> dict[str, Any]:
    post_mortem = {"ordered_at": ordered and shown(ordered), "at": found and shown(found)}
    told = {"inquest_opened_at": opened and shown(opened), "concluded_at": ended and shown(ended)}
    return {"post_mortem": {k: v for k, v in post_mortem.items() if v}, **{k: v for k, v in told.items() if v}}


maybe = st.one_of(st.none(), st.timedeltas(timedelta(days=-2), timedelta(days=500)))


@given(instants, maybe, maybe, maybe, maybe, spans)
@example(datetime(2026, 3, 9, 4, 10, tzinfo=UTC), timedelta(hours=-3), timedelta(hours=-2), None, None, timedelta(0))
@example(datetime(2026, 3, 9, 4, 10, tzinfo=UTC), timedelta(days=9), timedelta(days=3), None, None, timedelta(0))
def test_a_pause_never_brings_the_review_meeting_nearer_and_waiting_never_moves_it_back(
    died: datetime, ordered: timedelta | None, found: timedelta | None, opened: timedelta | None, ended: timedelta | None,
    waited: timedelta,
) -> None:  # fmt: skip
    at = [None if after is None else died + after for after in (ordered, found, opened, ended)]
    plain = dead(died).clocks["cdrm_due"]
    some_now, later_now = NOW - timedelta(days=600), NOW - timedelta(days=600) + waited
    before = dead(died, now=some_now, coroner=investigation(*at)).clocks.get("cdrm_due")
    after = dead(died, now=later_now, coroner=investigation(*at)).clocks.get("cdrm_due")
    assert before is None or before >= plain
    assert after is None or after >= plain
    if before and after:
        assert after >= before
    # One pause more, of two, is never sooner than either alone. (A coroner who is done awaits no post-mortem either.)
    for alone in (investigation(at[0], at[1], None, at[3]), investigation(None, None, at[2], at[3])):
        one = dead(died, now=later_now, coroner=alone).clocks.get("cdrm_due")
        assert after is None or (one is not None and after >= one)


@given(instants, st.timedeltas(timedelta(0), timedelta(days=80)), st.timedeltas(timedelta(0), timedelta(days=300)))
def test_a_post_mortem_that_holds_the_meeting_up_moves_it_by_exactly_as_long(
    died: datetime, after: timedelta, lasted: timedelta
) -> None:
    ordered = (died + after).replace(second=0, microsecond=0)
    found = (ordered + lasted).replace(second=0, microsecond=0)
    assume(found < NOW)
    plain, paused = dead(died), dead(died, coroner=investigation(ordered, found, None, None))
    moved = paused.clocks["cdrm_due"].astimezone(UTC) - plain.clocks["cdrm_due"].astimezone(UTC)
    assert moved == found - ordered


@given(instants, spans)
def test_elapsed_time_moves_no_clock_that_is_not_paused(died: datetime, waited: timedelta) -> None:
    assert dead(died, now=NOW).clocks == dead(died, now=NOW + waited).clocks


# The bank holidays of England, by hand: Easter by the anonymous Gregorian computus, fixed days with their substitutes, and
# the one-off changes that proclamations made (gov.uk/bank-holidays).


def easter(year: int) -> date:
    a, b, c = year % 19, year // 100, year % 100
    d, e, f = b // 4, b % 4, (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = c // 4, c % 4
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def monday(year: int, month: int, last: bool = False) -> date:
    days = [date(year, month, day) for day in range(1, 32) if month != 6 or day < 31]
    mondays = [day for day in days if day.weekday() == 0]
    return mondays[-1] if last else mondays[0]


def bank_holidays(year: int) -> set[date]:
    found = {easter(year) - timedelta(days=2), easter(year) + timedelta(days=1)}
    found |= {monday(year, 5), monday(year, 5, last=True), monday(year, 8, last=True)}
    for fixed in (date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)):
        day = fixed
        while day.weekday() > 4 or day in found:
            day += timedelta(days=1)
        found.add(day)
    if year == 2020:
        found = found - {date(2020, 5, 4)} | {date(2020, 5, 8)}
    if year == 2022:
        found = found - {date(2022, 5, 30)} | {date(2022, 6, 2), date(2022, 6, 3), date(2022, 9, 19)}
    if year == 2023:
        found |= {date(2023, 5, 8)}
    return found


@pytest.mark.parametrize("year", range(2019, 2031))
def test_offices_work_on_every_weekday_that_is_no_bank_holiday(year: int) -> None:
    day, off = date(year, 1, 1), bank_holidays(year)
    while day.year == year:
        assert bundled().working_days.is_working(day) == (day.weekday() < 5 and day not in off), day
        day += timedelta(days=1)


@given(st.dates(date(2019, 10, 1), date(2030, 11, 1)), st.integers(0, 30))
def test_working_days_are_what_a_calendar_on_the_wall_says(start: date, count: int) -> None:
    left, day = count, start
    while left:
        day += timedelta(days=1)
        if day.weekday() < 5 and day not in bank_holidays(day.year):
            left -= 1
    assert bundled().working_days.after(start, count) == day


@given(instants)
def test_five_working_days_end_with_the_fifth_day_in_london(told: datetime) -> None:
    case = only_case(
        decided(
            [notice("n", at=shown(told), child={**HOME, "looked_after": {"is": True}}, death={"died_at": "2019-10-01"})]
        )
    )
    left, day = 5, told.astimezone(LONDON).date()
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5 and day not in bank_holidays(day.year)
    assert case.routing.clocks["s16c_due"] == datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=LONDON)
