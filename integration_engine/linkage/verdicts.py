"""What became of a pair once all notices were known: joined, for a person, or apart, each with why.

A pair's own waterfall is half of the answer. The other notices may join two that alone say too little, bar two that alone
would be joined, or show that a twin is about.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from integration_engine.linkage.blocking import keys
from integration_engine.linkage.clusters import Clusters
from integration_engine.linkage.comparison import compare
from integration_engine.linkage.graph import Edge
from integration_engine.linkage.resolve import Resolution, Review

State: TypeAlias = Literal["joined", "person", "apart"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One code of why, and the two notices that it is about."""

    code: str
    a: str
    b: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """``state`` is the final answer about two notices.

    ``joined``: ``way`` are the pairs, end to end, that carry the one to the other; ``asked`` is a question about whether they
    are to stay together.
    ``person``: ``asked`` is the question, the reasons say why. ``apart``: the reasons say what keeps the two clusters apart,
    ``unasked`` why no person is asked. ``best`` is the heaviest pair between the two clusters, None where none weighs
    enough.
    """

    state: State
    reasons: tuple[Reason, ...]
    way: tuple[Edge, ...] = ()
    asked: Review | None = None
    best: Edge | None = None
    unasked: str = ""

    @property
    def why(self) -> tuple[str, ...]:
        """The codes of the reasons, each once, and of why nobody is asked."""
        codes = [reason.code for reason in self.reasons]
        return tuple(dict.fromkeys([*codes, *([self.unasked] if self.unasked else [])]))


class Verdicts:
    """The verdicts of one resolution."""

    def __init__(self, resolution: Resolution, clusters: Clusters) -> None:
        self.clusters, self.graph, self.items = clusters, clusters.graph, clusters.items
        self._asked: dict[tuple[str, str], Review] = {}
        for review in resolution.reviews:
            self._asked.setdefault(self._between(review.a, review.b), review)

    def state(self, a: str, b: str) -> State:
        """The final answer alone."""
        one, other = self._between(a, b)
        return "joined" if one == other else "person" if (one, other) in self._asked else "apart"

    def of(self, a: str, b: str) -> Verdict:
        """The verdict about two notices, whichever way round. Raises KeyError where there is no such notice."""
        one, other = self._between(a, b)
        if one == other:
            return self._joined(a, b)
        review = self._asked.get((one, other))
        best = self._best(one, other)
        if review:
            reasons = tuple(Reason(code, review.a, review.b) for code in review.why)
            return Verdict("person", self._placed(reasons, one, other), asked=review, best=best)
        return self._apart(one, other, best)

    def _between(self, a: str, b: str) -> tuple[str, str]:
        one, other = sorted((self.clusters.of[a], self.clusters.of[b]))
        return one, other

    def _best(self, one: str, other: str) -> Edge | None:
        """The heaviest pair between two clusters."""
        found = [
            edge
            for id in self.clusters.members[one]
            for edge in self.graph.at.get(id, ())
            if self.clusters.of[edge.b if edge.a == id else edge.a] == other
        ]
        return min(found, key=lambda edge: (-edge.compared.score, edge.a, edge.b), default=None)

    def _apart(self, one: str, other: str, best: Edge | None) -> Verdict:
        members = self.clusters.members
        between = [(x, y) if x < y else (y, x) for x in members[one] for y in members[other]]
        said = [Reason("unlinked-by-a-person", a, b) for a, b in sorted(between) if (a, b) in self.clusters.unlinks]
        if said:
            return Verdict("apart", tuple(said), best=best)
        barred = self.clusters.barred_between(one, other)
        reasons = self._placed(tuple(Reason(code, "", "") for code in sorted(barred)), one, other)
        if best is None:
            return Verdict("apart", reasons, unasked="below-review" if self._meet(one, other) else "no-shared-key")
        model = self.clusters.model
        if barred and best.compared.score < model.review_vetoed:
            unasked = "below-review-of-vetoed"
        elif len(barred) > 1:
            unasked = "several-vetoes"
        else:
            unasked = "plainly-two" if barred else "not-asked"
        return Verdict("apart", reasons, best=best, unasked=unasked)

    def _placed(self, reasons: tuple[Reason, ...], one: str, other: str) -> tuple[Reason, ...]:
        """Each veto at a pair of notices that bears it: often not the pair that would be joined."""
        members, found = self.clusters.members, []
        for reason in reasons:
            bearing = sorted(
                (x, y) if x < y else (y, x)
                for x in members[one]
                for y in members[other]
                if reason.code in self.clusters.barred(x, y)
            )
            here = (reason.a, reason.b) if (reason.a, reason.b) in bearing or not bearing else bearing[0]
            found.append(Reason(reason.code, *here))
        return tuple(found)

    def _meet(self, one: str, other: str) -> bool:
        members, model = self.clusters.members, self.clusters.model
        mine = {key for id in members[one] for key in keys(self.items[id], model)}
        return any(not mine.isdisjoint(keys(self.items[id], model)) for id in members[other])

    def _joined(self, a: str, b: str) -> Verdict:
        way = tuple(self._way(a, b))
        links = self.clusters.links
        code = "joined-by-own-weight" if len(way) == 1 else "joined-by-way-of-others"
        if any((edge.a, edge.b) in links for edge in way):
            code = "linked-by-a-person"
        # People's words may hold a cluster together and yet be in question.
        again = self._asked.get(self._between(a, b))
        open_ = tuple(Reason(why, again.a, again.b) for why in again.why) if again else ()
        return Verdict("joined", (Reason(code, min(a, b), max(a, b)), *open_), way, asked=again)

    def _way(self, a: str, b: str) -> Iterable[Edge]:
        """The path from one notice to another over the pairs that hold a cluster together."""
        ties: Mapping[str, list[Edge]] = self.ties.get(self.clusters.of[a], {})
        came: dict[str, Edge | None] = {a: None}
        waiting = [a]
        while waiting and b not in came:
            here = waiting.pop(0)
            for edge in ties.get(here, ()):
                there = edge.b if edge.a == here else edge.a
                if there not in came:
                    came[there] = edge
                    waiting.append(there)
        found: list[Edge] = []
        here = b
        while (last := came.get(here)) is not None:
            found.append(last)
            here = last.b if last.a == here else last.a
        return reversed(found)

    @cached_property
    def ties(self) -> dict[str, dict[str, list[Edge]]]:
        """By cluster and notice the pairs that hold the cluster together: people's links, then as many of its pairs as
        it takes, from the heaviest down."""
        clusters, model = self.clusters, self.clusters.model
        root = {id: id for id in self.items}

        def top(id: str) -> str:
            while root[id] != id:
                root[id] = root[root[id]]
                id = root[id]
            return id

        linked = [self._edge(a, b) for a, b in clusters.links if clusters.of[a] == clusters.of[b]]
        inside = (edge for edge in self.graph.edges.values() if clusters.of[edge.a] == clusters.of[edge.b])
        strong = sorted(inside, key=lambda e: (not e.sure(model), -e.compared.score, e.a, e.b))
        found: dict[str, dict[str, list[Edge]]] = defaultdict(lambda: defaultdict(list))
        for edge in (*linked, *strong):
            one, other = top(edge.a), top(edge.b)
            if one != other:
                root[one] = other
                for id in (edge.a, edge.b):
                    found[clusters.of[id]][id].append(edge)
        return found

    def _edge(self, a: str, b: str) -> Edge:
        held = self.graph.edges.get((a, b))
        return held or Edge(a, b, compare(self.items[a], self.items[b], self.clusters.model), (), ())
