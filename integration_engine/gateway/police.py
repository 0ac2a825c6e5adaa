"""``POST /police/reports``: a force's sudden-death report, answered person by person.

202 with a receipt once the broker has the report; 200 where it speaks of no child's death (nothing is kept); 4xx with the
JSONPath and reason of everything that can't be taken.
"""

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from integration_engine.gateway.answers import Refusal, not_durable, written, written_item
from integration_engine.gateway.body import media_type, read_body
from integration_engine.gateway.entry import Entry
from integration_engine.gateway.intake import Heard, Intake
from integration_engine.record.codes import PartnerKind
from integration_engine.security.identity import NotAllowed, require_kind

KIND: PartnerKind = "police"
# Reasons that say the bytes are no report at all, rather than a report that says something wrong.
_UNREADABLE = frozenset({"not-json", "empty", "encoding", "structure", "schema-unknown"})


def police_door(intake: Intake, entry: Entry, *, limit: int) -> APIRouter:
    """The police's routes."""
    router = APIRouter(tags=["police"])

    @router.post(
        "/police/reports",
        status_code=202,
        summary="Send a sudden-death report (police-sudden-death/1)",
        openapi_extra={
            "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
        },
    )
    async def report(request: Request) -> Response:
        principal = await entry.bearer(request)
        try:
            require_kind(principal, KIND)
            content_type = media_type(request, {"application/json"})
            body = await read_body(request, limit)
            heard = await intake.hear(
                body, kind=KIND, partner=principal, content_type=content_type, feed=request.headers.get("cdr-feed")
            )
        except NotAllowed as error:
            raise Refusal(403, error.code, str(error)) from None
        if heard.verdict == "refused":
            raise refused(heard)
        if not heard.to_be_taken:
            return _receipt(request, heard, accepted=False)
        taken = await intake.take(
            body,
            kind=KIND,
            partner=principal.name,
            content_type=content_type,
            message_id=heard.message_id,
            feed=heard.feed.name if heard.feed else None,
        )
        if not taken.durable:
            raise not_durable(taken.reason, taken.retry_seconds)
        return _receipt(request, heard, accepted=True)

    return router


def refused(heard: Heard) -> Refusal:
    """400 for what can't be read, 422 for what can't be taken, with every problem found."""
    problems = [problem for reading in heard.readings for problem in reading.all_problems]
    status = 400 if heard.reason in _UNREADABLE else 422
    return Refusal(status, heard.reason, heard.hint or "Nothing of the message was taken.", problems=problems)


def _receipt(request: Request, heard: Heard, *, accepted: bool) -> Response:
    body: dict[str, Any] = {
        "id": request.state.request_id,
        "accepted": accepted,
        "items": [written_item(item) for item in heard.items],
        "problems": [written(problem) for reading in heard.readings for problem in reading.problems],
    }
    if heard.hint:
        body["hint"] = heard.hint
    return Response(orjson.dumps(body), 202 if accepted else 200, media_type="application/json")
