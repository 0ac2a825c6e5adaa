"""What people decided, sorted by what it is about: which decisions count, which stand, and which of two contrary ones. Pure.

For one kind and one subject the latest stands. About a restricted case some kinds are for the restricted role alone; what
another role decided there is set aside and changes nothing.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from integration_engine.linkage.current import is_marked
from integration_engine.linkage.resolve import Constraint, Resolution
from integration_engine.record.authority import NotTheirs, not_theirs
from integration_engine.record.decision import Decision
from integration_engine.record.notice import DeathNotice
from integration_engine.record.steps import PROCESS

_LINKS = ("link", "unlink")


def case_id(notice_id: str) -> str:
    """The id of the case that this notice opened."""
    return "c-" + hashlib.sha256(notice_id.encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Decided:
    """Every decision about a set of notices with the notices it is about, in order of time; ``aside`` are those that their
    role may not take or that name one subject where two are needed."""

    subjects: tuple[tuple[Decision, frozenset[str]], ...]
    aside: tuple[NotTheirs, ...] = ()

    def about(self, cluster: Collection[str]) -> list[Decision]:
        """The decisions about any notice of a cluster, those set aside left out."""
        names = frozenset(cluster)
        barred = {one.decision for one in self.aside}
        return [d for d, about in self.subjects if about & names and d.id not in barred]


def sorted_out(
    decisions: Iterable[Decision],
    known: Mapping[str, DeathNotice],
    resolve: Callable[[list[Constraint]], Resolution],
) -> tuple[Decided, Resolution]:
    """Which decisions count, and how the notices resolve under them. ``resolve`` is asked with what people linked.

    Whether a case is restricted may rest on who is linked with whom, so links by other roles are tried only where none of
    the notices is in a case that is restricted without them.
    """
    subjects = _subjects(decisions, known)
    decided = Decided(tuple(subjects), tuple(_never(subjects)))
    ours, theirs = _links(decided, protected=True), _links(decided, protected=False)
    resolution = resolve(constraints(theirs))
    if len(ours) != len(theirs):
        first = resolve(constraints(ours))
        hidden = {n for cluster in first.clusters if restricted(cluster, first, known, decided) for n in cluster}
        barred = [d for d, about in theirs if about & hidden and not_theirs(d, protected=True)]
        if barred:
            decided = Decided(decided.subjects, (*decided.aside, *_reasons(barred)))
            resolution = resolve(constraints(_links(decided, protected=False)))
    late = {
        d.id: d
        for cluster in resolution.clusters
        if restricted(cluster, resolution, known, decided)
        for d in decided.about(cluster)
        if d.kind not in _LINKS and not_theirs(d, protected=True)
    }
    return Decided(decided.subjects, (*decided.aside, *_reasons(late.values()))), resolution


def restricted(
    cluster: Collection[str], resolution: Resolution, known: Mapping[str, DeathNotice], decided: Decided
) -> bool:
    """Whether a case of these notices has an identity to protect, released or not: an adoption, a source's mark, or a
    person's decision that stands."""
    return (
        not resolution.restricted.isdisjoint(cluster)
        or any(is_marked(known[name]) for name in cluster)
        or "restrict" in standing(decided.about(cluster))
    )


def standing(decisions: Iterable[Decision]) -> dict[str, Decision]:
    """For each kind the latest decision; none where that takes the kind back. They come in order of time."""
    latest = {decision.kind: decision for decision in decisions}
    return {kind: decision for kind, decision in latest.items() if not decision.withdraws}


def steps(decisions: Sequence[Decision]) -> list[Decision]:
    """The decisions of kind ``process`` that stand: those after the last that took them all back."""
    told = [decision for decision in decisions if decision.kind == PROCESS]
    begins = max((n + 1 for n, decision in enumerate(told) if decision.withdraws), default=0)
    return told[begins:]


def constraints(links: Iterable[tuple[Decision, frozenset[str]]]) -> list[Constraint]:
    """What people said belongs together or apart; of two decisions about one pair the later stands."""
    latest: dict[tuple[str, str], dict[str, tuple[int, Decision]]] = {}
    for turn, (decision, about) in enumerate(links):
        ordered = sorted(about)
        for n, a in enumerate(ordered):
            for b in ordered[n + 1 :]:
                latest.setdefault((a, b), {})[decision.kind] = (turn, decision)
    found = []
    for (a, b), by_kind in sorted(latest.items()):
        left = [(turn, kind) for kind, (turn, decision) in by_kind.items() if not decision.withdraws]
        if left:
            found.append(Constraint(a, b, "link" if max(left)[1] == "link" else "unlink"))
    return found


def _subjects(decisions: Iterable[Decision], known: Mapping[str, DeathNotice]) -> list[tuple[Decision, frozenset[str]]]:
    """Each decision with the notices it is about: a case is named by the notice that opened it."""
    opened = {case_id(notice): notice for notice in known}
    found = []
    for decision in {d.id: d for d in decisions}.values():
        about = frozenset(opened.get(name, name) for name in decision.about) & known.keys()
        if about:
            found.append((decision, about))
    return sorted(found, key=lambda pair: (pair[0].at, pair[0].id))


def _links(decided: Decided, *, protected: bool) -> list[tuple[Decision, frozenset[str]]]:
    barred = {one.decision for one in decided.aside}
    return [
        (d, about)
        for d, about in decided.subjects
        if d.kind in _LINKS and d.id not in barred and not not_theirs(d, protected=protected)
    ]


def _never(subjects: Iterable[tuple[Decision, frozenset[str]]]) -> Iterable[NotTheirs]:
    """Decisions that count nowhere: of a role that may not take that kind at all, or about one subject where it takes two."""
    for decision, _ in subjects:
        refused = not_theirs(decision, protected=False)
        if refused:
            yield refused
        elif decision.kind in _LINKS and len(set(decision.about)) < 2:
            text = f"A decision of kind {decision.kind} is about two or more notices or cases."
            yield NotTheirs(decision.id, "one-subject", text)


def _reasons(decisions: Iterable[Decision]) -> list[NotTheirs]:
    return [refused for d in decisions if (refused := not_theirs(d, protected=True))]
