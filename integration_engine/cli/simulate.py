"""``cdr simulate``: past cases under another footprint, before and after. Nothing is changed, nothing stored."""

import csv
import sys
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console

from integration_engine.cli.past_cases import past_cases
from integration_engine.cli.ruling import FOOTPRINTS, SWITCHED, TABLES, ruling
from integration_engine.cli.simulate_shown import show
from integration_engine.cli.uncollected import uncollected
from integration_engine.cli.when import first_day, instant, last_day
from integration_engine.planning.intake import IntakeError, Tally
from integration_engine.record.dates import london
from integration_engine.routing.overlay import read_overlay
from integration_engine.settings import load_settings
from integration_engine.simulation.answer import answer
from integration_engine.simulation.compare import JAR_HOURS, Asked, simulate
from integration_engine.simulation.costs import CostsError, read_costs
from integration_engine.simulation.spreadsheet import COLUMNS, spreadsheet

_NOT_SO = 1


def command(  # noqa: PLR0913, PLR0917 - one option for each thing a planner may ask
    plan: Annotated[Path, typer.Argument(help="The footprint to try (YAML).", metavar="FOOTPRINT.yaml")],
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Past cases: CSV or JSON lines, a row a child. None: the cases held.", metavar="[FILE...]"),
    ] = None,
    invented: Annotated[bool, typer.Option("--invented", help="Ten invented years of the nation's cases.")] = False,
    first: Annotated[str | None, typer.Option("--from", help="Only deaths from this year, month or day on.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Only deaths until this year, month or day.")] = None,
    jar_hours: Annotated[float, typer.Option(min=0.1, max=8760, help="Hours a response keeps its team.")] = JAR_HOURS,
    unmet: Annotated[float, typer.Option(min=1e-6, max=0.5, help="Borne chance that nobody is free.")] = 0.01,
    costs: Annotated[Path | None, typer.Option(help="Unit costs (YAML): adds a cost-neutral view.")] = None,
    suppress: Annotated[bool, typer.Option("--suppress", help="Hide small counts (under 5).")] = False,
    report: Annotated[Path | None, typer.Option(help="Write an HTML report with charts.", metavar="FILE.html")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="One flat table, a row a figure.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Show panels and teams that don't change, too.")] = False,
    at: Annotated[str | None, typer.Option(help="The instant to take for now, ISO 8601.")] = None,
    footprint: FOOTPRINTS = None,
    tables: TABLES = None,
    switch: SWITCHED = None,
) -> None:
    """What if this footprint had been in force all along? Caseload, response teams, leads and copies, before and after."""
    now, settings = instant(at), load_settings()
    before = ruling(settings, tables, footprint, switch)
    after = ruling(settings, tables, [*(footprint or ()), plan], switch)
    asked = Asked(
        name=_name(plan),
        as_of=max(_complete(plan), london(now).date()),
        now=now,
        first=first_day(first, "--from"),
        last=last_day(last, "--to"),
        jar_hours=jar_hours,
        unmet_limit=unmet,
    )
    if asked.first and asked.last and asked.last < asked.first:
        raise typer.BadParameter("the last day lies before the first", param_hint="--to")
    tally = Tally()
    try:
        prices = read_costs(costs) if costs else None
        made_up = _invented if invented else None
        cases = past_cases(files or [], made_up, settings=settings, tally=tally, now=now, purpose="simulate")
        with uncollected():
            simulation = simulate(cases, tally, before.reference, after.reference, asked, before.switches)
    except (IntakeError, CostsError) as problem:
        raise typer.BadParameter(str(problem)) from problem
    found = answer(simulation, prices, suppress=suppress)
    if report:
        _write_report(found, report)
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(found) + b"\n")
        sys.stdout.flush()
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(spreadsheet(found))
    else:
        show(Console(), found, report, every=every)
    if not tally.taken:
        typer.echo("no case could be used", err=True)
        raise typer.Exit(_NOT_SO)


def _name(plan: Path) -> str:
    return read_overlay(plan).name


def _complete(plan: Path) -> date:
    """The day on which the footprint's last step is in force."""
    return max(step.first for step in read_overlay(plan).steps)


def _invented() -> Iterator[Mapping[str, Any]]:
    from integration_engine.synthetic.decade import invented_cases

    return invented_cases()


def _write_report(found: dict[str, Any], to: Path) -> None:
    from integration_engine.reports.drawing import ChartsUnavailable
    from integration_engine.reports.page import render
    from integration_engine.simulation.report import report

    try:
        to.write_text(render(report(found)), encoding="utf-8")
    except (ChartsUnavailable, OSError) as problem:
        sentence = str(problem) if isinstance(problem, ChartsUnavailable) else f"{to.name} can't be written"
        typer.echo(sentence, err=True)
        raise typer.Exit(_NOT_SO) from None
