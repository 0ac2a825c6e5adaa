"""The FHIR doors: ``$process-message``, bundles, a single Patient, and what we are able to do (CapabilityStatement).

202 once the broker has the message, 200 where it is passed over; every other answer is an OperationOutcome that names
the FHIRPath. A message Bundle is answered with its MessageHeader.response.
"""

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter, Request, Response

from integration_engine.gateway.answers import Refusal
from integration_engine.gateway.door import Door, Knock
from integration_engine.settings import Settings

FHIR_JSON = "application/fhir+json"
# The plain types are what older senders call the same; the content then has to show that it is FHIR.
CONTENT_TYPES = frozenset({FHIR_JSON, "application/fhir+xml", "application/json", "application/xml", "text/xml"})
_SCHEMA = {"schema": {"type": "string"}}
_BODY = {
    "requestBody": {"required": True, "content": {FHIR_JSON: _SCHEMA, "application/fhir+xml": _SCHEMA}},
}


def fhir_door(door: Door, settings: Settings, *, clock: Callable[[], datetime]) -> APIRouter:
    """The hospitals' FHIR routes."""
    router = APIRouter(prefix="/fhir", tags=["fhir"])

    async def taken(request: Request) -> Knock:
        knock = await door.knock(request, CONTENT_TYPES)
        if knock.heard.to_be_taken:
            await door.take(knock)
        return knock

    @router.post("/$process-message", status_code=202, summary="Send a message Bundle", openapi_extra=_BODY)
    async def process_message(request: Request) -> Response:
        return _message_answer(await taken(request), request, clock())

    @router.post("", status_code=202, summary="Send a Bundle of any type", openapi_extra=_BODY)
    async def bundle(request: Request) -> Response:
        return _answer(await taken(request), request)

    @router.post("/Patient", status_code=202, summary="Send one Patient", openapi_extra=_BODY)
    async def patient(request: Request) -> Response:
        return _answer(await taken(request), request)

    @router.get("/metadata", summary="The CapabilityStatement")
    async def metadata(request: Request) -> Response:
        from adapters.hospital_fhir.outcome import capability_statement

        address = (settings.public_url or str(request.base_url)).rstrip("/") + "/fhir"
        return Response(capability_statement(address), media_type=FHIR_JSON)

    return router


def fhir_refusal(request: Request, refusal: Refusal) -> Response:
    """A refusal that happened before or outside of reading, as an OperationOutcome."""
    raise NotImplementedError


def _message_answer(knock: Knock, request: Request, now: datetime) -> Response:
    raise NotImplementedError


def _answer(knock: Knock, request: Request) -> Response:
    raise NotImplementedError
