"""``cdr broker user``: accounts on the broker, the engine's own parts' and, out of the register, everybody else's."""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, cast

import typer

from integration_engine.cli.ending import USAGE, give_up
from integration_engine.settings import SettingsError, load_settings

if TYPE_CHECKING:
    from integration_engine.broker.declare import Drift
    from integration_engine.broker.management import Management
    from integration_engine.broker.topology import Topology
    from integration_engine.store.database import Store


def user(
    role: Annotated[
        str, typer.Argument(help="gateway, mesh, webhooks, worker, operator, alerting, partner, cdop, jar or national.")
    ],
    code: Annotated[
        str | None, typer.Argument(help="The registered partner's, panel's, team's or record's code.")
    ] = None,
    number: Annotated[
        int, typer.Option(min=1, max=9, help="Which of its accounts: make a second, change over, remove the first.")
    ] = 1,
    remove: Annotated[bool, typer.Option("--remove", help="Take the account away instead.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make a broker account with just the rights of its role, or give it a new password; the password is shown this once.

    Whose account it is must be in the register (cdr partner add); what a partner may send is what is live of it there."""
    topology, management, vhost = _place(as_json)
    if role not in topology.roles:
        give_up("no-such-role", f"There is no role {role}; there are: {', '.join(topology.roles)}.", as_json, USAGE)
    somebodys = "{" in topology.roles[role].user
    if somebodys != bool(code):
        give_up("code", f"A {role} account {'needs its' if somebodys else 'has no'} CODE.", as_json, USAGE)
    if code is None:
        _engine_part(topology, management, vhost, role, remove, as_json)
    elif remove:
        _taken_away(topology, management, role, code, number, as_json)
    else:
        _issued(topology, management, vhost, role, code, number, as_json)


def follow_register(topology: "Topology", management: "Management | None", vhost: str) -> dict[str, Any]:
    """Make the broker's users those of the register, where both can be asked; what was changed, for ``cdr broker apply``."""
    from integration_engine import broker_accounts
    from integration_engine.cli.keyboard import at_the_keyboard

    store = _store() if management is not None else None
    if management is None or store is None:
        return {"register": "not-read"} if management is not None else {}
    adopted, done = broker_accounts.apply(store, topology, management, vhost, at_the_keyboard())
    changed = {"adopted": adopted, "made": list(done.made), "removed": list(done.removed)}
    return {"register": "followed", **changed, "repaired": list(done.repaired)}


def follow_accounts(store: "Store", management: "Management | None") -> bool:
    """Make the broker's accounts those of the register; False where the broker isn't to be asked. Raises ManagementError."""
    from integration_engine import broker_accounts
    from integration_engine.broker.connection import virtual_host
    from integration_engine.in_force import topology_in_force
    from integration_engine.store.accounts import Accounts

    kept = Accounts(store).all()
    if management is None:
        return not kept
    settings = load_settings()
    vhost = virtual_host(settings.amqp_url.get_secret_value())
    broker_accounts.follow(topology_in_force(settings), management, vhost, kept)
    return True


def show_followed(done: Mapping[str, Any]) -> None:
    """``follow_register``'s answer for a person."""
    if done.get("register") == "not-read":
        typer.echo("The register can't be read: accounts of partners and recipients were not looked at.")
    for what, sentence in (
        ("adopted", "{} is written into the register as it was."),
        ("made", "{} is on the broker, with the password it was given."),
        ("removed", "{} was revoked and is removed."),
        ("repaired", "The rights of {} were put right."),
    ):
        for name in done.get(what, ()):
            typer.echo(sentence.format(name))


def register_drifts(topology: "Topology", management: "Management", vhost: str) -> Iterator["Drift"]:
    """Where the broker's users aren't those of the register; nothing where that can't be read."""
    from integration_engine import broker_accounts
    from integration_engine.broker.users import account_drifts
    from integration_engine.store.accounts import Accounts

    store = _store()
    if store is not None:
        accounts, ended = broker_accounts.wanted(topology, Accounts(store).all())
        yield from account_drifts(topology, management, vhost, accounts, ended)


def _issued(
    topology: "Topology", management: "Management", vhost: str, role: str, code: str, number: int, as_json: bool
) -> None:
    from integration_engine import broker_accounts
    from integration_engine.broker.management import ManagementError
    from integration_engine.cli.keyboard import at_the_keyboard
    from integration_engine.security.identity import NotAllowed, Role

    store = _store() or _no_register(as_json)
    try:
        made = broker_accounts.issue(
            store, topology, cast(Role, role), code, number, management, vhost, at_the_keyboard()
        )
    except NotAllowed as problem:
        give_up(problem.code, str(problem), as_json)
    except ManagementError as problem:
        give_up("management", f"{problem} The account is in the register: cdr broker apply makes it.", as_json)
    _say_password(made.name, made.password, as_json)


def _taken_away(
    topology: "Topology", management: "Management", role: str, code: str, number: int, as_json: bool
) -> None:
    from integration_engine import broker_accounts
    from integration_engine.broker.users import account_name
    from integration_engine.cli.keyboard import at_the_keyboard

    values = dict.fromkeys(("partner", "cdop", "team", "national"), code)
    name = account_name(topology.roles[role], values, number)
    store = _store() or _no_register(as_json)
    ended, left = broker_accounts.revoke(store, code, name, management, at_the_keyboard())
    if not ended and management.get("users", name) is not None:
        # made before the register kept accounts
        management.delete("users", name)
    _say_gone(left, as_json)


def _engine_part(
    topology: "Topology", management: "Management", vhost: str, role: str, remove: bool, as_json: bool
) -> None:
    from integration_engine.broker.management import ManagementError
    from integration_engine.broker.users import put_user, remove_user

    password = secrets.token_urlsafe(24)
    try:
        if remove:
            remove_user(management, topology.roles[role], {})
            _say_gone([], as_json)
            return
        name = put_user(management, vhost, topology.roles[role], password, {})
    except ManagementError as problem:
        give_up("management", str(problem), as_json)
    _say_password(name, password, as_json)


def _say_password(name: str, password: str, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"user": name, "password": password}))
    else:
        typer.echo(f"{name} may come in. Its password, shown this once:\n\n    {password}")


def _say_gone(left: Sequence[str], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"removed": True, "still_on_the_broker": list(left)}))
    else:
        typer.echo("Revoked; the broker can't be asked now: cdr broker apply." if left else "Gone.")


def _place(as_json: bool) -> "tuple[Topology, Management, str]":
    from integration_engine.broker.connection import virtual_host
    from integration_engine.broker.management import Management
    from integration_engine.in_force import topology_in_force

    try:
        settings = load_settings()
        topology = topology_in_force(settings)
    except SettingsError as problem:
        give_up("settings", str(problem), as_json, USAGE)
    if settings.amqp_management_url is None:
        give_up("no-management", "Users are kept by the management API: set CDR_AMQP_MANAGEMENT_URL.", as_json, USAGE)
    address = settings.amqp_management_url.get_secret_value()
    return topology, Management(address), virtual_host(settings.amqp_url.get_secret_value())


def _store() -> "Store | None":
    """The store that holds the register, None where it can't be opened here."""
    from integration_engine.security.keys import KeyMissing, KeyUnreadable
    from integration_engine.store.database import StoreError, open_store

    settings = load_settings()
    embedded = settings.database_url.get_secret_value().startswith("sqlite")
    try:
        return open_store(settings, upgrade=embedded)
    except (StoreError, KeyMissing, KeyUnreadable):
        return None


def _no_register(as_json: bool) -> NoReturn:
    give_up("no-register", "The register can't be read: is the database there, and its keys?", as_json, USAGE)
