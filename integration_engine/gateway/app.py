"""The HTTP front doors as one application: partners' doors, recipients' inboxes, sign-in, health and numbers."""

import functools
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from integration_engine.gateway import openapi
from integration_engine.gateway.answers import Refusal, problem_json
from integration_engine.gateway.cdop import inbox_door
from integration_engine.gateway.contract import contract_door
from integration_engine.gateway.coroner import coroner_door
from integration_engine.gateway.coroner_pages import TRY, UPLOAD, Counter, coroner_pages
from integration_engine.gateway.door import Door
from integration_engine.gateway.entry import Entry
from integration_engine.gateway.envelope import Envelope
from integration_engine.gateway.fhir import fhir_door, fhir_refusal
from integration_engine.gateway.intake import Intake
from integration_engine.gateway.own_account import BEGIN_ANEW, own_account_door
from integration_engine.gateway.panels import panels_door
from integration_engine.gateway.police import police_door
from integration_engine.gateway.ports import DeskRefusal, People, StoreAway
from integration_engine.gateway.refused_pages import refusal_page
from integration_engine.gateway.rooms import Rooms
from integration_engine.gateway.sandbox import SANDBOX, Marked, RemembersNothing, make_sandbox, sandbox_app
from integration_engine.gateway.schemas import schema_door
from integration_engine.gateway.sign_in import Ways, sign_in_pages
from integration_engine.gateway.token import token_door
from integration_engine.gateway.traced import Traced
from integration_engine.gateway.watch import Live, watch_door
from integration_engine.monitoring import tracing
from integration_engine.monitoring.health import Check
from integration_engine.record.codes import PartnerKind
from integration_engine.release import release
from integration_engine.security.identity import RECEIVERS, NotAllowed
from integration_engine.security.keys import KeyMissing, SealBroken
from integration_engine.settings import Settings

log = logging.getLogger(__name__)

RETRY_SECONDS = 30
# The framework would record paths, queries and what an exception says, join partners' traces and hand on their baggage.
_NOT_ITS_OWN: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
_PAGES = ("/console", UPLOAD, TRY, BEGIN_ANEW, "/sign-in", "/sign-out")
_OWN_PAGE = "/partner"


def make_intake(settings: Settings, rooms: Rooms) -> Intake:
    """The one intake of a gateway process: HTTP and MLLP share it."""
    return Intake(
        rooms.publisher,
        rooms.people,
        rooms.read,
        rooms.sender,
        extra_feeds=settings.feed_list,
        age_rules=settings.age_rules,
        clock=rooms.clock,
        ledger=rooms.ledger,
    )


def make_entry(settings: Settings, rooms: Rooms) -> Entry:
    return Entry(
        rooms.people,
        secure=settings.cookie_secure,
        seconds=settings.session_seconds,
        a_second=settings.requests_a_second,
    )


def create_app(
    settings: Settings, rooms: Rooms, intake: Intake | None = None, pages: Sequence[APIRouter] = ()
) -> FastAPI:
    """The application. ``pages`` are the console's routes, where this process shows the console too."""
    # The interactive documentation page would load scripts from elsewhere; the OpenAPI document itself is served.
    app = FastAPI(
        title="Child death review integration engine",
        description=openapi.ABOUT,
        version=release(),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        generate_unique_id_function=openapi.operation_id,
        telemetry=_NOT_ITS_OWN,
        # It would lead to whatever host a request names.
        redirect_slashes=False,
    )
    heard_by = intake or make_intake(settings, rooms)
    entry = make_entry(settings, rooms)

    def door(kind: PartnerKind) -> Door:
        return Door(kind, heard_by, entry, limit=settings.max_body_bytes)

    app.include_router(fhir_door(door("hospital-fhir"), settings, clock=rooms.clock))
    app.include_router(police_door(door("police")))
    app.include_router(coroner_door(door("coroner"), rooms.receipts, rooms.table))
    trying = Door("coroner", make_sandbox(settings, rooms), entry, limit=settings.max_body_bytes)
    for counter in (
        Counter(UPLOAD, door("coroner"), rooms.receipts, rooms.table),
        Counter(TRY, trying, RemembersNothing(), rooms.table, trial=True),
    ):
        app.include_router(coroner_pages(counter))
    app.include_router(schema_door(settings.public_url))
    for receiver in RECEIVERS:
        app.include_router(inbox_door(receiver, rooms.inbox, entry))
    if rooms.panels:
        app.include_router(panels_door(rooms.panels, entry))
    signed = rooms.grants is not None
    described = functools.cache(lambda: openapi.document(app, settings, signed=signed))
    app.include_router(contract_door(described, rooms.contract))
    if rooms.accounts:
        app.include_router(own_account_door(rooms.accounts, entry))
    if rooms.grants and settings.public_url:
        app.include_router(token_door(rooms.grants, settings.public_url, entry.failures))
    ways = Ways(
        provider=settings.oidc is not None, password=settings.password_sign_in, bearers=settings.bearers_sign_in
    )
    app.include_router(sign_in_pages(entry, ways))
    if settings.oidc and settings.public_url:
        # They bring an HTTP client, which no other door needs.
        from integration_engine.gateway.openid import BACK, provider_pages
        from integration_engine.gateway.provider import Provider

        provider = Provider(settings.oidc, settings.public_url.rstrip("/") + BACK)
        app.include_router(provider_pages(entry, provider, settings.oidc.mapped(), secure=settings.cookie_secure))
    for router in pages:
        app.include_router(router)
    app.include_router(watch_door(entry, rooms.checks))
    app.mount(SANDBOX, sandbox_app(settings, rooms, entry, _answer_failures))
    _answer_failures(app)
    if tracing.on():
        app.add_middleware(Traced)
    app.add_middleware(Envelope, answer=answer, hsts=settings.cookie_secure)
    app.add_middleware(Marked)
    return app


def create_watch_app(settings: Settings, people: People, checks: Mapping[str, Check], live: Live) -> FastAPI:
    """Health and numbers of a process that has no other door: a worker."""
    app = FastAPI(
        title="Child death review integration engine: worker",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        telemetry=_NOT_ITS_OWN,
        redirect_slashes=False,
    )
    entry = Entry(people, secure=settings.cookie_secure, seconds=settings.session_seconds)
    app.include_router(watch_door(entry, checks, live))
    _answer_failures(app)
    app.add_middleware(Envelope, answer=answer, hsts=settings.cookie_secure)
    return app


def answer(request: Request, refusal: Refusal) -> Response:
    """A refusal in the language of the door it happened at."""
    path = request.url.path.removeprefix(SANDBOX)
    if refusal.status == 303:
        return RedirectResponse(refusal.headers["Location"], 303)
    if path.startswith("/fhir"):
        return fhir_refusal(request, refusal)
    # Somebody who mistyped an address in a browser reads a page; programs don't ask for one.
    lost = refusal.code == "no-such-door" and "text/html" in request.headers.get("accept", "")
    if path.startswith(_PAGES) or path == _OWN_PAGE or lost:
        return refusal_page(refusal, request)
    return problem_json(refusal, request.state.request_id)


def _answer_failures(app: FastAPI) -> None:
    async def refused(request: Request, error: Any) -> Response:
        return answer(request, error)

    async def not_allowed(request: Request, error: Any) -> Response:
        return answer(request, Refusal(403, error.code, str(error)))

    async def desk_refused(request: Request, error: Any) -> Response:
        return answer(request, Refusal(error.status, error.code, str(error)))

    async def away(request: Request, error: Any) -> Response:
        text = "The store can't answer now. Try again."
        return answer(request, Refusal(503, "store-away", text, headers={"Retry-After": str(RETRY_SECONDS)}))

    async def locked(request: Request, error: Any) -> Response:
        log.error("a sealed value could not be opened", extra={"code": error.code})
        text = "What is held can’t be opened now: a key is missing or a value was altered. The operators have to see to it."
        return answer(request, Refusal(503, error.code, text))

    async def malformed(request: Request, error: Any) -> Response:
        # FastAPI's own text would quote what came in.
        places = sorted({".".join(str(part) for part in each["loc"]) for each in error.errors()})
        return answer(request, Refusal(422, "parameter", "Not as it has to be: " + ", ".join(places) + "."))

    async def no_route(request: Request, error: Any) -> Response:
        codes = {404: "no-such-door", 405: "method", 413: "too-large"}
        text = "There is no such door, or it doesn't do that."
        return answer(
            request, Refusal(error.status_code, codes.get(error.status_code, "http"), text, headers=error.headers)
        )

    app.add_exception_handler(Refusal, refused)
    app.add_exception_handler(NotAllowed, not_allowed)
    app.add_exception_handler(DeskRefusal, desk_refused)
    app.add_exception_handler(StoreAway, away)
    app.add_exception_handler(KeyMissing, locked)
    app.add_exception_handler(SealBroken, locked)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, no_route)
