"""The operators' page of partners: who is live and who tries, how good what they tried is, and the gate between the two."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Request, Response
from starlette.responses import RedirectResponse

from integration_engine.gateway.answers import Refusal
from integration_engine.gateway.entry import Entry, need
from integration_engine.gateway.page import page
from integration_engine.gateway.ports import StoreAway
from integration_engine.gateway.sign_in import form_of, signed_in
from integration_engine.own_account import conformance, open_gate
from integration_engine.security.identity import NotAllowed, Principal
from integration_engine.store.database import Store, Transient
from integration_engine.store.gates import set_gate
from integration_engine.store.identities import Identities

T = TypeVar("T")
Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Kind = Annotated[str, Path(pattern=r"^(hospital-hl7|hospital-fhir|police|coroner)$")]
_MOST_REASON = 500


def partner_pages(entry: Entry, store: Store, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> APIRouter:
    """``/console/partners``: the list, one kind's score, and the form that opens or shuts its gate."""
    router = APIRouter(include_in_schema=False)

    async def operator(request: Request) -> Principal:
        principal = await signed_in(entry, request)
        need(principal, ("operator",))
        return principal

    @router.get("/console/partners")
    async def listed(request: Request) -> Response:
        principal = await operator(request)
        rows = await _from(lambda: _partners(store, clock()))
        return page("partners.html", principal, entry.form_value(request), rows=rows)

    async def shown(request: Request, principal: Principal, code: str, kind: str, *refused: str) -> Response:
        wrong, reason = refused or ("", "")
        live = await _from(lambda: _is_live(store, code, kind))
        score = await _from(lambda: conformance(store, code, kind))
        return page(
            "partner_gate.html",
            principal,
            entry.form_value(request),
            422 if wrong else 200,
            code=code,
            kind=kind,
            live=live,
            score=score,
            wrong=wrong,
            reason=reason,
        )

    @router.get("/console/partners/{code}/{kind}")
    async def one(request: Request, code: Code, kind: Kind) -> Response:
        return await shown(request, await operator(request), code, kind)

    @router.post("/console/partners/{code}/{kind}")
    async def decide(request: Request, code: Code, kind: Kind) -> Response:
        principal = await operator(request)
        fields = await form_of(request)
        entry.check_form(request, fields.get("form", ""))
        reason, anyway, by = fields.get("reason", "").strip()[:_MOST_REASON], "anyway" in fields, principal.name
        live = fields.get("gate") == "open"

        def done() -> bool:
            if live:
                return open_gate(store, code, kind, reason=reason, anyway=anyway, by=by, now=clock())
            return set_gate(store, code, kind, live=False, reason=reason, by=by, now=clock())

        try:
            await _from(done)
        except NotAllowed as refused:
            return await shown(request, principal, code, kind, f"Not done: {refused}.", reason)
        return RedirectResponse(f"/console/partners/{code}/{kind}", 303)

    return router


def _partners(store: Store, now: datetime) -> list[dict[str, Any]]:
    """A row a partner and kind."""
    return [
        {
            "code": each.code,
            "kind": kind,
            "live": kind in each.open_kinds,
            "tokens": sum(token.live(now) for token in each.credentials),
        }
        for each in Identities(store).registered()
        if each.role == "partner"
        for kind in each.kinds
    ]


def _is_live(store: Store, code: str, kind: str) -> bool:
    """Raises Refusal 404 where no such partner is registered for that kind."""
    own = next((each for each in Identities(store).registered() if each.code == code and kind in each.kinds), None)
    if own is None:
        raise Refusal(404, "no-partner", "No such partner is registered for that.")
    return kind in own.open_kinds


async def _from(call: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(call)
    except Transient as error:
        raise StoreAway from error
