"""``cdr partner``: who may come in. Partners, CDOPs and operators, their tokens and their feeds."""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from integration_engine.cli import partner_keys
from integration_engine.cli.ending import give_up
from integration_engine.cli.keyboard import at_the_keyboard
from integration_engine.cli.onboarding import conformance, gate, open_, register, revoke_accounts, shut
from integration_engine.security.identity import OF_PANELS, ROLES, NotAllowed, Role

app = typer.Typer(
    no_args_is_help=True, help="Register partners, recipients and operators; give, rotate and revoke tokens."
)
feed_app = typer.Typer(no_args_is_help=True, help="Register a partner's feeds.")
app.add_typer(feed_app, name="feed")
app.add_typer(partner_keys.app, name="key")
app.command("open")(open_)
app.command("shut")(shut)
app.command("conformance")(conformance)

_PARTNER_KINDS = ("hospital-hl7", "hospital-fhir", "police", "coroner")
_ROLES: dict[str, Role] = {role: role for role in ROLES if role != "partner"}

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Code = Annotated[
    str,
    typer.Argument(
        help="ODS code, E23/W15 force code, coroner area, code of a CDOP or JAR team, ncmd, an operator's name."
    ),
]


@app.command("add")
def add(
    code: Code,
    kind: Annotated[
        list[str],
        typer.Option(
            "--kind",
            help="hospital-hl7, hospital-fhir, police or coroner (may be repeated); "
            "cdop, jar, national, operator, coordinator, designated-doctor or restricted.",
        ),
    ],
    organisation: Annotated[
        list[str] | None,
        typer.Option("--organisation", help="A further code its messages may name as their sender (may be repeated)."),
    ] = None,
    area: Annotated[
        list[str] | None,
        typer.Option("--area", help="The panel a coordinator or designated doctor belongs to (may be repeated)."),
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="The token ends after so many days.")] = None,
    live: Annotated[
        str | None,
        typer.Option("--live", help="Open its live doors at once, for this reason; else it begins in the sandbox."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Register CODE, or give it one more token. The token is shown once: a new one beside the old makes a rotation."""
    role, kinds = _role_of(kind)
    if bool(area) != (role in OF_PANELS):
        typer.echo("--area names the panel of a coordinator or designated doctor, and of nobody else.", err=True)
        raise typer.Exit(2)
    if live is not None and not (live.strip() and role == "partner"):
        typer.echo("--live says why a partner's live doors are opened at once.", err=True)
        raise typer.Exit(2)
    expires_at = datetime.now(UTC) + timedelta(days=days) if days else None
    named = area or organisation or ()
    try:
        token = register().add(
            code, role, kinds=kinds, organisations=named, expires_at=expires_at, live=False, by=at_the_keyboard()
        )
        for each in kinds if live else ():
            gate(code, each, live=True, reason=live or "")
    except NotAllowed as error:
        give_up(error.code, str(error), as_json)
    said: dict[str, Any] = {"partner": code, "role": role, "kinds": sorted(kinds), "credential": token.lookup}
    if expires_at:
        said["expires_at"] = expires_at.isoformat(timespec="seconds")
    if as_json:
        typer.echo(json.dumps({**said, "token": token.text}))
        return
    typer.echo(
        f"{code} may come in as {', '.join(sorted(kinds)) or role}. Its token, shown this once:\n\n    {token.text}\n"
    )
    trying = _trying(code)
    if trying:
        typer.echo(f"{', '.join(trying)}: in the sandbox, until cdr partner open {code} --kind ... --reason ...")
    typer.echo(f"Revoke it with: cdr partner revoke {code} --credential {token.lookup}")


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Show everybody who may come in, with their tokens' state (never the tokens)."""
    registered = register().registered()
    now = datetime.now(UTC)
    if as_json:
        for each in registered:
            typer.echo(json.dumps(_written(each, now)))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Who may come in")
    for heading in ("Code", "As", "In the sandbox", "May also name", "Feeds", "Live tokens", "Ended tokens"):
        table.add_column(heading, overflow="fold")
    for each in registered:
        live = [token.lookup for token in each.credentials if token.live(now)]
        table.add_row(
            each.code,
            ", ".join(each.kinds) or each.role,
            ", ".join(sorted({*each.kinds} - {*each.open_kinds})),
            ", ".join(each.organisations),
            ", ".join(feed["name"] for feed in each.feeds),
            ", ".join(live),
            str(len(each.credentials) - len(live)),
        )
    Console().print(table)


@app.command("revoke")
def revoke(
    code: Code,
    credential: Annotated[
        str | None, typer.Option("--credential", help="One token or key, by its name in the lists; else everything.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Revoke a partner's token or key, or everything it may come in by: all of them and its broker accounts. At once.

    Exit 1 where there was nothing live to revoke."""
    ended = register().revoke(code, credential, by=at_the_keyboard())
    accounts, left = ([], []) if credential else revoke_accounts(code)
    if as_json:
        said = {"accounts": accounts, "still_on_the_broker": left} if accounts else {}
        typer.echo(json.dumps({"partner": code, "revoked": ended, **said}))
    else:
        typer.echo(f"{ended} {'token or key' if ended == 1 else 'tokens and keys'} of {code} revoked.")
        for name in accounts:
            typer.echo(
                f"Broker account {name} revoked" + (": cdr broker apply takes it away." if name in left else ".")
            )
    raise typer.Exit(0 if ended or accounts else 1)


@feed_app.command("add")
def feed_add(  # noqa: PLR0913, PLR0917  # one option a feed setting; typer calls it by name
    name: Annotated[str, typer.Argument(help="The feed's name.")],
    partner: Annotated[str, typer.Option(help="The partner it is of.")],
    kind: Annotated[str, typer.Option(help="hospital-hl7, hospital-fhir, police or coroner.")],
    profile: Annotated[str, typer.Option(help="The mapping profile that reads it.")],
    acknowledgement: Annotated[str, typer.Option(help="auto, original or enhanced.")] = "auto",
    n_is_reliable: Annotated[
        bool | None, typer.Option("--n-is-reliable/--n-is-no-statement", help="Whether its PID-30 = N means alive.")
    ] = None,
    midnight_is_unknown: Annotated[
        bool | None, typer.Option("--midnight-is-unknown/--midnight-is-midnight", help="What a time of 00:00 means.")
    ] = None,
    charset: Annotated[str | None, typer.Option(help="Its character set where it doesn't say.")] = None,
    version: Annotated[str | None, typer.Option(help="Its HL7 or FHIR version where it doesn't say.")] = None,
    production: Annotated[bool, typer.Option("--production/--test", help="Whether test messages are refused.")] = True,
    as_json: Json = False,
) -> None:
    """Register one feed of a partner, or change its settings."""
    from pydantic import ValidationError

    from integration_engine.settings.feeds import FeedSettings, check_feed

    said = {
        "name": name,
        "partner": partner,
        "kind": kind,
        "profile": profile,
        "acknowledgement": acknowledgement,
        "n_is_reliable": n_is_reliable,
        "midnight_is_unknown": midnight_is_unknown,
        "charset": charset,
        "version": version,
        "production": production,
    }
    try:
        feed = FeedSettings.model_validate(said)
    except ValidationError as error:
        places = ", ".join(".".join(map(str, each["loc"])) for each in error.errors())
        typer.echo(f"Not as it has to be: {places}.", err=True)
        raise typer.Exit(2) from None
    try:
        check_feed(feed)
    except ValueError as error:
        typer.echo(f"Not as it has to be: {error}.", err=True)
        raise typer.Exit(2) from None
    settings = feed.model_dump(exclude={"name", "partner", "kind"}, exclude_none=True)
    try:
        register().add_feed(name, partner, kind, settings, by=at_the_keyboard())
    except NotAllowed as error:
        give_up(error.code, str(error), as_json)
    typer.echo(
        json.dumps(feed.model_dump(exclude_none=True)) if as_json else f"Feed {name} of {partner} is registered."
    )


def _trying(code: str) -> list[str]:
    own = [each for each in register().registered() if each.code == code]
    return sorted({kind for each in own for kind in {*each.kinds} - {*each.open_kinds}})


def _role_of(kinds: list[str]) -> tuple[Role, list[str]]:
    if len(kinds) == 1 and kinds[0] in _ROLES:
        return _ROLES[kinds[0]], []
    if all(kind in _PARTNER_KINDS for kind in kinds):
        return "partner", kinds
    typer.echo(f"--kind is one of {', '.join((*_PARTNER_KINDS, *_ROLES))}; only partner kinds combine.", err=True)
    raise typer.Exit(2)


def _written(each: Any, now: datetime) -> dict[str, Any]:
    return {
        "partner": each.code,
        "role": each.role,
        "kinds": list(each.kinds),
        "live": list(each.open_kinds),
        "organisations": list(each.organisations),
        "feeds": list(each.feeds),
        "credentials": [
            {
                "credential": token.lookup,
                "live": token.live(now),
                "created_at": token.created_at.isoformat(timespec="seconds"),
                "expires_at": token.expires_at.isoformat(timespec="seconds") if token.expires_at else None,
                "revoked_at": token.revoked_at.isoformat(timespec="seconds") if token.revoked_at else None,
            }
            for token in each.credentials
        ],
    }
