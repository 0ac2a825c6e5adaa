"""Invented cases and an invented population for trying trends: ten years of the nation's, or a small area's.

    python -m integration_engine.synthetic.trend_cases cases > cases.csv
    python -m integration_engine.synthetic.trend_cases population > population.csv

The cases are those of ``decade`` with what trends counts by besides: sex, deprivation decile, and what tells a category. No
child in it exists and no figure of it may be quoted. One panel has fewer children in the population than its deaths were
drawn from, so that there is something for a funnel plot to find.
"""

import csv
import random
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from integration_engine.routing.reference import bundled
from integration_engine.synthetic.decade import CASES, COLUMNS, FIRST, YEARS, invented_cases, people

EXTRA = ("sex", "imd_decile", "icd10", "conclusion", "suspected_category")
CHILDREN = 12_000_000
"""About how many people under 18 live in England (memory, high)."""
FEWER = "LLR"
_FEWER_BY = 0.8
_BANDS: Mapping[str, float] = {"0": 0.05, "1-4": 0.215, "5-9": 0.285, "10-14": 0.285, "15-17": 0.165}
"""Shares of age bands among the under 18s (ours)."""
_CODES: Mapping[str, tuple[str, ...]] = {
    "newborn": ("P07", "P07", "P21", "P36", "Q24", "Q91", "P77"),
    "infant": ("R95", "Q24", "J18", "A41", "G12", "P27", "Q79"),
    "child": ("C71", "C91", "G40", "J45", "E84", "A39", "G71", "K70", "I42", "Q20"),
}
_CONCLUSIONS: Mapping[str, tuple[str, ...]] = {
    "road-traffic-collision": ("road-traffic-collision",),
    "suspected-suicide": ("suicide", "suicide", "open", "narrative"),
    "drowning": ("accident", "misadventure", "narrative"),
    "fire": ("accident", "narrative"),
    "homicide": ("unlawful-killing",),
    "other": ("accident", "narrative", "drug-related"),
}
_MORE_DEPRIVED = tuple(14 - decile for decile in range(1, 11))
"""Weights of the deciles, the most deprived first (ours)."""


def trend_cases(
    count: int = CASES, seed: int = 2016, first: date = FIRST, years: int = YEARS
) -> Iterator[dict[str, Any]]:
    """Invented cases as rows of tabular input, in order of death."""
    chance = random.Random(f"trends {seed}")  # noqa: S311 - invented cases, not a secret
    for row in invented_cases(count, seed, first, years):
        yield row | _more(row, chance)


def _more(row: Mapping[str, Any], chance: random.Random) -> dict[str, str]:
    born, died = date.fromisoformat(row["birth_date"]), date.fromisoformat(row["death_datetime"][:10])
    days = (died - born).days
    found = {
        "sex": chance.choices(("M", "F", "I", "U"), (0.56, 0.435, 0.002, 0.003))[0],
        "imd_decile": str(chance.choices(range(1, 11), _MORE_DEPRIVED)[0]),
    }
    event = row.get("event_type") or ""
    if event in _CONCLUSIONS:
        if chance.random() < 0.6:
            found["conclusion"] = chance.choice(_CONCLUSIONS[event])
    elif chance.random() < 0.85:
        codes = _CODES["newborn" if days < 28 else "infant" if days < 365 else "child"]
        found["icd10"] = chance.choice(codes)
    if chance.random() < 0.05:
        found["suspected_category"] = "chronic-condition" if days > 365 else "perinatal-neonatal"
    return found


def population(first: date = FIRST, years: int = YEARS) -> Iterator[dict[str, str]]:
    """An invented population of every panel: the children its deaths were drawn from, the same in every year but for a
    slow fall in births."""
    reference = bundled()
    for year in range(first.year, first.year + years):
        midsummer = date(year, 6, 30)
        shares: defaultdict[str, float] = defaultdict(float)
        for code, weight in people(midsummer).items():
            if owner := reference.cdop_for(code, midsummer):
                shares[owner[1]] += weight
        whole = sum(shares.values())
        births = 1 - 0.01 * (year - first.year)
        for area, share in sorted(shares.items()):
            children = CHILDREN * share / whole * (_FEWER_BY if area == FEWER else 1)
            numbers = {band: children * part * (births if band == "0" else 1) for band, part in _BANDS.items()}
            numbers["live-births"] = numbers["0"] * 1.004
            for band, number in numbers.items():
                yield {"area": area, "year": str(year), "age_band": band, "population": f"{number:.0f}"}


def main() -> None:
    """Write the cases or the population to standard output as CSV."""
    what = sys.argv[1:2]
    if what == ["cases"]:
        columns: tuple[str, ...] = (*COLUMNS, *EXTRA)
        rows = trend_cases()
    elif what == ["population"]:
        columns, rows = ("area", "year", "age_band", "population"), iter(population())
    else:
        raise SystemExit("cases or population")
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


if __name__ == "__main__":
    main()
