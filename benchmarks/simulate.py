"""Ten years of the nation's cases held against two maps: how long, and how many times the floor.

    python -m benchmarks simulate [--cases 35000]

The floor, in the same run, is what any simulation must do first: parse the rows. Measured are the seven-panel merger of the
docs (whose cases are routed twice), its plain answer, and the report with its charts apart. Processor seconds of one thread,
so that other work on the machine doesn't show; what a planner waits is by the clock, program start apart.
"""

import argparse
import csv
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import Figure, Report
from integration_engine.planning.intake import Tally, read_files
from integration_engine.reports.page import render
from integration_engine.routing.overlay import read_overlay
from integration_engine.routing.reference import load_reference
from integration_engine.routing.switches import Switches
from integration_engine.simulation.answer import answer
from integration_engine.simulation.compare import Asked, simulate
from integration_engine.simulation.report import report
from integration_engine.synthetic.decade import CASES, COLUMNS, invented_cases

PLAN = Path(__file__).parents[1] / "docs" / "examples" / "seven-panels.yaml"


def _measured(file: Path) -> Iterator[Figure]:
    started = time.process_time()
    with file.open(encoding="utf-8", newline="") as rows:
        parsed = sum(1 for _ in csv.DictReader(rows))
    floor = time.process_time() - started

    began, started = time.perf_counter(), time.process_time()
    before, after, plan = load_reference(), load_reference(overlay=PLAN), read_overlay(PLAN)
    tally = Tally()
    asked = Asked(plan.name, plan.steps[-1].first, datetime(2026, 3, 31, tzinfo=UTC))
    found = answer(simulate(read_files([file], tally), tally, before, after, asked, Switches()))
    simulated, waited = time.process_time() - started, time.perf_counter() - began

    started = time.process_time()
    page = render(report(found))
    drawn = time.process_time() - started
    cases = f"{parsed:,} cases"
    yield Figure(f"{cases} routed twice", parsed / simulated, "cases/s", parsed / floor)
    yield Figure(f"{cases}, what a planner waits", waited, "s")
    yield Figure("report with its charts", drawn, "s")
    yield Figure("report", len(page), "bytes")
    yield Figure("cases whose leading panel changes", found["changes"]["cases"], "cases")


def options(ask: argparse.ArgumentParser) -> None:
    ask.add_argument("--cases", type=int, default=CASES)


def measure(said: argparse.Namespace, _: Report) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cases.csv"
        with file.open("w", encoding="utf-8", newline="") as rows:
            writer = csv.DictWriter(rows, COLUMNS)
            writer.writeheader()
            writer.writerows(invented_cases(said.cases))
        yield from _measured(file)
