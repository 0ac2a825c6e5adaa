"""The pages where people decide: what waits, one case, one question."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

from integration_engine.console import sight
from integration_engine.console.at_desk import AtDesk
from integration_engine.console.cases import Done, case_pages
from integration_engine.console.questions import question_pages
from integration_engine.console.stored import stored
from integration_engine.desk import Desk
from integration_engine.gateway.entry import Entry
from integration_engine.linkage import wording
from integration_engine.record.authority import settled_by
from integration_engine.record.clock_event import ClockRule
from integration_engine.store.database import Store


def deciding_pages(
    entry: Entry,
    store: Store,
    desk: Desk,
    rules: Mapping[str, ClockRule],
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> APIRouter:
    """The routes of what people decide. ``rules`` say what each clock of a case is about."""
    router = APIRouter(include_in_schema=False)
    at = AtDesk(entry, store, desk, rules, clock)

    @router.get("/console/work")
    async def work(request: Request, done: Done = None) -> Response:
        who = await at.who(request)
        found = await stored(lambda: sight.work(at.store, who))
        return at.page("work.html", request, who, work=found, settled_by=settled_by, reason=wording.reason, done=done)

    router.include_router(case_pages(at))
    router.include_router(question_pages(at))
    return router
