"""What paths answer: a value and the exact place it stood."""

from typing import Any, NamedTuple


class Found(NamedTuple):
    """One value a path found, and the exact place it stood (``PID-3[2].1``)."""

    value: Any
    path: str


class PathError(ValueError):
    """A path that can't be read: ``where`` is the position in the path from 0, ``why`` a sentence."""

    def __init__(self, where: int, why: str) -> None:
        super().__init__(f"at character {where + 1}: {why}")
        self.where = where
        self.why = why
