"""The worker: takes messages off the intake queues, has their effect made durable, and only then acknowledges them.

Three kinds of failure, three ways. Something needed is away: the batch waits in hand and is tried again. The partner's
input is wrong: the message goes to ``refused.<kind>`` with machine-readable reasons. Our own bug: the batch is tried
message by message, and the one that raises is put off, and after its last delay goes to ``dead.<kind>`` and raises an alert.
"""

import gc
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

from adapters import registry
from adapters.adapter import Feed, Reading, Submission
from integration_engine.authors import AuthorsReader
from integration_engine.broker.consumer import NotNow
from integration_engine.broker.message import CORRELATION, FEED, SENT_AGAIN, Delivered
from integration_engine.broker.origin import Origin, Unproved, kind_of, origin_of
from integration_engine.broker.publisher import Publisher
from integration_engine.courier import Courier
from integration_engine.crowded import Crowded
from integration_engine.monitoring.counters import COUNTERS, Counters, describe
from integration_engine.monitoring.logs import correlated, is_own
from integration_engine.pipeline import Later, Processed, process
from integration_engine.record.age import AgeRules
from integration_engine.record.codes import PartnerKind
from integration_engine.record.notice import Problem
from integration_engine.routing.reference import Reference
from integration_engine.routing.route import Switches
from integration_engine.screening import Screening
from integration_engine.security.identity import Principal
from integration_engine.security.keys import KeyMissing
from integration_engine.stages import reached
from integration_engine.store import put_aside
from integration_engine.store.database import NotUpgraded, Store, Transaction, Transient
from integration_engine.store.inbox import Tally
from integration_engine.store.indexing import require_indexed
from integration_engine.turned_away import Ladder, Refusal, TurnedAway, as_dead

log = logging.getLogger(__name__)

WORKED = "cdr_worked_total"
BATCHES = "cdr_batches_total"
ALARMS = "cdr_alarms_total"
describe(
    WORKED, "counter", "Messages the worker is done with, by kind, partner, verdict and reason.",
    "kind", "partner", "verdict", "reason",
)  # fmt: skip
describe(ALARMS, "counter", "Alarms raised over messages, such as one message id with two bodies.", "code", "kind")
describe(BATCHES, "counter", "Batches committed.")

PASSED_OVER, SCREENED = "passed-over", "screened"
_LONGEST_WAIT = timedelta(days=30)
# How soon a worker notices that the schema, or the rules that what is held is found by, are others.
_SCHEMA_S = 1.0
# What a batch of 200 deaths makes and holds until it is done.
_OBJECTS_A_BATCH = 50_000
# How many messages a delivery names as what it came of.
_MOST_NAMED = 8
# Our own users, who may publish under any partner's name: they are the ways in, the workers and the operators.
_ENGINE_USERS = ("cdr.gateway", "cdr.mesh", "cdr.worker", "cdr.operator")

Proved = tuple[Delivered, Origin]


@dataclass(frozen=True)
class Knowledge:
    """What a worker decides by. ``feeds`` and ``find`` ask the register of partners; ``user`` is who the worker itself
    publishes as; ``fetches``: there is a service to fetch records from that events point to."""

    reference: Reference
    user: str
    switches: Switches = Switches()
    age_rules: AgeRules = AgeRules()
    delays: tuple[str, ...] = ()
    feeds: Callable[[], Sequence[Feed]] = tuple
    find: Callable[[str], Principal | None] = lambda _: None
    fetches: bool = False
    trusted: frozenset[str] = field(default=frozenset(_ENGINE_USERS))

    def trusts(self) -> frozenset[str]:
        return self.trusted | {self.user}


def keep_what_is_loaded() -> None:
    """Spare the garbage collector what is loaded by now: tables, models and programs that a worker keeps for good. Walking
    them again and again costs it a tenth of its time; and walking again and again what a batch still uses another twentieth,
    so it looks about once a batch."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_A_BATCH)


class Worker:
    """What a ``Consumer`` works with: ``keep`` as each message arrives, ``work`` for each batch, ``count`` when both are done
    with some, ``ready`` before it starts.

    ``publisher`` must be started; ``courier`` too. ``read`` is the adapters'.
    """

    def __init__(
        self,
        store: Store,
        publisher: Publisher,
        courier: Courier,
        knowledge: Knowledge,
        *,
        read: Callable[..., Iterable[Reading]] = registry.read,
        counters: Counters = COUNTERS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._ladder = Ladder(knowledge.delays)
        self._turned_away = TurnedAway(publisher, knowledge.user, self._ladder, counters)
        self._courier = courier
        self._knowledge = knowledge
        self._trusted = knowledge.trusts()
        self._read = read
        self._counters = counters
        self._clock = clock
        self._looked = float("-inf")
        self._screening = Screening(knowledge.feeds)
        self._passed_over: Counter[tuple[str, str]] = Counter()

    def keep(self, message: Delivered) -> bool:
        """False for a message that cannot be about a child's death: nothing of it is kept but a count."""
        sender = kind_of(message), message.key.partition(".")[2]
        if SENT_AGAIN in message.headers or self._screening.lets_through(*sender, message.body):
            return True
        self._passed_over[sender] += 1
        return False

    def count(self) -> None:
        """Count what was passed over since the last time."""
        tally = Tally()
        for (kind, partner), count in self._passed_over.items():
            tally.counts[kind, partner, PASSED_OVER, SCREENED] += count
            self._counters.add(WORKED, count, kind=kind, partner=partner, verdict=PASSED_OVER, reason=SCREENED)
        self._passed_over.clear()
        self._courier.count(tally)

    def ready(self) -> bool:
        """Whether database and broker can do their part."""
        if not self._publisher.ready:
            return False
        try:
            require_indexed(self._store)
        except (Transient, NotUpgraded) as problem:
            log.warning("the store isn't ready", extra={"code": problem.code})
            return False
        return True

    def _require_schema(self, after_s: float = 0.0) -> None:
        """Touch nothing of a database that was upgraded under us, or whose keys are made anew: whatever fails then is no
        message's fault. Looked at where the last look is so long ago."""
        now = time.monotonic()
        if now - self._looked < after_s:
            return
        try:
            require_indexed(self._store)
        except (Transient, NotUpgraded) as problem:
            log.warning("the store isn't ready", extra={"code": problem.code})
            raise NotNow from problem
        self._looked = now

    def work(self, batch: Sequence[Delivered]) -> None:
        """Make the effect of these messages durable. Raises NotNow where that can't be done now."""
        reached("worker.taken")
        proved: list[Proved] = []
        unproved: list[tuple[Delivered, str]] = []
        for message in batch:
            try:
                proved.append((message, origin_of(message, self._trusted)))
            except Unproved as problem:
                unproved.append((message, problem.code))
        if proved:
            self._take(proved)
        for message, code in unproved:
            why = Problem(code=code, text="publish with user_id set, under your own name")
            with _telling_of(message):
                self._turned_away.refuse(message, [Refusal(0, code, (why,))], message.body)
            self._counters.add(WORKED, kind=kind_of(message), partner="unproved", verdict="refused", reason=code)

    def _take(self, proved: Sequence[Proved], apart: bool = False) -> None:
        try:
            processed = self._process(proved, apart or len(proved) == 1)
        except NotNow:
            raise
        except Crowded as crowded:
            # One child of whom everybody tells keeps nobody else's waiting: the others' deliveries are on their way first.
            self._take([one for place, one in enumerate(proved) if place not in crowded.places])
            self._take([one for place, one in enumerate(proved) if place in crowded.places], apart=True)
            return
        except Exception as raised:
            self._require_schema()
            problem = raised
        else:
            self._finish(proved, processed)
            return
        if len(proved) == 1:
            with _telling_of(proved[0][0]):
                dead = self._turned_away.put_off(proved[0][0], problem)
                if dead:
                    reached("worker.put-aside")
                    self._tell(lambda transaction: put_aside.keep(transaction, [dead], "waiting", self._clock()))
            return
        log.warning("a batch raised; its messages are tried one by one", extra={"count": len(proved)})
        for one in proved:
            with _telling_of(one[0]):
                self._take([one])

    def _process(self, proved: Sequence[Proved], apart: bool) -> Processed:
        now = self._clock()
        feeds = self._knowledge.feeds()
        submissions = [self._submission(message, origin, feeds, now) for message, origin in proved]
        reader = AuthorsReader(
            self._read, feeds, self._knowledge.find, {id(s): o for s, (_, o) in zip(submissions, proved, strict=True)}
        )
        self._require_schema(_SCHEMA_S)
        try:
            return process(
                self._store,
                submissions,
                reference=self._knowledge.reference,
                now=now,
                switches=self._knowledge.switches,
                kinds=[cast(PartnerKind, origin.kind) for _, origin in proved],
                read=reader.read,
                later=Later(
                    lambda place, retraction: self._ladder.hears_again(proved[place][0].attempt, retraction),
                    self._knowledge.fetches,
                    crowds=not apart,
                ),
                count=self._courier.count,
            )
        except (Transient, KeyMissing, NotUpgraded) as problem:
            log.warning("the store can't take a batch now", extra={"code": problem.code, "count": len(proved)})
            raise NotNow from problem

    def _submission(self, message: Delivered, origin: Origin, feeds: Sequence[Feed], now: datetime) -> Submission:
        own = [feed for feed in feeds if feed.partner == origin.partner and feed.kind == origin.kind]
        asked = message.headers.get(FEED)
        return Submission(
            message.body,
            _received_at(message, origin, now),
            message.content_type,
            message.message_id,
            origin.partner,
            next((feed for feed in own if feed.name == asked), own[0] if len(own) == 1 else None),
            age_rules=self._knowledge.age_rules,
        )

    def _finish(self, proved: Sequence[Proved], processed: Processed) -> None:
        reached("worker.committed")
        self._courier.hand_over(processed.outbox, _came_of(proved, processed))
        reached("worker.handed-over")
        refused: dict[tuple[int, int], tuple[Reading, list[Refusal]]] = {}
        for each in processed.refused:
            _, said = refused.setdefault((each.submission, each.reading.index), (each.reading, []))
            said.append(Refusal(each.item.index, each.item.reason, (*each.reading.problems, *each.item.problems)))
        for (place, _), (reading, said) in refused.items():
            message = proved[place][0]
            # a batch or file is refused message by message: the good ones' bytes have no business there
            body, body_type = (message.body, None) if reading.body is None else (reading.body, reading.body_type)
            with _telling_of(message):
                self._turned_away.refuse(message, said, body, body_type)
        for alarm in processed.alarms:
            self._counters.add(ALARMS, code=alarm.code, kind=alarm.kind)
            log.error(
                "alarm",
                extra={"code": alarm.code, "kind": alarm.kind, "partner": alarm.partner, "submission": alarm.subject},
            )
        for place in processed.early:
            self._turned_away.hear_again(proved[place][0])
        done = [place for place in range(len(proved)) if place not in processed.early]
        for origin, readings in ((proved[place][1], processed.readings[place]) for place in done):
            for reading in readings:
                self._counters.add(
                    WORKED, kind=reading.kind, partner=origin.partner, verdict=reading.verdict, reason=reading.reason
                )
        self._counters.add(BATCHES)
        # whatever became of them, and though some are heard again: how soon it goes must not tell whether a child is known
        again = [as_dead(message) for message, _ in proved if SENT_AGAIN in message.headers]
        if again:
            self._tell(lambda transaction: put_aside.clear(transaction, again))

    def _tell(self, write: Callable[[Transaction], None]) -> None:
        """Write down what a partner's own page is to say. The message itself is safe where it lies by then, and nothing waits
        for this: what can't be written now is written when an operator looks into the queue."""
        try:
            with self._store.transaction() as transaction:
                write(transaction)
        except Exception as problem:
            log.warning("a partner isn't told yet what became of its message", exc_info=problem)


def _came_of(proved: Sequence[Proved], processed: Processed) -> dict[str, str]:
    """The ids of the messages that a delivery of a batch came of, with commas between, by delivery. What came of no new
    notice of its own case, or of more than a header should name, is told by the id of the batch."""
    if len(proved) == 1:
        return {}
    own = {
        item.notice.id: str(message.headers.get(CORRELATION))
        for (message, _), readings in zip(proved, processed.readings, strict=True)
        for reading in readings
        for item in reading.items
        if item.notice
    }
    found = {row.id: sorted({own[name] for name in row.came_of if name in own}) for row in processed.outbox}
    return {row: ",".join(ids) for row, ids in found.items() if 0 < len(ids) <= _MOST_NAMED and all(map(is_own, ids))}


def _received_at(message: Delivered, origin: Origin, now: datetime) -> datetime:
    """When its publisher says it sent it, so that it is the same on every redelivery. A partner's own clock that is ahead, or
    so far behind that no queue can have kept the message, counts as wrong: what it tells would lie in the future."""
    sent = message.sent_at
    if sent is None or sent > now or (origin.direct and now - sent > _LONGEST_WAIT):
        return now
    return sent


def _telling_of(message: Delivered) -> AbstractContextManager[None]:
    """Log lines, and deliveries that are handed over, carry this message's own id."""
    return correlated(message.headers.get(CORRELATION))
