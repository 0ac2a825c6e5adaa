"""The notices that ``cdr link`` is called on: read, told of what is odd about them, and linked with what people decided."""

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from integration_engine.appraisal.notices import Notices, read_notices
from integration_engine.appraisal.people import Replayed, replayed
from integration_engine.linkage.clusters import Clusters
from integration_engine.linkage.resolve import Resolution, resolved
from integration_engine.sheets import SheetError

_USAGE = 2
_TOLD = 5
"""So many places or ids of a kind are named, the rest counted."""
EVERY = 512
"""Notices between two words on how far it is."""


@dataclass(frozen=True, slots=True)
class Linked:
    """What was read and decided, what linkage made of it, and the seconds that took."""

    read: Notices
    people: Replayed
    resolution: Resolution
    clusters: Clusters
    taken: float


def link_files(
    files: Sequence[Path], truth: str | None, decisions: Path | None, wanted: Iterable[str], err: Console
) -> Linked:
    """Read these files and link them. ``wanted`` are ids that have to be among them. Ends the program with 2 and a sentence
    where it can't."""
    started = time.perf_counter()
    read = _read(files, truth, err)
    people = _decided(decisions, read)
    for id in wanted:
        if id not in read.evidence:
            refuse(f"no notice {id}")
    resolution, clusters = _resolved(read, people, err)
    return Linked(read, people, resolution, clusters, time.perf_counter() - started)


def _read(files: Sequence[Path], truth: str | None, err: Console) -> Notices:
    with progress_on(err, "Reading") as progress:
        task = progress.add_task("", total=None)

        def far(name: str, position: int, size: int | None) -> None:
            progress.update(task, description=name, completed=position, total=size)

        try:
            found = read_notices(files, truth, far)
        except SheetError as problem:
            refuse(str(problem))
    if found.bad:
        refuse("\n".join(found.bad))
    if truth and found.order and not found.truth:
        refuse(f"no row has a column {truth}")
    for name in found.windows:
        tell(f"{name}: not all of it is UTF-8; the rest was read as Windows-1252")
    if found.differing:
        places = "; ".join(found.differing[:_TOLD])
        more = f" and {len(found.differing) - _TOLD:,} more" if len(found.differing) > _TOLD else ""
        tell(
            f"{len(found.differing):,} rows repeat an id with other content ({places}{more}): "
            "of each id the row notified first counts"
        )
    if found.without_truth:
        tell(f"{found.without_truth:,} rows have no {truth} and don't count in the evaluation")
    return found


def _decided(path: Path | None, read: Notices) -> Replayed:
    if path is None:
        return Replayed()
    from integration_engine.casebook import read_decisions

    try:
        people = replayed(read_decisions(path), read.evidence.keys())
    except ValueError as problem:
        raise typer.BadParameter(str(problem), param_hint="--decisions") from problem
    for ids, why in (
        (people.elsewhere, "about fewer than two of these notices"),
        (people.aside, "not for that role to take"),
    ):
        if ids:
            names = ", ".join(ids[:_TOLD]) + (" ..." if len(ids) > _TOLD else "")
            tell(f"{len(ids):,} decisions set aside, {why}: {names}")
    if people.other:
        tell(f"{people.other:,} decisions of other kinds than link and unlink say nothing here")
    return people


def _resolved(read: Notices, people: Replayed, err: Console) -> tuple[Resolution, Clusters]:
    with progress_on(err, "Comparing") as progress:
        task = progress.add_task("notices", total=len(read.evidence))

        def along(ids: Collection[str]) -> Iterable[str]:
            for number, id in enumerate(ids):
                if number % EVERY == 0:
                    progress.update(task, completed=number)
                yield id
            progress.update(task, completed=len(ids), description="notices; joining and asking")

        return resolved(read.evidence.values(), people.constraints, along=along)


@contextmanager
def progress_on(err: Console, doing: str) -> Iterator[Progress]:
    """How far it is, on a terminal; elsewhere nothing."""
    columns = (
        TextColumn(doing),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        yield progress


def tell(sentence: str) -> None:
    """Say it beside the answer."""
    typer.echo(sentence, err=True)


def refuse(sentence: str) -> NoReturn:
    """End the program: something has to be put right in the call or the files."""
    tell(sentence)
    raise typer.Exit(_USAGE)
