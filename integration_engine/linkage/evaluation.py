"""How good a linkage was, against the truth of a set that has it. For analysts; linkage itself never sees the truth.

Counted over pairs of notices: of all pairs put together, how many are one child's (precision); of all pairs of one child,
how many were put together (recall); and what a perfect reviewer would add.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from integration_engine.linkage.resolve import Resolution

_MULTIPLE = "multiple"


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known about one notice: its child, and where the set says so its family group, kind and name group."""

    child: str
    group: str = ""
    kind: str = ""
    name_group: str = ""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Shares are between 0 and 1. ``review_load`` is pairs of clusters to look at per 100 children; ``false_merges`` pairs
    of notices of different children in one cluster, by the kind of family they come from."""

    notices: int
    children: int
    clusters: int
    precision: float
    recall: float
    wrong_clusters: int
    false_merges: dict[str, int]
    twin_false_merges: int
    reviews: int
    review_load: float
    review_true_share: float
    recall_after_review: float
    recall_by_name_group: dict[str, float] = field(default_factory=dict)


def evaluate(resolution: Resolution, truth: Mapping[str, Truth]) -> Evaluation:
    """Score a resolution; only notices that ``truth`` knows count."""
    clusters = [[id for id in sorted(cluster) if id in truth] for cluster in resolution.clusters]
    clusters = [cluster for cluster in clusters if cluster]
    of = {id: number for number, cluster in enumerate(clusters) for id in cluster}
    children: dict[str, list[str]] = defaultdict(list)
    for id in of:
        children[truth[id].child].append(id)
    inside = [Counter(truth[id].child for id in cluster) for cluster in clusters]
    together = sum(_pairs(len(cluster)) for cluster in clusters)
    right = sum(_pairs(n) for counts in inside for n in counts.values())
    real = sum(_pairs(len(ids)) for ids in children.values())
    wrong = [cluster for cluster, counts in zip(clusters, inside, strict=True) if len(counts) > 1]
    false = Counter(kind for cluster in wrong for kind in _false_kinds(cluster, truth))
    shown = [(r.a, r.b) for r in resolution.reviews if r.a in of and r.b in of]
    true_shown = [(a, b) for a, b in shown if truth[a].child == truth[b].child]
    after = _accepted(clusters, of, true_shown, truth)
    return Evaluation(
        notices=len(of),
        children=len(children),
        clusters=len(clusters),
        precision=_share(right, together),
        recall=_share(right, real),
        wrong_clusters=len(wrong),
        false_merges=dict(sorted(false.items())),
        twin_false_merges=false[_MULTIPLE],
        reviews=len(shown),
        review_load=100 * len({tuple(sorted((of[a], of[b]))) for a, b in shown}) / max(1, len(children)),
        review_true_share=_share(len(true_shown), len(shown)),
        recall_after_review=_share(after, real),
        recall_by_name_group=_by_group(children, of, truth),
    )


def _pairs(n: int) -> int:
    return n * (n - 1) // 2


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 1.0


def _false_kinds(cluster: list[str], truth: Mapping[str, Truth]) -> Iterable[str]:
    for a, b in combinations(cluster, 2):
        if truth[a].child != truth[b].child:
            family = truth[a].group and truth[a].group == truth[b].group
            yield (truth[a].kind or "one-family") if family else "unrelated"


def _accepted(
    clusters: list[list[str]], of: Mapping[str, int], accepted: list[tuple[str, str]], truth: Mapping[str, Truth]
) -> int:
    """Pairs of one child together once every true pair shown for review has been accepted."""
    parent = list(range(len(clusters)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    for a, b in accepted:
        parent[root(of[a])] = root(of[b])
    counts: Counter[tuple[int, str]] = Counter((root(number), truth[id].child) for id, number in of.items())
    return sum(_pairs(n) for n in counts.values())


def _by_group(children: Mapping[str, list[str]], of: Mapping[str, int], truth: Mapping[str, Truth]) -> dict[str, float]:
    found: Counter[str] = Counter()
    real: Counter[str] = Counter()
    for ids in children.values():
        for a, b in combinations(ids, 2):
            real[truth[a].name_group] += 1
            found[truth[a].name_group] += of[a] == of[b]
    return {group: found[group] / n for group, n in sorted(real.items()) if group}


def differing(one: Resolution, other: Resolution) -> int:
    """How many pairs of notices are together in one of two resolutions of the same notices, and not in the other."""
    ours = {id: number for number, cluster in enumerate(one.clusters) for id in cluster}
    theirs = {id: number for number, cluster in enumerate(other.clusters) for id in cluster}
    both = Counter((ours[id], theirs[id]) for id in ours.keys() & theirs.keys())
    counts = (both.values(), Counter(ours.values()).values(), Counter(theirs.values()).values())
    shared, mine, others = (sum(map(_pairs, sizes)) for sizes in counts)
    return mine + others - 2 * shared
