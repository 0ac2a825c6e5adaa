"""Transforms that read dates, times and ages as partners write them, into partials that keep their precision.

ISO 8601, HL7 v2 (``20260309``, ``202603090410+0000``) and day-first dates (03/04/2026 is 3 April). A two-digit year is
refused: nobody can tell a newborn from a great-grandmother by it.
"""

import re
from functools import lru_cache
from typing import Any

from integration_engine.mapping.registry import Example, Refused, shape, transform
from integration_engine.record.dates import canonical, day_of

# Nobody in a child death review was born or died outside these years; a slip of the pen was.
_FIRST_YEAR, _LAST_YEAR = 1850, 2150

_TIME = (
    r"(?:[T ]\s*(?P<hour>\d{1,2})[:.]?(?P<minute>\d\d)(?:[:.]?(?P<second>\d\d)(?:[.,]\d{1,9})?)?"
    r"\s*(?P<half>[ap]m)?\s*(?P<zone>Z|[+-]\d\d:?(?:\d\d)?)?)?"
)
_ISO = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)" + _TIME + r")?)?", re.ASCII | re.IGNORECASE)
_HL7 = re.compile(
    r"(?P<year>\d{4})(?:(?P<month>\d\d)(?:(?P<day>\d\d)(?:(?P<hour>\d\d)(?:(?P<minute>\d\d)(?:(?P<second>\d\d)(?:\.\d{1,9})?)?)?)?)?)?"
    r"(?P<zone>[+-]\d{4})?",
    re.ASCII,
)
_DAY_FIRST = re.compile(
    r"(?:(?P<day>\d{1,2})[/.-])?(?P<month>\d{1,2})[/.-](?P<year>\d{4})" + _TIME, re.ASCII | re.IGNORECASE
)
_WORDED = re.compile(
    r"(?P<day>\d{1,2})(?:st|nd|rd|th)?[ -]+(?P<name>[A-Za-z]{3,9})\.?,?[ -]+(?P<year>\d{4})" + _TIME,
    re.ASCII | re.IGNORECASE,
)
_SHORT_YEAR = re.compile(
    r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2}(?:\D.*)?|\d{1,2}[ -]+[A-Za-z]{3,9}[ -]+\d{2}(?:\D.*)?", re.ASCII | re.DOTALL
)
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}


@lru_cache(maxsize=8192)
def _read(value: str) -> str | None:
    """A partial from any of the spellings, or None for nothing. Raises Refused."""
    bare = value.strip()
    if not bare:
        return None
    for pattern in (_ISO, _HL7, _DAY_FIRST, _WORDED):
        if found := pattern.fullmatch(bare):
            return _written(found.groupdict())
    if _SHORT_YEAR.fullmatch(bare):
        raise Refused("two-digit-year", "a year needs four digits")
    raise Refused("bad-date", f"expected a date, found {shape(value)}")


def _written(part: dict[str, str | None]) -> str:
    """The ISO text of what a pattern found."""
    year = int(part["year"] or 0)
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise Refused("bad-date", f"the year is not between {_FIRST_YEAR} and {_LAST_YEAR}")
    text = f"{year:04}"
    month = part.get("month")
    if name := part.get("name"):
        number = _MONTHS.get(name[:3].lower())
        if number is None:
            raise Refused("bad-date", "the month's name is not known")
        month = str(number)
    if month:
        text += f"-{int(month):02}"
    if day := part.get("day"):
        text += f"-{int(day):02}"
    if hour := part.get("hour"):
        text += "T" + _clock(hour, part.get("minute"), part.get("second"), part.get("half"), part.get("zone"))
    try:
        return canonical(text)
    except (ValueError, OverflowError) as error:
        raise Refused("bad-date", "there is no such date or time") from error


def _clock(hour: str, minute: str | None, second: str | None, half: str | None, zone: str | None) -> str:
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            raise Refused("bad-date", "an hour with am or pm is between 1 and 12")
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    text = f"{hours:02}:{minute or '00'}" + (f":{second}" if second else "")
    if zone and zone.upper() != "Z":
        digits = zone[1:].replace(":", "").ljust(4, "0")
        return f"{text}{zone[0]}{digits[:2]}:{digits[2:]}"
    return text + (zone or "").upper()


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
        return _clock(found[1], found[2], found[3], found[4], None)
    raise Refused("bad-time", f"expected a time of day, found {shape(value)}")


_UNITS = {
    "years": ("y", "yr", "yrs", "year", "years", "a"),
    "months": ("m", "mth", "mths", "mo", "mos", "month", "months", "/12"),
    "weeks": ("w", "wk", "wks", "week", "weeks", "/52"),
    "days": ("d", "dy", "dys", "day", "days", "/7"),
    "hours": ("h", "hr", "hrs", "hour", "hours"),
    "minutes": ("min", "mins", "minute", "minutes"),
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words}
_AGE = re.compile(
    r"(?P<about>about|approx(?:imately|\.)?|circa|c\.?|~|around|est(?:imated|\.)?)?\s*(?P<value>\d{1,7})(?:\.\d+)?\s*"
    r"(?P<range>(?:-|to)\s*\d{1,3})?\s*(?P<unit>/\s*(?:12|52|7)|[a-z]+)?(?P<more>(?:\s*(?:,|and)?\s*\d{1,3}\s*[a-z]+)*)"
    r"(?:\s*(?:old|of age))?",
    re.ASCII,
)


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
    if bare in ("newborn", "new born", "neonate", "stillborn", "at birth"):
        return {"value": 0, "unit": "days", "estimated": True}
    found = _AGE.fullmatch(bare)
    written = re.sub(r"\s", "", found["unit"] or "") if found else ""
    named = _UNIT_OF.get(written) if written else _UNIT_OF.get(unit or "")
    if not found or named is None:
        raise Refused("not-an-age", f"expected an age with its unit, found {shape(value)}")
    estimated = {"estimated": True} if found["about"] or found["range"] else {}
    return {"value": int(found["value"]), "unit": named, **estimated}
