"""Sends everything hostile by its ways in while good traffic runs beside it, and accounts for all of it afterwards."""

import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from integration_engine.record.codes import PartnerKind
from integration_engine.services import Broker, Database
from integration_engine.store import outbox
from tests.hostile.fates import Fate, fates
from tests.hostile.good import GOOD, GoodTraffic, told_of
from tests.hostile.house import EVERYTHING, KINDS, House, house
from tests.hostile.roads import Answer, Roads
from tests.hostile.samples import Sample
from tests.hostile_sample import Invented

_FIRST_S, _ANSWERED_S = 240.0, 300.0
# As long as less and less waits the engine works; where nothing moves for so long it hangs.
_STILL_S = 120.0
_SURNAME = "quill"

Made = Callable[[int], Sequence[Sample]]
"""What is sent in a round, by its number from 0."""


@dataclass(frozen=True)
class Trial:
    """What was seen. ``harm`` are sentences about what must not be; ``resident`` MiB before and after each round, by
    process."""

    fates: Sequence[Fate]
    good: Mapping[str, int]
    slowest_s: Mapping[str, float]
    resident: Mapping[str, Sequence[int]]
    harm: Sequence[str] = field(default_factory=tuple)


def partners_of(samples: Sequence[Sample]) -> dict[str, tuple[PartnerKind, ...]]:
    """Who has to be registered for these to be sent, beside the good."""
    kinds: dict[str, dict[PartnerKind, None]] = defaultdict(dict)
    for sample in samples:
        kinds[sample.partner][sample.kind] = None
    return {partner: tuple(of) for partner, of in kinds.items()}


def tried(broker: Broker, database: Database, folder: Path, made: Made, rounds: int = 1) -> Trial:
    """Send these to an engine of their own, ``rounds`` times, each round with good traffic beside it."""
    first = made(0)
    partners = partners_of(first) | GOOD
    for partner, kinds in partners_of(first).items():
        partners[partner] = tuple(dict.fromkeys((*kinds, *GOOD.get(partner, ()))))
    profiles = {sample.partner: sample.profile for sample in first if sample.profile}
    with house(broker, database, folder, partners, profiles) as opened:
        watched = _Watched(opened)
        for turn in range(rounds):
            watched.round(first if turn == 0 else made(turn), turn)
        watched.harm += opened.dead()
    harm = [
        *watched.harm,
        *(f"{role} ended, status {ended.returncode}" for role, ended in opened.processes.items() if ended.returncode),
        *opened.failures(),
        *(f"a child can be told from the log of {role}" for role, text in opened.log() if _SURNAME in text.casefold()),
    ]
    return Trial(watched.fates, watched.good, watched.slowest_s, watched.resident, harm)


class _Watched:
    """An engine, round by round."""

    def __init__(self, opened: House) -> None:
        self.fates: list[Fate] = []
        self.harm: list[str] = []
        self.good: Counter[str] = Counter()
        self.slowest_s: dict[str, float] = defaultdict(float)
        self.resident: dict[str, list[int]] = defaultdict(list)
        self._house = opened

    def round(self, samples: Sequence[Sample], turn: int) -> None:
        roads, others = Roads(self._house), Roads(self._house)
        with GoodTraffic(others, turn) as good:
            if turn == 0:
                _await_first(self._house, good)
                self._look()
            answers = _all_sent(roads, samples)
        good.later(_ANSWERED_S)
        self.harm += [*good.harmed, *_settled(self._house)]
        self._look()
        came, strange = fates(self._house, samples, answers)
        self.harm += [*_good_arrived(self._house, good), *strange]
        self.harm += [
            f"{fate.sample.name} by {fate.sample.road} was dropped without a word" for fate in came if fate.lost
        ]
        self.fates += came
        for way, serials in good.sent.items():
            self.good[way] += len(serials)
            self.slowest_s[way] = max(self.slowest_s[way], good.slowest_s[way])
        roads.close()
        others.close()

    def _look(self) -> None:
        for role, resident in self._house.resident().items():
            self.resident[role].append(resident)


def _await_first(house: House, good: GoodTraffic) -> None:
    """Until every process has worked: what they load with the first message is no leak."""
    until = time.monotonic() + _FIRST_S
    while time.monotonic() < until and not (good.harmed or house.dead()):
        if len(good.sent) == len(good.threads) and house.waiting(EVERYTHING) > 2 * len(good.sent):
            return
        time.sleep(0.5)
    raise AssertionError(f"good traffic alone doesn't arrive: {good.harmed or house.dead()}")


def _all_sent(roads: Roads, samples: Sequence[Sample]) -> dict[int, Answer]:
    """The answer to each, by its place; the ways in side by side."""
    answers: dict[int, Answer] = {}
    places = {id(sample): place for place, sample in enumerate(samples)}

    def send(road: str) -> None:
        for sample in samples:
            if sample.road == road:
                answer = roads.send(sample)
                if answer is not None:
                    answers[places[id(sample)]] = answer

    threads = [threading.Thread(target=send, args=(road,)) for road in dict.fromkeys(s.road for s in samples)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers |= {places[id(sample)]: answer for sample, answer in roads.later(_ANSWERED_S)}
    return answers


def _settled(house: House) -> Iterator[str]:
    """Wait until the worker has done everything and all of it is told; or nothing moves any more."""
    before, moved = None, time.monotonic()
    while time.monotonic() - moved < _STILL_S:
        # What waits for seconds comes back; what waits for minutes is where it should be.
        left = house.unsettled(*(f"intake.{kind}" for kind in KINDS), "delay.5s"), outbox.depth(house.store).waiting
        if not any(left):
            return
        if left != before:
            before, moved = left, time.monotonic()
    yield "the engine doesn't come to rest"


def _good_arrived(house: House, good: GoodTraffic) -> Iterator[str]:
    told = told_of([json.loads(body) for _, _, body in house.taken(EVERYTHING)])
    for serial in sorted(good.children):
        if len(cases := told.get(Invented(serial).number, set())) != 1:
            yield f"the good child {serial} is {len(cases)} cases"
