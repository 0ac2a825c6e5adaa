"""A linkage as a page: its figures, how weights spread, and every error one by one with its waterfall.

Every figure is the evaluation's own. Without values the page names nobody: it shows ids of notices, levels and codes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from integration_engine.appraisal.figures import clusters, completeness, distribution, questions, recalls
from integration_engine.appraisal.gallery import Cards, joins, left_to_people, lost, telling, wrong
from integration_engine.appraisal.notices import Notices
from integration_engine.appraisal.scores import scores
from integration_engine.linkage.evaluation import LEAST_PAIRS, Evaluation, evaluate_held
from integration_engine.linkage.recall import wilson
from integration_engine.linkage.resolve import Resolution
from integration_engine.linkage.truth import Held
from integration_engine.linkage.verdicts import Verdicts
from integration_engine.linkage.versions import names_version
from integration_engine.reports.page import Fact, Report

_NAMED = (
    "This page holds patient data: names, dates of birth and death, NHS numbers and addresses of children. Keep it where the "
    "notices are kept, and send it to nobody who may not read them."
)
_NAMELESS = (
    "This page names nobody: it shows ids of notices, what each says and doesn't say, and how they agree. An id still leads "
    "to a child for whoever holds the notices."
)


@dataclass(frozen=True, slots=True)
class Appraised:
    """A linkage with all that its report tells. ``source`` names what was read; ``held`` is None without truth."""

    source: str
    read: Notices
    resolution: Resolution
    verdicts: Verdicts
    held: Held | None = None


def report_of(found: Appraised, *, values: bool = False, made: str = "") -> Report:
    """The page. ``values``: with what the notices say of the children. Raises ChartsUnavailable."""
    held = found.held
    evaluation = evaluate_held(held) if held else None
    weights = scores(found.verdicts, held.truth if held else {})
    cards = Cards(found.verdicts, held.truth if held else {}, values)
    model = found.verdicts.clusters.model
    sections = [
        distribution(weights, model, with_truth=evaluation is not None),
        questions(found.resolution, evaluation),
        clusters(found.resolution),
        completeness(found.read),
    ]
    if held and evaluation:
        sections += recalls(evaluation)
        sections += [wrong(held, cards), *lost(held, cards), *left_to_people(held, cards)]
    else:
        sections += [telling(found.resolution, cards), joins(cards)]
    return Report(
        title="Linkage of notices",
        lead=_lead(found, evaluation),
        facts=tuple(_facts(found, evaluation)),
        warnings=(_NAMED if values else _NAMELESS, *_warnings(found.read)),
        sections=tuple(section for section in sections if section),
        methods=_methods(found, evaluation),
        made=made,
    )


def _lead(found: Appraised, evaluation: Evaluation | None) -> str:
    told = "held against the truth that the set brings along" if evaluation else "without a truth to hold it against"
    return (
        f"Which of {len(found.read.order):,} notices ({found.source}) are about the same child, and what only a person can "
        f"settle; {told}."
    )


def _facts(found: Appraised, evaluation: Evaluation | None) -> Iterator[Fact]:
    yield Fact("Notices", f"{len(found.read.order):,}")
    yield Fact("Children, as linked", f"{len(found.resolution.clusters):,}", "clusters of notices")
    yield Fact("Pairs for a person", f"{len(found.resolution.reviews):,}")
    if evaluation is None:
        return
    every = evaluation.all_pairs
    bound = wilson(evaluation.wrong_clusters, evaluation.clusters)[1]
    yield Fact(
        "Wrong clusters",
        f"{evaluation.wrong_clusters:,}",
        f"of {evaluation.clusters:,}; 95%: fewer than {10_000 * bound:.1f} in 10,000",
    )
    yield Fact("Twin false merges", f"{evaluation.twin_false_merges:,}", "pairs of notices")
    yield Fact("Recall, automatic", f"{every.share:.1%}", f"95% interval {every.low:.1%} to {every.high:.1%}")
    yield Fact("Recall after perfect review", f"{every.share_after_review:.2%}", f"{every.lost:,} pairs lost to nobody")
    yield Fact(
        "Reviews per 100 children",
        f"{evaluation.review_load:.1f}",
        f"{evaluation.review_true_share:.0%} of them one child",
    )
    if gap := evaluation.name_gap:
        yield Fact("Gap between name groups", f"{100 * gap.size:.1f} points", f"{gap.worst} behind {gap.best}")


def _warnings(read: Notices) -> Iterator[str]:
    if read.differing:
        yield (
            f"{len(read.differing):,} rows repeat an id with other content. Of each id the row notified first counts; look "
            "at where these rows come from before you rely on anything here."
        )
    if read.without_truth:
        yield f"{read.without_truth:,} rows have no truth and don't count in the evaluation."
    for name in read.windows:
        yield f"Not all of {name} is UTF-8; the rest was read as Windows-1252."


def _methods(found: Appraised, evaluation: Evaluation | None) -> tuple[tuple[str, str], ...]:
    model = found.verdicts.clusters.model
    said = [
        ("Model and tables", f"Weights: model {model.version}, {model.made} Tables of names: {names_version()}."),
        (
            "Weight",
            "The sum, in bits, of what each comparison says: log2 of how often pairs of one child agree like this over how "
            "often unrelated pairs do. One bit more doubles the odds. The first bar is what speaks against two notices taken "
            "at random.",
        ),
        (
            "What is decided",
            f"A pair of {model.link:g} bits or more is joined where nothing forbids it; from {model.review:g} bits "
            f"({model.review_vetoed:g} where something forbids it) a person is asked; below, they are two children. What "
            "forbids it is asked of every notice of both clusters, so weight alone never joins twins.",
        ),
        (
            "Lost to nobody",
            "Pairs of one child's notices that linkage leaves apart and that no question brings together, even if every "
            "question is answered rightly.",
        ),
    ]
    if evaluation:
        said += [
            (
                "Precision and recall",
                "Counted over pairs of notices: of pairs put together, those of one child; of pairs of one child, those put "
                f"together. Precision {evaluation.precision:.6f}, F1 {evaluation.f1:.4f}; B-cubed precision "
                f"{evaluation.bcubed_precision:.6f}, recall {evaluation.bcubed_recall:.4f}.",
            ),
            (
                "Intervals",
                "95%. Pairs of one child aren't independent, so the variance of recall is taken over children (ratio "
                "estimator), and Wilson's interval is that of as many independent pairs as would vary as much. Groups of "
                f"fewer than {LEAST_PAIRS} pairs are shown but not set against one another.",
            ),
        ]
    return tuple(said)
