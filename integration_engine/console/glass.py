"""The page where somebody breaks the glass: opens a case that isn't theirs to see, and says why."""

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from integration_engine.console.stored import stored
from integration_engine.gateway.entry import Entry
from integration_engine.gateway.page import page
from integration_engine.gateway.sign_in import form_of, signed_in
from integration_engine.monitoring.counters import COUNTERS, describe
from integration_engine.security.identity import Principal, Role, require_role
from integration_engine.store import glass
from integration_engine.store.database import Store

log = logging.getLogger(__name__)

BROKEN = describe("cdr_glass_broken_total", "counter", "Cases opened in an emergency by who may not see them.", "role")
MAY: tuple[Role, ...] = ("operator", "coordinator", "designated-doctor")
OVERSEES: tuple[Role, ...] = ("operator", "restricted")
_CASE = re.compile(r"c-[0-9a-f]{4,40}")
_SHORTEST, _LONGEST = 10, 2000


def glass_pages(entry: Entry, store: Store, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> APIRouter:
    """The routes of breaking the glass, and of seeing who did."""
    router = APIRouter(include_in_schema=False)

    async def shown(request: Request, who: Principal, wrong: str = "", case: str = "", reason: str = "") -> Response:
        seen = await stored(lambda: glass.latest(store, who, clock())) if who.role in OVERSEES else ()
        values = {"may": who.role in MAY, "seen": seen, "wrong": wrong, "case": case, "reason": reason}
        return page("glass.html", who, entry.form_value(request), 422 if wrong else 200, **values)

    @router.get("/console/break-glass")
    async def ask(request: Request) -> Response:
        who = await signed_in(entry, request)
        require_role(who, {*MAY, *OVERSEES})
        return await shown(request, who)

    @router.post("/console/break-glass")
    async def broken(request: Request) -> Response:
        who = await signed_in(entry, request)
        require_role(who, MAY)
        fields = await form_of(request)
        entry.check_form(request, fields.get("form", ""))
        case, reason = fields.get("case", "").strip(), fields.get("reason", "").strip()
        if not _SHORTEST <= len(reason) <= _LONGEST:
            return await shown(request, who, "Say why, in a sentence.", case, reason)
        known = _CASE.fullmatch(case) is not None
        if not known or not await stored(lambda: glass.break_glass(store, who, case, reason, clock())):
            # Who tries one id after another looks for something.
            log.warning("the glass was tried at a case that can't be opened so", extra={"kind": who.role})
            return await shown(request, who, "There is no such case, or it can’t be opened this way.", case, reason)
        COUNTERS.add(BROKEN, role=who.role)
        log.error("the glass was broken", extra={"case": case, "kind": who.role})
        return RedirectResponse(f"/console/cases/{case}", 303)

    return router
