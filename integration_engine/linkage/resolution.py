"""The answer of linkage."""

from dataclasses import dataclass

from integration_engine.linkage.reviews import Review


@dataclass(frozen=True, slots=True)
class Resolution:
    """The answer. ``clusters`` hold every notice exactly once; ``reviews`` the most telling pair of each pair of clusters,
    heaviest first; ``related`` pairs of notices of different children that belong together (``multiple-birth``,
    ``same-event``); ``restricted`` the notices that a rekey under another name ties together, ``former`` and
    ``current`` those of its old and its new side."""

    clusters: tuple[frozenset[str], ...] = ()
    reviews: tuple[Review, ...] = ()
    related: tuple[tuple[str, str, str], ...] = ()
    restricted: frozenset[str] = frozenset()
    former: frozenset[str] = frozenset()
    current: frozenset[str] = frozenset()
