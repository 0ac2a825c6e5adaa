"""Dates and times that keep the precision their sender gave them.

A *partial* is ISO text at one of five precisions: ``2026``, ``2026-03``, ``2026-03-09``,
``2026-03-09T04:10+00:00`` and ``2026-03-09T04:10:30+00:00``. A time always carries its offset (Europe/London where the
partner gave none), so that the repeated hour of the autumn clock change stays two different hours. Text, not an object,
is what notices hold: it serialises as itself, and an unknown month can't turn into January by accident.
"""

import re
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

from integration_engine.record.remembered import REMEMBERED

LONDON = ZoneInfo("Europe/London")

_PARTIAL = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?(?P<zone>Z|[+-]\d\d:\d\d)?)?)?)?"
)


class Precision(IntEnum):
    """How exactly a partial is known; a larger value is more exact."""

    YEAR = 1
    MONTH = 2
    DAY = 3
    MINUTE = 4
    SECOND = 5


@lru_cache(maxsize=REMEMBERED)
def canonical(text: str) -> str:
    """The one spelling of a partial: a time as London's clocks show it, with its offset; zero seconds are dropped.

    Raises ValueError (without the value in it) for text that is no partial or names a day that doesn't exist.
    """
    found = _PARTIAL.fullmatch(text)
    if not found:
        raise ValueError("not an ISO date or time")
    year, month, day, hour = found.group("year", "month", "day", "hour")
    if hour is None:
        _ = date(int(year), int(month or 1), int(day or 1))
        return text
    return of_moment(datetime.fromisoformat(text))


def of_moment(moment: datetime) -> str:
    """The partial of a time: one without a zone is London's."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=LONDON)
    # By way of UTC: a wall time that the spring change skipped gets the hour after it, as PEP 495 reads it.
    moment = moment.astimezone(UTC).astimezone(LONDON)
    unit = "seconds" if moment.second else "minutes"
    return moment.replace(microsecond=0).isoformat(timespec=unit)


Partial = Annotated[str, AfterValidator(canonical)]
"""A pydantic field that holds a partial in its canonical spelling."""


def precision(text: str) -> Precision:
    """How exactly this partial is known."""
    match len(text):
        case 4:
            return Precision.YEAR
        case 7:
            return Precision.MONTH
        case 10:
            return Precision.DAY
        case _:
            return Precision.SECOND if text[16:17] == ":" else Precision.MINUTE


def day_of(text: str) -> str:
    """The partial cut to a calendar day in London (or shorter, where less is known)."""
    return text if len(text) <= 10 else london(datetime.fromisoformat(text)).date().isoformat()


@lru_cache(maxsize=REMEMBERED)
def earliest(text: str) -> datetime:
    """The first instant this partial can mean, as a zone-aware London time."""
    if len(text) > 10:
        return london(datetime.fromisoformat(text))
    year, month, day = [*map(int, text.split("-")), 1, 1][:3]
    return datetime(year, month, day, tzinfo=LONDON)


@lru_cache(maxsize=REMEMBERED)
def latest(text: str) -> datetime:
    """The last instant this partial can mean (its final second), as a zone-aware London time."""
    match precision(text):
        case Precision.SECOND:
            return earliest(text)
        case Precision.MINUTE:
            return earliest(text) + timedelta(seconds=59)
        case Precision.DAY:
            after = date.fromisoformat(text) + timedelta(days=1)
        case Precision.MONTH:
            year, month = int(text[:4]), int(text[5:7])
            after = date(year + month // 12, month % 12 + 1, 1)
        case Precision.YEAR:
            after = date(int(text) + 1, 1, 1)
    midnight = datetime(after.year, after.month, after.day, tzinfo=LONDON)
    return london(midnight.astimezone(UTC) - timedelta(seconds=1))


def london(moment: datetime) -> datetime:
    """An instant as London's clocks show it; one without a zone is London's, wherever the machine stands."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=LONDON)).astimezone(LONDON)


def compatible(one: str, other: str) -> bool:
    """Whether two partials can mean the same moment: a date agrees with any time on that day."""
    return earliest(one) <= latest(other) and earliest(other) <= latest(one)


# English whatever the machine's language, and sooner written than by a format.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day_in_words(day: date) -> str:
    """A day as people in England read it: ``Sat 28 Mar 2026``."""
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def time_in_words(at: datetime) -> str:
    """A zone-aware time to the minute, in its own zone and with its name: ``Sat 28 Mar 2026 23:30 GMT``."""
    return f"{day_in_words(at)} {at.hour:02}:{at.minute:02} {at.tzname() or ''}"


def in_words(partial: str) -> str:
    """A partial as people in England read it, as vague as it is; a time as London's clocks show it."""
    match precision(partial):
        case Precision.YEAR:
            return partial
        case Precision.MONTH:
            return f"{_MONTHS[earliest(partial).month - 1]} {partial[:4]}"
        case Precision.DAY:
            return day_in_words(earliest(partial))
    return time_in_words(earliest(partial))
