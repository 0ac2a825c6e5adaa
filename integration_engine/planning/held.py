"""The cases held in the store, as past cases: unsealed and folded again from their notices, so that today's rules and every
correction are in them. Withdrawn and out-of-scope cases are left out and counted; restricted ones are a number, no more.

Whoever calls this writes the look into the audit log first, under the caller's name (``looked``).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from integration_engine.decided import case_id
from integration_engine.decided import standing as decided_on
from integration_engine.planning.intake import PastCase, Tally
from integration_engine.record.decision import Decision
from integration_engine.record.identity import under_current_identity
from integration_engine.record.notice import DeathNotice
from integration_engine.record.standing import standing
from integration_engine.record.steps import steps_told
from integration_engine.record.survivorship import fold
from integration_engine.store.audit import Entry, append
from integration_engine.store.database import Store, Transaction, table
from integration_engine.store.sealing import unseal_decision, unseal_notice
from integration_engine.store.tables import CaseRow, DecisionAboutRow, DecisionRow, NoticeRow

_CASE, _NOTICE = table(CaseRow), table(NoticeRow)
_DECISION, _ABOUT = table(DecisionRow), table(DecisionAboutRow)
# Few enough to stay small in memory and under both databases' limits on bound values, enough to spare round trips.
_AT_ONCE = 500


def held_cases(store: Store, tally: Tally) -> Iterator[PastCase]:
    """Every case held, by id. Raises KeyMissing, SealBroken or Transient."""
    with store.reading() as transaction:
        about = _decisions(transaction)
        for rows in _batches(transaction):
            notices = _notices(transaction, [row.id for row in rows])
            for row in rows:
                members = notices.get(row.id, [])
                if row.state == "withdrawn" or not members:
                    tally.withdrawn += 1
                elif row.state == "out-of-scope":
                    tally.out_of_scope += 1
                elif row.restricted:
                    tally.restricted += 1
                else:
                    tally.taken += 1
                    yield _folded(row.id, members, about)


def looked(store: Store, now: datetime, actor: str, purpose: str) -> None:
    """Write into the audit log that somebody looks at the held cases together, and what for."""
    with store.transaction() as transaction:
        append(transaction, now, [Entry("cases.planned-with", "all", {"purpose": purpose}, actor)])


def _batches(transaction: Transaction) -> Iterator[Sequence[Any]]:
    """The cases that stand (no tombstones), a page at a time."""
    columns = (_CASE.c.id, _CASE.c.state, _CASE.c.restricted)
    after = ""
    while True:
        query = select(*columns).where(_CASE.c.merged_into.is_(None), _CASE.c.id > after)
        rows = transaction.connection.execute(query.order_by(_CASE.c.id).limit(_AT_ONCE)).all()
        if not rows:
            return
        yield rows
        after = rows[-1].id


def _notices(transaction: Transaction, cases: Sequence[str]) -> Mapping[str, list[DeathNotice]]:
    found: dict[str, list[DeathNotice]] = defaultdict(list)
    query = select(_NOTICE.c.id, _NOTICE.c.case_id, _NOTICE.c.sealed).where(_NOTICE.c.case_id.in_(cases))
    for row in transaction.connection.execute(query.order_by(_NOTICE.c.received_at, _NOTICE.c.id)):
        found[row.case_id].append(unseal_notice(transaction.keys, row.sealed, row.id))
    return found


def _decisions(transaction: Transaction) -> Mapping[str, list[Decision]]:
    """Every decision under each id it names."""
    decisions = {
        row.id: unseal_decision(transaction.keys, row.sealed, row.id)
        for row in transaction.connection.execute(select(_DECISION.c.id, _DECISION.c.sealed))
    }
    found: dict[str, list[Decision]] = defaultdict(list)
    for row in transaction.connection.execute(select(_ABOUT.c.decision_id, _ABOUT.c.subject)):
        found[row.subject].append(decisions[row.decision_id])
    return found


def _folded(name: str, members: Sequence[DeathNotice], about: Mapping[str, list[Decision]]) -> PastCase:
    """One case from its notices, as the core folds it. A rekey that reached it from another case changes an NHS number
    only, which planning never asks for."""
    names = {name, *(notice.id for notice in members), *(case_id(notice.id) for notice in members)}
    concerning = {decision.id: decision for one in names for decision in about.get(one, ())}
    ordered = sorted(concerning.values(), key=lambda decision: (decision.at, decision.id))
    decided = decided_on(ordered)
    word = standing(members, decided)
    current = under_current_identity(members, [n.rekey for n in members if n.rekey], adoption=False)
    record = fold(current, word.silenced, steps=steps_told(ordered))
    return PastCase(name, record, word, "store", "held", notices=current, decided=decided)
