"""Which notices are about the same child: a pure function of the *set* of evidence and of what people decided.

Pairs that share a blocking key are compared; the strong ones are joined from the heaviest down, unless any notice of one
cluster is vetoed against any of the other. What evidence can't settle goes to a person. Order of arrival, batches and
repetition don't matter, and nothing outside the notices bonded to a new one can change (see ``bonded``).
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from integration_engine.linkage.agreement import names_only_an_identifier, one_number
from integration_engine.linkage.blocking import keys as blocking_keys
from integration_engine.linkage.clusters import Clusters
from integration_engine.linkage.comparison import Compared, compare
from integration_engine.linkage.crowds import Content, content_of, crowds_among
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.graph import Edge, Graph
from integration_engine.linkage.holds import holds, maybe_adopted
from integration_engine.linkage.kinship import born_together, kin, told_apart
from integration_engine.linkage.model import Model, shipped
from integration_engine.linkage.people import Constraint
from integration_engine.linkage.rekeys import Rekeys, rekeyed
from integration_engine.linkage.reports import each_ones_own
from integration_engine.linkage.resolution import Resolution
from integration_engine.linkage.reviews import Review, reviews_of
from integration_engine.linkage.vetoes import vetoes
from integration_engine.linkage.watch import Doubtful, Watch

__all__ = ["Along", "Constraint", "Resolution", "Review", "bonded", "bonds", "resolve", "resolved"]


# Crowds that their stand-ins don't speak for are resolved in full beside the others, but not again and again.
_TRIES_BY_CROWDS = 2


KeysOf: TypeAlias = Mapping[str, Collection[str]]
"""The blocking keys of evidence, by its id."""


def resolve(
    evidence: Iterable[Evidence],
    constraints: Iterable[Constraint] = (),
    model: Model | None = None,
    keys: KeysOf = {},
) -> Resolution:
    """Resolve a set of evidence. Repeated ids count once; the order of both arguments doesn't matter. ``keys`` are the
    blocking keys of this evidence, as far as they are known already.

    Where very many notices say the very same, a few stand for all of them (see ``crowds``); the answer is ``resolved``'s.
    """
    said, words = {e.id: e for e in evidence}, tuple(constraints)
    crowds = crowds_among(said, words)
    for _ in range(_TRIES_BY_CROWDS):
        if not crowds:
            break
        left_out = crowds.left_out
        few = [e for id, e in said.items() if id not in left_out]
        try:
            found, clusters = resolved(few, words, model, keys=keys, watch=Watch(crowds.standing))
        except Doubtful:
            break
        together = crowds.without_torn(clusters.of)
        if together == crowds:
            return crowds.filled_in(found)
        crowds = together
    return resolved(said.values(), words, model, keys=keys)[0]


Along: TypeAlias = Callable[[Collection[str]], Iterable[str]]
"""Goes along with the ids as their notices are compared and hands on each: to show how far it is."""


def resolved(
    evidence: Iterable[Evidence],
    constraints: Iterable[Constraint] = (),
    model: Model | None = None,
    along: Along = iter,
    keys: KeysOf = {},
    watch: Watch | None = None,
) -> tuple[Resolution, Clusters]:
    """The same answer, with the clusters and pairs that it was read off: for whoever has to say why. ``watch`` looks on;
    what it raises comes out."""
    model = model or shipped()
    said = {e.id: e for e in evidence}
    rekeys = rekeyed(said.values())
    items = {id: rekeys.apply(e) for id, e in sorted(each_ones_own(said).items())}
    graph = _compare_all(items, rekeys, model, along, {id: keys[id] for id in keys if items.get(id) is said.get(id)})
    _guard(graph, items, model)
    clusters = Clusters(items, graph, rekeys, model, constraints, watch)
    clusters.join()
    resolution = Resolution(
        clusters=clusters.sets(),
        reviews=reviews_of(clusters),
        related=clusters.related(),
        restricted=rekeys.restricted,
        former=rekeys.former,
        current=rekeys.current,
        tied_by=rekeys.tied_by,
    )
    return resolution, clusters


def bonded(a: Evidence, b: Evidence, model: Model | None = None) -> bool:
    """Whether what is decided about one of two notices that share a blocking key can touch the other: a plausible pair,
    kin, one event, or one reference of a partner's. The closure of a notice under this (and under people's links and
    rekeys) is its neighbourhood: resolving that alone gives the same clusters as resolving everything."""
    model = model or shipped()
    compared = compare(a, b, model)
    said_together = compared.event == "equal" or compared.person or compared.local_ref == "equal"
    if _plausible(compared, model) or said_together or _one_number_spoken_of(a, b):
        return True
    if kin(a, b, compared, vetoes(a, b, compared)):
        return True
    # Either number may be declared nobody's by a third notice: then nothing of it keeps these two apart.
    return compared.nhs in ("different", "typed-different") and _plausible(
        compare(replace(a, nhs="", nhs_typed=""), b, model), model
    )


def bonds(pairs: Iterable[tuple[str, str]], said: Mapping[str, Evidence]) -> Iterator[tuple[str, str]]:
    """Those of these pairs, each by two ids of evidence, that are bonded. What says the very same is compared once."""
    kinds: dict[Content, int] = {}
    of: dict[str, int] = {}
    known: dict[tuple[int, int], bool] = {}
    for a, b in pairs:
        for id in (a, b):
            if id not in of:
                of[id] = kinds.setdefault(content_of(said[id]), len(kinds))
        kind = (of[a], of[b])
        if kind not in known:
            known[kind] = bonded(said[a], said[b])
        if known[kind]:
            yield a, b


def _one_number_spoken_of(a: Evidence, b: Evidence) -> bool:
    """Whether two notices carry one number, or a change of identifiers speaks of both: who else carries it can restrict
    either, whatever else they say."""
    if a.rekey or b.rekey or a.nhs_before or b.nhs_before:
        return True
    mine, theirs = {a.nhs, a.dead_number} - {""}, {b.nhs, b.dead_number} - {""}
    return not mine.isdisjoint(theirs)


def _compare_all(items: dict[str, Evidence], rekeys: Rekeys, model: Model, along: Along, known: KeysOf) -> Graph:
    graph = Graph()
    blocks: dict[str, list[str]] = defaultdict(list)
    for id in along(items):
        e = items[id]
        seen: set[str] = set()
        for key in known.get(id) or blocking_keys(e, model):
            block = blocks[key]
            seen.update(block)
            block.append(id)
        for other in sorted(seen):
            if not rekeys.parted(other, id):
                _consider(graph, items[other], e, model)
    return graph


def _consider(graph: Graph, a: Evidence, b: Evidence, model: Model) -> None:
    compared = compare(a, b, model)
    if compared.event == "equal":
        graph.events.append((a.id, b.id))
    barred = vetoes(a, b, compared)
    if barred:
        family = kin(a, b, compared, barred)
        if family:
            graph.kin[a.id][b.id] = graph.kin[b.id][a.id] = family
    if _plausible(compared, model):
        bare = names_only_an_identifier(a, b, compared)
        edge = Edge(a.id, b.id, compared, barred, holds(a, b, compared), bare)
        edge.alone = edge.sure(model)
        graph.edges[a.id, b.id] = edge
        graph.at[a.id].append(edge)
        graph.at[b.id].append(edge)


def _plausible(compared: Compared, model: Model) -> bool:
    return compared.score >= model.review or maybe_adopted(compared)


def _guard(graph: Graph, items: dict[str, Evidence], model: Model) -> None:
    """Add to each edge the holds that follow from its neighbourhood: known kin, and a rival close behind."""
    multiples, near, against = _multiples(graph, items), _near(graph), _told_apart(graph)
    for edge in graph.edges.values():
        a, b = items[edge.a], items[edge.b]
        kin = graph.kin.get(edge.a, {}) | graph.kin.get(edge.b, {})
        multiple = edge.a in multiples or edge.b in multiples
        twins = multiple or "twin" in kin.values()
        guarded = not edge.bare and (bool(kin) or multiple)
        if guarded and not told_apart(a, b, edge.compared, [items[id] for id in kin], twins=twins):
            edge.holds += ("multiple-birth-or-sibling-known",)
        if not edge.vetoes and not edge.holds and _rivalled(graph, edge, near, against, model):
            edge.holds += ("rival-close",)


def _multiples(graph: Graph, items: dict[str, Evidence]) -> set[str]:
    """Notices of a child known to be one of several born together: by their own word, or by that of a notice which may be
    about the same child or a twin."""
    found = {id for id, e in items.items() if e.known_multiple}
    near = {
        id
        for edge in graph.edges.values()
        if (edge.a in found or edge.b in found) and born_together(items[edge.a], items[edge.b], edge.compared)
        for id in (edge.a, edge.b)
    }
    return found | near


def _told_apart(graph: Graph) -> Mapping[str, set[str]]:
    """For each notice those that are surely about another child. Among very many notices of one child there are none: whoever
    looks for rivals looks here, and not through all of them for each pair."""
    found: dict[str, set[str]] = defaultdict(set, {id: set(kin) for id, kin in graph.kin.items()})
    for edge in graph.edges.values():
        if edge.vetoes and not one_number(edge.compared):
            found[edge.a].add(edge.b)
            found[edge.b].add(edge.a)
    return found


def _near(graph: Graph) -> Mapping[str, set[str]]:
    """For each notice those that nothing tells apart from it."""
    found: dict[str, set[str]] = defaultdict(set)
    for edge in graph.edges.values():
        if not edge.vetoes:
            found[edge.a].add(edge.b)
            found[edge.b].add(edge.a)
    return found


def _rivalled(
    graph: Graph, edge: Edge, near: Mapping[str, set[str]], against: Mapping[str, set[str]], model: Model
) -> bool:
    """Whether either end has another, different child nearly as close. Who is of age is different unless the other end is
    surely the same; a child only where it is told apart from the other end."""
    for end, other in ((edge.a, edge.b), (edge.b, edge.a)):
        if edge.compared.grown:
            thirds: Iterable[str] = (rival.a if rival.b == end else rival.b for rival in graph.at[end])
        else:
            thirds = near[end] & against[other] if end in near and other in against else ()
        for third in thirds:
            rival = graph.edges.get(_pair(end, third))
            if third == other or rival is None or rival.vetoes:
                continue
            if rival.compared.score < edge.compared.score - model.margin:
                continue
            between = graph.edges.get(_pair(other, third))
            surely_one = between is not None and between.compared.score >= model.link
            if third in against.get(other, ()) or (edge.compared.grown and not surely_one):
                return True
    return False


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)
