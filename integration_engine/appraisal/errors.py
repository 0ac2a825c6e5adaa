"""What is still wrong in a resolution, one by one: clusters of several children, and children in several clusters.

The counts are those of the evaluation: the pairs of all splits together are the pairs that were not joined.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from integration_engine.linkage.comparison import compare
from integration_engine.linkage.truth import Held
from integration_engine.linkage.verdicts import Verdict, Verdicts


@dataclass(frozen=True, slots=True)
class WrongCluster:
    """A cluster of more than one child: ``joins`` are the pairs that hold two of the children together, ``kinds`` how the
    children are related."""

    ids: tuple[str, ...]
    children: tuple[str, ...]
    kinds: tuple[str, ...]
    joins: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Split:
    """Two clusters that hold one child's notices. ``pairs`` of them are not together because of it; ``a`` and ``b`` is the
    pair that a person is shown, else the two that say most for one child.

    ``asked``: a person is asked about the two; ``through``: questions about other clusters bring them together; ``lost``:
    nobody puts them together.
    """

    child: str
    a: str
    b: str
    pairs: int
    found: Literal["asked", "through", "lost"]
    verdict: Verdict


def wrong_clusters(held: Held, verdicts: Verdicts) -> tuple[WrongCluster, ...]:
    """Every cluster of several children, the largest mistake first."""
    found = []
    for cluster in held.wrong():
        ties = verdicts.ties[verdicts.clusters.of[cluster[0]]]
        edges = {(edge.a, edge.b) for id in cluster for edge in ties.get(id, ())}
        known = ((a, b) for a, b in sorted(edges) if a in held.of and b in held.of)
        joins = tuple((a, b) for a, b in known if held.truth[a].child != held.truth[b].child)
        false = list(held.false_pairs(cluster))
        kinds = tuple(sorted({kind for _, _, kind in false}))
        children = tuple(sorted({held.truth[id].child for id in cluster}))
        found.append((len(false), WrongCluster(tuple(cluster), children, kinds, joins or (false[0][:2],))))
    return tuple(wrong for _, wrong in sorted(found, key=lambda pair: (-pair[0], pair[1].ids)))


def splits(held: Held, verdicts: Verdicts) -> tuple[Split, ...]:
    """Every two clusters that hold one child's notices, lost ones first, then the heaviest."""
    found = [split for child, ids in held.children.items() for split in _of_child(held, verdicts, child, ids)]
    order = {"lost": 0, "asked": 1, "through": 2}
    return tuple(sorted(found, key=lambda split: (order[split.found], -_weight(split), split.a, split.b)))


def _of_child(held: Held, verdicts: Verdicts, child: str, ids: list[str]) -> Iterator[Split]:
    parts: dict[int, list[str]] = {}
    for id in ids:
        parts.setdefault(held.of[id], []).append(id)
    for (one, mine), (other, theirs) in combinations(parts.items(), 2):
        verdict = verdicts.of(mine[0], theirs[0])
        pairs = len(mine) * len(theirs)
        if verdict.asked:
            a, b = verdict.asked.a, verdict.asked.b
            if held.truth.get(a) and held.truth.get(b) and held.truth[a].child == held.truth[b].child == child:
                yield Split(child, a, b, pairs, "asked", verdict)
                continue
        a, b = _telling(verdicts, mine, theirs)
        through = held.after[one] == held.after[other]
        yield Split(child, a, b, pairs, "through" if through else "lost", verdict)


def _telling(verdicts: Verdicts, mine: list[str], theirs: list[str]) -> tuple[str, str]:
    """The two notices of one child that say most for it."""
    items, model = verdicts.items, verdicts.clusters.model
    pairs = ((a, b) if a < b else (b, a) for a in mine for b in theirs)
    return min(pairs, key=lambda pair: (-compare(items[pair[0]], items[pair[1]], model).score, pair))


def _weight(split: Split) -> float:
    if split.verdict.asked:
        return split.verdict.asked.score
    return split.verdict.best.compared.score if split.verdict.best else 0.0
