"""``cdr db reindex``: blocking keys of everything held made anew, where their rules or the index key have changed."""

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer

from integration_engine.cli.store import opened

if TYPE_CHECKING:
    from integration_engine.reindex import Progress
    from integration_engine.store.database import Store

_NAMED = 20
"""So many notices that could not be read are named; the rest are counted."""


def command(
    every: Annotated[
        bool,
        typer.Option("--all", help="Compare every notice anew, not only those with other keys: after a new model."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make the blocking keys of everything held anew, so that messages find it by this program's rules and newest index key.
    Workers hold their messages until it is done; stopped at any moment, calling again goes on. Cases that it may change are
    decided again by the workers, or by cdr revisit. Exit 1 if the store can't do it now, or a notice can't be read."""
    with opened(as_json, status=1) as store:
        done = reindexed(store, every=every)
    typer.echo(json.dumps(asdict(done)) if as_json else sentence(done))
    if done.unreadable:
        raise typer.Exit(1)


def reindexed(store: "Store", *, every: bool = False) -> "Progress":
    """Make the keys anew, with how far it is shown on a terminal. Raises StoreError or KeyMissing."""
    from rich.console import Console

    from integration_engine.cli.link_read import progress_on
    from integration_engine.reindex import Progress, reindex

    last = Progress(0, finished=True)
    with progress_on(Console(stderr=True), "Making keys") as shown:
        task = shown.add_task("notices", total=None)
        for last in reindex(store, every=every):
            shown.update(task, completed=last.done, total=last.held)
    return replace(last, unreadable=last.unreadable[:_NAMED])


def sentence(done: "Progress") -> str:
    """What was done, for a person."""
    if not done.done:
        return "What is held is found by this program's rules and newest index key already."
    told = f"{done.done} notices looked at, {done.changed} have other keys; {done.cases} cases are to be decided again."
    if done.unreadable:
        told += f" Could not be read, and keep their keys: {', '.join(done.unreadable)}."
    return told
