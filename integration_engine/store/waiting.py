"""What waits for a person: held cases, cases nobody leads, and questions; and what one of them rests on. Ids and codes, and
for whoever may decide about a case what is sealed of it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select

from integration_engine.record.decision import Decision
from integration_engine.record.notice import DeathNotice
from integration_engine.store.clocks import TOLD, ClockRow
from integration_engine.store.database import Store, table
from integration_engine.store.decisions import decisions_about
from integration_engine.store.neighbourhood import founders, load_notices
from integration_engine.store.sealing import unseal_json
from integration_engine.store.tables import CaseRow, DeliveryRow, NoticeRow, ReviewRow

MOST = 500
"""How many of each are listed, the longest waiting first: what is behind them is reached as they are settled."""
RESTRICTED = "held.restricted"
_RELEASED = ("open", "held")
_LINKS = ("link", "unlink")
_CLOCK = table(ClockRow)
_CASE, _NOTICE, _REVIEW, _DELIVERY = table(CaseRow), table(NoticeRow), table(ReviewRow), table(DeliveryRow)


@dataclass(frozen=True, slots=True)
class WaitingCase:
    """A case as it stands in clear."""

    id: str
    state: str
    rule: str
    lead: str | None
    restricted: bool
    changed_at: datetime

    @property
    def kept_back(self) -> bool:
        """Whether it is to be seen by the restricted role alone: a restricted case from which nothing may leave. One that was
        released is open, or held by another rule; one that ended unreleased is nobody else's to read about either."""
        return self.rule == RESTRICTED or (self.restricted and self.state not in _RELEASED)


@dataclass(frozen=True, slots=True)
class Question:
    """An open review. ``cases`` are the cases it is about: those of its two notices (``linkage``), or the one that a panel
    declined or proposes to hand over; ``told`` is what is sealed of it."""

    id: str
    kind: str
    a: str
    b: str
    score: float | None
    opened_at: datetime
    cases: tuple[WaitingCase, ...]
    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SentLine:
    """One delivery about a case, without its content."""

    recipient: str
    version: int
    kind: str
    at: datetime
    acknowledged_at: datetime | None
    declined_at: datetime | None


def waiting_cases(store: Store, *, leads: Collection[str] | None = None, limit: int = MOST) -> tuple[WaitingCase, ...]:
    """Held cases and open ones that nobody leads, the longest waiting first; ``leads``: those of these panels only."""
    query = (
        _cases()
        .where(_CASE.c.merged_into.is_(None))
        .where(or_(_CASE.c.state == "held", (_CASE.c.state == "open") & _CASE.c.lead.is_(None)))
        .order_by(_CASE.c.changed_at, _CASE.c.id)
    )
    if leads is not None:
        query = query.where(_CASE.c.lead.in_(sorted(leads)))
    with store.reading() as transaction:
        return tuple(WaitingCase(**row._mapping) for row in transaction.connection.execute(query.limit(limit)))


def case_line(store: Store, name: str) -> WaitingCase | None:
    """What stands in clear about a case, or about the one that a notice is in, redirects followed."""
    with store.reading() as transaction:
        home = transaction.connection.execute(select(_NOTICE.c.case_id).where(_NOTICE.c.id == name)).scalar()
        query = select(_CASE.c.id, _CASE.c.merged_into).where(_CASE.c.id == (home or name))
        row = transaction.connection.execute(query).first()
        if row is None:
            return None
        query = _cases().where(_CASE.c.id == (row.merged_into or row.id))
        return WaitingCase(**transaction.connection.execute(query).one()._mapping)


def questions(
    store: Store,
    *,
    about: Collection[str] | None = None,
    leads: Collection[str] | None = None,
    name: str | None = None,
    limit: int = MOST,
) -> tuple[Question, ...]:
    """Open reviews, the longest waiting first: all, those about these cases, those about a case that one of these panels
    ``leads``, or one by its id."""
    query = select(_REVIEW).where(_REVIEW.c.closed_at.is_(None)).order_by(_REVIEW.c.opened_at, _REVIEW.c.id)
    if name is not None:
        query = query.where(_REVIEW.c.id == name)
    if about is not None:
        query = query.where(_concerns(sorted(about)))
    if leads is not None:
        led = select(_CASE.c.id).where(_CASE.c.lead.in_(sorted(leads)), _CASE.c.merged_into.is_(None))
        query = query.where(_concerns(led))
    with store.reading() as transaction:
        rows = transaction.connection.execute(query.limit(limit)).all()
        names = {name for row in rows for name in (row.a, row.b)}
        homes = {
            row.id: row.case_id
            for row in transaction.connection.execute(
                select(_NOTICE.c.id, _NOTICE.c.case_id).where(_NOTICE.c.id.in_(sorted(names)))
            )
        }
        joined = select(_CASE.c.id, _CASE.c.merged_into).where(
            _CASE.c.id.in_(sorted(names - homes.keys())), _CASE.c.merged_into.is_not(None)
        )
        homes |= {row.id: row.merged_into for row in transaction.connection.execute(joined)}
        wanted = {homes.get(name, name) for name in names}
        cases = {
            row.id: WaitingCase(**row._mapping)
            for row in transaction.connection.execute(_cases().where(_CASE.c.id.in_(sorted(n for n in wanted if n))))
        }
    return tuple(
        Question(
            row.id, row.kind, row.a, row.b, row.score, row.opened_at,
            tuple({c.id: c for c in _of(row, homes, cases)}.values()), unseal_json(store.keys, row.sealed),
        )
        for row in rows
    )  # fmt: skip


def sides(store: Store, question: Question) -> tuple[frozenset[str], ...]:
    """The notices of each case that a question about two notices is about; one that waits stands alone."""
    named = (question.a, question.b)
    with store.reading() as transaction:
        homes = dict.fromkeys(named) | {
            row.id: row.case_id
            for row in transaction.connection.execute(
                select(_NOTICE.c.id, _NOTICE.c.case_id).where(_NOTICE.c.id.in_(named))
            )
        }
        members: dict[str, set[str]] = {}
        query = select(_NOTICE.c.id, _NOTICE.c.case_id).where(_NOTICE.c.case_id.in_([h for h in homes.values() if h]))
        for row in transaction.connection.execute(query):
            members.setdefault(row.case_id, set()).add(row.id)
    return tuple(frozenset(members.get(homes[name] or "", {name})) for name in named)


def words_about(store: Store, question: Question) -> tuple[Decision, ...]:
    """What people decided about the two notices of a question, in order of time. Raises KeyMissing or SealBroken."""
    pair = {question.a, question.b}
    with store.reading() as transaction:
        told = decisions_about(transaction, [*pair, *(case.id for case in question.cases)])
        named = founders(transaction, {name for decision in told for name in decision.about})
    return tuple(d for d in told if d.kind in _LINKS and pair <= {named.get(name, name) for name in d.about})


def next_due(store: Store, cases: Collection[str]) -> dict[str, datetime]:
    """When the next clock of each of these cases is due that still has to be met."""
    query = (
        select(_CLOCK.c.case_id, func.min(_CLOCK.c.due).label("due"))
        .where(_CLOCK.c.case_id.in_(sorted(cases)), _CLOCK.c.stage != TOLD)
        .group_by(_CLOCK.c.case_id)
    )
    with store.reading() as transaction:
        return {row.case_id: row.due for row in transaction.connection.execute(query)}


def notices_of(store: Store, names: Iterable[str]) -> dict[str, DeathNotice]:
    """Notices by id, unsealed. Whoever calls this writes the look into the audit log. Raises KeyMissing or SealBroken."""
    with store.reading() as transaction:
        return load_notices(transaction, names)


def sent(store: Store, case: str, limit: int = 200) -> tuple[SentLine, ...]:
    """What was delivered about a case, in order."""
    c = _DELIVERY.c
    columns = (c.recipient, c.version, c.kind, c.queued_at, c.acknowledged_at, c.declined_at)
    query = select(*columns).where(c.case_id == case).order_by(c.sequence).limit(limit)
    with store.reading() as transaction:
        return tuple(SentLine(*row) for row in transaction.connection.execute(query))


def _concerns(cases: Any) -> Any:
    """Whether a review is about one of these cases, about one that became part of them, or about a notice of theirs."""
    joined = select(_CASE.c.id).where(_CASE.c.merged_into.in_(cases))
    members = select(_NOTICE.c.id).where(_NOTICE.c.case_id.in_(cases))
    return or_(_REVIEW.c.b.in_(cases), _REVIEW.c.b.in_(joined), _REVIEW.c.a.in_(members), _REVIEW.c.b.in_(members))


def _cases() -> Any:
    return select(*(_CASE.c[name] for name in WaitingCase.__dataclass_fields__))


def _of(row: Any, homes: Mapping[str, str | None], cases: Mapping[str, WaitingCase]) -> list[WaitingCase]:
    found = [cases.get(homes.get(name, name) or "") for name in (row.a, row.b)]
    return [case for case in found if case]
