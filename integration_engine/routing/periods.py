"""How long from when: elapsed hours, months and weeks on London's clocks, and spans of time in words."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta

from integration_engine.record.dates import LONDON, london

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def elapsed(start: datetime, hours: float) -> datetime:
    """So many real hours later, as London's clocks then show it."""
    return london(start.astimezone(UTC) + timedelta(hours=hours))


def between(start: datetime, end: datetime) -> timedelta:
    """The real time from one moment to another: two London times subtracted as they stand would forget a clock change."""
    return end.astimezone(UTC) - start.astimezone(UTC)


def months_later(start: datetime, months: int) -> datetime:
    """The same local time so many months later, on the month's last day where it is shorter."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, monthrange(year, month + 1)[1])
    # By way of UTC: a local time that the spring change skips becomes the hour after it.
    return london(
        datetime.combine(start.replace(year=year, month=month + 1, day=day).date(), start.time(), LONDON).astimezone(
            UTC
        )
    )


def weeks_later(start: datetime, weeks: int) -> datetime:
    """The same local time so many weeks later."""
    return london(datetime.combine(start.date() + timedelta(weeks=weeks), start.time(), LONDON).astimezone(UTC))


def in_words(span: timedelta) -> str:
    """A length of time to the minute: ``15 min``, ``47 h 45 min``, ``12 days 3 h``. Hours up to three days, as limits are
    written; what is less than a minute is rounded up to one."""
    seconds = abs(int(span.total_seconds()))
    if seconds < 3 * _DAY:
        hours, minutes = divmod(-(-seconds // _MINUTE), 60)
        return " ".join([*([f"{hours} h"] if hours else []), *([f"{minutes} min"] if minutes or not hours else [])])
    days, rest = divmod(seconds, _DAY)
    hours = rest // _HOUR
    return f"{days} days {hours} h" if hours else f"{days} days"
