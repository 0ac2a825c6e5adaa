"""A record that was asked for is read only where it is, beyond doubt, the record of the one who was asked about."""

import json
from typing import Any

import pytest

from adapters.hospital_fhir.answered import is_about
from tests.fhir_samples import ASH, NHS, WREN, bundle, dead

JSON, XML = "application/fhir+json", "application/fhir+xml"


def about(record: Any, content_type: str = JSON) -> bool:
    return is_about(record if isinstance(record, bytes) else json.dumps(record).encode(), content_type, WREN)


def numbered(*numbers: str, **parts: Any) -> dict[str, Any]:
    return dead(identifier=[{"system": NHS, "value": number} for number in numbers], **parts)


@pytest.mark.parametrize(
    "record",
    [
        dead(id=WREN),
        dead(id=WREN, identifier=None),
        numbered("999 000 0026", id="p"),
        dead(identifier=[{"system": NHS, "value": WREN}, {"system": NHS, "use": "old", "value": ASH}]),
        b'<Patient xmlns="http://hl7.org/fhir"><id value="%s"/></Patient>' % WREN.encode(),
    ],
)
def test_the_patient_with_this_number_is(record: Any) -> None:
    assert about(record, XML if isinstance(record, bytes) else JSON)


@pytest.mark.parametrize(
    "record",
    [
        dead(id=ASH),
        numbered(ASH, id="p"),
        numbered(WREN, ASH, id="p"),
        numbered(ASH, id=WREN),
        dead(id="p", identifier=None),
        bundle(dead(id=WREN)),
        {"resourceType": "OperationOutcome"},
        {},
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b"<Patient/>",
    ],
)
def test_anything_else_is_not(record: Any) -> None:
    assert not about(record)
