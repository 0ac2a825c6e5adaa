"""When each running clock of each case is due, how far it was raised, and the events raised about it. No patient data.

Written in the transaction that decides the case; raised by whichever process looks first, each event once. What was raised
is published from here: a row without ``published_at`` is still to go out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Column, ForeignKey, Index, Text, and_, bindparam, delete, or_, select, text, update
from sqlmodel import Field, SQLModel

from integration_engine.record.clock_event import ClockEvent, ClockRule, Stage, soon_at, stage_of
from integration_engine.store.database import Store, Transaction, table
from integration_engine.store.outbox import long_since
from integration_engine.store.tables import CaseRow, DeliveryRow, Instant

ARMED, TOLD = "armed", "told"
"""Stages of a stored clock beside ``soon`` and ``overdue``: nothing raised yet; nothing to raise, because the engine's own
delivery did what it asks."""
_RAISED = ("soon", "overdue")
CLAIM_LASTS = timedelta(seconds=60)


class ClockRow(SQLModel, table=True):
    """One running clock of one case: when it is due and how far it was raised. Written with its case, so no reference is
    checked for each."""

    __tablename__ = "clock"
    __table_args__ = (Index("ix_clock_stage", "stage", "clock", "due"),)
    case_id: str = Field(sa_column=Column(Text, primary_key=True))
    clock: str = Field(sa_column=Column(Text, primary_key=True))
    due: datetime = Field(sa_column=Column(Instant, nullable=False))
    stage: str = Field(sa_column=Column(Text, nullable=False))


class ClockEventRow(SQLModel, table=True):
    """One event, as raised. Its id is made of what it is about, so that it can't be raised twice."""

    __tablename__ = "clock_event"
    __table_args__ = (
        Index("ix_clock_event_case_id", "case_id"),
        Index(
            "ix_clock_event_unpublished",
            "raised_at",
            sqlite_where=text("published_at IS NULL"),
            postgresql_where=text("published_at IS NULL"),
        ),
    )
    id: str = Field(sa_column=Column(Text, primary_key=True))
    case_id: str = Field(sa_column=Column(Text, ForeignKey("cases.id"), nullable=False))
    clock: str = Field(sa_column=Column(Text, nullable=False))
    about: str = Field(sa_column=Column(Text, nullable=False))
    due: datetime = Field(sa_column=Column(Instant, nullable=False))
    stage: str = Field(sa_column=Column(Text, nullable=False))
    raised_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    claimed_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))
    published_at: datetime | None = Field(default=None, sa_column=Column(Instant, nullable=True))


_CLOCK, _EVENT = table(ClockRow), table(ClockEventRow)
_CASE, _DELIVERY = table(CaseRow), table(DeliveryRow)


@dataclass(frozen=True, slots=True)
class Raised:
    """An event with what an outside tool may know of its case. Of a restricted case that is the id alone."""

    event: ClockEvent
    lead: str | None
    restricted: bool
    raised_at: datetime


def keep_clocks(transaction: Transaction, wanted: Mapping[str, Mapping[str, datetime]], now: datetime) -> None:
    """Bring the stored clocks of these cases to ``wanted`` (clock to due time, by case; none for a case that has ended).

    A clock that moved is armed anew; what had been raised about one that moved or is gone is cleared.
    """
    if not wanted:
        return
    query = select(_CLOCK).where(transaction.among(_CLOCK.c.case_id, wanted)).with_for_update()
    held = {(row.case_id, row.clock): row for row in transaction.connection.execute(query)}
    asked = {(name, clock): due for name, clocks in wanted.items() for clock, due in clocks.items()}
    changed = {key: due for key, due in asked.items() if key not in held or held[key].due != due}
    gone = [key for key in held if key not in asked]
    raise_events(
        transaction,
        [
            ClockEvent(row.case_id, row.clock, row.due, "cleared")
            for key, row in held.items()
            if row.stage in _RAISED and (key in changed or key not in asked)
        ],
        now,
    )
    for name, clock in gone:
        transaction.connection.execute(delete(_CLOCK).where(_CLOCK.c.case_id == name, _CLOCK.c.clock == clock))
    rows = [
        {"case_id": name, "clock": clock, "due": due, "stage": ARMED} for (name, clock), due in sorted(changed.items())
    ]
    transaction.upsert(ClockRow, rows, replace=["due", "stage"])


def raise_events(transaction: Transaction, events: Iterable[ClockEvent], now: datetime) -> None:
    """Write events to be published. One that was raised before is not raised again, unless it was cleared in between: a due
    time that comes back is news."""
    rows = [
        {
            "id": event.id,
            "case_id": event.case,
            "clock": event.clock,
            "about": event.about,
            "due": event.due,
            "stage": event.stage,
            "raised_at": now,
            "claimed_at": None,
            "published_at": None,
        }
        for event in events
    ]
    transaction.upsert(ClockEventRow, rows, replace=["raised_at", "claimed_at", "published_at"])


def raise_due(store: Store, now: datetime, rules: Mapping[str, ClockRule], limit: int = 500) -> tuple[ClockEvent, ...]:
    """Raise what has become soon due or overdue, at most ``limit``; call again while it returns any.

    Several processes may look at once: each clock is one's alone while it is raised. Raises Transient.
    """
    while True:
        looked_at, events = _raise_some(store, now, rules, limit)
        # A whole lot that a delivery of the engine's own has met raises nothing, and isn't the end.
        if events or looked_at < limit:
            return events


def _raise_some(
    store: Store, now: datetime, rules: Mapping[str, ClockRule], limit: int
) -> tuple[int, tuple[ClockEvent, ...]]:
    """Bring so many clocks to the stage they have reached. Returns how many were, and the events raised."""
    with store.transaction() as transaction:
        query = (
            select(_CLOCK, _CASE.c.lead)
            .join(_CASE, _CASE.c.id == _CLOCK.c.case_id)
            .where(_reached(now, rules))
            .order_by(_CLOCK.c.due)
            .limit(limit)
            .with_for_update(skip_locked=True, of=_CLOCK)
        )
        rows = transaction.connection.execute(query).all()
        told = _told(transaction, rows, rules)
        events: list[ClockEvent] = []
        stages: list[dict[str, str]] = []
        for row in rows:
            stage = stage_of(row.due, soon_at(row.clock, row.due, rules), now)
            if (row.case_id, row.clock) in told:
                stages.append({"at_case": row.case_id, "at_clock": row.clock, "reached": TOLD})
            elif stage:
                stages.append({"at_case": row.case_id, "at_clock": row.clock, "reached": stage})
                events.append(ClockEvent(row.case_id, row.clock, row.due, stage))
        if stages:
            at = and_(_CLOCK.c.case_id == bindparam("at_case"), _CLOCK.c.clock == bindparam("at_clock"))
            transaction.connection.execute(update(_CLOCK).where(at).values(stage=bindparam("reached")), stages)
        raise_events(transaction, events, now)
    return len(stages), tuple(events)


def _reached(now: datetime, rules: Mapping[str, ClockRule]) -> Any:
    """Clocks that are further than they were raised."""
    c = _CLOCK.c
    warned = [
        and_(c.stage == ARMED, c.clock == name, c.due <= now + rule.soon) for name, rule in rules.items() if rule.soon
    ]
    return or_(and_(c.stage.in_((ARMED, "soon")), c.due < now), *warned)


def _told(transaction: Transaction, rows: Sequence[Any], rules: Mapping[str, ClockRule]) -> set[tuple[str, str]]:
    """The clocks that a delivery of the engine's own has met: the broker has confirmed one to the panel that leads."""
    asked = {row.case_id: row.lead for row in rows if row.lead and _by_delivery(row.clock, rules)}
    if not asked:
        return set()
    query = select(_DELIVERY.c.case_id, _DELIVERY.c.recipient).where(
        _DELIVERY.c.case_id.in_(sorted(asked)), _DELIVERY.c.published_at.is_not(None), _DELIVERY.c.kind != "withdraw"
    )
    sent = transaction.connection.execute(query)
    reached = {row.case_id for row in sent if row.recipient == f"cdop.{asked[row.case_id]}"}
    return {(row.case_id, row.clock) for row in rows if row.case_id in reached and _by_delivery(row.clock, rules)}


def _by_delivery(clock: str, rules: Mapping[str, ClockRule]) -> bool:
    return clock in rules and rules[clock].told_by == "lead"


def claim_events(store: Store, limit: int, now: datetime) -> tuple[Raised, ...]:
    """Take events that are still to be published, oldest first; they are this caller's for a minute. Raises Transient."""
    c = _EVENT.c
    with store.transaction() as transaction:
        query = (
            select(_EVENT, _CASE.c.lead, _CASE.c.restricted)
            .join(_CASE, _CASE.c.id == c.case_id)
            .where(c.published_at.is_(None), or_(c.claimed_at.is_(None), *long_since(c.claimed_at, CLAIM_LASTS, now)))
            .order_by(c.raised_at, c.id)
            .limit(limit)
            .with_for_update(skip_locked=True, of=_EVENT)
        )
        rows = transaction.connection.execute(query).all()
        if rows:
            claimed = update(_EVENT).where(c.id.in_([row.id for row in rows])).values(claimed_at=now)
            transaction.connection.execute(claimed)
    return tuple(Raised(_event(r), r.lead, bool(r.restricted), r.raised_at) for r in rows)


def _event(row: Any) -> ClockEvent:
    return ClockEvent(row.case_id, row.clock, row.due, cast(Stage, row.stage), row.about)


def events_published(store: Store, raised: Iterable[Raised], now: datetime) -> None:
    """Note that the broker has confirmed these. One that was raised again while it was on its way is still to be published:
    what the broker has is the raising before. Raises Transient."""
    done = [{"event": each.event.id, "at": each.raised_at} for each in sorted(raised, key=lambda each: each.event.id)]
    if done:
        this_one = and_(_EVENT.c.id == bindparam("event"), _EVENT.c.raised_at == bindparam("at"))
        with store.transaction() as transaction:
            transaction.connection.execute(update(_EVENT).where(this_one).values(published_at=now), done)
