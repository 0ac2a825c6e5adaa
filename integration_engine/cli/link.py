"""``cdr link``: linkage alone, on tabular notices. No broker, nothing stored."""

import csv
import random
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, NoReturn

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from integration_engine.linkage.evaluation import Evaluation, Truth, differing, evaluate
from integration_engine.linkage.evidence import Evidence, evidence_of_row
from integration_engine.linkage.explain import Waterfall, explain
from integration_engine.linkage.model import shipped
from integration_engine.linkage.resolve import Resolution, resolve

_NOT_SO, _USAGE = 1, 2
_SHOWN_REVIEWS = 12


def command(
    files: Annotated[list[Path], typer.Argument(help="Notices: JSON lines or CSV.", metavar="FILE...")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a notice.")] = False,
    truth: Annotated[str | None, typer.Option(help="Evaluate against this column; linkage never reads it.")] = None,
    pair: Annotated[
        tuple[str, str] | None, typer.Option("--explain", help="Show why two notices are, or are not, one child.")
    ] = None,
    shuffles: Annotated[int, typer.Option(min=0, help="Resolve again in this many other orders and compare.")] = 0,
) -> None:
    """Linkage alone: which notices are about the same child, and which pairs a person has to settle."""
    out, err = Console(), Console(stderr=True)
    read = _read(files, truth, err)
    if pair:
        _explained(out, read.evidence, pair, as_json)
        return
    with err.status("Linking ..."):
        resolution = resolve(read.evidence.values())
    evaluation = evaluate(resolution, read.truth) if truth else None
    moved = _shuffled(read.evidence, resolution, shuffles, err)
    if as_json:
        _lines(read, resolution)
    else:
        _summary(out, read, resolution)
    report = err if as_json else out
    if evaluation:
        _evaluated(report, evaluation)
    if shuffles:
        report.print(f"{shuffles} shuffles: {moved} pairs differ")
    if moved:
        raise typer.Exit(_NOT_SO)


class _Notices:
    """What was read: ids in the order of the input, evidence by id, and the truth where it was asked for."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.evidence: dict[str, Evidence] = {}
        self.truth: dict[str, Truth] = {}


def _read(files: list[Path], truth: str | None, err: Console) -> _Notices:
    found = _Notices()
    missing = 0
    with Progress(
        TextColumn("Reading"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), console=err, transient=True
    ) as progress:
        for path in files:
            if not path.is_file():
                _refuse(f"{path}: no such file")
            task = progress.add_task(str(path), total=path.stat().st_size)
            for number, row, size in _rows(path):
                evidence = evidence_of_row(row)
                if not evidence.id:
                    _refuse(f"{path} row {number}: no id")
                found.order.append(evidence.id)
                found.evidence[evidence.id] = evidence
                if truth:
                    missing += row.get(truth) in (None, "")
                    found.truth[evidence.id] = _truth(row, truth)
                progress.advance(task, size)
    if truth and missing == len(found.order):
        _refuse(f"no row has a column {truth}")
    return found


def _truth(row: Mapping[str, Any], column: str) -> Truth:
    child, group, kind, names = (str(row.get(name) or "") for name in (column, "group", "kind", "name_group"))
    return Truth(child or f"row {row.get('id')}", group, kind, names)


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any], int]]:
    """Row number from 1, the row, and its size in bytes (about), one at a time."""
    if path.suffix.lower() == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as text:
            for number, row in enumerate(csv.DictReader(text), 1):
                yield number, row, sum(len(value) + 1 for value in row.values() if isinstance(value, str))
        return
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            yield number, _object(line, f"{path} line {number}"), len(line)


def _object(line: bytes, where: str) -> Mapping[str, Any]:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        found = None
    return found if isinstance(found, dict) else _refuse(f"{where}: not a JSON object")


def _refuse(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(_USAGE)


def _first(evidence: Mapping[str, Evidence], cluster: frozenset[str]) -> str:
    """The name of a cluster: its earliest notice, whatever order they were read in."""
    return min(cluster, key=lambda id: (evidence[id].at, id))


def _lines(read: _Notices, resolution: Resolution) -> None:
    name = {id: _first(read.evidence, cluster) for cluster in resolution.clusters for id in cluster}
    with_whom: dict[str, list[str]] = defaultdict(list)
    for review in resolution.reviews:
        with_whom[review.a].append(review.b)
        with_whom[review.b].append(review.a)
    write = sys.stdout.buffer.write
    for id in read.order:
        write(orjson.dumps({"id": id, "cluster": name[id], "review_with": with_whom[id]}) + b"\n")
    sys.stdout.flush()


def _shuffled(evidence: Mapping[str, Evidence], first: Resolution, times: int, err: Console) -> int:
    moved = 0
    everything = list(evidence.values())
    with err.status("Shuffling ...") as status:
        for turn in range(times):
            random.Random(turn).shuffle(everything)  # noqa: S311  an order to try, not a secret
            again = resolve(everything)
            moved += differing(first, again) + (again.reviews != first.reviews)
            status.update(f"Shuffling ... {turn + 1} of {times}")
    return moved


def _summary(out: Console, read: _Notices, resolution: Resolution) -> None:
    table = Table(title="Linkage", show_header=False)
    table.add_row("notices", f"{len(read.evidence):,}")
    table.add_row("children", f"{len(resolution.clusters):,}")
    table.add_row("pairs for a person", f"{len(resolution.reviews):,}")
    table.add_row("related children (multiple birth, same event)", f"{len(resolution.related):,}")
    table.add_row("restricted notices", f"{len(resolution.restricted):,}")
    table.add_row("model", shipped().version)
    out.print(table)
    if resolution.reviews:
        pairs = Table("notice", "notice", "bits", "why", title="Most telling pairs for a person")
        for review in resolution.reviews[:_SHOWN_REVIEWS]:
            pairs.add_row(review.a, review.b, f"{review.score:.1f}", ", ".join(review.why))
        out.print(pairs)


def _explained(out: Console, evidence: Mapping[str, Evidence], pair: tuple[str, str], as_json: bool) -> None:
    for id in pair:
        if id not in evidence:
            _refuse(f"no notice {id}")
    shown = explain(evidence[pair[0]], evidence[pair[1]])
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(shown) + b"\n")
        sys.stdout.flush()
    else:
        out.print(_waterfall(shown))
        guards = [*(f"veto: {code}" for code in shown.vetoes), *(f"for a person: {code}" for code in shown.holds)]
        out.print("\n".join([*guards, f"verdict of the pair alone: {shown.verdict}"]))


def _waterfall(shown: Waterfall) -> Table:
    table = Table("comparison", "level", "bits", "", title=f"{shown.a} and {shown.b} (model {shown.model})")
    for step in shown.steps:
        bar = ("[green]" if step.bits > 0 else "[red]") + "█" * min(30, round(abs(step.bits))) + "[/]"
        table.add_row(step.comparison, step.level, f"{step.bits:+.1f}", bar)
    table.add_section()
    table.add_row("weight", "", f"{shown.score:+.1f}", "")
    return table


def _evaluated(out: Console, found: Evaluation) -> None:
    table = Table(title="Against the truth", show_header=False)
    table.add_row("notices, children, clusters", f"{found.notices:,}, {found.children:,}, {found.clusters:,}")
    table.add_row("precision", f"{found.precision:.6f}")
    table.add_row("recall, automatic", f"{found.recall:.4f}")
    table.add_row("recall after perfect review", f"{found.recall_after_review:.4f}")
    table.add_row("wrong clusters", str(found.wrong_clusters))
    kinds = ", ".join(f"{kind} {n}" for kind, n in found.false_merges.items())
    table.add_row("false merges (pairs) by kind", kinds or "none")
    table.add_row("twin false merges", str(found.twin_false_merges))
    table.add_row("reviews per 100 children", f"{found.review_load:.2f}")
    table.add_row("of which true", f"{found.review_true_share:.1%}")
    for group, share in found.recall_by_name_group.items():
        table.add_row(f"recall, {group} names", f"{share:.4f}")
    out.print(table)
