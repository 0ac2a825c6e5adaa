"""The same message says the same in JSON and in XML, in every release, value by value and place by place."""

from typing import Any

import pytest

from tests.fhir_samples import NHS, WREN, as_xml, bundle, dead, header, observation, patient, read, status, stay

UNKNOWN = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
EXTENSION = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
R4 = {
    "a death": dead(),
    "an adult": dead(birthDate="1950-01-01"),
    "alive": patient(deceasedBoolean=False),
    "formal": patient(extension=status("2")),
    "removed": patient(extension=status("U")),
    "a message": bundle(header(), dead(), stay(), type_="message"),
    "a transaction": bundle(dead(), stay(), type_="transaction"),
    "a date of an unknown time": dead(
        deceasedDateTime=None, _deceasedDateTime={"extension": [{"url": EXTENSION, "valueCode": "unknown"}]}
    ),
    "a stillbirth": bundle(
        dead(birthDate="2026-03-09"),
        observation("STILLBIRTH", valueString="Y"),
        observation("ATTENDED", valueString="N"),
        observation("11884-4", "http://loinc.org", valueQuantity={"value": 38.5, "unit": "wk"}),
    ),
    "a certificate": bundle(patient(), observation("81956-5", "http://loinc.org", valueDateTime="2026-03-09")),
    "twins": dead(multipleBirthInteger=2),
    "a mother": dead(
        contact=[
            {"relationship": [{"coding": [{"code": "MTH"}]}], "name": {"family": "Heron", "given": ["Laura", "May"]}}
        ]
    ),
    "protected": dead(meta={"security": [{"code": "R"}], "lastUpdated": "2026-03-10T09:00:00Z"}),
    "contained": dead(
        contained=[{"resourceType": "Organization", "id": "o", "name": "Surgery"}],
        generalPractitioner=[{"reference": "#o"}],
    ),
    "a field nobody knows": dead(colour="red"),
    "a modifier nobody knows": dead(modifierExtension=[{"url": "urn:x", "valueBoolean": True}]),
    "two people": bundle(
        dead(id="a"), dead(id="b", identifier=[{"system": NHS, "value": "9990000042"}]), type_="batch"
    ),
}
NATIONAL = "https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-DeathNotificationStatus-1"
STU3 = {
    "a national event": bundle(
        {
            "resourceType": "MessageHeader",
            "id": "h",
            "meta": {"lastUpdated": "2026-03-10T09:00:00Z"},
            "event": {"system": "https://fhir.nhs.uk/STU3/CodeSystem/EventType-1", "code": "pds-death-notification-1"},
            "timestamp": "2026-03-10T09:00:00Z",
            "source": {"endpoint": "urn:x"},
            "focus": [{"reference": "Patient/p"}],
        },
        patient(extension=status("1", NATIONAL), deceasedDateTime="2026-03-09"),
        type_="message",
    )
}
R5_STAY = {
    "resourceType": "Encounter",
    "status": "completed",
    "class": [{"coding": [{"code": "IMP"}]}],
    "subject": {"reference": "Patient/p"},
    "actualPeriod": {"start": "2026-03-07T20:00:00Z", "end": "2026-03-09T04:10:00Z"},
    "admission": {
        "dischargeDisposition": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/discharge-disposition", "code": "exp"}]
        }
    },
}
R5 = {"a stay": bundle(patient(), R5_STAY), "a death": bundle(dead(), R5_STAY)}
MESSAGES = [
    pytest.param(message, version, id=f"{version}: {name}")
    for version, messages in (("4.0", R4), ("3.0", STU3), ("5.0", R5))
    for name, message in messages.items()
]


def said(body: Any, content_type: str) -> Any:
    """All that a message came to, but for what tells one submission from another."""
    reading = read(body, content_type=content_type)
    return [
        (
            item.verdict,
            item.reason,
            item.problems,
            item.notice and item.notice.model_dump(exclude={"id", "submission"}),
        )
        for item in reading.items
    ], reading.problems


@pytest.mark.parametrize(("message", "version"), MESSAGES)
def test_a_message_says_the_same_in_both_forms(message: dict[str, Any], version: str) -> None:
    in_json = said(message, f"application/fhir+json; fhirVersion={version}")
    assert said(as_xml(message), f"application/fhir+xml; fhirVersion={version}") == in_json


def test_the_messages_compared_come_to_everything_a_message_can() -> None:
    verdicts = {read(message).verdict for message in (*R4.values(), *STU3.values(), *R5.values())}
    assert verdicts == {"notice", "retraction", "passed-over", "refused"}
    assert read(STU3["a national event"]).profile == "national-death-stu3"
    assert read(R5["a stay"]).profile == "r5-patient"
    assert read(R4["a death"]).notices[0].child.nhs_number == WREN
