"""Who the child is, where they lived, who their people are, and where they died."""

from typing import Any

import pytest

from adapters.adapter import Feed
from tests.fhir_samples import ASH, NHS, ODS, ROWAN, WREN, bundle, codes, dead, header, item, read, stay, told

OLD_NHS = "http://fhir.nhs.net/Id/nhs-number"


def child(message: Any, **how: Any) -> dict[str, Any]:
    return dict(told(message, **how)["child"])


@pytest.mark.parametrize("system", [NHS, OLD_NHS])
def test_both_addresses_of_the_nhs_number_are_known(system: str) -> None:
    assert child(dead(identifier=[{"system": system, "value": "999 000 0026"}]))["nhs_number"] == WREN


@pytest.mark.parametrize(
    ("url", "code", "status"),
    [
        ("https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus", "01", "01"),
        (
            "https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-NHSNumberVerificationStatus-1",
            "08",
            "08",
        ),
        (
            "https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-NHSNumberVerificationStatus-1",
            "number-present-and-verified",
            "01",
        ),
    ],
)
def test_the_verification_status_is_read(url: str, code: str, status: str) -> None:
    extension = [{"url": url, "valueCodeableConcept": {"coding": [{"code": code}]}}]
    assert (
        child(dead(identifier=[{"extension": extension, "system": NHS, "value": WREN}]))["nhs_number_status"] == status
    )


@pytest.mark.parametrize("wrong", ["9990000027", "0000000000", "1111111111", "12345"])
def test_an_invalid_number_is_kept_aside_and_never_a_key(wrong: str) -> None:
    reading = read(dead(identifier=[{"system": NHS, "value": wrong}]))
    assert reading.notices[0].child.nhs_number is None
    (other,) = reading.notices[0].child.other_identifiers
    assert (other.value, other.type, other.problem) == (wrong, "nhs-number-invalid", "nhs-number-invalid")
    assert "nhs-number-invalid" in codes(reading)


def test_a_former_number_is_not_the_number() -> None:
    old = {"use": "old", "system": NHS, "value": ASH}
    found = child(dead(identifier=[old, {"system": NHS, "value": WREN}]))
    assert found["nhs_number"] == WREN
    assert found["other_identifiers"] == [{"value": ASH, "system": NHS, "type": "former-nhs-number"}]


def test_two_current_numbers_are_shown() -> None:
    reading = read(dead(identifier=[{"system": NHS, "value": WREN}, {"system": NHS, "value": ASH}]))
    assert reading.notices[0].child.nhs_number == WREN
    assert "nhs-number-twice" in codes(reading)


def test_the_hospital_s_own_number_is_the_local_reference() -> None:
    own = {"type": {"coding": [{"code": "MR"}]}, "system": "https://hospital.example/mrn", "value": "H-1"}
    found = told(dead(identifier=[{"system": "https://passports.example", "value": "P-1"}, own]))
    assert found["source"]["local_ref"] == "H-1"
    assert {one["value"] for one in found["child"]["other_identifiers"]} == {"P-1", "H-1"}


def test_a_test_number_is_flagged_in_production_only() -> None:
    feed = Feed("f", "RTH", "hospital-fhir", "uk-core-r4")
    assert "test-nhs-number" in codes(read(dead(), feed=feed))
    assert "test-nhs-number" not in codes(read(dead()))


def test_the_official_name_is_the_name_and_others_are_kept() -> None:
    names = [
        {"use": "old", "family": "Bittern", "given": ["Wren"]},
        {"use": "usual", "family": "Heron", "given": ["Wrennie"]},
        {"use": "official", "family": "Heron", "given": ["Wren", "May"]},
    ]
    found = child(dead(name=names))
    assert (found["family_name"], found["given_names"]) == ("Heron", ["Wren", "May"])
    assert (found["known_as"], found["former_names"]) == (["Wrennie"], ["Bittern"])


def test_a_name_that_is_only_text_is_taken_apart() -> None:
    found = child(dead(name=[{"text": "Wren Heron"}]))
    assert (found["given_names"], found["family_name"]) == (["Wren"], "Heron")


@pytest.mark.parametrize(("given", "placeholder"), [(["BABY"], True), (["Twin", "1"], True), (["Wren"], None)])
def test_what_stands_in_for_a_name_is_called_so(given: list[str], placeholder: bool | None) -> None:
    assert (
        child(dead(name=[{"use": "official", "family": "Heron", "given": given}])).get("name_is_placeholder")
        is placeholder
    )


def test_an_address_says_what_it_is_for() -> None:
    addresses = [
        {
            "use": "home",
            "line": ["3 Reed Lane"],
            "city": "Reading",
            "postalCode": "rg18ls",
            "period": {"start": "2020-01-01"},
        },
        {"use": "temp", "line": ["1 Sedge Way"], "postalCode": "OX3 9DU"},
        {"use": "old", "line": ["9 Fen Row"], "period": {"end": "2019-12-31"}},
        {"use": "home", "type": "postal", "line": ["PO Box 7"]},
        {"line": ["2 Marsh End"], "district": "E06000038", "country": "GB"},
    ]
    home, temporary, old, postal, plain = child(dead(address=addresses))["addresses"]
    assert (home["use"], home["postcode"], home["lines"], home["from"]) == (
        "home",
        "RG1 8LS",
        ["3 Reed Lane", "Reading"],
        "2020-01-01",
    )
    assert temporary["use"] == "temporary"
    assert (old["use"], old["to"]) == ("other", "2019-12-31")
    assert postal["use"] == "correspondence"
    assert (plain.get("use"), plain["lad_code"], plain["country"]) == (None, "E06000038", "GBR")


def test_a_district_in_words_is_no_district_code() -> None:
    assert "lad_code" not in child(dead(address=[{"line": ["2 Marsh End"], "district": "Berkshire"}]))["addresses"][0]


def test_the_mother_by_contact() -> None:
    contact = [
        {
            "relationship": [{"text": "Mother"}],
            "name": {"family": "Heron", "given": ["Ada"]},
            "address": {"line": ["3 Reed Lane"], "postalCode": "RG1 8LS"},
        }
    ]
    mother = child(dead(contact=contact))["mother"]
    assert (mother["family_name"], mother["given_names"], mother["address"]["postcode"]) == (
        "Heron",
        ["Ada"],
        "RG1 8LS",
    )


def test_the_mother_by_related_person_with_her_number() -> None:
    related = {
        "resourceType": "RelatedPerson",
        "patient": {"reference": "Patient/p"},
        "relationship": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "MTH"}]}],
        "identifier": [{"system": NHS, "value": ROWAN}],
        "name": [{"family": "Heron", "given": ["Ada"]}],
        "birthDate": "1990-02-03",
    }
    reading = read(bundle(dead(), related))
    assert reading.notices[0].child.mother is not None
    assert reading.notices[0].child.mother.nhs_number == ROWAN
    assert reading.notices[0].provenance["child.mother"].path == "Bundle.entry[1].resource.name[0].family"


def test_a_spouse_makes_no_child_of_an_adult_of_unknown_age() -> None:
    spouse = [{"relationship": [{"coding": [{"code": "SPS"}]}], "name": {"family": "Heron"}}]
    found = child(dead(birthDate=None, contact=spouse))
    assert "carers" not in found
    assert "signs_of_childhood" not in found


def test_a_children_s_ward_is_a_sign_of_childhood() -> None:
    ward = {"resourceType": "Location", "id": "w", "name": "Neonatal unit"}
    message = bundle(dead(birthDate=None), stay(location=[{"location": {"reference": "Location/w"}}]), ward)
    assert child(message)["signs_of_childhood"] == ["paediatric-ward"]


def test_birth_order_and_plurality() -> None:
    assert child(dead(multipleBirthInteger=2))["multiple_birth"] == {"order": 2}
    assert child(dead(multipleBirthBoolean=True))["multiple_birth"] == {"is_multiple": True}
    assert "multiple_birth" not in child(dead(multipleBirthBoolean=False))


@pytest.mark.parametrize(
    ("code", "restricted"), [("R", "protected-identity"), ("V", "protected-identity"), ("U", None)]
)
def test_a_security_label_restricts(code: str, restricted: str | None) -> None:
    label = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": code}]}
    assert child(dead(meta=label)).get("restricted") == restricted
    assert child(bundle(dead(), meta=label)).get("restricted") == restricted


@pytest.mark.parametrize(
    "reference",
    [
        {"identifier": {"system": ODS, "value": "K81001"}},
        {"reference": "Organization/o"},
        {"reference": "https://directory.spineservices.nhs.uk/STU3/Organization/K81001"},
    ],
)
def test_the_practice_however_it_is_referred_to(reference: dict[str, Any]) -> None:
    practice = {"resourceType": "Organization", "id": "o", "identifier": [{"system": ODS, "value": "k81001"}]}
    assert child(bundle(dead(generalPractitioner=[reference]), practice))["gp_practice"] == "K81001"


def place(*resources: dict[str, Any], **how: Any) -> dict[str, Any] | None:
    found: dict[str, Any] | None = told(bundle(dead(), *resources, **how))["death"].get("place")
    return found


SITE = {"system": "https://fhir.nhs.uk/Id/ods-site-code", "value": "RTH08"}


def test_the_place_of_death_is_the_stay_s_location() -> None:
    ward = {"resourceType": "Location", "id": "w", "name": "Ward 5", "partOf": {"reference": "Location/s"}}
    site = {"resourceType": "Location", "id": "s", "name": "Marsh Hospital", "identifier": [SITE]}
    found = place(stay(location=[{"location": {"reference": "Location/w"}}]), ward, site)
    assert found is not None
    assert found["ods_code"] == "RTH08"


def test_a_location_with_an_address_will_do() -> None:
    home = {
        "resourceType": "Location",
        "id": "h",
        "name": "Home",
        "address": {"line": ["3 Reed Lane"], "postalCode": "RG1 8LS"},
    }
    assert place(stay(location=[{"location": {"reference": "Location/h"}}]), home) == {
        "name": "Home",
        "lines": ["3 Reed Lane"],
        "postcode": "RG1 8LS",
    }


def test_else_the_provider_of_the_stay_else_the_sender() -> None:
    provider = stay(serviceProvider={"identifier": {"system": ODS, "value": "RTH08"}})
    assert place(provider) == {"ods_code": "RTH08"}
    assert place(stay(), header(), type_="message") == {"ods_code": "RTH"}


def test_without_a_stay_nothing_says_that_the_child_died_at_the_sender_s() -> None:
    assert place(header(), type_="message") is None


def test_a_stay_that_was_over_long_before_is_not_where_the_child_died() -> None:
    earlier = stay("home", period={"start": "2025-01-01", "end": "2025-01-03"}, serviceProvider={"identifier": SITE})
    assert place(earlier) is None


def test_of_many_stays_the_one_the_death_falls_into() -> None:
    stays = [
        stay(
            "home",
            id=f"e{year}",
            period={"start": f"{year}-03-08", "end": f"{year}-03-10"},
            serviceProvider={"identifier": {"system": ODS, "value": f"RTH{year}"}},
        )
        for year in (2024, 2026, 2025)
    ]
    assert place(*stays) == {"ods_code": "RTH2026"}


def test_diagnoses_that_are_over_are_left_out() -> None:
    def condition(code: str, **state: Any) -> dict[str, Any]:
        coding = {"system": "http://hl7.org/fhir/sid/icd-10", "code": code}
        return {
            "resourceType": "Condition",
            "subject": {"reference": "Patient/p"},
            "code": {"coding": [coding], "text": "a diagnosis"},
            **state,
        }

    over = {"clinicalStatus": {"coding": [{"code": "resolved"}]}}
    refuted = {"verificationStatus": {"coding": [{"code": "refuted"}]}}
    found = told(bundle(dead(), condition("R95"), condition("V03", **over), condition("X20", **refuted)))
    assert found["death"]["diagnoses"] == [{"code": "R95", "system": "icd-10", "text": "a diagnosis"}]


def test_every_value_knows_where_it_stood() -> None:
    provenance = told(bundle(dead(), type_="collection"))["provenance"]
    assert provenance["child.family_name"]["path"] == "Bundle.entry[0].resource.name[0].family"
    assert provenance["death.died_at"]["path"] == "Bundle.entry[0].resource.deceasedDateTime"
    assert {one["profile"] for one in provenance.values()} == {"uk-core-r4"}


def test_no_problem_and_no_refusal_repeats_a_value() -> None:
    reading = read(
        dead(
            identifier=[{"system": NHS, "value": "1234567890"}], address=[{"postalCode": "NOWHERE"}], gender="girl-ish"
        )
    )
    said = " ".join(f"{problem.code} {problem.text} {problem.path}" for problem in reading.all_problems)
    assert len(reading.all_problems) >= 3
    for value in ("1234567890", "NOWHERE", "girl-ish", "Heron", "2014-05-09"):
        assert value not in said
    assert item(dead(deceasedDateTime="next Tuesday")).problems[0].text.count("Tuesday") == 0
