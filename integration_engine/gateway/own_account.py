"""A partner's own page and the same as JSON: what it sent, what it was answered, what it tried, how it may come in.

A partner sees its own and nothing else: whose it is comes from the token or session, never from the address. There is no
patient data in it: ids of ours, times, verdicts, reasons, places in a message.
"""

import asyncio

import orjson
from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from integration_engine.gateway.answers import Refusal
from integration_engine.gateway.described import answers, such_as
from integration_engine.gateway.entry import Entry
from integration_engine.gateway.own_shapes import OwnStatus
from integration_engine.gateway.page import page
from integration_engine.gateway.ports import PartnersView
from integration_engine.gateway.rows import in_an_offices_words
from integration_engine.gateway.sign_in import form_of, signed_in
from integration_engine.security.identity import require_role

BEGIN_ANEW = "/partner/begin-anew"
_LONGEST_ID = 255
WAYS = {
    "token": "Token",
    "key": "Key to sign with",
    "certificate": "Client certificate",
    "broker": "Broker account",
    "mailbox": "MESH mailbox",
    "folder": "Drop folder",
    "port": "Port of one partner alone",
}
"""What each way in is called where people read it."""
_SAYS = {
    "notice": "tells of a death",
    "retraction": "takes a death back",
    "rekey": "changes an NHS number",
    "passed-over": "passed over",
    "same-again": "came before, and changed nothing",
    "refused": "refused",
}

# Where a sender finds its own id of a message; a row of an office's file has none.
_OWN_IDS = {
    "hospital-hl7": "HL7 v2: MSH-10",
    "hospital-fhir": "FHIR: the id in the message header",
    "police": "Report: its number",
}


def own_account_door(accounts: PartnersView, entry: Entry) -> APIRouter:
    """``/partner``: a page for people, ``/partner/status`` for programs."""
    router = APIRouter(tags=["partner"])

    @router.get(
        "/partner/status",
        summary="What you sent and tried, and what you were answered",
        responses={200: such_as("own-status", answers("All of it")) | {"model": OwnStatus}},
    )
    async def status(request: Request) -> Response:
        principal = await entry.bearer(request)
        require_role(principal, ("partner",))
        found = await asyncio.to_thread(accounts.status, principal)
        return Response(orjson.dumps(found), media_type="application/json")

    @router.get("/partner", include_in_schema=False)
    async def own_page(request: Request) -> Response:
        return await _page(request)

    @router.post("/partner", include_in_schema=False)
    async def search(request: Request) -> Response:
        # by POST: a message's id could say something of a child, and addresses are remembered everywhere
        fields = await form_of(request)
        entry.check_form(request, fields.get("form", ""))
        sought = fields.get("message_id", "").strip()
        if not sought or len(sought) > _LONGEST_ID:
            raise Refusal(400, "form", "Give the id of one of your messages.")
        return await _page(request, sought)

    @router.post(BEGIN_ANEW, include_in_schema=False)
    async def begin_anew(request: Request) -> Response:
        fields = await form_of(request)
        entry.check_form(request, fields.get("form", ""))
        principal = await signed_in(entry, request)
        require_role(principal, ("partner",))
        await asyncio.to_thread(accounts.begin_anew, principal, fields.get("kind", ""))
        return RedirectResponse("/partner", 303)

    async def _page(request: Request, sought: str | None = None) -> Response:
        principal = await signed_in(entry, request)
        require_role(principal, ("partner",))
        status = await asyncio.to_thread(accounts.status, principal)
        found = None if sought is None else await asyncio.to_thread(accounts.find, principal, sought)
        return page(
            "partner.html",
            principal,
            entry.form_value(request),
            own=status,
            found=found,
            ways=WAYS,
            says=_SAYS,
            ids=_OWN_IDS,
            plain=in_an_offices_words,
        )

    return router
