"""What people decided, sorted by what it is about: which decisions count, which stand, and which of two contrary ones. Pure.

For one kind and one subject the latest stands. About a restricted case some kinds are for the restricted role alone; what
another role decided there is set aside and changes nothing.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import combinations
from typing import Literal

from integration_engine.linkage.current import is_marked
from integration_engine.linkage.resolve import Constraint, Resolution
from integration_engine.record.authority import NotTheirs, not_theirs
from integration_engine.record.dates import earliest
from integration_engine.record.decision import Decision
from integration_engine.record.notice import DeathNotice

_LINKS = ("link", "unlink")
_ALWAYS = datetime.min.replace(tzinfo=UTC)


def case_id(notice_id: str) -> str:
    """The id of the case that this notice opened."""
    return "c-" + hashlib.sha256(notice_id.encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Decided:
    """Every decision about a set of notices with the notices it is about, in order of time; ``aside`` are those that their
    role may not take or that name one subject where two are needed.

    ``restricted`` are the notices of cases with an identity to protect, released or not; ``shadows`` those among them that
    bear a restricted child's number under another name, of whom only a person can say whether it is the same child;
    ``adopted`` those that a person's link says are who a child is now, ``before`` those it says are who the child was.
    """

    subjects: tuple[tuple[Decision, frozenset[str]], ...]
    aside: tuple[NotTheirs, ...] = ()
    restricted: frozenset[str] = frozenset()
    shadows: frozenset[str] = frozenset()
    adopted: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()

    def about(self, cluster: Collection[str]) -> list[Decision]:
        """The decisions about any notice of a cluster, those set aside left out."""
        names = frozenset(cluster)
        barred = {one.decision for one in self.aside}
        return [d for d, about in self.subjects if about & names and d.id not in barred]

    def joined_or_parted(self) -> list[tuple[str, str]]:
        """The pairs of notices of which somebody said whether they are one child's, as far as nobody took that back."""
        return [word.pair for word in constraints(_links(self, protected=False))]

    def says_so(self, cluster: Collection[str]) -> bool:
        """Whether a person says that a case is one of two identities, or its number says that it may be."""
        return not (self.shadows | self.adopted | self.before).isdisjoint(cluster)


def sorted_out(
    decisions: Iterable[Decision],
    known: Mapping[str, DeathNotice],
    resolve: Callable[[list[Constraint]], Resolution],
) -> tuple[Decided, Resolution]:
    """Which decisions count, and how the notices resolve under them. ``resolve`` is asked with what people linked.

    Whether a case is restricted may rest on who is linked with whom, so links by other roles are tried only where none of
    the notices is in a case that was restricted without them when they were made.
    """
    subjects = _subjects(decisions, known)
    decided = Decided(tuple(subjects), tuple(_never(subjects)))
    ours, theirs = _links(decided, protected=True), _links(decided, protected=False)
    resolution = resolve(constraints(theirs))
    if len(ours) != len(theirs):
        since = _since(decided, known, resolve(constraints(ours)))
        barred = [
            d
            for d, about in theirs
            if not_theirs(d, protected=True) and any(since[name] <= d.at for name in about if name in since)
        ]
        if barred:
            decided = replace(decided, aside=(*decided.aside, *_reasons(barred)))
            resolution = resolve(constraints(_links(decided, protected=False)))
    decided = _hidden(decided, known, resolution)
    late = [d for d in decided.about(decided.restricted) if d.kind not in _LINKS]
    return replace(decided, aside=(*decided.aside, *_reasons(late))), resolution


def _since(decided: Decided, known: Mapping[str, DeathNotice], resolution: Resolution) -> dict[str, datetime]:
    """Since when each notice of a restricted case is one. What was linked before that was linked rightly, and stays."""
    hidden = _hidden(decided, known, resolution)
    found: dict[str, datetime] = {}
    for cluster in resolution.clusters:
        if hidden.restricted.isdisjoint(cluster):
            continue
        told = [known[name] for name in cluster if is_marked(known[name])]
        told += [known[name] for name in resolution.renamed_by(cluster)]
        times = [_told_at(notice) for notice in told]
        times += [d.at for d in (standing(decided.about(cluster)).get("restrict"),) if d]
        found |= dict.fromkeys(cluster, min(times, default=_ALWAYS))
    return found


def _told_at(notice: DeathNotice) -> datetime:
    return earliest(notice.stated_at) if notice.stated_at else _ALWAYS


def _hidden(decided: Decided, known: Mapping[str, DeathNotice], resolution: Resolution) -> Decided:
    """With the notices of cases that have an identity to protect: an adoption, a source's mark, a person's decision that
    stands, or the very number of such a child under a name that nobody has joined to it yet."""
    adopted, before = _adoptions(decided, known)
    restricted = {
        name
        for cluster in resolution.clusters
        if not (adopted | before).isdisjoint(cluster)
        or not resolution.restricted.isdisjoint(cluster)
        or any(is_marked(known[member]) for member in cluster)
        or "restrict" in standing(decided.about(cluster))
        for name in cluster
    }
    numbers = {number for name in restricted if (number := known[name].child.nhs_number)}
    # By the restricted role, and from such a child: whom else somebody was told apart from says nothing of it.
    parted = [about for about in _parted(decided) if not restricted.isdisjoint(about)]
    shadows = {
        name
        for cluster in resolution.clusters
        if restricted.isdisjoint(cluster)
        and any(known[member].child.nhs_number in numbers for member in cluster)
        and all(about.isdisjoint(cluster) for about in parted)
        for name in cluster
    }
    return replace(
        decided,
        restricted=frozenset(restricted | shadows),
        shadows=frozenset(shadows),
        adopted=frozenset(adopted),
        before=frozenset(before - adopted),
    )


def _parted(decided: Decided) -> list[frozenset[str]]:
    """Which notices whoever may say so of a restricted child has told apart, as it stands."""
    words = [(d, about) for d, about in decided.subjects if d.kind in _LINKS and not not_theirs(d, protected=True)]
    last = {frozenset(about): d for d, about in words}
    return [about for about, d in last.items() if d.kind == "unlink" and not d.withdraws]


def _adoptions(decided: Decided, known: Mapping[str, DeathNotice]) -> tuple[set[str], set[str]]:
    """Who people said a child is now, and who they said the child was, by the links that stand."""
    opened = {case_id(notice): notice for notice in known}
    adopted: set[str] = set()
    before: set[str] = set()
    told = [d for d, _ in _links(decided, protected=False)]
    for decision in told:
        about = frozenset(opened.get(name, name) for name in decision.about)
        later = [d for d in told if {opened.get(name, name) for name in d.about} == about]
        if decision.value.get("adoption") is True and later[-1] is decision:
            first = opened.get(decision.about[0], decision.about[0])
            adopted.add(first)
            before |= about - {first}
    return adopted, before


def standing(decisions: Iterable[Decision]) -> dict[str, Decision]:
    """For each kind the latest decision; none where that takes the kind back. They come in order of time."""
    latest = {decision.kind: decision for decision in decisions}
    return {kind: decision for kind, decision in latest.items() if not decision.withdraws}


def constraints(links: Iterable[tuple[Decision, frozenset[str]]]) -> list[Constraint]:
    """What people said belongs together or apart: every word that nobody has taken back since, in order."""
    said: dict[tuple[str, str], list[Constraint]] = {}
    for turn, (decision, about) in enumerate(links):
        for a, b in combinations(sorted(about), 2):
            before = said.get((a, b), [])
            if decision.withdraws:
                said[a, b] = [word for word in before if word.kind != decision.kind]
            else:
                kind: Literal["link", "unlink"] = "link" if decision.kind == "link" else "unlink"
                said[a, b] = [*before, Constraint(a, b, kind, decision.by, decision.at, turn)]
    return [word for _, words in sorted(said.items()) for word in words]


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
