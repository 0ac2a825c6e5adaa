"""Identifiers that replaced one another: what leads to one, what it leads to, and whether the word about it is one."""

from collections import defaultdict
from collections.abc import Iterable, Mapping


class Chains:
    """A set of pairs (old, new), in no particular order. Walks end whatever the pairs say, circles too."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._new: defaultdict[str, set[str]] = defaultdict(set)
        self._old: defaultdict[str, set[str]] = defaultdict(set)
        self._tied: defaultdict[str, set[str]] = defaultdict(set)
        for old, new in pairs:
            self._new[old].add(new)
            self._old[new].add(old)
            self._tied[old].add(new)
            self._tied[new].add(old)

    def before(self, identifier: str) -> frozenset[str]:
        """Everything that leads to this identifier, itself included."""
        return _reached(identifier, self._old)

    def after(self, identifier: str) -> frozenset[str]:
        """Everything that this identifier leads to, itself included."""
        return _reached(identifier, self._new)

    def contradicted(self, identifier: str) -> bool:
        """Whether anything tied to this identifier has two successors, or succeeds itself. Two that became one are no
        contradiction: that is what a merge is."""
        return any(self._forks(one) for one in _reached(identifier, self._tied))

    def _forks(self, identifier: str) -> bool:
        successors = self._new.get(identifier, ())
        return len(successors) > 1 or any(identifier in self.after(new) for new in successors)


def _reached(start: str, steps: Mapping[str, set[str]]) -> frozenset[str]:
    found, todo = {start}, [start]
    while todo:
        for there in steps.get(todo.pop(), ()):
            if there not in found:
                found.add(there)
                todo.append(there)
    return frozenset(found)
