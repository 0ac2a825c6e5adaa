"""What people decided about the notices of a table, as linkage takes it: to replay reviews."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from integration_engine.decided import case_id, constraints
from integration_engine.linkage.resolve import Constraint
from integration_engine.record.authority import not_theirs
from integration_engine.record.decision import Decision

_LINKS = ("link", "unlink")


@dataclass(frozen=True, slots=True)
class Replayed:
    """``constraints`` for linkage; ``taken`` decisions made them; ``elsewhere`` ids of links about fewer than two of these
    notices; ``aside`` ids of links that their role may not take; ``other`` counts decisions of other kinds."""

    constraints: tuple[Constraint, ...] = ()
    taken: int = 0
    elsewhere: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()
    other: int = 0


def replayed(decisions: Iterable[Decision], ids: Collection[str]) -> Replayed:
    """The links and unlinks among these notices. A decision may name a notice by its id, or by the case it opened."""
    opened = {case_id(id): id for id in ids}
    links: list[tuple[Decision, frozenset[str]]] = []
    elsewhere, aside, other = [], [], 0
    for decision in sorted(decisions, key=lambda d: (d.at, d.id)):
        about = frozenset(name for said in decision.about if (name := opened.get(said, said)) in ids)
        if decision.kind not in _LINKS:
            other += 1
        elif not_theirs(decision, protected=False):
            aside.append(decision.id)
        elif len(about) < 2:
            elsewhere.append(decision.id)
        else:
            links.append((decision, about))
    return Replayed(tuple(constraints(links)), len(links), tuple(elsewhere), tuple(aside), other)
