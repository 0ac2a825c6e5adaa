"""``cdr broker``: what has to exist on the broker - make it so, or say where it isn't."""

import json
import secrets
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from integration_engine.settings import SettingsError, load_settings

if TYPE_CHECKING:
    from integration_engine.broker.topology import Topology

app = typer.Typer(no_args_is_help=True, help="The broker's topology: make it, check it, print it; users of its queues.")

_USAGE = 2
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _topology(as_json: bool) -> "Topology":
    """The topology with the panels and teams of the reference data in force."""
    from integration_engine.in_force import topology_in_force
    from integration_engine.routing.tables import ReferenceDataError

    try:
        return topology_in_force(load_settings())
    except (ReferenceDataError, SettingsError) as problem:
        _fail(as_json, str(problem), "settings", _USAGE)


@app.command("apply")
def apply(as_json: Json = False) -> None:
    """Declare every exchange, queue and binding, and put the rights of known users right. Doing it again changes nothing."""
    from integration_engine.broker import declare, users
    from integration_engine.broker.connection import virtual_host

    topology, url, management = _topology(as_json), _url(), _management()
    try:
        declare.apply_topology(topology, url)
    except declare.Differs as problem:
        _fail(as_json, str(problem), "differs")
    except _away() as problem:
        _fail(as_json, f"The broker can't be reached ({type(problem).__name__}).", "broker-away")
    vhost = virtual_host(url)
    repaired = users.repair_users(topology, management, vhost) if management is not None else []
    done = {"exchanges": len(topology.exchanges), "queues": len(topology.queues), "bindings": len(topology.bindings)}
    if as_json:
        typer.echo(json.dumps({**done, "users_put_right": repaired}))
        return
    typer.echo(f"{done['exchanges']} exchanges, {done['queues']} queues and {done['bindings']} bindings are there.")
    for user in repaired:
        typer.echo(f"The rights of {user} were put right.")
    if management is None:
        typer.echo("Users were not looked at: set CDR_AMQP_MANAGEMENT_URL.")


@app.command("check")
def check(as_json: Json = False) -> None:
    """Say where the broker differs from the topology; changes nothing. Exit 1 if it differs."""
    from integration_engine.broker import declare, users
    from integration_engine.broker.connection import virtual_host

    topology, url, management = _topology(as_json), _url(), _management()
    try:
        drifts = declare.check_topology(topology, url, management)
    except _away() as problem:
        _fail(as_json, f"The broker can't be reached ({type(problem).__name__}).", "broker-away")
    if management is not None:
        drifts += users.user_drifts(topology, management, virtual_host(url))
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


@app.command("user")
def user(
    role: Annotated[str, typer.Argument(help="gateway, mesh, worker, operator, partner, cdop, jar or national.")],
    code: Annotated[str | None, typer.Argument(help="The partner's, panel's, team's or record's code.")] = None,
    kind: Annotated[list[str] | None, typer.Option("--kind", help="What a partner sends (may be repeated).")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the user away instead.")] = False,
    as_json: Json = False,
) -> None:
    """Make a broker user with just the rights of its role, or give it a new password; the password is shown this once."""
    from integration_engine.broker.connection import virtual_host
    from integration_engine.broker.management import ManagementError
    from integration_engine.broker.users import put_user, remove_user

    roles = _topology(as_json).roles
    if role not in roles:
        _fail(as_json, f"There is no role {role}; there are: {', '.join(roles)}.", "no-such-role", _USAGE)
    values = _named(role, roles[role].user, code, kind or (), as_json)
    management = _management()
    if management is None:
        _fail(as_json, "Users are kept by the management API: set CDR_AMQP_MANAGEMENT_URL.", "no-management", _USAGE)
    password = secrets.token_urlsafe(24)
    try:
        if remove:
            remove_user(management, roles[role], values)
            name = None
        else:
            name = put_user(management, virtual_host(_url()), roles[role], password, values)
    except ManagementError as problem:
        _fail(as_json, str(problem), "management")
    if as_json:
        typer.echo(json.dumps({"user": name, "password": password} if name else {"removed": True}))
    elif name:
        typer.echo(f"{name} may come in. Its password, shown this once:\n\n    {password}")
    else:
        typer.echo("Gone.")


def _named(role: str, pattern: str, code: str | None, kinds: Sequence[str], as_json: bool) -> dict[str, str]:
    needed = [name for name in ("partner", "cdop", "team", "national") if f"{{{name}}}" in pattern]
    if bool(needed) != bool(code):
        _fail(as_json, f"A {role} user {'needs its' if needed else 'has no'} CODE.", "code", _USAGE)
    if role == "partner" and not kinds:
        _fail(as_json, "A partner user needs --kind: what it may send.", "kind", _USAGE)
    values = dict.fromkeys(needed, code or "")
    return {**values, "kinds": "|".join(kinds)} if kinds else values


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
        sys.exit(_USAGE)


def _management() -> Any:
    """The management API where its address is known and it answers."""
    from integration_engine.broker.management import Management

    address = load_settings().amqp_management_url
    return None if address is None else Management(address.get_secret_value())


def _away() -> tuple[type[Exception], ...]:
    from pika.exceptions import AMQPError

    from integration_engine.broker.management import ManagementError

    return (AMQPError, OSError, ManagementError)


def _fail(as_json: bool, sentence: str, code: str, status: int = 1) -> NoReturn:
    typer.echo(json.dumps({"error": code, "text": sentence}) if as_json else sentence, err=not as_json)
    raise typer.Exit(status)
