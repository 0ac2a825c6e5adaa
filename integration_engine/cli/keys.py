"""``cdr keys``: which keys seal what, a new one put in front while the engine runs, an old one taken out of use."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from integration_engine.cli.ending import give_up
from integration_engine.cli.keyboard import at_the_keyboard

if TYPE_CHECKING:
    from pathlib import Path

    from integration_engine.store.database import Store
    from integration_engine.store.resealing import Progress

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="Sealing and index keys: which are held, rotate, retire.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Fingerprint = Annotated[str, typer.Argument(help="A sealing key by its fingerprint, as cdr keys show has it.")]


@app.command("show")
def show(as_json: Json = False) -> None:
    """Which keys are held and what each has sealed: by fingerprint, never a key. Exit 1 where something is sealed by a key
    that isn't held."""
    from integration_engine.store import resealing

    store = _store(as_json, check=False)
    try:
        seals = resealing.sealing_key(store) or store.keys.sealing
        counts: dict[str, int] = dict.fromkeys(store.keys.seal_fingerprints, 0)
        for by_key in resealing.counted(store).values():
            for key, count in by_key.items():
                counts[key] = counts.get(key, 0) + count
        held = set(store.keys.seal_fingerprints)
        lost = sorted(counts.keys() - held)
        index = {str(version): key for version, key in sorted(store.keys.index_fingerprints.items())}
    finally:
        store.close()
    if as_json:
        keys = [{"key": key, "held": key in held, "seals": key == seals, "values": n} for key, n in counts.items()]
        typer.echo(json.dumps({"sealing": keys, "index": index, "lost": lost}))
    else:
        for key, count in counts.items():
            state = "LOST" if key not in held else "seals" if key == seals else "opens"
            typer.echo(f"sealing {key}  {state}  {count} values")
        for version, key in index.items():
            typer.echo(f"index   {key}  version {version}")
        if lost:
            typer.echo(f"Bring back {', '.join(lost)}: what they sealed can't be read without.", err=True)
    raise typer.Exit(1 if lost else 0)


@app.command("new")
def new(as_json: Json = False) -> None:
    """Make the keys file, for the first start of an engine on PostgreSQL. Exit 1 where it is there already, or where keys
    come from elsewhere."""
    from integration_engine.security.keys import write_new

    file = _file()
    if file is None:
        give_up("no-file", "Keys come from the environment or a command: no file is read.", as_json)
    try:
        write_new(file)
    except FileExistsError:
        give_up("there-already", "The keys file is there already, and whatever was sealed with it needs it.", as_json)
    typer.echo(
        json.dumps({"file": str(file)}) if as_json else f"{file} holds new keys. Keep a copy apart from the database."
    )


@app.command("rotate")
def rotate(
    to: Annotated[
        str | None,
        typer.Option("--to", help="The key that shall seal, by fingerprint, where a keys file doesn't give a new one."),
    ] = None,
    index: Annotated[
        bool, typer.Option("--index", help="A new index key instead, and blocking keys made anew.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Put a new sealing key in front and seal everything anew with it, while the engine runs. Stopped at any moment,
    calling it again goes on. With a keys file the key is made; else give it to every process first and name it. Exit 1
    where something could not be opened, or the store can't do it now."""
    if index:
        _rotate_index(as_json)
        return
    from integration_engine.store import resealing

    now, by = datetime.now(UTC), at_the_keyboard()

    def rotated() -> "Progress":
        store = _store(as_json)
        try:
            resealing.begin(store, to or _next_key(store), now, by)
            return _shown(store, now, by)
        finally:
            store.close()

    done = _or_stop(rotated, as_json)
    if as_json:
        said = {"waiting": done.waiting, "done": done.done, "unreadable": dict(done.unreadable)}
        typer.echo(json.dumps(said))
    else:
        typer.echo(
            f"{done.done} values were sealed anew. What the old key sealed: cdr keys show; done with: cdr keys retire."
        )
        for column, count in done.unreadable.items():
            typer.echo(f"{count} in {column} could not be opened and stay as they are.", err=True)
    raise typer.Exit(1 if done.unreadable else 0)


@app.command("retire")
def retire(fingerprint: Fingerprint, as_json: Json = False) -> None:
    """Take a key out of use, and out of the keys file: only where nothing is sealed by it. Keep it with the backups that it
    opens. Exit 1 where it is needed."""
    from integration_engine.security.key_file import drop_sealing_key
    from integration_engine.store import resealing

    def retired() -> bool:
        store = _store(as_json)
        try:
            resealing.retire(store, fingerprint, datetime.now(UTC), at_the_keyboard())
        finally:
            store.close()
        file = _file()
        return file is not None and drop_sealing_key(file, fingerprint)

    gone = _or_stop(retired, as_json)
    where = "It is no longer in the keys file." if gone else "Take it out of where your keys come from."
    typer.echo(
        json.dumps({"retired": fingerprint, "dropped": gone})
        if as_json
        else f"The key {fingerprint} is retired. {where}"
    )


def _next_key(store: "Store") -> str:
    """The key to rotate to: the one that a rotation is under way to, else the first given where it has sealed nothing yet,
    else a new one in the keys file."""
    from integration_engine.security.key_file import add_sealing_key
    from integration_engine.store import resealing

    now_seals = resealing.sealing_key(store)
    if now_seals is not None and any(resealing.otherwise(store, now_seals).values()):
        return now_seals
    first = store.keys.seal_fingerprints[0]
    used = {key for by_key in resealing.counted(store).values() for key in by_key}
    if first != now_seals and used and first not in used:
        return first
    file = _file()
    if file is None:
        raise typer.BadParameter(
            "Put a new key in front of those given, let every process have it, then call this again."
        )
    return add_sealing_key(file)


def _rotate_index(as_json: bool) -> None:
    from integration_engine.cli import reindex
    from integration_engine.security.key_file import add_index_key
    from integration_engine.store.indexing import new_key_given

    file = _file()
    if file is None:
        raise typer.BadParameter("Give every process an index key of a higher version, then run cdr db reindex.")

    def made() -> Any:
        before = _store(as_json, check=False)
        try:
            under_way = new_key_given(before)
        finally:
            before.close()
        if not under_way:
            add_index_key(file)
        store = _store(as_json)
        try:
            return reindex.reindexed(store)
        finally:
            store.close()

    done = _or_stop(made, as_json)
    typer.echo(json.dumps({"notices": done.done, "changed": done.changed}) if as_json else reindex.sentence(done))


def _shown(store: "Store", now: datetime, by: str) -> "Progress":
    """Seal anew, with how far it is shown on a terminal."""
    from rich.console import Console

    from integration_engine.cli.link_read import progress_on
    from integration_engine.store.resealing import Progress, reseal

    last = Progress(0)
    with progress_on(Console(stderr=True), "Sealing") as shown:
        task = shown.add_task("values", total=None)
        for last in reseal(store, now, by):
            shown.update(task, completed=last.done, total=last.waiting)
    return last


def _file() -> "Path | None":
    from integration_engine.security.keys import file_of
    from integration_engine.settings import load_settings

    return file_of(os.environ, load_settings().keys_file)


def _store(as_json: bool, *, check: bool = True) -> "Store":
    """The store; without ``check`` also where a key is lost, to say which."""
    from integration_engine.security.keys import keyring
    from integration_engine.settings import load_settings
    from integration_engine.store.database import Store, open_store

    settings = load_settings()
    if check:
        return _or_stop(lambda: open_store(settings), as_json)

    def opened() -> Store:
        store = Store(settings.database_url.get_secret_value(), keyring(os.environ, settings.keys_file))
        store.require_schema()
        return store

    return _or_stop(opened, as_json)


def _or_stop(call: Callable[[], T], as_json: bool) -> T:
    """What a call gives, or why it doesn't and exit status 1."""
    from integration_engine.security.keys import KeyMissing, KeyUnreadable
    from integration_engine.settings import SettingsError
    from integration_engine.store.database import StoreError

    try:
        return call()
    except (SettingsError, StoreError, KeyMissing, KeyUnreadable) as error:
        give_up(error.code, str(error), as_json)
