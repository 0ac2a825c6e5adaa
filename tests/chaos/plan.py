"""Who dies when: drawn from a seed alone, so that the same seed tells every process the same."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from integration_engine.stages import Fault, Stage

Role = Literal["gateway", "worker-1", "worker-2"]
Disturbance = Literal[
    "broker-connections", "database-connections", "door-connections", "terminated", "database-pause", "broker-pause"
]
Crash = Literal["broker", "database"]

_GATEWAY: tuple[Stage, ...] = (
    "gateway.read", "gateway.publishing", "publisher.sent", "publisher.confirmed", "gateway.answering",
)  # fmt: skip
# Processes that don't run in a round, each killed by tests of its own: test_reindex_survival.py, test_fetching_survival.py,
# test_mesh_survival.py and test_watch_survival.py in tests/integration.
_ELSEWHERE = ("gateway.", "reindex.", "pointers.", "mesh.", "watch.")
_WORKER: tuple[Stage, ...] = tuple(s for s in get_args(Stage) if not s.startswith(_ELSEWHERE))
# These are passed only where another process left something behind, a message kept raising, or time or rules have moved on.
_SELDOM = ("sweeper.", "clocks.", "revisit.", "worker.put-aside")
_OFTEN = 3
# A life whose stage isn't passed ends all the same, at a moment of chance.
_LONGEST_S = (4.0, 8.0)
_RAISES, _PAUSES = 0.1, 0.1


@dataclass(frozen=True)
class Life:
    """How one process fares: the ``faults`` in its environment, and when it is killed from outside if it still lives."""

    faults: tuple[Fault, ...]
    at_latest_s: float


def lives(seed: str, role: Role) -> Iterator[Life]:
    """The lives of one process, one after the other, without end."""
    chance = random.Random(f"{seed}/{role}")
    stages = _GATEWAY if role == "gateway" else _WORKER
    weights = [1 if stage.startswith(_SELDOM) else _OFTEN for stage in stages]
    while True:
        faults = [Fault(*chance.choices(stages, weights), "die", chance.choice((1, 1, 1, 1, 2, 2, 3)))]
        if chance.random() < _RAISES:
            # An error of our own wherever one could be raised; nothing expects it.
            faults.append(Fault(chance.choice(stages), "raise", chance.randrange(1, 4)))
        if chance.random() < _PAUSES:
            faults.append(Fault(chance.choice(stages), "pause", chance.randrange(1, 4), 0.5))
        yield Life(tuple(faults), chance.uniform(*_LONGEST_S))


def disturbances(seed: str, kills: int) -> dict[int, Disturbance]:
    """After which kill of a round something else is broken, and what."""
    chance = random.Random(f"{seed}/disturbances")
    found = {}
    for number in range(1, kills):
        if chance.random() < 0.25:
            found[number] = chance.choice(get_args(Disturbance))
    return found


def crashes(seed: str, kills: int) -> dict[int, Crash]:
    """After which kill the broker or the database itself is killed and started again: in one round of four."""
    chance = random.Random(f"{seed}/crashes")
    if chance.random() < 0.75:
        return {}
    return {chance.randrange(2, max(3, kills - 1)): chance.choice(get_args(Crash))}


def roles(store: str) -> Sequence[Role]:
    """Who runs: on SQLite one worker, on PostgreSQL two."""
    return ("gateway", "worker-1") if store == "sqlite" else ("gateway", "worker-1", "worker-2")
