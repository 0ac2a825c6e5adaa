"""Everything that has to be decided together: the notices bonded to one another, their cases, and what people decided.

Bonds are kept (see ``bonds``), so the neighbourhood of a new notice is found without reading the rest of the store, and the
cost of a message doesn't grow with the cases held.

Bonds carry no scores. Who is decided about is unsealed and folded anyway, a tenth of a millisecond and more each; comparing
two again takes a hundredth, so a stored score would spare next to nothing, and would be that of the model, the tables and the
rekeys of the day it was stored.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CompoundSelect, Select, func, literal, select, union, union_all

from integration_engine.record.decision import Decision
from integration_engine.record.notice import DeathNotice
from integration_engine.store.bonds import Pair
from integration_engine.store.database import Transaction, table
from integration_engine.store.sealing import unseal_decision, unseal_notice
from integration_engine.store.tables import BlindIndexRow, BondRow, CaseRow, DecisionAboutRow, DecisionRow, NoticeRow

_NOTICE, _CASE, _BOND, _INDEX = table(NoticeRow), table(CaseRow), table(BondRow), table(BlindIndexRow)
_DECISION, _ABOUT = table(DecisionRow), table(DecisionAboutRow)
# Far under both databases' limits on bound values.
_AT_ONCE = 4000


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
    of the neighbourhood once opened. ``bonds`` are those kept among the notices."""

    notices: Mapping[str, DeathNotice]
    homes: Mapping[str, str | None]
    cases: Mapping[str, StoredCase]
    decisions: tuple[Decision, ...]
    bonds: frozenset[Pair] = frozenset()


EMPTY = Neighbourhood({}, {}, {}, ())


def sharing(
    transaction: Transaction, keys: Iterable[bytes], *, among: Iterable[str] | None = None
) -> dict[bytes, list[str]]:
    """The stored notices, or those ``among`` them, that have each of these blind keys."""
    query = select(_INDEX.c.block_key, _INDEX.c.notice_id)
    if among is not None:
        query = query.where(transaction.among(_INDEX.c.notice_id, among))
    found: dict[bytes, list[str]] = {}
    for key, name in _rows(transaction, query, _INDEX.c.block_key, keys):
        found.setdefault(bytes(key), []).append(name)
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
    decisions: set[str] = set()
    bonds: set[Pair] = set()
    locked: set[str] = set()
    while not names <= locked:
        lock_notices(transaction, names - locked)
        locked |= names
        found, decisions, bonds = _step(transaction, names)
        names |= found
    rows = _rows(transaction, select(_NOTICE.c.id, _NOTICE.c.case_id, _NOTICE.c.sealed), _NOTICE.c.id, names)
    return Neighbourhood(
        notices={
            row.id: loaded[row.id] if row.id in loaded else unseal_notice(transaction.keys, row.sealed, row.id)
            for row in rows
        },
        homes={row.id: row.case_id for row in rows},
        cases=_cases(transaction, names, {row.case_id for row in rows if row.case_id}),
        decisions=_load_decisions(transaction, decisions),
        bonds=frozenset(bonds),
    )


def lock_notices(transaction: Transaction, names: Iterable[str]) -> None:
    """Keep others off these notices until the transaction ends. Each is locked by its case, of whatever size: only who holds
    that may take it elsewhere. One that waits is locked by itself."""
    if not transaction.is_postgresql:
        return
    mine, locked = set(names), set[str]()
    query = select(func.coalesce(_NOTICE.c.case_id, _NOTICE.c.id)).distinct()
    while True:
        wanted = {name for (name,) in _rows(transaction, query, _NOTICE.c.id, mine)}
        if wanted <= locked:
            return
        # Whoever we waited for may have taken some into another case: then that is locked, too.
        transaction.lock(hashlib.sha256(name.encode()).digest() for name in wanted - locked)
        locked |= wanted


def founders(transaction: Transaction, names: Iterable[str]) -> dict[str, str]:
    """For each of these ids that names a notice or a case (merged ones too): the notice, or the case's founding notice."""
    wanted = set(names)
    found = {row.id: row.id for row in _rows(transaction, select(_NOTICE.c.id), _NOTICE.c.id, wanted)}
    cases = _rows(transaction, select(_CASE.c.id, _CASE.c.founder), _CASE.c.id, wanted)
    return found | {row.id: row.founder for row in cases}


def _step(transaction: Transaction, names: set[str]) -> tuple[set[str], set[str], set[Pair]]:
    """What has to be decided with these notices, one step on: notices bonded to them, the rest of their cases and of those
    they opened, the notices that decisions about any of it name; those decisions; and the bonds of these notices."""
    found: set[str] = set()
    decisions: set[str] = set()
    bonds: set[Pair] = set()
    for some in _portions(names):
        for row in transaction.connection.execute(_beside(transaction, some)).all():
            (decisions if row.decided else found).add(row.id)
            if row.bonded_to:
                bonds.add((row.bonded_to, row.id))
    return found | _subjects(transaction, decisions), decisions, bonds


def _beside(transaction: Transaction, names: Sequence[str]) -> CompoundSelect[Any]:
    # Plain joins, each its own part: one statement with a subquery beside an OR would read every case on PostgreSQL. A case
    # is named once, however many of its notices are: joined to each of them its notices would come squared.
    cases = union(
        select(_NOTICE.c.case_id.label("id")).where(
            transaction.among(_NOTICE.c.id, names), _NOTICE.c.case_id.is_not(None)
        ),
        select(_CASE.c.id).where(transaction.among(_CASE.c.founder, names)),
    ).cte("theirs")
    notice, decision, nobody = (
        literal(False).label("decided"),
        literal(True).label("decided"),
        literal("").label("bonded_to"),
    )
    return union_all(
        select(_BOND.c.other.label("id"), notice, _BOND.c.notice_id.label("bonded_to")).where(
            transaction.among(_BOND.c.notice_id, names)
        ),
        select(_NOTICE.c.id, notice, nobody).join(cases, cases.c.id == _NOTICE.c.case_id),
        select(_ABOUT.c.decision_id, decision, nobody).where(transaction.among(_ABOUT.c.subject, names)),
        select(_ABOUT.c.decision_id, decision, nobody).join(cases, cases.c.id == _ABOUT.c.subject),
    )


def _cases(transaction: Transaction, names: set[str], homes: set[str]) -> dict[str, StoredCase]:
    query = select(*(_CASE.c[name] for name in StoredCase.__dataclass_fields__))
    rows = [*_rows(transaction, query, _CASE.c.id, homes), *_rows(transaction, query, _CASE.c.founder, names)]
    return {row.id: StoredCase(**row._mapping) for row in rows}


def _subjects(transaction: Transaction, decisions: set[str]) -> set[str]:
    if not decisions:
        return set()
    subjects = {row.subject for row in _rows(transaction, select(_ABOUT.c.subject), _ABOUT.c.decision_id, decisions)}
    return set(founders(transaction, subjects).values())


def _load_decisions(transaction: Transaction, names: Iterable[str]) -> tuple[Decision, ...]:
    rows = _rows(transaction, select(_DECISION.c.id, _DECISION.c.sealed), _DECISION.c.id, names)
    return tuple(unseal_decision(transaction.keys, row.sealed, row.id) for row in rows)


def _rows(transaction: Transaction, query: Select[Any], column: Any, values: Iterable[Any]) -> list[Any]:
    # All at once: fetched one by one, rows cost more than what they are fetched for.
    return [
        row
        for some in _portions(values)
        for row in transaction.connection.execute(query.where(transaction.among(column, some))).all()
    ]


def _portions(values: Iterable[Any]) -> Iterator[list[Any]]:
    wanted = sorted(values)
    return (wanted[start : start + _AT_ONCE] for start in range(0, len(wanted), _AT_ONCE))
