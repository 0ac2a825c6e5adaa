"""What is fuzzed of the FHIR reader: the target takes any bytes and holds what we make of them to a contract, which it
breaks by raising."""

import json
from collections.abc import Iterator
from typing import Any

from adapters.hospital_fhir.adapter import ADAPTER
from adapters.hospital_fhir.answered import is_about
from adapters.hospital_fhir.outcome import XML as XML_TYPE
from adapters.hospital_fhir.outcome import http_status, operation_outcome
from adapters.hospital_fhir.refusals import Refused
from adapters.hospital_fhir.trying import taken_out, trial_outcome, trial_status
from tests.fhir_samples import NHS, WREN, as_xml, bundle, dead, header, observation, patient, read, status, stay

JSON_TYPE = "application/fhir+json"
MESSAGES: list[Any] = [
    dead(),
    patient(deceasedBoolean=False),
    patient(extension=status("2")),
    patient(extension=status("U")),
    bundle(header(), dead(), stay(), type_="message"),
    bundle(
        patient(birthDate="2026-03-09"),
        observation("STILLBIRTH", valueString="Y"),
        observation("ATTENDED", valueString="N"),
    ),
    bundle(patient(), observation("81956-5", "http://loinc.org", valueDateTime="2026-03-09")),
    bundle(dead(id="a", identifier=[{"system": NHS, "value": WREN}]), patient(id="b"), type_="history"),
    {
        "type": "pds-death-notification-1",
        "subject": {"nhsNumber": WREN, "dob": "2014-05-09"},
        "data": {"deathNotificationStatus": "1"},
        "time": "2026-03-09",
    },
    {
        "specversion": "1.0",
        "type": "pds-death-notification-2",
        "id": "s",
        "subject": WREN,
        "dataref": f"https://pds.example/Patient/{WREN}",
    },
    bundle(
        {
            "resourceType": "Parameters",
            "parameter": [
                {"name": "topic", "valueCanonical": "https://example.org/patient-death"},
                {
                    "name": "notification-event",
                    "part": [{"name": "focus", "valueReference": {"reference": f"Patient/{WREN}"}}],
                },
            ],
        },
        type_="history",
    ),
    bundle(
        {
            "resourceType": "SubscriptionStatus",
            "topic": "https://example.org/patient-death",
            "notificationEvent": [{"eventNumber": "1", "focus": {"reference": f"Patient/{WREN}"}}],
        },
        type_="subscription-notification",
    ),
    {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": dead()}]},
]
XML = (
    b'<?xml version="1.0" encoding="UTF-8"?><Bundle xmlns="http://hl7.org/fhir"><type value="collection"/>'
    b"<entry><resource><Patient>"
    b'<extension url="https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-DeathNotificationStatus-1">'
    b'<extension url="deathNotificationStatus"><valueCodeableConcept><coding><code value="2"/></coding>'
    b"</valueCodeableConcept></extension>"
    b'</extension><name><family value="Heron"/></name><birthDate value="2014-05-09"/><deceasedDateTime value="2026-03-09"/>'
    b"</Patient></resource></entry></Bundle>"
)


def _names(tree: Any) -> Iterator[str]:
    for name, value in tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ():
        if isinstance(name, str):
            yield name
        yield from _names(value)


NAMES = [name.encode() for name in sorted(set(_names(MESSAGES)))]


def fhir(body: bytes, content_type: str | None = None) -> None:
    """A FHIR body: read to a verdict and answered, as it would be tried out too; whatever is kept the screen had let through.
    Without a type, by its first byte."""
    form = XML_TYPE if body.startswith(b"<") else JSON_TYPE
    reading = read(body, content_type=content_type)
    assert isinstance(ADAPTER.recognises(body), bool)
    assert len(ADAPTER.sender(body)) == 2
    assert reading.verdict in ("notice", "retraction", "rekey", "passed-over", "refused")
    assert reading.items
    assert http_status(reading) in (200, 202, 400, 413, 415, 422)
    assert operation_outcome(reading)
    assert trial_status(reading) in (200, 400, 413, 415)
    assert trial_outcome(reading)
    assert trial_outcome(reading, XML_TYPE)
    try:
        inner, inner_type = taken_out(body, content_type or form)
    except Refused:
        pass
    else:
        assert read(inner, content_type=inner_type).items
    assert isinstance(is_about(body, JSON_TYPE, WREN), bool)
    for one in reading.items:
        assert one.notice is not None or one.verdict in ("passed-over", "refused")
        assert one.verdict != "refused" or (one.problems and one.notice is None)
        if one.notice is not None:
            assert ADAPTER.screen(body), "the screen passes over what the reader takes"
            assert type(one.notice).model_validate(one.notice.model_dump(mode="json")) == one.notice


def fhir_json(body: bytes) -> None:
    """What is sent as JSON, whatever it is."""
    fhir(body, JSON_TYPE)


def fhir_xml(body: bytes) -> None:
    """What is sent as XML, whatever it is."""
    fhir(body, XML_TYPE)


def json_seeds() -> Iterator[bytes]:
    yield from (json.dumps(message).encode() for message in MESSAGES)


def xml_seeds() -> Iterator[bytes]:
    yield XML
    yield from (as_xml(message) for message in MESSAGES if "resourceType" in message)
