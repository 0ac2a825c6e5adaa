"""Death certificates in FHIR (VRDR): causes line by line, the age, the place, the certificate's number and its being void."""

from typing import Any

import pytest

from tests.fhir_samples import bundle, dead, header, item, observation, told

LOINC = "http://loinc.org"
NUMBERED: dict[str, Any] = {
    "resourceType": "Parameters",
    "id": "c",
    "parameter": [
        {"name": "jurisdiction_id", "valueString": "NH"},
        {"name": "cert_no", "valueInteger": 182},
        {"name": "death_year", "valueInteger": 2026},
    ],
}


def cause(words: str, line: int | None = None, **parts: Any) -> dict[str, Any]:
    numbered = [{"code": {"coding": [{"system": "http://loinc.org", "code": "lineNumber"}]}, "valueInteger": line}]
    return observation("69453-9", LOINC, **{"valueString": words, **({"component": numbered} if line else {}), **parts})


def causes(*told_of: dict[str, Any]) -> dict[str, str]:
    mccd = told(bundle(dead(), *told_of))["death"].get("mccd") or {}
    return {name: words for name, words in mccd.items() if name.startswith("cause") and words}


def test_causes_stand_in_the_order_they_are_told_in() -> None:
    assert causes(cause("Sepsis"), cause("Pneumonia"), cause("Influenza")) == {
        "cause_1a": "Sepsis",
        "cause_1b": "Pneumonia",
        "cause_1c": "Influenza",
    }


def test_a_causes_own_line_decides_and_the_next_follows_it() -> None:
    assert causes(cause("Influenza", 3), cause("Measles"), cause("Sepsis", 1)) == {
        "cause_1a": "Sepsis",
        "cause_1c": "Influenza",
        "cause_1d": "Measles",
    }


@pytest.mark.parametrize("line", [-1, 5])
def test_a_line_that_no_certificate_has_is_no_cause(line: int) -> None:
    assert causes(cause("Sepsis", line), cause("Influenza", 1)) == {"cause_1a": "Influenza"}


def test_other_conditions_stand_apart_and_a_concept_is_read_by_its_words() -> None:
    concept = cause("", valueString=None, valueCodeableConcept={"text": "Sepsis"})
    other = observation("69441-4", LOINC, valueString="Prematurity")
    assert causes(concept, other) == {"cause_1a": "Sepsis", "cause_2": "Prematurity"}


def test_a_line_without_words_moves_no_other() -> None:
    empty = observation("69453-9", LOINC, valueCodeableConcept={"coding": [{"code": "A41.9"}]})
    assert causes(empty, cause("Sepsis")) == {"cause_1a": "Sepsis"}


@pytest.mark.parametrize("code", ["30525-0", "39016-1"])
@pytest.mark.parametrize(
    ("unit", "read_as"),
    [("a", "years"), ("mo", "months"), ("wk", "weeks"), ("d", "days"), ("h", "hours"), ("min", "minutes")],
)
@pytest.mark.parametrize("where", ["code", "unit"])
def test_the_age_is_read_in_every_unit(code: str, unit: str, read_as: str, where: str) -> None:
    age = observation(code, LOINC, valueQuantity={"value": 11, where: unit})
    stated = told(bundle(dead(birthDate=None), age))["child"]["age_at_death"]
    assert (stated["value"], stated["unit"]) == (11, read_as)


@pytest.mark.parametrize(
    "quantity", [{"value": 11}, {"value": 11, "code": "aeon"}, {"value": -1, "code": "a"}, {"value": 1e8, "code": "a"}]
)
def test_an_age_that_is_none_is_no_age_and_loses_no_death(quantity: dict[str, Any]) -> None:
    found = item(bundle(dead(birthDate=None), observation("30525-0", LOINC, valueQuantity=quantity)))
    assert (found.verdict, found.notice and found.notice.child.age_at_death) == ("notice", None)


def test_an_adults_age_on_a_certificate_passes_it_over() -> None:
    for years, reason in ((17, "death"), (18, "scope.adult")):
        age = observation("30525-0", LOINC, valueQuantity={"value": years, "code": "a"})
        assert item(bundle(dead(birthDate=None), age)).reason == reason


@pytest.mark.parametrize(
    ("place", "known"),
    [
        ({"type": [{"coding": [{"code": "death"}]}]}, True),
        ({"meta": {"profile": ["http://hl7.org/fhir/us/vrdr/StructureDefinition/vrdr-death-location"]}}, True),
        ({"meta": {"profile": ["http://hl7.org/fhir/us/vrdr/StructureDefinition/VRDR-Death-Location"]}}, True),
        ({"meta": {"profile": ["http://hl7.org/fhir/us/vrdr/StructureDefinition/vrdr-injury-location"]}}, False),
        ({"type": [{"coding": [{"code": "injury"}]}]}, False),
        ({}, False),
    ],
)
def test_where_the_death_was_is_told_by_the_places_type_or_profile(place: dict[str, Any], known: bool) -> None:
    location = {"resourceType": "Location", "id": "l", "name": "Elm House", **place}
    died_at = told(bundle(dead(), location), profile="vrdr-r4")["death"].get("place")
    assert (died_at or {}).get("name") == ("Elm House" if known else None)


def void(*resources: dict[str, Any], uri: str = "http://nchs.cdc.gov/vrdr_submission_void", **parts: Any) -> Any:
    about = {"focus": [{"reference": "Parameters/c"}]} if resources else {}
    head = {name: value for name, value in header(eventUri=uri).items() if name not in ("eventCoding", "focus")}
    return bundle({**head, **about}, *resources, type_="message", **parts)


@pytest.mark.parametrize("uri", ["http://nchs.cdc.gov/vrdr_submission_void", "http://nchs.cdc.gov/death_record_void"])
def test_a_void_message_takes_the_certificate_of_its_number_back(uri: str) -> None:
    taken_back = told(void(NUMBERED, uri=uri))
    assert (taken_back["intent"], taken_back["retraction"]["form"]) == ("retract", "withdrawn")
    report = told(bundle(header(eventCoding=None, eventUri="http://nchs.cdc.gov/vrdr_submission"), dead(), NUMBERED))
    assert taken_back["source"]["local_ref"] == report["source"]["local_ref"] == "2026NH000182"
    assert {"value": "2026NH000182", "type": "DC"}.items() <= report["child"]["other_identifiers"][-1].items()


def test_a_certificate_is_also_named_by_the_year_it_was_written_or_by_its_documents_identifier() -> None:
    by_year = {**NUMBERED, "parameter": [NUMBERED["parameter"][1], {"name": "cert_year", "valueInteger": 2025}]}
    assert told(void(by_year))["source"]["local_ref"] == "2025000182"
    named = {"identifier": {"system": "urn:vrdr_id", "value": "2026NH000183"}}
    assert told(void(**named))["source"]["local_ref"] == "2026NH000183"
    other = {"identifier": {"system": "urn:other", "value": "2026NH000183"}}
    assert "local_ref" not in told(void(**other))["source"]
