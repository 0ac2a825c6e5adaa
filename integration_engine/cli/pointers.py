"""``cdr pointers``: national events that only point to a record, which is still to be fetched, and why it hasn't been."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from integration_engine.cli.keyboard import in_the_name_of
from integration_engine.cli.store import opened
from integration_engine.pointer_words import in_words, is_late

if TYPE_CHECKING:
    from integration_engine.store.pointers import Waiting

app = typer.Typer(help="Events that point to a record: what waits, and why.", invoke_without_command=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback(invoke_without_command=True)
def list_(context: typer.Context, as_json: Json = False) -> None:
    """What waits, the longest first. Exit 1 where something has waited longer than four hours."""
    if context.invoked_subcommand:
        return
    from integration_engine.store import pointers

    now = datetime.now(UTC)
    with opened(as_json) as store:
        found = pointers.waiting(store)
    if as_json:
        for each in found:
            typer.echo(json.dumps(_line(each, now)))
    else:
        _print(found, now)
    raise typer.Exit(1 if any(is_late(each.received_at, now) for each in found) else 0)


@app.command("ask")
def ask(
    names: Annotated[list[str] | None, typer.Argument(help="Ids; without any, everything that waits.")] = None,
    as_json: Json = False,
) -> None:
    """Ask again now, once whatever was wrong has been put right. Exit 1 where nothing waits under these ids."""
    from integration_engine.store import pointers

    with opened(as_json) as store:
        number = pointers.ask_now(store, names or None, datetime.now(UTC))
    typer.echo(json.dumps({"asked": number}) if as_json else f"{number} will be asked about now.")
    raise typer.Exit(0 if number else 1)


@app.command("close")
def close(
    name: Annotated[str, typer.Argument(help="The pointer's id, as `cdr pointers` shows it.")],
    reason: Annotated[str, typer.Option(help="Why nothing is to come of it. Name nobody: it is kept in clear.")],
    by: Annotated[str | None, typer.Option(help="Who decided it; else whoever is at the keyboard.")] = None,
    as_json: Json = False,
) -> None:
    """Stop asking about one, and forget whom it named. Exit 1 where no such pointer waits."""
    from integration_engine.store import pointers

    if not reason.strip():
        raise typer.BadParameter("--reason is needed")
    who = in_the_name_of(by)
    with opened(as_json) as store:
        done = pointers.close(store, name, by=who, reason=reason.strip(), now=datetime.now(UTC))
    said = "Closed." if done else "No such pointer waits."
    typer.echo(json.dumps({"closed": done}) if as_json else said)
    raise typer.Exit(0 if done else 1)


def _line(each: "Waiting", now: datetime) -> dict[str, Any]:
    return {
        "pointer": each.id,
        "event": each.event,
        "partner": each.partner,
        "received_at": each.received_at.isoformat(),
        "minutes": round((now - each.received_at).total_seconds() / 60, 1),
        "attempts": each.attempts,
        "why": each.why,
        "asked_at": each.asked_at.isoformat() if each.asked_at else None,
        "next_at": each.next_at.isoformat(),
        "late": is_late(each.received_at, now),
    }


def _print(found: "tuple[Waiting, ...]", now: datetime) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if not found:
        typer.echo("Nothing waits.")
        return
    table = Table(title="Events that point to a record")
    for heading in ("Came", "From", "Event", "Asked", "Why it waits", "Next", "Pointer"):
        table.add_column(heading, overflow="fold", justify="right" if heading == "Asked" else "left")
    for each in found:
        why, late = in_words(each.why), is_late(each.received_at, now)
        table.add_row(
            f"{each.received_at:%d %b %H:%M}",
            escape(each.partner),
            each.event,
            str(each.attempts),
            f"[bold red]{escape(why)}[/]" if late else escape(why),
            "now" if each.next_at <= now else f"{each.next_at:%d %b %H:%M}",
            each.id,
        )
    Console().print(table)
