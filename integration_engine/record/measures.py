"""Ages, birth weights and lengths of gestation as people write them.

Each answers None for what isn't one; nothing here fails.
"""

import re

from integration_engine.record.account import Age

_GRAMS = {"g": 1.0, "gm": 1.0, "gms": 1.0, "gram": 1.0, "grams": 1.0, "kg": 1000.0, "kgs": 1000.0, "kilo": 1000.0}
_GRAMS |= {"kilos": 1000.0, "kilogram": 1000.0, "kilograms": 1000.0}
# International avoirdupois pound and ounce (Weights and Measures Act 1985, schedule 1).
_POUND, _OUNCE = 453.59237, 28.349523125
_METRIC = re.compile(r"(\d{1,5}(?:\.\d{1,4})?)\s*([a-z]+)?", re.ASCII)
_IMPERIAL = re.compile(
    r"(?:(?P<lb>\d{1,2}(?:\.\d{1,4})?)\s*(?:lbs?|pounds?|lb_av|\[lb_av\]))?\s*,?\s*"
    r"(?:(?P<oz>\d{1,3}(?:\.\d{1,4})?)\s*(?:ozs?|ounces?|oz_av|\[oz_av\]))?",
    re.ASCII,
)
# No newborn weighs less in grams or more in kilograms: below it a bare number can only be kilograms.
_MOST_KILOGRAMS = 15


# What is longer is no measure, however it is to be read: nobody's reading takes longer for it.
_LONGEST = 80


def _plain(text: str) -> str:
    """As the patterns here take it: small letters, one space where there were several; empty where it is too long for any."""
    bare = re.sub(r"\s+", " ", text.strip().lower(), flags=re.ASCII)
    return bare if len(bare) <= _LONGEST else ""


def grams_of(text: str) -> int | None:
    """A birth weight in grams, from grams, kilograms, or pounds and ounces. A bare number under 15 can only be kilograms."""
    bare = re.sub(r"(?<=\d),(?=\d{3}\b)", "", _plain(text))
    if found := _METRIC.fullmatch(bare):
        amount, unit = float(found[1]), found[2] or ""
        if not unit:
            return round(amount * 1000 if 0 < amount < _MOST_KILOGRAMS else amount)
        if unit in _GRAMS:
            return round(amount * _GRAMS[unit])
    found = _IMPERIAL.fullmatch(bare)
    if not found or not (found["lb"] or found["oz"]):
        return None
    return round(float(found["lb"] or 0) * _POUND + float(found["oz"] or 0) * _OUNCE)


# A bare number up to this is weeks, a larger one days.
_MOST_WEEKS, _MOST_DAYS = 45, 350
_WEEKS_AND_DAYS = re.compile(
    r"(\d{1,2})\s*(?:\+|w(?:ee)?ks?\s*(?:and\s*|,\s*|\+\s*)?|w\s*)\s*([0-6])\s*(?:/\s*7|d|days?)?", re.ASCII
)
_WEEKS = re.compile(r"(\d{1,2}(?:\.\d{1,4})?)\s*(?:\+\s*)?(?:w|wks?|weeks?|/\s*40)", re.ASCII)
_NUMBER = re.compile(r"(\d{1,3}(?:\.\d{1,4})?)\s*(d|days?)?", re.ASCII)


def gestation_of(text: str) -> int | None:
    """Gestation at birth in days, from ``weeks+days``, weeks (also with a fraction) or days."""
    bare = _plain(text)
    days: float | None = None
    if found := _WEEKS_AND_DAYS.fullmatch(bare):
        days = 7 * int(found[1]) + int(found[2])
    elif found := _WEEKS.fullmatch(bare):
        days = 7 * float(found[1])
    elif found := _NUMBER.fullmatch(bare):
        amount = float(found[1])
        days = amount if found[2] or amount > _MOST_WEEKS else 7 * amount
    return None if days is None or days > _MOST_DAYS else int(days)


_UNITS = {
    "years": ("y", "yr", "yrs", "year", "years", "a", "yo"),
    "months": ("m", "mth", "mths", "mo", "mos", "month", "months", "/12"),
    "weeks": ("w", "wk", "wks", "week", "weeks", "/52"),
    "days": ("d", "dy", "dys", "day", "days", "/7"),
    "hours": ("h", "hr", "hrs", "hour", "hours"),
    "minutes": ("min", "mins", "minute", "minutes"),
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words}
_AGE = re.compile(
    r"(?:aged?\s*:?\s*)?"
    r"(?P<about>about|approx(?:imately|\.)?|circa|c\.?|~|around|est(?:imated|\.)?)?\s*(?P<value>\d{1,7})(?:\.\d+)?\s*"
    r"(?P<range>(?:-|to)\s*\d{1,3})?\s*(?P<unit>/\s*(?:12|52|7)|[a-z]++)?(?P<more>(?:\s?(?:(?:,|and|&)\s?)?\d{1,3}\s?[a-z]++)*+)\.?"
    r"(?:\s*(?:old|of age))?",
    re.ASCII,
)
_AT_BIRTH = frozenset({"newborn", "new born", "neonate", "stillborn", "still born", "at birth", "birth"})


def age_of(text: str, unit: str | None = None) -> Age | None:
    """An age in completed units; of two units the larger counts. A bare number is in ``unit``, or is no age without it."""
    bare = _plain(text)
    if bare in _AT_BIRTH:
        return Age(value=0, unit="days", estimated=True)
    found = _AGE.fullmatch(bare)
    written = re.sub(r"\s", "", found["unit"] or "") if found else ""
    named = _UNIT_OF.get(written) if written else _UNIT_OF.get(unit or "")
    if not found or named is None:
        return None
    estimated = True if found["about"] or found["range"] else None
    return Age.model_validate({"value": int(found["value"]), "unit": named, "estimated": estimated})
