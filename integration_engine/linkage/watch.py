"""Whether what is decided of those that stand for a crowd of notices holds for all of it (``crowds`` says why it may)."""

from collections.abc import Iterable, Mapping, Sequence


class Doubtful(Exception):
    """What was decided of those that stand for a crowd may not hold for all of it."""


class Watch:
    """Looks on while notices are joined, whether the rest of each crowd would have gone the way of those that stand for it
    (``standing``, of each crowd their ids).

    Pairs have to be told in the order in which they are tried. Everything raises Doubtful where it would not be sure.
    """

    def __init__(self, standing: Iterable[Sequence[str]] = ()) -> None:
        self._standing = {id: frozenset(ids) for ids in standing for id in ids}
        self._weight = 0.0
        self._waiting: set[str] = set()

    def again(self) -> "Watch":
        """The same crowds, watched from the beginning."""
        fresh = Watch()
        fresh._standing = self._standing
        return fresh

    def sees_unnamed(self) -> None:
        """A child of an event has no name yet: how far a cluster excludes that it is this one depends on all of it."""
        if self._standing:
            raise Doubtful

    def lifted_beside(self, id: str) -> None:
        """A bar was lifted by what stands with this notice already: another of its crowd may come with nothing beside it."""
        if id in self._standing:
            raise Doubtful

    def joined(self, weight: float, one: str, other: str) -> None:
        """These two clusters become one."""
        if weight == self._weight and not self._waiting.isdisjoint((one, other)):
            raise Doubtful

    def kept_apart(self, weight: float, clusters: Mapping[str, Sequence[str]]) -> None:
        """These two clusters, by name, stay apart at this weight."""
        if not self._standing:
            return
        if weight != self._weight:
            self._weight, self._waiting = weight, set()
        if any(self._standing.keys() & set(ids) for ids in clusters.values()):
            self._waiting |= clusters.keys()
        if any(self._partly_there(ids) for ids in clusters.values() if len(ids) > 1):
            raise Doubtful

    def _partly_there(self, ids: Iterable[str]) -> bool:
        """Whether some that stand for a crowd are in a cluster, and others aren't yet."""
        there = set(ids)
        return any(not self._standing[id] <= there for id in there & self._standing.keys())
