"""``cdr trends``: how many children died, by what and where, with small numbers suppressed. On tables or the held cases."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from integration_engine.cli.past_cases import past_cases
from integration_engine.cli.ruling import FOOTPRINTS, SWITCHED, TABLES, ruling
from integration_engine.cli.when import first_day, instant, last_day
from integration_engine.planning.intake import IntakeError, Tally
from integration_engine.record.dates import london
from integration_engine.routing.reference import Reference
from integration_engine.routing.tables import ReferenceDataError
from integration_engine.settings import load_settings
from integration_engine.trends.breakdowns import CHAINS, Words
from integration_engine.trends.categories import FILE as CATEGORIES
from integration_engine.trends.categories import load_categories, shipped
from integration_engine.trends.deaths import Apart, LookupProblem, Period, Rules, counted, read_deprivation
from integration_engine.trends.findings import ROLES, Findings, Question, QuestionProblem, check, find
from integration_engine.trends.listing import as_csv, as_json
from integration_engine.trends.population import Population, population_of, read_population
from integration_engine.trends.screen import show

_ONLY_FORMAT = "--json, --csv"
_MOST_NAMED = 20


def command(  # noqa: PLR0913, PLR0917 - one option a thing that can be asked
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Past cases: CSV or JSON lines. None: the held cases.", metavar="[FILE...]"),
    ] = None,
    invented: Annotated[
        bool, typer.Option("--invented", help="Ten invented years of the nation's cases, and their population.")
    ] = False,
    by: Annotated[
        list[str] | None,
        typer.Option(help=f"What to count by, once or twice: {', '.join(CHAINS)}.", metavar="BREAKDOWN"),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="First year, month or day: 2020, 2020-04, 2020-04-01.", metavar="DATE")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="Last year, month or day.", metavar="DATE")] = None,
    population: Annotated[
        Path | None, typer.Option(help="Denominators (CSV): year, population, area, age_band ...", metavar="FILE.csv")
    ] = None,
    deprivation: Annotated[
        Path | None, typer.Option(help="Deciles (CSV): imd_decile and postcode or lsoa.", metavar="FILE.csv")
    ] = None,
    role: Annotated[str, typer.Option(help=f"Who asks: {', '.join(ROLES)}.")] = "coordinator",
    chart: Annotated[str, typer.Option(help="The control chart: u or xmr.")] = "u",
    report: Annotated[Path | None, typer.Option(help="Write an HTML report with charts.", metavar="FILE.html")] = None,
    json_too: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    csv_too: Annotated[bool, typer.Option("--csv", help="Print CSV, one line a number.")] = False,
    at: Annotated[str | None, typer.Option(help="The instant to take for now, ISO 8601.")] = None,
    footprint: FOOTPRINTS = None,
    tables: TABLES = None,
    switch: SWITCHED = None,
) -> None:
    """Counts and rates of children's deaths by area, age, category, time ...; small numbers suppressed, signals with their
    method."""
    if json_too and csv_too:
        raise typer.BadParameter("one of them", param_hint=_ONLY_FORMAT)
    now = instant(at)
    settings = load_settings()
    in_force = ruling(settings, tables, footprint, switch)
    question: dict[str, Any] = {
        "by": tuple(by or ("area",)),
        "period": Period(first_day(since, "--from"), last_day(until, "--to")),
        "role": _one_of(role, ROLES, "--role"),
        "chart": _one_of(chart, ("u", "xmr"), "--chart"),
    }
    try:
        check(Question(**question))
        own = (tables or settings.reference) and (tables or settings.reference or Path()) / CATEGORIES
        categories = load_categories(own) if own and own.is_file() else shipped()
        deciles = read_deprivation(deprivation) if deprivation else {}
        rules = Rules(in_force.reference, categories, now, in_force.switches, deciles)
        people = _people(population, invented, in_force.reference, now)
        asked = Question(**question, population=people)
        apart, tally = Apart(), Tally()
        made_up = _invented if invented else None
        cases = past_cases(files or [], made_up, settings=settings, tally=tally, now=now, purpose=_purpose(asked))
        deaths = list(counted(cases, rules, asked.period, apart))
        apart.take(tally)
        found = find(deaths, asked, rules, apart)
    except (QuestionProblem, LookupProblem, ReferenceDataError, IntakeError) as problem:
        raise typer.BadParameter(str(problem)) from problem
    words = Words(in_force.reference, categories)
    if report:
        _write(report, found, words, now, "invented cases" if invented else _source(files))
    if json_too:
        sys.stdout.buffer.write(orjson.dumps(as_json(found, words) | {"bad_rows": tally.to_json()["bad_rows"]}) + b"\n")
    elif csv_too:
        sys.stdout.write(as_csv(found, words))
    else:
        show(found, words)
    _say_what_was_left_out(tally)


def _say_what_was_left_out(tally: Tally) -> None:
    for bad in tally.bad[:_MOST_NAMED]:
        typer.echo(f"{bad.where}: left out, {bad.text}", err=True)
    if len(tally.bad) > _MOST_NAMED:
        typer.echo(f"... and {len(tally.bad) - _MOST_NAMED} rows more", err=True)


def _people(path: Path | None, invented: bool, reference: Reference, now: datetime) -> Population | None:
    today = london(now).date()
    if path is None and invented:
        from integration_engine.synthetic.trend_cases import population

        return population_of(population(), "invented", reference, today)
    return read_population(path, reference, today) if path else None


def _invented() -> Iterator[Mapping[str, Any]]:
    from integration_engine.synthetic.trend_cases import trend_cases

    return trend_cases()


def _purpose(asked: Question) -> str:
    """What the audit log says that somebody looked for."""
    shown = "small numbers shown" if asked.small_shown else "small numbers suppressed"
    period = f"{asked.period.first or 'the first'} to {asked.period.last or 'the last'}"
    return f"trends by {' and '.join(asked.by)}, {period}, as {asked.role}, {shown}"


def _source(files: Sequence[Path] | None) -> str:
    return ", ".join(path.name for path in files) if files else "the cases held"


def _one_of(text: str, words: Sequence[str], option: str) -> str:
    if text not in words:
        raise typer.BadParameter(f"one of {', '.join(words)}", param_hint=option)
    return text


def _write(path: Path, found: Findings, words: Words, now: datetime, source: str) -> None:
    from integration_engine.reports.drawing import ChartsUnavailable
    from integration_engine.reports.page import render
    from integration_engine.trends.report import report_of

    try:
        path.write_text(render(report_of(found, words, made=_made(now, source))), encoding="utf-8")
    except ChartsUnavailable as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(2) from problem
    except OSError as problem:
        raise typer.BadParameter(f"{path.name} can't be written", param_hint="--report") from problem


def _made(now: datetime, source: str) -> str:
    when = london(now)
    return f"Made {when.day} {when:%B %Y} from {source}."
