"""Which clocks press: lists for people, numbers for metrics. Ids, codes and times alone."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, false, func, or_, select

from integration_engine.record.clock_event import ClockRule, Stage, soon_at, stage_of
from integration_engine.store.clocks import TOLD, ClockEventRow, ClockRow
from integration_engine.store.database import Store, table
from integration_engine.store.tables import CaseRow

_CLOCK, _EVENT, _CASE = table(ClockRow), table(ClockEventRow), table(CaseRow)


@dataclass(frozen=True, slots=True)
class DueClock:
    """One running clock in a list. ``stage`` is None where it is neither soon due nor overdue; ``told``: a delivery of the
    engine's own did what it asks."""

    case: str
    clock: str
    due: datetime
    stage: Stage | None
    lead: str | None
    rule: str
    restricted: bool
    told: bool


def clock_counts(store: Store, now: datetime, rules: Mapping[str, ClockRule]) -> Mapping[tuple[str, str], int]:
    """How many clocks of each name are running, soon due and overdue now, by (clock, stage). Every known clock and stage is
    there, with 0 where there is none."""
    c = _CLOCK.c
    found = {(name, stage): 0 for name in rules for stage in ("running", "soon", "overdue")}
    late = func.sum(_one(c.due < now))
    near = func.sum(_one(and_(c.due >= now, _at_stage("soon", now, rules))))
    query = select(c.clock, func.count(), late, near).where(c.stage != TOLD).group_by(c.clock)
    with store.reading() as transaction:
        for clock, number, overdue, soon in transaction.connection.execute(query):
            if clock in rules:
                running = int(number) - int(overdue) - int(soon)
                found |= {(clock, "overdue"): int(overdue), (clock, "soon"): int(soon), (clock, "running"): running}
    return found


def event_counts(store: Store) -> Mapping[tuple[str, str], int]:
    """How many events there are of each clock and stage, ever. Raises Transient."""
    query = select(_EVENT.c.clock, _EVENT.c.stage, func.count()).group_by(_EVENT.c.clock, _EVENT.c.stage)
    with store.reading() as transaction:
        return {(clock, stage): int(number) for clock, stage, number in transaction.connection.execute(query)}


def _at_stage(stage: str, now: datetime, rules: Mapping[str, ClockRule]) -> Any:
    c = _CLOCK.c
    if stage == "overdue":
        return c.due < now
    near = [and_(c.clock == name, c.due.between(now, now + rule.soon)) for name, rule in rules.items() if rule.soon]
    return or_(false(), *near)


def _one(condition: Any) -> Any:
    return case((condition, 1), else_=0)


def due_clocks(
    store: Store,
    now: datetime,
    rules: Mapping[str, ClockRule],
    *,
    stages: Collection[str] | None = None,
    leads: Collection[str] | None = None,
    of: str | None = None,
    limit: int = 1000,
) -> tuple[DueClock, ...]:
    """Running clocks, the most pressing first; ``stages``: only those that have reached one of them (soon, overdue);
    ``leads``: of these panels' cases; ``of``: of this case alone. Raises Transient."""
    c = _CLOCK.c
    query = select(_CLOCK, _CASE.c.lead, _CASE.c.rule, _CASE.c.restricted).join(_CASE, _CASE.c.id == c.case_id)
    if stages is not None:
        query = query.where(c.stage != TOLD, or_(*(_at_stage(stage, now, rules) for stage in stages)))
    if leads is not None:
        query = query.where(_CASE.c.lead.in_(sorted(leads)))
    if of is not None:
        query = query.where(c.case_id == of)
    with store.reading() as transaction:
        rows = transaction.connection.execute(query.order_by(c.due, c.case_id, c.clock).limit(limit)).all()
    return tuple(
        DueClock(
            r.case_id,
            r.clock,
            r.due,
            None if r.stage == TOLD else stage_of(r.due, soon_at(r.clock, r.due, rules), now),
            r.lead,
            r.rule,
            bool(r.restricted),
            r.stage == TOLD,
        )
        for r in rows
    )
