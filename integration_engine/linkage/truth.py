"""A resolution beside the truth of a set that has it: who was put together, who is one child, whom a person was asked about.

For evaluation and for reading errors only; linkage itself never sees the truth.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

from integration_engine.linkage.resolve import Resolution

UNRELATED = "unrelated"
ONE_FAMILY = "one-family"


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known about one notice: its child, and where the set says so its family group, kind, name group, the mistakes
    that were put into it (``noise``) and its source."""

    child: str
    group: str = ""
    kind: str = ""
    name_group: str = ""
    noise: tuple[str, ...] = ()
    source: str = ""

    @property
    def agency(self) -> str:
        """Who told: the hospital whatever its format, else the source."""
        return "hospital" if self.source.startswith("hospital") else self.source


class Pair(NamedTuple):
    """Two notices of one child: ``joined`` automatically, or only once a perfect reviewer has answered (``asked``)."""

    child: str
    a: str
    b: str
    joined: bool
    asked: bool

    @property
    def lost(self) -> bool:
        """Whether nobody puts these together: not linkage, and no person is asked."""
        return not (self.joined or self.asked)


class Held:
    """A resolution held against the truth; only notices that the truth knows count.

    ``clusters`` are of known notices, ``of`` the number of each notice's cluster, ``after`` that of the cluster it is in once
    a perfect reviewer has accepted every true pair; ``children`` the notices of each child; ``counts`` how many notices of
    which child each cluster holds; ``reviews`` the questions about two clusters, each with whether it is one child.
    """

    def __init__(self, resolution: Resolution, truth: Mapping[str, Truth]) -> None:
        self.truth = truth
        known = (sorted(truth.keys() & cluster) for cluster in resolution.clusters)
        self.clusters = [cluster for cluster in known if cluster]
        self.of = {id: number for number, cluster in enumerate(self.clusters) for id in cluster}
        self.counts = [Counter(truth[id].child for id in cluster) for cluster in self.clusters]
        self.children: dict[str, list[str]] = defaultdict(list)
        for id in self.of:
            self.children[truth[id].child].append(id)
        known_to = [r for r in resolution.reviews if r.a in self.of and r.b in self.of]
        between = [r for r in known_to if self.of[r.a] != self.of[r.b]]
        self.reviews = [(r, truth[r.a].child == truth[r.b].child) for r in between]
        self.after = self._accepted()

    def _accepted(self) -> list[int]:
        parent = list(range(len(self.clusters)))

        def root(number: int) -> int:
            while parent[number] != number:
                parent[number] = parent[parent[number]]
                number = parent[number]
            return number

        for review, true in self.reviews:
            if true:
                parent[root(self.of[review.a])] = root(self.of[review.b])
        return [root(number) for number in range(len(parent))]

    def pairs(self) -> Iterator[Pair]:
        """Every pair of notices of one child."""
        for child, ids in self.children.items():
            for a, b in combinations(ids, 2):
                one, other = self.of[a], self.of[b]
                yield Pair(child, a, b, one == other, one != other and self.after[one] == self.after[other])

    def wrong(self) -> list[list[str]]:
        """The clusters that hold more than one child."""
        return [cluster for cluster, counts in zip(self.clusters, self.counts, strict=True) if len(counts) > 1]

    def false_pairs(self, cluster: list[str]) -> Iterator[tuple[str, str, str]]:
        """The pairs of different children in a cluster, each with its kind."""
        for a, b in combinations(cluster, 2):
            if self.truth[a].child != self.truth[b].child:
                yield a, b, kind_between(self.truth[a], self.truth[b])

    def whole(self) -> int:
        """How many children have all their notices in one cluster with nobody else's."""
        one_child = (counts for counts in self.counts if len(counts) == 1)
        return sum(n == len(self.children[child]) for counts in one_child for child, n in counts.items())


def kind_between(one: Truth, other: Truth) -> str:
    """How two different children are related: the kind of their family, or ``unrelated``."""
    if not one.group or one.group != other.group:
        return UNRELATED
    return one.kind or ONE_FAMILY
