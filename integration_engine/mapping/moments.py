"""Transforms that read dates, times and ages as partners write them (``record.written_dates``, ``record.measures``)."""

import re
from typing import Any

from integration_engine.mapping.registry import Example, Refused, shape, transform
from integration_engine.record import measures, written_dates
from integration_engine.record.dates import day_of


def _read(value: str) -> str | None:
    """A partial, or None for nothing. Raises Refused."""
    try:
        return written_dates.read(value)
    except written_dates.Unreadable as error:
        raise Refused(error.code, f"{error.why}, found {shape(value)}") from error


@transform(
    Example("2026-03-09", "2026-03-09"),
    Example("20260309", "2026-03-09"),
    Example("03/04/2026", "2026-04-03"),
    Example("9 Mar 2026", "2026-03-09"),
    Example("09/03/2026 00:00:00", "2026-03-09"),
    Example("2026-03", "2026-03"),
    Example("202603", "2026-03"),
    Example("2026", "2026"),
    Example("2014-05-08T23:00:00Z", "2014-05-09"),
    Example("03/04/26", refused="two-digit-year"),
    Example("31/02/2026", refused="bad-date"),
    Example("last Tuesday", refused="bad-date"),
    Example("", None),
)
def date(value: str) -> str | None:
    """A date as a partial with the precision given: ISO, HL7, or day first. A time is left off, after it is brought to
    London's day. A two-digit year is refused."""
    found = _read(value)
    return None if found is None else day_of(found)


@transform(
    Example("2026-03-09T04:10:00Z", "2026-03-09T04:10+00:00"),
    Example("2026-03-09 04:10", "2026-03-09T04:10+00:00"),
    Example("202606090410", "2026-06-09T04:10+01:00"),
    Example("20260309041030+0000", "2026-03-09T04:10:30+00:00"),
    Example("09/03/2026 16:10", "2026-03-09T16:10+00:00"),
    Example("9 March 2026 4:10 pm", "2026-03-09T16:10+00:00"),
    Example("2026-03-09", "2026-03-09"),
    Example("2026-03-09T25:00", refused="bad-date"),
)
def datetime(value: str) -> str | None:
    """A date or a date with a time, as a partial; a time without a zone is London's. Midnight stays midnight: whether it
    means an unknown time is the feed's setting."""
    return _read(value)


@transform(
    Example("4:10", "04:10"),
    Example("0410", "04:10"),
    Example("16:10:30", "16:10:30"),
    Example("4.10pm", "16:10"),
    Example("soon", refused="bad-time"),
)
def time(value: str) -> str | None:
    """A time of day."""
    bare = value.strip()
    if not bare:
        return None
    found = re.fullmatch(r"(\d{1,2})[:.]?(\d\d)(?:[:.]?(\d\d)(?:\.\d+)?)?\s*([ap]m)?", bare, re.ASCII | re.IGNORECASE)
    if found and int(found[1]) < 24 and int(found[2]) < 60 and int(found[3] or 0) < 60:
        try:
            return written_dates.clock(found[1], found[2], found[3], found[4], None)
        except written_dates.Unreadable as error:
            raise Refused(error.code, error.why) from error
    raise Refused("bad-time", f"expected a time of day, found {shape(value)}")


@transform(
    Example("7 years", {"value": 7, "unit": "years"}),
    Example("3 days", {"value": 3, "unit": "days"}),
    Example("11 months", {"value": 11, "unit": "months"}),
    Example("2 hours", {"value": 2, "unit": "hours"}),
    Example("3/12", {"value": 3, "unit": "months"}),
    Example("7y 3m", {"value": 7, "unit": "years"}),
    Example("about 7", {"value": 7, "unit": "years", "estimated": True}, "years"),
    Example("7-8 years", {"value": 7, "unit": "years", "estimated": True}),
    Example("newborn", {"value": 0, "unit": "days", "estimated": True}),
    Example("unknown", None),
    Example("7", refused="not-an-age"),
    Example("young", refused="not-an-age"),
)
def age(value: str, unit: str | None = None) -> dict[str, Any] | None:
    """An age in completed units; of two units the larger counts. A bare number needs the argument ``unit``."""
    bare = value.strip().lower()
    if bare in ("", "unknown", "not known", "nk", "n/k", "unk"):
        return None
    found = measures.age_of(bare, unit)
    if found is None:
        raise Refused("not-an-age", f"expected an age with its unit, found {shape(value)}")
    return found.model_dump()
