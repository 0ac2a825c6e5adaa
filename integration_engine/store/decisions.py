"""What people decided, kept for good: the core is given every decision about a neighbourhood each time it decides on it."""

from datetime import datetime

from sqlalchemy import select, update

from integration_engine.record.decision import Decision
from integration_engine.store.database import Transaction, table
from integration_engine.store.sealing import seal_decision
from integration_engine.store.tables import DecisionAboutRow, DecisionRow, ReviewRow


def keep_decision(transaction: Transaction, decision: Decision) -> bool:
    """Keep a decision, sealed. False where one of this id is kept already: nothing changes then."""
    rows = table(DecisionRow)
    if transaction.connection.execute(select(rows.c.id).where(rows.c.id == decision.id)).first():
        return False
    row = {
        "id": decision.id,
        "kind": decision.kind,
        "at": decision.at,
        "by": decision.by,
        "role": decision.role,
        "sealed": seal_decision(transaction.keys, decision),
    }
    transaction.insert(DecisionRow, [row])
    about = [{"decision_id": decision.id, "subject": subject} for subject in sorted(set(decision.about))]
    transaction.insert(DecisionAboutRow, about)
    return True


def close_review(transaction: Transaction, review: str, outcome: str, now: datetime) -> bool:
    """Close a review that a person has dealt with. False where none such is open."""
    rows = table(ReviewRow)
    closing = update(rows).where(rows.c.id == review, rows.c.closed_at.is_(None))
    return transaction.connection.execute(closing.values(closed_at=now, outcome=outcome)).rowcount > 0
