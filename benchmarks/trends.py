"""Ten years of the nation's deaths counted, suppressed, rated and looked through for signals: how many times the floor.

    python -m benchmarks trends [--cases 35000] [--json FILE]

The floor, in the same run, is what any count must do first: parse the rows. Reading and placing the deaths is one figure; the
question is another, asked thrice: panels with rates and funnel, panels by category, regions by month with control charts.
Processor seconds of one thread, so that other work on the machine doesn't show.
"""

import argparse
import csv
import json
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

from integration_engine.planning.intake import Tally, read_files
from integration_engine.routing.reference import bundled
from integration_engine.synthetic.decade import CASES, COLUMNS
from integration_engine.synthetic.trend_cases import EXTRA, population, trend_cases
from integration_engine.trends.categories import shipped
from integration_engine.trends.deaths import Apart, Period, Rules, counted
from integration_engine.trends.findings import Question, find
from integration_engine.trends.population import population_of

NOW = datetime(2026, 3, 31, tzinfo=UTC)
QUESTIONS = (("area",), ("area", "category"), ("region", "month"))


def measured(file: Path) -> dict[str, float | int]:
    """Seconds of the floor, of the deaths and of each question on one file of cases."""
    started = time.process_time()
    with file.open(encoding="utf-8", newline="") as rows:
        parsed = sum(1 for _ in csv.DictReader(rows))
    floor = time.process_time() - started

    rules, apart = Rules(bundled(), shipped(), NOW), Apart()
    people = population_of(population(), "invented", rules.reference, date(2026, 3, 31))
    started = time.process_time()
    deaths = list(counted(read_files([file], Tally()), rules, Period(), apart))
    found: dict[str, float | int] = {"cases": parsed, "counted": len(deaths)}
    found["read_seconds"] = reading = time.process_time() - started
    for by in QUESTIONS:
        started = time.process_time()
        find(deaths, Question(by, population=people), rules, apart)
        found[f"{'_by_'.join(by)}_seconds"] = time.process_time() - started
    asking = sum(float(value) for name, value in found.items() if name.endswith("_seconds")) - reading
    found["times_the_floor"] = (reading + asking) / floor
    return {name: round(value, 2) for name, value in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="trends")
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args(sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cases.csv"
        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, (*COLUMNS, *EXTRA), lineterminator="\n")
            writer.writeheader()
            writer.writerows(trend_cases(chosen.cases))
        found = measured(file)
    for name, value in found.items():
        print(f"{name:28} {value:>12,}")
    if chosen.json:
        chosen.json.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
