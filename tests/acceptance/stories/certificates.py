"""A registrar's death certificate: a document with the causes as certified and who scrutinised them."""

from typing import Any

import orjson

from integration_engine.synthetic import fhir
from integration_engine.synthetic.person import Child


def certificate(
    child: Child, died_at: str, registered_at: str, number: str, causes: tuple[str, ...], examiner: str | None = None
) -> bytes:
    """One certificate. ``causes`` are lines 1a, 1b ... in order; times as the registrar writes them."""
    about = {"reference": "urn:uuid:p"}
    parts: list[dict[str, Any]] = [
        {
            "resourceType": "Composition",
            "meta": {"profile": ["http://hl7.org/fhir/us/vrdr/StructureDefinition/vrdr-death-certificate"]},
            "status": "final",
            "type": {"coding": [{"system": "http://loinc.org", "code": "64297-5"}]},
            "subject": about,
            "date": registered_at,
            "author": [{"display": "Registrar of births and deaths"}],
            "title": "Death certificate",
        },
        fhir.patient(child),
        _observation("81956-5", about, valueDateTime=died_at),
        *(
            _observation(
                "69453-9", about, valueCodeableConcept={"text": cause},
                component=[{"code": {"coding": [{"code": "lineNumber"}]}, "valueInteger": line}],
            )
            for line, cause in enumerate(causes, 1)
        ),
    ]  # fmt: skip
    if examiner:
        scrutiny = {"coding": [{"system": "http://snomed.info/sct", "code": "455381000124109"}]}
        parts.append(
            {
                "resourceType": "Procedure",
                "status": "completed",
                "code": {"coding": [{"system": "http://snomed.info/sct", "code": "308646001"}]},
                "subject": about,
                "performer": [{"function": scrutiny, "actor": {"display": examiner}}],
            }
        )
    entries = [{"fullUrl": f"urn:uuid:{name}", "resource": part} for name, part in zip(_names(), parts, strict=False)]
    bundle = {
        "resourceType": "Bundle",
        "type": "document",
        "identifier": {"system": "http://nchs.cdc.gov/vrdr_id", "value": number},
        "timestamp": registered_at,
        "entry": entries,
    }
    return orjson.dumps(bundle)


def _names() -> list[str]:
    return ["c", "p", *(f"o{n}" for n in range(20))]


def _observation(code: str, about: dict[str, str], **value: Any) -> dict[str, Any]:
    coding = {"coding": [{"system": "http://loinc.org", "code": code}]}
    return {"resourceType": "Observation", "status": "final", "code": coding, "subject": about, **value}
