"""What every request passes through: an id, security headers, a count, and a 500 that says nothing but the id."""

import logging
import re
from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integration_engine.gateway.answers import Refusal
from integration_engine.monitoring.counters import COUNTERS, HTTP_ANSWERS
from integration_engine.monitoring.logs import correlation, new_id
from integration_engine.monitoring.logs import request as requested

log = logging.getLogger(__name__)

REQUEST_ID = "x-request-id"
# A partner's own request id is kept for its own tracing when it is plainly an id; ten digits in a row might be a person's.
_THEIRS = re.compile(r"(?!.*\d{10})[A-Za-z0-9-]{8,64}")

_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_DOORS = (
    "fhir", "police", "coroner", "cdop", "jar", "national", "oauth", "sign-in", "partner", "sandbox", "console", "health",
    "metrics", "schemas",
)  # fmt: skip


_VERSIONS = ("1.0", "1.1")
_OTHER_VERSION = Refusal(505, "http-version", "Speak HTTP/1.1.", headers={"Connection": "close"})
_TWO_ENDS = Refusal(
    400, "framing", "The request says in two ways where it ends. Send one.", headers={"Connection": "close"}
)


class Envelope:
    """ASGI middleware. ``answer`` writes a Refusal in the door's own language (used here for the 500 only)."""

    def __init__(self, app: ASGIApp, answer: Callable[[Request, Refusal], Response], *, hsts: bool) -> None:
        self._app = app
        self._answer = answer
        self._headers = dict(_HEADERS)
        if hsts:
            self._headers["strict-transport-security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        theirs = request.headers.get(REQUEST_ID, "")
        known = theirs if _THEIRS.fullmatch(theirs) else None
        own = new_id()
        request_id = known or own
        scope.setdefault("state", {})["request_id"] = request_id
        token, asked = correlation.set(own), requested.set(known)
        started = False

        async def send_sealed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers[REQUEST_ID] = request_id
                COUNTERS.add(HTTP_ANSWERS, door=_door(scope["path"]), status=str(message["status"]))
            await send(message)

        try:
            if wrong := _not_ours(scope):
                await self._answer(request, wrong)(scope, receive, send_sealed)
                return
            await self._app(scope, receive, send_sealed)
        except Exception:
            # The exception's text may quote a partner's message: it goes nowhere, its type and place go to the log.
            log.exception("a request failed", extra={"door": _door(scope["path"])})
            if started:
                raise
            failure = Refusal(500, "error", "The request failed here. Nothing was acknowledged; quote the request id.")
            await self._answer(request, failure)(scope, receive, send_sealed)
        finally:
            correlation.reset(token)
            requested.reset(asked)


def _not_ours(scope: Scope) -> Refusal | None:
    """What can't be answered whatever it asks for: of another protocol, or one that says in two ways where it ends (RFC 9112
    section 6.3). There a proxy before us may have believed the other way, and taken for this request's body what here would
    be a request of somebody else's."""
    names = {name for name, _ in scope["headers"]}
    if b"content-length" in names and b"transfer-encoding" in names:
        return _TWO_ENDS
    return None if scope["http_version"] in _VERSIONS else _OTHER_VERSION


def _door(path: str) -> str:
    first = path.strip("/").partition("/")[0]
    return first if first in _DOORS else "other"
