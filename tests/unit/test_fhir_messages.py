"""Bundles of every type, headers, versions: what a message as a whole says."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from adapters.hospital_fhir.adapter import ADAPTER
from integration_engine.record.dates import earliest
from tests.fhir_samples import (
    ASH,
    NHS,
    NOW,
    WREN,
    as_xml,
    bundle,
    codes,
    dead,
    header,
    item,
    patient,
    read,
    stay,
    told,
)


@pytest.mark.parametrize("type_", ["searchset", "history", "collection", "document", "batch", "transaction", "message"])
def test_every_type_of_bundle_is_read(type_: str) -> None:
    assert item(bundle(dead(), type_=type_)).verdict == "notice"


def test_a_message_without_a_header_is_read_and_flagged() -> None:
    assert "no-header" in codes(read(bundle(dead(), type_="message")))


def test_each_patient_of_a_bundle_is_an_item() -> None:
    reading = read(
        bundle(patient(id="a"), dead(id="b"), dead(id="c", birthDate="1950-01-01"), dead(id="d", colour="red"))
    )
    assert [(one.index, one.verdict, one.reason) for one in reading.items] == [
        (0, "passed-over", "living"),
        (1, "notice", "death"),
        (2, "passed-over", "scope.adult"),
        (3, "refused", "unknown-element"),
    ]
    assert len({notice.id for notice in reading.notices}) == 1


def test_what_is_kept_of_a_child_holds_nothing_of_neighbours_and_reads_the_same_again() -> None:
    grown_up = dead(id="c", birthDate="1950-01-01", name=[{"family": "Bystander"}])
    reading = read(bundle(grown_up, stay(about="Patient/c", id="x"), dead(id="b"), type_="searchset"))
    assert reading.body is not None
    assert b"Bystander" not in reading.body
    assert b'"Patient/c"' not in reading.body
    again = read(reading.body)
    assert (again.body, again.content_hash) == (None, reading.content_hash)
    assert again.notices == reading.notices


def test_the_mother_in_her_baby_s_message_stays_with_it() -> None:
    mother = patient(id="m", birthDate="1995-01-01")
    assert read(bundle(header(), mother, dead(), type_="message")).body is None


def test_a_transaction_that_deletes_is_no_message() -> None:
    message = bundle(dead(), type_="transaction")
    message["entry"].append({"request": {"method": "DELETE", "url": "Patient/p"}})
    assert item(message).reason == "delete-requested"


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_a_bundle_that_would_change_a_part_of_a_record_is_no_message(kind: str) -> None:
    change = {"name": "operation", "part": [{"name": "path", "valueString": "Patient.deceased"}]}
    patch = {"resourceType": "Parameters", "parameter": [change]}
    message = bundle(dead(), type_=kind)
    message["entry"].append({"resource": patch, "request": {"method": "PATCH", "url": "Patient/p"}})
    assert item(message).reason == "patch-requested"


def gone(address: str) -> dict[str, Any]:
    return {"fullUrl": f"https://h.example/{address}", "request": {"method": "DELETE", "url": address}}


def test_a_history_that_tells_of_a_deletion_asks_a_person_what_it_means() -> None:
    alone = {"resourceType": "Bundle", "type": "history", "entry": [gone("Patient/p")]}
    assert item(alone).reason == "delete-requested"
    message = bundle(dead(), type_="history")
    message["entry"] += [gone("Appointment/a"), gone("https://h.example/Encounter/e")]
    reading = read(message)
    assert [(one.verdict, one.reason) for one in reading.items] == [
        ("notice", "death"),
        ("refused", "delete-requested"),
    ]
    assert reading.items[1].problems[0].path == "Bundle.entry[2].request"


def test_a_deletion_of_what_no_death_stands_in_is_nobody_s_concern() -> None:
    alone = {"resourceType": "Bundle", "type": "history", "entry": [gone("Appointment/a")]}
    assert item(alone).reason == "no-death"


def test_the_versions_of_a_history_are_ordered_by_when_each_was_written() -> None:
    message = bundle(dead(), patient(deceasedBoolean=False), type_="history")
    for entry, changed in zip(message["entry"], ("2026-03-12T00:00:00Z", "2026-03-11T00:00:00Z"), strict=True):
        entry["response"] = {"status": "200", "lastModified": changed}
    assert [notice.stated_at for notice in read(message).notices] == [
        "2026-03-12T00:00+00:00",
        "2026-03-11T00:00+00:00",
    ]
    assert item({**message, "type": "history"}).verdict == "notice"


def test_a_focus_that_is_not_there_is_refused() -> None:
    found = item(bundle(header(focus=[{"reference": "urn:uuid:404"}]), dead(), type_="message"))
    assert (found.reason, found.problems[0].path) == ("bad-focus", "Bundle.entry[0].resource.focus[0]")
    assert item(bundle(header(focus=[{"reference": "urn:uuid:404"}]), patient(), type_="message")).reason == "living"


@pytest.mark.parametrize(
    "reference",
    ["Patient/p", "http://hospital.example/fhir/Patient/p", "http://hospital.example/fhir/Patient/p/_history/2"],
)
def test_a_reference_finds_its_resource_however_it_is_written(reference: str) -> None:
    message = bundle(header(focus=[{"reference": reference}]), dead(), type_="message")
    message["entry"][1]["fullUrl"] = "http://hospital.example/fhir/Patient/p"
    assert item(message).verdict == "notice"


def test_a_contained_patient_is_a_patient() -> None:
    found = told(stay(subject={"reference": "#p"}, contained=[patient()]))
    assert found["child"]["family_name"] == "Heron"


def test_messages_are_ordered_by_the_header_s_last_update() -> None:
    meta = {"lastUpdated": "2026-03-09T05:30:00Z"}
    assert (
        told(bundle(header(meta=meta), dead(), type_="message", timestamp="2026-03-10T00:00:00Z"))["stated_at"]
        == "2026-03-09T05:30+00:00"
    )
    assert (
        told(bundle(header(), dead(), type_="message", timestamp="2026-03-10T00:00:00Z"))["stated_at"]
        == "2026-03-10T00:00+00:00"
    )
    assert told(dead(meta={"lastUpdated": "2026-03-11T00:00:00Z"}))["stated_at"] == "2026-03-11T00:00+00:00"


def test_versions_of_one_patient_in_a_history_are_ordered_by_their_own_times() -> None:
    newer = patient(deceasedBoolean=False, meta={"lastUpdated": "2026-03-12T00:00:00Z"})
    older = dead(meta={"lastUpdated": "2026-03-10T00:00:00Z"})
    reading = read(bundle(newer, older, type_="history", timestamp="2026-03-13T00:00:00Z"))
    first, second = reading.notices
    assert (first.intent, second.intent) == ("retract", "report")
    assert first.stated_at is not None
    assert second.stated_at is not None
    assert earliest(first.stated_at) > earliest(second.stated_at)
    assert first.id != second.id


def test_the_sender_is_whoever_proved_it_else_whoever_the_header_names() -> None:
    message = bundle(header(), dead(), type_="message", identifier={"value": "M-9"})
    assert told(message)["source"]["partner"] == "RTH"
    assert told(message, partner="RP4")["source"]["partner"] == "RP4"
    assert ADAPTER.sender(json.dumps(message).encode()) == ("RTH", "https://hospital.example/fhir")
    assert read(message).message_id == "M-9"


def test_a_time_that_can_t_be_read_falls_back_to_the_next_and_is_told() -> None:
    reading = read(
        bundle(header(meta={"lastUpdated": "just now"}), dead(), type_="message", timestamp="2026-03-10T00:00:00Z")
    )
    assert reading.notices[0].stated_at == "2026-03-10T00:00+00:00"
    assert [(one.code, one.path) for one in reading.problems] == [
        ("bad-date", "Bundle.entry[0].resource.meta.lastUpdated")
    ]


def test_the_same_message_makes_the_same_notice() -> None:
    message = bundle(header(), dead(), type_="message", id="b-1")
    assert told(message)["id"] == told(message)["id"]
    assert told(message)["id"] != told({**message, "id": "b-2"})["id"]


def test_a_laboratory_message_is_an_indirect_source() -> None:
    assert told(bundle(header(eventCoding={"code": "R01"}), dead(), type_="message"))["source"]["indirect"] is True
    assert "indirect" not in told(bundle(header(), dead(), type_="message"))["source"]


def routing(number: str = WREN, family: str = "HERON", born: str = "2014-05-09") -> list[dict[str, Any]]:
    inner = [
        {"url": "nhsNumber", "valueIdentifier": {"system": NHS, "value": number}},
        {"url": "name", "valueHumanName": {"family": family}},
        {"url": "birthDateTime", "valueDateTime": born},
    ]
    return [{"url": "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-RoutingDemographics-1", "extension": inner}]


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ({}, "death"),
        ({"family": "EGRET"}, "death"),
        ({"number": ASH}, "identity-disagrees"),
        ({"family": "EGRET", "born": "2001-01-01"}, "identity-disagrees"),
    ],
)
def test_a_header_that_names_somebody_else_is_refused(named: dict[str, str], reason: str) -> None:
    assert item(bundle(header(extension=routing(**named)), dead(), type_="message")).reason == reason


def test_the_shape_chooses_the_profile_where_none_was_asked_for() -> None:
    certificate = dead(meta={"profile": ["http://hl7.org/fhir/us/vrdr/StructureDefinition/vrdr-decedent"]})
    national = header(
        eventCoding=None,
        event={"system": "https://fhir.nhs.uk/STU3/CodeSystem/EventType-1", "code": "pds-death-notification-1"},
    )
    r5_stay = {
        "resourceType": "Encounter",
        "status": "completed",
        "actualPeriod": {"start": "2026-03-01"},
        "subject": {"reference": "Patient/p"},
    }
    national.pop("eventCoding")
    assert read(dead()).profile == "uk-core-r4"
    assert read(certificate).profile == "vrdr-r4"
    assert read(bundle(national, dead(), type_="message")).profile == "national-death-stu3"
    assert read(bundle(dead(), r5_stay)).profile == "r5-patient"
    assert read(dead(), content_type="application/fhir+json; fhirVersion=5.0").profile == "r5-patient"
    assert read(certificate, profile="r5-patient").profile == "r5-patient"


def test_a_lone_r5_encounter_is_not_taken_for_r4() -> None:
    lone = {"resourceType": "Encounter", "status": "completed", "actualPeriod": {"start": "2026-03-01"}}
    assert item(lone).reason == "wrong-version"
    assert item(lone, content_type="application/fhir+json; fhirVersion=5.0").reason == "no-death"


def test_dstu2_is_read_as_far_as_it_goes() -> None:
    old = dead(
        name=[{"use": "official", "family": ["Heron"], "given": ["Wren"]}], careProvider=[{"display": "a practice"}]
    )
    reading = read(old)
    assert reading.notices[0].child.family_name == "Heron"
    assert "not-checked" in codes(reading)


def test_only_fhir_is_recognised() -> None:
    assert ADAPTER.recognises(json.dumps(dead()).encode())
    assert ADAPTER.recognises(b'\xef\xbb\xbf <Patient xmlns="http://hl7.org/fhir"/>')
    assert ADAPTER.recognises(
        json.dumps({"id": "s-1", "type": "pds-death-notification-1", "source": {"name": "national"}}).encode()
    )
    assert not ADAPTER.recognises(b'{"schema": "police-sudden-death/1"}')
    assert not ADAPTER.recognises(b"MSH|^~\\&|")
    assert not ADAPTER.recognises(b"area,reference,event")
    assert not ADAPTER.recognises(b"<cases><case/></cases>")


@pytest.mark.parametrize("name", ["content", "resource"])
def test_what_an_operation_has_within_parameters_is_read_as_if_it_came_bare(name: str) -> None:
    bare = bundle(header(), dead(), type_="message")
    within = {
        "resourceType": "Parameters",
        "parameter": [{"name": name, "resource": bare}, {"name": "async", "valueBoolean": False}],
    }
    assert told(within)["death"] == told(bare)["death"]
    assert read(within).message_id == read(bare).message_id
    assert ADAPTER.sender(json.dumps(within).encode()) == ("RTH", "https://hospital.example/fhir")
    assert told(as_xml(within))["death"] == told(bare)["death"]


def test_a_retraction_without_a_time_of_its_own_is_said_anew_each_time_it_is_sent() -> None:
    later = NOW + timedelta(days=1)
    alive = patient(deceasedBoolean=False)
    once, again, redelivered = read(alive), read(alive, at=later), read(alive)
    assert once.content_hash == redelivered.content_hash != again.content_hash
    assert once.notices[0].id == redelivered.notices[0].id != again.notices[0].id
    timed = alive | {"meta": {"lastUpdated": "2026-03-11T08:00:00Z"}}
    assert read(timed).content_hash == read(timed, at=later).content_hash
    # A death that is sent again is no news: it may be one that is sent late.
    assert read(dead()).content_hash == read(dead(), at=later).content_hash


@pytest.mark.parametrize("kept", [True, False], ids=["with a Patient", "alone"])
def test_a_conditional_reference_names_who_bears_the_identifier(kept: bool) -> None:
    asked = stay(about=f"Patient?identifier={quote(NHS, safe='')}|{WREN}")
    message = bundle(*([patient(), patient(id="q", identifier=[])] if kept else []), asked, type_="transaction")
    assert read(message).deciding.reason == "death"
    assert told(message)["child"]["nhs_number"] == WREN


def test_a_relative_reference_finds_a_patient_by_the_end_of_its_full_address() -> None:
    message = bundle(patient(id=None), patient(id="q", identifier=[]), stay())
    message["entry"][0]["fullUrl"] = "https://hospital.example/fhir/Patient/p"
    assert told(message)["child"]["nhs_number"] == WREN


@pytest.mark.parametrize(
    ("name", "becomes"),
    [("1", "no-subject"), ("0f4f7a52-31b9-4a6a-9c3c-0d5c5b8f7a10", "death")],
    ids=["a number", "a UUID"],
)
def test_another_server_s_patient_of_the_same_number_is_another_patient(name: str, becomes: str) -> None:
    message = bundle(patient(id=name), stay(about=f"https://b.example/fhir/Patient/{name}"))
    assert read(message).deciding.reason == "death"
    message["entry"][0]["fullUrl"] = f"https://a.example/fhir/Patient/{name}"
    assert read(message).deciding.reason == becomes
    message["entry"][0]["fullUrl"] = f"https://b.example/fhir/Patient/{name}"
    assert read(message).deciding.reason == "death"
