"""By when: deadlines over clock changes, bank holidays, vague dates, pauses and everything that ends a clock."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from integration_engine.record import dates
from integration_engine.record.notice import DeathNotice
from integration_engine.record.record import ChildDeathRecord
from integration_engine.record.standing import Standing
from integration_engine.routing.answer import Routing
from integration_engine.routing.periods import elapsed, months_later, weeks_later
from integration_engine.routing.reference import bundled
from integration_engine.routing.route import Switches, route


def at(text: str) -> datetime:
    return dates.earliest(dates.canonical(text))


NOW = datetime(2027, 6, 1, 9, tzinfo=UTC)


def told(name: str, at: str, **parts: Any) -> DeathNotice:
    source = {"kind": "police", "partner": "E23000038"}
    base = {"id": name, "submission": name, "source": source, "stated_at": at, "received_at": NOW, "profile": "test"}
    return DeathNotice.model_validate(base | parts)


def clocks(died_at: str | None, *notices: DeathNotice, switches: Switches = Switches(), **parts: Any) -> dict[str, str]:
    return {name: due.isoformat() for name, due in routed(died_at, *notices, switches=switches, **parts).clocks.items()}


def routed(died_at: str | None, *notices: DeathNotice, switches: Switches = Switches(), **parts: Any) -> Routing:
    child = {"birth_date": "2015-01-01", "addresses": [{"lad_code": "E06000038", "use": "home"}]} | parts.pop(
        "child", {}
    )
    death = ({"died_at": died_at} if died_at else {}) | parts.pop("death", {})
    record = ChildDeathRecord.model_validate({"child": child, "death": death, **parts})
    return route(
        record, notices, standing=Standing("dead"), decided={}, reference=bundled(), now=NOW, switches=switches
    )


def test_hours_are_real_hours_over_both_clock_changes() -> None:
    assert elapsed(at("2026-03-28T23:30"), 48).isoformat() == "2026-03-31T00:30:00+01:00"
    assert elapsed(at("2026-10-24T23:30"), 48).isoformat() == "2026-10-26T22:30:00+00:00"


def test_the_repeated_hour_of_autumn_is_two_hours() -> None:
    first, second = at("2026-10-25T01:30+01:00"), at("2026-10-25T01:30+00:00")
    assert elapsed(first, 48).isoformat() == "2026-10-27T00:30:00+00:00"
    assert elapsed(second, 48).isoformat() == "2026-10-27T01:30:00+00:00"


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-01-31T10:00", "2026-04-30T10:00:00+01:00"),
        ("2025-11-30T10:00", "2026-02-28T10:00:00+00:00"),
        ("2027-11-30T10:00", "2028-02-29T10:00:00+00:00"),
        ("2026-10-15T23:59", "2027-01-15T23:59:00+00:00"),
        # 28 March 2027 is the day the clocks go forward: 01:30 doesn't exist and becomes 02:30.
        ("2026-12-28T01:30", "2027-03-28T02:30:00+01:00"),
    ],
)
def test_months_end_at_the_same_local_time_clipped_to_the_months_end(start: str, due: str) -> None:
    assert months_later(at(start), 3).isoformat() == due


def test_weeks_end_at_the_same_local_time() -> None:
    assert weeks_later(at("2026-03-01T10:00"), 6).isoformat() == "2026-04-12T10:00:00+01:00"


@pytest.mark.parametrize(
    ("died_at", "due", "flag"),
    [
        ("2026-03-28", "2026-03-30T01:00:00+01:00", "date-only-death"),
        ("2026-02", "2026-02-03T00:00:00+00:00", "month-only-death"),
        ("2026-02-01T00:01", "2026-02-03T00:01:00+00:00", None),
    ],
)
def test_a_vague_death_starts_the_clock_at_the_earliest_it_can_be(died_at: str, due: str, flag: str | None) -> None:
    case = routed(died_at)
    assert case.clocks["ncmd_due"].isoformat() == due
    assert {"date-only-death", "month-only-death"} & set(case.flags) == ({flag} if flag else set())


def test_without_a_date_of_death_the_day_found_or_first_told_starts_the_clock() -> None:
    assert clocks(None, death={"found_at": "2026-03-01T08:00"})["ncmd_due"] == "2026-03-03T08:00:00+00:00"
    assert (
        clocks(None, told("b", "2026-03-02T09:00"), told("a", "2026-03-01T09:00"))["ncmd_due"]
        == "2026-03-03T09:00:00+00:00"
    )


@pytest.mark.parametrize(
    ("limit", "due"),
    [
        ("24h", "2026-04-03T20:00:00+01:00"),
        ("48h", "2026-04-04T20:00:00+01:00"),
        # 2 April 2026 is Maundy Thursday.
        ("next-working-day", "2026-04-07T23:59:59+01:00"),
    ],
)
def test_each_panel_may_set_its_own_limit(limit: Any, due: str) -> None:
    assert clocks("2026-04-02T20:00", switches=Switches(cdop_due=limit))["cdop_due"] == due
    assert clocks("2026-04-02T20:00", switches=Switches(cdop_due_of={"BERKS": limit}))["cdop_due"] == due
    assert (
        clocks("2026-04-02T20:00", switches=Switches(cdop_due_of={"OXON": limit}))["cdop_due"]
        == "2026-04-03T20:00:00+01:00"
    )


def test_a_limit_that_is_none_of_the_three_is_refused() -> None:
    with pytest.raises(ValueError, match="next-working-day"):
        Switches(cdop_due="soon")  # type: ignore[arg-type]  # the wrong value is the point


def test_the_response_is_due_from_the_first_notice_that_meets_a_trigger() -> None:
    fire = {"type": "fire"}
    plain = told("a", "2026-03-01T09:00")
    first = told("b", "2026-03-01T11:00", death={"event": fire})
    second = told("c", "2026-03-01T12:00", death={"event": fire})
    case: dict[str, Any] = {"death": {"event": fire}}
    assert clocks("2026-03-01T08:00", plain, second, first, **case)["jar_due"] == "2026-03-01T15:00:00+00:00"
    sooner = clocks("2026-03-01T08:00", first, switches=Switches(jar_attendance_hours=2), **case)
    assert sooner["jar_due"] == "2026-03-01T13:00:00+00:00"
    started = clocks("2026-03-01T08:00", first, process={"jar_started_at": "2026-03-01T11:30"}, **case)
    assert "jar_due" not in started
    assert "jar_due" not in clocks("2026-03-01T08:00", plain)


def test_a_record_that_stands_alone_counts_from_the_death_whatever_the_time_is_now() -> None:
    assert clocks("2026-03-01T08:00", death={"event": {"type": "fire"}})["jar_due"] == "2026-03-01T12:00:00+00:00"


def test_a_serious_incident_notice_is_due_from_when_abuse_or_neglect_was_first_stated() -> None:
    # 25 May 2026 is the spring bank holiday.
    stated = told("b", "2026-05-20T11:00", death={"abuse_or_neglect": True})
    due = clocks("2026-05-18T08:00", told("a", "2026-05-18T09:00"), stated, death={"abuse_or_neglect": True})
    assert due["s16c_due"] == "2026-05-28T23:59:59+01:00"
    assert "s16c_due" not in clocks("2026-05-18T08:00")


def test_a_transfer_is_counted_from_when_it_was_sent_else_from_when_it_was_taken() -> None:
    sent = told("a", "2026-03-02T09:00", coroner={"stage": "TRANSFERRED_OUT", "stage_at": "2026-03-02"})
    taken = told("b", "2026-03-05T09:00", coroner={"stage": "TRANSFERRED_IN", "stage_at": "2026-03-05"})
    assert clocks("2026-03-01T08:00", taken, sent)["coroner_transfer_due"] == "2026-03-09T23:59:59+00:00"
    assert clocks("2026-03-01T08:00", taken)["coroner_transfer_due"] == "2026-03-12T23:59:59+00:00"


def test_the_review_meeting_waits_for_the_post_mortem_and_the_inquest() -> None:
    died = "2026-01-10T10:00"
    assert clocks(died)["cdrm_due"] == "2026-04-10T10:00:00+01:00"
    ten_days = {"post_mortem": {"ordered_at": "2026-01-12T10:00", "at": "2026-01-22T10:00"}}
    assert clocks(died, coroner=ten_days)["cdrm_due"] == "2026-04-20T10:00:00+01:00"
    open_inquest = ten_days | {"inquest_opened_at": "2026-02-01T10:00"}
    assert "cdrm_due" not in clocks(died, coroner=open_inquest)
    both = open_inquest | {"concluded_at": "2026-02-11T10:00"}
    assert clocks(died, coroner=both)["cdrm_due"] == "2026-04-30T10:00:00+01:00"
    inquest = {"inquest_opened_at": "2026-01-15T10:00", "concluded_at": "2026-01-25T10:00"}
    overlapping = {"post_mortem": ten_days["post_mortem"], **inquest}
    assert clocks(died, coroner=overlapping)["cdrm_due"] == "2026-04-23T10:00:00+01:00"
    assert "cdrm_due" not in clocks(died, process={"pm_pause": True})
    assert (
        clocks(died, coroner=open_inquest, process={"inquest_pause": False})["cdrm_due"] == "2026-04-20T10:00:00+01:00"
    )
    assert "cdrm_due" not in clocks(died, process={"cdrm_held_at": "2026-02-01"})


def test_the_panel_has_six_weeks_from_the_later_of_report_and_conclusion() -> None:
    process = {"cdrm_report_at": "2026-05-01T10:00"}
    concluded = {"inquest_opened_at": "2026-02-01", "concluded_at": "2026-06-01T10:00"}
    assert clocks("2026-01-10", process=process)["cdop_review_due"] == "2026-06-12T10:00:00+01:00"
    assert clocks("2026-01-10", process=process, coroner=concluded)["cdop_review_due"] == "2026-07-13T10:00:00+01:00"
    assert "cdop_review_due" not in clocks("2026-01-10", process=process, coroner={"inquest_opened_at": "2026-02-01"})
    assert "cdop_review_due" not in clocks("2026-01-10", process=process | {"cdop_reviewed_at": "2026-06-01"})
    assert "cdop_review_due" not in clocks("2026-01-10")


def test_working_days_leave_out_weekends_and_englands_bank_holidays_moved_ones_too() -> None:
    days = bundled().working_days
    assert not days.is_working(date(2022, 9, 19))
    assert not days.is_working(date(2022, 6, 2))
    assert days.is_working(date(2022, 5, 30))
    assert days.is_working(date(2020, 5, 4))
    # Scotland's, not England's.
    assert days.is_working(date(2026, 1, 2))
    assert days.after(date(2026, 12, 24), 1) == date(2026, 12, 29)
