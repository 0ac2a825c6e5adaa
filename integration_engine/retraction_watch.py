"""Watches that every retraction reaches its recipients and is acknowledged: numbers to alert on, and reminders that repeat.

A retraction that nobody took note of means a family told that their living child died. Each gateway process looks every
half minute; whoever finds one late raises an alarm for it, and again after a while, until it is acknowledged.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from integration_engine.monitoring.counters import COUNTERS, Counters
from integration_engine.security.keys import KeyMissing, SealBroken
from integration_engine.store.database import Store, StoreError
from integration_engine.store.retractions import oldest, remind, retractions

log = logging.getLogger(__name__)

OUTSTANDING = "cdr_retractions_outstanding"
OLDEST = "cdr_retraction_oldest_seconds"
REMINDERS = "cdr_retraction_reminders_total"
COUNTERS.describe(OUTSTANDING, "gauge", "Retractions that a recipient has yet to acknowledge.")
COUNTERS.describe(OLDEST, "gauge", "Since when the longest waiting of them waits, in seconds.")
COUNTERS.describe(REMINDERS, "counter", "Reminders of late retractions, by what they wait for.")

_LOOK_EVERY_SECONDS = 30.0


class RetractionWatch:
    """``limit``: how long a recipient may take to acknowledge; ``every``: how soon a late one is brought up again."""

    def __init__(
        self,
        store: Store,
        *,
        limit: timedelta,
        every: timedelta,
        counters: Counters = COUNTERS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._limit = limit
        self._every = every
        self._counters = counters
        self._clock = clock
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retractions", daemon=True)

    @contextlib.contextmanager
    def looking(self) -> Iterator["RetractionWatch"]:
        """Look for the length of the block."""
        self._thread.start()
        try:
            yield self
        finally:
            self._stopped.set()
            self._thread.join()

    def look(self) -> None:
        """Put the numbers right and remind of what is late. Raises StoreError."""
        now = self._clock()
        found = retractions(self._store, outstanding=True)
        since = oldest(found)
        self._counters.put(OUTSTANDING, len(found))
        self._counters.put(OLDEST, 0 if since is None else max(0.0, (now - since).total_seconds()))
        late = [(each, why) for each in found if (why := each.late(now, self._limit))]
        with self._store.transaction() as transaction:
            reminded = remind(transaction, late, self._every, now)
        for each, why in reminded:
            self._counters.add(REMINDERS, reason=why)
            log.error(
                "a retraction is outstanding",
                extra={"code": why, "case": each.case, "delivery": each.delivery, "queue": each.recipient},
            )

    def _run(self) -> None:
        while True:
            try:
                self.look()
            except (StoreError, KeyMissing, SealBroken) as problem:
                log.warning("retractions could not be looked at", extra={"code": problem.code})
            if self._stopped.wait(_LOOK_EVERY_SECONDS):
                return
