"""Dates and times as people and systems write them, read into partials that keep their precision.

ISO 8601, HL7 v2 (``20260309``, ``202603090410+0000``) and day-first dates (03/04/2026 is 3 April). A two-digit year is
refused: nobody can tell a newborn from a great-grandmother by it.
"""

import re
from datetime import date, datetime
from functools import lru_cache

from integration_engine.record.dates import of_moment
from integration_engine.record.remembered import REMEMBERED

# Nobody in a child death review was born or died outside these years; a slip of the pen was.
FIRST_YEAR, LAST_YEAR = 1850, 2150

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
_ISO_FIRST = (_ISO, _HL7, _DAY_FIRST, _WORDED)
_HL7_FIRST = (_HL7, _ISO, _DAY_FIRST, _WORDED)
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}


class Unreadable(ValueError):
    """A text that is no date: a stable ``code`` and a sentence about why, without the text."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


@lru_cache(maxsize=REMEMBERED)
def read(value: str) -> str | None:
    """A partial from any of the spellings, or None for nothing; a time without a zone is London's. Raises Unreadable."""
    bare = value.strip()
    if not bare:
        return None
    # What one of these reads none of the others does; where the fifth character is a digit it is mostly HL7's.
    for pattern in _HL7_FIRST if bare[4:5].isdigit() else _ISO_FIRST:
        if found := pattern.fullmatch(bare):
            return _written(found.groupdict())
    if _SHORT_YEAR.fullmatch(bare):
        raise Unreadable("two-digit-year", "a year needs four digits")
    raise Unreadable("bad-date", "expected a date")


def _written(part: dict[str, str | None]) -> str:
    """The ISO text of what a pattern found."""
    year = int(part["year"] or 0)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Unreadable("bad-date", f"the year is not between {FIRST_YEAR} and {LAST_YEAR}")
    text = f"{year:04}"
    month = part.get("month")
    if name := part.get("name"):
        number = _MONTHS.get(name[:3].lower())
        if number is None:
            raise Unreadable("bad-date", "the month's name is not known")
        month = str(number)
    if month:
        text += f"-{int(month):02}"
    day, hour = part.get("day"), part.get("hour")
    if day:
        text += f"-{int(day):02}"
    if hour:
        text += "T" + clock(hour, part.get("minute"), part.get("second"), part.get("half"), part.get("zone"))
    try:
        if hour:
            return of_moment(datetime.fromisoformat(text))
        _ = date(year, int(month or 1), int(day or 1))
    except (ValueError, OverflowError) as error:
        raise Unreadable("bad-date", "there is no such date or time") from error
    return text


def clock(hour: str, minute: str | None, second: str | None, half: str | None, zone: str | None) -> str:
    """A time of day in ISO form from its parts as written, ``half`` being am or pm. Raises Unreadable."""
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            raise Unreadable("bad-date", "an hour with am or pm is between 1 and 12")
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    text = f"{hours:02}:{minute or '00'}" + (f":{second}" if second else "")
    if zone and zone.upper() != "Z":
        digits = zone[1:].replace(":", "").ljust(4, "0")
        return f"{text}{zone[0]}{digits[:2]}:{digits[2:]}"
    return text + (zone or "").upper()
