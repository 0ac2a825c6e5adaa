"""Stillbirths, live births, terminations: who is reviewed and who isn't."""

from typing import Any

import pytest

from tests.fhir_samples import bundle, codes, dead, header, item, observation, patient, read, stay, told

BABY = {"birthDate": "2026-03-09", "name": [{"use": "official", "family": "Heron", "given": ["Baby"]}]}
SCT = "http://snomed.info/sct"


def test_an_attended_stillbirth_is_passed_over_with_a_hint() -> None:
    reading = read(
        bundle(patient(**BABY), observation("STILLBIRTH", valueString="Y"), observation("ATTENDED", valueBoolean=True))
    )
    assert (reading.verdict, reading.reason) == ("passed-over", "scope.stillbirth")
    assert reading.hint is not None
    assert "MBRRACE-UK" in reading.hint


def test_a_stillbirth_nobody_attended_is_kept_with_the_day_of_birth() -> None:
    found = told(
        bundle(patient(**BABY), observation("237364002", SCT), observation("STILLBIRTH-AT-HOME", valueString="Y"))
    )
    assert found["death"]["live_birth"] == "no"
    assert found["death"]["suspected_stillbirth_at_home"] is True
    assert found["death"]["died_at"] == "2026-03-09"


def test_a_stillbirth_in_hospital_is_taken_as_attended() -> None:
    assert (
        item(
            bundle(patient(**BABY), stay("5", "https://fhir.hl7.org.uk/CodeSystem/UKCore-DischargeMethodEngland"))
        ).reason
        == "scope.stillbirth"
    )


def test_a_stillbirth_of_which_attendance_is_unknown_goes_to_a_person() -> None:
    assert (
        told(bundle(patient(**BABY), observation("STILLBIRTH", valueString="Y")))["death"][
            "professional_attending_birth"
        ]
        == "unknown"
    )


def test_a_late_fetal_loss_is_passed_over() -> None:
    loss = bundle(
        patient(**BABY),
        observation("11884-4", "http://loinc.org", valueQuantity={"value": 23, "code": "wk"}),
        observation("SIGNS-OF-LIFE", valueString="N"),
    )
    assert item(loss).reason == "scope.stillbirth"


def test_a_live_birth_at_22_weeks_that_died_is_in_scope() -> None:
    found = told(
        bundle(
            dead(**BABY, deceasedDateTime="2026-03-09T04:10:00Z"),
            observation("11884-4", "http://loinc.org", valueString="22+1"),
            observation("8339-4", "http://loinc.org", valueQuantity={"value": 0.49, "unit": "kg"}),
            observation("LIVEBIRTH", valueString="Y"),
        )
    )
    assert found["child"]["gestation_days"] == 155
    assert found["child"]["birth_weight_g"] == 490
    assert found["death"]["live_birth"] == "yes"


def test_a_live_birth_after_a_termination_leaves_nothing() -> None:
    assert (
        item(bundle(dead(**BABY), observation("386639001", SCT), observation("LIVEBIRTH", valueString="Y"))).reason
        == "scope.termination"
    )


def test_signs_of_life_outweigh_the_word_stillbirth() -> None:
    reading = read(
        bundle(dead(**BABY), observation("STILLBIRTH", valueString="Y"), observation("SIGNS-OF-LIFE", valueString="Y"))
    )
    assert reading.notices[0].death.live_birth == "yes"
    assert "birth-contradiction" in codes(reading)


@pytest.mark.parametrize("code", ["237364002", "386639001"])
def test_a_young_mother_s_own_history_is_not_her_death(code: str) -> None:
    condition = {
        "resourceType": "Condition",
        "code": {"coding": [{"system": SCT, "code": code}]},
        "subject": {"reference": "Patient/p"},
    }
    assert item(bundle(patient(birthDate="2009-06-01"), condition)).reason == "living"
    assert item(bundle(dead(birthDate="2009-06-01"), condition)).verdict == "notice"


@pytest.mark.parametrize(("code", "kept"), [("1", False), ("2", True)])
def test_a_birth_notification_s_indicator_says_live_or_still(code: str, kept: bool) -> None:
    indicator = {
        "coding": [{"system": "https://fhir.nhs.uk/STU3/CodeSystem/EMS-PDS-StillBornIndicator-1", "code": code}]
    }
    assert (
        item(bundle(patient(**BABY), observation("237364002", SCT, valueCodeableConcept=indicator))).verdict == "notice"
    ) is kept


def test_a_birth_notification_can_carry_a_dead_baby_and_the_mother_is_no_patient_of_ours() -> None:
    mother = patient(
        id="m",
        birthDate="1995-01-01",
        identifier=[{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000050"}],
    )
    mother["name"] = [{"family": "Heron", "given": ["Ada"]}]
    mother["link"] = [{"other": {"reference": "RelatedPerson/r"}, "type": "seealso"}]
    related = {"resourceType": "RelatedPerson", "id": "r", "patient": {"reference": "Patient/p"}}
    baby = dead(**BABY, identifier=None)
    reading = read(
        bundle(header(eventCoding={"code": "pds-birth-notification-1"}), mother, related, baby, type_="message")
    )
    assert [one.verdict for one in reading.items] == ["passed-over", "notice"]
    assert reading.notices[0].child.mother is not None
    assert reading.notices[0].child.mother.nhs_number == "9990000050"
    assert reading.notices[0].child.name_is_placeholder is True


def test_a_gestation_nobody_can_have_is_a_problem() -> None:
    reading = read(bundle(dead(**BABY), observation("GESTATION", valueString="many weeks")))
    assert reading.notices[0].child.gestation_days is None
    assert "not-a-gestation" in codes(reading)


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ({"valueQuantity": {"value": 22, "code": "wk"}}, 154),
        ({"valueQuantity": {"value": 22.5, "unit": "weeks"}}, 158),
        ({"valueQuantity": {"value": 160, "code": "d"}}, 160),
        ({"valueQuantity": {"value": 40, "unit": "Days"}}, 40),
        ({"valueQuantity": {"value": 45}}, 315),
        ({"valueQuantity": {"value": 46}}, 46),
        ({"valueQuantity": {"value": 350, "code": "d"}}, 350),
        ({"valueString": "22+6"}, 160),
        ({"valueString": "22 weeks"}, 154),
    ],
)
def test_gestation_is_read_in_weeks_or_days_as_its_unit_says(said: dict[str, Any], days: int) -> None:
    assert told(bundle(dead(**BABY), observation("GESTATION", **said)))["child"]["gestation_days"] == days


@pytest.mark.parametrize(
    "said",
    [
        {"valueQuantity": {"value": 351, "code": "d"}},
        {"valueQuantity": {"value": 0, "code": "d"}},
        {"valueString": "51+0"},
    ],
)
def test_a_gestation_that_no_pregnancy_has_is_told_and_left_out(said: dict[str, Any]) -> None:
    reading = read(bundle(dead(**BABY), observation("GESTATION", **said)))
    assert (reading.verdict, reading.notices[0].child.gestation_days) == ("notice", None)
    assert "not-a-gestation" in codes(reading)


@pytest.mark.parametrize(("days", "reason"), [(167, "scope.stillbirth"), (168, "unattended-stillbirth")])
def test_a_late_fetal_loss_ends_before_24_weeks_to_the_day(days: int, reason: str) -> None:
    at_home = (observation("ATTENDED", valueString="N"), observation("STILLBIRTH", valueString="Y"))
    lost = observation("GESTATION", valueQuantity={"value": days, "code": "d"})
    assert item(bundle(patient(**BABY), lost, *at_home)).reason == reason


@pytest.mark.parametrize("yes", ["Y", "yes", "TRUE", " True ", "LA33-6", "373066001"])
@pytest.mark.parametrize("no", ["N", "no", "FALSE", "LA32-8", "373067005"])
def test_every_word_for_yes_and_no_is_read(yes: str, no: str) -> None:
    found = told(
        bundle(dead(**BABY), observation("SIGNS-OF-LIFE", valueString=yes), observation("ATTENDED", valueString=no))
    )
    assert (found["death"]["live_birth"], found["death"]["professional_attending_birth"]) == ("yes", "no")


@pytest.mark.parametrize("kind", ["Condition", "Procedure"])
def test_a_finding_recorded_without_a_value_is_so_whatever_records_it(kind: str) -> None:
    recorded = {
        "resourceType": kind,
        "code": {"coding": [{"system": SCT, "code": "386639001"}]},
        "subject": {"reference": "Patient/p"},
    }
    assert item(bundle(dead(**BABY), recorded)).reason == "scope.termination"


@pytest.mark.parametrize(
    "void",
    [
        {"status": "entered-in-error"},
        {"status": "cancelled"},
        {"verificationStatus": {"coding": [{"code": "refuted"}]}},
        {"verificationStatus": {"coding": [{"code": "entered-in-error"}]}},
    ],
)
def test_a_finding_that_was_an_error_or_is_refuted_says_nothing_of_the_birth(void: dict[str, Any]) -> None:
    kind = "Condition" if "verificationStatus" in void else "Observation"
    recorded = {
        "resourceType": kind,
        "code": {"coding": [{"system": SCT, "code": "386639001"}]},
        "subject": {"reference": "Patient/p"},
        **void,
    }
    assert item(bundle(dead(**BABY), recorded)).reason == "death"


def test_a_code_is_known_in_any_letters_and_only_in_its_own_system() -> None:
    weight = {"valueQuantity": {"value": 480, "code": "g"}}
    assert told(bundle(dead(**BABY), observation("Birthweight", **weight)))["child"]["birth_weight_g"] == 480
    elsewhere = observation("8339-4", "http://snomed.info/sct", **weight)
    assert told(bundle(dead(**BABY), elsewhere))["child"].get("birth_weight_g") is None


def test_a_discharge_of_a_stillbirth_beside_a_live_birth_is_a_childs_death() -> None:
    discharged = stay("5", "https://fhir.hl7.org.uk/CodeSystem/UKCore-DischargeMethodEngland")
    assert item(bundle(patient(**BABY), discharged)).reason == "scope.stillbirth"
    assert item(bundle(dead(**BABY), discharged, observation("LIVEBIRTH", valueString="Y"))).reason == "death"


@pytest.mark.parametrize(
    ("whose", "also", "reason"),
    [
        pytest.param(
            {"birthDate": None}, (observation("GESTATION", valueString="38"),), "scope.stillbirth", id="a length"
        ),
        pytest.param(
            {"birthDate": None}, (observation("BIRTHWEIGHT", valueString="3200g"),), "scope.stillbirth", id="a weight"
        ),
        pytest.param({"birthDate": None, "name": BABY["name"]}, (), "scope.stillbirth", id="a stand-in for a name"),
        pytest.param({"birthDate": None}, (), "living", id="nothing: it may be the mother's"),
        pytest.param({"birthDate": "2025-01-01"}, (), "living", id="born over a year ago"),
    ],
)
def test_a_stillbirth_is_the_patients_own_only_where_something_shows_a_newborn(
    whose: dict[str, Any], also: tuple[dict[str, Any], ...], reason: str
) -> None:
    born_dead = (observation("STILLBIRTH", valueString="Y"), observation("ATTENDED", valueString="Y"))
    assert item(bundle(patient(**whose), *born_dead, *also)).reason == reason
