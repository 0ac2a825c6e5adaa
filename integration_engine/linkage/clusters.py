"""Clusters: pairs joined from the heaviest down, unless any notice of one cluster is vetoed against any of the other.

A chain of good pairs never carries two children together: the veto is asked of every notice of both clusters, not of the
pair that would join them. What people decided comes first and stays.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from integration_engine.linkage.agreement import named_alike, one_name, shares_identifier, surely_own
from integration_engine.linkage.comparison import compare
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.graph import Edge, Graph
from integration_engine.linkage.model import Model
from integration_engine.linkage.names import alike, slip
from integration_engine.linkage.people import Constraint, multiple_birth_known, rulings
from integration_engine.linkage.rekeys import Rekeys
from integration_engine.linkage.vetoes import vetoes
from integration_engine.linkage.watch import Watch

_OTHER_AGE = frozenset({"other", "outside"})


class Clusters:
    """Agglomeration under vetoes."""

    def __init__(
        self,
        items: dict[str, Evidence],
        graph: Graph,
        rekeys: Rekeys,
        model: Model,
        constraints: Iterable[Constraint],
        watch: Watch | None = None,
    ) -> None:
        self.items, self.graph, self.rekeys, self.model = items, graph, rekeys, model
        self._watch = watch or Watch()
        self.of = {id: id for id in items}
        self.members: dict[str, list[str]] = {id: [id] for id in items}
        self.words = [c for c in constraints if c.a in items and c.b in items and c.a != c.b]
        self.rulings = {ruling.pair: ruling for ruling in rulings(self.words, self._multiple)}
        self.links = [pair for pair, ruling in self.rulings.items() if ruling.holds == "together" or ruling.contrary]
        self.unlinks = {pair for pair, ruling in self.rulings.items() if ruling.holds == "apart"}
        self.by_person: dict[str, set[str]] = defaultdict(set)
        self.disagreeing: list[tuple[str, str]] = []
        self._barred: dict[tuple[str, str], tuple[str, ...]] = {}
        self._unnamed = self._unnamed_beside()
        if self._unnamed:
            self._watch.sees_unnamed()

    def join(self) -> None:
        self.unlinks -= self._overruled()
        for a, b in self.links:
            if (a, b) in self.unlinks or self.unlinked(self.of[a], self.of[b]):
                self.disagreeing.append((a, b))
                continue
            self._merge(self.of[a], self.of[b])
            group = self.by_person[a] | self.by_person[b] | {a, b}
            for id in group:
                self.by_person[id] = group
        strong = [edge for edge in self.graph.edges.values() if edge.sure(self.model)]
        for edge in sorted(strong, key=lambda e: (-e.compared.score, e.a, e.b)):
            one, other, weight = self.of[edge.a], self.of[edge.b], edge.compared.score
            if one == other:
                continue
            if self._keeps_apart(edge, one, other):
                self._watch.kept_apart(weight, {one: self.members[one], other: self.members[other]})
            else:
                self._watch.joined(weight, one, other)
                self._merge(one, other)

    def _keeps_apart(self, edge: Edge, one: str, other: str) -> bool:
        return bool(
            self.unlinked(one, other)
            or self.barred_between(one, other)
            or self.may_be_unnamed(edge, one, other)
            or self._ends_unsurely(one, other)
        )

    def _multiple(self, pair: tuple[str, str], until: datetime | None) -> bool:
        return multiple_birth_known(self.items, self.graph, pair, until)

    def _overruled(self) -> set[tuple[str, str]]:
        """Pairs that somebody kept apart before somebody said of the same two sides that they are one child: whoever says so
        later, of other notices of theirs, has seen what was said before."""
        together = [ruling for ruling in self.rulings.values() if ruling.holds == "together"]
        if not together or not self.unlinks:
            return set()
        unlinked = [word for word in self.words if word.kind == "unlink"]
        sides = Clusters(self.items, self.graph, self.rekeys, self.model, unlinked, self._watch.again())
        sides.join()
        return {
            pair
            for pair in self.unlinks
            for ruling in together
            if ruling.turn > self.rulings[pair].turn
            and {sides.of[id] for id in ruling.pair} == {sides.of[id] for id in pair}
        }

    def _merge(self, one: str, other: str) -> None:
        if one == other:
            return
        keep, gone = sorted((one, other))
        for id in self.members.pop(gone):
            self.of[id] = keep
            self.members[keep].append(id)

    def _ends_unsurely(self, one: str, other: str) -> bool:
        """Whether a stillbirth or termination would end the other cluster's case by way of something between the two,
        with no identifier of the child's own that both carry."""
        for mine, theirs in ((one, other), (other, one)):
            ending = [self.items[id] for id in self.members[mine] if self.items[id].ends]
            if not ending or any(self._tells(id) for id in self.members[mine]):
                continue
            told = [self.items[id] for id in self.members[theirs] if self._tells(id)]
            sure = any(surely_own(a, b, compare(a, b, self.model)) for a in ending for b in told)
            if told and not sure:
                return True
        return False

    def _tells(self, id: str) -> bool:
        return self.items[id].intent == "report" and not self.items[id].ends

    def unlinked(self, one: str, other: str) -> bool:
        if not self.unlinks or one == other:
            return False
        return any((min(x, y), max(x, y)) in self.unlinks for x in self.members[one] for y in self.members[other])

    def barred_between(self, one: str, other: str) -> frozenset[str]:
        """Every veto between any notice of one cluster and any of the other.

        Two given names are no conflict once a notice of either cluster has both as first and second name; nor are two sexes
        at a notice without a name, where the same number and given name stand in its own cluster. What a person
        linked counts as one: a veto by one of its notices stands back where another of the same group would join by itself.
        """
        found: set[str] = set()
        for x in self.members[one]:
            for y in self.members[other]:
                codes = self.barred(x, y)
                if "given-names-differ" in codes and self._both_names(x, y, one, other):
                    codes = tuple(code for code in codes if code not in ("given-names-differ", "sexes-differ"))
                if codes == ("sexes-differ",) and self._named_there(x, y, one, other):
                    codes = ()
                if codes and not self._vouched(x, y):
                    found.update(codes)
        return frozenset(found)

    def barred(self, x: str, y: str) -> tuple[str, ...]:
        pair = (x, y) if x < y else (y, x)
        codes = self._barred.get(pair)
        if codes is None:
            edge = self.graph.edges.get(pair)
            if self.rekeys.parted(*pair):
                codes = ("rekeyed-under-another-name",)
            elif edge:
                codes = edge.vetoes
            else:
                a, b = self.items[pair[0]], self.items[pair[1]]
                codes = vetoes(a, b, compare(a, b, self.model))
            self._barred[pair] = codes
        return codes

    def _both_names(self, x: str, y: str, one: str, other: str) -> bool:
        """Whether some notice of either cluster makes two given names one child's: by having both as first and second
        name, or, where x and y carry one identifier, by a name that either is a form of (Joey, Joseph, Josph)."""
        mine, theirs = self.items[x].given, self.items[y].given
        edge = self.graph.edges.get((min(x, y), max(x, y)))
        same = edge is not None and edge.compared.second != "conflict" and one_name(edge.compared)
        for id in (*self.members[one], *self.members[other]):
            held = self.items[id].given
            if id in (x, y) or not held:
                continue
            if len(held) > 1 and all(any(alike(name, part) for part in held) for name in (*mine, *theirs)):
                return True
            if same and mine and theirs and all(alike(held[0], n) or slip(held[0], n) for n in (mine[0], theirs[0])):
                return True
        return False

    def _named_there(self, x: str, y: str, one: str, other: str) -> bool:
        for named, bare, there in ((x, y, other), (y, x, one)):
            if self.items[bare].given or not self.items[named].given:
                continue
            for friend in self.members[there]:
                edge = self.graph.edges.get((min(named, friend), max(named, friend)))
                if edge and edge.compared.nhs == "equal" and named_alike(edge.compared) and not edge.holds:
                    self._watch.lifted_beside(bare)
                    return True
        return False

    def _vouched(self, x: str, y: str) -> bool:
        """Whether a person's word stands against what keeps these two apart: one of them is of a group that a person linked,
        the other close to another of that group; or both are close to one each, apart by no more than those two are."""
        for mine, theirs in ((x, y), (y, x)):
            if any(self._close(mine, friend) for friend in self.by_person.get(theirs, ())):
                return True
        if not self.by_person:
            return False
        apart = set(self.barred(x, y))
        for near_x in self._near(x):
            group = self.by_person[near_x]
            for near_y in self._near(y):
                if near_y in group and near_y != near_x and apart <= set(self.barred(near_x, near_y)):
                    return True
        return False

    def _near(self, id: str) -> list[str]:
        """What a person linked with something and is close to this notice."""
        others = (edge.b if edge.a == id else edge.a for edge in self.graph.at.get(id, ()))
        return [other for other in others if self.by_person.get(other) and self._close(id, other)]

    def _close(self, one: str, other: str) -> bool:
        edge = self.graph.edges.get((min(one, other), max(one, other)))
        return bool(edge and edge.sure(self.model))

    def _unnamed_beside(self) -> dict[str, set[str]]:
        """By notice, those of the same event about a child whom nobody has named yet."""
        named = {(e.event_ref, e.person) for e in self.items.values() if e.given and e.person}
        found: dict[str, set[str]] = defaultdict(set)
        for pair in self.graph.events:
            for id, mate in (pair, pair[::-1]):
                e = self.items[mate]
                if not e.given and (e.event_ref, e.person) not in named and e.person != self.items[id].person:
                    found[id].add(mate)
        return found

    def may_be_unnamed(self, edge: Edge, one: str, other: str) -> bool:
        """Whether one side may just as well be a child of the other's event whom nobody has named yet. Name, home and day
        don't tell the children of one fire apart: only an identifier or the birth date does."""
        c = edge.compared
        if c.birth in ("equal", "swapped") or shares_identifier(self.items[edge.a], self.items[edge.b], c):
            return False
        return any(
            self._could_be(mate, theirs)
            for mine, theirs in ((one, other), (other, one))
            for id in self.members[mine]
            for mate in self._unnamed.get(id, ())
            if self.of[mate] not in (one, other)
        )

    def _could_be(self, unnamed: str, cluster: str) -> bool:
        mate = self.items[unnamed]
        return all(
            not self.barred(unnamed, id) and compare(mate, self.items[id], self.model).birth not in _OTHER_AGE
            for id in self.members[cluster]
        )

    def sets(self) -> tuple[frozenset[str], ...]:
        return tuple(frozenset(ids) for _, ids in sorted((min(ids), ids) for ids in self.members.values()))

    def related(self) -> tuple[tuple[str, str, str], ...]:
        """One pair of notices for each pair of clusters and reason, the smallest ids."""
        found: dict[tuple[str, str, str], tuple[str, str]] = {}

        def note(a: str, b: str, why: str) -> None:
            one, other = sorted((self.of[a], self.of[b]))
            pair = (a, b) if a < b else (b, a)
            if one != other:
                found[one, other, why] = min(pair, found.get((one, other, why), pair))

        for a, relatives in self.graph.kin.items():
            for b, kind in relatives.items():
                if kind == "twin":
                    note(a, b, "multiple-birth")
        for a, b in self.graph.events:
            note(a, b, "same-event")
        return tuple(sorted((a, b, why) for (_, _, why), (a, b) in found.items()))
