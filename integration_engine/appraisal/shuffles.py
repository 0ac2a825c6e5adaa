"""Whether the order of arrival matters: the same notices resolved again as if they had come in other orders.

Each order starts from nothing but the evidence. As in the engine, notices are resolved a neighbourhood at a time, in batches
that the order makes, each knowing no more than the notices near it; what comes out must be what resolving everything at once
gave. Larger sets are shared out among processes of their own, which also hash text differently from one another, so that an
answer which hangs on the order of a set shows too.
"""

import gc
import multiprocessing
import os
import random
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass

from integration_engine.appraisal.neighbourhoods import neighbourhoods
from integration_engine.linkage.evaluation import differing
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.resolve import Constraint, Resolution, Review, resolve

_ENDS = 0.3
"""How likely a batch ends with a neighbourhood: it holds about three."""
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
        order = random.Random(turn)  # noqa: S311  an order to try, not a secret
        said = {e.id: e for e in order.sample(self.evidence, len(self.evidence))}
        words = order.sample(self.constraints, len(self.constraints))
        clusters: list[frozenset[str]] = []
        reviews: list[Review] = []
        for ids in _batches(neighbourhoods(said.values(), words), order):
            again = resolve([said[id] for id in ids], words)
            clusters += again.clusters
            reviews += again.reviews
        return Moved(differing(self.first, Resolution(tuple(clusters))), len(set(self.first.reviews) ^ set(reviews)))


def _batches(parts: Iterable[tuple[str, ...]], order: random.Random) -> Iterator[list[str]]:
    """Whole neighbourhoods, one or several at a time, each batch in an order of its own."""
    batch: list[str] = []
    for part in parts:
        batch += part
        if order.random() < _ENDS:
            yield order.sample(batch, len(batch))
            batch = []
    yield batch


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
