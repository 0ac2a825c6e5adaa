"""``cdr person``: people who sign in with a password and codes, where no provider of identities knows them."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from integration_engine.cli.ending import give_up
from integration_engine.cli.keyboard import at_the_keyboard
from integration_engine.cli.store import of_the_register
from integration_engine.security.identity import DECIDING, Deciding, NotAllowed

if TYPE_CHECKING:
    from integration_engine.store.people import People

app = typer.Typer(no_args_is_help=True, help="People with a password and codes of their own.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(help="The name they sign in with; it stands in the audit log.")]


@app.command("add")
def add(
    name: Name,
    role: Annotated[str, typer.Option(help="operator, coordinator, designated-doctor or restricted.")],
    area: Annotated[
        list[str] | None,
        typer.Option("--area", help="The panel of a coordinator or designated doctor (may be repeated)."),
    ] = None,
    generate: Annotated[bool, typer.Option("--generate", help="Make a password instead of asking for one.")] = False,
    as_json: Json = False,
) -> None:
    """Register NAME, or give NAME a new password and new codes: what was open under it ends. What their authenticator needs
    is shown once. Exit 1 where it isn't taken."""
    import secrets

    chosen: Deciding | None = next((each for each in DECIDING if each == role), None)
    if chosen is None:
        typer.echo(f"--role is one of {', '.join(DECIDING)}.", err=True)
        raise typer.Exit(2)
    password = (
        secrets.token_urlsafe(15)
        if generate
        else str(typer.prompt(f"Password for {name}", hide_input=True, confirmation_prompt=True))
    )
    try:
        added = _people().add(name, chosen, password, area or (), by=at_the_keyboard())
    except NotAllowed as error:
        give_up(error.code, str(error), as_json)
    address = added.codes.address(name)
    if as_json:
        said: dict[str, Any] = {"person": name, "role": role, "areas": sorted(area or ()), "codes": address}
        typer.echo(json.dumps(said | ({"password": password} if generate else {})))
        return
    typer.echo(f"{name} may sign in as {role}.")
    if generate:
        typer.echo(f"Password, shown this once:\n\n    {password}\n")
    typer.echo(f"For their authenticator, shown this once:\n\n    {address}\n\nor, typed in: {added.codes.text}")


@app.command("end")
def end(name: Name, as_json: Json = False) -> None:
    """NAME opens nothing from now on, and every session under that name ends, those by a provider too. Exit 1 where there was
    nothing to end."""
    ended = _people().end(name, by=at_the_keyboard())
    typer.echo(
        json.dumps({"person": name, "ended": ended})
        if as_json
        else f"{name} {'has ended' if ended else 'was not open'}."
    )
    raise typer.Exit(0 if ended else 1)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Show everybody, with role, panels and whether a lock is on."""
    found = _people().everybody()
    if not found and not as_json:
        typer.echo("Nobody has a password here.")
    for each in found:
        said = {"person": each.name, "role": each.role, "areas": list(each.areas), "state": each.state}
        typer.echo(json.dumps(said) if as_json else f"{each.name}  {each.role}  {', '.join(each.areas)}  {each.state}")


def _people() -> "People":
    from integration_engine.store.people import People

    return People(of_the_register())
