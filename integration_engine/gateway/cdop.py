"""Inboxes over HTTPS: what was delivered, acknowledge it, or decline it with a reason.

A panel (``/cdop/BERKS``), a joint agency response team (``/jar/JAR-OXON``) and the national record (``/national/ncmd``) have
one each. A token opens its own inbox only; another's code answers 403 whether or not there is such a recipient.
"""

import asyncio
from typing import Annotated, cast

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from integration_engine.gateway.answers import Refusal
from integration_engine.gateway.body import media_type, read_body
from integration_engine.gateway.described import answers, such_as, takes
from integration_engine.gateway.entry import Entry
from integration_engine.gateway.ports import Delivery, Inbox
from integration_engine.gateway.shapes import Deliveries, DeliveryState, ToldDelivery
from integration_engine.security.identity import Principal, Receiver, recipient_of, require_inbox

_ANSWER_LIMIT_BYTES = 16 * 1024
_NO_DELIVERY = answers("This inbox has no such delivery")

Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,32}$", description="The code of the panel, team or record")]
DeliveryId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="The delivery's id")]


class Declined(BaseModel):
    """Why a recipient sends a case back. The reason is read by a person and kept sealed with the case."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    reason: str = Field(min_length=3, max_length=2000)


def inbox_door(role: Receiver, inbox: Inbox, entry: Entry) -> APIRouter:
    """The routes of one kind of recipient."""
    router = APIRouter(prefix=f"/{role}/{{code}}", tags=[role])

    @router.get(
        "/deliveries",
        summary="What was delivered after a number, oldest first",
        responses={200: such_as("delivered", answers("The deliveries")) | {"model": Deliveries}},
    )
    async def deliveries(
        request: Request,
        code: Code,
        after: Annotated[int, Query(ge=0, le=2**53, description="The number of the last delivery you have")] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Response:
        owner = await _owner(entry, request, role, code)
        found = await asyncio.to_thread(inbox.deliveries, recipient_of(owner), after, limit, owner.name)
        body: Deliveries = {
            "deliveries": [_written(delivery) for delivery in found],
            "next": found[-1].number if found else after,
            "more": len(found) == limit,
        }
        return Response(orjson.dumps(body), media_type="application/json")

    @router.post(
        "/deliveries/{delivery}/acknowledge",
        status_code=204,
        summary="Say that you have a delivery",
        responses={204: answers("Noted; saying so twice changes nothing"), 404: _NO_DELIVERY},
    )
    async def acknowledge(request: Request, code: Code, delivery: DeliveryId) -> Response:
        owner = await _owner(entry, request, role, code)
        if not await asyncio.to_thread(inbox.acknowledge, recipient_of(owner), delivery, owner.name):
            raise Refusal(404, "no-delivery", "This inbox has no such delivery.")
        return Response(status_code=204)

    @router.post(
        "/deliveries/{delivery}/decline",
        status_code=204,
        summary="Send a case back to a person, with the reason",
        openapi_extra=takes(
            {"application/json": Declined.model_json_schema()}, examples={"application/json": "delivery-declined"}
        ),
        responses={
            204: answers("Noted: a person looks at it"),
            404: _NO_DELIVERY,
            422: answers("The reason isn't as it has to be"),
        },
    )
    async def decline(request: Request, code: Code, delivery: DeliveryId) -> Response:
        owner = await _owner(entry, request, role, code)
        media_type(request, {"application/json"})
        declined = _declined(await read_body(request, _ANSWER_LIMIT_BYTES))
        if not await asyncio.to_thread(inbox.decline, recipient_of(owner), delivery, declined.reason, owner.name):
            raise Refusal(404, "no-delivery", "This inbox has no such delivery.")
        return Response(status_code=204)

    return router


async def _owner(entry: Entry, request: Request, role: Receiver, code: str) -> Principal:
    principal = await entry.bearer(request)
    require_inbox(principal, role, code)
    return principal


def _declined(body: bytes) -> Declined:
    try:
        return Declined.model_validate_json(body)
    except ValueError:
        raise Refusal(
            422, "reason", 'Give the reason as a JSON object: {"reason": "..."}, 3 to 2000 letters.'
        ) from None


def _written(delivery: Delivery) -> ToldDelivery:
    return {
        "number": delivery.number,
        "delivery": delivery.id,
        "case": delivery.case,
        "version": delivery.version,
        "kind": delivery.kind,
        "at": delivery.at.isoformat(),
        "state": cast("DeliveryState", delivery.state),
        "body": dict(delivery.body),
    }
