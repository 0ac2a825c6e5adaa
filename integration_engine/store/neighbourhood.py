"""Everything that has to be decided together: the notices bonded to one another, their cases, and what people decided.

Two notices are bonded when what is decided about one can touch the other. Bonds are kept, so the neighbourhood of a new
notice is found without reading the rest of the store, and the cost of a message doesn't grow with the cases held.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from integration_engine.record.decision import Decision
from integration_engine.record.notice import DeathNotice
from integration_engine.store.database import Transaction, table
from integration_engine.store.sealing import unseal_decision, unseal_notice
from integration_engine.store.tables import BlindIndexRow, BondRow, CaseRow, DecisionAboutRow, DecisionRow, NoticeRow

_NOTICE, _CASE, _BOND, _INDEX = table(NoticeRow), table(CaseRow), table(BondRow), table(BlindIndexRow)
_DECISION, _ABOUT = table(DecisionRow), table(DecisionAboutRow)
# Far under both databases' limits on bound values.
_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class StoredCase:
    """A case as last decided, without what is sealed. ``merged_into``: it is a tombstone that redirects."""

    id: str
    founder: str
    founded_at: datetime
    state: str
    rule: str
    lead: str | None
    restricted: bool
    version: int
    merged_into: str | None
    opened_at: datetime
    view_key: bytes


@dataclass(frozen=True)
class Neighbourhood:
    """``homes``: the case of each notice, None for one that waits. ``cases`` include the tombstones of cases that notices
    of the neighbourhood once opened."""

    notices: Mapping[str, DeathNotice]
    homes: Mapping[str, str | None]
    cases: Mapping[str, StoredCase]
    decisions: tuple[Decision, ...]


EMPTY = Neighbourhood({}, {}, {}, ())


def sharing(transaction: Transaction, keys: Iterable[bytes]) -> dict[bytes, list[str]]:
    """The stored notices that have each of these blind keys."""
    found: dict[bytes, list[str]] = {}
    wanted = list(keys)
    for start in range(0, len(wanted), _AT_ONCE):
        query = select(_INDEX.c.block_key, _INDEX.c.notice_id).where(
            _INDEX.c.block_key.in_(wanted[start : start + _AT_ONCE])
        )
        for row in transaction.connection.execute(query):
            found.setdefault(bytes(row.block_key), []).append(row.notice_id)
    return found


def load_notices(transaction: Transaction, names: Iterable[str]) -> dict[str, DeathNotice]:
    """Stored notices by id, unsealed. Raises KeyMissing or SealBroken."""
    rows = _rows(transaction, select(_NOTICE.c.id, _NOTICE.c.sealed), _NOTICE.c.id, names)
    return {row.id: unseal_notice(transaction.keys, row.sealed, row.id) for row in rows}


def gather(transaction: Transaction, roots: Iterable[str], loaded: Mapping[str, DeathNotice] = {}) -> Neighbourhood:
    """The neighbourhood of these stored notices, locked against everybody else's decisions until the transaction ends.

    ``loaded`` spares unsealing notices that are at hand. On PostgreSQL every notice found is locked and everything read
    again until nothing new appears, so what is returned is what stands when it is decided on.
    """
    names = set(roots)
    if not names:
        return EMPTY
    locked: set[str] = set()
    while True:
        cases = _cases(transaction, names)
        decisions = _decisions_about(transaction, names | cases.keys())
        grown = names | _bonded(transaction, names) | _members(transaction, cases) | _subjects(transaction, decisions)
        if grown == names:
            if not transaction.is_postgresql or names <= locked:
                break
            transaction.lock(lock_name(name) for name in names - locked)
            locked |= names
        names = grown
    rows = _rows(transaction, select(_NOTICE), _NOTICE.c.id, names)
    return Neighbourhood(
        notices={
            row.id: loaded[row.id] if row.id in loaded else unseal_notice(transaction.keys, row.sealed, row.id)
            for row in rows
        },
        homes={row.id: row.case_id for row in rows},
        cases=cases,
        decisions=_load_decisions(transaction, decisions),
    )


def lock_name(name: str) -> bytes:
    """What a notice is locked by."""
    return hashlib.sha256(name.encode()).digest()


def founders(transaction: Transaction, names: Iterable[str]) -> dict[str, str]:
    """For each of these ids that names a notice or a case (merged ones too): the notice, or the case's founding notice."""
    wanted = set(names)
    found = {row.id: row.id for row in _rows(transaction, select(_NOTICE.c.id), _NOTICE.c.id, wanted)}
    cases = _rows(transaction, select(_CASE.c.id, _CASE.c.founder), _CASE.c.id, wanted)
    return found | {row.id: row.founder for row in cases}


def _cases(transaction: Transaction, names: set[str]) -> dict[str, StoredCase]:
    # Two plain lookups: one statement with a subquery beside an OR would read every case on PostgreSQL.
    homes = {row.case_id for row in _rows(transaction, select(_NOTICE.c.case_id), _NOTICE.c.id, names) if row.case_id}
    query = select(*(_CASE.c[name] for name in StoredCase.__dataclass_fields__))
    rows = [*_rows(transaction, query, _CASE.c.id, homes), *_rows(transaction, query, _CASE.c.founder, names)]
    return {row.id: StoredCase(**row._mapping) for row in rows}


def _members(transaction: Transaction, cases: Iterable[str]) -> set[str]:
    return {row.id for row in _rows(transaction, select(_NOTICE.c.id), _NOTICE.c.case_id, cases)}


def _bonded(transaction: Transaction, names: Iterable[str]) -> set[str]:
    return {row.other for row in _rows(transaction, select(_BOND.c.other), _BOND.c.notice_id, names)}


def _decisions_about(transaction: Transaction, names: Iterable[str]) -> set[str]:
    return {row.decision_id for row in _rows(transaction, select(_ABOUT.c.decision_id), _ABOUT.c.subject, names)}


def _subjects(transaction: Transaction, decisions: set[str]) -> set[str]:
    if not decisions:
        return set()
    subjects = {row.subject for row in _rows(transaction, select(_ABOUT.c.subject), _ABOUT.c.decision_id, decisions)}
    return set(founders(transaction, subjects).values())


def _load_decisions(transaction: Transaction, names: Iterable[str]) -> tuple[Decision, ...]:
    rows = _rows(transaction, select(_DECISION.c.id, _DECISION.c.sealed), _DECISION.c.id, names)
    return tuple(unseal_decision(transaction.keys, row.sealed, row.id) for row in rows)


def _rows(transaction: Transaction, query: Select[Any], column: Any, values: Iterable[str]) -> list[Any]:
    wanted = sorted(values)
    return [
        row
        for start in range(0, len(wanted), _AT_ONCE)
        for row in transaction.connection.execute(query.where(column.in_(wanted[start : start + _AT_ONCE])))
    ]
