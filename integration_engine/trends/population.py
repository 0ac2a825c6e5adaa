"""How many children there were: the denominators that an operator gives, by area, year, age and what else the file holds.

A CSV with ``year`` and ``population`` and, where known, ``area`` (a panel's code or an authority's), ``age_band``, ``sex``
and ``imd_decile``. Age bands are 0, 1-4, 5-9, 10-14 and 15-17, and ``live-births`` for the births of a year. A year counts
for as many person-years as its share of days in the period.
"""

import csv
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from integration_engine.routing.geography import GSS_CODE
from integration_engine.routing.reference import Reference
from integration_engine.trends.deaths import AGE_BANDS, LookupProblem

BIRTHS = "live-births"
BANDS: Mapping[str, str] = {
    "0": "0", "1-4": AGE_BANDS[2], "5-9": AGE_BANDS[3], "10-14": AGE_BANDS[4], "15-17": AGE_BANDS[5], BIRTHS: BIRTHS
}  # fmt: skip
_COLUMNS = {"area": "area", "age_band": "age-band", "sex": "sex", "imd_decile": "decile"}
_SEXES = frozenset({"male", "female"})
_DECILES = frozenset(str(number) for number in range(1, 11))


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the year, its values by breakdown, and how many."""

    year: int
    values: Mapping[str, str]
    people: float


@dataclass(frozen=True, eq=False)
class Population:
    """The denominators of a file. ``known`` are the breakdowns it tells apart."""

    rows: tuple[Row, ...]
    known: frozenset[str]
    regions: Mapping[str, str]
    """The NHS region of each panel that has a population."""

    @cached_property
    def areas(self) -> tuple[str, ...]:
        """The panels that have a population."""
        return tuple(sorted({row.values["area"] for row in self.rows if "area" in row.values}))

    @cached_property
    def places(self) -> frozenset[str]:
        """The panels, authorities and regions that have a population."""
        named = {row.values.get(one, "") for row in self.rows for one in ("area", "authority")}
        return frozenset(named | set(self.regions.values())) - {""}

    def areas_of(self, region: str) -> Collection[str]:
        """The panels of a region that have a population; where there are none, one that nothing is known of."""
        return {area for area in self.areas if self.regions.get(area) == region} or {""}

    def person_years(
        self, where: Mapping[str, Collection[str]], first: date, last: date, *, births: bool = False
    ) -> float | None:
        """The person-years (or live births) of the days from first to last where each named breakdown has one of these
        values; None where the file can't tell: it lacks the breakdown, a year, or a value."""
        if not set(where) <= self.known:
            return None
        total = 0.0
        for year in range(first.year, last.year + 1):
            rows = [
                row
                for area in where.get("area", (None,))
                for row in self._filed.get((year, births, area), ())
                if all(row.values.get(breakdown) in values for breakdown, values in where.items())
            ]
            told = {breakdown: {row.values[breakdown] for row in rows} for breakdown in where}
            if not rows or any(set(values) - told[breakdown] for breakdown, values in where.items()):
                return None
            total += sum(row.people for row in rows) * share_of_year(year, first, last)
        return total

    @cached_property
    def _filed(self) -> Mapping[tuple[int, bool, str | None], Sequence[Row]]:
        """The rows by year, whether they count births, and area; under None those of every area."""
        found: dict[tuple[int, bool, str | None], list[Row]] = {}
        for row in self.rows:
            births = row.values.get("age-band") == BIRTHS
            for area in {None, row.values.get("area")}:
                found.setdefault((row.year, births, area), []).append(row)
        return found


def share_of_year(year: int, first: date, last: date) -> float:
    """Which share of a year's days lies in the period; a leap year has 366."""
    start, end = date(year, 1, 1), date(year, 12, 31)
    inside = (min(end, last) - max(start, first)).days + 1
    return max(0, inside) / ((end - start).days + 1)


def read_population(path: Path, reference: Reference, today: date) -> Population:
    """Read a file of denominators. Raises LookupProblem, which names the line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return population_of(csv.DictReader(file), path.name, reference, today)
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise LookupProblem("unreadable-file", path.name, "the file can't be read as CSV") from problem


def population_of(
    lines: Iterable[Mapping[str, str | None]], name: str, reference: Reference, today: date
) -> Population:
    """The denominators of rows as a file has them; the first stands in line 2. Raises LookupProblem."""
    found: list[Row] = []
    seen: set[tuple[tuple[str, str], ...]] = set()
    for number, line in enumerate(lines, start=2):
        where = f"{name}:{number}"
        cells = {column.strip(): (value or "").strip() for column, value in line.items() if column}
        if not {"year", "population"} <= cells.keys():
            raise LookupProblem("missing-column", name, "the columns are year and population, and area, age_band")
        key = tuple((column, cells.get(column, "")) for column in ("year", *_COLUMNS))
        if key in seen:
            raise LookupProblem("twice", where, "the same year, area and band have a row already")
        seen.add(key)
        found.append(_row(cells, where, reference, today))
    if not found:
        raise LookupProblem("no-rows", name, "the file holds no population")
    regions = {
        area: reference.cdops.bodies[area].region for area in {row.values.get("area", "") for row in found} if area
    }
    return Population(tuple(found), _known(found), regions)


def _known(rows: Sequence[Row]) -> frozenset[str]:
    """The breakdowns that every row of people states."""
    people = [row for row in rows if row.values.get("age-band") != BIRTHS]
    return frozenset(
        name for name in (*_COLUMNS.values(), "authority") if people and all(name in r.values for r in people)
    )


def _row(cells: Mapping[str, str], where: str, reference: Reference, today: date) -> Row:
    values: dict[str, str] = {}
    try:
        year, people = int(cells["year"]), float(cells["population"])
    except ValueError as problem:
        raise LookupProblem("bad-number", where, "year and population are numbers") from problem
    if not (1900 <= year <= 2200 and 0 <= people < 1e9):
        raise LookupProblem("bad-number", where, "a year has four digits, a population isn't below zero")
    if area := cells.get("area"):
        values |= _area(area, year, where, reference, today)
    if band := cells.get("age_band"):
        if band not in BANDS:
            raise LookupProblem("bad-age-band", where, f"the age bands are {', '.join(BANDS)}")
        values["age-band"] = BANDS[band]
    if sex := cells.get("sex"):
        if sex.lower() not in _SEXES:
            raise LookupProblem("bad-sex", where, "sex is male or female")
        values["sex"] = sex.lower()
    if decile := cells.get("imd_decile"):
        if decile not in _DECILES:
            raise LookupProblem("bad-decile", where, "a decile is a whole number from 1 to 10")
        values["decile"] = decile
    return Row(year, values, people)


def _area(code: str, year: int, where: str, reference: Reference, today: date) -> Mapping[str, str]:
    """A panel's code as it is today, or an authority's with the panel whose it is."""
    if GSS_CODE.fullmatch(code.upper()):
        owner = reference.cdop_for(code.upper(), date(year, 6, 30), today)
        tops = {
            reference.geography.newest(one.upper_tier)
            for one in reference.geography.on(code.upper(), date(year, 6, 30))
        }
        if owner is None or len(tops) != 1:
            raise LookupProblem("unknown-area", where, "no one panel covers an authority of that code")
        return {"area": owner[1], "authority": tops.pop()}
    now = reference.cdops.standing(code.upper(), today)
    if now is None:
        raise LookupProblem("unknown-area", where, "an area is a panel's code or an authority's")
    return {"area": now}
