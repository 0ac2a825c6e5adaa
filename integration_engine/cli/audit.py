"""``cdr audit``: is the log of every look, decision and delivery whole, and what does it say."""

import json
from pathlib import Path
from typing import Annotated

import typer

from integration_engine.cli.store import opened

app = typer.Typer(no_args_is_help=True, help="The audit chain.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_WHY = {
    "changed": "it, or the line before it, was changed",
    "missing": "a line is missing here",
    "cut-short": "the log was cut short here",
    "not-marked": "the log up to here was not written with this engine's keys",
    "untold": "a decision or somebody in the register is held of which no line tells",
    "replaced": "it is another than when it was exported",
}
_READ_AT_ONCE = 1000


@app.command("verify")
def verify(
    exported: Annotated[
        Path | None,
        typer.Option("--export", help="An export kept elsewhere: does the log still go on from it?", exists=True),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check the whole chain. Exit status 1 where it is broken, and says at which line."""
    from integration_engine.store import audit

    kept = _last_line(exported) if exported else None
    with opened(as_json) as store:
        found = audit.verify(store, kept)
    broken = found.broken
    if as_json:
        answer = {"whole": broken is None, "lines": found.lines}
        typer.echo(json.dumps(answer | ({"broken": {"line": broken.sequence, "why": broken.why}} if broken else {})))
    elif broken is None:
        typer.echo(f"The audit log is whole: {found.lines} lines, each chained to the one before.")
    else:
        typer.echo(
            f"The audit log is broken at line {broken.sequence}: {_WHY[broken.why]}. {found.lines} lines before it hold."
        )
    if broken:
        raise typer.Exit(1)


@app.command("export")
def export(
    subject: Annotated[str | None, typer.Option(help="Only lines about this case, delivery or decision id.")] = None,
) -> None:
    """Print the log, one JSON object a line."""
    from integration_engine.store import audit

    after = 0
    with opened(as_json=True) as store:
        while lines := audit.lines(store, subject=subject, after=after, limit=_READ_AT_ONCE):
            for line in lines:
                said = {"line": line.sequence, "at": line.at.isoformat(), "actor": line.actor, "action": line.action}
                what = {"subject": line.subject, "detail": dict(line.detail), "hash": line.hash.hex()}
                typer.echo(json.dumps(said | what))
            after = lines[-1].sequence


def _last_line(exported: Path) -> tuple[int, bytes]:
    """The number and hash of the last line of an export: each hash covers all the lines before it."""
    try:
        last = json.loads(exported.read_text(encoding="utf-8").splitlines()[-1])
        return int(last["line"]), bytes.fromhex(last["hash"])
    except (OSError, ValueError, LookupError, TypeError):
        typer.echo("That is no export of an audit log with the hash of each line.", err=True)
        raise typer.Exit(2) from None
