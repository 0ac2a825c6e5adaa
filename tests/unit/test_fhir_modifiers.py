"""What may turn a message into its opposite is refused wherever the verdict rests on it, and nowhere else."""

from typing import Any

import pytest

from tests.fhir_samples import bundle, codes, dead, header, item, observation, patient, read, stay

NOT = {"modifierExtension": [{"url": "https://example.org/not", "valueBoolean": True}]}
RULES = {"implicitRules": "https://example.org/rules"}
LOINC = "http://loinc.org"


def refused_at(message: Any) -> list[tuple[str, str | None]]:
    found = read(message)
    assert found.verdict == "refused"
    return [(problem.code, problem.path) for problem in found.all_problems if problem.code in _MEANT]


_MEANT = ("unknown-modifier", "implicit-rules")


@pytest.mark.parametrize(
    ("resource", "where"),
    [
        (
            observation("81956-5", LOINC, valueDateTime="2026-03-09", **NOT),
            "Bundle.entry[1].resource.modifierExtension",
        ),
        (stay(**NOT), "Bundle.entry[1].resource.modifierExtension"),
        (observation("69453-9", LOINC, valueString="Sepsis", **NOT), "Bundle.entry[1].resource.modifierExtension"),
        (
            {"resourceType": "RelatedPerson", "patient": {"reference": "Patient/p"}, **NOT},
            "Bundle.entry[1].resource.modifierExtension",
        ),
    ],
)
def test_a_modifier_nobody_knows_on_what_the_verdict_rests_on_is_refused(resource: dict[str, Any], where: str) -> None:
    assert refused_at(bundle(dead(), resource)) == [("unknown-modifier", where)]


def test_a_death_that_only_an_observation_with_a_modifier_tells_is_refused() -> None:
    said = observation("81956-5", LOINC, valueDateTime="2026-03-09", **RULES)
    assert refused_at(bundle(patient(), said)) == [("implicit-rules", "Bundle.entry[1].resource.implicitRules")]


def test_a_stillbirth_that_may_be_none_is_not_passed_over() -> None:
    baby = dead(birthDate="2026-03-09")
    stillborn = observation("STILLBIRTH", valueString="Y")
    attended = observation("ATTENDED", valueString="Y")
    assert item(bundle(baby, stillborn, attended)).reason == "scope.stillbirth"
    assert refused_at(bundle(baby, {**stillborn, **NOT}, attended))


def test_a_modifier_on_the_bundles_own_entry_is_refused() -> None:
    message = bundle(header(), dead(), type_="message")
    message["entry"][1] |= NOT
    assert refused_at(message) == [("unknown-modifier", "Bundle.entry[1].modifierExtension")]


def test_a_modifier_around_what_is_sent_is_refused() -> None:
    assert refused_at(bundle(dead(), **NOT)) == [("unknown-modifier", "Bundle.modifierExtension")]
    within = {"resourceType": "Parameters", "parameter": [{"name": "content", "resource": bundle(dead()), **NOT}]}
    assert refused_at(within) == [("unknown-modifier", "Parameters.parameter")]


def test_a_resource_that_nothing_is_read_from_may_have_any_modifier() -> None:
    assert item(bundle(dead(), observation("8867-4", LOINC, valueInteger=90, **NOT))).verdict == "notice"


def test_a_diagnosis_that_may_mean_its_opposite_is_left_out_and_told() -> None:
    def diagnosis(**parts: Any) -> dict[str, Any]:
        code = {"coding": [{"system": "http://snomed.info/sct", "code": "91302008", "display": "Sepsis"}]}
        return {"resourceType": "Condition", "subject": {"reference": "Patient/p"}, "code": code, **parts}

    assert read(bundle(dead(), diagnosis())).notices[0].death.diagnoses
    reading = read(bundle(dead(), diagnosis(**NOT)))
    assert (reading.verdict, reading.notices[0].death.diagnoses) == ("notice", ())
    assert "unknown-modifier" in codes(reading)


@pytest.mark.parametrize("place", ["note", "family", "id"])
def test_nul_is_refused_wherever_it_stands(place: str) -> None:
    text = "a\0b"
    message = bundle(dead(), observation("8867-4", LOINC, valueString="x"))
    match place:
        case "note":
            message["entry"][1]["resource"]["note"] = [{"text": text}]
        case "family":
            message["entry"][0]["resource"]["name"][0]["family"] = text
        case _:
            message["id"] = text
    reading = read(message)
    assert (reading.verdict, reading.reason) == ("refused", "nul-character")


def test_what_only_looks_like_an_escaped_nul_is_text() -> None:
    message = dead()
    message["name"][0]["text"] = "\\u0000"
    assert read(message).verdict == "notice"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"gender": "F"}, "Patient.gender"),
        ({"contact": [{"gender": "F"}]}, "Patient.contact[0].gender"),
        ({"contact": [{"name": {"use": "x", "family": "Heron"}}]}, "Patient.contact[0].name.use"),
        ({"identifier": [{"use": "x", "system": "https://example.org", "value": "1"}]}, "Patient.identifier[0].use"),
        ({"address": [{"type": "x", "postalCode": "RG1 8LS"}]}, "Patient.address[0].type"),
        ({"link": [{"type": "x", "other": {"reference": "Patient/q"}}]}, "Patient.link[0].type"),
    ],
)
def test_a_code_outside_a_required_binding_is_read_with_a_problem(change: dict[str, Any], path: str) -> None:
    reading = read(dead(**change))
    assert reading.verdict == "notice"
    assert path in [problem.path for problem in reading.all_problems if problem.code == "code-not-in-binding"]


def test_the_state_of_a_stay_is_held_to_its_own_release() -> None:
    assert "code-not-in-binding" in codes(read(bundle(dead(), stay(status="done"))))
    assert "code-not-in-binding" in codes(read(bundle(dead(), stay(status="discharged"))))
    assert "code-not-in-binding" not in codes(read(bundle(dead(), stay(status="finished"))))


@pytest.mark.parametrize(
    "kind", ["MedicinalProduct", "RiskEvidenceSynthesis", "SubstanceSpecification", "DiagnosticOrder"]
)
def test_a_resource_that_only_r4_or_dstu2_has_is_passed_over_like_any_other(kind: str) -> None:
    assert item({"resourceType": kind}).verdict == "passed-over"
