"""The answer of linkage."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from integration_engine.linkage.reviews import Review


@dataclass(frozen=True, slots=True)
class Resolution:
    """The answer. ``clusters`` hold every notice exactly once; ``reviews`` the most telling pair of each pair of clusters,
    heaviest first; ``related`` pairs of notices of different children that belong together (``multiple-birth``,
    ``same-event``); ``restricted`` the notices that a rekey under another name ties together, ``former`` and
    ``current`` those of its old and its new side, ``tied_by`` the rekeys that tie each."""

    clusters: tuple[frozenset[str], ...] = ()
    reviews: tuple[Review, ...] = ()
    related: tuple[tuple[str, str, str], ...] = ()
    restricted: frozenset[str] = frozenset()
    former: frozenset[str] = frozenset()
    current: frozenset[str] = frozenset()
    tied_by: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def renamed_by(self, cluster: Collection[str]) -> frozenset[str]:
        """The rekeys under another name that tie any of these notices, or are among them."""
        beside = frozenset().union(*(self.tied_by.get(id, frozenset()) for id in cluster))
        every = frozenset().union(*self.tied_by.values())
        return beside | every.intersection(cluster)
