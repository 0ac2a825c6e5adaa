"""The OpenAPI document of the doors: what each route says of itself, and what all of their sort may answer besides.

A route that isn't marked ``described.OPEN`` asks who is there, one that takes a body reads it within limits, and every
answer carries a request id: that is said here once, in the language of the door (OperationOutcome at the FHIR doors,
problem JSON at all others).
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from adapters.hospital_fhir.outcome import JSON, XML
from integration_engine.gateway.answers import PROBLEM_JSON
from integration_engine.gateway.described import EXAMPLE, OPEN, PUBLISHED, header, reference, texts
from integration_engine.gateway.examples import example
from integration_engine.gateway.fhir_shapes import FHIR_SHAPES
from integration_engine.gateway.posted import POSTED
from integration_engine.gateway.shapes import ProblemDetails
from integration_engine.gateway.token import TOKEN_PATH
from integration_engine.json_schema import quoted
from integration_engine.mapping.files import published_schemas
from integration_engine.settings import Settings

ABOUT = (
    "The doors by which hospitals, police forces and coroners' offices send what they know of a child's death, and by which "
    "panels, response teams and the national record read and answer what they are told. Every answer has an id to quote "
    "(X-Request-Id). What is no HTTP at all is answered 400 in plain text, and an address or method that isn't listed here "
    "404 or 405 in the language of its door."
)
_FRAMEWORK_S_OWN = ("HTTPValidationError", "ValidationError")
_REFUSED_FROM = 400
_RETRY = {"type": "integer", "minimum": 1}
_BACK = header("In how many seconds to come again", schema=_RETRY)
_BACK_PERHAPS = header("In how many seconds to come again, where that is known", always=False, schema=_RETRY)

Answer = tuple[str, str, dict[str, Any]]
"""A status, what it means, and the headers that go with it."""


def operation_id(route: APIRoute) -> str:
    """``cdop-take-back``: a route's own name under its door's."""
    return "-".join([*map(str, route.tags), route.name]).replace("_", "-")


def document(app: FastAPI, settings: Settings, *, at: str = "", signed: bool = True, sandbox: bool = False) -> bytes:
    """The document of an application whose routes are all there. ``at`` is the path it is mounted at; ``signed``: there is
    a token endpoint."""
    told: dict[str, Any] = deepcopy(app.openapi())
    for path, operations in told["paths"].items():
        for operation in operations.values():
            _complete(operation, fhir=path.startswith("/fhir"), sandbox=sandbox)
    told["servers"] = [{"url": (settings.public_url or "").rstrip("/") + at or "/"}]
    ways = dict(_ways_in(settings, signed=signed))
    told["security"] = [{name: []} for name in ways]
    if not sandbox:
        told["webhooks"] = deepcopy(POSTED)
    components = told.setdefault("components", {})
    components["securitySchemes"] = ways
    components["headers"] = {"RequestId": header("The id of this request, to quote when you ask about it")}
    components["parameters"] = {"RequestId": _OWN_ID}
    schemas = {name: each for name, each in components.get("schemas", {}).items() if name not in _FRAMEWORK_S_OWN}
    components["schemas"] = {**schemas, **_problem_shapes(), **FHIR_SHAPES}
    named: dict[str, set[str]] = {PUBLISHED: set(), EXAMPLE: set()}
    whole = _linked(told, named)
    for name in sorted(named[PUBLISHED]):
        whole["components"]["schemas"][name] = _published()[name]
    whole["components"]["examples"] = {name: example(name) for name in sorted(named[EXAMPLE])}
    return orjson.dumps(whole)


_OWN_ID = {
    "name": "X-Request-Id",
    "in": "header",
    "required": False,
    "description": "An id of your own for this request: 8 to 64 letters, digits and dashes, without ten digits in a row. "
    "Anything else is replaced",
    "schema": {"type": "string"},
}


def _ways_in(settings: Settings, *, signed: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    yield (
        "token",
        {
            "type": "http",
            "scheme": "bearer",
            "description": "The token that the operator gave you, or an access token for a signed statement",
        },
    )
    if settings.trusted_proxies or (settings.http_tls and settings.http_tls.client_ca):
        yield "certificate", {"type": "mutualTLS", "description": "Your client certificate, as registered"}
    if signed and settings.public_url:
        flow = {"tokenUrl": settings.public_url.rstrip("/") + TOKEN_PATH, "scopes": {}}
        yield (
            "signed",
            {
                "type": "oauth2",
                "description": "Client credentials, proved by private_key_jwt (RFC 7523)",
                "flows": {"clientCredentials": flow},
            },
        )


def _complete(operation: dict[str, Any], *, fhir: bool, sandbox: bool) -> None:
    """What an operation of its sort may answer besides, the content of refusals that have none yet, and every answer's
    headers."""
    answers: dict[str, Any] = operation["responses"]
    if _of_the_framework(answers.get("422", {})):
        answers["422"] = {"description": "A parameter isn't as it has to be"}
    for status, text, headers in _otherwise(operation):
        said = answers.setdefault(status, {"description": text})
        said["headers"] = {**headers, **said.get("headers", {})}
    for status, said in answers.items():
        if int(status) >= _REFUSED_FROM and "content" not in said:
            said["content"] = _fhir_content() if fhir else _problem_content()
        own = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
        if sandbox:
            own["cdr-sandbox"] = header("This is the sandbox", schema={"type": "string", "enum": ["true"]})
        said["headers"] = said.get("headers", {}) | own
    operation["responses"] = dict(sorted(answers.items()))
    operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/RequestId"})


def _otherwise(operation: Mapping[str, Any]) -> Iterator[Answer]:
    if operation.get("security") != OPEN["security"]:
        yield "401", "No live token", {"WWW-Authenticate": header("Bearer")}
        yield "403", "Live, and not for this", {}
        yield "429", "Too many wrong attempts, or too many requests of yours", {"Retry-After": _BACK}
        yield "503", "Not now: send it again", {"Retry-After": _BACK_PERHAPS}
    if "requestBody" in operation:
        yield "413", "Larger than is taken", {}
        yield "415", "Another kind of content", {"Accept-Post": header("What is taken here", always=False)}
    yield "500", "A fault of ours: nothing was acknowledged", {}


def _of_the_framework(answer: Mapping[str, Any]) -> bool:
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    return str(schema.get("$ref", "")).rpartition("/")[2] in _FRAMEWORK_S_OWN


def _problem_content() -> dict[str, Any]:
    return {PROBLEM_JSON: {"schema": reference("ProblemDetails")}}


def _fhir_content() -> dict[str, Any]:
    return {JSON: {"schema": reference("OperationOutcome")}} | {
        kind: {"schema": dict(schema)} for kind, schema in texts([XML]).items()
    }


def _problem_shapes() -> dict[str, Any]:
    made = TypeAdapter(ProblemDetails).json_schema(ref_template="#/components/schemas/{model}")
    return {"ProblemDetails": made, **made.pop("$defs")}


@cache
def _published() -> dict[str, dict[str, Any]]:
    return {name: quoted(schema, f"#/components/schemas/{name}") for name, schema in published_schemas().items()}


def _linked(value: Any, found: Mapping[str, set[str]]) -> Any:
    """The document with a reference wherever a route named one of our published schemas or of our examples; the names go
    into ``found``."""
    if isinstance(value, Mapping):
        if PUBLISHED in value:
            found[PUBLISHED].add(value[PUBLISHED])
            return reference(value[PUBLISHED])
        if EXAMPLE in value:
            found[EXAMPLE].add(value[EXAMPLE])
            return {"$ref": f"#/components/examples/{value[EXAMPLE]}"}
        return {key: _linked(inner, found) for key, inner in value.items()}
    return [_linked(each, found) for each in value] if isinstance(value, list) else value
