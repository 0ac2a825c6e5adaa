"""Ten years of the nation's deaths counted, suppressed, rated and looked through for signals: how many times the floor.

    python -m benchmarks trends [--cases 35000]

The floor, in the same run, is what any count must do first: parse the rows. Reading and placing the deaths is one figure; the
question is another, asked thrice: panels with rates and funnel, panels by category, regions by month with control charts.
Processor seconds of one thread, so that other work on the machine doesn't show.
"""

import argparse
import csv
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from benchmarks.figures import Figure, Report
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


def _measured(file: Path) -> Iterator[Figure]:
    started = time.process_time()
    with file.open(encoding="utf-8", newline="") as rows:
        parsed = sum(1 for _ in csv.DictReader(rows))
    floor = time.process_time() - started

    rules, apart = Rules(bundled(), shipped(), NOW), Apart()
    people = population_of(population(), "invented", rules.reference, date(2026, 3, 31))
    started = time.process_time()
    deaths = list(counted(read_files([file], Tally()), rules, Period(), apart))
    spent = [time.process_time() - started]
    yield Figure(f"{parsed:,} deaths read and placed", spent[0], "s", floor)
    for by in QUESTIONS:
        started = time.process_time()
        find(deaths, Question(by, population=people), rules, apart)
        spent.append(time.process_time() - started)
        yield Figure(f"asked by {' and '.join(by)}", spent[-1], "s", floor)
    yield Figure("all together", sum(spent), "s", floor)


def options(ask: argparse.ArgumentParser) -> None:
    ask.add_argument("--cases", type=int, default=CASES)


def measure(said: argparse.Namespace, _: Report) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cases.csv"
        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, (*COLUMNS, *EXTRA), lineterminator="\n")
            writer.writeheader()
            writer.writerows(trend_cases(said.cases))
        yield from _measured(file)
