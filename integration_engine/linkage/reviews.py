"""Which pairs of cases a person is asked about, and why: what evidence can't settle, what people haven't settled yet, and
what was rejected before more was heard."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from integration_engine.linkage.agreement import shares_identifier
from integration_engine.linkage.clusters import Clusters
from integration_engine.linkage.comparison import Compared, Step, compare
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.graph import Edge
from integration_engine.linkage.holds import maybe_adopted, plainly_two
from integration_engine.linkage.people import SINCE_LINKED, Ruling, known_by, multiples_known

_TELLING = frozenset({"nhs", "given", "second", "sex", "order", "weight", "death", "local_ref", "person", "coroner"})
"""Comparisons of what is one child's alone: a twin has its own."""
# Bits: less than a doubling of the odds suggests nobody.
_CLEARLY = 1.0
MOST_ASKED = 50
"""Questions that one case needs to be asked before the lighter ones wait: nobody answers five thousand, and each that is
answered makes room for the next."""
NEW_EVIDENCE = "new-evidence-since-rejected"
CASE_SPLIT = "case-split"


@dataclass(frozen=True, slots=True)
class Review:
    """A pair only a person can settle. ``score`` in bits; ``why`` are codes; ``vetoed``: something keeps them apart;
    ``multiple``: a multiple birth is known, so that it takes two people to join; ``readers`` have decided already.
    ``steps`` is the waterfall. ``likelier`` says, where one notice may be either of two children that are told apart,
    whether this is the likelier one; None where nothing that tells twins apart says so."""

    a: str
    b: str
    score: float
    why: tuple[str, ...]
    vetoed: bool
    multiple: bool = False
    readers: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    likelier: bool | None = None


def reviews_of(clusters: Clusters) -> tuple[Review, ...]:
    """What a person is asked once everything is joined that can be: one question for each two clusters, the heaviest
    first."""
    crossing: dict[tuple[str, str], list[Edge]] = defaultdict(list)
    for edge in clusters.graph.edges.values():
        one, other = sorted((clusters.of[edge.a], clusters.of[edge.b]))
        if one != other:
            crossing[one, other].append(edge)
    ruled: dict[tuple[str, str], list[Ruling]] = defaultdict(list)
    for ruling in clusters.rulings.values():
        one, other = sorted(clusters.of[id] for id in ruling.pair)
        ruled[one, other].append(ruling)
    asking = _Asking(clusters, multiples_known(clusters.items, clusters.graph))
    found: list[Review] = []
    asked: Counter[str] = Counter()
    # What people have begun to answer stays a question, and so does what would be one case but for a third notice.
    needed = ruled.keys() | {pair for pair, edges in crossing.items() if any(edge.alone for edge in edges)}
    others = sorted((_heaviest(min(edges, key=_heaviest)), p) for p, edges in crossing.items() if p not in needed)
    for pair in (*sorted(needed), *(pair for _, pair in others)):
        if pair not in needed and min(asked[side] for side in pair) >= MOST_ASKED:
            continue
        if review := asking.about(*pair, crossing.get(pair, ()), ruled.get(pair, ())):
            found.append(review)
            asked.update(pair)
    found += [Review(a, b, 0.0, ("people-disagree",), True) for a, b in clusters.disagreeing]
    return tuple(sorted(_with_likelier(found, asking), key=lambda r: (-r.score, r.a, r.b)))


@dataclass(frozen=True)
class _Asking:
    """``multiple``: every notice of a child known to be one of several born together."""

    clusters: Clusters
    multiple: frozenset[str]
    _barred: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    def barred(self, one: str, other: str) -> frozenset[str]:
        """What tells two clusters apart; found out once, for nothing is joined any more."""
        pair = (one, other) if one < other else (other, one)
        if pair not in self._barred:
            self._barred[pair] = self.clusters.barred_between(*pair)
        return self._barred[pair]

    def about(self, one: str, other: str, edges: Collection[Edge], ruled: Iterable[Ruling]) -> Review | None:
        """The question about two clusters, or about one that people's words hold together; None where there is none."""
        undecided = sorted((r for r in ruled if r.open), key=lambda r: (r.turn, r.pair))
        if one == other:
            undecided = [ruling for ruling in undecided if SINCE_LINKED in ruling.open]
        if undecided:
            # Whoever reads second is asked about the very pair that was read first.
            return self._half_read(one, other, undecided[0])
        if one == other:
            return None
        if self.clusters.unlinked(one, other):
            more = self._more(one, other, edges)
            return self._told(one, other, more, because=(NEW_EVIDENCE,)) if more else None
        # What joins by itself would be one case, and may have been until another notice came: never parted in silence.
        parted = any(edge.alone for edge in edges)
        return self._told(one, other, min(edges, key=_heaviest), parted=parted) if edges else None

    def _told(
        self, one: str, other: str, edge: Edge, *, because: tuple[str, ...] = (), parted: bool = False
    ) -> Review | None:
        clusters = self.clusters
        barred = self.barred(one, other)
        adopted = maybe_adopted(edge.compared)
        if not parted:
            if barred and edge.compared.score < clusters.model.review_vetoed and not adopted:
                return None
            a, b = clusters.items[edge.a], clusters.items[edge.b]
            if len(barred) > 1 or plainly_two(a, b, edge.compared, barred):
                return None  # two children by two reasons at once or by one that is enough: nobody need be asked
        why = because + tuple(sorted(barred)) + (("maybe-adopted",) if adopted else ()) + edge.holds
        if clusters.may_be_unnamed(edge, one, other):
            why += ("unnamed-child-of-the-event",)
        why += (CASE_SPLIT,) if parted else ()
        multiple = self._multiple(one, other)
        steps = self._compared(edge.a, edge.b).steps
        return Review(
            edge.a,
            edge.b,
            _bits(edge.compared.score),
            why or ("below-automatic",),
            bool(barred),
            multiple,
            steps=steps,
        )

    def _half_read(self, one: str, other: str, ruling: Ruling) -> Review:
        clusters, (a, b) = self.clusters, ruling.pair
        edge, compared = clusters.graph.edges.get(ruling.pair), self._compared(a, b)
        barred = self.barred(one, other) if one != other else frozenset()
        why = (*ruling.open, *sorted(barred), *(edge.holds if edge and one != other else ()))
        return Review(a, b, _bits(compared.score), why, bool(barred), True, ruling.readers, compared.steps)

    def _compared(self, a: str, b: str) -> Compared:
        """The two with each step of the waterfall."""
        return compare(self.clusters.items[a], self.clusters.items[b], self.clusters.model, explain=True)

    def _multiple(self, one: str, other: str) -> bool:
        members = self.clusters.members
        return not (self.multiple.isdisjoint(members[one]) and self.multiple.isdisjoint(members[other]))

    def _more(self, one: str, other: str, edges: Iterable[Edge]) -> Edge | None:
        """What was heard since somebody said that these are two children, and says more than what they saw: an identifier
        that both sides now carry, or a weight above the best of then by more than the margin. The same again is nothing new.
        """
        clusters, items = self.clusters, self.clusters.items
        rejected = [pair for pair in clusters.unlinks if {clusters.of[pair[0]], clusters.of[pair[1]]} == {one, other}]
        at = _latest(clusters.rulings[pair].at for pair in rejected)
        named = {id for pair in rejected for id in pair}
        seen = {
            id for id in (*clusters.members[one], *clusters.members[other]) if id in named or _was_there(items[id], at)
        }
        mine, theirs = (
            {i for id in clusters.members[side] if id in seen for i in _identifiers(items[id])} for side in (one, other)
        )
        scores = [edge.compared.score for edge in edges if edge.a in seen and edge.b in seen]
        scores += [compare(items[a], items[b], clusters.model).score for a, b in rejected]
        fresh = [
            edge
            for edge in edges
            if not (edge.a in seen and edge.b in seen)
            and (self._shared(edge) - (mine & theirs) or edge.compared.score > max(scores) + clusters.model.margin)
        ]
        return min(fresh, key=_heaviest, default=None)

    def _shared(self, edge: Edge) -> frozenset[str]:
        """The identifiers by which these two are one child, as far as they are the child's own."""
        a, b = self.clusters.items[edge.a], self.clusters.items[edge.b]
        shared = _identifiers(a) & _identifiers(b)
        return shared if shares_identifier(a, b, edge.compared) else frozenset()


def _with_likelier(found: Iterable[Review], asking: _Asking) -> list[Review]:
    """Each question with whether it is the likelier of those that one side may be the answer to. Twins share home, mother and
    name: only what is one child's alone counts."""
    told = {review: sum(step.bits for step in review.steps if step.comparison in _TELLING) for review in found}
    at: dict[str, list[tuple[Review, str]]] = defaultdict(list)
    for review in told:
        one, other = asking.clusters.of[review.a], asking.clusters.of[review.b]
        at[one].append((review, other))
        at[other].append((review, one))
    likelier: dict[Review, bool] = {}
    apart = _apart({cluster: {there for _, there in asked} for cluster, asked in at.items()}, asking)
    for asked in at.values():
        here = {there for _, there in asked}
        rivals = [review for review, there in asked if not apart[there].isdisjoint(here)]
        if len(rivals) > 1:
            first, second = sorted((told[review] for review in rivals), reverse=True)[:2]
            if first - second >= _CLEARLY:
                likelier |= {r: likelier.get(r, True) and told[r] == first for r in rivals}
    return [replace(review, likelier=likelier.get(review)) for review in told]


def _apart(asked: Mapping[str, set[str]], asking: _Asking) -> Mapping[str, set[str]]:
    """For each cluster those that are told apart from it, of all that may be the answer to one question with it."""
    found = {}
    for one, others in asked.items():
        beside = set().union(*(asked[other] for other in others)) - {one}
        found[one] = {other for other in beside if asking.barred(one, other)}
    return found


def _identifiers(e: Evidence) -> frozenset[str]:
    carried = {
        "nhs": e.nhs,
        "typed": e.nhs_typed,
        "local": e.local_ref,
        "person": f"{e.report}|{e.person}" if e.report and e.person else "",
        "mother": e.mother_nhs,
    }
    # A coroner's case is its area's: a number without one may be another's.
    coroners = {f"coroner:{reference}" for reference in e.coroner_refs if not reference.startswith("|")}
    return frozenset({f"{kind}:{value}" for kind, value in carried.items() if value} | coroners)


def _was_there(e: Evidence, at: datetime | None) -> bool:
    # A word without a time covers everything: nobody knows what came after it.
    return at is None or known_by(e, at)


def _latest(times: Iterable[datetime | None]) -> datetime | None:
    told = list(times)
    known = [at for at in told if at is not None]
    return max(known) if len(known) == len(told) else None


def _heaviest(edge: Edge) -> tuple[float, str, str]:
    return (-edge.compared.score, edge.a, edge.b)


def _bits(score: float) -> float:
    return round(score, 2)
