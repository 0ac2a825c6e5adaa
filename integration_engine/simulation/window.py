"""The span of time that is counted, and its weeks, months and years."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

DAYS_A_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Window:
    """From a first to a last day, both counted."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days are counted."""
        return (self.last - self.first).days + 1

    @property
    def years(self) -> float:
        """Its length in years of 365.25 days, by which counts are made yearly."""
        return self.days / DAYS_A_YEAR

    @property
    def weeks(self) -> float:
        """Its length in weeks."""
        return self.days / 7

    @property
    def months(self) -> tuple[str, ...]:
        """Its calendar months (``2026-03``), cut ones too."""
        found = []
        year, month = self.first.year, self.first.month
        while (year, month) <= (self.last.year, self.last.month):
            found.append(f"{year}-{month:02}")
            year, month = year + month // 12, month % 12 + 1
        return tuple(found)

    @property
    def whole_years(self) -> tuple[int, ...]:
        """The calendar years that lie wholly within it."""
        return tuple(
            year
            for year in range(self.first.year, self.last.year + 1)
            if date(year, 1, 1) >= self.first and date(year, 12, 31) <= self.last
        )

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def spanning(days: Iterable[date], today: date, first: date | None = None, last: date | None = None) -> Window:
    """The window of these deaths: as asked for, else whole calendar months around them; never beyond today, when nobody has
    died yet.

    Counting from the first death to the last alone would make every rate a little too high.
    """
    found = list(days) or [today]
    begins, ends = min(found), max(found)
    whole = date(ends.year, ends.month, calendar.monthrange(ends.year, ends.month)[1])
    first = first or begins.replace(day=1)
    return Window(first, max(first, min(last or whole, max(today, ends))))


def monday(day: date) -> date:
    """The Monday of a day's week (ISO 8601)."""
    return day - timedelta(days=day.weekday())
