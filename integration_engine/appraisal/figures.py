"""The figures of a linkage report: how weights spread, what a person is asked, cluster sizes, what notices say, recall."""

from collections import Counter
from collections.abc import Iterator, Mapping

from integration_engine.appraisal.notices import Notices
from integration_engine.appraisal.scores import BITS, Scores
from integration_engine.appraisal.sides import stated
from integration_engine.linkage.evaluation import Evaluation
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.model import Model
from integration_engine.linkage.recall import Recall
from integration_engine.linkage.resolve import Resolution
from integration_engine.linkage.verdicts import State
from integration_engine.linkage.wording import comparison, reason
from integration_engine.reports.charts import bars
from integration_engine.reports.distributions import Share, histograms, shares
from integration_engine.reports.page import Cell, Section, Shown, Table

STATES: Mapping[State, str] = {"joined": "joined", "person": "to a person", "apart": "apart"}
_MOST_SIZES = 12
_SHOWN_FIELDS = (
    "given", "family", "nhs", "birth", "death", "sex", "home", "local_ref", "mother", "mother_nhs", "practice", "place",
    "order", "weight", "gestation",
)  # fmt: skip


def distribution(found: Scores, model: Model, *, with_truth: bool) -> Section:
    """Every compared pair by its weight and by what became of it."""
    truths: dict[bool | None, str] = {True: "one child", False: "two children"} if with_truth else {None: "pairs"}
    bands = found.bands
    edges = [band * BITS for band in (*bands, bands[-1] + 1)]
    panels = {name: {what: found.of(state, true) for true, what in truths.items()} for state, name in STATES.items()}
    totals = {state: sum(found.total(state, true) for true in truths) for state in STATES}
    told = ", ".join(f"{totals[state]:,} {name}" for state, name in STATES.items())
    mistaken = (
        f" Joined though two children: {found.total('joined', False):,} pairs; apart though one child: "
        f"{found.total('apart', True):,}."
        if with_truth
        else ""
    )
    chart = histograms(
        "Weights of compared pairs",
        f"Counts on a logarithmic scale. {told}.{mistaken} To a person go pairs between clusters that a question is about. "
        "What weighs enough to be joined and wasn't was held back by something other than weight.",
        edges,
        panels,
        unit="weight in bits",
        counted="pairs",
        lines=_thresholds(found, model),
    )
    columns = ["Weight, bits", *(f"{name}, {what}" for name in STATES.values() for what in truths.values())]
    rows: list[tuple[Cell, ...]] = [
        (
            f"{band * BITS} to {(band + 1) * BITS}",
            *(found.counts[band, state, true] for state in STATES for true in truths),
        )
        for band in bands
    ]
    note = (
        "Compared are pairs that share a blocking key. Pairs that came into one cluster by way of others and share no key "
        "are not among them."
    )
    table = Table("Compared pairs by weight", tuple(columns), tuple(rows), note)
    return Section("Weights", items=(Shown(table, chart, folded=True),))


def _thresholds(found: Scores, model: Model) -> dict[str, float]:
    lines = {f"ask {model.review:g}": model.review}
    if found.grown < found.pairs:
        lines[f"join {model.link:g}"] = model.link
    if found.grown:
        lines[f"join, of age {model.grown.link:g}"] = model.grown.link
    return lines


def questions(resolution: Resolution, evaluation: Evaluation | None) -> Section:
    """Why a person is asked, and how often the answer is yes."""
    counts = Counter(code for review in resolution.reviews for code in review.why)
    order = sorted(counts, key=lambda code: (-counts[code], code))
    rows: list[tuple[Cell, ...]] = []
    for code in order:
        known = evaluation.reviews_by_reason.get(code) if evaluation else None
        true: tuple[Cell, ...] = (known.true, f"{known.true / known.pairs:.0%}") if known else (None, None)
        rows.append((code, counts[code], *(true if evaluation else ()), reason(code)))
    columns = ("Reason", "Pairs", *(("One child", "Share") if evaluation else ()), "Means")
    note = f"{len(resolution.reviews):,} pairs in all; a pair may have several reasons."
    table = Table("Questions for a person, by reason", columns, tuple(rows), note)
    if not rows:
        return Section("Questions for a person", ("Nobody need be asked anything.",))
    series: dict[str, list[float | None]] = {"questions": [counts[code] for code in order]}
    if evaluation:
        asked = [evaluation.reviews_by_reason.get(code) for code in order]
        series = {
            "two children": [one.pairs - one.true if one else None for one in asked],
            "one child": [one.true if one else None for one in asked],
        }
    chart = bars("Questions by reason", "How many pairs are shown for each reason.", order, series, unit="pairs")
    return Section("Questions for a person", items=(Shown(table, chart),))


def clusters(resolution: Resolution) -> Section:
    """How many notices a child has."""
    sizes = Counter(len(cluster) for cluster in resolution.clusters)
    rows: list[tuple[Cell, ...]] = [(str(n), sizes[n], n * sizes[n]) for n in sorted(sizes)]
    table = Table("Clusters by size", ("Notices of a child", "Children", "Notices"), tuple(rows), _largest(sizes))
    shown = sorted(sizes)[:_MOST_SIZES]
    chart = bars(
        "Notices of a child",
        "How many children, as linked, have so many notices.",
        [str(n) for n in shown],
        {"children": [sizes[n] for n in shown]},
        unit="children",
    )
    return Section("Clusters", items=(Shown(table, chart),))


def _largest(sizes: Counter[int]) -> str:
    """A word on the largest cluster: one that is far larger than the rest is worth a look."""
    return f"The largest has {max(sizes):,} notices." if sizes else ""


def completeness(read: Notices) -> Section:
    """What notices say at all, by source: linkage can't use what nobody tells."""
    by_source: dict[str, list[Evidence]] = {}
    for evidence in read.evidence.values():
        by_source.setdefault(evidence.kind or "not said", []).append(evidence)
    columns = [by_source[source] for source in sorted(by_source)]
    rows: list[tuple[Cell, ...]] = [("Notices", *(len(told) for told in columns))]
    told_what = [Counter(name for e in told for name, text in stated(e).items() if text) for told in columns]
    rows += [
        (
            comparison(name),
            *(_percent(counts[name], len(told)) for counts, told in zip(told_what, columns, strict=True)),
        )
        for name in _SHOWN_FIELDS
    ]
    rows += [
        (label, *(_percent(sum(map(bears, told)), len(told)) for told in columns))
        for label, bears in (("NHS number that fails its check", _invalid), ("Placeholder for a name", _placeholder))
    ]
    table = Table(
        "Share of notices that say it, by source",
        ("", *(source.replace("-", " ") for source in sorted(by_source))),
        tuple(rows),
        "As linkage reads it: what can't be read is not said.",
    )
    return Section("What the notices say", items=(Shown(table),))


def _invalid(e: Evidence) -> bool:
    return bool(e.nhs_typed)


def _placeholder(e: Evidence) -> bool:
    return e.unnamed and not e.given


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.0%}"


def recalls(found: Evaluation) -> Iterator[Section]:
    """Recall by name group, by kind of family and by mistake."""
    line = ("all", found.recall)
    parts = (
        ("Recall by name group", found.name_groups, _gap(found)),
        ("Recall by kind of family", found.kinds, "Twins, siblings and namesakes are held back on purpose."),
        ("Recall by mistake", found.noises, "Pairs in which either notice bears the mistake; a pair may bear several."),
    )
    for title, groups, text in parts:
        if groups:
            worst = found.name_gap.worst if found.name_gap and groups is found.name_groups else None
            drawn = [Share(name, one.share, one.low, one.high, name == worst) for name, one in groups.items()]
            description = (
                "Pairs of one child that were joined automatically, with 95% intervals. The dashed line is all pairs."
            )
            chart = shares(title, description, drawn, unit="recall", line=line)
            yield Section(title, (text,), (Shown(recall_table(title, groups, found.all_pairs), chart),))


def _gap(found: Evaluation) -> str:
    gap = found.name_gap
    if gap is None:
        return "There are too few pairs to set groups against one another."
    behind = f"{100 * gap.size:.1f} percentage points behind {gap.best}"
    return f"Of groups of {gap.least} pairs or more, {gap.worst} lies {behind}."


def recall_table(title: str, groups: Mapping[str, Recall], every: Recall) -> Table:
    """Recall of each group and of all, with what review adds and what is lost."""
    rows: list[tuple[Cell, ...]] = [
        (name, one.children, one.pairs, f"{one.share:.1%}", f"{one.low:.1%}", f"{one.high:.1%}", one.asked,
         f"{one.share_after_review:.2%}", one.lost)
        for name, one in (*groups.items(), ("all", every))
    ]  # fmt: skip
    columns = ("", "Children", "Pairs", "Recall", "95% from", "to", "Left to a person", "After review", "Lost")
    return Table(title, columns, tuple(rows), marked=frozenset({len(rows) - 1}))
