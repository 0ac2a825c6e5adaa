"""Assesses what partners try in the sandbox and remembers the assessment, from a thread of its own."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from adapters.adapter import Reading
from integration_engine.conformance.score import assess, written
from integration_engine.duty import doing
from integration_engine.record.codes import PartnerKind
from integration_engine.store.database import Store, StoreError
from integration_engine.store.own_messages import plain_id
from integration_engine.store.rehearsals import Tried, keep

log = logging.getLogger(__name__)

_WRITE_EVERY_S = 0.5
# What is tried while the store is away and doesn't fit is answered all the same, and not remembered.
_MOST_WAITING = 1000


class Rehearsed:
    """``ports.Rehearsals`` over the store."""

    def __init__(self, store: Store, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: list[Tried] = []

    def tried(self, kind: PartnerKind, partner: str, readings: Sequence[Reading]) -> None:
        now = self._clock()
        found = [
            Tried(
                partner,
                kind,
                reading.content_hash,
                plain_id(reading.message_id),
                now,
                reading.verdict,
                reading.reason,
                written(assess(kind, [reading])),
            )
            for reading in readings
        ]
        with self._lock:
            self._waiting += found[: max(0, _MOST_WAITING - len(self._waiting))]

    @contextlib.contextmanager
    def writing(self) -> Iterator["Rehearsed"]:
        """Write for the length of the block, and what is left at its end."""
        try:
            with doing("rehearsals", self.write, _WRITE_EVERY_S):
                yield self
        finally:
            self.write()

    def write(self) -> None:
        """Write what was gathered; what the store can't take now is kept for the next time."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        try:
            with self._store.transaction() as transaction:
                keep(transaction, waiting)
        except StoreError:
            log.warning("rehearsals could not be written yet")
            with self._lock:
                self._waiting = [*waiting, *self._waiting][:_MOST_WAITING]
