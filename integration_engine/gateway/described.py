"""The words in which a route says what it takes and answers, for the OpenAPI document.

A route names what is its own; what every route of its sort may answer besides is added to all of them at once
(``gateway.openapi``). What is said here is held to what is answered by the tests.
"""

from collections.abc import Iterable, Mapping
from typing import Any

Answers = dict[int | str, dict[str, Any]]

PUBLISHED, EXAMPLE = "x-published", "x-example"
_TEXT: Mapping[str, Any] = {"type": "string"}
OPEN: dict[str, Any] = {"security": []}
"""``openapi_extra`` of a route that answers whoever asks; every other one wants to know who does."""


def published(name: str) -> dict[str, str]:
    """One of our published JSON Schemas (``police-sudden-death-1``), where a schema stands."""
    return {PUBLISHED: name}


def reference(name: str) -> dict[str, str]:
    """A schema of the document's own components."""
    return {"$ref": f"#/components/schemas/{name}"}


def takes(
    content: Mapping[str, Mapping[str, Any]], *parameters: Mapping[str, Any], examples: Mapping[str, str]
) -> dict[str, Any]:
    """``openapi_extra`` of a route with a body. ``content`` gives each content type's schema, ``examples`` the name of its
    example (``gateway.examples``)."""
    told = {kind: {"schema": dict(schema)} for kind, schema in content.items()}
    for kind, name in examples.items():
        told[kind]["examples"] = _shown(name)
    body = {"required": True, "content": told}
    return {"requestBody": body} | ({"parameters": [dict(each) for each in parameters]} if parameters else {})


def texts(kinds: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Content types whose content no JSON Schema describes."""
    return dict.fromkeys(kinds, _TEXT)


def answers(text: str, *content_types: str, schema: Mapping[str, Any] | None = None, **headers: str) -> dict[str, Any]:
    """One answer: what it means, its content types with their schema (text, where none is given), and headers that it
    always has, each with what it says (underscores stand for dashes)."""
    said: dict[str, Any] = {"description": text}
    if content_types:
        said["content"] = {kind: {"schema": dict(schema or _TEXT)} for kind in content_types}
    if headers:
        said["headers"] = {name.replace("_", "-"): header(words) for name, words in headers.items()}
    return said


def such_as(name: str, answer: Mapping[str, Any], kind: str = "application/json") -> dict[str, Any]:
    """An answer with the example of that name."""
    content = dict(answer.get("content", {}))
    content[kind] = {**content.get(kind, {}), "examples": _shown(name)}
    return {**answer, "content": content}


def _shown(name: str) -> dict[str, Any]:
    return {name: {EXAMPLE: name}}


def header(text: str, *, always: bool = True, schema: Mapping[str, Any] = _TEXT) -> dict[str, Any]:
    """A header of an answer."""
    return {"description": text, "schema": dict(schema)} | ({"required": True} if always else {})


def parameter(place: str, name: str, text: str) -> dict[str, Any]:
    """An optional header or query parameter that may say anything."""
    return {"name": name, "in": place, "required": False, "description": text, "schema": dict(_TEXT)}


FEED = parameter("header", "cdr-feed", "Which of your feeds this is of, where you have several of the kind")
