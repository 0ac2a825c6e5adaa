"""Crowds: very many notices that say the very same, as where a system sends one death again and again.

Each pair of notices is weighed, so a child costs as the square of what is told of it. Of notices that say the very same two
stand for all of them: whatever one of them is asked is answered alike by any other, and two are enough to show how they stand
to each other. That the others end where these two do is no matter of course, since notices are joined one after another and
what is joined may lift or raise a bar. So a ``Watch`` looks on, and where it can't be sure everything is resolved in full.

Why it is sure otherwise. Take any weight at which pairs are joined, and let all pairs of this weight be joined that are
tried. A third notice of a crowd has the same pairs at the same weights as the first, and each of its own comes after the
first's, for the first has the smallest id. So when it is tried, the first is in the other side's cluster, with everything
that the bars between the two were lifted by; the third meets no other bar, and joins. Where a pair is tried and kept apart,
the third's is kept apart too, as long as neither side changes before the next weight.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from operator import attrgetter
from typing import TypeAlias

from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.people import Constraint, received
from integration_engine.linkage.resolution import Resolution

Content: TypeAlias = tuple[object, ...]

content_of = attrgetter(*(field.name for field in fields(Evidence) if field.name not in ("id", "at")))
"""All that a notice says of a child. Whose ids and times of receipt alone differ say the very same."""
# Among ordinary notices hardly four agree in these, and nobody need look further.
_outline = attrgetter("partner", "local_ref", "nhs", "nhs_typed", "given")

# One shows how a crowd stands to others, a second how it stands to itself.
_STAND_INS = 2
# With whoever was there first three may stand for a crowd; it is one where there are more.
_FEW = 3
_ALWAYS = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Crowds:
    """Notices that say the very same. ``standing`` are the ids that stand for each crowd, ``others`` those they stand for."""

    standing: tuple[tuple[str, ...], ...] = ()
    others: tuple[tuple[str, ...], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.standing)

    @property
    def left_out(self) -> frozenset[str]:
        """Everybody that somebody stands for."""
        return frozenset(id for ids in self.others for id in ids)

    def without_torn(self, of: Mapping[str, str]) -> "Crowds":
        """Those whose stand-ins ended together (``of``: the cluster of each notice)."""
        whole = [
            (ids, others)
            for ids, others in zip(self.standing, self.others, strict=True)
            if len({of[id] for id in ids}) == 1
        ]
        return Crowds(tuple(ids for ids, _ in whole), tuple(others for _, others in whole))

    def filled_in(self, found: Resolution) -> Resolution:
        """What was resolved for those that stand for others, with the others beside them."""
        beside = {ids[0]: others for ids, others in zip(self.standing, self.others, strict=True)}

        def all_of(ids: frozenset[str]) -> frozenset[str]:
            return ids.union(*(others for id, others in beside.items() if id in ids))

        home = {id: place for place, cluster in enumerate(found.clusters) for id in cluster if id in beside}
        more: defaultdict[int, list[str]] = defaultdict(list)
        for id, place in home.items():
            more[place] += beside[id]
        return replace(
            found,
            clusters=tuple(c.union(more[place]) if place in more else c for place, c in enumerate(found.clusters)),
            restricted=all_of(found.restricted),
            former=all_of(found.former),
            current=all_of(found.current),
            tied_by={other: all_of(tied) for id, tied in found.tied_by.items() for other in (id, *beside.get(id, ()))},
        )


def crowds_among(said: Mapping[str, Evidence], words: Collection[Constraint]) -> Crowds:
    """The crowds among this evidence, by id. Nobody stands for a notice that people spoke of, for an adult's (one more of an
    adult's is a rival), nor for one that would end the case it joins."""
    spoken_of = {id for word in words for id in (word.a, word.b)}
    often = {outline for outline, times in Counter(map(_outline, said.values())).items() if times > _FEW}
    alike: defaultdict[Content, list[str]] = defaultdict(list)
    for id, e in said.items():
        if often and _outline(e) in often and not (e.grown or e.timeless or e.ends or id in spoken_of):
            alike[content_of(e)].append(id)
    standing, others = [], []
    for ids in alike.values():
        if len(ids) <= _FEW:
            continue
        ids.sort()
        first = ids[:_STAND_INS]
        if words:  # what people can have known counts, so whoever was there first stands beside them
            first += {min(ids, key=lambda id: (received(said[id]) or _ALWAYS, id))} - {*first}
        standing.append(tuple(first))
        others.append(tuple(sorted(set(ids) - {*first})))
    return Crowds(tuple(standing), tuple(others))
