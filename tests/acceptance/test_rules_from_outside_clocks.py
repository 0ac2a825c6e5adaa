"""Clocks, worked out here by other arithmetic than the engine's and held against ``cdr route`` and ``cdr try``."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.acceptance.outside import Answer, adt, case_of, coroner, decision, police, routed, tried

LONDON = ZoneInfo("Europe/London")
LATER = ("--at", "2028-01-10T09:00:00Z")
CHILD = {"birth_date": "2014-05-09", "home_lad": "E06000038", "death_lad": "E06000038"}
_LISTED = (
    "2026-01-01 2026-04-03 2026-04-06 2026-05-04 2026-05-25 2026-08-31 2026-12-25 2026-12-28 "
    "2027-01-01 2027-03-26 2027-03-29 2027-05-03 2027-05-31 2027-08-30 2027-12-27 2027-12-28 2028-01-03"
)
CLOSED = {date.fromisoformat(day) for day in _LISTED.split()}
"""England's bank holidays as published: Easter 2026 and 2027, Boxing Day 2026 moved to the Monday, Christmas 2027 too."""


def end_of_working_day(start: date, days: int) -> str:
    while days:
        start += timedelta(days=1)
        days -= start.weekday() < 5 and start not in CLOSED
    return datetime.combine(start, time(23, 59, 59), LONDON).isoformat()


def test_working_days_pass_over_weekends_and_bank_holidays_for_two_years(tmp_path: Path) -> None:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(0, 720)]
    rows = [
        CHILD | {"id": day.isoformat(), "death_datetime": f"{day}T10:00", "looked_after_by": "E08000012"}
        for day in days
    ]
    answers = routed(tmp_path, rows, *LATER, "--switch", "cdop_due=next-working-day")
    for day in days:
        clocks = answers[day.isoformat()]["clocks"]
        due = (clocks["s16c_due"], clocks["cdop_due"])
        assert due == (end_of_working_day(day, 5), end_of_working_day(day, 1)), day


def moments() -> Iterator[datetime]:
    """Every 23 minutes of four days around each clock change and two month ends that the next month clips."""
    for first in ("2025-10-24", "2026-03-27", "2026-10-23", "2027-03-26", "2026-11-28", "2026-01-29"):
        for minutes in range(0, 4 * 1440, 23):
            yield datetime.fromisoformat(first) + timedelta(minutes=minutes)


def test_hours_elapse_and_months_keep_the_clocks_face_over_both_changes(tmp_path: Path) -> None:
    # A time that the change in March leaves out has no instant of its own.
    there = [
        at
        for at in moments()
        if at.replace(tzinfo=LONDON).astimezone(UTC).astimezone(LONDON).replace(tzinfo=None) == at
    ]
    rows = [CHILD | {"id": f"{at:%Y-%m-%dT%H:%M}", "death_datetime": f"{at:%Y-%m-%dT%H:%M}"} for at in there]
    answers = routed(tmp_path, rows, *LATER)
    for at in there:
        instant = at.replace(tzinfo=LONDON).astimezone(UTC)
        years, month = divmod(at.month - 1 + 3, 12)
        year, month = at.year + years, month + 1
        day = min(at.day, monthrange(year, month)[1])
        assert {
            name: answers[f"{at:%Y-%m-%dT%H:%M}"]["clocks"][name] for name in ("ncmd_due", "cdop_due", "cdrm_due")
        } == {
            "ncmd_due": (instant + timedelta(hours=48)).astimezone(LONDON).isoformat(),
            "cdop_due": (instant + timedelta(hours=24)).astimezone(LONDON).isoformat(),
            "cdrm_due": at.replace(year=year, month=month, day=day, tzinfo=LONDON).isoformat(),
        }, at


@pytest.mark.parametrize(
    ("died", "flag", "due"),
    [
        ("2026-03-09", "date-only-death", "2026-03-11T00:00:00+00:00"),
        ("2026-03-28", "date-only-death", "2026-03-30T01:00:00+01:00"),
        ("2026-10-25", "date-only-death", "2026-10-26T23:00:00+00:00"),
        ("2026-07", "month-only-death", "2026-07-03T00:00:00+01:00"),
        ("2026-03-28T23:30", None, "2026-03-31T00:30:00+01:00"),
    ],
)
def test_a_clock_starts_at_the_earliest_the_death_can_have_been(
    tmp_path: Path, died: str, flag: str | None, due: str
) -> None:
    [answer] = routed(tmp_path, [CHILD | {"id": "a", "death_datetime": died}], *LATER).values()
    assert answer["clocks"]["ncmd_due"] == due
    assert {"date-only-death", "month-only-death"} & set(answer["flags"]) == ({flag} if flag else set())


def test_one_panel_has_a_limit_of_its_own(tmp_path: Path) -> None:
    homes = {"a": "E06000038", "b": "E07000178"}
    rows = [CHILD | {"id": id, "home_lad": home, "death_datetime": "2026-04-02T10:00"} for id, home in homes.items()]
    answers = routed(tmp_path, rows, *LATER, "--switch", "cdop_due_of.BERKS=next-working-day")
    assert {id: answer["clocks"]["cdop_due"] for id, answer in answers.items()} == {
        "a": "2026-04-07T23:59:59+01:00",
        "b": "2026-04-03T10:00:00+01:00",
    }


def row(event: str, at: str, **cells: str) -> dict[str, str]:
    return {"event": event, "event_at": at, **cells}


def case_by_coroner(folder: Path, at: str, *rows: dict[str, str]) -> Answer:
    return case_of(tried(folder, [coroner({}, *rows)], "--at", at))


def test_a_transfer_between_coroners_has_five_working_days_over_easter(tmp_path: Path) -> None:
    out = row("TRANSFERRED_OUT", "2026-03-31T10:00")
    case = case_by_coroner(tmp_path, "2026-04-02T09:00:00Z", out)
    assert case["clocks"]["coroner_transfer_due"] == "2026-04-09T23:59:59+01:00"


@pytest.mark.parametrize(
    "held_up_by",
    [
        row("PM_ORDERED", "2026-03-10T10:00", post_mortem="coronial"),
        row("INQUEST_OPENED", "2026-03-20T10:00", inquest_opened_at="2026-03-20"),
    ],
)
def test_a_post_mortem_or_an_inquest_pauses_the_review_meeting(tmp_path: Path, held_up_by: dict[str, str]) -> None:
    case = case_by_coroner(tmp_path, "2026-05-15T09:00:00Z", held_up_by)
    assert "cdrm_due" not in case["clocks"]
    assert case["clock_notes"]["cdrm_due"]["state"] == "paused"


def test_the_meeting_gets_back_the_time_of_the_post_mortem(tmp_path: Path) -> None:
    ordered, final = row("PM_ORDERED", "2026-03-10T10:00"), row("PM_FINAL", "2026-04-09T11:00")
    case = case_by_coroner(tmp_path, "2026-05-15T09:00:00Z", ordered, final)
    assert case["clocks"]["cdrm_due"] == "2026-07-09T04:10:00+01:00"


def test_the_panel_has_six_weeks_from_the_conclusion_whatever_came_first(tmp_path: Path) -> None:
    concluded = row("CONCLUDED", "2027-05-10T10:00", conclusion="open", conclusion_at="2027-05-10")
    opened = row("INQUEST_OPENED", "2026-03-20T10:00", inquest_opened_at="2026-03-20")
    for number, rows in enumerate(([concluded, opened], [opened, concluded])):
        folder = tmp_path / str(number)
        folder.mkdir()
        case = case_by_coroner(folder, "2027-05-12T09:00:00Z", *rows)
        assert case["clocks"]["cdop_review_due"] == "2027-06-21T00:00:00+01:00"
        assert case["record"]["coroner"]["stage"] == "CONCLUDED"


def test_the_response_is_due_from_the_first_notice_that_calls_for_it(tmp_path: Path) -> None:
    case = case_of(tried(tmp_path, [adt(), police({"nhs_number": "9991000003"}, {"type": "fire"})]))
    assert case["clocks"]["jar_due"] == "2026-03-09T10:00:00+00:00"


def test_a_case_that_ended_has_no_clock(tmp_path: Path) -> None:
    withdrawn = police(version=2, status="withdrawn", reported_at="2026-03-09T12:00:00Z")
    assert case_of(tried(tmp_path, [police(), withdrawn]))["clocks"] == {}
    grown_up = decision("age", {"under_18": False})
    assert case_of(tried(tmp_path, [adt(born="")], decisions=[grown_up]))["clocks"] == {}


def test_a_birth_after_the_death_leaves_the_age_to_be_confirmed(tmp_path: Path) -> None:
    case = case_of(tried(tmp_path, [police({"date_of_birth": "2026-03-10"})]))
    assert (case["state"], case["rule"]) == ("open", "scope.age-unconfirmed")
    assert "age-unconfirmed" in case["flags"]
    assert case["why"].startswith("The birth is dated after the death")
