"""A span for each message at a door, over HTTP or MLLP, where traces are exported; elsewhere nothing stands in the way."""

import re
from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integration_engine.gateway.mllp_line import Door, Reply
from integration_engine.monitoring import tracing
from integration_engine.monitoring.logs import correlation

# A method is whatever word a client writes.
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
# Asked every few seconds, and about no message.
_UNTRACED = ("/health", "/metrics")
# HL7 table 0008: what was acknowledged, application or commit level.
_ACKNOWLEDGED = re.compile(rb"\rMSA\|([AC][AER])\|")


class Traced:
    """ASGI middleware, inside ``Envelope``. The path, the query and the headers of a request stay out of its span: they name
    cases. Its route says where it went."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_UNTRACED):
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        told = method if method in _METHODS else "HTTP"
        theirs = Headers(scope=scope).getlist(tracing.TRACEPARENT)
        links = theirs if len(theirs) == 1 and tracing.is_traceparent(theirs[0]) else []
        about = {"http.request.method": method, "cdr.correlation": correlation.get() or ""}
        with tracing.during(told, "server", about, links=links) as span:

            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.note({"http.response.status_code": message["status"]})
                    if message["status"] >= 500:
                        span.failed(str(message["status"]))
                await send(message)

            try:
                await self._app(scope, receive, noted)
            finally:
                if route := getattr(scope.get("route"), "path", None):
                    span.rename(f"{told} {route}")
                    span.note({"http.route": route})


def traced(door: Door) -> Door:
    """An MLLP door with a span for each message; HL7 v2 has no place for a sender's own ``traceparent``."""
    return _TracedDoor(door) if tracing.on() else door


class _TracedDoor:
    def __init__(self, door: Door) -> None:
        self._door = door

    async def answer(self, body: bytes) -> Reply:
        return await self._during(self._door.answer, body)

    async def too_large(self, head: bytes) -> Reply:
        return await self._during(self._door.too_large, head)

    @staticmethod
    async def _during(ask: Callable[[bytes], Awaitable[Reply]], body: bytes) -> Reply:
        about = {"network.protocol.name": "mllp", "cdr.correlation": correlation.get() or ""}
        with tracing.during("MLLP message", "server", about) as span:
            reply = await ask(body)
            if reply.frames and (found := _ACKNOWLEDGED.search(reply.frames[0])):
                code = found[1].decode()
                span.note({"cdr.acknowledgement": code})
                if code[1] != "A":
                    span.failed(code)
            return reply
