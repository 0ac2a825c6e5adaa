"""``cdr db``: the store's schema, copies of it, and putting one back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from integration_engine.store.database import Store

app = typer.Typer(no_args_is_help=True, help="The store: its schema, copies of it, and putting one back.")

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


@app.command("backup")
def backup(
    to: Annotated[Path, typer.Option("--to", help="A new file; its owner alone may read it.")],
    as_json: Json = False,
) -> None:
    """Copy the database while the engine runs. The keys are not in it: keep them elsewhere."""
    from integration_engine.store.backup import back_up

    def made() -> dict[str, object]:
        back_up(_url(), to)
        return {"file": str(to), "bytes": to.stat().st_size}

    done = _done(made, as_json)
    _tell(
        as_json,
        done,
        f"{to} holds the database ({done['bytes']} bytes). Without its keys nobody can read it: keep both, apart.",
    )


@app.command("restore")
def restore(
    source: Annotated[Path, typer.Option("--from", help="What cdr db backup made.")],
    as_json: Json = False,
) -> None:
    """Put a copy into an empty database, bring it to this program's schema, check keys and audit log, and step ahead of what
    recipients were told after the copy was made. Exit status 1 where anything of that doesn't hold."""
    from integration_engine.settings import load_settings
    from integration_engine.store.audit import verify
    from integration_engine.store.backup import put_back
    from integration_engine.store.database import open_store

    def made() -> dict[str, object]:
        put_back(_url(), source)
        store = open_store(load_settings(), upgrade=True)
        try:
            verified = verify(store)
            return {"lines": verified.lines, "whole": verified.broken is None, **_ahead(store)}
        finally:
            store.close()

    done = _done(made, as_json)
    whole = "whole" if done["whole"] else "BROKEN: see cdr audit verify"
    sentence = f"Restored: {done['cases']} cases; the audit log ({done['lines']} lines) is {whole}. {_NEXT}"
    _tell(as_json, done, sentence)
    if not done["whole"]:
        raise typer.Exit(1)


@app.command("restored")
def restored(as_json: Json = False) -> None:
    """Say that this database was put back to an earlier state by other means: versions and numbers step ahead of what
    recipients were told since."""
    from integration_engine.settings import load_settings
    from integration_engine.store.database import open_store

    def made() -> dict[str, object]:
        store = open_store(load_settings())
        try:
            return _ahead(store)
        finally:
            store.close()

    done = _done(made, as_json)
    _tell(as_json, done, f"The versions of {done['cases']} cases and the numbers of deliveries are ahead now. {_NEXT}")


_NEXT = "Ask partners to send again what they sent since: what is known already changes nothing."


def _ahead(store: "Store") -> dict[str, object]:
    from datetime import UTC, datetime

    from integration_engine.store.backup import NUMBERS_AHEAD, VERSIONS_AHEAD, step_ahead

    cases = step_ahead(store, datetime.now(UTC))
    return {"cases": cases, "versions_ahead": VERSIONS_AHEAD, "numbers_ahead": NUMBERS_AHEAD}


def _url() -> str:
    from integration_engine.settings import load_settings

    return load_settings().database_url.get_secret_value()


def _done(made: "Callable[[], dict[str, object]]", as_json: bool) -> dict[str, object]:
    """What was done, or the reason why it wasn't and exit status 1."""
    import json

    from integration_engine.security.keys import KeyMissing, KeyUnreadable
    from integration_engine.settings import SettingsError
    from integration_engine.store.database import StoreError

    try:
        return made()
    except (SettingsError, StoreError, KeyMissing, KeyUnreadable) as error:
        typer.echo(json.dumps({"error": error.code}) if as_json else str(error), err=not as_json)
        raise typer.Exit(1) from None


def _tell(as_json: bool, done: dict[str, object], sentence: str) -> None:
    import json

    typer.echo(json.dumps(done) if as_json else sentence)


@app.callback()
def db() -> None:
    """The store: its schema, copies of it, and putting one back."""
