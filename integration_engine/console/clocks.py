"""Clocks as people see them: what is overdue and what soon will be, for operators of all cases and for panels of their own;
and those of one case, each explained."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

from integration_engine.console.stored import stored
from integration_engine.gateway.entry import Entry
from integration_engine.gateway.page import page
from integration_engine.gateway.sign_in import signed_in
from integration_engine.record.clock_event import ClockRule
from integration_engine.routing.periods import between, in_words
from integration_engine.security.identity import Principal, Role, require_role
from integration_engine.store.cases import CaseContent
from integration_engine.store.database import Store
from integration_engine.store.pressing import DueClock, due_clocks
from integration_engine.store.waiting import RESTRICTED

_MAY_LOOK: tuple[Role, ...] = ("operator", "restricted", "coordinator", "designated-doctor", "cdop")
_MOST = 500


@dataclass(frozen=True, slots=True)
class ClockLine:
    """One clock as somebody sees it. Of a restricted case nothing but its id, the clock and the stage, except for the
    restricted role. ``opens``: they may open the case."""

    clock: DueClock
    stage: str
    hidden: bool
    left: str
    what: str
    opens: bool


@dataclass(frozen=True, slots=True)
class CaseClock:
    """One clock of a case that somebody may see. ``what`` has to be done, empty where the reference data doesn't say;
    ``why`` explains it, empty of a case decided by a version that didn't."""

    clock: str
    what: str
    stage: str
    why: str
    due: datetime | None


def clock_pages(
    entry: Entry,
    store: Store,
    rules: Mapping[str, ClockRule],
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> APIRouter:
    """The route, to be put into the gateway's application beside the console's."""
    router = APIRouter(include_in_schema=False)

    @router.get("/console/clocks")
    async def clocks(request: Request) -> Response:
        principal = await signed_in(entry, request)
        require_role(principal, _MAY_LOOK)
        now = clock()
        found = await stored(lambda: seen_by(principal, store, rules, now))
        return page("clocks.html", principal, entry.form_value(request), lines=found, most=_MOST)

    return router


def seen_by(who: Principal, store: Store, rules: Mapping[str, ClockRule], now: datetime) -> Sequence[ClockLine]:
    """The running clocks that are this person's to see, the most pressing first. Raises Transient."""
    areas = {who.name} if who.role == "cdop" else who.areas
    found = due_clocks(store, now, rules, leads=areas, limit=_MOST)
    # A panel isn't told of a case that waits for the restricted role.
    own = [each for each in found if areas is None or each.rule != RESTRICTED]
    return [_line(each, who, areas is None, rules, now) for each in own]


def clocks_of(case: CaseContent, store: Store, rules: Mapping[str, ClockRule], now: datetime) -> Sequence[CaseClock]:
    """Every clock of a case, those that run before those that don't, the most pressing first. Raises Transient."""
    running = {each.clock: each for each in due_clocks(store, now, rules, of=case.id)}
    notes = case.content.get("clock_notes") or {}
    found = []
    for name in {*running, *notes}:
        note, runs = notes.get(name, {}), running.get(name)
        stage = _stage(runs) if runs else str(note.get("state", ""))
        rule = rules.get(name)
        due = runs.due if runs else None
        found.append(CaseClock(name, rule.what if rule else "", stage, str(note.get("why", "")), due))
    return sorted(found, key=lambda each: (each.due is None, each.due or now, each.clock))


def _stage(each: DueClock) -> str:
    return each.stage or ("told" if each.told else "running")


def _line(each: DueClock, who: Principal, everybodys: bool, rules: Mapping[str, ClockRule], now: datetime) -> ClockLine:
    hidden = each.restricted and everybodys and who.role != "restricted"
    rule = rules.get(each.clock)
    return ClockLine(
        each,
        _stage(each),
        hidden,
        "" if hidden else in_words(between(each.due, now)) + (" ago" if each.due < now else ""),
        rule.what if rule and not hidden else "",
        not hidden and who.role != "cdop",
    )
