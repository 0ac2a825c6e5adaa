"""``cdr reference``: the reference data behind routing: check it, load postcode and site lookups."""

from pathlib import Path
from typing import Annotated, Literal

import orjson
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from integration_engine.routing.checks import Finding, validate
from integration_engine.routing.postcode_directory import load_directory
from integration_engine.routing.reference import BUNDLED, POSTCODES_VARIABLE, SITES_VARIABLE, load_reference
from integration_engine.routing.sites import load_ods
from integration_engine.routing.table_schema import check_tables
from integration_engine.routing.tables import ReferenceDataError
from integration_engine.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Reference data: check it, load postcode and site lookups.")


@app.command()
def check(
    folder: Annotated[Path | None, typer.Argument(help="A folder of tables, instead of the bundled one.")] = None,
    footprint: Annotated[Path | None, typer.Option(help="A local footprint to lay over (YAML).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Is every authority covered by exactly one panel and one team on every day? Exit 1 if anything can't be right."""
    settings = load_settings()
    try:
        reference = load_reference(folder, settings.postcodes, settings.sites, footprint)
        findings = (*check_tables(folder or BUNDLED), *validate(reference))
    except ReferenceDataError as problem:
        findings = (Finding("error", problem.code, problem.where, problem.where, problem.text),)
    errors = [one for one in findings if one.severity == "error"]
    if as_json:
        rows = [
            {"severity": one.severity, "code": one.code, "table": one.table, "subject": one.subject, "text": one.text}
            for one in findings
        ]
        typer.echo(orjson.dumps({"sound": not errors, "findings": rows}).decode())
    else:
        _show(Console(), findings, len(errors))
    raise typer.Exit(1 if errors else 0)


def _show(console: Console, findings: tuple[Finding, ...], errors: int) -> None:
    table = Table("", "table", "subject", "finding", box=None, padding=(0, 2))
    for one in findings:
        mark = f"[red]{one.code}[/]" if one.severity == "error" else "[yellow]confirm[/]"
        table.add_row(mark, one.table, one.subject, one.text)
    if findings:
        console.print(table)
    weak = len(findings) - errors
    verdict = "[bold red]not sound[/]" if errors else "[bold green]sound[/]"
    console.print(f"{verdict}: {errors} errors, {weak} rows to confirm", highlight=False)


@app.command()
def load(
    kind: Annotated[
        Literal["nspl", "ods"],
        typer.Argument(help="nspl: ONS's postcode directory; ods: NHS sites (ets.csv, etr.csv)."),
    ],
    files: Annotated[list[Path], typer.Argument(help="The file as published, CSV or zip.", metavar="FILE...")],
    to: Annotated[Path, typer.Option("--to", help="Where the lookup goes.")],
    postcodes: Annotated[Path | None, typer.Option(help="For ods: the postcode lookup that finds districts.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Turn a published directory into a compact lookup that CDR_POSTCODES or CDR_SITES then names."""
    try:
        answer = _load_postcodes(files, to) if kind == "nspl" else _load_sites(files, to, postcodes)
    except ReferenceDataError as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(1) from problem
    if as_json:
        typer.echo(orjson.dumps(answer).decode())
        return
    Console().print(", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in answer.items()), highlight=False)
    Console().print(f"set {POSTCODES_VARIABLE if kind == 'nspl' else SITES_VARIABLE}={to} to use it", highlight=False)


def _load_postcodes(files: list[Path], to: Path) -> dict[str, int]:
    if len(files) != 1:
        raise typer.BadParameter("a postcode directory is one file")
    shown = Console(stderr=True)
    with Progress(
        SpinnerColumn(), TextColumn("{task.completed:,.0f} rows"), TimeElapsedColumn(), console=shown, transient=True
    ) as progress:
        task = progress.add_task("reading", total=None)
        done = load_directory(files[0], to, lambda rows: progress.update(task, completed=rows))
    return {
        "rows": done.rows,
        "postcodes": done.postcodes,
        "skipped": done.skipped,
        "without_district": done.without_district,
        "districts": done.districts,
    }


def _load_sites(files: list[Path], to: Path, postcodes: Path | None) -> dict[str, int]:
    lookup = load_reference(postcodes=postcodes or load_settings().postcodes)
    done = load_ods(files, to, lookup.district)
    return {"sites": done.sites, "without_district": done.without_district}
