"""Sends everything hostile by its ways in while good traffic runs beside it, and accounts for all of it afterwards."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from adapters import registry
from adapters.adapter import Reading, Submission
from integration_engine.gateway.mllp_frames import Frame, Framer
from integration_engine.record.codes import PartnerKind
from integration_engine.services import Broker, Database
from integration_engine.store import inbox, outbox
from integration_engine.store.database import table
from integration_engine.store.tables import SubmissionRow
from tests.hostile.good import GOOD, GoodTraffic, told_of
from tests.hostile.house import EVERYTHING, KINDS, House, house
from tests.hostile.roads import Answer, Roads
from tests.hostile.samples import Sample
from tests.hostile_sample import Invented, Outcome
from tests.mllp_client import END

_SETTLED_S, _ANSWERED_S = 120.0, 120.0
_FRAME_LIMIT = 8 * 1024 * 1024
_SURNAME = "quill"
_DELAYS = ("delay.5s", "delay.1m", "delay.10m")


@dataclass(frozen=True)
class Fate:
    """What became of one sample: its answer, and where it lies now (``inbox``, ``refused``, ``dead``, ``waits``; nowhere).
    ``worth``: something of it is to be taken or refused. What isn't lies in the inbox only where it changes a case that is
    held, as a stillbirth does."""

    sample: Sample
    answer: Answer
    lies: frozenset[str]
    reasons: tuple[str, ...] = ()
    worth: bool = True

    @property
    def lost(self) -> bool:
        """Whether its sender may believe that it is safe, and it is nowhere."""
        return self.worth and self.answer.heard in ("taken", "acknowledged", "unanswered") and not self.lies

    @property
    def came_to(self) -> Outcome | None:
        """The outcome, by what was answered and by where it lies, which have to agree; None where they don't."""
        heard, kept = self.answer.heard, self.lies & {"inbox", "waits"}
        if heard in ("passed-over", "acknowledged", "unanswered") and not (self.worth and self.lies):
            return None if self.lost else "passed-over"
        if heard in ("taken", "acknowledged", "unanswered") and kept:
            return "taken"
        if heard in ("refused", "silence", "closed") and not self.lies:
            return "refused"
        if heard == "unanswered" and self.lies & {"refused", "dead"} and not kept:
            return "refused"
        # Of a batch whose count is wrong the good messages are kept.
        if heard == "refused" and "inbox" in self.lies and "AA" in self.answer.said.split():
            return "refused"
        return None

    @property
    def as_expected(self) -> bool:
        if self.sample.status is not None and self.answer.said != str(self.sample.status):
            return False
        if self.answer.heard == "silence" and "passed-over" in self.sample.may_be:
            return not self.lies
        return self.came_to in self.sample.may_be


@dataclass(frozen=True)
class Trial:
    """What was seen. ``harm`` are sentences about what must not be; ``resident`` MiB before and after, by process."""

    fates: Sequence[Fate]
    good: Mapping[str, int]
    slowest_s: Mapping[str, float]
    resident: Mapping[str, tuple[int, int]]
    harm: Sequence[str] = field(default_factory=tuple)


def partners_of(samples: Sequence[Sample]) -> dict[str, tuple[PartnerKind, ...]]:
    """Who has to be registered for these to be sent, beside the good."""
    kinds: dict[str, dict[PartnerKind, None]] = defaultdict(dict)
    for sample in samples:
        kinds[sample.partner][sample.kind] = None
    return {partner: tuple(of) for partner, of in kinds.items()}


def tried(broker: Broker, database: Database, folder: Path, samples: Sequence[Sample]) -> Trial:
    """Send these to an engine of their own."""
    partners = partners_of(samples) | GOOD
    for partner, kinds in partners_of(samples).items():
        partners[partner] = tuple(dict.fromkeys((*kinds, *GOOD.get(partner, ()))))
    with house(broker, database, folder, partners) as opened:
        roads, others = Roads(opened), Roads(opened)
        with GoodTraffic(others) as good:
            _await_first(opened, good)
            before = opened.resident()
            answers = _all_sent(roads, samples)
        good.later(_ANSWERED_S)
        harm = [*good.harmed, *opened.dead(), *_settled(opened)]
        after = opened.resident()
        fates = list(_fates(opened, samples, answers))
        harm += _good_arrived(opened, good)
        harm += [f"{fate.sample.name} by {fate.sample.road} was dropped without a word" for fate in fates if fate.lost]
        roads.close()
        others.close()
    harm += [
        f"{role} ended, status {process.returncode}" for role, process in opened.processes.items() if process.returncode
    ]
    harm += opened.failures()
    harm += [f"a child can be told from the log of {role}" for role, text in opened.log() if _SURNAME in text]
    return Trial(
        fates,
        {way: len(serials) for way, serials in good.sent.items()},
        dict(good.slowest_s),
        {role: (before.get(role, 0), after.get(role, 0)) for role in opened.processes},
        harm,
    )


def _await_first(house: House, good: GoodTraffic) -> None:
    """Until every process has worked: what they load with the first message is no leak."""
    until = time.monotonic() + _SETTLED_S
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
    """Wait until the worker has done everything and all of it is told."""
    until = time.monotonic() + _SETTLED_S
    while house.unsettled(*(f"intake.{kind}" for kind in KINDS)) or outbox.depth(house.store).waiting:
        if time.monotonic() > until:
            yield "the engine doesn't come to rest"
            return
        time.sleep(1)


def _good_arrived(house: House, good: GoodTraffic) -> Iterator[str]:
    told = told_of([json.loads(body) for _, body in house.taken(EVERYTHING)])
    for serial in sorted(good.children):
        if len(cases := told.get(Invented(serial).number, set())) != 1:
            yield f"the good child {serial} is {len(cases)} cases"


def _fates(house: House, samples: Sequence[Sample], answers: Mapping[int, Answer]) -> Iterator[Fate]:
    lying = {"refused": _bodies(house, "refused."), "dead": _bodies(house, "dead.")}
    waits = {body for queue in _DELAYS for _, body in house.taken(queue)}
    with house.store.reading() as transaction:
        rows = transaction.connection.execute(select(table(SubmissionRow).c.content_key)).all()
    held = {bytes(row.content_key) for row in rows}
    for place, sample in enumerate(samples):
        readings = [reading for body in _messages(sample) for reading in _read(sample, body)]
        own = {reading.body or body for reading in readings for body in _messages(sample)} | set(_messages(sample))
        lies = {where for where, bodies in lying.items() if own & bodies}
        lies |= {"waits"} if own & waits else set()
        if any(not held.isdisjoint(_keys(house, sample, reading)) for reading in readings):
            lies.add("inbox")
        answer = answers.get(place, Answer("hang"))
        worth = any(reading.verdict != "passed-over" for reading in readings)
        reasons = tuple(dict.fromkeys(reading.reason for reading in readings))
        yield Fate(sample, answer, frozenset(lies), reasons, worth)


def _bodies(house: House, beginning: str) -> set[bytes]:
    return {body for kind in KINDS for _, body in house.taken(f"{beginning}{kind}")}


def _messages(sample: Sample) -> list[bytes]:
    """The messages in it: what an MLLP connection's bytes hold may be several."""
    if not sample.wire:
        return [sample.body]
    return [event.body for event in Framer(_FRAME_LIMIT).feed(sample.body + END) if isinstance(event, Frame)]


def _read(sample: Sample, body: bytes) -> list[Reading]:
    told = Submission(body, datetime.now(UTC), sample.content_type or None, None, sample.partner)
    return list(registry.read(told, sample.kind))


def _keys(house: House, sample: Sample, reading: Reading) -> set[bytes]:
    """How the inbox would know it again."""
    message = inbox.Message(reading.kind, sample.partner, reading.content_hash, None, datetime.now(UTC), None, ())
    return set(message.content_keys(house.store.keys))
