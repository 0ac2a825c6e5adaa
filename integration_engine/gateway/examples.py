"""The examples of the OpenAPI document: invented messages and what they are answered, each by its name.

Messages are those of the profiles' own tests wherever there is one: what shows an integrator how to begin is also what
``cdr map test`` reads. All others, and the answers, are the files of ``samples``. Tests send each to its door and hold each
answer to what comes back.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from integration_engine.mapping.testing import message_of

_SAMPLES = Path(__file__).parent / "samples"
_OF_PROFILES: Mapping[str, tuple[str, str, str]] = {
    "police-report": (
        "police",
        "police-sudden-death",
        "a girl killed on the road, found by name, place, event and coroner",
    ),
    "police-export": ("police", "police-csv-shire", "a drowned boy with his mother on a line of her own"),
    "coroner-cases-csv": (
        "coroner",
        "coroner-case",
        "a referral with the office's own headings, semicolons and day-first dates",
    ),
    "coroner-cases-json": ("coroner", "coroner-case", "the same rows as JSON"),
    "coroner-cases-xml": ("coroner", "coroner-case", "the same rows as XML"),
    "fhir-message-json": ("hospital-fhir", "uk-core-r4", "a girl who died in hospital, in a message with her stay"),
    "fhir-message-xml": ("hospital-fhir", "national-death-stu3", "a formal death of the national record, in XML"),
}
"""Kind, profile and name of the test whose message it is."""

_SUMMARIES: Mapping[str, str] = {
    "police-report": "A girl killed on the road",
    "police-export": "A drowned boy, as a records system exports it (a feed with the profile police-csv-shire)",
    "coroner-cases-csv": "A referral, under an office's own headings",
    "coroner-cases-json": "An inquest opened",
    "coroner-cases-xml": "A post-mortem ordered",
    "fhir-message-json": "A death in hospital, with the stay (UK Core R4)",
    "fhir-message-xml": "A death of the national record (STU3)",
    "fhir-patient-json": "A child who died",
    "fhir-patient-xml": "A child who died",
    "fhir-event": "A national event that points to a record, which is then fetched",
    "decision": "Panels agree who leads",
    "transfer": "Another panel is to lead",
    "transfer-declined": "Why the case is not taken over",
    "delivery-declined": "Why the case is sent back",
    "access-token-form": "A signed statement",
    "report-taken": "The report is queued",
    "rows-taken": "The file's one row is queued",
    "message-taken": "The message is queued",
    "outcome-taken": "What was sent is queued",
    "outcome-tried": "What would become of it",
    "delivered": "One new case",
    "own-status": "A police force with one report that was put aside, and nothing else",
    "access-token": "A token for some minutes",
}


@cache
def example(name: str) -> dict[str, Any]:
    """An example as OpenAPI has it. JSON stands there as what it is, everything else as text."""
    return {"summary": _SUMMARIES[name], "value": _value(name)}


def _value(name: str) -> Any:
    if found := _OF_PROFILES.get(name):
        text = message_of(*found)
        return orjson.loads(text) if text.startswith(("{", "[")) else text
    if name.endswith("-xml"):
        return (_SAMPLES / f"{name.removesuffix('-xml')}.xml").read_text(encoding="utf-8")
    return orjson.loads((_SAMPLES / f"{name.removesuffix('-json')}.json").read_bytes())
