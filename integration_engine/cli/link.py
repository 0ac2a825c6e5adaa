"""``cdr link``: linkage alone, on tabular notices. No broker, nothing stored."""

import sys
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from integration_engine.appraisal.account import account
from integration_engine.appraisal.notices import Notices, read_notices
from integration_engine.appraisal.people import Replayed, replayed
from integration_engine.appraisal.shuffles import shuffled
from integration_engine.cli.link_shown import show_account, show_evaluation, show_summary
from integration_engine.cli.uncollected import uncollected
from integration_engine.linkage.clusters import Clusters
from integration_engine.linkage.evaluation import evaluate_held
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.model import shipped
from integration_engine.linkage.questions import without_values
from integration_engine.linkage.resolve import Resolution, resolved
from integration_engine.linkage.truth import Held
from integration_engine.linkage.verdicts import Verdicts
from integration_engine.record.dates import london
from integration_engine.sheets import STDIN, SheetError

_NOT_SO, _USAGE = 1, 2
_TOLD = 5
"""So many places or ids of a kind are named, the rest counted."""
_EVERY = 512


def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    files: Annotated[
        list[Path],
        typer.Argument(help="Notices: JSON lines or CSV, plain or gzipped; - reads them in.", metavar="FILE..."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a notice.")] = False,
    truth: Annotated[str | None, typer.Option(help="Evaluate against this column; linkage never reads it.")] = None,
    evaluation: Annotated[
        Path | None, typer.Option(help="Write the evaluation as JSON (with --truth).", metavar="FILE.json")
    ] = None,
    pair: Annotated[
        tuple[str, str] | None, typer.Option("--explain", help="Show why two notices are, or are not, one child.")
    ] = None,
    shuffles: Annotated[int, typer.Option(min=0, help="Resolve again in this many other orders and compare.")] = 0,
    decisions: Annotated[
        Path | None, typer.Option(help="What people decided: links and unlinks of a JSON list.", metavar="FILE.json")
    ] = None,
    questions: Annotated[
        Path | None, typer.Option(help="Write the questions for a person, one JSON line each.", metavar="FILE.jsonl")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write an HTML report with charts.", metavar="FILE.html")] = None,
    with_values: Annotated[
        bool, typer.Option("--with-values", help="Let the report show names, dates and numbers: patient data.")
    ] = False,
) -> None:
    """Linkage alone: which notices are about the same child, and which pairs a person has to settle.

    Exit 1 where --shuffles finds an order that changes the answer."""
    if evaluation and not truth:
        raise typer.BadParameter("an evaluation needs --truth", param_hint="--evaluation")
    if with_values and not report:
        raise typer.BadParameter("only a report shows values", param_hint="--with-values")
    out, err = Console(), Console(stderr=True)
    with uncollected():
        linked = _linked(files, truth, decisions, pair or (), err)
        if pair:
            _explain(out, Verdicts(linked.resolution, linked.clusters), pair, as_json)
            return
        if questions:
            _write(questions, _questions(linked.resolution))
        held = Held(linked.resolution, linked.read.truth) if truth else None
        # Files first: whoever reads only the head of what is printed still has them.
        if report:
            _report(report, files, linked, held, values=with_values, err=err)
        if as_json:
            _lines(linked.read, linked.resolution, err)
        else:
            show_summary(out, _figures(linked), linked.resolution)
        shown = err if as_json else out
        if held:
            _evaluate(shown, held, evaluation)
        if shuffles:
            _shuffle(shown, linked, shuffles, err)


@dataclass(frozen=True, slots=True)
class _Linked:
    """What was read and decided, what linkage made of it, and the seconds that took."""

    read: Notices
    people: Replayed
    resolution: Resolution
    clusters: Clusters
    taken: float


def _linked(
    files: Sequence[Path], truth: str | None, decisions: Path | None, wanted: Iterable[str], err: Console
) -> _Linked:
    started = time.perf_counter()
    read = _read(files, truth, err)
    people = _decided(decisions, read)
    for id in wanted:
        if id not in read.evidence:
            _refuse(f"no notice {id}")
    resolution, clusters = _resolved(read, people, err)
    return _Linked(read, people, resolution, clusters, time.perf_counter() - started)


def _read(files: Sequence[Path], truth: str | None, err: Console) -> Notices:
    with _progress(err, "Reading") as progress:
        task = progress.add_task("", total=None)

        def far(name: str, position: int, size: int | None) -> None:
            progress.update(task, description=name, completed=position, total=size)

        try:
            found = read_notices(files, truth, far)
        except SheetError as problem:
            _refuse(str(problem))
    if found.bad:
        _refuse("\n".join(found.bad))
    if truth and found.order and not found.truth:
        _refuse(f"no row has a column {truth}")
    for name in found.windows:
        _tell(f"{name}: not all of it is UTF-8; the rest was read as Windows-1252")
    if found.differing:
        places = "; ".join(found.differing[:_TOLD])
        more = f" and {len(found.differing) - _TOLD:,} more" if len(found.differing) > _TOLD else ""
        _tell(
            f"{len(found.differing):,} rows repeat an id with other content ({places}{more}): "
            "of each id the row notified first counts"
        )
    if found.without_truth:
        _tell(f"{found.without_truth:,} rows have no {truth} and don't count in the evaluation")
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
            _tell(f"{len(ids):,} decisions set aside, {why}: {names}")
    if people.other:
        _tell(f"{people.other:,} decisions of other kinds than link and unlink say nothing here")
    return people


def _resolved(read: Notices, people: Replayed, err: Console) -> tuple[Resolution, Clusters]:
    with _progress(err, "Comparing") as progress:
        task = progress.add_task("notices", total=len(read.evidence))

        def along(ids: Collection[str]) -> Iterable[str]:
            for number, id in enumerate(ids):
                if number % _EVERY == 0:
                    progress.update(task, completed=number)
                yield id
            progress.update(task, completed=len(ids), description="notices; joining and asking")

        return resolved(read.evidence.values(), people.constraints, along=along)


def _lines(read: Notices, resolution: Resolution, err: Console) -> None:
    name = {id: _first(read.evidence, cluster) for cluster in resolution.clusters for id in cluster}
    with_whom: dict[str, list[str]] = defaultdict(list)
    for review in resolution.reviews:
        with_whom[review.a].append(review.b)
        with_whom[review.b].append(review.a)
    with _progress(err, "Writing") as progress:
        task = progress.add_task("notices", total=len(read.order))
        for number, id in enumerate(read.order):
            line = orjson.dumps({"id": id, "cluster": name[id], "review_with": with_whom.get(id, [])})
            sys.stdout.buffer.write(line + b"\n")
            if number % _EVERY == 0:
                progress.update(task, completed=number)
    sys.stdout.flush()


def _first(evidence: Mapping[str, Evidence], cluster: frozenset[str]) -> str:
    """The name of a cluster: its earliest notice, whatever order they were read in."""
    return min(cluster, key=lambda id: (evidence[id].at, id))


def _figures(linked: _Linked) -> dict[str, str]:
    read, resolution = linked.read, linked.resolution
    figures = {"notices": f"{len(read.order):,}"}
    if read.repeated or read.differing:
        figures["rows repeating an id"] = f"{read.repeated:,} the same, {len(read.differing):,} with other content"
    figures |= {
        "children": f"{len(resolution.clusters):,}",
        "pairs for a person": f"{len(resolution.reviews):,}",
        "related children (multiple birth, same event)": f"{len(resolution.related):,}",
        "restricted notices": f"{len(resolution.restricted):,}",
    }
    if linked.people.taken:
        figures["people's links and unlinks"] = f"{linked.people.taken:,}"
    figures["model"] = shipped().version
    speed = len(read.order) / max(linked.taken, 1e-9)
    figures["read and linked in"] = f"{linked.taken:.1f} s, {speed:,.0f} notices a second"
    return figures


def _evaluate(shown: Console, held: Held, to: Path | None) -> None:
    found = evaluate_held(held)
    if to:
        _write(to, orjson.dumps(found.to_json() | {"model": shipped().version}, option=orjson.OPT_INDENT_2))
    show_evaluation(shown, found)


def _explain(out: Console, verdicts: Verdicts, pair: tuple[str, str], as_json: bool) -> None:
    found = account(verdicts, *pair)
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(found.to_json()) + b"\n")
        sys.stdout.flush()
    else:
        show_account(out, found)


def _shuffle(shown: Console, linked: _Linked, times: int, err: Console) -> None:
    """Resolve in other orders, and say what came out otherwise. Ends the program with 1 where anything did."""
    pairs = reviews = 0
    evidence = list(linked.read.evidence.values())
    with _progress(err, "Shuffling") as progress:
        task = progress.add_task("orders", total=times)
        for moved in shuffled(evidence, linked.people.constraints, linked.resolution, times):
            pairs, reviews = pairs + moved.pairs, reviews + moved.reviews
            progress.advance(task)
    shown.print(f"{times} shuffles: {pairs} pairs differ, {reviews} reviews differ", highlight=False)
    if pairs or reviews:
        raise typer.Exit(_NOT_SO)


@contextmanager
def _progress(err: Console, doing: str) -> Iterator[Progress]:
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


def _report(to: Path, files: Sequence[Path], linked: _Linked, held: Held | None, *, values: bool, err: Console) -> None:
    from integration_engine.appraisal.report import Appraised, report_of
    from integration_engine.reports.drawing import ChartsUnavailable
    from integration_engine.reports.page import render

    source = ", ".join("standard input" if path == STDIN else path.name for path in files)
    now = london(datetime.now(UTC))
    verdicts = Verdicts(linked.resolution, linked.clusters)
    appraised = Appraised(source, linked.read, linked.resolution, verdicts, held)
    with err.status("Writing the report ..."):
        try:
            page = render(report_of(appraised, values=values, made=f"Made {now.day} {now:%B %Y}."))
        except ChartsUnavailable as problem:
            _refuse(str(problem))
    _write(to, page.encode())


def _questions(resolution: Resolution) -> bytes:
    return b"".join(orjson.dumps(without_values(review)) + b"\n" for review in resolution.reviews)


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError:
        _refuse(f"{path.name} can't be written")


def _tell(sentence: str) -> None:
    typer.echo(sentence, err=True)


def _refuse(sentence: str) -> NoReturn:
    _tell(sentence)
    raise typer.Exit(_USAGE)
