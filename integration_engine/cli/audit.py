"""``cdr audit``: is the log of every look, decision and delivery whole, and what does it say."""

import json
from typing import Annotated

import typer

from integration_engine.cli.store import opened

app = typer.Typer(no_args_is_help=True, help="The audit chain.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_WHY = {
    "changed": "it, or the line before it, was changed",
    "missing": "a line is missing here",
    "cut-short": "the log was cut short here",
    "not-marked": "the end of the log was not written with this engine's keys",
}
_READ_AT_ONCE = 1000


@app.command("verify")
def verify(as_json: Json = False) -> None:
    """Check the whole chain. Exit status 1 where it is broken, and says at which line."""
    from integration_engine.store import audit

    with opened(as_json) as store:
        found = audit.verify(store)
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
                typer.echo(json.dumps(said | {"subject": line.subject, "detail": dict(line.detail)}))
            after = lines[-1].sequence
