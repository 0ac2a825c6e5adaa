"""The operators' page of partners: who is live and who tries, how each may come in and until when, how good what they tried
is, and the gate between the two."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from starlette.responses import RedirectResponse

from integration_engine.admitted import Admission, by_the_register
from integration_engine.console.stored import stored
from integration_engine.gateway.answers import Refusal
from integration_engine.gateway.entry import Entry
from integration_engine.gateway.own_account import WAYS
from integration_engine.gateway.page import page
from integration_engine.gateway.sign_in import form_of, signed_in
from integration_engine.own_account import conformance, open_gate
from integration_engine.security.identity import NotAllowed, Principal, require_role
from integration_engine.store.database import Store
from integration_engine.store.gates import set_gate
from integration_engine.store.identities import Identities

Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Kind = Annotated[str, Path(pattern=r"^(hospital-hl7|hospital-fhir|police|coroner)$")]
_MOST_REASON = 500
_SOON = timedelta(days=30)
"""A new token or certificate is made, carried over and tried within that."""


@dataclass(frozen=True, slots=True)
class PartnerLine:
    """One kind of a partner in the list. ``ways`` says by what it may come in; ``ends`` is when the first of those ends that
    have an end, ``soon`` whether that is near."""

    code: str
    kind: str
    live: bool
    ways: str
    ends: datetime | None
    soon: bool


def partner_pages(
    entry: Entry,
    store: Store,
    bound: Sequence[Admission] = (),
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> APIRouter:
    """``/console/partners``: the list, one kind's score, and the form that opens or shuts its gate. ``bound`` is what the
    settings let partners in by."""
    router = APIRouter(include_in_schema=False)

    async def operator(request: Request) -> Principal:
        principal = await signed_in(entry, request)
        require_role(principal, ("operator",))
        return principal

    @router.get("/console/partners")
    async def listed(request: Request) -> Response:
        principal = await operator(request)
        rows = await stored(lambda: _partners(store, bound, clock()))
        return page("partners.html", principal, entry.form_value(request), rows=rows)

    async def shown(request: Request, principal: Principal, code: str, kind: str, *refused: str) -> Response:
        wrong, reason = refused or ("", "")
        live = await stored(lambda: _is_live(store, code, kind))
        score = await stored(lambda: conformance(store, code, kind))
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
            ways_in=await stored(lambda: [each for each in _admissions(store, bound, clock()) if each.partner == code]),
            ways=WAYS,
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
            await stored(done)
        except NotAllowed as refused:
            return await shown(request, principal, code, kind, f"Not done: {refused}.", reason)
        return RedirectResponse(f"/console/partners/{code}/{kind}", 303)

    return router


def _partners(store: Store, bound: Sequence[Admission], now: datetime) -> list[PartnerLine]:
    """A line a partner and kind."""
    admissions = _admissions(store, bound, now)
    found = []
    for each in Identities(store).registered():
        own = [one for one in admissions if one.partner == each.code]
        ends = min((one.until for one in own if one.until), default=None)
        soon = ends is not None and ends < now + _SOON
        if each.role == "partner":
            found += [
                PartnerLine(each.code, kind, kind in each.open_kinds, _counted(own), ends, soon) for kind in each.kinds
            ]
    return found


def _admissions(store: Store, bound: Sequence[Admission], now: datetime) -> list[Admission]:
    return [*by_the_register(store, now), *bound]


def _counted(own: Sequence[Admission]) -> str:
    """``Token (2), Client certificate``."""
    counted = Counter(one.way for one in own)
    return ", ".join(WAYS[way] + (f" ({times})" if times > 1 else "") for way, times in counted.items())


def _is_live(store: Store, code: str, kind: str) -> bool:
    """Raises Refusal 404 where no such partner is registered for that kind."""
    own = next((each for each in Identities(store).registered() if each.code == code and kind in each.kinds), None)
    if own is None:
        raise Refusal(404, "no-partner", "No such partner is registered for that.")
    return kind in own.open_kinds
