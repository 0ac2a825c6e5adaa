"""The published JSON Schema of `coroner-case/1` in its JSON form: a list of case events under canonical names."""

import typing
from typing import Any

from integration_engine.mapping.profile import load_profile
from integration_engine.record import codes

_ALLOWED: dict[str, tuple[str, ...]] = {
    "event": typing.get_args(codes.CoronerStage),
    "age_unit": ("years", "months", "weeks", "days", "hours"),
    "restricted": typing.get_args(codes.Restriction),
}
_DESCRIBED = {
    "area": "the coroner area's name or slug",
    "reference": "the coroner's own reference of the case",
    "event_at": "when it happened: ISO 8601, or day first with a four-digit year",
    "conclusion": "one or more short-form conclusions between semicolons; neglect only beside another",
    "nhs_number": "ten digits; spaces allowed",
    "lad_of_death": "ONS local authority district code",
}


def coroner_case_schema() -> dict[str, Any]:
    """The schema, its columns taken from the shipped profile."""
    properties: dict[str, Any] = {}
    for column in load_profile("coroner-case").columns:
        types: dict[str, Any] = {"type": ["string", "number", "boolean", "null"]}
        if column in _ALLOWED:
            types = {"enum": list(_ALLOWED[column])} if column == "event" else {"enum": [*_ALLOWED[column], None]}
        properties[column] = types | ({"description": _DESCRIBED[column]} if column in _DESCRIBED else {})
    case = {"type": "object", "properties": properties, "required": ["area", "reference", "event"]}
    return {"title": "Coroners' case events", "type": "array", "items": case}
