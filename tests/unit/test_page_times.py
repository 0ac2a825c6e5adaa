"""Times and days as every page shows them: England's clocks, their zone's name, and for machines the instant itself."""

from datetime import UTC, date, datetime

import pytest

from integration_engine.gateway.page import day, moment


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (datetime(2026, 1, 9, 23, 30, tzinfo=UTC), "Fri 9 Jan 2026 23:30 GMT"),
        (datetime(2026, 7, 9, 23, 30, tzinfo=UTC), "Fri 10 Jul 2026 00:30 BST"),
        ("2026-10-25T01:30:00+01:00", "Sun 25 Oct 2026 01:30 BST"),
        ("2026-10-25T01:30:00Z", "Sun 25 Oct 2026 01:30 GMT"),
    ],
)
def test_a_time_is_shown_by_englands_clocks_with_the_name_of_their_zone(at: datetime | str, shown: str) -> None:
    assert f">{shown}</time>" in moment(at)


def test_machines_read_the_instant_itself() -> None:
    at = datetime(2026, 7, 9, 23, 30, 15, 123456, tzinfo=UTC)
    assert moment(at).startswith('<time datetime="2026-07-09T23:30:15+00:00">')


@pytest.mark.parametrize("on", [date(2025, 12, 31), "2025-12-31"])
def test_a_day_has_its_weekday_and_no_time(on: date | str) -> None:
    assert day(on) == '<time datetime="2025-12-31">Wed 31 Dec 2025</time>'
