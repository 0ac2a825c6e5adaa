"""Retractions by recipient: sent when, published, acknowledged by whom and how. Each is tracked until it is acknowledged.

A retraction takes a death back: the child lives, or the case is none of ours. A recipient acknowledges it in its inbox, or
an operator who told it another way records that. One that was overtaken by a later delivery of the same case to the same
recipient needs no answer any more: the later one says how things stand. A declined one is not acknowledged. Nothing here is
about the child.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import delete, select, update

from integration_engine.store import asked
from integration_engine.store.audit import Entry, append
from integration_engine.store.database import Store, Transaction, table
from integration_engine.store.inbox import Alarm, raise_alarms
from integration_engine.store.sealing import seal_json, unseal_json
from integration_engine.store.tables import AlarmRow, DeliveryRow, HoldingRow

_DELIVERY, _HOLDING, _ALARM = table(DeliveryRow), table(HoldingRow), table(AlarmRow)
_LOCK = "retraction-reminders"

How = Literal["telephone", "email", "in-person", "letter", "other-system"]
HOW: tuple[How, ...] = ("telephone", "email", "in-person", "letter", "other-system")
DISPATCH_LIMIT = timedelta(minutes=5)
"""Within which a retraction must have left for every earlier recipient (rules.md, Retraction)."""

State = Literal["outstanding", "declined", "acknowledged", "overtaken"]
Late = Literal["not-published", "not-acknowledged"]
_ALARMS: Mapping[Late, str] = {
    "not-published": "retraction-not-published",
    "not-acknowledged": "retraction-not-acknowledged",
}
_CODES = tuple(_ALARMS.values())


class NoRetraction(Exception):
    """There is no such retraction, or it needs no answer any more. ``code`` says which."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Retraction:
    """One retraction to one recipient. ``rule`` is why (``scope.retracted``, ``scope.adult`` ...); ``by`` and ``how`` say
    who answered and by which way."""

    delivery: str
    recipient: str
    case: str
    version: int
    rule: str
    sent_at: datetime
    published_at: datetime | None
    acknowledged_at: datetime | None
    declined_at: datetime | None
    by: str | None
    how: str | None
    overtaken: bool

    @property
    def state(self) -> State:
        """Where it stands. ``declined`` is outstanding too: its recipient doesn't say that it knows."""
        if self.acknowledged_at:
            return "acknowledged"
        if self.overtaken:
            return "overtaken"
        return "declined" if self.declined_at else "outstanding"

    @property
    def outstanding(self) -> bool:
        return self.state in ("outstanding", "declined")

    def waited(self, now: datetime) -> timedelta:
        """From sending to its acknowledgement, or to now."""
        return (self.acknowledged_at or now) - self.sent_at

    def late(self, now: datetime, limit: timedelta) -> Late | None:
        """Why an outstanding one is late: not published within five minutes, or not acknowledged within ``limit``."""
        if not self.outstanding:
            return None
        if self.published_at is None and self.waited(now) > DISPATCH_LIMIT:
            return "not-published"
        return "not-acknowledged" if self.waited(now) > limit else None


def retractions(store: Store, *, outstanding: bool = False) -> tuple[Retraction, ...]:
    """Every retraction, or those that somebody has yet to acknowledge, oldest first. Raises Transient, KeyMissing or
    SealBroken."""
    with store.reading() as transaction:
        rows = transaction.connection.execute(_query(outstanding)).all()
    return tuple(_retraction(store, row) for row in rows)


def told(
    store: Store, delivery: str, *, by: str, how: How, to: str, reason: str, at: datetime, now: datetime
) -> Retraction:
    """Record that a recipient was told another way and said that it knows. ``by`` is who told it, ``to`` whom, ``reason``
    why not by the inbox; ``at`` when. Audited; ``to`` and ``reason`` are sealed, because people write names into them.

    Returns it as acknowledged. Raises NoRetraction ``no-retraction``, ``answered``, ``overtaken`` or ``before-sent``.
    """
    c = _DELIVERY.c
    with store.transaction() as transaction:
        row = transaction.connection.execute(
            _query(False).where(c.id == delivery).with_for_update(of=_DELIVERY)
        ).first()
        if row is None:
            raise NoRetraction("no-retraction", "There is no such retraction.")
        known = _retraction(store, row)
        if not known.outstanding:
            code = "answered" if known.acknowledged_at else "overtaken"
            raise NoRetraction(code, f"This retraction needs no answer any more: it is {known.state}.")
        if at < known.sent_at:
            raise NoRetraction("before-sent", "This retraction was sent later than that.")
        answered = {"acknowledged_at": at, "declined_at": None, "answered_by": by, "answered_how": how}
        noted = seal_json(transaction.keys, {"to": to, "reason": reason})
        transaction.connection.execute(
            update(_DELIVERY).where(c.id == delivery).values(answer_sealed=noted, **answered)
        )
        if row.declined_at is not None:
            asked.taken(transaction, delivery, known.case, now)
        detail = {"case": known.case, "version": known.version, "recipient": known.recipient, "how": how}
        append(transaction, now, [Entry("retraction.told", delivery, {**detail, "at": at.isoformat()}, by)])
        row = transaction.connection.execute(_query(False).where(c.id == delivery)).one()
    return _retraction(store, row)


def note(store: Store, delivery: str) -> Mapping[str, str] | None:
    """What was noted when a recipient was told another way: ``to`` and ``reason``; None where nothing was."""
    with store.reading() as transaction:
        query = select(_DELIVERY.c.answer_sealed).where(_DELIVERY.c.id == delivery)
        sealed = transaction.connection.execute(query).scalar()
    return None if sealed is None else {key: str(value) for key, value in unseal_json(store.keys, sealed).items()}


def remind(
    transaction: Transaction, late: Sequence[tuple[Retraction, Late]], every: timedelta, now: datetime
) -> tuple[tuple[Retraction, Late], ...]:
    """Raise an alarm for each late retraction, and raise it again after ``every``; take back the alarms of those that no
    longer are. Returns those that somebody is reminded of now, each once however many processes look; audited."""
    c = _ALARM.c
    transaction.lock([transaction.keys.blind("lock", _LOCK)])
    query = select(c.id, c.at).where(c.code.in_(_CODES))
    raised = {row.id: row.at for row in transaction.connection.execute(query)}
    alarms = {Alarm(_ALARMS[why], "delivery", each.recipient, each.delivery): (each, why) for each, why in late}
    settled = sorted(raised.keys() - {alarm.id for alarm in alarms})
    if settled:
        transaction.connection.execute(delete(_ALARM).where(c.id.in_(settled)))
    due = {alarm: about for alarm, about in alarms.items() if alarm.id not in raised or raised[alarm.id] + every <= now}
    raise_alarms(transaction, list(due), now, again=True)
    entries = [
        Entry("retraction.reminded", each.delivery, {"case": each.case, "recipient": each.recipient, "why": why})
        for each, why in due.values()
    ]
    if entries:
        append(transaction, now, entries)
    return tuple(due.values())


def _query(outstanding: bool) -> Any:
    c = _DELIVERY.c
    query = (
        select(_DELIVERY, _HOLDING.c.delivery_id.label("held"))
        .outerjoin(_HOLDING, (_HOLDING.c.case_id == c.case_id) & (_HOLDING.c.recipient == c.recipient))
        .where(c.retracts)
        .order_by(c.sequence)
    )
    # One that its recipient doesn't hold any more was overtaken.
    return query.where(c.acknowledged_at.is_(None), _HOLDING.c.delivery_id == c.id) if outstanding else query


def _retraction(store: Store, row: Any) -> Retraction:
    return Retraction(
        delivery=row.id,
        recipient=row.recipient,
        case=row.case_id,
        version=row.version,
        rule=unseal_json(store.keys, row.sealed)["rule"],
        sent_at=row.queued_at,
        published_at=row.published_at,
        acknowledged_at=row.acknowledged_at,
        declined_at=row.declined_at,
        by=row.answered_by,
        how=row.answered_how,
        overtaken=row.held != row.id,
    )


def oldest(found: Sequence[Retraction]) -> datetime | None:
    """When the one that has waited longest was sent."""
    return min((each.sent_at for each in found), default=None)
