"""``cdr broker``: what has to exist on the broker - make it so, or say where it isn't."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from integration_engine.cli.broker_users import user as user_command
from integration_engine.cli.ending import USAGE, give_up
from integration_engine.settings import SettingsError, load_settings

if TYPE_CHECKING:
    from integration_engine.broker.topology import Topology

app = typer.Typer(no_args_is_help=True, help="The broker's topology: make it, check it, print it; users of its queues.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
app.command("user")(user_command)


def _topology(as_json: bool) -> "Topology":
    """The topology with the panels and teams of the reference data in force."""
    from integration_engine.in_force import topology_in_force
    from integration_engine.routing.tables import ReferenceDataError

    try:
        return topology_in_force(load_settings())
    except (ReferenceDataError, SettingsError) as problem:
        give_up("settings", str(problem), as_json, USAGE)


@app.command("apply")
def apply(as_json: Json = False) -> None:
    """Declare every exchange, queue and binding, and make the users of partners and recipients those of the register.

    Doing it again changes nothing."""
    from integration_engine.broker import declare, users
    from integration_engine.broker.connection import virtual_host
    from integration_engine.cli import broker_users

    topology, url, management = _topology(as_json), _url(), _management()
    try:
        declare.apply_topology(topology, url)
    except declare.Differs as problem:
        give_up("differs", str(problem), as_json)
    except _away() as problem:
        give_up("broker-away", f"The broker can't be reached ({type(problem).__name__}).", as_json)
    repaired = users.repair_users(topology, management, virtual_host(url)) if management is not None else []
    followed = broker_users.follow_register(topology, management, virtual_host(url))
    done = {"exchanges": len(topology.exchanges), "queues": len(topology.queues), "bindings": len(topology.bindings)}
    if as_json:
        typer.echo(json.dumps({**done, "users_put_right": repaired, **followed}))
        return
    typer.echo(f"{done['exchanges']} exchanges, {done['queues']} queues and {done['bindings']} bindings are there.")
    for user in repaired:
        typer.echo(f"The rights of {user} were put right.")
    broker_users.show_followed(followed)
    if management is None:
        typer.echo("Users were not looked at: set CDR_AMQP_MANAGEMENT_URL.")


@app.command("check")
def check(as_json: Json = False) -> None:
    """Say where the broker differs from the topology; changes nothing. Exit 1 if it differs."""
    from integration_engine.broker import declare, users
    from integration_engine.broker.connection import virtual_host
    from integration_engine.cli import broker_users

    topology, url, management = _topology(as_json), _url(), _management()
    try:
        drifts = declare.check_topology(topology, url, management)
    except _away() as problem:
        give_up("broker-away", f"The broker can't be reached ({type(problem).__name__}).", as_json)
    if management is not None:
        found = users.user_drifts(topology, management, virtual_host(url))
        known = broker_users.register_drifts(topology, management, virtual_host(url))
        drifts = list(dict.fromkeys([*drifts, *found, *known]))
    if as_json:
        typer.echo(json.dumps({"drift": [asdict(drift) for drift in drifts]}))
    else:
        _show(drifts, management is not None)
    raise typer.Exit(1 if drifts else 0)


@app.command("definitions")
def definitions(
    write: Annotated[bool, typer.Option("--write", help="Write queue_config/definitions.json instead.")] = False,
    compare: Annotated[bool, typer.Option("--check", help="Exit 1 unless that file is this already.")] = False,
) -> None:
    """Print the topology as RabbitMQ's definitions file, which a broker can load when it starts."""
    from integration_engine.broker.declare import definitions_text
    from integration_engine.broker.topology import topology_file

    text = definitions_text(_topology(False))
    place = topology_file().with_name("definitions.json")
    if compare:
        same = place.is_file() and place.read_text(encoding="utf-8") == text
        typer.echo(f"{place.name} is " + ("the topology's." if same else "out of date: cdr broker definitions --write"))
        raise typer.Exit(0 if same else 1)
    if write:
        place.write_text(text, encoding="utf-8")
        typer.echo(f"Written: {place.name}")
    else:
        typer.echo(text, nl=False)


@app.command("asyncapi")
def asyncapi() -> None:
    """Print the AsyncAPI document: what partners may publish and recipients read. The gateway serves it at /asyncapi.json."""
    from integration_engine.broker.asyncapi import document_text
    from integration_engine.mapping.files import published_schemas
    from integration_engine.release import release

    text = document_text(_topology(False), published_schemas(), release())
    typer.echo(text.decode(), nl=False)


def _show(drifts: Sequence[Any], looked_at_all: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if drifts:
        table = Table(title="Where the broker differs from the topology")
        for heading in ("What", "Name", "How", "Detail"):
            table.add_column(heading, overflow="fold")
        for drift in drifts:
            table.add_row(drift.what, drift.name, drift.how, drift.detail)
        console.print(table)
    else:
        console.print("The broker is as the topology says.")
    if not looked_at_all:
        console.print(
            "[dim]Bindings, users and what is there too much were not looked at: set CDR_AMQP_MANAGEMENT_URL.[/]"
        )


def _url() -> str:
    try:
        return load_settings().amqp_url.get_secret_value()
    except SettingsError as problem:
        typer.echo(str(problem), err=True)
        sys.exit(USAGE)


def _management() -> Any:
    """The management API where its address is known and it answers."""
    from integration_engine.broker.management import Management

    address = load_settings().amqp_management_url
    return None if address is None else Management(address.get_secret_value())


def _away() -> tuple[type[Exception], ...]:
    from pika.exceptions import AMQPError

    from integration_engine.broker.management import ManagementError

    return (AMQPError, OSError, ManagementError)
