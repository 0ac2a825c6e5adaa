"""Whether the order of arrival matters: the same notices resolved again in other orders, and what came out otherwise.

Each order is resolved from nothing but the evidence. Larger sets are shared out among processes of their own, which also
hash text differently from one another, so that an answer which hangs on the order of a set shows too.
"""

import gc
import multiprocessing
import os
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass

from integration_engine.linkage.evaluation import differing
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.resolve import Constraint, Resolution, resolve

_WORTH_PROCESSES = 20_000
"""Notices to resolve in all, from which on starting processes takes less time than it saves."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What one other order changed: pairs of notices together in one of the two only, and questions asked in one only."""

    pairs: int
    reviews: int


@dataclass(frozen=True, slots=True)
class _Shuffling:
    evidence: Sequence[Evidence]
    constraints: Sequence[Constraint]
    first: Resolution

    def moved(self, turn: int) -> Moved:
        everything, said = list(self.evidence), list(self.constraints)
        order = random.Random(turn)  # noqa: S311  an order to try, not a secret
        order.shuffle(everything)
        order.shuffle(said)
        again = resolve(everything, said)
        return Moved(differing(self.first, again), len(set(self.first.reviews) ^ set(again.reviews)))


def shuffled(
    evidence: Sequence[Evidence], constraints: Sequence[Constraint], first: Resolution, times: int
) -> Iterator[Moved]:
    """What each of so many other orders changed, as each is done."""
    shuffling = _Shuffling(evidence, constraints, first)
    processes = min(times, os.cpu_count() or 1)
    if processes < 2 or times * len(evidence) < _WORTH_PROCESSES:
        yield from map(shuffling.moved, range(times))
        return
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=fresh, initializer=_begin, initargs=(shuffling,)) as pool:
        for done in as_completed([pool.submit(_turn, turn) for turn in range(times)]):
            yield done.result()


_mine: list[_Shuffling] = []


def _begin(shuffling: _Shuffling) -> None:
    gc.disable()  # resolving makes no cycles, and the collector would take a third of the time
    _mine[:] = [shuffling]


def _turn(turn: int) -> Moved:
    return _mine[0].moved(turn)
