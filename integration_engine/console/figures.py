"""What the first pages show: counts, codes and states out of the store, and the broker's queues. Nothing about a child.

Everything here stands in clear in the store already; nothing is unsealed to make these pages.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from integration_engine.store.database import Store, Transaction, table
from integration_engine.store.tables import AlarmRow, CaseRow, DeliveryRow, RefusalRow, ReviewRow, TallyRow

_LATEST = 20


@dataclass(frozen=True, slots=True)
class QueueFigure:
    """One queue now. ``consumers`` and ``messages`` as the broker says; ``oldest_seconds`` where it is known."""

    name: str
    messages: int
    consumers: int
    oldest_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One case as operators see it in a list."""

    id: str
    state: str
    rule: str
    lead: str | None
    version: int
    opened_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class RefusalLine:
    """Refusals of one partner for one reason."""

    kind: str
    partner: str
    reason: str
    times: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class AlarmLine:
    code: str
    kind: str
    partner: str
    subject: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One delivery in a panel's list. ``state`` is ``waiting``, ``acknowledged`` or ``declined``."""

    number: int
    id: str
    case: str
    version: int
    kind: str
    at: datetime
    state: str


@dataclass(frozen=True)
class Overview:
    """The operators' first page. ``today`` counts messages by verdict (UTC day); ``hidden`` are restricted cases that this
    role is not shown."""

    at: datetime
    today: dict[str, int]
    cases: tuple[CaseLine, ...]
    by_state: dict[str, int]
    hidden: int
    refusals: tuple[RefusalLine, ...]
    alarms: tuple[AlarmLine, ...]
    reviews: dict[str, int]
    outbox: int
    outbox_oldest_seconds: int | None
    unanswered: int


class Figures:
    """Reads the figures. May raise the store's Transient."""

    def __init__(self, store: Store, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._clock = clock

    def overview(self, *, restricted: bool) -> Overview:
        """``restricted``: whether the one who looks may see restricted cases in the list."""
        now = self._clock()
        with self._store.reading() as transaction:
            outbox, oldest = _outbox(transaction)
            return Overview(
                at=now,
                today=_today(transaction, now),
                cases=_cases(transaction, restricted),
                by_state=_by_state(transaction),
                hidden=0 if restricted else _hidden(transaction),
                refusals=_refusals(transaction),
                alarms=_alarms(transaction),
                reviews=_reviews(transaction),
                outbox=outbox,
                outbox_oldest_seconds=None if oldest is None else max(0, int((now - oldest).total_seconds())),
                unanswered=_unanswered(transaction),
            )

    def deliveries(self, cdop: str, limit: int = 100) -> tuple[DeliveryLine, ...]:
        """A panel's deliveries, newest first."""
        c = table(DeliveryRow).c
        query = select(table(DeliveryRow)).where(c.recipient == f"cdop.{cdop}").order_by(c.sequence.desc()).limit(limit)
        with self._store.reading() as transaction:
            return tuple(_delivery(row) for row in transaction.connection.execute(query))


def _today(transaction: Transaction, now: datetime) -> dict[str, int]:
    c = table(TallyRow).c
    query = select(c.verdict, func.sum(c.messages)).where(c.day == now.date().isoformat()).group_by(c.verdict)
    counted: Counter[str] = Counter({verdict: int(number) for verdict, number in transaction.connection.execute(query)})
    return dict(counted)


def _cases(transaction: Transaction, restricted: bool) -> tuple[CaseLine, ...]:
    c = table(CaseRow).c
    columns = (c.id, c.state, c.rule, c.lead, c.version, c.opened_at, c.changed_at)
    query = select(*columns).where(c.merged_into.is_(None)).order_by(c.changed_at.desc(), c.id).limit(_LATEST)
    if not restricted:
        query = query.where(c.restricted.is_(False))
    return tuple(CaseLine(*row) for row in transaction.connection.execute(query))


def _by_state(transaction: Transaction) -> dict[str, int]:
    c = table(CaseRow).c
    query = select(c.state, func.count()).where(c.merged_into.is_(None)).group_by(c.state)
    return {state: int(number) for state, number in transaction.connection.execute(query)}


def _hidden(transaction: Transaction) -> int:
    c = table(CaseRow).c
    query = select(func.count()).where(c.restricted.is_(True), c.merged_into.is_(None))
    return int(transaction.connection.execute(query).scalar_one())


def _refusals(transaction: Transaction) -> tuple[RefusalLine, ...]:
    c = table(RefusalRow).c
    last = func.max(c.last_at)
    columns = (c.kind, c.partner, c.reason, func.sum(c.times), last)
    query = select(*columns).group_by(c.kind, c.partner, c.reason).order_by(last.desc()).limit(_LATEST)
    return tuple(
        RefusalLine(kind, partner, reason, int(times), at)
        for kind, partner, reason, times, at in transaction.connection.execute(query)
    )


def _alarms(transaction: Transaction) -> tuple[AlarmLine, ...]:
    c = table(AlarmRow).c
    query = select(c.code, c.kind, c.partner, c.subject, c.at).order_by(c.at.desc()).limit(_LATEST)
    return tuple(AlarmLine(*row) for row in transaction.connection.execute(query))


def _reviews(transaction: Transaction) -> dict[str, int]:
    c = table(ReviewRow).c
    query = select(c.kind, func.count()).where(c.closed_at.is_(None)).group_by(c.kind)
    return {kind: int(number) for kind, number in transaction.connection.execute(query)}


def _outbox(transaction: Transaction) -> tuple[int, datetime | None]:
    c = table(DeliveryRow).c
    query = select(func.count(), func.min(c.queued_at)).where(c.published_at.is_(None))
    number, oldest = transaction.connection.execute(query).one()
    return int(number), oldest


def _unanswered(transaction: Transaction) -> int:
    c = table(DeliveryRow).c
    query = select(func.count()).where(c.acknowledged_at.is_(None), c.declined_at.is_(None))
    return int(transaction.connection.execute(query).scalar_one())


def _delivery(row: Any) -> DeliveryLine:
    state = "acknowledged" if row.acknowledged_at else "declined" if row.declined_at else "waiting"
    return DeliveryLine(row.sequence, row.id, row.case_id, row.version, row.kind, row.queued_at, state)


Queues = Callable[[], Sequence[QueueFigure]]
"""The broker's queues now. May raise OSError or a broker library's error where it is away."""
