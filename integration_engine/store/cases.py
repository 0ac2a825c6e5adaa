"""Cases as last decided, and the notices that belong to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from integration_engine.store.database import Store, Transaction, table
from integration_engine.store.sealing import seal_json, unseal_json
from integration_engine.store.tables import CaseRow, NoticeRow

_CASE, _NOTICE = table(CaseRow), table(NoticeRow)
_REPLACED = ("founder", "founded_at", "state", "rule", "lead", "restricted", "version", "merged_into", "changed_at")


@dataclass(frozen=True, slots=True)
class CaseState:
    """A case to be written: what stands in clear about it, the blind fingerprint of what it shows, and what is sealed."""

    id: str
    founder: str
    founded_at: datetime
    state: str
    rule: str
    lead: str | None
    restricted: bool
    version: int
    opened_at: datetime
    view_key: bytes
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CaseContent:
    """One case with what is sealed of it: ``shown`` as its lead sees it, ``notices`` the ids it rests on."""

    id: str
    state: str
    rule: str
    lead: str | None
    version: int
    restricted: bool
    merged_into: str | None
    opened_at: datetime
    changed_at: datetime
    content: Mapping[str, Any]


def write_cases(transaction: Transaction, cases: Sequence[CaseState], now: datetime) -> None:
    """Insert or replace cases. A tombstone that is written comes back to life."""
    rows = [
        {
            "id": case.id,
            "founder": case.founder,
            "founded_at": case.founded_at,
            "state": case.state,
            "rule": case.rule,
            "lead": case.lead,
            "restricted": case.restricted,
            "version": case.version,
            "merged_into": None,
            "opened_at": case.opened_at,
            "changed_at": now,
            "view_key": case.view_key,
            "sealed": seal_json(transaction.keys, {"case": case.id, **case.content}),
        }
        for case in cases
    ]
    transaction.upsert(CaseRow, rows, replace=[*_REPLACED, "view_key", "sealed"])


def bury(transaction: Transaction, merged: Mapping[str, str], versions: Mapping[str, int], now: datetime) -> None:
    """Make tombstones that redirect: each case id to the one it has become part of, at its new version."""
    for gone, kept in sorted(merged.items()):
        tombstone = update(_CASE).where(_CASE.c.id == gone)
        transaction.connection.execute(tombstone.values(merged_into=kept, version=versions[gone], changed_at=now))
        transaction.connection.execute(update(_CASE).where(_CASE.c.merged_into == gone).values(merged_into=kept))


def end(transaction: Transaction, ended: Mapping[str, int], rule: str, now: datetime) -> None:
    """Withdraw cases that no notice makes any more, each at its new version."""
    for name, version in sorted(ended.items()):
        withdrawn = update(_CASE).where(_CASE.c.id == name)
        transaction.connection.execute(withdrawn.values(state="withdrawn", rule=rule, version=version, changed_at=now))


def move_notices(transaction: Transaction, homes: Mapping[str, str | None]) -> None:
    """Put stored notices into their cases (None: they wait)."""
    if homes:
        moved = update(_NOTICE).where(_NOTICE.c.id == bindparam("name")).values(case_id=bindparam("home"))
        rows = [{"name": name, "home": home} for name, home in sorted(homes.items())]
        transaction.connection.execute(moved, rows)


def resolve_id(transaction: Transaction, name: str) -> str | None:
    """The case that an id stands for now: itself, or the one it was merged into; None where there is no such case."""
    seen: set[str] = set()
    while name not in seen:
        seen.add(name)
        row = transaction.connection.execute(select(_CASE.c.merged_into).where(_CASE.c.id == name)).first()
        if row is None:
            return None
        if row.merged_into is None:
            return name
        name = row.merged_into
    return None


def case_content(store: Store, name: str) -> CaseContent | None:
    """One case with its content unsealed, redirects followed. Whoever calls this writes the look into the audit log.

    Raises KeyMissing or SealBroken.
    """
    with store.reading() as transaction:
        found = resolve_id(transaction, name)
        if found is None:
            return None
        row = transaction.connection.execute(select(_CASE).where(_CASE.c.id == found)).one()
    return CaseContent(
        row.id,
        row.state,
        row.rule,
        row.lead,
        row.version,
        row.restricted,
        row.merged_into,
        row.opened_at,
        row.changed_at,
        unseal_json(store.keys, row.sealed),
    )
