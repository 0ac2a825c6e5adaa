"""Ten invented years of the nation's cases, so that a planner without data can try a footprint.

    python -m integration_engine.synthetic.decade > cases.csv

No child in it exists and no figure of it may be quoted. The same seed gives the same cases. Shares and weights make it look
plausible, no more: where each comes from and how sure it is stands beside it.
"""

import csv
import random
import sys
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import accumulate
from math import cos, pi
from typing import Any

from integration_engine.routing.geography import Authority
from integration_engine.routing.reference import Reference, bundled

CASES = 35_000
"""About what ten years bring: 3,492 in the year to March 2025 (found: University of Bristol, November 2025)."""
FIRST, YEARS = date(2016, 1, 1), 10
COLUMNS = (
    "id", "birth_date", "death_datetime", "home_lad", "death_lad", "place_of_death", "expected", "event_type", "event_lad",
    "looked_after_by", "custody", "residency", "postcode",
)  # fmt: skip

_KINDS: Mapping[str, float] = {"district": 1.1, "unitary": 2.4, "metropolitan": 3.9, "london-borough": 2.7}
"""Children who die, by kind of authority: about how many live in one, in 100,000 (memory, low), more in the metropolitan
boroughs, whose rates are higher (memory, medium)."""
_LARGE: Mapping[str, float] = {
    "E08000025": 14.0, "E08000035": 9.0, "E08000032": 7.5, "E08000003": 7.5, "E08000012": 5.5, "E06000023": 4.9,
    "E08000034": 5.0, "E06000060": 5.2, "E06000065": 5.5, "E06000066": 5.4, "E06000052": 5.3, "E06000054": 4.7,
    "E06000047": 5.2, "E06000061": 3.8, "E06000062": 4.4, "E06000016": 4.6, "E09000001": 0.05, "E06000053": 0.01,
}  # fmt: skip
"""Authorities far from their kind's size: the largest cities, the newer unitaries that were counties, the two smallest
(memory, low)."""
_CENTRES: Mapping[str, Sequence[str]] = {
    "North East and Yorkshire": ("E08000021", "E08000035", "E08000039"),
    "North West": ("E08000003", "E08000012"),
    "Midlands": ("E08000025", "E06000016", "E06000018", "E06000021"),
    "East of England": ("E07000008", "E07000148"),
    "London": ("E09000007", "E09000033", "E09000030", "E09000022", "E09000028"),
    "South East": ("E07000178", "E06000045", "E06000043"),
    "South West": ("E06000023", "E06000026"),
}
"""Districts with hospitals that children of the whole region are taken to (memory, medium: children's hospitals and
intensive care; not a list of them)."""

_AWAY = 0.33
"""Died outside the home district's panel: "12 of 32" in East Berkshire 2019-20 (found, a small sample); a third is ours."""
_OTHER_REGION = 0.06
_UNEXPECTED = 0.30
"""Sudden and unexpected: 1,924 of 6,503 (found: NCMD's thematic report on sudden deaths, 2022)."""
_NO_CAUSE = 0.64
"""Of those, with no cause apparent at once: 1,234 of 1,924 (found: the same)."""
_AGES: Sequence[tuple[float, int, int]] = (
    (0.42, 0, 27), (0.19, 28, 364), (0.13, 365, 1825), (0.07, 1826, 3651), (0.08, 3652, 5477), (0.11, 5478, 6573)
)  # fmt: skip
"""Share, from and to in days of age: infants 61% and newborn about 42% (found: NCMD; derived), the rest memory, low."""
_EVENTS = ("road-traffic-collision", "suspected-suicide", "drowning", "fire", "homicide", "other")
_EVENT_SHARES = (0.36, 0.28, 0.1, 0.06, 0.08, 0.12)
_LOOKED_AFTER, _VISITORS, _NO_HOME, _DATE_ONLY, _PLACE_UNKNOWN = 0.015, 0.008, 0.004, 0.12, 0.01
_WINTER = 0.12
"""How much more than the mean die at the turn of the year (ours, for a season to be seen)."""


@dataclass(frozen=True)
class _Land:
    """Where children live and are taken, by day: authorities come and go."""

    reference: Reference

    @cached_property
    def _turns(self) -> list[date]:
        return sorted(self.reference.geography.turning_days)

    @cached_property
    def _homes(self) -> dict[int, tuple[list[Authority], list[float]]]:
        return {}

    def home(self, day: date, chance: random.Random) -> Authority:
        turn = bisect_right(self._turns, day)
        if turn not in self._homes:
            every = self.reference.geography.authorities.values()
            here = [one for one in every if one.kind in _KINDS and one.span.holds(day)]
            weights = (self.size(one) for one in here)
            self._homes[turn] = (here, list(accumulate(weights)))
        homes, weights_so_far = self._homes[turn]
        return chance.choices(homes, cum_weights=weights_so_far)[0]

    @classmethod
    def size(cls, one: Authority) -> float:
        """How many children live in an authority, relative to the others."""
        return _LARGE.get(one.code, _KINDS[one.kind] * cls._own(one.code))

    @staticmethod
    def _own(code: str) -> float:
        """An authority's own size beside its kind's, the same in every run."""
        return random.Random(code).uniform(0.65, 1.35)  # noqa: S311 - an invented size, not a secret

    @cached_property
    def _regions(self) -> dict[str, str]:
        return {}

    def region(self, code: str, day: date) -> str:
        if code not in self._regions:
            owner = self.reference.cdop_for(code, day)
            self._regions[code] = self.reference.cdops.bodies[owner[1]].region if owner else "London"
        return self._regions[code]

    def away(self, home: str, day: date, chance: random.Random) -> str:
        region = self.region(home, day)
        if chance.random() < _OTHER_REGION:
            region = chance.choice(sorted(_CENTRES))
        return chance.choice(_CENTRES.get(region) or _CENTRES["London"])


def people(day: date) -> Mapping[str, float]:
    """How many children each authority of a day has, relative to the others: what homes are drawn by."""
    every = bundled().geography.authorities.values()
    here = (one for one in every if one.kind in _KINDS and one.span.holds(day))
    return {one.code: _Land.size(one) for one in here}


def invented_cases(
    count: int = CASES, seed: int = 2016, first: date = FIRST, years: int = YEARS
) -> Iterator[dict[str, Any]]:
    """Invented cases in order of death, as rows of tabular input. Blank values are left out."""
    chance = random.Random(seed)  # noqa: S311 - invented cases, not a secret
    land = _Land(bundled())
    days = [first + timedelta(days=n) for n in range(round(years * 365.25))]
    season = list(accumulate(1 + _WINTER * cos(2 * pi * day.timetuple().tm_yday / 365.25) for day in days))
    for serial, day in enumerate(sorted(chance.choices(days, cum_weights=season, k=count))):
        yield {name: value for name, value in _case(serial, day, land, chance).items() if value}


def _case(serial: int, day: date, land: _Land, chance: random.Random) -> dict[str, Any]:
    home = land.home(day, chance).code
    unexpected = chance.random() < _UNEXPECTED
    _, youngest, oldest = chance.choices(_AGES, [share for share, *_ in _AGES])[0]
    if unexpected and youngest == 0:
        # Newborn deaths are mostly expected; a sudden one is more often a baby's of some months.
        _, youngest, oldest = _AGES[1]
    age = chance.randint(youngest, oldest)
    event = None
    if unexpected and age > 364 and chance.random() > _NO_CAUSE / 2:
        event = chance.choices(_EVENTS, _EVENT_SHARES)[0]
    elif unexpected:
        event = "sudden-death" if chance.random() < _NO_CAUSE else None
    away = chance.random() < _AWAY
    minute = chance.randrange(24 * 60)
    moment = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001 - London's wall clock
    visitor = chance.random() < _VISITORS
    homeless = not visitor and chance.random() < _NO_HOME
    return {
        "id": f"invented-{serial:06}",
        "birth_date": (day - timedelta(days=age)).isoformat(),
        "death_datetime": day.isoformat() if chance.random() < _DATE_ONLY else moment.isoformat(timespec="minutes"),
        "home_lad": None if visitor or homeless else home,
        "postcode": "ZZ99 3VZ" if homeless else None,
        "death_lad": None
        if chance.random() < _PLACE_UNKNOWN
        else land.away(home, day, chance)
        if away or visitor
        else home,
        "expected": "unexpected" if unexpected else "expected",
        "event_type": event,
        "event_lad": home if event and chance.random() < 0.8 else None,
        "looked_after_by": home if age > 364 and chance.random() < _LOOKED_AFTER else None,
        "custody": "prison-yoi" if age > 15 * 365 and chance.random() < 0.003 else None,
        "residency": chance.choice(("wales", "scotland", "overseas")) if visitor else None,
    }


def main() -> None:
    """Write the cases to standard output as CSV."""
    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in invented_cases():
        writer.writerow(row)


if __name__ == "__main__":
    main()
