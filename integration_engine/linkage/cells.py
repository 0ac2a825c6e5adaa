"""Cells of the tabular form: text, numbers and dates as exports and spreadsheets leave them.

Nothing here fails: what can't be read is not said.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from math import isfinite
from typing import Any

from integration_engine.linkage.written import days_of
from integration_engine.record import dates, measures, written_dates
from integration_engine.record.account import Age
from integration_engine.record.remembered import REMEMBERED

# No number in any column has more figures; Python refuses to write one of some thousands.
_TOO_LONG = 10**30
_WHOLE = re.compile(r"(-?\d{1,18})\.0+")
_YES = frozenset({"true", "y", "yes", "1", "t"})


def text_of(row: Mapping[str, Any], column: str) -> str:
    """A cell as text. Structures and numbers that are none say nothing; a whole number kept as a fraction is whole."""
    value = row.get(column)
    if value is None or isinstance(value, dict | bytes):
        return ""
    if isinstance(value, list | tuple):
        value = " ".join(part.strip() for part in value if isinstance(part, str))
    if isinstance(value, float):
        if not isfinite(value):
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else str(value)
    if isinstance(value, int) and abs(value) >= _TOO_LONG:
        return ""
    text = str(value).strip()
    if not text.isascii():
        # Half a character, as JSON may hold it, is none.
        text = text.encode("utf-8", "ignore").decode("utf-8")
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


def number_of(text: str, most: int) -> int:
    """A whole number from 1 to ``most``; 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= most else 0


def is_yes(text: str) -> bool:
    return text.lower() in _YES


@lru_cache(maxsize=REMEMBERED)
def moment_of(text: str) -> tuple[int, int, int]:
    """First and last day a date or time can mean, and its minute where one is told; zeros where it can't be read. A time
    without a zone is London's. Midnight is how a spreadsheet writes a date without a time."""
    try:
        partial = written_dates.read(text)
    except written_dates.Unreadable:
        return 0, 0, 0
    if partial is None:
        return 0, 0, 0
    first, last = days_of(dates.day_of(partial))
    timed = len(partial) > 10 and not partial[11:].startswith("00:00+")
    return first, last, int(dates.earliest(partial).timestamp()) // 60 if timed else 0


@lru_cache(maxsize=REMEMBERED)
def age_of(text: str) -> Age | None:
    """An age; a bare number is in years."""
    return measures.age_of(text, "years")


@lru_cache(maxsize=REMEMBERED)
def grams_of(text: str) -> int:
    return measures.grams_of(text) or 0


@lru_cache(maxsize=REMEMBERED)
def gestation_of(text: str) -> int:
    """Days; weeks where the cell doesn't say."""
    return measures.gestation_of(text) or 0
