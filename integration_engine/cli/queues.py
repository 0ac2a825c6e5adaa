"""``cdr queues``: how much lies where, and since when."""

import json
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from integration_engine.settings import SettingsError, load_settings

if TYPE_CHECKING:
    from rich.table import Table

    from integration_engine.broker.depth import Depth

_SHOWN_UNASKED = ("intake.", "refused.", "dead.", "delay.")
_WATCH_S = 2.0
_NOBODY_CONSUMES = ("refused.", "dead.")


def command(
    names: Annotated[
        list[str] | None, typer.Argument(help="Queues, or beginnings of their names, such as cdop.")
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Empty panels' and teams' queues too.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Look again every two seconds until Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a queue.")] = False,
) -> None:
    """Queues: how many messages wait, who consumes, and how old the oldest refused or dead message is. Exit 1 if a queue
    of the topology is missing."""
    from rich.console import Console

    console = Console()
    if watch and not as_json:
        from rich.live import Live

        with Live(console=console, screen=False) as live:
            while True:
                live.update(_table(_chosen(names or [], show_all)))
                time.sleep(_WATCH_S)
    found = _chosen(names or [], show_all)
    if as_json:
        for depth in found:
            typer.echo(json.dumps(_line(depth)))
    else:
        console.print(_table(found))
    raise typer.Exit(1 if any(not depth.there for depth in found) else 0)


def _chosen(names: list[str], show_all: bool) -> "list[Depth]":
    from pika.exceptions import AMQPError

    from integration_engine.broker.depth import depths
    from integration_engine.in_force import topology_in_force
    from integration_engine.routing.tables import ReferenceDataError

    try:
        settings = load_settings()
        queues = [queue.name for queue in topology_in_force(settings).queues]
    except (ReferenceDataError, SettingsError) as problem:
        typer.echo(str(problem), err=True)
        sys.exit(2)
    url = settings.amqp_url.get_secret_value()
    wanted = [queue for queue in queues if not names or any(queue.startswith(name) for name in names)]
    if names and not wanted:
        typer.echo("No queue's name begins so.", err=True)
        raise typer.Exit(2)
    unwatched = [queue for queue in wanted if queue.startswith(_NOBODY_CONSUMES)]
    try:
        found = {depth.queue: depth for depth in depths(url, [q for q in wanted if q not in unwatched])}
        found |= {depth.queue: depth for depth in depths(url, unwatched, look_at_oldest=True)}
    except (AMQPError, OSError) as problem:
        typer.echo(f"The broker can't be reached ({type(problem).__name__}).", err=True)
        raise typer.Exit(1) from None
    kept = (found[queue] for queue in wanted)
    if names or show_all:
        return list(kept)
    return [depth for depth in kept if depth.ready or not depth.there or depth.queue.startswith(_SHOWN_UNASKED)]


def _line(depth: "Depth") -> dict[str, object]:
    oldest = None if depth.oldest is None else depth.oldest.isoformat()
    return {
        "queue": depth.queue,
        "there": depth.there,
        "ready": depth.ready,
        "consumers": depth.consumers,
        "oldest": oldest,
    }


def _table(found: "list[Depth]") -> "Table":
    from rich.table import Table

    table = Table(title="Queues")
    table.add_column("Queue")
    table.add_column("Waiting", justify="right")
    table.add_column("Consumers", justify="right")
    table.add_column("Oldest", justify="right")
    now = datetime.now(UTC)
    for depth in found:
        if not depth.there:
            table.add_row(depth.queue, "[bold red]missing[/]", "", "")
            continue
        bad = depth.ready and depth.queue.startswith(_NOBODY_CONSUMES)
        waiting = f"[bold red]{depth.ready}[/]" if bad else str(depth.ready)
        age = "" if depth.oldest is None else f"{_age((now - depth.oldest).total_seconds())} ago"
        table.add_row(depth.queue, waiting, str(depth.consumers), age)
    return table


def _age(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"
