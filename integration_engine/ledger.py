"""What goes no further than the front doors, counted for operators: how many were passed over or refused, and why."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from adapters.adapter import Reading
from integration_engine.duty import doing
from integration_engine.store import inbox as came_in
from integration_engine.store.database import Store, StoreError

log = logging.getLogger(__name__)

_COUNT_EVERY_S = 1.0
# Refusals noted while the store is away; what comes on top is counted, its reasons are not kept.
_MOST_NOTED = 5000


class Counted:
    """``ports.Ledger``: gathers counts and writes them to the store once a second, from a thread of its own.

    A door that is flooded with what goes no further must not write to the database once a message. What a killed process
    had not yet written is lost: counts, never messages.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._tally = came_in.Tally()
        self._refusals: dict[tuple[str, str, str, int], came_in.Refusal] = {}

    def note(self, kind: str, partner: str, readings: Sequence[Reading]) -> None:
        with self._lock:
            for reading in readings:
                for item in reading.items:
                    self._tally.add(kind, partner, item.verdict, item.reason)
                for refusal in _refusals(kind, partner, reading) if len(self._refusals) < _MOST_NOTED else ():
                    self._refusals[kind, partner, refusal.content, refusal.position] = refusal

    @contextlib.contextmanager
    def writing(self) -> Iterator["Counted"]:
        """Write for the length of the block, and what is left at its end."""
        try:
            with doing("counts", self.write, _COUNT_EVERY_S):
                yield self
        finally:
            self.write()

    def write(self) -> None:
        """Write what was gathered; what the store can't take now is kept for the next time."""
        with self._lock:
            tally, self._tally = self._tally, came_in.Tally()
            refusals, self._refusals = self._refusals, {}
        if not tally.counts and not refusals:
            return
        try:
            with self._store.transaction() as transaction:
                came_in.count(transaction, tally, self._clock())
                came_in.refuse(transaction, list(refusals.values()), self._clock())
        except StoreError:
            log.warning("counts could not be written yet")
            with self._lock:
                self._tally.counts.update(tally.counts)
                self._refusals = {**refusals, **self._refusals}


def _refusals(kind: str, partner: str, reading: Reading) -> Iterator[came_in.Refusal]:
    for item in reading.items:
        if item.verdict == "refused":
            problems = (*reading.problems, *item.problems)
            yield came_in.Refusal(kind, partner, reading.content_hash, item.index, item.reason, problems)
