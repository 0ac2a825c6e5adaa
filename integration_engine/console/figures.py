"""What the first pages show: counts, codes and states out of the store, and the broker's queues. Nothing about a child."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from integration_engine.pointer_words import in_words, is_late
from integration_engine.store import outbox, overview, pointers
from integration_engine.store.audit import Entry, append
from integration_engine.store.database import Store, table
from integration_engine.store.overview import RaisedAlarm, RecentCase
from integration_engine.store.retractions import retractions
from integration_engine.store.tables import DeliveryRow, ReviewRow

_SHOWN = 20
# How far back the lists are gathered from before they are cut to what is shown.
_GATHERED = 200

_DELIVERY, _REVIEW = table(DeliveryRow), table(ReviewRow)


@dataclass(frozen=True, slots=True)
class QueueFigure:
    """One queue now, as the broker says; ``oldest_seconds`` where it is known."""

    name: str
    messages: int
    consumers: int
    oldest_seconds: int | None = None


Queues = Callable[[], Sequence[QueueFigure]]
"""The broker's queues now. May raise OSError or a broker library's error where it is away."""


@dataclass(frozen=True, slots=True)
class RefusalLine:
    """Refusals of one partner for one reason."""

    kind: str
    partner: str
    reason: str
    times: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One delivery in a recipient's list. ``state`` is ``waiting``, ``acknowledged`` or ``declined``."""

    number: int
    id: str
    case: str
    version: int
    kind: str
    at: datetime
    state: str


@dataclass(frozen=True, slots=True)
class RetractionLine:
    """A retraction that its recipient has yet to acknowledge. ``late`` says why it is late, None while it isn't."""

    delivery: str
    recipient: str
    case: str
    rule: str
    state: str
    at: datetime
    seconds: int
    late: str | None


@dataclass(frozen=True, slots=True)
class PointerLine:
    """An event whose record is still to be fetched. ``why`` is in words; ``late``: somebody should look."""

    id: str
    partner: str
    event: str
    why: str
    seconds: int
    attempts: int
    next_at: datetime
    late: bool


@dataclass(frozen=True)
class Overview:
    """The operators' first page. ``today`` counts by verdict (UTC day); ``hidden`` restricted cases are among the recent
    ones and not shown to this role."""

    at: datetime
    today: Mapping[str, int]
    cases: Sequence[RecentCase]
    by_state: Mapping[str, int]
    hidden: int
    refusals: Sequence[RefusalLine]
    alarms: Sequence[RaisedAlarm]
    reviews: Mapping[str, int]
    outbox: int
    outbox_oldest_seconds: int | None
    unanswered: int
    retractions: Sequence[RetractionLine] = ()
    pointers: Sequence[PointerLine] = ()


class Figures:
    """Reads the figures. May raise the store's Transient."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        retraction_limit: timedelta = timedelta(hours=1),
    ) -> None:
        self._store = store
        self._clock = clock
        self._retraction_limit = retraction_limit

    def overview(self, *, restricted: bool) -> Overview:
        """``restricted``: whether the one who looks may see restricted cases in the list."""
        now = self._clock()
        recent = overview.recent_cases(self._store, _GATHERED)
        shown = [case for case in recent if restricted or not case.restricted]
        depth = outbox.depth(self._store)
        return Overview(
            at=now,
            today=self._today(now),
            cases=shown[:_SHOWN],
            by_state=overview.cases_by_state(self._store),
            hidden=len(recent) - len(shown),
            refusals=_gathered(overview.refusals(self._store, _GATHERED))[:_SHOWN],
            alarms=overview.alarms(self._store, _SHOWN),
            reviews=self._count_by(_REVIEW.c.kind, _REVIEW.c.closed_at.is_(None)),
            outbox=depth.waiting,
            outbox_oldest_seconds=None if depth.oldest is None else max(0, int((now - depth.oldest).total_seconds())),
            unanswered=sum(self._count_by(_DELIVERY.c.kind, *_unanswered()).values()),
            retractions=self._retractions(now),
            pointers=self._pointers(now),
        )

    def _retractions(self, now: datetime) -> list[RetractionLine]:
        """Those outstanding, the longest waiting first. A restricted case's too: somebody has to chase them, and an id is
        all that is shown."""
        return [
            RetractionLine(
                each.delivery,
                each.recipient,
                each.case,
                each.rule,
                each.state,
                each.sent_at,
                max(0, int(each.waited(now).total_seconds())),
                each.late(now, self._retraction_limit),
            )
            for each in retractions(self._store, outstanding=True)
        ]

    def _pointers(self, now: datetime) -> list[PointerLine]:
        """Those that wait, the longest first."""
        return [
            PointerLine(
                each.id,
                each.partner,
                each.event,
                in_words(each.why),
                max(0, int((now - each.received_at).total_seconds())),
                each.attempts,
                each.next_at,
                is_late(each.received_at, now),
            )
            for each in pointers.waiting(self._store, _SHOWN)
        ]

    def deliveries(self, recipient: str, by: str, limit: int = 100) -> Sequence[DeliveryLine]:
        """A recipient's deliveries, newest first, without their content. The look is audited: ``by`` is who looks."""
        c = _DELIVERY.c
        columns = (c.sequence, c.id, c.case_id, c.version, c.kind, c.queued_at, c.acknowledged_at, c.declined_at)
        query = select(*columns).where(c.recipient == recipient).order_by(c.sequence.desc()).limit(limit)
        with self._store.reading() as transaction:
            rows = transaction.connection.execute(query).all()
        if rows:
            with self._store.transaction() as transaction:
                seen = {"deliveries": [row.id for row in rows]}
                append(transaction, self._clock(), [Entry("deliveries.listed", recipient, seen, by)])
        return [_line(row) for row in rows]

    def _today(self, now: datetime) -> Mapping[str, int]:
        today: Counter[str] = Counter()
        for counted in overview.counts(self._store, now.date()):
            today[counted.verdict] += counted.items
        return today

    def _count_by(self, column: Any, *where: Any) -> dict[str, int]:
        query = select(column, func.count()).where(*where).group_by(column)
        with self._store.reading() as transaction:
            return {value: int(number) for value, number in transaction.connection.execute(query)}


def _unanswered() -> tuple[Any, ...]:
    c = _DELIVERY.c
    return (c.acknowledged_at.is_(None), c.declined_at.is_(None), c.recipient.startswith("cdop.", autoescape=True))


def _gathered(refused: Sequence[overview.RefusedMessage]) -> list[RefusalLine]:
    lines: dict[tuple[str, str, str], RefusalLine] = {}
    for one in refused:
        key = (one.kind, one.partner, one.reason)
        before = lines.get(key)
        times = one.times + (before.times if before else 0)
        lines[key] = RefusalLine(*key, times, max(one.last_at, before.last_at) if before else one.last_at)
    return sorted(lines.values(), key=lambda line: line.last_at, reverse=True)


def _line(row: Any) -> DeliveryLine:
    state = "acknowledged" if row.acknowledged_at else "declined" if row.declined_at else "waiting"
    return DeliveryLine(row.sequence, row.id, row.case_id, row.version, row.kind, row.queued_at, state)
