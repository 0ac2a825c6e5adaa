"""``cdr reference``: the reference data behind routing: check it, load postcode and site lookups."""

from pathlib import Path
from typing import Annotated, Literal

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from integration_engine.cli import reference_import, reference_shown
from integration_engine.cli.ruling import FOOTPRINTS
from integration_engine.routing.findings import Finding
from integration_engine.routing.inspection import inspect
from integration_engine.routing.postcode_directory import load_directory
from integration_engine.routing.reference import POSTCODES_VARIABLE, SITES_VARIABLE, load_reference
from integration_engine.routing.sites import load_ods
from integration_engine.routing.tables import ReferenceDataError
from integration_engine.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Reference data: check and show it, import panels, load lookups.")


@app.command()
def check(
    folder: Annotated[Path | None, typer.Argument(help="A folder of tables, instead of the one in force.")] = None,
    footprint: FOOTPRINTS = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Is every authority covered by exactly one panel and one team on every day? Exit 1 if anything can't be right."""
    settings = load_settings()
    laid = (*settings.footprint, *(footprint or ()))
    findings = inspect(folder or settings.reference, laid, settings.postcodes, settings.sites)
    errors = [one for one in findings if one.severity == "error"]
    if as_json:
        rows = [
            {
                "severity": one.severity,
                "code": one.code,
                "table": one.table,
                "subject": one.subject,
                "text": one.text,
                **({"confidence": one.confidence} if one.confidence else {}),
            }
            for one in findings
        ]
        typer.echo(orjson.dumps({"sound": not errors, "findings": rows}).decode())
    else:
        _show(Console(), findings, len(errors))
    raise typer.Exit(1 if errors else 0)


app.command()(reference_shown.show)
app.command()(reference_shown.switches)
app.command("import")(reference_import.command)


def _show(console: Console, findings: tuple[Finding, ...], errors: int) -> None:
    table = Table("", "table", "subject", "finding", box=None, padding=(0, 2))
    for one in findings:
        mark = f"[red]{one.code}[/]" if one.severity == "error" else "[yellow]confirm[/]"
        table.add_row(mark, one.table, one.subject, escape(one.text))
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
    settings = load_settings()
    lookup = load_reference(settings.reference, postcodes=postcodes or settings.postcodes)
    done = load_ods(files, to, lookup.district)
    return {"sites": done.sites, "without_district": done.without_district}
