"""``cdr db``: the store's schema and blocking keys, copies of it, and putting one back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from integration_engine.cli import reindex
from integration_engine.cli.ending import give_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from integration_engine.store.database import Store

app = typer.Typer(no_args_is_help=True, help="The store: its schema, copies of it, and putting one back.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


app.command("reindex")(reindex.command)


@app.command("upgrade")
def upgrade(
    also: Annotated[
        bool, typer.Option("--reindex/--no-reindex", help="Make blocking keys anew where their rules have changed.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Bring the database to this program's schema and, where the rules have changed by which what is held is found, make its
    blocking keys anew (cdr db reindex). Safe to run again, and while another does."""
    from integration_engine.store.database import schema_of, upgrade_schema

    def made() -> dict[str, object]:
        before, after = schema_of(_url()), upgrade_schema(_url())
        return {"before": before, "after": after, "changed": before != after, **_keys(also)}

    done = _done(made, as_json)
    before, after = done["before"], done["after"]
    schema = f"The schema is at {after} now (it was {f'at {before}' if before else 'not there'})."
    _tell(
        as_json,
        done,
        f"{schema if done['changed'] else f'The schema is at {after} already.'}{_KEYS[str(done['keys'])]}",
    )


_KEYS = {
    "current": "",
    "made-anew": " Blocking keys were made anew; what that changes is decided by the workers, or by cdr revisit.",
    "stale": " What is held is found by other rules: workers hold their messages until cdr db reindex has been run.",
}


def _keys(may_be_made: bool = True) -> dict[str, object]:
    """How the blocking keys stand, made anew first where that is needed and ``may_be_made``. Sealing and index keys are asked
    for only then."""
    from integration_engine.settings import load_settings
    from integration_engine.store.database import open_store
    from integration_engine.store.indexing import by_our_rules

    if by_our_rules(_url()):
        return {"keys": "current"}
    if not may_be_made:
        return {"keys": "stale"}
    store = open_store(load_settings())
    try:
        done = reindex.reindexed(store)
    finally:
        store.close()
    return {"keys": "made-anew", "notices": done.done, "other_keys": done.changed, "unreadable": list(done.unreadable)}


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
    """Put a copy into an empty database, bring it to this program's schema and rules, check keys and audit log, and step
    ahead of what recipients were told after the copy was made. Exit status 1 where anything of that doesn't hold."""
    from integration_engine.settings import load_settings
    from integration_engine.store.audit import verify
    from integration_engine.store.backup import put_back
    from integration_engine.store.database import open_store

    def made() -> dict[str, object]:
        put_back(_url(), source)
        store = open_store(load_settings(), upgrade=True)
        try:
            verified = verify(store)
            done = {"lines": verified.lines, "whole": verified.broken is None, **_ahead(store)}
        finally:
            store.close()
        return {**done, **_keys()}

    done = _done(made, as_json)
    whole = "whole" if done["whole"] else "BROKEN: see cdr audit verify"
    held = f"Restored: {done['cases']} cases; the audit log ({done['lines']} lines) is {whole}."
    _tell(as_json, done, f"{held}{_KEYS[str(done['keys'])]} {_NEXT}")
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
    above = f"What is told of a case has a version above {done['version_floor']} now"
    _tell(as_json, done, f"{above}, and the numbers of deliveries are ahead. {_NEXT}")


_NEXT = "Ask partners to send again what they sent since: what is known already changes nothing."


def _ahead(store: "Store") -> dict[str, object]:
    from datetime import UTC, datetime

    from integration_engine.store.backup import NUMBERS_AHEAD, step_ahead

    ahead = step_ahead(store, datetime.now(UTC))
    return {"cases": ahead.cases, "version_floor": ahead.version_floor, "numbers_ahead": NUMBERS_AHEAD}


def _url() -> str:
    from integration_engine.settings import load_settings

    return load_settings().database_url.get_secret_value()


def _done(made: "Callable[[], dict[str, object]]", as_json: bool) -> dict[str, object]:
    """What was done, or the reason why it wasn't and exit status 1."""
    from integration_engine.security.keys import KeyMissing, KeyUnreadable
    from integration_engine.settings import SettingsError
    from integration_engine.store.database import StoreError

    try:
        return made()
    except (SettingsError, StoreError, KeyMissing, KeyUnreadable) as error:
        give_up(error.code, str(error), as_json)


def _tell(as_json: bool, done: dict[str, object], sentence: str) -> None:
    import json

    typer.echo(json.dumps(done) if as_json else sentence)


@app.callback()
def db() -> None:
    """The store: its schema, copies of it, and putting one back."""
