"""The neighbourhoods of a set of notices: what has to be decided together. Nothing in one can change anything in another."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from integration_engine.linkage.blocking import keys
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.resolve import Constraint, bonded


def neighbourhoods(evidence: Iterable[Evidence], constraints: Iterable[Constraint] = ()) -> tuple[tuple[str, ...], ...]:
    """The ids of each neighbourhood: the closure of every notice under bonds and under what people decided."""
    said = {e.id: e for e in evidence}
    root = {id: id for id in said}

    def top(id: str) -> str:
        while root[id] != id:
            root[id] = root[root[id]]
            id = root[id]
        return id

    for word in constraints:
        if word.a in said and word.b in said:
            root[top(word.a)] = top(word.b)
    for a, b in _meeting(said):
        one, other = top(a), top(b)
        if one != other and bonded(said[a], said[b]):
            root[one] = other
    found: dict[str, list[str]] = defaultdict(list)
    for id in said:
        found[top(id)].append(id)
    return tuple(tuple(ids) for ids in found.values())


def _meeting(said: dict[str, Evidence]) -> Iterator[tuple[str, str]]:
    blocks: dict[str, list[str]] = defaultdict(list)
    for id, evidence in said.items():
        seen: set[str] = set()
        for key in keys(evidence):
            seen.update(blocks[key])
            blocks[key].append(id)
        yield from ((other, id) for other in seen)
