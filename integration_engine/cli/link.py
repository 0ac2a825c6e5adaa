"""``cdr link``: linkage alone, on tabular notices. No broker, nothing stored."""

import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console

from integration_engine.appraisal.account import account
from integration_engine.appraisal.notices import Notices
from integration_engine.appraisal.shuffles import shuffled
from integration_engine.cli.link_read import EVERY, Linked, link_files, progress_on, refuse
from integration_engine.cli.link_shown import show_account, show_evaluation, show_summary
from integration_engine.cli.uncollected import uncollected
from integration_engine.linkage.evaluation import evaluate_held
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.model import shipped
from integration_engine.linkage.questions import without_values
from integration_engine.linkage.resolve import Resolution
from integration_engine.linkage.truth import Held
from integration_engine.linkage.verdicts import Verdicts
from integration_engine.record.dates import london
from integration_engine.sheets import STDIN

_NOT_SO = 1


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
        linked = link_files(files, truth, decisions, pair or (), err)
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


def _lines(read: Notices, resolution: Resolution, err: Console) -> None:
    name = {id: _first(read.evidence, cluster) for cluster in resolution.clusters for id in cluster}
    with_whom: dict[str, list[str]] = defaultdict(list)
    for review in resolution.reviews:
        with_whom[review.a].append(review.b)
        with_whom[review.b].append(review.a)
    with progress_on(err, "Writing") as progress:
        task = progress.add_task("notices", total=len(read.order))
        for number, id in enumerate(read.order):
            line = orjson.dumps({"id": id, "cluster": name[id], "review_with": with_whom.get(id, [])})
            sys.stdout.buffer.write(line + b"\n")
            if number % EVERY == 0:
                progress.update(task, completed=number)
    sys.stdout.flush()


def _first(evidence: Mapping[str, Evidence], cluster: frozenset[str]) -> str:
    """The name of a cluster: its earliest notice, whatever order they were read in."""
    return min(cluster, key=lambda id: (evidence[id].at, id))


def _figures(linked: Linked) -> dict[str, str]:
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


def _shuffle(shown: Console, linked: Linked, times: int, err: Console) -> None:
    """Resolve in other orders, and say what came out otherwise. Ends the program with 1 where anything did."""
    pairs = reviews = 0
    evidence = list(linked.read.evidence.values())
    with progress_on(err, "Shuffling") as progress:
        task = progress.add_task("orders", total=times)
        for moved in shuffled(evidence, linked.people.constraints, linked.resolution, times):
            pairs, reviews = pairs + moved.pairs, reviews + moved.reviews
            progress.advance(task)
    shown.print(f"{times} shuffles: {pairs} pairs differ, {reviews} reviews differ", highlight=False)
    if pairs or reviews:
        raise typer.Exit(_NOT_SO)


def _report(to: Path, files: Sequence[Path], linked: Linked, held: Held | None, *, values: bool, err: Console) -> None:
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
            refuse(str(problem))
    _write(to, page.encode())


def _questions(resolution: Resolution) -> bytes:
    return b"".join(orjson.dumps(without_values(review)) + b"\n" for review in resolution.reviews)


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError:
        refuse(f"{path.name} can't be written")
