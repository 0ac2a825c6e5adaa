"""What a FHIR sender is answered."""

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import fhir.resources as r5
import pytest
from fhir.resources import R4B, STU3
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.operationoutcome import OperationOutcome
from lxml import etree

from adapters.hospital_fhir.outcome import (
    JSON,
    XML,
    ResponseCode,
    capability_statement,
    http_status,
    operation_outcome,
    process_message_response,
    response_code,
    transient_outcome,
)
from adapters.hospital_fhir.refusals import REFUSALS, refusal
from adapters.hospital_fhir.versions import Version
from tests.fhir_samples import bundle, dead, observation, patient, read

ANSWER_ID = "6b1f3c1e-0000-4000-8000-000000000001"
AT = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)


def outcome(told: Any) -> dict[str, Any]:
    body = operation_outcome(told)
    OperationOutcome.model_validate_json(body)
    return dict(json.loads(body))


def test_what_is_kept_is_202_and_what_is_passed_over_200() -> None:
    assert http_status(read(dead())) == 202
    assert http_status(read(patient())) == 200
    assert http_status(read(b"null")) == 400


def test_a_refusal_names_where_and_why_and_no_value() -> None:
    (issue,) = outcome(read(dead(deceasedDateTime="last Tuesday")))["issue"]
    assert (issue["severity"], issue["code"], issue["expression"]) == ("error", "value", ["Patient.deceasedDateTime"])
    assert issue["details"]["coding"][0]["code"] == "bad-date"
    assert "Tuesday" not in json.dumps(issue)


def test_a_problem_of_a_kept_message_is_a_warning() -> None:
    issues = outcome(read(patient(deceasedBoolean="true")))["issue"]
    assert [issue["severity"] for issue in issues] == ["information", "warning"]


def test_a_stillbirth_s_sender_is_told_where_it_belongs() -> None:
    baby = patient(birthDate="2026-03-09", name=[{"family": "Heron", "given": ["Baby"]}])
    said = json.dumps(
        outcome(
            read(bundle(baby, observation("STILLBIRTH", valueString="Y"), observation("ATTENDED", valueString="Y")))
        )
    )
    assert "MBRRACE-UK" in said


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_every_refusal_can_be_told_in_json_and_xml(code: str) -> None:
    assert REFUSALS[code].status in (400, 413, 415, 422)
    outcome([refusal(code, "Patient.name[0]")])
    root = etree.fromstring(operation_outcome([refusal(code)], XML))
    assert root.tag == "{http://hl7.org/fhir}OperationOutcome"


def test_a_message_is_answered_with_its_header_s_id() -> None:
    body = process_message_response(
        "h-1", "fatal-error", [refusal("bad-focus")], response_id=ANSWER_ID, endpoint="https://cdr.example/fhir", at=AT
    )
    Bundle.model_validate_json(body)
    header, told = [entry["resource"] for entry in json.loads(body)["entry"]]
    assert header["response"] == {
        "identifier": "h-1",
        "code": "fatal-error",
        "details": {"reference": f"urn:uuid:{ANSWER_ID}"},
    }
    assert told["issue"][0]["details"]["coding"][0]["code"] == "bad-focus"


@pytest.mark.parametrize("stated", [None, "not an id", "x" * 65])
def test_a_request_without_a_usable_id_is_answered_all_the_same(stated: str | None) -> None:
    body = process_message_response(
        stated, "ok", read(dead()), response_id=ANSWER_ID, endpoint="https://cdr.example/fhir", at=AT
    )
    assert json.loads(body)["entry"][0]["resource"]["response"] == {"identifier": "unknown", "code": "ok"}


def test_what_could_not_be_made_durable_is_to_be_sent_again() -> None:
    body = process_message_response(
        "h", "transient-error", response_id=ANSWER_ID, endpoint="https://cdr.example/fhir", at=AT
    )
    assert json.loads(body)["entry"][1]["resource"]["issue"][0]["code"] == "transient"
    assert json.loads(transient_outcome())["issue"][0]["code"] == "transient"


def test_a_reading_says_whether_sending_again_can_help() -> None:
    assert response_code(read(dead())) == "ok"
    assert response_code(read(patient())) == "ok"
    assert response_code(read(dead(colour="red"))) == "fatal-error"


def test_the_capability_statement_is_one_and_names_our_address() -> None:
    body = capability_statement("https://cdr.example/fhir", "1.2.3")
    statement = CapabilityStatement.model_validate_json(body)
    assert (statement.fhirVersion, statement.software.version) == ("4.0.1", "1.2.3")
    assert json.loads(body)["messaging"][0]["endpoint"][0]["address"] == "https://cdr.example/fhir/$process-message"
    assert etree.fromstring(capability_statement("https://cdr.example/fhir", form=XML)).tag.endswith(
        "CapabilityStatement"
    )


ENDPOINTS = ("https://cdr.example/fhir", "https://cdr.example/QZ-REQUEST/fhir", "https://cdr.example/a&b<c>/fhir")
TOLD: tuple[tuple[ResponseCode, Any], ...] = (
    ("ok", read(dead())),
    ("ok", read(patient(deceasedBoolean="true"))),
    ("fatal-error", read(dead(deceasedDateTime="last Tuesday"))),
    ("fatal-error", [refusal("bad-focus", "Bundle.entry[0].resource.focus[0]")] * 150),
    ("transient-error", ()),
)


@pytest.mark.parametrize("form", [JSON, XML])
@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize(("code", "told"), TOLD)
def test_an_answer_is_to_the_letter_what_fhir_resources_writes_of_it(
    code: ResponseCode, told: Any, endpoint: str, form: str
) -> None:
    outcome_url = f"urn:uuid:{ANSWER_ID}"
    for n, at in enumerate((AT, datetime(2031, 12, 31, 23, 59, 59, 999_999, tzinfo=ZoneInfo("Europe/London")))):
        body = process_message_response(
            f"h-{n}", code, told, response_id=ANSWER_ID, endpoint=endpoint, at=at, form=form
        )
        header = {
            "resourceType": "MessageHeader",
            "id": ANSWER_ID[:-1] + "0",
            "eventUri": "urn:child-death-review-engine:message-response",
            "source": {"endpoint": endpoint},
            "response": {"identifier": f"h-{n}", "code": code}
            | ({} if code == "ok" else {"details": {"reference": outcome_url}}),
        }
        said = json.loads(transient_outcome() if code == "transient-error" else operation_outcome(told))
        expected = Bundle.model_validate(
            {
                "resourceType": "Bundle",
                "id": ANSWER_ID,
                "type": "message",
                "timestamp": at.astimezone(UTC).isoformat(timespec="seconds"),
                "entry": [
                    {"fullUrl": f"urn:uuid:{header['id']}", "resource": header},
                    {"fullUrl": outcome_url, "resource": said},
                ],
            }
        )
        written = expected.model_dump_xml() if form == XML else expected.model_dump_json()
        assert body == (written if isinstance(written, bytes) else written.encode())


@pytest.mark.parametrize("form", [JSON, XML])
@pytest.mark.parametrize(("version", "release"), [("STU3", STU3), ("R5", r5), ("DSTU2", R4B)])
@pytest.mark.parametrize(("code", "told"), TOLD)
def test_a_message_is_answered_in_the_release_it_spoke(
    code: ResponseCode, told: Any, version: Version, release: Any, form: str
) -> None:
    body = process_message_response(
        "h-1", code, told, response_id=ANSWER_ID, endpoint=ENDPOINTS[0], at=AT, version=version, form=form
    )
    model = release.get_fhir_model_class("Bundle")
    bundle_ = model.model_validate_xml(body) if form == XML else model.model_validate_json(body)
    header, outcome_ = (entry.resource for entry in bundle_.entry)
    identifier = header.response.identifier
    assert (identifier.value if version == "R5" else identifier, header.response.code) == ("h-1", code)
    assert outcome_.issue[0].severity in ("information", "error")


@pytest.mark.parametrize("form", [JSON, XML])
def test_an_answer_s_id_must_be_one(form: str) -> None:
    with pytest.raises(ValueError, match="id"):
        process_message_response(
            "h", "ok", read(dead()), response_id='"><id', endpoint="https://cdr.example/fhir", at=AT, form=form
        )
