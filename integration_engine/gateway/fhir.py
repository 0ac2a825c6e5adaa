"""The FHIR doors: ``$process-message``, bundles, a single Patient, a message that is only tried (``$validate``), and what we
are able to do (CapabilityStatement).

202 once the broker has the message, 200 where it is passed over; everything else is an OperationOutcome that names the
FHIRPath. A message Bundle that could be read is answered by a message of ours with MessageHeader.response, the
OperationOutcome inside it; what could not be read as one is answered by the OperationOutcome alone.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fhir.resources.R4B.operationoutcome import OperationOutcome

from adapters.adapter import Reading
from adapters.hospital_fhir.capability import capability_statement
from adapters.hospital_fhir.content import media, preferred, tree_of
from adapters.hospital_fhir.message import lay_out
from adapters.hospital_fhir.outcome import (
    JSON,
    XML,
    http_status,
    operation_outcome,
    process_message_response,
    response_code,
    transient_outcome,
)
from adapters.hospital_fhir.refusals import Refused, status_of
from adapters.hospital_fhir.shape import text
from adapters.hospital_fhir.trying import taken_out, trial_outcome, trial_status
from adapters.hospital_fhir.versions import Version, of_message
from integration_engine.gateway.answers import Refusal
from integration_engine.gateway.body import apart_if_big
from integration_engine.gateway.described import (
    FEED,
    OPEN,
    Answers,
    answers,
    parameter,
    reference,
    such_as,
    takes,
    texts,
)
from integration_engine.gateway.door import Door, Knock
from integration_engine.settings import Settings

# The plain types are what older senders call the same; the content then has to show that it is FHIR.
_EVENT = "application/cloudevents+json"
CONTENT_TYPES = frozenset(
    {JSON, XML, "application/json", "application/xml", "text/xml", _EVENT}
    | {"application/json+fhir", "application/xml+fhir"}
)
_PROBLEMS = "urn:child-death-review-engine:problem"
# FHIR's issue-type for what goes wrong before a message is read.
_ISSUES = {
    400: "structure",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    413: "too-long",
    415: "not-supported",
    500: "exception",
}
# An answer in R4 says nothing of its release, as before there were others.
_NUMBERS = {"STU3": "3.0", "R5": "5.0"}
_FORM = parameter("query", "_format", "The form of the answer: with json in it JSON, with xml in it XML; over Accept")
_RESOURCE = {kind: reference("FhirResource") for kind in sorted(CONTENT_TYPES) if "json" in kind}


def _body(example: str) -> dict[str, Any]:
    content = _RESOURCE | texts(kind for kind in sorted(CONTENT_TYPES) if "xml" in kind)
    examples = {kind: f"{example}-xml" if "xml" in kind else f"{example}-json" for kind in content}
    return takes(content, FEED, _FORM, examples=examples | {_EVENT: "fhir-event"})


_BUNDLE, _PATIENT = _body("fhir-message"), _body("fhir-patient")


def _in_fhir(text: str, *shapes: str) -> dict[str, Any]:
    """An answer in one of these shapes, as JSON or as XML."""
    schemas = [reference(shape) for shape in shapes]
    said = answers(text, JSON, schema=schemas[0] if len(schemas) == 1 else {"anyOf": schemas})
    return said | {"content": said["content"] | answers(text, XML)["content"]}


def _sent(example: str, *shapes: str) -> Answers:
    """What becomes of a message; ``example`` is of one that is queued."""
    texts_by_status = {
        200: "Passed over: nothing was kept",
        202: "Durably queued",
        400: "It can't be read as FHIR",
        422: "It can be read, and its content is wrong",
        503: "Not durable, or the store is away: send it again after Retry-After",
    }
    told: Answers = {status: _in_fhir(text, *shapes) for status, text in texts_by_status.items()}
    return told | {202: such_as(example, told[202], JSON)}


_SENT = _sent("outcome-taken", "OperationOutcome")
# What could not be read as a message Bundle is answered by the OperationOutcome alone.
_MESSAGE = _sent("message-taken", "OperationOutcome", "MessageResponse")
_TRIED: Answers = {
    200: such_as("outcome-tried", _in_fhir("What would become of it", "OperationOutcome"), JSON),
    400: _in_fhir("It can't be read as FHIR", "OperationOutcome"),
    422: _in_fhir("A mode of the operation that nothing here does", "OperationOutcome"),
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a message Bundle wants in its answer: the id of its header, and its release of FHIR."""

    header_id: str
    version: Version


def fhir_door(door: Door, settings: Settings, *, clock: Callable[[], datetime]) -> APIRouter:
    """The hospitals' FHIR routes."""
    router = APIRouter(prefix="/fhir", tags=["fhir"], default_response_class=Response)

    @router.post(
        "/$process-message", status_code=202, summary="Send a message Bundle", openapi_extra=_BUNDLE, responses=_MESSAGE
    )
    async def process_message(request: Request) -> Response:
        knock = await door.knock(request, CONTENT_TYPES)
        asked = await apart_if_big(knock.brought.body, lambda: _asked(knock))
        if asked is None:
            # No message that could be answered by one: say what is wrong, or take it as any other Bundle.
            return await _taken(door, knock, request)
        return await _answered(door, knock, request, asked, _address(settings, request), clock())

    @router.post("", status_code=202, summary="Send a Bundle of any type", openapi_extra=_BUNDLE, responses=_SENT)
    async def bundle(request: Request) -> Response:
        return await _taken(door, await door.knock(request, CONTENT_TYPES), request)

    @router.post(
        "/",
        status_code=202,
        summary="Send a Bundle, by a client whose base address ends in a slash",
        openapi_extra=_BUNDLE,
        responses=_SENT,
    )
    async def bundle_at_the_base(request: Request) -> Response:
        return await bundle(request)

    @router.post("/Patient", status_code=202, summary="Send one Patient", openapi_extra=_PATIENT, responses=_SENT)
    async def patient(request: Request) -> Response:
        return await _taken(door, await door.knock(request, CONTENT_TYPES), request)

    @router.post(
        "/$validate", summary="Try a message: what would become of it", openapi_extra=_BUNDLE, responses=_TRIED
    )
    async def validate(request: Request) -> Response:
        return await _tried(door, request)

    @router.post("/Bundle/$validate", summary="Try a Bundle", openapi_extra=_BUNDLE, responses=_TRIED)
    async def validate_bundle(request: Request) -> Response:
        return await _tried(door, request)

    @router.post("/Patient/$validate", summary="Try a Patient", openapi_extra=_PATIENT, responses=_TRIED)
    async def validate_patient(request: Request) -> Response:
        return await _tried(door, request)

    @router.get(
        "/metadata",
        summary="The CapabilityStatement",
        openapi_extra=OPEN | {"parameters": [_FORM]},
        responses={200: _in_fhir("A CapabilityStatement", "CapabilityStatement")},
    )
    async def metadata(request: Request) -> Response:
        form = _form(request)
        return Response(capability_statement(_address(settings, request), form=form), media_type=form)

    return router


def fhir_refusal(request: Request, refusal: Refusal) -> Response:
    """A refusal that happened before or outside of reading, as an OperationOutcome."""
    form = _form(request)
    if refusal.status == 503:
        return Response(transient_outcome(form), 503, refusal.headers, form)
    if refusal.problems:
        return Response(operation_outcome(refusal.problems, form), refusal.status, refusal.headers, form)
    issue = {
        "severity": "fatal" if refusal.status == 500 else "error",
        "code": _ISSUES.get(refusal.status, "processing"),
        "details": {"coding": [{"system": _PROBLEMS, "code": refusal.code}], "text": refusal.text},
        "diagnostics": f"Request {request.state.request_id}",
    }
    outcome = OperationOutcome.model_validate({"resourceType": "OperationOutcome", "issue": [issue]})
    body = outcome.model_dump_xml() if form == XML else outcome.model_dump_json()
    return Response(body, refusal.status, refusal.headers, form)


async def _taken(door: Door, knock: Knock, request: Request) -> Response:
    if knock.heard.to_be_taken:
        await door.take(knock)
    told, form = _told(knock), _form(request)
    return Response(operation_outcome(told, form), http_status(told), media_type=form)


async def _tried(door: Door, request: Request) -> Response:
    try:
        told = _told(await door.try_out(request, CONTENT_TYPES, taken_out))
    except Refused as refused:
        problem = refused.problem
        raise Refusal(status_of(problem.code), problem.code, problem.text, problems=[problem]) from None
    form = _form(request)
    return Response(trial_outcome(told, form), trial_status(told), media_type=form)


async def _answered(door: Door, knock: Knock, request: Request, asked: _Asked, address: str, now: datetime) -> Response:
    told, form, headers = _told(knock), _form(request), {}
    status, code = http_status(told), response_code(told)
    if knock.heard.to_be_taken:
        try:
            await door.take(knock)
        except Refusal as refusal:
            # Only a broker that didn't confirm refuses here: the sender's message is right and should come again.
            status, code, headers = refusal.status, "transient-error", refusal.headers
    body = process_message_response(
        asked.header_id,
        code,
        told,
        response_id=str(uuid.uuid4()),
        endpoint=address,
        at=now,
        version=asked.version,
        form=form,
    )
    release = _NUMBERS.get(asked.version)
    return Response(body, status, headers, f"{form}; fhirVersion={release}" if release else form)


def _told(knock: Knock) -> Reading:
    """What the whole submission says, as one reading: the partner sent one message and gets one answer."""
    first, *others = knock.heard.readings
    if not others:
        return first
    problems = tuple(problem for reading in knock.heard.readings for problem in reading.problems)
    return replace(first, items=knock.heard.items, problems=problems, hint=knock.heard.hint)


def _asked(knock: Knock) -> _Asked | None:
    """What to answer a message by; None for what is no message Bundle."""
    said = media(knock.brought.content_type)
    try:
        message = lay_out(tree_of(knock.brought.body, said)[0])
    except (Refused, RecursionError):
        return None
    if message.bundle_type != "message" or message.header is None:
        return None
    version = of_message([one.resource for one in message.resources], said.version)
    return _Asked(text(message.header.resource, "id") or "unknown", version)


def _form(request: Request) -> str:
    """JSON or XML: as the sender asks, what it likes best; else as it sent."""
    asked = request.query_params.get("_format")
    liked = preferred(asked if asked is not None else request.headers.get("accept", ""))
    if liked:
        return XML if liked == "xml" else JSON
    return XML if "xml" in request.headers.get("content-type", "").lower() else JSON


def _address(settings: Settings, request: Request) -> str:
    return (settings.public_url or str(request.base_url)).rstrip("/") + "/fhir"
