"""Proposals between panels: one asks another to take a case over; the other accepts, declines, or the first thinks better."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from integration_engine.store import asked
from integration_engine.store.audit import Entry, append
from integration_engine.store.cases import resolve_id
from integration_engine.store.database import Store, Transaction, table
from integration_engine.store.sealing import unseal_json
from integration_engine.store.tables import CaseRow, ReviewRow

_CASE, _REVIEW = table(CaseRow), table(ReviewRow)


@dataclass(frozen=True, slots=True)
class Proposal:
    """One panel's proposal that another lead a case. The reason is the proposer's own words."""

    id: str
    case: str
    proposer: str
    to: str
    reason: str
    at: datetime


class NotOpen(Exception):
    """It can't be done as things stand. ``code``: ``no-case``, ``not-lead``, ``no-proposal``."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


def propose(store: Store, case: str, proposer: str, to: str, reason: str, *, now: datetime) -> Proposal:
    """Ask another panel to lead a case. The same again changes nothing but the reason. Raises NotOpen, Transient."""
    with store.transaction() as transaction:
        name = led_by(transaction, case, proposer)
        told = {"from": proposer, "to": to, "reason": reason}
        review = asked.ask(transaction, asked.TRANSFER, f"cdop.{to}", name, told, now)
        append(transaction, now, [Entry("transfer.proposed", review, {"case": name, "to": to}, proposer)])
    return Proposal(review, name, proposer, to, reason, now)


def proposals(store: Store, panel: str) -> tuple[Proposal, ...]:
    """The open proposals to and from a panel, oldest first. Raises Transient, KeyMissing or SealBroken."""
    query = select(_REVIEW).where(_REVIEW.c.kind == asked.TRANSFER, _REVIEW.c.closed_at.is_(None))
    with store.reading() as transaction:
        rows = transaction.connection.execute(query.order_by(_REVIEW.c.opened_at, _REVIEW.c.id)).all()
    every = [_proposal(row, unseal_json(store.keys, row.sealed)) for row in rows]
    return tuple(each for each in every if panel in (each.proposer, each.to))


def read_proposals(store: Store, panel: str, *, now: datetime) -> tuple[Proposal, ...]:
    """The same for a panel that reads them: the look is audited. Raises Transient, KeyMissing or SealBroken."""
    found = proposals(store, panel)
    if found:
        with store.transaction() as transaction:
            seen = {"transfers": [each.id for each in found]}
            append(transaction, now, [Entry("transfers.read", f"cdop.{panel}", seen, panel)])
    return found


def open_proposal(store: Store, name: str, panel: str, *, proposer: bool = False) -> Proposal:
    """One open proposal to a panel (from it, with ``proposer``). Raises NotOpen."""
    for each in proposals(store, panel):
        if each.id == name and (each.proposer if proposer else each.to) == panel:
            with store.reading() as transaction:
                led_by(transaction, each.case, each.proposer)
            return each
    raise _no_proposal()


def require_open(transaction: Transaction, name: str) -> None:
    """Nobody closes this proposal until the transaction ends. Raises NotOpen where somebody has."""
    query = select(_REVIEW.c.closed_at).where(_REVIEW.c.id == name, _REVIEW.c.closed_at.is_(None)).with_for_update()
    if transaction.connection.execute(query).first() is None:
        raise _no_proposal()


def decline(store: Store, proposal: Proposal, reason: str, *, now: datetime) -> None:
    """The panel asked doesn't take it: the case stays where it is and a person looks. Raises NotOpen, Transient."""
    with store.transaction() as transaction:
        _close(transaction, proposal.id, "declined", now)
        told = {"reason": reason, "by": proposal.to, "from": proposal.proposer}
        asked.ask(transaction, asked.DECLINED, proposal.id, proposal.case, told, now)
        detail = {"case": proposal.case, "from": proposal.proposer}
        append(transaction, now, [Entry("transfer.declined", proposal.id, detail, proposal.to)])


def take_back(store: Store, proposal: Proposal, *, now: datetime) -> None:
    """The proposer thinks better of it. Raises NotOpen, Transient."""
    with store.transaction() as transaction:
        _close(transaction, proposal.id, "taken-back", now)
        detail = {"case": proposal.case, "to": proposal.to}
        append(transaction, now, [Entry("transfer.taken-back", proposal.id, detail, proposal.proposer)])


def led_by(transaction: Transaction, case: str, panel: str) -> str:
    """The case's id now, where this panel leads it and it isn't held. Raises NotOpen."""
    name = resolve_id(transaction, case)
    row = (
        name
        and transaction.connection.execute(
            select(_CASE.c.lead, _CASE.c.state, _CASE.c.rule).where(_CASE.c.id == name)
        ).first()
    )
    # Whether another panel's case exists is not this one's to know.
    if not row or not name or row.lead != panel or row.state != "open":
        raise NotOpen("not-lead", "This panel leads no such case.")
    return name


def _no_proposal() -> NotOpen:
    return NotOpen("no-proposal", "There is no such open proposal.")


def _close(transaction: Transaction, name: str, outcome: str, now: datetime) -> None:
    """Raises NotOpen where it was accepted, declined or taken back meanwhile."""
    require_open(transaction, name)
    closing = update(_REVIEW).where(_REVIEW.c.id == name, _REVIEW.c.closed_at.is_(None))
    transaction.connection.execute(closing.values(closed_at=now, outcome=outcome))


def _proposal(row: Any, told: Mapping[str, str]) -> Proposal:
    return Proposal(row.id, row.b, told["from"], told["to"], told["reason"], row.opened_at)
