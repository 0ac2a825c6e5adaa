"""The outbox: deliveries written with the cases they come from, published after commit, swept up where a process died."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy import case as sql_case

from integration_engine.store.database import Store, Transaction, table
from integration_engine.store.sealing import seal, unseal, unseal_json
from integration_engine.store.tables import CaseRow, DeliveryRow, HoldingRow

_DELIVERY, _HOLDING, _CASE = table(DeliveryRow), table(HoldingRow), table(CaseRow)
JAR_PREFIX = "jar."
WITHDRAW = "withdraw"
JAR_TURN, WITHDRAWALS_TURN, LAST_TURN = 0, 1, 2
"""The order of publishing. A team that has to set out, and a family that may be told that their living child died, never
wait behind ordinary cases."""
# A sweeper that has claimed a delivery publishes it within this long, or another may.
CLAIM_LASTS = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One delivery to publish. ``recipient`` is the routing key (``cdop.BERKS``, ``jar.JAR-OXON``, ``national.ncmd``),
    ``kind`` goes into ``type``, ``case`` and ``version`` into headers; ``body`` is ``case-delivery/1`` JSON. ``retracts``:
    it takes a death back. ``came_of``: the new notices it came of, known to who decided it and not kept."""

    id: str
    recipient: str
    kind: str
    case: str
    version: int
    queued_at: datetime
    body: bytes = field(repr=False)
    retracts: bool = False
    came_of: tuple[str, ...] = field(default=(), compare=False)

    @property
    def turn(self) -> int:
        """Which turn of publishing it goes in, the lowest first."""
        if self.recipient.startswith(JAR_PREFIX):
            return JAR_TURN
        return WITHDRAWALS_TURN if self.kind == WITHDRAW else LAST_TURN


@dataclass(frozen=True, slots=True)
class Holding:
    """What a recipient was last sent about a case: how that stands, and the envelope."""

    recipient: str
    standing: str
    envelope: Mapping[str, Any]


def holdings(transaction: Transaction, cases: Iterable[str]) -> dict[str, list[Holding]]:
    """What every recipient holds of these cases, by case. Holders of cases merged into one of them are among its own,
    as holders of a pointer: what becomes of the child concerns them too."""
    names = set(cases)
    if not names:
        return {}
    merged = select(_CASE.c.id, _CASE.c.merged_into).where(transaction.among(_CASE.c.merged_into, names))
    became = {row.id: row.merged_into for row in transaction.connection.execute(merged)}
    query = (
        select(_HOLDING.c.case_id, _HOLDING.c.recipient, _HOLDING.c.standing, _DELIVERY.c.sealed)
        .join(_DELIVERY, _DELIVERY.c.id == _HOLDING.c.delivery_id)
        .where(transaction.among(_HOLDING.c.case_id, names | became.keys()))
        .order_by(_HOLDING.c.case_id, _HOLDING.c.recipient)
    )
    found: dict[str, dict[str, Holding]] = {}
    inherited: list[tuple[str, Holding]] = []
    for row in transaction.connection.execute(query):
        envelope = unseal_json(transaction.keys, row.sealed)
        if row.case_id in names:
            found.setdefault(row.case_id, {})[row.recipient] = Holding(row.recipient, row.standing, envelope)
        if row.case_id in became and row.standing != "withdrawn":
            inherited.append((became[row.case_id], Holding(row.recipient, "pointer", envelope)))
    for case, holding in inherited:
        found.setdefault(case, {}).setdefault(holding.recipient, holding)
    return {case: list(held.values()) for case, held in found.items()}


def write(transaction: Transaction, rows: Sequence[OutboxRow], standings: Mapping[str, str], first_number: int) -> None:
    """Write deliveries under rising numbers, and note what each recipient now holds (``standings`` by delivery id)."""
    transaction.insert(
        DeliveryRow,
        [
            {
                "id": row.id,
                "sequence": first_number + n,
                "recipient": row.recipient,
                "case_id": row.case,
                "version": row.version,
                "kind": row.kind,
                "queued_at": row.queued_at,
                "retracts": row.retracts,
                "sealed": seal(transaction.keys, row.body),
            }
            for n, row in enumerate(rows)
        ],
    )
    held = [
        {"case_id": r.case, "recipient": r.recipient, "delivery_id": r.id, "standing": standings[r.id]} for r in rows
    ]
    transaction.upsert(HoldingRow, held, replace=["delivery_id", "standing"])


def mark_published(store: Store, ids: Iterable[str], now: datetime) -> None:
    """Note that the broker has confirmed these deliveries. Raises Transient."""
    names = sorted(ids)
    if names:
        with store.transaction() as transaction:
            ours = transaction.among(_DELIVERY.c.id, names)
            unpublished = update(_DELIVERY).where(ours, _DELIVERY.c.published_at.is_(None))
            transaction.connection.execute(unpublished.values(published_at=now))


def claim(
    store: Store, limit: int, older_than: timedelta, now: datetime, *, urgent: bool = False
) -> tuple[OutboxRow, ...]:
    """Take deliveries that nobody has published though they have waited this long: JAR notifications, then withdrawals,
    then the rest (``urgent``: not the rest).

    They are this caller's for a minute; another sweeper gets others. Publish them, then ``mark_published``.
    """
    c = _DELIVERY.c
    to_jar = c.recipient.startswith(JAR_PREFIX, autoescape=True)
    turn = sql_case((to_jar, JAR_TURN), (c.kind == WITHDRAW, WITHDRAWALS_TURN), else_=LAST_TURN)
    with store.transaction() as transaction:
        query = (
            select(_DELIVERY)
            .where(
                c.published_at.is_(None),
                or_(*long_since(c.queued_at, older_than, now)),
                or_(c.claimed_at.is_(None), *long_since(c.claimed_at, CLAIM_LASTS, now)),
                *([or_(to_jar, c.kind == WITHDRAW)] if urgent else []),
            )
            .order_by(turn, c.sequence)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        rows = transaction.connection.execute(query).all()
        if rows:
            claimed = update(_DELIVERY).where(c.id.in_([row.id for row in rows])).values(claimed_at=now)
            transaction.connection.execute(claimed)
    return _rows(store, rows)


def long_since(at: Any, lasts: timedelta, now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Either of two ways for a time noted in a column to be over: so long ago, or as far ahead. Whoever noted that had a
    clock that ran ahead, and what it did would otherwise be nobody's until then."""
    return at <= now - lasts, at > now + lasts


def unpublished_before(store: Store, withdrawals: Sequence[OutboxRow]) -> tuple[OutboxRow, ...]:
    """What the recipients of these withdrawals were to be sent earlier and nobody has published yet, oldest first: of the
    same cases and of those merged into them. It has to go out before them, or what arrives last would open the case anew."""
    if not withdrawals:
        return ()
    c, later = _DELIVERY.c, _DELIVERY.alias("later")
    about = or_(later.c.case_id == c.case_id, later.c.case_id == _CASE.c.merged_into)
    query = (
        select(_DELIVERY)
        .select_from(_DELIVERY)
        .join(_CASE, _CASE.c.id == c.case_id)
        .join(later, and_(about, later.c.recipient == c.recipient, later.c.sequence > c.sequence))
        .where(later.c.id.in_([row.id for row in withdrawals]), c.published_at.is_(None))
        .order_by(c.sequence)
    )
    with store.reading() as transaction:
        rows = transaction.connection.execute(query).all()
    return _rows(store, {row.id: row for row in rows}.values())


def _rows(store: Store, rows: Iterable[Any]) -> tuple[OutboxRow, ...]:
    return tuple(
        OutboxRow(
            r.id, r.recipient, r.kind, r.case_id, r.version, r.queued_at, unseal(store.keys, r.sealed), r.retracts
        )
        for r in rows
    )


@dataclass(frozen=True, slots=True)
class Depth:
    """How many deliveries wait to be published, and since when the oldest does."""

    waiting: int
    oldest: datetime | None


def depth(store: Store) -> Depth:
    """How full the outbox is."""
    query = select(func.count(), func.min(_DELIVERY.c.queued_at)).where(_DELIVERY.c.published_at.is_(None))
    with store.reading() as transaction:
        waiting, oldest = transaction.connection.execute(query).one()
    return Depth(int(waiting), oldest)


def body(envelope: Mapping[str, Any]) -> bytes:
    """An envelope as it travels."""
    return orjson.dumps(dict(envelope))
