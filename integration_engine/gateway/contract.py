"""What partners may build against: the OpenAPI document of the doors, and beside it the AsyncAPI one of the broker."""

import asyncio
from collections.abc import Callable

from fastapi import APIRouter, Response

from integration_engine.gateway.described import OPEN, Answers, answers

_KEPT = {"Cache-Control": "max-age=300"}


def contract_door(openapi: Callable[[], bytes], asyncapi: bytes | None = None) -> APIRouter:
    """``GET /openapi.json`` and ``/asyncapi.json``, open to anybody: they name no partner. ``openapi`` makes the document
    the first time it is asked for, and keeps it."""
    router = APIRouter(tags=["documents"])
    told: Answers = {200: answers("The document", "application/json", schema={"type": "object"})}

    @router.get("/openapi.json", summary="This document (OpenAPI 3.1)", openapi_extra=OPEN, responses=told)
    async def doors() -> Response:
        return _document(await asyncio.to_thread(openapi))

    if asyncapi is not None:

        @router.get(
            "/asyncapi.json", summary="What travels over the broker (AsyncAPI 3)", openapi_extra=OPEN, responses=told
        )
        async def queues() -> Response:
            return _document(asyncapi)

    return router


def _document(content: bytes) -> Response:
    return Response(content, media_type="application/json", headers=_KEPT)
