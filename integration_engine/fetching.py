"""Fetches the records that national events point to, with patience that grows, and queues them as messages of their own.

What is fetched goes in by the intake like anything a partner sends: the worker reads it, and the state of every case stays a
function of what is in the store. A process that dies in between asks once more; the same record again changes nothing.
Workers share the work: a pointer is one's alone while it is asked about.
"""

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from adapters import registry
from adapters.adapter import Feed, Reading, Submission, content_hash
from adapters.hospital_fhir.answered import is_about
from integration_engine.broker.message import CORRELATION, FEED, Message
from integration_engine.broker.publisher import Publisher
from integration_engine.broker.topology import INTAKE
from integration_engine.demographics import OF_THE_SERVICE, Demographics, Record, Unanswered
from integration_engine.monitoring.counters import COUNTERS, Counters, describe
from integration_engine.monitoring.logs import new_id
from integration_engine.record.age import AgeRules
from integration_engine.stages import reached
from integration_engine.store import pointers
from integration_engine.store.database import Store, StoreError
from integration_engine.store.pointers import KIND, Due

log = logging.getLogger(__name__)

ANSWERS = describe(
    "cdr_pointer_answers_total", "counter",
    "Questions to the demographics service: taken, passed-over, or why the pointer goes on waiting.", "outcome",
)  # fmt: skip

LOOK_EVERY_S = 5.0
_FIRST, _LONGEST = timedelta(seconds=30), timedelta(hours=6)
# A look ends after so many, so that a worker that is asked to stop does.
_AT_ONCE = 20
_NOT_QUEUED, _OTHERS, _NO_DEATH = "not-queued", "another-number", "no-death-in-record"
# Nothing is kept of somebody who lives, but an event says that this one died: the record may only be late.
_LIVING = ("living", "no-death")


@dataclass(frozen=True, slots=True)
class ReadAs:
    """How the worker reads what partners send: their ``feeds``, and who counts as a child."""

    feeds: Callable[[], Sequence[Feed]] = tuple
    age_rules: AgeRules = AgeRules()


class Fetching:
    """Asks for what is due. ``publisher`` must be started, ``user`` is who it publishes as; ``reading`` says how a record is
    read."""

    def __init__(
        self,
        store: Store,
        publisher: Publisher,
        service: Demographics,
        user: str,
        *,
        reading: ReadAs = ReadAs(),
        counters: Counters = COUNTERS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._service = service
        self._user = user
        self._reading = reading
        self._counters = counters
        self._clock = clock

    def look(self) -> bool:
        """Ask about what is due. True where there may be more at once. Raises StoreError."""
        for _ in range(_AT_ONCE):
            if not self._publisher.ready:
                return False
            due = pointers.claim(self._store, self._clock())
            if due is None:
                return False
            outcome = self._asked(due)
            self._counters.add(ANSWERS, outcome=outcome)
            if outcome in OF_THE_SERVICE or outcome == _NOT_QUEUED:
                return False
        return True

    def _asked(self, due: Due) -> str:
        """Ask about one, and settle it or put it off. Returns what came of it. One that we fail on keeps no other waiting."""
        try:
            return self._ask(due, pointers.number_of(self._store, due))
        except Unanswered as problem:
            return self._put_off(due, problem.why, problem.retry_after_s)
        except StoreError:
            raise
        except Exception:
            log.critical("a record could not be dealt with", exc_info=True, extra={"attempt": due.attempts + 1})
            return self._put_off(due, "failed")

    def _ask(self, due: Due, number: str) -> str:
        record = self._service.record(number)
        reached("pointers.fetched")
        if not is_about(record.body, record.content_type, number):
            return self._put_off(due, _OTHERS)
        readings = self._said(due, record)
        if any(reading.statements for reading in readings):
            return self._take(due, record)
        reading = readings[0]
        if reading.verdict == "passed-over" and reading.reason not in _LIVING:
            pointers.pass_over(self._store, due, reading.reason, self._clock())
            return "passed-over"
        return self._put_off(due, _NO_DEATH if reading.verdict == "passed-over" else f"refused.{reading.reason}")

    def _said(self, due: Due, record: Record) -> tuple[Reading, ...]:
        submission = Submission(
            record.body, self._clock(), record.content_type, None, due.partner, self._feed(due), self._reading.age_rules
        )
        return tuple(registry.read(submission, KIND))

    def _feed(self, due: Due) -> Feed | None:
        own = [feed for feed in self._reading.feeds() if feed.partner == due.partner and feed.kind == KIND]
        return next((feed for feed in own if feed.name == due.feed), own[0] if len(own) == 1 else None)

    def _take(self, due: Due, record: Record) -> str:
        feed = {FEED: due.feed} if due.feed else {}
        message = Message(
            INTAKE,
            f"{KIND}.{due.partner}",
            record.body,
            content_type=record.content_type,
            message_id=f"sha256-{content_hash(record.body)}",
            user_id=self._user,
            at=self._clock(),
            headers={CORRELATION: new_id(), **feed},
        )
        (error,) = self._publisher.publish_all([message])
        if error is not None:
            return self._put_off(due, _NOT_QUEUED)
        reached("pointers.published")
        pointers.settle(self._store, due, self._clock())
        reached("pointers.settled")
        log.info("a record is fetched", extra={"partner": due.partner, "attempt": due.attempts + 1})
        return "taken"

    def _put_off(self, due: Due, why: str, asked_s: float | None = None) -> str:
        now = self._clock()
        until = now + max(patience(due.id, due.attempts), min(timedelta(seconds=asked_s or 0), _LONGEST))
        pointers.put_off(self._store, due.id, why, now, until)
        log.warning("a record can't be fetched yet", extra={"code": why, "attempt": due.attempts + 1})
        return why


def patience(pointer: str, attempts: int) -> timedelta:
    """How long to wait after one more question in vain: half a minute, then twice as long each time, six hours at most.
    Spread by a tenth, by the pointer itself, so that what failed together doesn't come back together."""
    doubled = min(_FIRST * float(2 ** min(attempts, 20)), _LONGEST)
    spread = hashlib.sha256(pointer.encode()).digest()[0] / 255
    return doubled * (0.9 + 0.2 * spread)
