"""``cdr partner open``, ``shut``, ``conformance``: from the sandbox to live, by a person who has seen the messages' score."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from integration_engine.cli.ending import give_up
from integration_engine.cli.keyboard import at_the_keyboard
from integration_engine.cli.store import of_the_register
from integration_engine.security.identity import NotAllowed

if TYPE_CHECKING:
    from integration_engine.store.identities import Identities

Code = Annotated[str, typer.Argument(help="The partner's code.")]
Kind = Annotated[str, typer.Option("--kind", help="hospital-hl7, hospital-fhir, police or coroner.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the audit log. No patient data.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def open_(
    code: Code,
    kind: Kind,
    reason: Reason,
    anyway: Annotated[bool, typer.Option("--anyway", help="Although a rule that live needs isn't met.")] = False,
    as_json: Json = False,
) -> None:
    """Open the live doors for a partner's messages of one kind. Look at what it tried first: cdr partner conformance.

    Exit 1 where a rule that live needs isn't met by all that was tried, or no death was tried; --anyway opens it then."""
    from integration_engine.own_account import open_gate

    by, now = at_the_keyboard(), datetime.now(UTC)
    try:
        changed = open_gate(of_the_register(), code, kind, reason=reason, anyway=anyway, by=by, now=now)
    except NotAllowed as error:
        look = f" Look: cdr partner conformance {code} --kind {kind}. Open it all the same: --anyway."
        give_up(error.code, f"{error}.{look if error.code == 'not-ready' else ''}", as_json)
    sentence = f"{kind} of {code} is live." if changed else f"{kind} of {code} was live already."
    typer.echo(json.dumps({"partner": code, "kind": kind, "live": True, "changed": changed}) if as_json else sentence)
    _broker_follows(as_json)


def shut(code: Code, kind: Kind, reason: Reason, as_json: Json = False) -> None:
    """Send a partner's messages of one kind back to the sandbox: the live doors refuse them from the next second on."""
    try:
        changed = gate(code, kind, live=False, reason=reason)
    except NotAllowed as error:
        give_up(error.code, str(error), as_json)
    sentence = f"{kind} of {code} goes to the sandbox only." if changed else f"{kind} of {code} wasn't live."
    typer.echo(json.dumps({"partner": code, "kind": kind, "live": False, "changed": changed}) if as_json else sentence)
    _broker_follows(as_json)


def conformance(
    code: Code,
    kind: Kind,
    anew: Annotated[bool, typer.Option("--anew", help="First forget what it tried so far.")] = False,
    as_json: Json = False,
) -> None:
    """How good the messages are that a partner tried in the sandbox, rule by rule, with an example of how one isn't met."""
    if anew:
        _begin_anew(code, kind)
    found = _conformance(code, kind)
    if as_json:
        typer.echo(json.dumps(found))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{code}, {kind}: {found['messages']} messages tried")
    for heading in ("Rule", "Needed", "Met", "Where it isn't", "Code"):
        table.add_column(heading, overflow="fold")
    for rule in found["rules"]:
        example = rule["example"] or {"path": "", "code": ""}
        met = f"{rule['met']} of {rule['asked']}" if rule["asked"] else "not asked"
        table.add_row(rule["title"], "yes" if rule["needed"] else "", met, example["path"], example["code"])
    Console().print(table)
    typer.echo("Every rule that live needs is met." if found["ready"] else "Not every rule that live needs is met yet.")


def gate(code: str, kind: str, *, live: bool, reason: str) -> bool:
    """Open or shut a partner's gate, in the name of who is at the keyboard; whether that changed anything."""
    from integration_engine.store.gates import set_gate

    by = at_the_keyboard()
    return set_gate(of_the_register(), code, kind, live=live, reason=reason, by=by, now=datetime.now(UTC))


def revoke_accounts(code: str) -> tuple[list[str], list[str]]:
    """Revoke somebody's broker accounts; their names, and which of them the broker may still have."""
    from integration_engine import broker_accounts

    return broker_accounts.revoke(of_the_register(), code, None, _management(), at_the_keyboard())


def register() -> "Identities":
    """The register of who may come in. Ends the command where it can't be opened."""
    from integration_engine.store.identities import Identities

    return Identities(of_the_register())


def _begin_anew(code: str, kind: str) -> None:
    from integration_engine.store.rehearsals import forget

    forget(of_the_register(), code, kind, by=at_the_keyboard(), now=datetime.now(UTC))


def _conformance(code: str, kind: str) -> dict[str, Any]:
    from integration_engine.own_account import conformance as score

    return score(of_the_register(), code, kind)


def _management() -> Any:
    from integration_engine.broker.management import Management
    from integration_engine.settings import load_settings

    address = load_settings().amqp_management_url
    return None if address is None else Management(address.get_secret_value())


def _broker_follows(as_json: bool) -> None:
    """A partner's broker accounts may write what is live of it: put that right where the broker can be asked."""
    from integration_engine.broker.management import ManagementError
    from integration_engine.cli.broker_users import follow_accounts

    try:
        done = follow_accounts(of_the_register(), _management())
    except ManagementError:
        done = False
    if not done and not as_json:
        typer.echo("Its broker accounts, if it has any, follow with: cdr broker apply.")
