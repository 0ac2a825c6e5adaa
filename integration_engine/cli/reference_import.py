"""``cdr reference import``: a corrected table of panels, looked at whole, shown as a difference, then put in force."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integration_engine.routing.findings import Finding
from integration_engine.routing.inspection import inspect
from integration_engine.routing.panel_changes import Difference, changed
from integration_engine.routing.panel_table import read_panel_table
from integration_engine.routing.reference import load_reference
from integration_engine.routing.table_versions import drafted, put_in_force
from integration_engine.routing.tables import Problem, ReferenceDataError
from integration_engine.settings import load_settings


def command(
    file: Annotated[Path, typer.Argument(help="A CSV: which authority belongs to which panel, from when.")],
    to: Annotated[
        Path | None, typer.Option("--to", help="Your folder of tables; else the one of CDR_REFERENCE.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and show; write nothing.")] = False,
    first: Annotated[
        str | None, typer.Option("--from", help="The first day of rows that give none.", metavar="DATE")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Where the table comes from, noted on each row.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Check a table of panels, show what it changes, and put it in force. Exit 1, with everything that is wrong, if it can't
    be; then nothing is written."""
    settings = load_settings()
    own = to or settings.reference
    if own is None and not dry_run:
        raise typer.BadParameter("say where your tables are kept: --to FOLDER, or CDR_REFERENCE")
    now = datetime.now(UTC)
    try:
        day = date.fromisoformat(first) if first else None
    except ValueError as problem:
        raise typer.BadParameter("a day is written 2027-04-01", param_hint="--from") from problem
    held = own if own and own.is_dir() else None
    problems: list[Problem] = []
    difference: Difference | None = None
    kept: Path | None = None
    try:
        reference = load_reference(held, settings.postcodes, settings.sites)
        table = read_panel_table(file, reference.layers, now.date(), day, source or "")
        after, difference = changed(reference.layers, table, now.date())
        with drafted(held, reference.layers, after) as draft:
            findings = inspect(draft, settings.footprint, settings.postcodes, settings.sites)
            problems = [_problem(one) for one in findings if one.severity == "error"]
            if difference and own and not problems and not dry_run:
                kept = put_in_force(draft, own, now)
    except ReferenceDataError as refused:
        problems += refused.problems
    if as_json:
        typer.echo(orjson.dumps(_json(difference, problems, kept)).decode())
    else:
        _show(Console(), difference, problems, kept, own, dry_run)
    raise typer.Exit(1 if problems else 0)


def _problem(finding: Finding) -> Problem:
    return Problem(finding.code, f"{finding.table} {finding.subject}", finding.text)


def _json(difference: Difference | None, problems: list[Problem], kept: Path | None) -> dict[str, Any]:
    return {
        "ok": not problems,
        "problems": [{"code": one.code, "where": one.where, "text": one.text} for one in problems],
        "changes": difference.json() if difference else None,
        "written": str(kept) if kept else None,
    }


def _show(
    console: Console,
    difference: Difference | None,
    problems: list[Problem],
    kept: Path | None,
    own: Path | None,
    dry_run: bool,
) -> None:
    if difference:
        _show_difference(console, difference)
    for one in problems:
        console.print(f"[red]{one.code}[/] {escape(one.where)}: {escape(one.text)}", highlight=False)
    if problems:
        console.print(f"[bold red]refused[/]: {len(problems)} to put right; nothing is written", highlight=False)
    elif not difference:
        console.print("nothing changes: the tables say so already", highlight=False)
    elif dry_run:
        console.print("[bold green]sound[/]; nothing is written (--dry-run)", highlight=False)
    else:
        console.print(f"[bold green]in force[/]: {escape(str(kept))}; what was before stays beside it", highlight=False)
        console.print(f"set CDR_REFERENCE={escape(str(own))} and restart workers to use it", highlight=False)


def _show_difference(console: Console, difference: Difference) -> None:
    if difference.moves:
        table = Table("authority", "", "from", "before", "after", box=None, padding=(0, 2))
        for move in difference.moves:
            since = move.first.isoformat() if move.first else "as long as known"
            table.add_row(move.authority, move.name, since, ", ".join(move.before) or "nobody", move.after)
        console.print(table)
    for words, codes in (
        ("new panels", difference.new),
        ("panels that close", difference.closed),
        ("new authorities", difference.authorities),
    ):
        if codes:
            console.print(f"{words}: {', '.join(codes)}", highlight=False)
    for code, old, new in difference.renamed:
        console.print(f"{code} is renamed: {escape(old)} becomes {escape(new)}", highlight=False)
    if difference.confirmed:
        console.print(f"{difference.confirmed} weakly known rows are confirmed", highlight=False)
    authorities = len({move.authority for move in difference.moves})
    console.print(
        f"{authorities} {'authority changes' if authorities == 1 else 'authorities change'} panel", highlight=False
    )
