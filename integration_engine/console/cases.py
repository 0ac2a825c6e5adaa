"""A case's page: what is held true and why, its clocks, what was decided and delivered, and the forms to decide by."""

import asyncio
from typing import Annotated, cast

from fastapi import APIRouter, Path, Query, Request, Response

from integration_engine.console import sight
from integration_engine.console.at_desk import AtDesk, no_case
from integration_engine.console.clocks import clocks_of
from integration_engine.console.forms import Form, forms, may_link, taken_back, to_take_back
from integration_engine.console.stored import stored
from integration_engine.console.wording import DELIVERIES, LOOKS, SOURCES, decided_text, field_of, happened, value_of
from integration_engine.record.authority import kinds
from integration_engine.record.codes import Role
from integration_engine.security.identity import Principal, require_role

CaseId = Annotated[str, Path(pattern=r"^c-[0-9a-f]{4,40}$")]
Done = Annotated[int | None, Query(ge=0, le=1_000_000)]


def case_pages(at: AtDesk) -> APIRouter:
    """The routes of one case."""
    router = APIRouter(include_in_schema=False)

    @router.get("/console/cases/{case}")
    async def case(request: Request, case: CaseId, done: Done = None) -> Response:
        return await _page(at, request, await at.who(request), case, done=done)

    @router.post("/console/cases/{case}/decide")
    async def decide(request: Request, case: CaseId) -> Response:
        who = await at.who(request)
        said = await at.decided(request, who, (case,))
        if isinstance(said, Form):
            return await _page(at, request, who, case, again=said)
        return await at.back_to(case, who, said)

    @router.post("/console/cases/{case}/take-back")
    async def take_back(request: Request, case: CaseId) -> Response:
        who = await at.who(request)
        return await at.back_to(case, who, await _taken_back(at, request, who, case))

    @router.get("/console/cases/{case}/history")
    async def history(request: Request, case: CaseId) -> Response:
        who = await at.who(request)
        require_role(who, ("restricted",))
        notices = await stored(lambda: sight.open_history(at.store, who, case, at.clock()))
        if notices is None:
            raise no_case()
        return at.page("history.html", request, who, case=case, notices=notices, field_of=field_of)

    return router


async def _page(
    at: AtDesk,
    request: Request,
    who: Principal,
    name: str,
    *,
    done: int | None = None,
    again: Form | None = None,
) -> Response:
    now = at.clock()
    seen = await stored(lambda: sight.open_case(at.store, who, name, now))
    if seen is None:
        raise no_case()
    clocks = await stored(lambda: clocks_of(seen.held, at.store, at.rules, now))
    role = cast(Role, who.role)
    # A question about two notices has a page of its own, where they stand side by side.
    answering, others = forms(
        role, protected=seen.held.restricted, asks=seen.asks - {"linkage"}, again=again, leave_out=("unlink",)
    )
    return at.page(
        "case.html",
        request,
        who,
        422 if again else 200,
        seen=seen,
        clocks=clocks,
        answering=answering,
        others=others,
        again=again,
        done=done,
        decided_text=decided_text,
        titles={kind.kind: kind.title for kind in kinds().values()},
        back=to_take_back(seen.decisions) if may_link(role, protected=seen.held.restricted) else {},
        looks=LOOKS,
        deliveries=DELIVERIES,
        happened=happened,
        value_of=value_of,
        sources=SOURCES,
        field_of=field_of,
    )


async def _taken_back(at: AtDesk, request: Request, who: Principal, case: str) -> int:
    """How many deliveries follow where what was decided about two notices is taken back."""
    fields = await at.fields(request)
    seen = await stored(lambda: sight.open_case(at.store, who, case, at.clock()))
    if seen is None:
        raise no_case()
    return await asyncio.to_thread(at.desk.decide_as, who, taken_back(fields, seen.decisions))
