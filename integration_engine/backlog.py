"""What waits, as numbers to watch: in the outbox, for a person, in the broker's queues, and how long it has waited.

These are of the whole store and the whole broker, not of one process: every process with front doors looks, and all say the
same, so whoever adds them up takes ``max``. Looking costs the same however much waits.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from pika.exceptions import AMQPError
from sqlalchemy import func, select

from integration_engine.broker.depth import Depth, depths, managed_depths
from integration_engine.broker.management import Management, ManagementError
from integration_engine.broker.topology import Topology
from integration_engine.monitoring.counters import COUNTERS, Counters, describe
from integration_engine.settings import Settings
from integration_engine.store import indexing, pointers
from integration_engine.store.database import Store, table
from integration_engine.store.tables import DeliveryRow, ReviewRow

log = logging.getLogger(__name__)

OUTBOX = describe("cdr_outbox_waiting", "gauge", "Deliveries that are committed and not yet published.")
OUTBOX_OLDEST = describe("cdr_outbox_oldest_seconds", "gauge", "How long the oldest of them has waited.")
REVIEWS = describe("cdr_reviews_waiting", "gauge", "Questions that wait for a person, by kind.", "kind")
REVIEWS_OLDEST = describe(
    "cdr_reviews_oldest_seconds", "gauge", "How long the oldest of them has waited, by kind.", "kind"
)
QUEUE = describe("cdr_queue_messages", "gauge", "Messages that wait in a queue of the broker.", "queue")
QUEUE_TAKEN = describe(
    "cdr_queue_unacknowledged", "gauge", "Messages taken from a queue and not acknowledged; the management API tells.",
    "queue",
)  # fmt: skip
QUEUE_CONSUMERS = describe("cdr_queue_consumers", "gauge", "Who takes messages from a queue.", "queue")
QUEUE_OLDEST = describe(
    "cdr_queue_oldest_seconds", "gauge", "Since when the oldest message of a recipient's queue was due to it.", "queue"
)
QUEUE_BUSY = describe(
    "cdr_queue_not_empty_seconds", "gauge", "Since when this process has never seen a queue empty.", "queue"
)
KEYS_STALE = describe(
    "cdr_blocking_keys_stale", "gauge",
    "1 where what is held isn't found by this program's rules and keys: workers hold their messages until cdr db reindex.",
)  # fmt: skip
QUEUES_MISSING = describe("cdr_queues_missing", "gauge", "Queues of the topology that the broker doesn't have.")

POINTERS = describe(
    "cdr_pointers_waiting",
    "gauge",
    "Events that only point to a record, which is still to be fetched, by why.",
    "reason",
)
POINTERS_OLDEST = describe("cdr_pointers_oldest_seconds", "gauge", "How long the oldest of them has waited.")

LOOK_EVERY_S = 15.0
MOST_COUNTED = 10_000
"""Waiting deliveries and questions are counted so far: beyond, it is the age that says how bad it is."""
# How far back a recipient's deliveries are looked through for the one at the head of its queue.
_MOST_BACK = 1000
_KINDS = ("linkage", "declined")

Look = Callable[[], Sequence[Depth]]
_DELIVERY, _REVIEW = table(DeliveryRow), table(ReviewRow)


def queues_by(settings: Settings, topology: Topology) -> Look:
    """Asks for the topology's queues: the management API where the settings name it, else the broker itself."""
    url: str = settings.amqp_url.get_secret_value()
    told = settings.amqp_management_url
    names = [queue.name for queue in topology.queues]

    def look() -> Sequence[Depth]:
        if told is not None:
            try:
                return managed_depths(Management(told.get_secret_value()), url, names)
            except ManagementError:
                log.warning("the broker's management does not answer; the queues are asked one by one")
        return depths(url, names)

    return look


class Backlog:
    """Looks at what waits. ``queues`` asks the broker; ``clock`` gives now, zone-aware."""

    def __init__(
        self,
        store: Store,
        queues: Look,
        *,
        counters: Counters = COUNTERS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._queues = queues
        self._counters = counters
        self._clock = clock
        self._empty_at: dict[str, float] = {}
        self._told: set[str] = set()
        self.missing: frozenset[str] = frozenset()
        """The queues that weren't there when we last looked."""

    def look(self) -> None:
        """Put the numbers right. Raises StoreError; where the broker is away, nothing is said of its queues."""
        now = self._clock()
        self._look_at_store(now)
        try:
            found = self._queues()
        except (AMQPError, OSError) as problem:
            log.warning("the queues can't be looked at", extra={"code": type(problem).__name__})
            found = ()
        oldest = self._oldest(found, now)
        there = {depth.queue for depth in found if depth.there}
        if self._told - there:
            for name in (QUEUE, QUEUE_TAKEN, QUEUE_CONSUMERS, QUEUE_OLDEST, QUEUE_BUSY):
                self._counters.forget(name)
        self._told = there
        for depth in found:
            if depth.there:
                self._tell(depth, oldest.get(depth.queue))
        if found:
            self.missing = frozenset(depth.queue for depth in found if not depth.there)
            self._counters.put(QUEUES_MISSING, len(self.missing))
            if self.missing:
                log.error("queues are missing: cdr broker apply", extra={"count": len(self.missing)})

    def _look_at_store(self, now: datetime) -> None:
        c, r = _DELIVERY.c, _REVIEW.c
        unpublished = select(c.queued_at).where(c.published_at.is_(None)).order_by(c.queued_at).limit(MOST_COUNTED)
        waiting = unpublished.subquery()
        with self._store.reading() as transaction:
            number, since = transaction.connection.execute(
                select(func.count(), func.min(waiting.c.queued_at)).select_from(waiting)
            ).one()
            open_reviews = select(r.kind, r.opened_at).where(r.closed_at.is_(None)).limit(MOST_COUNTED).subquery()
            kinds = select(open_reviews.c.kind, func.count(), func.min(open_reviews.c.opened_at))
            asked = {
                kind: (int(count), first)
                for kind, count, first in transaction.connection.execute(kinds.group_by(open_reviews.c.kind))
            }
            keys = indexing.last(transaction.connection)
            pointed = pointers.counts(transaction)
        self._counters.put(KEYS_STALE, 0 if keys and keys.serves(self._store.keys) else 1)
        self._counters.forget(POINTERS)
        for why, (pointing, _) in pointed.items():
            self._counters.put(POINTERS, pointing, reason=why)
        self._counters.put(POINTERS_OLDEST, _seconds(min((at for _, at in pointed.values()), default=None), now))
        self._counters.put(OUTBOX, number)
        self._counters.put(OUTBOX_OLDEST, _seconds(since, now))
        for kind in {*_KINDS, *asked}:
            count, first = asked.get(kind, (0, None))
            self._counters.put(REVIEWS, count, kind=kind)
            self._counters.put(REVIEWS_OLDEST, _seconds(first, now), kind=kind)

    def _oldest(self, found: Sequence[Depth], now: datetime) -> Mapping[str, float]:
        """How long the head of each recipient's queue has been due. A quorum queue doesn't tell; the store does: with so many
        messages waiting, the head is the so-manieth last delivery to that recipient."""
        c = _DELIVERY.c
        ages: dict[str, float] = {}
        with self._store.reading() as transaction:
            for depth in found:
                if not depth.ready or not depth.queue.startswith(("cdop.", "jar.", "national.")):
                    continue
                head = (
                    select(c.queued_at)
                    .where(c.recipient == depth.queue, c.published_at.is_not(None))
                    .order_by(c.sequence.desc())
                    .offset(min(depth.ready, _MOST_BACK) - 1)
                    .limit(1)
                )
                since = transaction.connection.execute(head).scalar()
                if since is not None:
                    ages[depth.queue] = _seconds(since, now)
        return ages

    def _tell(self, depth: Depth, oldest: float | None) -> None:
        now, queue = time.monotonic(), depth.queue
        if not depth.ready:
            self._empty_at[queue] = now
            oldest = 0
        self._counters.put(QUEUE, depth.ready, queue=queue)
        self._counters.put(QUEUE_CONSUMERS, depth.consumers, queue=queue)
        self._counters.put(QUEUE_BUSY, now - self._empty_at.setdefault(queue, now), queue=queue)
        if depth.taken is not None:
            self._counters.put(QUEUE_TAKEN, depth.taken, queue=queue)
        if oldest is not None:
            self._counters.put(QUEUE_OLDEST, oldest, queue=queue)


def _seconds(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
