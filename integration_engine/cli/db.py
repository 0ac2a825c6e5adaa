"""``cdr db``: the store's schema."""

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="The store's schema.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("upgrade")
def upgrade(as_json: Json = False) -> None:
    """Bring the database to this program's schema. Safe to run again, and while another does."""
    import json

    from integration_engine.settings import SettingsError, load_settings
    from integration_engine.store.database import StoreError, schema_of, upgrade_schema

    try:
        url = load_settings().database_url.get_secret_value()
        before, after = schema_of(url), upgrade_schema(url)
    except (SettingsError, StoreError) as error:
        typer.echo(json.dumps({"error": error.code}) if as_json else str(error), err=not as_json)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps({"before": before, "after": after, "changed": before != after}))
    elif before == after:
        typer.echo(f"The schema is at {after} already.")
    else:
        typer.echo(f"The schema is at {after} now (it was {f'at {before}' if before else 'not there'}).")


@app.callback()
def db() -> None:
    """The store's schema."""
