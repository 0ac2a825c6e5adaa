"""Everything a store holds of its cases, to be compared before and after: all but versions, times of handling and history."""

from typing import Any

from sqlalchemy import select

from integration_engine.store import overview, waiting
from integration_engine.store.cases import case_content
from integration_engine.store.clocks import ClockRow
from integration_engine.store.database import Store, table
from integration_engine.store.sealing import unseal_json
from integration_engine.store.tables import CaseRow, DeliveryRow, HoldingRow, NoticeRow

_CASE, _NOTICE, _CLOCK = table(CaseRow), table(NoticeRow), table(ClockRow)
_HOLDING, _DELIVERY = table(HoldingRow), table(DeliveryRow)
# What a delivery says of itself and of the change it tells.
_OF_THE_DELIVERY = frozenset({"delivery", "version", "kind", "at", "changes", "reasons", "moved"})
_OF_A_CASE = ("id", "founder", "founded_at", "state", "rule", "lead", "restricted", "merged_into", "opened_at")
MERGED_INTO = _OF_A_CASE.index("merged_into")


def held_state(store: Store) -> dict[str, Any]:
    """Cases with all that is held of them, where each notice is, open questions, running clocks."""
    with store.reading() as transaction:
        homes = {row.id: row.case_id for row in transaction.connection.execute(select(_NOTICE.c.id, _NOTICE.c.case_id))}
        rows = transaction.connection.execute(
            select(*(_CASE.c[name] for name in _OF_A_CASE)).order_by(_CASE.c.id)
        ).all()
        clocks = transaction.connection.execute(select(_CLOCK.c.case_id, _CLOCK.c.clock, _CLOCK.c.due)).all()
    contents = {case.id: case_content(store, case.id) for case in overview.recent_cases(store, limit=10_000)}
    return {
        "cases": [tuple(row) for row in rows],
        "contents": {name: held.content for name, held in contents.items() if held},
        "homes": homes,
        "questions": sorted((q.id, q.a, q.b, q.score, q.told) for q in waiting.questions(store)),
        "clocks": sorted(tuple(row) for row in clocks),
    }


def holdings(store: Store) -> dict[tuple[str, str], tuple[str, dict[str, Any]]]:
    """By case and recipient how what it holds stands, and what that says."""
    query = select(_HOLDING, _DELIVERY.c.sealed).join(_DELIVERY, _DELIVERY.c.id == _HOLDING.c.delivery_id)
    with store.reading() as transaction:
        rows = transaction.connection.execute(query).all()
    found = {}
    for row in rows:
        envelope = unseal_json(store.keys, row.sealed)
        found[row.case_id, row.recipient] = (
            row.standing,
            {name: part for name, part in envelope.items() if name not in _OF_THE_DELIVERY},
        )
    return found
