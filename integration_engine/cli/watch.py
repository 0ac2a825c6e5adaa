"""``cdr watch``: drop folders, for partners who can lay down files and nothing else."""

import asyncio
import contextlib
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from pydantic import ValidationError

from integration_engine.cli.running import Stop, store_of
from integration_engine.settings import Settings, load_settings, problem_of
from integration_engine.stages import VARIABLE as FAULTS

if TYPE_CHECKING:
    from integration_engine.settings.folders import FolderSettings

log = logging.getLogger(__name__)


def command(
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="The folder; else those of cdr.toml ([[folders]]).")
    ] = None,
    partner: Annotated[str | None, typer.Option(help="Whose files lie there; else a subfolder says it.")] = None,
    kind: Annotated[
        str | None, typer.Option(help="hospital-hl7, hospital-fhir, police or coroner; else a subfolder.")
    ] = None,
    feed: Annotated[str | None, typer.Option(help="The feed that reads them; else a subfolder, or none.")] = None,
    leave: Annotated[bool, typer.Option("--leave", help="Leave files where they lie instead of moving them.")] = False,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")] = 5.0,
    settle: Annotated[float, typer.Option(min=0.0, help="How many seconds a file must have been the same.")] = 5.0,
    once: Annotated[
        bool, typer.Option("--once", help="End when everything that lies there is answered; exit 1 if something stays.")
    ] = False,
) -> None:
    """Watch a drop folder: each file is taken whole, once, and answered by NAME.result.json beside it."""
    from integration_engine.memory import give_memory_back
    from integration_engine.monitoring.logs import set_up_logs

    give_memory_back()
    settings = load_settings()
    asked = {"folder": folder, "partner": partner, "kind": kind, "feed": feed, "after": "leave" if leave else "move"}
    folders = _folders(settings, {**asked, "every_seconds": every, "settle_seconds": settle})
    set_up_logs(settings.log_level)
    if os.environ.get(FAULTS):
        log.critical("faults are injected into this process: it is being tested and must not serve anybody")
    stop = Stop()
    store = store_of(settings, stop)
    if store is None:
        return
    from integration_engine.monitoring.tracing import exporting
    from integration_engine.ways_in import attend_folders

    with exporting("cdr-watch"), contextlib.closing(store):
        clear = asyncio.run(attend_folders(settings, folders, store, lambda: stop.asked, once=once))
    raise typer.Exit(0 if clear else 1)


def _folders(settings: Settings, asked: dict[str, object]) -> "tuple[FolderSettings, ...]":
    """The folder of the command line, or those of the settings."""
    from integration_engine.settings.folders import FolderSettings

    if asked["folder"] is None:
        if not settings.folders:
            _usage("Name a folder, or set [[folders]] in cdr.toml.")
        return settings.folders
    try:
        return (FolderSettings.model_validate(asked),)
    except ValidationError as error:
        _usage("; ".join(": ".join(problem_of(each)) for each in error.errors(include_input=False, include_url=False)))


def _usage(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(2)
