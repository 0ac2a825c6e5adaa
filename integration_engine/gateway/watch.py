"""The door of those who watch a process: whether it lives, whether it can do its work, and its numbers."""

import hashlib
import time
from collections.abc import Callable, Mapping

import orjson
from fastapi import APIRouter, Request, Response

from integration_engine.gateway.described import OPEN, answers
from integration_engine.gateway.entry import Entry
from integration_engine.gateway.ports import StoreAway
from integration_engine.gateway.shapes import Liveness, Readiness
from integration_engine.monitoring.counters import CONTENT_TYPE, COUNTERS
from integration_engine.monitoring.health import Check, ask
from integration_engine.security.identity import require_role

Live = Callable[[], bool]
"""Whether what this process is for still moves. That it answers at all says that the process runs."""

_REMEMBERED_SECONDS = 600.0


def watch_door(entry: Entry, checks: Mapping[str, Check], live: Live = lambda: True) -> APIRouter:
    """``/health/live``, ``/health/ready`` and ``/metrics`` of this process."""
    router = APIRouter(tags=["health"])
    watchers = _Watchers(entry)

    @router.get(
        "/health/live",
        summary="The process runs, and what it is for moves; 503: start it again",
        openapi_extra=OPEN,
        responses={200: answers("It does") | {"model": Liveness}, 503: answers("It doesn't") | {"model": Liveness}},
    )
    async def alive() -> Response:
        lives = live()
        return _said({"status": "ok" if lives else "stuck"}, lives)

    @router.get(
        "/health/ready",
        summary="Broker and store answer: messages can be taken",
        openapi_extra=OPEN,
        responses={200: answers("They do") | {"model": Readiness}, 503: answers("They don't") | {"model": Readiness}},
    )
    async def ready() -> Response:
        health = await ask(checks)
        return _said({"status": "ok" if health.ready else "away", "parts": dict(health.parts)}, health.ready)

    @router.get(
        "/metrics",
        summary="Numbers in the Prometheus text format, for operators",
        response_class=Response,
        responses={200: answers("The numbers", "text/plain")},
    )
    async def metrics(request: Request) -> Response:
        # Small numbers of deaths by partner say more than they seem to: they are for operators only.
        await watchers.admit(request)
        return Response(COUNTERS.text(), headers={"Content-Type": CONTENT_TYPE})

    return router


def _said(body: Mapping[str, object], well: bool) -> Response:
    return Response(orjson.dumps(body), 200 if well else 503, media_type="application/json")


class _Watchers:
    """Lets operators' tokens in. One that was good is remembered for ten minutes, because numbers are wanted most while the
    store that knows tokens is away; while it answers, a revoked token opens nothing."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self._until: dict[bytes, float] = {}

    async def admit(self, request: Request) -> None:
        """Refuses 401 or 403; raises StoreAway where nobody knows this token now."""
        shown = hashlib.sha256(request.headers.get("authorization", "").encode()).digest()
        now = time.monotonic()
        self._until = {token: until for token, until in self._until.items() if until > now}
        try:
            require_role(await self._entry.bearer(request), ("operator",))
        except StoreAway:
            if shown not in self._until:
                raise
        else:
            self._until[shown] = now + _REMEMBERED_SECONDS
