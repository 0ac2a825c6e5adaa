"""What people decided, kept for good: the core is given every decision about a neighbourhood each time it decides on it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select

from integration_engine.record.decision import Decision
from integration_engine.store.database import Store, StoreError, Transaction, table
from integration_engine.store.neighbourhood import founders
from integration_engine.store.sealing import seal_decision, unseal_decision
from integration_engine.store.tables import CaseRow, DecisionAboutRow, DecisionRow, NoticeRow

_DECISION, _ABOUT = table(DecisionRow), table(DecisionAboutRow)
_CASE, _NOTICE = table(CaseRow), table(NoticeRow)
_AT_ONCE = 500


class OtherDecision(StoreError):
    """Another decision is kept under this id: what was decided is never overwritten."""

    code = "same-id-other-decision"


@dataclass(frozen=True, slots=True)
class Recorded:
    """One decision as it is kept. ``restricted``: it is about a case that has an identity to protect."""

    decision: Decision
    restricted: bool


def keep_decision(transaction: Transaction, decision: Decision) -> bool:
    """Keep a decision, sealed. False where this very one is kept already: nothing changes then. Raises OtherDecision."""
    query = select(_DECISION.c.sealed).where(_DECISION.c.id == decision.id)
    if kept := transaction.connection.execute(query).first():
        before = unseal_decision(transaction.keys, kept.sealed, decision.id)
        same = before.model_copy(update={"about": decision.about}) == decision
        if not same or not _of_the_same(transaction, before.about, decision.about):
            raise OtherDecision(f"Another decision is recorded as {decision.id}.")
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


def _of_the_same(transaction: Transaction, before: Sequence[str], now: Sequence[str]) -> bool:
    """Whether ids mean what they meant when a decision was kept: a case may be named by another id by now, and what was
    dropped by none."""
    if set(before) == set(now):
        return True
    roots = founders(transaction, {*before, *now})
    query = select(_NOTICE.c.id, _NOTICE.c.case_id).where(_NOTICE.c.id.in_(sorted(set(roots.values()))))
    homes = {row.id: row.case_id or row.id for row in transaction.connection.execute(query)}
    meant, means = ({homes.get(roots[name], name) for name in names if name in roots} for names in (before, now))
    return not means or meant == means


def find_decision(store: Store, name: str) -> Decision | None:
    """The decision of this id, None where there is none. Raises Transient, KeyMissing or SealBroken."""
    with store.reading() as transaction:
        row = transaction.connection.execute(select(_DECISION.c.sealed).where(_DECISION.c.id == name)).first()
    return unseal_decision(store.keys, row.sealed, name) if row else None


def every_decision(store: Store) -> Iterator[Recorded]:
    """Everything that was ever decided, in order of time. Raises Transient, KeyMissing or SealBroken."""
    with store.reading() as transaction:
        rows = transaction.connection.execute(
            select(_DECISION.c.id, _DECISION.c.sealed).order_by(_DECISION.c.at, _DECISION.c.id)
        ).all()
        hidden = _about_restricted(transaction)
    for row in rows:
        yield Recorded(unseal_decision(store.keys, row.sealed, row.id), row.id in hidden)


def decisions_about(transaction: Transaction, subjects: Sequence[str]) -> list[Decision]:
    """The decisions that name any of these notices or cases, in order of time. Raises KeyMissing or SealBroken."""
    names: set[str] = set()
    for start in range(0, len(subjects), _AT_ONCE):
        query = select(_ABOUT.c.decision_id).where(_ABOUT.c.subject.in_(subjects[start : start + _AT_ONCE]))
        names |= {row.decision_id for row in transaction.connection.execute(query)}
    query = select(_DECISION.c.id, _DECISION.c.sealed).where(_DECISION.c.id.in_(sorted(names)))
    found = [unseal_decision(transaction.keys, r.sealed, r.id) for r in transaction.connection.execute(query)]
    return sorted(found, key=lambda decision: (decision.at, decision.id))


def _about_restricted(transaction: Transaction) -> set[str]:
    """The ids of decisions about a restricted case: by its id, that of a case merged into it, or one of its notices."""
    restricted = select(_CASE.c.id).where(_CASE.c.restricted)
    cases = select(_CASE.c.id).where(or_(_CASE.c.restricted, _CASE.c.merged_into.in_(restricted)))
    notices = select(_NOTICE.c.id).where(_NOTICE.c.case_id.in_(restricted))
    query = select(_ABOUT.c.decision_id).where(or_(_ABOUT.c.subject.in_(cases), _ABOUT.c.subject.in_(notices)))
    return {row.decision_id for row in transaction.connection.execute(query)}
