"""``cdr retention``: what is held that has served its purpose, for how long it is kept, and what is due to go."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from integration_engine.cli.keyboard import at_the_keyboard
from integration_engine.cli.store import opened
from integration_engine.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integration_engine.store.retention import Held

app = typer.Typer(help="What is kept for how long, and what is due to go.", invoke_without_command=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_IN_WORDS = {
    "uploads": "receipts of uploads",
    "tries": "what partners tried in the sandbox",
    "pointers": "events whose record was fetched",
    "refusals": "why messages were refused",
    "put_aside": "messages a fault of ours put aside, sent again or discarded",
    "messages": "bytes of messages, their notices kept",
}


@app.callback(invoke_without_command=True)
def show(context: typer.Context, as_json: Json = False) -> None:
    """What is held, since when, for how many days it is kept (`[keep_days]` in cdr.toml), and how much of it is due to go.
    Nothing is changed."""
    if context.invoked_subcommand:
        return
    from integration_engine.retention import days_of
    from integration_engine.store import retention

    with opened(as_json) as store:
        found = retention.held(store, days_of(load_settings().keep_days), datetime.now(UTC))
    if as_json:
        for each in found:
            typer.echo(json.dumps(_line(each)))
    else:
        _print(found)


@app.command("apply")
def apply(as_json: Json = False) -> None:
    """Forget now what is due, as the workers do by themselves every hour. What goes can't be brought back but from a copy."""
    from integration_engine.retention import days_of
    from integration_engine.store import retention

    gone: dict[str, int] = {}
    with opened(as_json) as store:
        for what, days in days_of(load_settings().keep_days).items():
            gone[what] = 0
            while number := retention.forget(store, what, days, datetime.now(UTC), by=at_the_keyboard()):
                gone[what] += number
    if as_json:
        typer.echo(json.dumps(gone))
    elif not gone:
        typer.echo("Nothing is set to go: [keep_days] in cdr.toml says what is kept for how many days.")
    for what, number in gone.items() if not as_json else ():
        typer.echo(f"{number} {what} forgotten.")


def _line(each: "Held") -> dict[str, Any]:
    oldest = each.oldest.isoformat() if each.oldest else None
    return {"what": each.what, "days": each.days, "held": each.number, "oldest": oldest, "due": each.due}


def _print(found: "Sequence[Held]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="What may go once it is old enough")
    for heading in ("", "What it is", "Held", "Oldest", "Kept", "Due to go"):
        table.add_column(heading, justify="right" if heading in ("Held", "Due to go") else "left")
    for each in found:
        kept = "for good" if each.days is None else f"{each.days} days"
        oldest = f"{each.oldest:%d %b %Y}" if each.oldest else ""
        table.add_row(each.what, _IN_WORDS[each.what], str(each.number), oldest, kept, str(each.due or ""))
    Console().print(table)
