"""What the pages on which people decide have in common: who may, and how a form that was sent becomes a decision. They work
without any script; every look and every decision is audited, and no address or title says anything about a child."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fastapi import Request, Response
from starlette.responses import RedirectResponse

from integration_engine.console import sight
from integration_engine.console.forms import Form, asked
from integration_engine.console.stored import stored
from integration_engine.desk import Desk
from integration_engine.gateway.answers import Refusal
from integration_engine.gateway.entry import Entry
from integration_engine.gateway.page import page
from integration_engine.gateway.ports import DeskRefusal
from integration_engine.gateway.sign_in import form_of, signed_in
from integration_engine.record.authority import waits
from integration_engine.record.clock_event import ClockRule
from integration_engine.security.identity import DECIDING, Principal, require_role
from integration_engine.store.database import Store
from integration_engine.store.waiting import case_line


@dataclass(frozen=True)
class AtDesk:
    """Whoever is signed in, before the desk. ``rules`` say what each clock of a case is about, ``clock`` gives now."""

    entry: Entry
    store: Store
    desk: Desk
    rules: Mapping[str, ClockRule]
    clock: Callable[[], datetime]

    async def who(self, request: Request) -> Principal:
        principal = await signed_in(self.entry, request)
        require_role(principal, DECIDING)
        return principal

    def page(self, name: str, request: Request, who: Principal, status: int = 200, **values: Any) -> Response:
        return page(name, who, self.entry.form_value(request), status, asks=waits(), desk=self.desk, **values)

    async def fields(self, request: Request) -> dict[str, str]:
        """What a form of this session says."""
        fields = await form_of(request)
        self.entry.check_form(request, fields.get("form", ""))
        return fields

    async def decided(self, request: Request, who: Principal, about: tuple[str, ...]) -> int | Form:
        """How many deliveries follow, or the form to be filled in again."""
        form, what = asked(await self.fields(request), about)
        try:
            return await asyncio.to_thread(self.desk.decide_as, who, what)
        except DeskRefusal as refused:
            return replace(form, wrong=str(refused))

    async def back_to(self, case: str, who: Principal, done: int) -> Response:
        """To the case's page; one that the decision took out of one's sight has none to go back to."""
        line = await stored(lambda: case_line(self.store, case))
        there = line is not None and sight.may_see(who, line)
        return RedirectResponse(f"/console/cases/{case}?done={done}" if there else f"/console/work?done={done}", 303)


def no_case() -> Refusal:
    # Made anew each time: an exception that is raised again keeps every frame it ever passed through.
    return Refusal(404, "no-case", "There is no such case, or it isn’t yours to see.")
