"""Bundles of every type, headers, national events, pointers, versions: what a message as a whole says."""

import json
from typing import Any

import pytest

from adapters.hospital_fhir.adapter import ADAPTER
from integration_engine.record.dates import earliest
from tests.fhir_samples import (
    ASH,
    NHS,
    ROWAN,
    WREN,
    bundle,
    codes,
    dead,
    header,
    item,
    patient,
    read,
    status,
    stay,
    told,
)

SIGNAL: dict[str, Any] = {
    "id": "s-1",
    "type": "pds-death-notification-1",
    "subject": {"nhsNumber": WREN, "familyName": "HERON", "dob": "2014-05-09"},
    "source": {"name": "national"},
    "time": "2026-03-10T09:00:00.000Z",
    "data": {"fullUrl": f"https://pds.example/Patient/{WREN}", "versionId": 'W/"3"', "deathNotificationStatus": "1"},
}


def signal(type_: str = "pds-death-notification-1", **data: Any) -> dict[str, Any]:
    return {**SIGNAL, "type": type_, "data": {**SIGNAL["data"], "deathNotificationStatus": None, **data}}


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


def test_a_national_event_is_the_national_record_speaking_whoever_relays_it() -> None:
    event = header(eventCoding={"code": "pds-death-notification-1"})
    found = told(bundle(event, dead(extension=status("2")), type_="message"), partner="RTH")
    assert (found["source"]["kind"], found["source"]["partner"], found["death"]["status"]) == (
        "national",
        "national",
        "formal",
    )


def test_a_record_of_the_national_service_itself_is_national() -> None:
    assert told(dead(id=WREN, extension=status("2")))["source"]["kind"] == "national"
    assert told(dead(extension=status("2")))["source"]["kind"] == "hospital-fhir"


def test_a_multicast_death_is_a_notice_without_a_date() -> None:
    found = told(SIGNAL)
    assert found["child"] == {"nhs_number": WREN, "family_name": "HERON", "birth_date": "2014-05-09"}
    assert found["death"] == {"status": "informal"}
    assert found["source"] == {
        "kind": "national",
        "partner": "national",
        "message_id": "s-1",
        "event": "pds-death-notification-1",
    }
    assert found["stated_at"] == "2026-03-10T09:00+00:00"


def test_a_multicast_removal_takes_the_death_back() -> None:
    assert told(signal(deathNotificationStatus="U"))["retraction"] == {"form": "status-removed"}


def test_a_multicast_event_about_an_adult_or_something_else_leaves_nothing() -> None:
    assert item({**SIGNAL, "subject": {"nhsNumber": WREN, "dob": "1960-01-01"}}).reason == "scope.adult"
    assert item({**SIGNAL, "type": "pds-change-of-gp-1"}).reason == "other-event"


def test_a_cloud_event_whose_subject_is_a_number_alone_is_a_pointer() -> None:
    event = {
        "specversion": "1.0",
        "id": "s-2",
        "source": "https://fhir.nhs.uk/Id/nhsSpineASID/1",
        "type": "pds-death-notification-2",
        "time": "2026-03-10T09:00:00Z",
        "dataref": f"https://pds.example/Patient/{WREN}",
        "subject": WREN,
    }
    reading = read(event)
    assert (reading.verdict, reading.reason) == ("notice", "pointer")
    notice = reading.notices[0]
    assert (notice.child.nhs_number, notice.source.message_id) == (WREN, "s-2")
    assert notice.provenance["child.nhs_number"].path == "subject"
    changed = {**event, "type": "nhs-number-change-2", "dataref": f"https://pds.example/Patient/{ASH}"}
    assert told(changed)["rekey"] == {"kind": "replaced", "old_nhs_number": WREN, "new_nhs_number": ASH}


def test_a_replaced_number_is_a_rekey_to_the_one_the_address_ends_in() -> None:
    found = told(
        signal("nhs-number-change-1", nhsNumberStatus="R", fullUrl=f"https://pds.example/FHIR/R4/Patient/{ASH}")
    )
    assert (found["intent"], found["rekey"]) == (
        "rekey",
        {"kind": "replaced", "old_nhs_number": WREN, "new_nhs_number": ASH},
    )


def test_an_invalidated_number_is_joined_to_nothing() -> None:
    found = told(signal("nhs-number-change-1", nhsNumberStatus="I"))
    assert found["rekey"] == {"kind": "invalidated", "old_nhs_number": WREN}


@pytest.mark.parametrize(
    "data",
    [
        {"nhsNumberStatus": "X"},
        {"nhsNumberStatus": "R"},
        {"nhsNumberStatus": "R", "fullUrl": "https://pds.example/Patient/12"},
    ],
)
def test_a_change_of_number_that_says_nothing_definite_is_refused(data: dict[str, str]) -> None:
    assert item(signal("nhs-number-change-1", **data)).reason == "unknown-rekey"


def pointer(event: str = "pds-death-notification-2") -> dict[str, Any]:
    parts = [
        {"name": "type", "valueCode": "event-notification"},
        {
            "name": "notification-event",
            "part": [
                {"name": "timestamp", "valueInstant": "2026-03-10T09:00:00Z"},
                {"name": "focus", "valueReference": {"reference": f"https://pds.example/FHIR/R4/Patient/{WREN}"}},
            ],
        },
        {
            "name": "additional-context",
            "part": [
                {"name": "event-type", "valueString": event},
                {"name": "subject", "valueReference": {"identifier": {"value": WREN}}},
            ],
        },
    ]
    profile = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-status-r4"
    return bundle(
        {"resourceType": "Parameters", "meta": {"profile": [profile]}, "parameter": parts}, type_="history", id="n-1"
    )


def test_a_pointer_is_kept_and_opens_no_case_without_a_person() -> None:
    reading = read(pointer())
    (notice,) = reading.notices
    assert (reading.verdict, reading.reason) == ("notice", "pointer")
    assert (notice.child.nhs_number, notice.source.indirect, notice.source.kind) == (WREN, True, "national")
    assert "pointer-without-data" in codes(reading)
    assert notice.stated_at == "2026-03-10T09:00+00:00"


def test_a_pointer_to_a_changed_number_is_a_rekey() -> None:
    assert item(pointer("nhs-number-change-2")).verdict == "rekey"


def test_a_pointer_to_anything_else_leaves_nothing() -> None:
    assert item(pointer("pds-change-of-gp-2")).reason == "no-death"


def test_a_subscription_notification_that_carries_the_patient_is_read_as_usual() -> None:
    message = pointer("patient-died")
    message["entry"].append({"resource": dead()})
    assert told(message)["child"]["family_name"] == "Heron"


def several(*numbers: str, event: str = "pds-death-notification-2", kind: str = "event-notification") -> dict[str, Any]:
    """A notification of several events, each about somebody else."""
    message = pointer(event)
    parameters = message["entry"][0]["resource"]["parameter"]
    events = [
        {
            "name": "notification-event",
            "part": [{"name": "focus", "valueReference": {"reference": f"Patient/{number}"}}],
        }
        for number in numbers
    ]
    parameters[:] = [{"name": "type", "valueCode": kind}, *events, parameters[2]]
    return message


def test_a_notification_of_several_events_is_several_pointers() -> None:
    reading = read(several(WREN, ASH))
    assert [item.verdict for item in reading.items] == ["notice", "notice"]
    assert [notice.child.nhs_number for notice in reading.notices] == [WREN, ASH], "the subject told once is neither's"
    assert len({notice.id for notice in reading.notices}) == 2
    place = reading.notices[1].provenance["child.nhs_number"].path
    assert place == "Bundle.entry[0].resource.parameter[2]"


@pytest.mark.parametrize(
    "reference", ["Patient/abc", "Patient/9990000027", "urn:uuid:11111111-0000-4000-8000-000000000000"]
)
def test_a_pointer_to_nobody_who_can_be_asked_for_is_refused_and_keeps_no_other(reference: str) -> None:
    message = several(ASH, ROWAN)
    message["entry"][0]["resource"]["parameter"][1]["part"][0]["valueReference"]["reference"] = reference
    reading = read(message)
    assert [item.reason for item in reading.items] == ["no-number", "pointer"]
    assert reading.items[0].problems[0].path == "Bundle.entry[0].resource.parameter[1]"
    assert [notice.child.nhs_number for notice in reading.notices] == [ROWAN]


def test_a_cloud_event_whose_subject_is_no_number_is_refused() -> None:
    event = {"specversion": "1.0", "id": "s", "type": "pds-death-notification-2", "subject": "9990000027"}
    assert (read(event).verdict, read(event).reason) == ("refused", "no-number")


@pytest.mark.parametrize("kind", ["handshake", "heartbeat"])
def test_a_notification_that_only_says_that_the_subscription_lives_is_no_pointer(kind: str) -> None:
    assert item(several(kind=kind, event="https://example.org/topics/patient-death")).reason == "no-death"
    status_ = {"resourceType": "SubscriptionStatus", "type": kind, "topic": "https://example.org/topics/patient-death"}
    assert item(bundle(status_, type_="subscription-notification")).reason == "no-death"


def test_a_notification_of_r4b_is_read_as_r4_and_one_of_r5_as_r5() -> None:
    note = {"resourceType": "SubscriptionStatus", "type": "event-notification", "topic": "https://example.org/death"}
    assert read(bundle(note, dead(), stay(), type_="history")).verdict == "notice"
    r5 = stay(hospitalization=None, status="completed", admission={"dischargeDisposition": {"text": "expired"}})
    r5["class"] = [{"coding": [{"code": "IMP"}]}]
    del r5["hospitalization"]
    told_in_r5 = read(bundle(note, dead(), r5, type_="subscription-notification"))
    assert (told_in_r5.verdict, told_in_r5.profile) == ("notice", "r5-patient")
    assert "unknown-element" not in codes(told_in_r5)


def test_an_r5_notification_points_too() -> None:
    note = {
        "resourceType": "SubscriptionStatus",
        "topic": "https://example.org/topics/patient-death",
        "notificationEvent": [
            {"eventNumber": "1", "timestamp": "2026-03-10T09:00:00Z", "focus": {"reference": f"Patient/{WREN}"}}
        ],
    }
    assert told(bundle(note, type_="subscription-notification"))["child"]["nhs_number"] == WREN


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
    assert ADAPTER.recognises(json.dumps(SIGNAL).encode())
    assert not ADAPTER.recognises(b'{"schema": "police-sudden-death/1"}')
    assert not ADAPTER.recognises(b"MSH|^~\\&|")
    assert not ADAPTER.recognises(b"area,reference,event")
    assert not ADAPTER.recognises(b"<cases><case/></cases>")
