"""Carries deliveries from the outbox to the broker: right after their commit, and those that a dead process left behind.

A thread beside the worker, so that the next batch is decided while the last one's deliveries are being confirmed. What it
is handed is in the database already; losing all of it costs a sweep, not a delivery.
"""

import logging
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from integration_engine.broker.message import CORRELATION, Message
from integration_engine.broker.publisher import Publisher
from integration_engine.broker.topology import CASES
from integration_engine.monitoring import tracing
from integration_engine.monitoring.counters import COUNTERS, Counters, describe
from integration_engine.monitoring.logs import correlation
from integration_engine.stages import reached
from integration_engine.store import inbox, outbox
from integration_engine.store.database import Store, StoreError
from integration_engine.store.outbox import OutboxRow

log = logging.getLogger(__name__)

DELIVERIES = "cdr_deliveries_published_total"
UNPUBLISHED = "cdr_deliveries_unpublished_total"
describe(DELIVERIES, "counter", "Deliveries the broker has confirmed, by kind.", "kind")
describe(UNPUBLISHED, "counter", "Deliveries the broker did not confirm, by reason; they are tried again.", "reason")

# A delivery handed over and not confirmed by then is the sweeper's: its courier has died or given up.
SWEEP_AFTER = timedelta(seconds=20)
_SWEEP_EVERY_S = 5.0
_COUNT_EVERY_S = 1.0
_PATIENCE_S = 0.2
_AT_ONCE = 500
# More than this is left to the sweeper, so that a broker's long absence doesn't fill our memory.
_MOST_IN_HAND = 20_000
# Trying these again at once changes nothing: an operator has to declare the queue or the right first.
_HOPELESS = ("unroutable", "broker-refused")


@dataclass(frozen=True, slots=True)
class Cause:
    """What a delivery came from: the correlation id of the message (of several, with commas between) or of the batch, and the
    span in which it was worked on."""

    correlation: str | None = None
    traceparent: str | None = None

    @property
    def known(self) -> bool:
        return bool(self.correlation or self.traceparent)


_UNKNOWN = Cause()


class Courier:
    """Parameters: ``publisher`` must be started; ``clock`` gives now, zone-aware. Use as a context manager."""

    def __init__(
        self,
        store: Store,
        publisher: Publisher,
        *,
        counters: Counters = COUNTERS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sweep_after: timedelta = SWEEP_AFTER,
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._counters = counters
        self._clock = clock
        self._sweep_after = sweep_after
        self._lock = threading.Lock()
        self._in_hand: tuple[deque[OutboxRow], ...] = (deque(), deque(), deque())
        self._tally = inbox.Tally()
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._confirmed: list[str] = []
        self._causes: dict[str, Cause] = {}
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def __enter__(self) -> "Courier":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def hand_over(self, rows: Sequence[OutboxRow], came_of: Mapping[str, str] = {}) -> None:
        """Publish these soon, each in its turn. They must be committed. ``came_of`` are correlation ids by delivery, where
        they are other than the one of what is being worked on."""
        if not rows:
            return
        whole = Cause(correlation.get(), tracing.carried().get(tracing.TRACEPARENT))
        with self._lock:
            room = _MOST_IN_HAND - sum(map(len, self._in_hand))
            for row in rows:
                if row.turn < outbox.LAST_TURN or len(rows) <= room:
                    self._in_hand[row.turn].append(row)
                    own = came_of.get(row.id)
                    if own or whole.known:
                        self._causes[row.id] = replace(whole, correlation=own) if own else whole
        self._wake.set()

    def count(self, tally: inbox.Tally) -> None:
        """Count messages of which nothing else is kept; written to the store now and then."""
        with self._lock:
            self._tally.counts.update(tally.counts)

    def close(self) -> None:
        """Publish what is in hand and write the counts; what can't be published now is swept up later."""
        self._stopped.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        next_sweep = next_count = time.monotonic()
        while True:
            stopping = self._stopped.is_set()
            self._wake.clear()
            try:
                self._carry()
                if time.monotonic() >= next_sweep and not stopping:
                    # where more is left than was taken at once, on with it as soon as that is out
                    next_sweep = time.monotonic() + (0 if self._sweep() else _SWEEP_EVERY_S)
                if time.monotonic() >= next_count or stopping:
                    self._write_counts()
                    next_count = time.monotonic() + _COUNT_EVERY_S
            except StoreError as problem:
                log.warning("the courier's store is away", extra={"code": problem.code})
            except Exception as problem:
                # whatever it is, it may concern one delivery: the others have to go on
                log.critical("the courier raised", exc_info=problem)
            if stopping:
                return
            self._wake.wait(_COUNT_EVERY_S if self._publisher.ready else _PATIENCE_S)

    def _carry(self) -> None:
        """Publish what is in hand. What a broker in trouble didn't confirm stays in hand, for the next time round."""
        self._note_published()
        while self._publisher.ready:
            with self._lock:
                turns = [[lane.popleft() for _ in range(min(len(lane), _AT_ONCE))] for lane in self._in_hand]
            if not any(turns):
                return
            unconfirmed = self._publish(turns)
            if unconfirmed:
                # behind the others and shuffled: one queue that doesn't answer must not stand before the rest for ever
                random.shuffle(unconfirmed)
                with self._lock:
                    for row in unconfirmed:
                        self._in_hand[row.turn].append(row)
                return

    def _sweep(self) -> bool:
        """Take in hand what was committed and never published. Claimed for a minute, so that two sweepers don't take the
        same. A delivery that has no queue comes this way again and again, until it has one. However much is in hand already:
        what is urgent and was left behind by another doesn't wait for the end of it. Returns whether there may be more."""
        with self._lock:
            held = {row.id for lane in self._in_hand for row in lane}
        if not self._publisher.ready:
            return False
        rows = outbox.claim(self._store, _AT_ONCE, self._sweep_after, self._clock(), urgent=bool(held))
        left = [row for row in rows if row.id not in held]
        if left:
            reached("sweeper.claimed")
            log.info("deliveries swept up", extra={"count": len(left)})
            self.hand_over(left)
        return len(rows) == _AT_ONCE

    def _publish(self, turns: Sequence[Sequence[OutboxRow]]) -> list[OutboxRow]:
        """Each turn of its own: joint agency response, withdrawals, the rest. Returns those worth trying again soon."""
        again: list[OutboxRow] = []
        unconfirmed: Counter[str] = Counter()
        ahead: set[str] = set()
        for turn in turns:
            before = self._what_comes_before(turn)
            ahead.update(row.id for row in before)
            rows = [*before, *(row for row in turn if row.id not in ahead)]
            reached("courier.publishing")
            causes = [self._causes.get(row.id, _UNKNOWN) for row in rows]
            spans = [tracing.published(CASES, r.recipient, c.traceparent) for r, c in zip(rows, causes, strict=True)]
            messages = [delivery(*each) for each in zip(rows, causes, spans, strict=True)]
            answers = self._publisher.publish_all(messages)
            for row, span, error in zip(rows, spans, answers, strict=True):
                if error is not None:
                    span.failed(error.code)
                span.end()
                if error is None or error.code in _HOPELESS:
                    self._causes.pop(row.id, None)
                if error is None:
                    self._confirmed.append(row.id)
                    self._counters.add(DELIVERIES, kind=row.kind)
                    continue
                unconfirmed[error.code] += 1
                if error.code not in _HOPELESS:
                    again.append(row)
            self._note_published()
        for code, count in unconfirmed.items():
            self._counters.add(UNPUBLISHED, count, reason=code)
            log.warning("deliveries were not confirmed", extra={"count": count, "code": code})
        self._forget(ahead)
        return again

    def _what_comes_before(self, turn: Sequence[OutboxRow]) -> tuple[OutboxRow, ...]:
        """A withdrawal overtakes other cases, never what its own recipient was to be told of the same case before."""
        return outbox.unpublished_before(self._store, [row for row in turn if row.kind == outbox.WITHDRAW])

    def _forget(self, ahead: set[str]) -> None:
        """What went out ahead of its turn isn't sent a second time in it."""
        if not ahead:
            return
        with self._lock:
            for lane in self._in_hand:
                kept = [row for row in lane if row.id not in ahead]
                lane.clear()
                lane.extend(kept)

    def _note_published(self) -> None:
        """Where the store can't note it now it is noted later; at worst the sweeper publishes the same id again."""
        if self._confirmed:
            reached("courier.published")
            outbox.mark_published(self._store, self._confirmed, self._clock())
            reached("courier.marked")
            self._confirmed = []

    def _write_counts(self) -> None:
        with self._lock:
            tally, self._tally = self._tally, inbox.Tally()
        if not tally.counts:
            return
        try:
            with self._store.transaction() as transaction:
                inbox.count(transaction, tally, self._clock())
        except StoreError:
            with self._lock:
                self._tally.counts.update(tally.counts)
            raise


def delivery(row: OutboxRow, cause: Cause = _UNKNOWN, span: tracing.Span = tracing.NOTHING) -> Message:
    """A row of the outbox as it travels: ``message_id`` is the delivery's id, by which its receiver knows it again; ``cause``
    is what it came from, as far as that is known; ``span`` that of its publishing."""
    own = {CORRELATION: cause.correlation} if cause.correlation else {}
    return Message(
        CASES,
        row.recipient,
        row.body,
        content_type="application/json",
        message_id=row.id,
        type=row.kind,
        at=row.queued_at,
        headers={"cdr-case": row.case, "cdr-version": row.version, **own, **span.carried},
    )
