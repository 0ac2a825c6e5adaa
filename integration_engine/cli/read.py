"""``cdr read``: what messages say, one by one. No broker, nothing stored."""

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from integration_engine.cli.files import FileReading, choose, readings


def command(
    files: Annotated[list[Path], typer.Argument(help="Messages: files or folders.", metavar="FILE...")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a message.")] = False,
    kind: Annotated[str | None, typer.Option(help="Partner kind, instead of what the content looks like.")] = None,
    profile: Annotated[str | None, typer.Option(help="A shipped profile's name, or a profile file.")] = None,
    feed: Annotated[str | None, typer.Option(help="A registered feed: its profile and settings.")] = None,
    at: Annotated[str | None, typer.Option(help="The instant to take for now, ISO 8601.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 if any message is refused.")] = False,
) -> None:
    """What messages say: verdict, notices, provenance, problems. No broker, nothing stored."""
    refused = False
    console = Console()
    for found in readings(files, choose(kind, profile, feed, at)):
        refused |= found.reading.verdict == "refused"
        if as_json:
            typer.echo(orjson.dumps(line(found)).decode())
        else:
            _show(console, found)
    raise typer.Exit(1 if strict and refused else 0)


def line(found: FileReading) -> dict[str, Any]:
    """One message as ``cdr read --json`` prints it."""
    reading = found.reading
    return {
        "file": found.file,
        "index": reading.index,
        "kind": reading.kind,
        "profile": reading.profile,
        "verdict": reading.verdict,
        "reason": reading.reason,
        "notices": [notice.model_dump(mode="json") for notice in reading.notices],
        "problems": [
            {"path": problem.path, "code": problem.code, "text": problem.text} for problem in reading.all_problems
        ],
    }


_COLOURS = {"notice": "bold green", "retraction": "bold red", "rekey": "magenta", "refused": "yellow"}


def _show(console: Console, found: FileReading) -> None:
    reading = found.reading
    colour = _COLOURS.get(reading.verdict, "dim")
    console.print(
        f"[{colour}]{reading.verdict}[/] {reading.reason}  [dim]{reading.kind}, profile {reading.profile}[/]  "
        f"{found.ref(reading.index)}",
        highlight=False,
    )
    for notice in reading.notices:
        table = Table(box=None, padding=(0, 2), show_header=False)
        for path, value in _values(notice.model_dump(mode="json")):
            where = notice.provenance.get(path)
            table.add_row(path, str(value), f"[dim]{where.path}[/]" if where else "")
        console.print(table)
    for problem in reading.all_problems:
        console.print(f"  [yellow]{problem.code}[/] {problem.path or ''}: {problem.text}", highlight=False)
    if reading.hint:
        console.print(f"  [cyan]{reading.hint}[/]")


def _values(tree: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, value in tree.items():
        if not prefix and name in ("provenance", "problems", "id", "submission", "received_at"):
            continue
        if isinstance(value, dict):
            rows += _values(value, f"{prefix}{name}.")
        else:
            rows.append((prefix + name, value))
    return rows
