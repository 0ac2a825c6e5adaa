"""Where fhir.resources lets pass what FHIR refuses, or refuses what FHIR allows, and what the reader makes of it.

Each gap is shown by the library itself: once a release of it closes one, the test here says so, and what stands in for it
can go.
"""

import json
from typing import Any

import pytest
from fhir.resources.R4B.extension import Extension
from fhir.resources.R4B.patient import Patient
from pydantic import ValidationError

from adapters.hospital_fhir.versions import resource_class
from tests.fhir_samples import as_xml, codes, dead, read

ABSENT = [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
NO_TIME = {"url": "http://hl7.org/fhir/StructureDefinition/patient-birthTime", "_valueDateTime": {"extension": ABSENT}}


def verdict(message: Any, **how: Any) -> tuple[str, str]:
    reading = read(message, **how)
    return reading.verdict, reading.reason


def test_an_absent_value_in_an_extension_is_refused_there_and_read_here() -> None:
    with pytest.raises(ValidationError):
        Extension.model_validate(NO_TIME)
    assert verdict(dead(extension=[NO_TIME])) == ("notice", "death")


def test_a_comment_before_the_id_is_refused_there_and_read_here() -> None:
    xml = as_xml(dead()).replace(b"<id ", b"<!-- from the ward --><id ", 1)
    with pytest.raises(Exception):  # noqa: B017, PT011 - the library's own type differs between releases
        Patient.model_validate_xml(xml)
    assert verdict(xml, content_type="application/fhir+xml") == ("notice", "death")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"gender": "F"}, "code-not-in-binding"),
        ({"deceasedDateTime": None, "deceasedBoolean": "true"}, "boolean-as-text"),
    ],
)
def test_what_passes_there_without_a_word_is_read_here_with_a_problem(change: dict[str, Any], problem: str) -> None:
    message = dead(**change)
    Patient.model_validate(message)
    assert verdict(message) == ("notice", "death")
    assert problem in codes(read(message))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"modifierExtension": [{"url": "urn:x", "valueBoolean": True}]}, "unknown-modifier"),
        ({"implicitRules": "urn:x"}, "implicit-rules"),
        ({"name": [{"family": "He\0ron"}]}, "nul-character"),
    ],
)
def test_what_passes_there_and_may_mean_anything_is_refused_here(change: dict[str, Any], reason: str) -> None:
    message = dead(**change)
    Patient.model_validate(message)
    assert verdict(message) == ("refused", reason)


def test_a_wrong_namespace_passes_there_and_is_refused_here() -> None:
    xml = as_xml(dead(extension=None)).replace(b"http://hl7.org/fhir", b"http://example.org/fhir", 1)
    assert Patient.model_validate_xml(xml).birthDate is not None
    assert verdict(xml, content_type="application/fhir+xml") == ("refused", "wrong-namespace")


def test_a_zone_is_rewritten_there_and_the_bytes_are_kept_as_they_came_here() -> None:
    message = dead(deceasedDateTime="2026-03-09T04:10:00+00:00")
    assert json.loads(Patient.model_validate(message).model_dump_json())["deceasedDateTime"].endswith("Z")
    reading = read(message)
    assert reading.body is None, "what is kept is the submission's own bytes"
    assert str(reading.notices[0].death.died_at).endswith("+00:00")


def test_there_are_no_classes_of_r4_and_those_of_r4b_serve_it() -> None:
    model = resource_class("Patient", "R4")
    assert model is not None
    assert ".R4B." in model.__module__
