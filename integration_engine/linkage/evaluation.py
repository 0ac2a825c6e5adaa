"""How good a linkage was, against the truth of a set that has it. For analysts; linkage itself never sees the truth.

Counted over pairs of notices: of all pairs put together, how many are one child's (precision); of all pairs of one child,
how many were put together (recall); and what a perfect reviewer would add. B-cubed counts the same from each notice's own
place (Bagga and Baldwin 1998), so that a child of many notices doesn't outweigh the others.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from integration_engine.linkage.recall import Gap, Recall, recall, widest_gap
from integration_engine.linkage.resolve import Resolution
from integration_engine.linkage.truth import Held, Pair, Truth

__all__ = ["Asked", "Evaluation", "Truth", "differing", "evaluate", "evaluate_held"]

_MULTIPLE = "multiple"
NO_NOISE = "none"
"""The group of pairs in which neither notice bears a mistake."""
LEAST_PAIRS = 200
"""With fewer pairs a group's recall is too unsure to be set against another's."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Pairs shown to a person for one reason, and how many of them are one child's."""

    pairs: int
    true: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Shares are between 0 and 1. ``review_load`` is pairs of clusters to look at per 100 children; ``false_merges`` pairs
    of notices of different children in one cluster, by the kind of family they come from, ``wrong_clusters_by_kind`` the
    clusters with such a pair; ``whole_children`` have all their notices in one cluster with nobody else's.

    ``all_pairs`` is recall over everything; ``name_groups``, ``kinds`` and ``noises`` are its parts by name group, by kind
    of family and by each mistake that either notice bears; ``between_agencies`` counts what two agencies told.
    """

    notices: int
    children: int
    clusters: int
    precision: float
    f1: float
    bcubed_precision: float
    bcubed_recall: float
    bcubed_f1: float
    wrong_clusters: int
    wrong_clusters_by_kind: dict[str, int]
    false_merges: dict[str, int]
    twin_false_merges: int
    whole_children: int
    reviews: int
    review_load: float
    review_true_share: float
    reviews_by_reason: dict[str, Asked]
    all_pairs: Recall
    between_agencies: Recall
    name_groups: dict[str, Recall] = field(default_factory=dict)
    kinds: dict[str, Recall] = field(default_factory=dict)
    noises: dict[str, Recall] = field(default_factory=dict)
    name_gap: Gap | None = None

    @property
    def recall(self) -> float:
        return self.all_pairs.share

    @property
    def recall_after_review(self) -> float:
        return self.all_pairs.share_after_review

    @property
    def recall_by_name_group(self) -> dict[str, float]:
        return {group: found.share for group, found in self.name_groups.items()}

    def to_json(self) -> dict[str, Any]:
        """Everything, with the shares that follow from counts beside them."""
        found = asdict(self)
        for parts in (found, *(found[name] for name in ("name_groups", "kinds", "noises"))):
            for part in parts.values():
                if isinstance(part, dict) and "joined" in part:
                    said = Recall(**part)
                    part |= {"lost": said.lost, "recall": said.share, "recall_after_review": said.share_after_review}
        return found | {"recall": self.recall, "recall_after_review": self.recall_after_review}


def evaluate(resolution: Resolution, truth: Mapping[str, Truth]) -> Evaluation:
    """Score a resolution; only notices that ``truth`` knows count."""
    return evaluate_held(Held(resolution, truth))


def evaluate_held(held: Held) -> Evaluation:
    """Score a resolution that is held against its truth already."""
    truth, pairs = held.truth, list(held.pairs())
    together = sum(pairs_of(len(cluster)) for cluster in held.clusters)
    right = sum(pairs_of(n) for counts in held.counts for n in counts.values())
    kinds = [Counter(kind for _, _, kind in held.false_pairs(cluster)) for cluster in held.wrong()]
    false = sum(kinds, Counter[str]())
    overall, precision = recall(pairs), _share(right, together)
    groups = _by(pairs, lambda pair: [truth[pair.a].name_group])
    bcubed = _bcubed(held)
    return Evaluation(
        notices=len(held.of),
        children=len(held.children),
        clusters=len(held.clusters),
        precision=precision,
        f1=_mean(precision, overall.share),
        bcubed_precision=bcubed[0],
        bcubed_recall=bcubed[1],
        bcubed_f1=_mean(*bcubed),
        wrong_clusters=len(kinds),
        wrong_clusters_by_kind=dict(sorted(Counter(kind for counts in kinds for kind in counts).items())),
        false_merges=dict(sorted(false.items())),
        twin_false_merges=false[_MULTIPLE],
        whole_children=held.whole(),
        reviews=len(held.reviews),
        review_load=100 * _asked_clusters(held) / max(1, len(held.children)),
        review_true_share=_share(sum(true for _, true in held.reviews), len(held.reviews)),
        reviews_by_reason=_by_reason(held),
        all_pairs=overall,
        between_agencies=recall(pair for pair in pairs if truth[pair.a].agency != truth[pair.b].agency),
        name_groups=groups,
        kinds=_by(pairs, lambda pair: [truth[pair.a].kind]),
        noises=_by_noise(pairs, truth),
        name_gap=widest_gap(groups, LEAST_PAIRS),
    )


def pairs_of(n: int) -> int:
    """How many pairs n things make."""
    return n * (n - 1) // 2


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 1.0


def _mean(one: float, other: float) -> float:
    """The harmonic mean."""
    return 2 * one * other / (one + other) if one + other else 0.0


def _bcubed(held: Held) -> tuple[float, float]:
    precise = recalled = 0.0
    for cluster, counts in zip(held.clusters, held.counts, strict=True):
        for child, n in counts.items():
            precise += n * n / len(cluster)
            recalled += n * n / len(held.children[child])
    return _share(precise, len(held.of)), _share(recalled, len(held.of))


def _asked_clusters(held: Held) -> int:
    return len({tuple(sorted((held.of[review.a], held.of[review.b]))) for review, _ in held.reviews})


def _by_reason(held: Held) -> dict[str, Asked]:
    found: dict[str, list[bool]] = defaultdict(list)
    for review, true in held.reviews:
        for code in review.why:
            found[code].append(true)
    return {code: Asked(len(said), sum(said)) for code, said in sorted(found.items())}


def _by(pairs: Sequence[Pair], groups: Callable[[Pair], Iterable[str]]) -> dict[str, Recall]:
    found: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        for group in groups(pair):
            if group:
                found[group].append(pair)
    return {group: recall(found[group]) for group in sorted(found)}


def _by_noise(pairs: Sequence[Pair], truth: Mapping[str, Truth]) -> dict[str, Recall]:
    if not any(told.noise for told in truth.values()):
        return {}
    return _by(pairs, lambda pair: {*truth[pair.a].noise, *truth[pair.b].noise} or {NO_NOISE})


def differing(one: Resolution, other: Resolution) -> int:
    """How many pairs of notices are together in one of two resolutions of the same notices, and not in the other."""
    ours = {id: number for number, cluster in enumerate(one.clusters) for id in cluster}
    theirs = {id: number for number, cluster in enumerate(other.clusters) for id in cluster}
    both = Counter((ours[id], theirs[id]) for id in ours.keys() & theirs.keys())
    counts = (both.values(), Counter(ours.values()).values(), Counter(theirs.values()).values())
    shared, mine, others = (sum(map(pairs_of, sizes)) for sizes in counts)
    return mine + others - 2 * shared
