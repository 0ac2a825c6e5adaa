"""What recipients ask a person about a case: what they sent back (``declined``), and whom one panel asks to lead it
(``transfer``). Each is a question for as long as it is one: until a decision settles it, its recipient has taken the delivery
all the same, or the case has ended; a proposal also until another panel leads the case."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update

from integration_engine.record.decision import review_id
from integration_engine.store.cases import resolve_id
from integration_engine.store.database import Transaction, table
from integration_engine.store.sealing import seal_json, unseal_json
from integration_engine.store.tables import CaseRow, HoldingRow, ReviewRow

_CASE, _HOLDING, _REVIEW = table(CaseRow), table(HoldingRow), table(ReviewRow)
DECLINED, TRANSFER = "declined", "transfer"
_ASKED = (DECLINED, TRANSFER)
OVER = ("withdrawn", "out-of-scope")
"""States of a case that has ended."""


def ask(transaction: Transaction, kind: str, a: str, case: str, told: Mapping[str, Any], now: datetime) -> str:
    """Ask a person about a case, or ask again; the question's id. ``a`` is the delivery that was sent back, the proposal that
    was declined, or the panel that is asked to lead; ``told`` is sealed: people write names into reasons."""
    row = {
        "id": review_id(kind, a, case),
        "kind": kind,
        "a": a,
        "b": case,
        "score": None,
        "opened_at": now,
        "closed_at": None,
        "outcome": None,
        "sealed": seal_json(transaction.keys, told),
    }
    transaction.upsert(ReviewRow, [row], replace=["opened_at", "closed_at", "outcome", "sealed"])
    return str(row["id"])


def said_of(transaction: Transaction, delivery: str, case: str) -> Mapping[str, Any] | None:
    """What was told when this delivery was last sent back, whether or not that is settled; None where it never was."""
    query = select(_REVIEW.c.sealed).where(_REVIEW.c.id == review_id(DECLINED, delivery, case))
    row = transaction.connection.execute(query).first()
    return None if row is None else unseal_json(transaction.keys, row.sealed)


def is_over(transaction: Transaction, recipient: str, delivery: str, case: str) -> bool:
    """Whether a case has ended, and the recipient that sends a delivery of it back was told so since."""
    holding = select(_HOLDING.c.delivery_id).where(_HOLDING.c.case_id == case, _HOLDING.c.recipient == recipient)
    held = transaction.connection.execute(holding).scalar()
    state = transaction.connection.execute(select(_CASE.c.state).where(_CASE.c.id == resolve_id(transaction, case)))
    return held != delivery and state.scalar() in OVER


def taken(transaction: Transaction, delivery: str, case: str, now: datetime) -> None:
    """Its recipient has taken a delivery that it had sent back: nobody has to settle that."""
    _close(transaction, _REVIEW.c.id == review_id(DECLINED, delivery, case), "acknowledged", now)


def settle_asked(
    transaction: Transaction, cases: Collection[str], kinds: Collection[str], outcome: str, now: datetime
) -> None:
    """Close what was asked about these cases, and about those that became part of them, where a decision of a kind that
    settles it was taken."""
    asked = [kind for kind in _ASKED if kind in kinds]
    if asked and cases:
        _close(transaction, _REVIEW.c.kind.in_(asked) & _about(cases), outcome, now)


def settle_gone(
    transaction: Transaction, ended: Collection[str], left: Collection[str], outcome: str, now: datetime
) -> None:
    """Close everything that was asked about cases that end now, and of those that another panel leads from now on (``left``)
    what the one before proposed."""
    if ended:
        _close(transaction, _REVIEW.c.kind.in_(_ASKED) & _about(ended), outcome, now)
    if left:
        _close(transaction, (_REVIEW.c.kind == TRANSFER) & _about(left), outcome, now)


def _about(cases: Collection[str]) -> ColumnElement[bool]:
    named = sorted(cases)
    return or_(_REVIEW.c.b.in_(named), _REVIEW.c.b.in_(select(_CASE.c.id).where(_CASE.c.merged_into.in_(named))))


def _close(transaction: Transaction, which: ColumnElement[bool], outcome: str, now: datetime) -> None:
    closing = update(_REVIEW).where(which, _REVIEW.c.closed_at.is_(None))
    transaction.connection.execute(closing.values(closed_at=now, outcome=outcome))
