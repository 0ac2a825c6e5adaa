"""Every clock explains itself: what started it, its limit, in time or late, what it waits for; and pauses to the minute."""

from datetime import UTC, datetime
from typing import Any

import pytest

from integration_engine.record.notice import DeathNotice
from integration_engine.record.record import ChildDeathRecord
from integration_engine.record.standing import Outcome, Standing
from integration_engine.routing.answer import Routing
from integration_engine.routing.deadline import Deadline
from integration_engine.routing.reference import bundled
from integration_engine.routing.route import Switches, route

NOW = datetime(2028, 6, 1, 9, tzinfo=UTC)
SATURDAY_NIGHT = "2026-03-28T23:30"
"""Scenario 13: the clocks go forward two and a half hours later."""


def routed(
    died_at: str | None,
    *notices: DeathNotice,
    now: datetime = NOW,
    outcome: Outcome = "dead",
    switches: Switches = Switches(),
    **parts: Any,
) -> Routing:
    child = {"birth_date": "2015-01-01", "addresses": [{"lad_code": "E06000038", "use": "home"}]}
    death = ({"died_at": died_at} if died_at else {}) | parts.pop("death", {})
    record = ChildDeathRecord.model_validate({"child": child | parts.pop("child", {}), "death": death, **parts})
    return route(
        record, notices, standing=Standing(outcome), decided={}, reference=bundled(), now=now, switches=switches
    )


def told(at: str, **parts: Any) -> DeathNotice:
    source = {"kind": "police", "partner": "E23000038"}
    base = {"id": at, "submission": at, "source": source, "stated_at": at, "received_at": NOW, "profile": "test"}
    return DeathNotice.model_validate(base | parts)


def clock(name: str, died_at: str | None, *notices: DeathNotice, **parts: Any) -> Deadline:
    return routed(died_at, *notices, **parts).deadlines[name]


def due(name: str, died_at: str, **parts: Any) -> str | None:
    found = routed(died_at, **parts).clocks.get(name)
    return found.isoformat(timespec="minutes") if found else None


@pytest.mark.parametrize(
    ("at", "says"),
    [
        ("2026-03-31T00:15+01:00", "Met Tue 31 Mar 2026 00:15 BST: in time, 47 h 45 min from its start; it was due"),
        ("2026-03-31T00:30+01:00", "in time, 48 h from its start"),
        (
            "2026-03-31T00:45+01:00",
            "Met Tue 31 Mar 2026 00:45 BST: late by 15 min, reason required; it was due Tue 31 Mar",
        ),
        ("2026-03-31", "in time or not can't be told without the hour"),
        ("2026-03-30", "Met Mon 30 Mar 2026: in time; it was due"),
        ("2026-04-02", "late by 47 h 30 min, reason required"),
        ("2026-04-12", "late by 11 days 23 h, reason required"),
    ],
)
def test_the_national_database_was_told_in_time_or_late_by_so_much(at: str, says: str) -> None:
    case = routed(SATURDAY_NIGHT, process={"ncmd_told_at": at})
    assert says in case.deadlines["ncmd_due"].why()
    assert (case.deadlines["ncmd_due"].state, "ncmd_due" in case.clocks) == ("met", False)


def test_a_reason_that_was_given_is_not_asked_for_again() -> None:
    late = {"ncmd_told_at": "2026-03-31T00:45+01:00", "ncmd_late_reason": "the ward moved"}
    said = clock("ncmd_due", SATURDAY_NIGHT, process=late).why()
    assert "late by 15 min, a reason is given" in said
    assert "the ward moved" not in said


def test_a_death_first_known_when_the_limit_had_passed_explains_the_lateness() -> None:
    known = clock("ncmd_due", "2026-08-02T12:00", told("2026-08-11T10:00"))
    assert known.json()["first_known"] == "2026-08-11T10:00+01:00"
    assert "first known Tue 11 Aug 2026 10:00 BST, 8 days 22 h after it, when the limit had passed" in known.why()
    soon = clock("ncmd_due", "2026-08-02T12:00", told("2026-08-02T13:00"))
    assert soon.why().endswith("The death was first known Sun 2 Aug 2026 13:00 BST, 1 h after it.")
    # Told on the day that is all one knows of the death: nothing was late.
    assert "first known" not in clock("ncmd_due", "2026-08-02", told("2026-08-02T13:00")).why()


@pytest.mark.parametrize(
    ("died_at", "says"),
    [
        ("2026-03-28", "Sat 28 Mar 2026 (only the day is known: counted from its beginning)"),
        ("2026-03", "Mar 2026 (only the month is known: counted from its beginning)"),
        ("2026", "2026 (only the year is known: counted from its beginning)"),
    ],
)
def test_a_vague_death_is_said_to_be_vague(died_at: str, says: str) -> None:
    case = routed(died_at)
    assert says in case.deadlines["ncmd_due"].why()
    assert {"date-only-death", "month-only-death"} & set(case.flags)
    assert case.clocks["ncmd_due"].astimezone(UTC) > datetime(2026, 1, 2, tzinfo=UTC)


def test_overdue_depends_on_when_one_looks_and_nothing_else_does() -> None:
    ncmd = clock("ncmd_due", SATURDAY_NIGHT)
    before, after = datetime(2026, 3, 30, 23, 30, tzinfo=UTC), datetime(2026, 3, 30, 23, 45, tzinfo=UTC)
    assert (ncmd.at(before), ncmd.at(after), ncmd.state) == ("running", "overdue", "running")
    assert ncmd.why(after).startswith("Overdue by 15 min: it was due Tue 31 Mar 2026 00:30 BST.")
    assert (
        ncmd.why()
        == ncmd.why(before)
        == "Due Tue 31 Mar 2026 00:30 BST. 48 hours from the death, Sat 28 Mar 2026 23:30 GMT."
    )
    assert (ncmd.json()["state"], ncmd.json(after)["state"]) == ("running", "overdue")


@pytest.mark.parametrize(
    ("step", "name", "also"),
    [
        ("cdop_told_at", "cdop_due", {}),
        ("jar_started_at", "jar_due", {"death": {"event": {"type": "fire"}}}),
        ("coroner_transferred_at", "coroner_transfer_due",
         {"coroner": {"stage": "TRANSFERRED_OUT", "stage_at": "2026-04-01"}}),
        ("s16c_told_at", "s16c_due", {"death": {"abuse_or_neglect": True}}),
        ("registrar_told_at", "registrar_due", {"death": {"registered_at": "2026-04-01"}}),
        ("cdrm_held_at", "cdrm_due", {}),
        ("cdop_reviewed_at", "cdop_review_due", {"coroner": {"stage": "CONCLUDED", "stage_at": "2026-04-01"}}),
    ],
)  # fmt: skip
def test_each_clock_runs_until_its_step_is_told(step: str, name: str, also: dict[str, Any]) -> None:
    assert name in routed(SATURDAY_NIGHT, **also).clocks
    met = routed(SATURDAY_NIGHT, process={step: "2026-04-01T10:00"}, **also)
    assert name not in met.clocks
    assert met.deadlines[name].json()["met_at"] == "2026-04-01T10:00+01:00"


def test_a_case_that_has_ended_has_stopped_clocks_that_say_so() -> None:
    gone = routed(SATURDAY_NIGHT, outcome="retracted")
    assert gone.clocks == {}
    assert {clock.state for clock in gone.deadlines.values()} == {"stopped"}
    assert "the case has ended (scope.retracted)" in gone.deadlines["ncmd_due"].why()
    adult = routed("2036-03-28", now=datetime(2036, 4, 1, tzinfo=UTC))
    assert (adult.state, adult.clocks) == ("out-of-scope", {})


def test_of_a_birth_after_a_termination_nothing_is_reckoned() -> None:
    assert routed("2026-03-28", death={"termination": True, "live_birth": "yes"}).deadlines == {}


def pm(ordered: str | None = None, at: str | None = None, **coroner: Any) -> dict[str, Any]:
    told = {"ordered_at": ordered, "at": at}
    return {"post_mortem": {key: value for key, value in told.items() if value}, **coroner}


DIED = "2026-01-10T10:00"
PLAIN = "2026-04-10T10:00+01:00"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (pm("2026-01-12T10:00", "2026-01-22T10:00"), "2026-04-20T10:00+01:00"),
        # Overlapping, touching, one inside the other: no hour counts twice.
        (pm("2026-01-12T10:00", "2026-01-22T10:00", inquest_opened_at="2026-01-20T10:00", concluded_at="2026-01-30T10:00"),
         "2026-04-28T10:00+01:00"),
        (pm("2026-01-12T10:00", "2026-01-22T10:00", inquest_opened_at="2026-01-22T10:00", concluded_at="2026-01-30T10:00"),
         "2026-04-28T10:00+01:00"),
        (pm("2026-01-14T10:00", "2026-01-15T10:00", inquest_opened_at="2026-01-12T10:00", concluded_at="2026-01-22T10:00"),
         "2026-04-20T10:00+01:00"),
        # Begun before the clock ran out, ended long after: all of it counts. Begun when it had run out: none of it does.
        (pm("2026-04-09T10:00", "2026-08-09T10:00"), "2026-08-10T10:00+01:00"),
        (pm("2026-04-10T10:00", "2026-08-09T10:00"), PLAIN),
        (pm("2026-04-11T10:00"), PLAIN),
        # An inquest that is said to have opened before the child died holds nothing up before that.
        ({"inquest_opened_at": "2026-01-01T10:00", "concluded_at": "2026-01-20T10:00"}, "2026-04-20T10:00+01:00"),
        ({"inquest_opened_at": "2025-12-01", "concluded_at": "2025-12-20"}, PLAIN),
        # Over the spring change a pause counts in real hours.
        (pm("2026-03-28T10:00+00:00", "2026-03-30T10:00+01:00"), "2026-04-12T09:00+01:00"),
        # An interim report ends nothing; the coroner's conclusion, or that they discontinue, ends everything.
        (pm("2026-01-12T10:00", "2026-01-22T10:00", stage="PM_INTERIM", stage_at="2026-01-22T10:00"), None),
        (pm("2026-01-12T10:00", "2026-02-22T10:00", stage="PM_FINAL", stage_at="2026-02-22T10:00"), "2026-05-21T10:00+01:00"),
        (pm("2026-01-12T10:00"), None),
        (pm("2026-01-12T10:00", concluded_at="2026-01-22T10:00"), "2026-04-20T10:00+01:00"),
        (pm("2026-01-12T10:00", stage="DISCONTINUED", stage_at="2026-01-22T10:00"), "2026-04-20T10:00+01:00"),
        ({"inquest_opened_at": "2026-01-12T10:00", "stage": "DISCONTINUED", "stage_at": "2026-01-22T10:00"},
         "2026-04-20T10:00+01:00"),
        ({"inquest_opened_at": "2026-01-12T10:00", "stage": "SUSPENDED", "stage_at": "2026-01-22T10:00"}, None),
    ],
)  # fmt: skip
def test_pauses_move_the_review_meeting_by_exactly_as_long(told: dict[str, Any], expected: str | None) -> None:
    assert due("cdrm_due", DIED, coroner=told) == expected


def pause(began: str | None, ended: str | None = None, cause: str = "post-mortem") -> dict[str, Any]:
    return {key: value for key, value in {"cause": cause, "from": began, "to": ended}.items() if value}


@pytest.mark.parametrize(
    ("process", "told", "expected"),
    [
        # The panel that leads tells when the meeting waits, and when it goes on.
        ({"pm_pause": True, "pauses": [pause("2026-01-12T10:00")]}, {}, None),
        ({"pm_pause": False, "pauses": [pause("2026-01-12T10:00", "2026-01-22T10:00")]}, {}, "2026-04-20T10:00+01:00"),
        ({"pauses": [pause("2026-01-12T10:00", "2026-01-13T10:00"), pause("2026-02-01T10:00", "2026-02-02T10:00")]}, {},
         "2026-04-12T10:00+01:00"),
        # Its own word on a cause stands before the coroner's dates; on another cause theirs count.
        ({"pauses": [pause("2026-01-12T10:00", "2026-01-13T10:00")]}, pm("2026-01-12T10:00", "2026-03-12T10:00"),
         "2026-04-11T10:00+01:00"),
        ({"pauses": [pause("2026-01-12T10:00", "2026-01-13T10:00", "inquest")]}, pm("2026-02-01T10:00", "2026-02-02T10:00"),
         "2026-04-12T10:00+01:00"),
        # A pause nobody ended ends with the report it waited for.
        ({"pm_pause": True, "pauses": [pause("2026-01-12T10:00")]}, pm("2026-01-11", "2026-01-22T10:00"),
         "2026-04-20T10:00+01:00"),
        # Resumed without a word of when it began: when the coroner ordered it; where nobody did, nothing was held up.
        ({"pm_pause": False, "pauses": [pause(None, "2026-01-22T10:00")]}, pm("2026-01-12T10:00"), "2026-04-20T10:00+01:00"),
        ({"pm_pause": False, "pauses": [pause(None, "2026-01-22T10:00")]}, {}, PLAIN),
        # A hospital that only says whether, not when.
        ({"pm_pause": True}, {}, None),
        ({"pm_pause": False}, pm("2026-01-12T10:00"), PLAIN),
        ({"inquest_pause": False}, {"inquest_opened_at": "2026-01-12T10:00"}, PLAIN),
    ],
)  # fmt: skip
def test_the_leading_panels_word_on_a_pause(
    process: dict[str, Any], told: dict[str, Any], expected: str | None
) -> None:
    assert due("cdrm_due", DIED, process=process, coroner=told) == expected


def test_a_pause_says_what_it_waits_for_and_a_moved_clock_by_how_much() -> None:
    waiting = clock("cdrm_due", DIED, coroner=pm("2026-01-12"))
    assert (waiting.state, waiting.due) == ("paused", None)
    assert waiting.why().startswith(
        "Paused: the post-mortem's final report is awaited since Mon 12 Jan 2026 00:00 GMT."
    )
    moved = clock("cdrm_due", DIED, coroner=pm("2026-01-12T10:00", "2026-01-22T10:00"))
    assert moved.why().endswith("3 months from the death, Sat 10 Jan 2026 10:00 GMT, and 10 days of pauses.")


def test_a_pause_that_is_said_to_end_later_ends_by_itself() -> None:
    report = pm("2026-01-12T10:00", "2026-01-22T10:00")
    waiting = clock("cdrm_due", DIED, coroner=report, now=datetime(2026, 1, 20, tzinfo=UTC))
    assert (waiting.state, waiting.resumes) == ("paused", datetime(2026, 1, 22, 10, tzinfo=UTC))
    assert "until Thu 22 Jan 2026 10:00 GMT" in waiting.why()
    assert clock("cdrm_due", DIED, coroner=report, now=datetime(2026, 1, 23, tzinfo=UTC)).state == "running"


def test_the_review_waits_for_the_inquest_though_the_meeting_has_reported() -> None:
    process = {"cdrm_report_at": "2026-05-01T10:00"}
    opened = clock("cdop_review_due", DIED, process=process, coroner={"inquest_opened_at": "2026-02-01"})
    assert (opened.state, opened.start) == ("paused", None)
    assert "the inquest's conclusion is awaited" in opened.why()
    # Where the panel says that the inquest holds nothing up, it counts from the report.
    going = {"cdrm_report_at": "2026-05-01T10:00", "inquest_pause": False}
    assert (
        due("cdop_review_due", DIED, process=going, coroner={"inquest_opened_at": "2026-02-01"})
        == "2026-06-12T10:00+01:00"
    )
    # Fourteen months later the conclusion comes before the opening does (scenario 13).
    late = {"stage": "CONCLUDED", "stage_at": "2027-05-28", "inquest_opened_at": "2026-04-02"}
    assert due("cdop_review_due", SATURDAY_NIGHT, coroner=late) == "2027-07-09T00:00+01:00"


@pytest.mark.parametrize(
    ("died_at", "expected"),
    [
        ("2028-02-29T10:00", "2028-05-29T10:00+01:00"),
        ("2027-11-29T10:00", "2028-02-29T10:00+00:00"),
        ("2026-11-29T10:00", "2027-02-28T10:00+00:00"),
        ("2026-12-31T23:59", "2027-03-31T23:59+01:00"),
        # The repeated hour, first and second time: three months on, the same local time.
        ("2026-10-25T01:30+01:00", "2027-01-25T01:30+00:00"),
        ("2026-10-25T01:30+00:00", "2027-01-25T01:30+00:00"),
    ],
)
def test_three_months_end_on_the_same_day_or_the_months_last(died_at: str, expected: str) -> None:
    assert due("cdrm_due", died_at) == expected


@pytest.mark.parametrize(
    ("died_at", "cdop", "ncmd"),
    [
        ("2026-03-28T23:30", "2026-03-30T00:30+01:00", "2026-03-31T00:30+01:00"),
        ("2026-10-24T23:30", "2026-10-25T22:30+00:00", "2026-10-26T22:30+00:00"),
        ("2026-03-29T00:59+00:00", "2026-03-30T01:59+01:00", "2026-03-31T01:59+01:00"),
    ],
)
def test_hours_are_real_hours_over_both_clock_changes(died_at: str, cdop: str, ncmd: str) -> None:
    assert (due("cdop_due", died_at), due("ncmd_due", died_at)) == (cdop, ncmd)


@pytest.mark.parametrize(
    ("died_at", "expected"),
    [
        # Good Friday and Easter Monday.
        ("2026-04-02T12:00", "2026-04-07T23:59+01:00"),
        # Half past eleven at night by UTC is the day after in London; Monday is the spring bank holiday.
        ("2026-05-22T23:30+00:00", "2026-05-26T23:59+01:00"),
        # Christmas on a Saturday: Monday and Tuesday are substitutes.
        ("2027-12-24T09:00", "2027-12-29T23:59+00:00"),
        # One-off: the Queen's funeral; the coronation.
        ("2022-09-16T09:00", "2022-09-20T23:59+01:00"),
        ("2023-05-05T09:00", "2023-05-09T23:59+01:00"),
        ("2026-12-31", "2027-01-04T23:59+00:00"),
    ],
)
def test_the_next_working_day_is_a_panels_own_switch(died_at: str, expected: str) -> None:
    own = Switches(cdop_due_of={"BERKS": "next-working-day"})
    assert due("cdop_due", died_at, switches=own) == expected
    assert clock("cdop_due", died_at, switches=own).rule == "clock.cdop.next-working-day"
    others = Switches(cdop_due_of={"OXON": "next-working-day"})
    assert clock("cdop_due", died_at, switches=others).rule == "clock.cdop.24h"


def test_five_working_days_over_christmas_leave_out_the_substitutes() -> None:
    stated = told("2027-12-22T16:00", death={"abuse_or_neglect": True})
    found = routed("2027-12-20", stated, death={"abuse_or_neglect": True}).clocks["s16c_due"]
    assert found.isoformat() == "2027-12-31T23:59:59+00:00"
