"""What partners may build against: the AsyncAPI document, beside the OpenAPI one that the framework serves."""

from fastapi import APIRouter, Response


def contract_door(asyncapi: bytes) -> APIRouter:
    """``GET /asyncapi.json``: what travels over the broker. Open to anybody, as ``/openapi.json`` is: it names no partner."""
    router = APIRouter(tags=["documents"])

    @router.get("/asyncapi.json", summary="What travels over the broker (AsyncAPI 3)")
    async def document() -> Response:
        return Response(asyncapi, media_type="application/json", headers={"Cache-Control": "max-age=300"})

    return router
