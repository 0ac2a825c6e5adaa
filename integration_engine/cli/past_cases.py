"""The past cases a planner asks about: of files, invented, or those held. One way in for every command that plans."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import typer

from integration_engine.cli.keyboard import at_the_keyboard
from integration_engine.planning.intake import PastCase, Tally, read_files, read_rows
from integration_engine.record.dates import london
from integration_engine.settings import Settings

_NOT_SO = 1


def past_cases(
    files: Sequence[Path],
    invented: Callable[[], Iterable[Mapping[str, Any]]] | None,
    *,
    settings: Settings,
    tally: Tally,
    now: datetime,
    purpose: str,
) -> Iterator[PastCase]:
    """The cases of the files; of ``invented``, rows made up; else those held, the look written into the audit log with its
    ``purpose`` before the first is read. Files and invented ones together are a mistake of the caller's.

    Raises IntakeError; ends the program with a sentence where the held cases can't be read.
    """
    if files and invented:
        raise typer.BadParameter("either files or --invented")
    today = london(now).date()
    if invented:
        rows = ((f"invented:{number}", row) for number, row in enumerate(invented(), start=1))
        return read_rows(rows, tally, today=today)
    return read_files(list(files), tally, today=today) if files else _held(settings, tally, now, purpose)


def _held(settings: Settings, tally: Tally, now: datetime, purpose: str) -> Iterator[PastCase]:
    from integration_engine.planning.held import held_cases, looked
    from integration_engine.security.keys import KeyMissing, KeyUnreadable, SealBroken
    from integration_engine.store.database import StoreError, open_store
    from integration_engine.store.sealing import Unreadable

    try:
        store = open_store(settings)
        try:
            looked(store, now, at_the_keyboard(), purpose)
            yield from held_cases(store, tally)
        finally:
            store.close()
    except (StoreError, KeyMissing, KeyUnreadable, SealBroken, Unreadable) as problem:
        typer.echo(f"{problem}\nName files of past cases, or try --invented.", err=True)
        raise typer.Exit(_NOT_SO) from None
