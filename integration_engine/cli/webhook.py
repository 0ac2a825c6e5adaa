"""``cdr webhook``: addresses that recipients' deliveries are posted to: a secret for one, and whether each can be reached."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from integration_engine.cli.ending import NOT_SO, USAGE, give_up
from integration_engine.settings import load_settings

if TYPE_CHECKING:
    from integration_engine.settings.webhooks import WebhookSettings

app = typer.Typer(no_args_is_help=True, help="Recipients' webhooks: a secret, and whether each can be reached.")


@app.callback()
def webhook() -> None:
    """Recipients' webhooks."""


@app.command("secret")
def secret() -> None:
    """Print a new secret: a line for ``secret_file``, and for the recipient by a safe way. It is kept nowhere."""
    from integration_engine.receiving.signed import new_secret

    typer.echo(new_secret())


@app.command("check")
def check(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Call each webhook of the settings, as far as its certificate, and look at its secrets; nothing is sent. Exit status 1
    where one isn't as it has to be."""
    settings = load_settings()
    if not settings.webhooks:
        give_up("no-webhooks", "No webhooks are set up: cdr.toml needs [[webhooks]] (docs/cdops.md).", as_json, USAGE)
    found = {each.recipient: _trouble(each) for each in settings.webhooks}
    if as_json:
        typer.echo(json.dumps(found))
    else:
        for recipient, why in found.items():
            typer.echo(f"{recipient:24} {why or 'can be reached'}")
    if any(found.values()):
        raise typer.Exit(NOT_SO)


def _trouble(settings: "WebhookSettings") -> str | None:
    from integration_engine.webhooks.endpoint import Endpoint, Unreached

    try:
        Endpoint(settings).require_ready()
    except Unreached as problem:
        return problem.why
    except OSError:
        return "certificate"
    return None
