"""Working days in England: bank holidays by rule (library ``holidays``), corrected by a listed file for one-off days."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from integration_engine.record.dates import LONDON
from integration_engine.routing.tables import ReferenceDataError, document, rows

_SATURDAY = 5


@dataclass(frozen=True, eq=False)
class WorkingDays:
    """The working days of England. ``extra`` are days off that the rule doesn't know, ``dropped`` ones that it has wrong."""

    extra: Mapping[date, str] = field(default_factory=dict)
    dropped: frozenset[date] = frozenset()
    _years: dict[int, frozenset[date]] = field(default_factory=dict, repr=False)

    def holidays_of(self, year: int) -> frozenset[date]:
        """The bank holidays of a year, substitute days included."""
        if year not in self._years:
            import holidays  # slow to load, and most commands never ask

            ruled = frozenset(holidays.country_holidays("GB", subdiv="ENG", years=year))
            listed = frozenset(day for day in self.extra if day.year == year)
            self._years[year] = (ruled | listed) - self.dropped
        return self._years[year]

    def is_working(self, day: date) -> bool:
        """Whether offices work: Monday to Friday, no bank holiday."""
        return day.weekday() < _SATURDAY and day not in self.holidays_of(day.year)

    def after(self, start: date, count: int) -> date:
        """The day on which ``count`` working days after a day have passed; the day itself doesn't count."""
        day = start
        while count:
            day += timedelta(days=1)
            count -= self.is_working(day)
        return day


def end_of(day: date) -> datetime:
    """The last second of a day on London's clocks."""
    return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=LONDON)


def load_working_days(path: Path) -> WorkingDays:
    """Read ``bank-holidays.yaml``: ``extra`` and ``dropped`` are lists of {date, name}. Raises ReferenceDataError."""
    listed = document(path) or {}
    try:
        extra = {_day(row["date"]): str(row["name"]) for row in listed.get("extra") or ()}
        dropped = frozenset(_day(row["date"]) for row in listed.get("dropped") or ())
    except (AttributeError, KeyError, TypeError, ValueError) as cause:
        raise ReferenceDataError(
            "bad-row", path.name, "each day is written as {date: 2026-04-06, name: ...}"
        ) from cause
    return WorkingDays(extra, dropped)


def load_bank_holidays(path: Path) -> Mapping[date, str]:
    """Read ``bank-holidays.csv``, the list by which the rule is checked. Raises ReferenceDataError."""
    found: dict[date, str] = {}
    for where, row in rows(path, ("date", "name")):
        try:
            found[date.fromisoformat(row["date"])] = row["name"]
        except ValueError as cause:
            raise ReferenceDataError("bad-date", where, "dates are written as 2026-04-06") from cause
    return found


def _day(value: object) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))
