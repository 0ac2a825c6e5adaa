"""Rates from published counts: per 100,000 children and year, or per 1,000 live births in the first year of life.

Intervals are exact Poisson (``poisson.exact_interval``). Direct standardisation is to the 2013 European Standard Population
below 18, with Dobson's interval (Dobson et al. 1991). A suppressed count has no rate, and an area with a suppressed age
band no standardised one: its rate would give the count away.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from integration_engine.trends.breakdowns import TIMES, days_of
from integration_engine.trends.deaths import AGE_BANDS, UNKNOWN
from integration_engine.trends.lattice import EVERYTHING, Axis
from integration_engine.trends.poisson import exact_interval
from integration_engine.trends.population import Population
from integration_engine.trends.table import Published

PER_CHILDREN, PER_BIRTHS = 100_000, 1_000
STANDARD: Mapping[str, int] = {
    "0": 1000,
    AGE_BANDS[2]: 4000,
    AGE_BANDS[3]: 5500,
    AGE_BANDS[4]: 5500,
    AGE_BANDS[5]: 3300,
}
"""The 2013 European Standard Population below 18; ages 15 to 17 are taken as three fifths of its 15 to 19 (5,500)."""
_INFANT = AGE_BANDS[:2]
_ANY = frozenset({"category", "expected"})
"""Breakdowns of deaths, not of children: the rate of each is over all children."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate with its 95% interval. ``over`` are the person-years or live births, ``per`` 100,000 or 1,000."""

    value: float
    low: float
    high: float
    over: float
    per: int


def crude(count: int | None, over: float | None, per: int) -> Rate | None:
    """A crude rate; None where the count is suppressed, the denominator not known or nobody lived there."""
    if count is None or not over or not math.isfinite(over):
        return None
    around = exact_interval(count)
    return Rate(count / over * per, around.low / over * per, around.high / over * per, over, per)


@dataclass(frozen=True, eq=False)
class Rates:
    """The rates of a published table, where its population allows them."""

    table: Published
    population: Population
    first: date
    last: date

    def of(self, row: str, column: str) -> Rate | None:
        """The rate of one cell."""
        return self._rate({self.table.rows: row, self.table.columns: column}, self.table.cells[row, column])

    def of_row(self, row: str) -> Rate | None:
        """The rate of a row's total."""
        return self._rate({self.table.rows: row}, self.table.row_totals[row])

    def of_column(self, column: str) -> Rate | None:
        """The rate of a column's total."""
        return self._rate({self.table.columns: column}, self.table.column_totals[column])

    def of_all(self) -> Rate | None:
        """The rate of everything."""
        return self._rate({}, self.table.total)

    def _rate(self, at: Mapping[Axis, str], count: int | None) -> Rate | None:
        where: dict[str, Collection[str]] = {}
        first, last, births = self.first, self.last, False
        for axis, value in at.items():
            if axis is EVERYTHING or axis.name in _ANY:
                continue
            if value.endswith(UNKNOWN):
                return None
            if axis.name in TIMES:
                days = days_of(axis.name, value, first, last)
                if days is None:
                    return None
                first, last = days
            elif axis.name == "region":
                where["area"] = self.population.areas_of(value)
            elif axis.name == "age-band" and value in _INFANT:
                births = True
            else:
                where[axis.name] = {value}
        over = self.population.person_years(where, first, last, births=births)
        return crude(count, over, PER_BIRTHS if births else PER_CHILDREN)


@dataclass(frozen=True, slots=True)
class Standardised:
    """What age standardisation makes of one row: the direct rate, and the count expected at everybody's rates by age."""

    direct: Rate | None
    expected: float | None


def standardised(by_age: Published, population: Population, first: date, last: date) -> Mapping[str, Standardised]:
    """For each row of a table by (something with a population) and age band: its standardised rate and expected count.

    Infants are one band, over the population under one. Deaths of unknown age are in neither.
    """
    name = by_age.rows.name
    everyone: dict[str, float | None] = {}
    for band in STANDARD:
        people = population.person_years({"age-band": {band}}, first, last)
        deaths = _deaths({column: by_age.column_totals[column] for column in by_age.columns.values}, band)
        everyone[band] = deaths / people if deaths is not None and people else None
    found: dict[str, Standardised] = {}
    for row, counts in by_age.lines():
        here = {"area": population.areas_of(row)} if name == "region" else {name: {row}}
        people_by = {
            band: None if row.endswith(UNKNOWN) else population.person_years({**here, "age-band": {band}}, first, last)
            for band in STANDARD
        }
        found[row] = Standardised(_direct(counts, people_by), _expected(everyone, people_by))
    return found


def _deaths(counts: Mapping[str, int | None], band: str) -> int | None:
    """The deaths of a band of the standard; None where one of them is suppressed."""
    parts = [counts.get(one, 0) for one in (_INFANT if band == "0" else (band,))]
    return None if any(part is None for part in parts) else sum(part or 0 for part in parts)


def _direct(counts: Mapping[str, int | None], people: Mapping[str, float | None]) -> Rate | None:
    total_weight = sum(STANDARD.values())
    deaths = {band: _deaths(counts, band) for band in STANDARD}
    rate = variance = 0.0
    observed = 0
    for band, weight in STANDARD.items():
        count, over = deaths[band], people[band]
        if count is None or not over:
            return None
        observed += count
        rate += weight * count / over
        variance += weight**2 * count / over**2
    rate, variance = rate / total_weight, variance / total_weight**2
    over = sum(one or 0 for one in people.values())
    if not observed:
        return None
    around = exact_interval(observed)
    spread = math.sqrt(variance / observed)
    low, high = rate + spread * (around.low - observed), rate + spread * (around.high - observed)
    return Rate(rate * PER_CHILDREN, low * PER_CHILDREN, high * PER_CHILDREN, over, PER_CHILDREN)


def _expected(everyone: Mapping[str, float | None], people: Mapping[str, float | None]) -> float | None:
    total = 0.0
    for band in STANDARD:
        rate, over = everyone[band], people[band]
        if rate is None or over is None:
            return None
        total += rate * over
    return total
