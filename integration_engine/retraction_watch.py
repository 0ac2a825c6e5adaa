"""Watches that every retraction reaches its recipients and is acknowledged: numbers to alert on, and reminders that repeat.

A retraction that nobody took note of means a family told that their living child died. Each gateway process looks every
half minute; whoever finds one late raises an alarm for it, and again after a while, until it is acknowledged.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from integration_engine.monitoring.counters import COUNTERS, Counters, describe
from integration_engine.store.database import Store
from integration_engine.store.retractions import oldest, remind, retractions

log = logging.getLogger(__name__)

OUTSTANDING = "cdr_retractions_outstanding"
OLDEST = "cdr_retraction_oldest_seconds"
REMINDERS = "cdr_retraction_reminders_total"
describe(OUTSTANDING, "gauge", "Retractions that a recipient has yet to acknowledge.")
describe(OLDEST, "gauge", "Since when the longest waiting of them waits, in seconds.")
describe(REMINDERS, "counter", "Reminders of late retractions, by what they wait for.", "reason")

LOOK_EVERY_S = 30.0


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
