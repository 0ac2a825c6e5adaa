"""Does a FHIR message say that somebody died, that they did not, or nothing?"""

import json
from dataclasses import replace
from typing import Any

import pytest

from adapters.adapter import Feed, Submission
from adapters.hospital_fhir.adapter import ADAPTER
from integration_engine.mapping.profile import load_profile
from tests.fhir_samples import (
    NHS,
    NOW,
    WREN,
    bundle,
    codes,
    dead,
    header,
    item,
    observation,
    patient,
    read,
    status,
    stay,
    told,
)

CARECONNECT = "https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-DeathNotificationStatus-1"


def test_a_date_of_death_is_a_death() -> None:
    assert told(dead())["death"] == {"died_at": "2026-03-09T04:10+00:00"}


def test_a_true_flag_is_a_death_without_a_date() -> None:
    found = told(patient(deceasedBoolean=True))
    assert (found["intent"], found.get("death")) == ("report", None)


@pytest.mark.parametrize("said", ["2026", "2026-03", "2026-03-09"])
def test_a_partial_date_keeps_its_precision(said: str) -> None:
    assert told(dead(deceasedDateTime=said))["death"]["died_at"] == said


def test_midnight_is_a_date_without_a_time_and_the_sender_is_told() -> None:
    reading = read(dead(deceasedDateTime="2026-03-09T00:00:00+00:00"))
    assert reading.notices[0].death.died_at == "2026-03-09"
    assert "midnight-read-as-date" in codes(reading)


def test_midnight_is_midnight_for_a_feed_that_says_so() -> None:
    feed = Feed("f", "RTH", "hospital-fhir", "uk-core-r4", midnight_is_unknown=False)
    assert (
        told(dead(deceasedDateTime="2026-03-09T00:00:00+00:00"), feed=feed)["death"]["died_at"]
        == "2026-03-09T00:00+00:00"
    )


def test_a_summer_midnight_keeps_its_own_day() -> None:
    assert told(dead(deceasedDateTime="2025-07-09T00:00:00+01:00"))["death"]["died_at"] == "2025-07-09"


def test_a_time_without_a_zone_is_london_s_and_flagged() -> None:
    reading = read(dead(deceasedDateTime="2025-07-09T08:55:00"))
    assert reading.notices[0].death.died_at == "2025-07-09T08:55+01:00"
    assert codes(reading) == {"no-zone"}


@pytest.mark.parametrize("said", ["2026-02-30", "yesterday", "", "09/03/2026", "2026-13", "0001-01-01"])
def test_what_is_no_date_is_refused(said: str) -> None:
    found = item(dead(deceasedDateTime=said))
    assert (found.verdict, found.reason, found.problems[0].path) == ("refused", "bad-date", "Patient.deceasedDateTime")


def test_a_death_tomorrow_is_refused() -> None:
    assert item(dead(deceasedDateTime="2026-03-21T12:00:00Z")).reason == "date-in-future"


def test_a_clock_that_is_some_minutes_ahead_is_forgiven() -> None:
    assert item(dead(deceasedDateTime="2026-03-20T12:05:00Z")).verdict == "notice"


def test_an_unknown_date_beside_the_absent_value_is_still_a_death() -> None:
    absent = {
        "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
    }
    found = item(patient(_deceasedDateTime=absent))
    assert found.verdict == "notice"
    assert found.notice is not None
    assert found.notice.death.died_at is None


def test_both_kinds_of_deceased_are_refused() -> None:
    assert item(dead(deceasedBoolean=False)).reason == "both-deceased"


@pytest.mark.parametrize("said", [1, "perhaps", [True], {}])
def test_a_flag_that_is_no_boolean_is_refused(said: object) -> None:
    assert item(patient(deceasedBoolean=said)).reason == "wrong-type"


def test_a_boolean_as_text_is_read_and_flagged() -> None:
    reading = read(patient(deceasedBoolean="true"))
    assert (reading.verdict, codes(reading)) == ("notice", {"boolean-as-text"})


@pytest.mark.parametrize(("code", "meaning"), [("1", "informal"), ("2", "formal")])
def test_a_national_status_is_a_death_even_without_a_date(code: str, meaning: str) -> None:
    assert told(patient(extension=status(code)))["death"] == {"status": meaning}


@pytest.mark.parametrize(
    "url", [CARECONNECT, "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus"]
)
def test_a_removed_status_takes_the_death_back_whatever_else_is_said(url: str) -> None:
    found = told(dead(extension=status("U", url)))
    assert (found["intent"], found["retraction"], found["death"]) == (
        "retract",
        {"form": "status-removed"},
        {"status": "removed"},
    )


def test_an_unknown_status_is_refused_not_guessed() -> None:
    assert item(patient(extension=status("9"))).reason == "unknown-status"


def test_the_extension_without_a_code_is_no_death() -> None:
    empty = [{"url": CARECONNECT, "extension": [{"url": "systemEffectiveDate", "valueDateTime": "2026-03-09"}]}]
    assert item(patient(extension=empty)).reason == "living"


def test_a_false_flag_of_a_child_takes_an_earlier_death_back() -> None:
    assert told(patient(deceasedBoolean=False))["retraction"] == {"form": "not-dead", "routine": True}


def test_a_false_flag_means_nothing_for_a_feed_that_writes_it_always() -> None:
    feed = Feed("f", "RTH", "hospital-fhir", "uk-core-r4", n_is_reliable=False)
    assert item(patient(deceasedBoolean=False), feed=feed).reason == "living"


def test_a_false_flag_in_a_laboratory_message_takes_nothing_back() -> None:
    message = bundle(header(eventCoding={"code": "R01"}), patient(deceasedBoolean=False), type_="message")
    assert item(message).reason == "living"


def test_nothing_said_is_nothing_kept() -> None:
    assert item(patient()).reason == "living"
    assert item(patient(birthDate="14/05/2019")).reason == "living"


def test_alive_and_dead_at_once_is_a_contradiction_for_a_person() -> None:
    found = told(bundle(patient(deceasedBoolean=False), stay()))
    assert found["contradiction"] is True
    assert "contradiction" in {problem["code"] for problem in found["problems"]}


@pytest.mark.parametrize(
    ("system", "code", "verdict"),
    [
        ("http://terminology.hl7.org/CodeSystem/discharge-disposition", "exp", "notice"),
        ("http://terminology.hl7.org/CodeSystem/discharge-disposition", "home", "passed-over"),
        ("https://fhir.hl7.org.uk/CodeSystem/UKCore-DischargeMethodEngland", "4", "notice"),
        ("https://fhir.hl7.org.uk/CodeSystem/UKCore-DischargeMethodEngland", "1", "passed-over"),
        ("https://fhir.hl7.org.uk/CodeSystem/UKCore-DischargeDestinationEngland", "79", "notice"),
        ("http://terminology.hl7.org/CodeSystem/v2-0112", "20", "notice"),
        # 4 is a death in the NHS table and a transfer in HL7's.
        ("http://terminology.hl7.org/CodeSystem/v2-0112", "4", "passed-over"),
        ("http://snomed.info/sct", "419099009", "notice"),
    ],
)
def test_a_discharge_code_means_what_its_own_system_says(system: str, code: str, verdict: str) -> None:
    assert item(bundle(patient(), stay(code, system))).verdict == verdict


def test_the_discharge_method_extension_counts() -> None:
    method = {"coding": [{"system": "https://fhir.hl7.org.uk/CodeSystem/UKCore-DischargeMethodEngland", "code": "4"}]}
    extension = [
        {
            "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DischargeMethod",
            "valueCodeableConcept": method,
        }
    ]
    assert item(bundle(patient(), stay("home", hospitalization={"extension": extension}))).verdict == "notice"


def test_the_end_of_the_stay_is_an_estimate_of_the_time_of_death() -> None:
    found = told(bundle(patient(), stay(period={"start": "2026-03-01T10:00:00Z", "end": "2026-03-09T04:10:00Z"})))
    assert found["death"]["died_at"] == "2026-03-09T04:10+00:00"
    assert found["death"]["died_at_basis"] == "estimated"


def test_a_badly_written_end_of_stay_or_certificate_loses_no_death() -> None:
    stays = read(bundle(dead(), stay(period={"end": "this morning"})))
    assert (stays.verdict, codes(stays) >= {"bad-date"}) == ("notice", True)
    certificate = read(bundle(patient(), observation("81956-5", "http://loinc.org", valueDateTime="9 March")))
    assert (certificate.verdict, codes(certificate)) == ("notice", {"bad-date"})


def test_the_patient_s_own_date_is_no_estimate() -> None:
    reading = read(bundle(dead(), stay(period={"end": "2026-03-09T05:00:00Z"})))
    assert reading.notices[0].death.died_at_basis is None
    assert "death-time-from-discharge" not in codes(reading)


def test_a_stay_that_was_an_error_asks_a_person() -> None:
    assert told(bundle(patient(), stay(status="entered-in-error")))["retraction"] == {"form": "cancelled-visit"}


def test_a_certificate_s_date_of_death_is_a_death() -> None:
    found = told(bundle(patient(), observation("81956-5", "http://loinc.org", valueDateTime="2026-03-09T04:10:00Z")))
    assert found["death"]["died_at"] == "2026-03-09T04:10+00:00"


def dated(said: str = "final", **value: Any) -> dict[str, Any]:
    value = value or {"valueDateTime": "2026-03-09"}
    return observation("81956-5", "http://loinc.org", **value) | {"status": said}


@pytest.mark.parametrize("said", ["entered-in-error", "cancelled"])
def test_a_date_of_death_that_was_an_error_takes_the_death_back(said: str) -> None:
    assert told(bundle(patient(), dated(said)))["retraction"] == {"form": "withdrawn"}
    alone = dated(said) | {"subject": {"identifier": {"system": NHS, "value": WREN}}}
    assert told(alone)["retraction"] == {"form": "withdrawn"}


def test_a_wrong_date_of_death_put_right_takes_nothing_back() -> None:
    corrected = told(bundle(patient(), dated("entered-in-error"), dated(valueDateTime="2026-03-08")))
    assert (corrected["intent"], corrected["death"]["died_at"]) == ("report", "2026-03-08")
    still_dead = told(bundle(dead(), dated("entered-in-error")))
    assert (still_dead["intent"], still_dead.get("contradiction")) == ("report", None)


def test_the_later_version_of_what_was_an_error_counts_wherever_it_stands_in_a_history() -> None:
    versions = [dated() | {"id": "o"}, dated("entered-in-error") | {"id": "o"}]
    for order in (versions, versions[::-1]):
        assert told(bundle(patient(), *order, type_="history"))["retraction"] == {"form": "withdrawn"}
    stays = [stay(), stay(status="entered-in-error")]
    for order in (stays, stays[::-1]):
        assert told(bundle(patient(), *order, type_="history"))["retraction"] == {"form": "cancelled-visit"}


def test_a_stay_called_an_error_that_no_longer_says_how_it_ended_asks_only_about_a_death_that_is_held() -> None:
    asks = {"form": "visit-corrected", "routine": True}
    emptied = stay(status="entered-in-error", hospitalization=None, identifier=[{"value": "V1"}])
    found = told(bundle(patient(), emptied))
    assert (found["retraction"], found["source"]["visit"]) == (asks, "V1")
    assert told(emptied | {"subject": {"identifier": {"system": NHS, "value": WREN}}})["retraction"] == asks
    assert item(emptied | {"subject": {"reference": "Patient/elsewhere"}}).reason == "no-death"


def test_a_stay_called_an_error_by_its_id_alone_can_be_any() -> None:
    for bare in (stay(status="entered-in-error", hospitalization=None), stay(status="entered-in-error")):
        found = told(bundle(patient(), bare))
        assert (found["retraction"]["form"], found["source"].get("visit")) == ("cancelled-visit", None)


def test_another_discharge_disposition_asks_where_a_feed_corrects_stays_so() -> None:
    home = bundle(patient(), stay("home", identifier=[{"value": "V1"}]))
    assert item(home).reason == "living"
    corrects = replace(load_profile("uk-core-r4"), settings={"visits_are_corrected": True})
    [reading] = ADAPTER.read(Submission(json.dumps(home).encode(), NOW), corrects)
    notice = reading.notices[0]
    assert notice.retraction is not None
    assert (notice.retraction.form, notice.source.visit) == ("visit-corrected", "V1")


@pytest.mark.parametrize(
    "void",
    [
        stay(status="entered-in-error"),
        {
            "resourceType": "Composition",
            "status": "entered-in-error",
            "type": {"coding": [{"system": "http://loinc.org", "code": "64297-5"}]},
            "subject": {"reference": "Patient/p"},
        },
    ],
    ids=["stay", "certificate"],
)
def test_a_patient_still_dead_beside_what_told_it_and_was_an_error_is_for_a_person(void: dict[str, Any]) -> None:
    assert told(bundle(dead(), void))["contradiction"] is True


def test_a_dead_patient_s_other_stay_that_was_an_error_is_no_contradiction() -> None:
    emptied = stay(status="entered-in-error", hospitalization=None)
    assert "contradiction" not in told(bundle(dead(), emptied))
    rewritten = bundle(dead(), stay(status="entered-in-error"), stay(id="e2"))
    assert "contradiction" not in told(rewritten)


ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"


@pytest.mark.parametrize(
    ("reason", "becomes"),
    [
        ("unknown", "death"),
        ("masked", "death"),
        ("not-applicable", "living"),
        ("unsupported", "living"),
        ("not-performed", "living"),
        ("error", "bad-date"),
        ("not-asked", "bad-date"),
        ("not-a-number", "bad-date"),
        ("negative-infinity", "bad-date"),
        ("positive-infinity", "bad-date"),
    ],
)
def test_why_there_is_no_date_of_death_says_whether_there_is_a_death(reason: str, becomes: str) -> None:
    beside = {"extension": [{"url": ABSENT, "valueCode": reason}]}
    assert item(patient(_deceasedDateTime=beside)).reason == becomes
    assert item(bundle(patient(), dated(_valueDateTime=beside))).reason == becomes
    assert item(bundle(patient(), dated(dataAbsentReason={"coding": [{"code": reason}]}))).reason == becomes


def test_what_stands_for_a_date_of_death_and_says_nothing_is_refused() -> None:
    assert item(patient(_deceasedDateTime={"id": "d"})).reason == "bad-date"


def test_a_more_exact_date_that_agrees_fills_a_vague_one_in() -> None:
    exact = observation("81956-5", "http://loinc.org", valueDateTime="2026-03-09T04:10:00Z")
    assert told(bundle(dead(deceasedDateTime="2026-03-09"), exact))["death"]["died_at"] == "2026-03-09T04:10+00:00"


def test_the_end_of_a_stay_makes_no_date_more_exact_and_disagrees_with_none() -> None:
    for ended in ("2026-03-09T04:10:00Z", "2026-03-11T09:00:00Z"):
        reading = read(bundle(dead(deceasedDateTime="2026-03-09"), stay(period={"end": ended})))
        assert (reading.notices[0].death.died_at, codes(reading)) == ("2026-03-09", set())


@pytest.mark.parametrize(("state", "becomes"), [("planned", "living"), ("cancelled", "cancelled-visit")])
def test_a_stay_that_never_was_ends_in_no_death(state: str, becomes: str) -> None:
    assert item(bundle(patient(), stay(status=state))).reason == becomes


@pytest.mark.parametrize("said", ["true", "TRUE", " True "])
def test_a_flag_as_text_is_a_flag_in_any_letters(said: str) -> None:
    assert item(patient(deceasedBoolean=said)).reason == "death"


def test_what_is_written_beside_a_flag_changes_nothing_of_it() -> None:
    assert item(patient(deceasedBoolean=True, _deceasedBoolean={"id": "d"})).reason == "death"
    assert item(patient(deceasedDateTime=None)).reason == "living"


def test_two_dates_that_disagree_are_shown() -> None:
    other = observation("81956-5", "http://loinc.org", valueDateTime="2026-03-01")
    reading = read(bundle(dead(), other))
    assert reading.notices[0].death.died_at == "2026-03-09T04:10+00:00"
    assert "dates-disagree" in codes(reading)


def test_a_death_whose_subject_is_nobody_in_the_message_is_refused() -> None:
    reading = read(bundle(patient(), stay(about="Patient/another")))
    assert [(one.verdict, one.reason) for one in reading.items] == [
        ("passed-over", "living"),
        ("refused", "no-subject"),
    ]


def test_a_death_told_without_a_patient_needs_at_least_a_number() -> None:
    assert item(stay(subject={"reference": "Patient/elsewhere"})).reason == "no-subject"
    named = stay(subject={"identifier": {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000026"}})
    assert told(named)["child"]["nhs_number"] == "9990000026"


@pytest.mark.parametrize("name", ["deceased", "deceaseddatetime", "deceasedDate", "_deceased"])
def test_a_death_written_as_fhir_does_not_write_it_is_refused(name: str) -> None:
    found = item(patient(**{name: "2026-03-09"}))
    assert (found.reason, found.problems[0].path) == ("unknown-element", f"Patient.{name}")
    assert item(patient(active=True) | {name: None}).reason == "living"
