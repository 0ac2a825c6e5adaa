"""``cdr route``: routing alone, on tabular records. No broker, nothing stored."""

import csv
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape

from integration_engine.cli.clocks import CLOCK_COLOURS
from integration_engine.cli.ruling import FOOTPRINTS, SWITCHED, TABLES, ruling
from integration_engine.cli.when import instant
from integration_engine.routing.answer import Routing, explanation_json, to_json
from integration_engine.routing.route import route
from integration_engine.routing.tabular import read_row
from integration_engine.settings import load_settings


def command(
    files: Annotated[list[Path], typer.Argument(help="Records: JSON lines or CSV.", metavar="FILE...")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a record.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show the whole residence ladder.")] = False,
    at: Annotated[str | None, typer.Option(help="The instant to take for now, ISO 8601.")] = None,
    footprint: FOOTPRINTS = None,
    tables: TABLES = None,
    switch: SWITCHED = None,
) -> None:
    """Routing alone: for each record its state, lead, copies, response, deadlines and flags, with the rule of each."""
    now = instant(at)
    rules = ruling(load_settings(), tables, footprint, switch)
    console = Console()
    write = sys.stdout.buffer.write
    for path in files:
        for number, row in enumerate(_rows(path)):
            read = read_row(row, number)
            routing = route(
                read.record,
                (),
                standing=read.standing,
                decided={},
                reference=rules.reference,
                now=now,
                switches=rules.switches,
            )
            if as_json:
                write(
                    orjson.dumps(
                        {"id": read.id, **to_json(routing, now), **(explanation_json(routing) if explain else {})}
                    )
                    + b"\n"
                )
            else:
                _show(console, read.id, routing, explain, now)
    sys.stdout.flush()


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """The rows of a CSV (by its name) or of JSON lines."""
    try:
        with path.open("rb") as file:
            if path.suffix.lower() == ".csv":
                yield from csv.DictReader(line.decode("utf-8-sig") for line in file)
                return
            for number, line in enumerate(file, start=1):
                if line.strip():
                    row = orjson.loads(line)
                    if not isinstance(row, dict):
                        raise typer.BadParameter(f"{path.name}:{number} is no JSON object")
                    yield row
    except OSError as problem:
        raise typer.BadParameter(f"{path.name} can't be read") from problem
    except (orjson.JSONDecodeError, UnicodeDecodeError, csv.Error) as problem:
        raise typer.BadParameter(f"{path.name} holds neither JSON lines nor CSV") from problem


_COLOURS = {"open": "green", "held": "yellow", "withdrawn": "red", "out-of-scope": "dim"}


def _show(console: Console, name: str, routing: Routing, explain: bool, now: datetime) -> None:
    lead = f"[bold]{routing.lead.cdop}[/] by {routing.lead.rule}" if routing.lead else "no lead"
    copies = "".join(f", copy {copy.cdop}" for copy in routing.copies) + "".join(
        f", tell {to}" for to in routing.notify
    )
    jar = (
        f"  JAR {routing.jar.team or routing.jar.mode}: {', '.join(routing.jar.reasons)}"
        if routing.jar.required
        else ""
    )
    console.print(
        f"{escape(name)}  [{_COLOURS[routing.state]}]{routing.state}[/] {routing.rule}  {lead}{copies}{jar}",
        highlight=False,
    )
    if not explain:
        return
    for step in routing.ladder:
        console.print(f"    [cyan]{step.rule}[/] {escape(step.answer)}", highlight=False)
    for one in routing.because:
        console.print(
            f"    {one.about} [bold]{escape(one.answer)}[/] by [cyan]{one.rule}[/]: {escape(one.why)}", highlight=False
        )
    for clock, deadline in routing.deadlines.items():
        note = deadline.json(now)
        colour = CLOCK_COLOURS[note["state"]]
        console.print(f"    {clock} [{colour}]{note['state']}[/] {escape(str(note['why']))}", highlight=False)
    for told in routing.consider:
        until = f" By {told.due.isoformat()}." if told.due else f" {told.by}" if told.by else ""
        console.print(
            f"    consider [bold]{told.flag}[/]: {escape(f'{told.contact} Send: {told.send}{until}')}", highlight=False
        )
