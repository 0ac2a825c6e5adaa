"""A JSON Schema quoted in another document: AsyncAPI's, OpenAPI's."""

from collections.abc import Mapping
from typing import Any

_OF_ITS_OWN_DOCUMENT = ("$schema", "$id")


def quoted(schema: Mapping[str, Any], place: str) -> dict[str, Any]:
    """The schema as it stands at ``place`` (``#/components/schemas/NAME``): its own references have to begin at the root of
    the document that it is quoted in."""
    body = {key: value for key, value in schema.items() if key not in _OF_ITS_OWN_DOCUMENT}
    return {key: _moved(value, place) for key, value in body.items()}


def _moved(value: Any, place: str) -> Any:
    if isinstance(value, Mapping):
        return {
            key: place + inner[1:] if key == "$ref" and str(inner).startswith("#/") else _moved(inner, place)
            for key, inner in value.items()
        }
    return [_moved(each, place) for each in value] if isinstance(value, list) else value
