"""The screen lets everything through that the reader could keep, and stops what can't be a death."""

import json
from typing import Any

import pytest

from adapters.hospital_fhir.adapter import ADAPTER
from tests.fhir_samples import bundle, dead, header, observation, patient, status, stay


def screened(message: Any) -> bool:
    return ADAPTER.screen(message if isinstance(message, bytes) else json.dumps(message).encode())


@pytest.mark.parametrize(
    "message",
    [
        patient(),
        bundle(header(eventCoding={"code": "A08"}), patient(), type_="message"),
        {
            "resourceType": "Observation",
            "status": "final",
            "code": {"coding": [{"code": "8867-4"}]},
            "valueQuantity": {"value": 72},
        },
        b'<Patient xmlns="http://hl7.org/fhir"><birthDate value="2014-05-09"/></Patient>',
        b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?><Patient xmlns="http://hl7.org/fhir"/>\n',
    ],
)
def test_what_says_nothing_of_a_death_is_stopped(message: Any) -> None:
    assert screened(message) is False


@pytest.mark.parametrize(
    "message",
    [
        dead(),
        patient(deceasedBoolean=False),
        patient(extension=status("U")),
        stay(),
        bundle(patient(), observation("81956-5")),
        bundle(patient(), observation("STILLBIRTH", valueString="Y")),
        bundle(patient(), observation("281050002", valueString="N")),
        bundle(patient(), observation("signs-of-life", valueString="N")),
        {"type": "nhs-number-change-1", "subject": {}},
        bundle(header(eventCoding=None, eventUri="http://nchs.cdc.gov/vrdr_submission_void"), type_="message"),
        # What takes back without a word of a death.
        stay(status="entered-in-error", hospitalization=None),
        bundle(type_="history") | {"entry": [{"request": {"method": "DELETE", "url": "Patient/p"}}]},
        bundle(patient(), type_="transaction") | {"entry": [{"request": {"method": "PATCH", "url": "Patient/p"}}]},
        # Where a word could hide.
        b'{"resourceType": "Patient", "\\u0064eceasedBoolean": true}',
        b'<Patient xmlns="http://hl7.org/fhir"><id value="&#100;"/></Patient>',
        b'<!DOCTYPE Patient><Patient xmlns="http://hl7.org/fhir"/>',
        json.dumps(patient()).encode("utf-16"),
        b'<?xml version="1.0" encoding="UTF-7"?><Patient xmlns="http://hl7.org/fhir"/>',
        # What isn't whole may have lost the very word.
        json.dumps(patient()).encode()[:-1],
        b"",
        b"null",
    ],
)
def test_what_could_be_one_is_read(message: Any) -> None:
    assert screened(message) is True
