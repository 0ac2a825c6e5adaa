"""``POST /police/reports``: a force's sudden-death report, answered person by person.

202 with a receipt once the broker has the report; 200 where it speaks of no child's death (nothing is kept); 4xx with the
JSONPath and reason of everything that can't be taken.
"""

import orjson
from fastapi import APIRouter, Request, Response

from integration_engine.gateway.answers import Refusal, written, written_item
from integration_engine.gateway.described import FEED, Answers, answers, published, such_as, takes, texts
from integration_engine.gateway.door import Door
from integration_engine.gateway.intake import Heard
from integration_engine.gateway.shapes import ReportAnswer

CONTENT_TYPES = frozenset({"application/json", "text/csv"})
# Reasons that say the bytes are no report at all, rather than a report that says something wrong.
_UNREADABLE = frozenset(
    {"bad-json", "bad-encoding", "duplicate-key", "empty", "lone-surrogate", "not-a-number", "not-an-object"}
    | {"nul-character", "number-too-large", "too-deep", "unknown-format"}
)
_BODY = takes(
    {"application/json": published("police-sudden-death-1"), **texts(["text/csv"])},
    FEED,
    examples={"application/json": "police-report", "text/csv": "police-export"},
)
_ANSWERS: Answers = {
    200: answers("It speaks of no child's death: nothing was kept") | {"model": ReportAnswer},
    202: such_as("report-taken", answers("Durably queued")) | {"model": ReportAnswer},
    400: answers("It can't be read"),
    422: answers("It can be read, and its content is wrong"),
}


def police_door(door: Door) -> APIRouter:
    """The police's routes."""
    router = APIRouter(tags=["police"])

    @router.post(
        "/police/reports",
        status_code=202,
        summary="Send a sudden-death report (police-sudden-death/1)",
        description="JSON by the schema at /schemas/police-sudden-death/1, or a records system's CSV export. No text may "
        "hold a NUL character; whole numbers have 15 digits at most, and nothing is nested more than 32 deep.",
        openapi_extra=_BODY,
        responses=_ANSWERS,
    )
    async def report(request: Request) -> Response:
        knock = await door.knock(request, CONTENT_TYPES)
        if knock.heard.verdict == "refused":
            raise refused(knock.heard)
        if knock.heard.to_be_taken:
            await door.take(knock)
        return _receipt(request, knock.heard)

    return router


def refused(heard: Heard) -> Refusal:
    """413 for what is too large, 400 for what can't be read, 422 for what can't be taken, with every problem found."""
    problems = [problem for reading in heard.readings for problem in reading.all_problems]
    status = 413 if heard.reason == "too-large" else 400 if heard.reason in _UNREADABLE else 422
    return Refusal(status, heard.reason, heard.hint or "Nothing of the message was taken.", problems=problems)


def _receipt(request: Request, heard: Heard) -> Response:
    body: ReportAnswer = {
        "id": request.state.request_id,
        "accepted": heard.to_be_taken,
        "items": [written_item(item) for item in heard.items],
        "problems": [written(problem) for reading in heard.readings for problem in reading.problems],
    }
    if heard.hint:
        body["hint"] = heard.hint
    return Response(orjson.dumps(body), 202 if heard.to_be_taken else 200, media_type="application/json")
