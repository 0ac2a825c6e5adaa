"""The FHIR resources that the doors answer with, as far as JSON Schema can say it: what a client may rely on."""

from collections.abc import Mapping
from typing import Any

_TEXT = {"type": "string"}
_CODING = {
    "type": "object",
    "required": ["system", "code"],
    "properties": {"system": _TEXT, "code": _TEXT},
}
_ISSUE = {
    "type": "object",
    "required": ["severity", "code", "details"],
    "properties": {
        "severity": {"enum": ["fatal", "error", "warning", "information"]},
        "code": {**_TEXT, "description": "FHIR's issue-type"},
        "details": {
            "type": "object",
            "required": ["text"],
            "properties": {"coding": {"type": "array", "items": _CODING}, "text": _TEXT},
        },
        "diagnostics": _TEXT,
        "expression": {"type": "array", "items": _TEXT, "description": "The FHIRPath that it is about"},
    },
}


def _resource(kind: str, needed: tuple[str, ...], properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": kind,
        "type": "object",
        "required": ["resourceType", *needed],
        "properties": {"resourceType": {"const": kind}, **properties},
    }


FHIR_SHAPES: Mapping[str, Mapping[str, Any]] = {
    "OperationOutcome": _resource(
        "OperationOutcome", ("issue",), {"issue": {"type": "array", "minItems": 1, "items": _ISSUE}}
    ),
    "MessageResponse": {
        **_resource(
            "Bundle",
            ("type", "entry"),
            {
                "type": {"const": "message"},
                "entry": {
                    "type": "array",
                    "minItems": 2,
                    "items": {
                        "type": "object",
                        "required": ["resource"],
                        "properties": {"resource": {"type": "object", "required": ["resourceType"]}},
                    },
                },
            },
        ),
        "description": "A message: MessageHeader.response (ok, transient-error or fatal-error) and its OperationOutcome",
    },
    "CapabilityStatement": _resource(
        "CapabilityStatement",
        ("status", "date", "kind", "fhirVersion", "format"),
        {"format": {"type": "array", "items": _TEXT}},
    ),
    "FhirResource": {
        "title": "A FHIR resource",
        "description": "R4 (UK Core), STU3 or R5: a Bundle or a Patient. FHIR's own rules are not repeated here.",
        "type": "object",
    },
}
