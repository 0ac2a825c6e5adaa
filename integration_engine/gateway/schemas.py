"""The JSON Schemas that partners' messages and ours are held to, each at an address that stays: ``/schemas/NAME/VERSION``.

They are the files of ``mappings/schema``, made from the models that the code itself uses. A schema that changes in what it
takes or says gets another version, so another address.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request, Response

from integration_engine.gateway.answers import Refusal
from integration_engine.gateway.described import OPEN, answers, parameter
from integration_engine.gateway.shapes import PublishedSchema, PublishedSchemas
from integration_engine.mapping.files import mappings

SCHEMA_JSON = "application/schema+json"
_KEPT = "max-age=3600"
_TAG = "What this version is known by"
_KNOWN = parameter("header", "If-None-Match", "The ETags of those that you have, commas between")
Name = Annotated[str, Path(pattern="^[a-z-]{1,64}$", description="Its name: police-sudden-death")]
Version = Annotated[str, Path(pattern="^[0-9]{1,4}$", description="Its version: 1")]


@dataclass(frozen=True, slots=True)
class Published:
    """One schema as it is served. ``title`` is for the list."""

    name: str
    title: str
    body: bytes

    @property
    def tag(self) -> str:
        return f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'


@cache
def published(public_url: str | None) -> Mapping[str, Published]:
    """Every schema by its name, ``police-sudden-death/1``. Its ``$id`` is its address where ours is known."""
    found = {}
    for path in sorted((mappings() / "schema").glob("*.json")):
        schema: dict[str, Any] = orjson.loads(path.read_bytes())
        name = "/".join(path.stem.rsplit("-", 1))
        schema["$id"] = f"{public_url.rstrip('/')}/schemas/{name}" if public_url else name
        found[name] = Published(name, str(schema.get("title", name)), orjson.dumps(schema, option=orjson.OPT_INDENT_2))
    return found


def schema_door(public_url: str | None = None) -> APIRouter:
    """The routes. A schema is nobody's secret: whoever builds towards us reads it before they have a token."""
    router = APIRouter(tags=["schemas"])

    @router.get(
        "/schemas",
        summary="The JSON Schemas there are",
        openapi_extra=OPEN,
        responses={200: answers("The list") | {"model": PublishedSchemas}},
    )
    async def listed() -> Response:
        listing: list[PublishedSchema] = [
            {"name": each.name, "title": each.title, "at": f"/schemas/{each.name}"}
            for each in published(public_url).values()
        ]
        return Response(orjson.dumps({"schemas": listing}), media_type="application/json")

    @router.get(
        "/schemas/{name}/{version}",
        summary="One JSON Schema (2020-12)",
        response_class=Response,
        openapi_extra=OPEN | {"parameters": [_KNOWN]},
        responses={
            200: answers("The schema", SCHEMA_JSON, schema={"type": "object"}, ETag=_TAG),
            304: answers("The one you have", ETag=_TAG),
            404: answers("There is no schema of this name and version"),
        },
    )
    async def one(request: Request, name: Name, version: Version) -> Response:
        schema = published(public_url).get(f"{name}/{version}")
        if schema is None:
            raise Refusal(404, "no-such-schema", "There is no schema of this name and version.")
        headers = {"ETag": schema.tag, "Cache-Control": _KEPT}
        if schema.tag in [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]:
            return Response(status_code=304, headers=headers)
        return Response(schema.body, media_type=SCHEMA_JSON, headers=headers)

    return router
