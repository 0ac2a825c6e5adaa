"""The page of clocks: what is overdue and what soon will be, for operators of all cases and for panels of their own."""

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


def _line(each: DueClock, who: Principal, everybodys: bool, rules: Mapping[str, ClockRule], now: datetime) -> ClockLine:
    hidden = each.restricted and everybodys and who.role != "restricted"
    rule = rules.get(each.clock)
    return ClockLine(
        each,
        each.stage or ("told" if each.told else "running"),
        hidden,
        "" if hidden else in_words(between(each.due, now)) + (" ago" if each.due < now else ""),
        rule.what if rule and not hidden else "",
        not hidden and who.role != "cdop",
    )
