"""National events and pointers to records: what they say by themselves, and what they leave to the record."""

from typing import Any

import pytest

from tests.fhir_samples import (
    ASH,
    ROWAN,
    WREN,
    bundle,
    codes,
    dead,
    header,
    item,
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


@pytest.mark.parametrize(
    ("code", "intent", "becomes"),
    [("1", "report", "informal"), ("2", "report", "formal"), ("U", "retract", "removed"), ("u", "retract", "removed")],
)
def test_a_multicast_events_status_says_whether_a_death_is_told_or_taken_back(
    code: str, intent: str, becomes: str
) -> None:
    found = told(signal(deathNotificationStatus=code))
    assert (found["intent"], found["death"]["status"]) == (intent, becomes)


def test_a_status_that_nobody_knows_is_refused() -> None:
    assert item(signal(deathNotificationStatus="3")).reason == "unknown-status"


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


def test_a_notification_that_holds_the_record_is_ordered_by_its_one_event() -> None:
    event = {"eventNumber": "1", "timestamp": "2026-03-10T01:00:00Z", "focus": {"reference": "Patient/p"}}
    r5 = {"resourceType": "SubscriptionStatus", "type": "event-notification", "notificationEvent": [event]}
    part = {"name": "notification-event", "part": [{"name": "timestamp", "valueInstant": "2026-03-10T01:00:00Z"}]}
    r4 = {"resourceType": "Parameters", "parameter": [part]}
    for note, kind in ((r5, "subscription-notification"), (r4, "history")):
        assert told(bundle(note, dead(), type_=kind))["stated_at"] == "2026-03-10T01:00+00:00"
        changed = dead(meta={"lastUpdated": "2026-03-09T23:00:00Z"})
        assert told(bundle(note, changed, type_=kind))["stated_at"] == "2026-03-09T23:00+00:00"
    r4["parameter"] *= 2
    assert "stated_at" not in told(bundle(r4, dead(), type_="history"))
