"""A hospital sends FHIR: what it is told in FHIR, and what is queued."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from integration_engine.broker.management import Management
from integration_engine.services import Broker
from tests.gateway_house import FAMILY_NAME, NHS_NUMBER, House, house, own_vhost

JSON, XML = "application/fhir+json", "application/fhir+xml"


@pytest.fixture(scope="module")
def shared(broker: Broker, management: Management, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with own_vhost(broker, management) as url, house(url, f"sqlite:///{folder / 'e.db'}", folder) as opened:
        yield opened


@pytest.fixture
def doors(shared: House) -> House:
    shared.purge()
    return shared


def patient(**changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": NHS_NUMBER}],
        "name": [{"use": "official", "family": FAMILY_NAME, "given": ["Ava"]}],
        "gender": "female",
        "birthDate": "2014-05-09",
        "deceasedDateTime": "2026-03-09T04:10:00+00:00",
        "address": [{"use": "home", "line": ["1 Quay Street"], "postalCode": "RG1 1LX"}],
    } | changes


def message(
    sender: str = "RTH", *, focus: str = "urn:uuid:00000000-0000-4000-8000-000000000002", **changes: Any
) -> bytes:
    header = {
        "resourceType": "MessageHeader",
        "id": "11111111-1111-4111-8111-111111111111",
        "eventCoding": {"system": "https://example.org/events", "code": "death-notification"},
        "sender": {"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": sender}},
        "source": {"endpoint": "https://example.org/epr"},
        "focus": [{"reference": focus}],
    }
    entries = [
        {"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000001", "resource": header},
        {"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000002", "resource": patient(**changes)},
    ]
    return json.dumps({"resourceType": "Bundle", "type": "message", "entry": entries}).encode()


def response_of(answer: httpx.Response) -> tuple[dict[str, Any], dict[str, Any]]:
    """MessageHeader.response and the OperationOutcome of an answered message."""
    bundle = answer.json()
    assert bundle["type"] == "message"
    header, outcome = (entry["resource"] for entry in bundle["entry"])
    return header["response"], outcome


def test_a_death_message_is_queued_untouched_and_answered_by_a_message(doors: House) -> None:
    body = message()
    answer = doors.send("RTH", "/fhir/$process-message", body, JSON)
    assert answer.status_code == 202
    response, _ = response_of(answer)
    assert response["code"] == "ok"
    assert response["identifier"] == "11111111-1111-4111-8111-111111111111"
    [(method, properties, queued)] = doors.queued("intake.hospital-fhir")
    assert queued == body
    assert (method.routing_key, properties.content_type) == ("hospital-fhir.RTH", JSON)


@pytest.mark.parametrize("path", ["/fhir/Patient", "/fhir", "/fhir/"])
def test_a_single_patient_is_taken_with_an_operation_outcome(doors: House, path: str) -> None:
    answer = doors.send("RTH", path, json.dumps(patient()), JSON)
    assert (answer.status_code, answer.json()["resourceType"]) == (202, "OperationOutcome")
    assert answer.headers["content-type"].startswith(JSON)
    assert len(doors.queued("intake.hospital-fhir")) == 1


def test_a_message_within_the_parameters_of_the_operation_is_taken_and_answered_as_one(doors: House) -> None:
    content = {"name": "content", "resource": json.loads(message())}
    body = json.dumps({"resourceType": "Parameters", "parameter": [content]})
    answer = doors.send("RTH", "/fhir/$process-message", body, JSON)
    assert answer.status_code == 202
    assert response_of(answer)[0] == {"identifier": "11111111-1111-4111-8111-111111111111", "code": "ok"}
    [(_, _, queued)] = doors.queued("intake.hospital-fhir")
    assert queued == body.encode()


def test_the_version_in_the_content_type_travels_with_the_message(doors: House) -> None:
    content_type = f"{JSON}; fhirVersion=4.0"
    assert doors.send("RTH", "/fhir/Patient", json.dumps(patient()), content_type).status_code == 202
    [(_, properties, _)] = doors.queued("intake.hospital-fhir")
    assert properties.content_type == content_type


@pytest.mark.parametrize("changes", [{"deceasedDateTime": None}, {"birthDate": "1950-01-01"}])
def test_the_living_and_adults_are_passed_over_and_nothing_is_kept(doors: House, changes: dict[str, Any]) -> None:
    said = {name: value for name, value in patient(**changes).items() if value is not None}
    answer = doors.send("RTH", "/fhir/Patient", json.dumps(said), JSON)
    assert (answer.status_code, answer.json()["resourceType"]) == (200, "OperationOutcome")
    assert doors.queued("intake.hospital-fhir") == []


def test_a_message_with_a_fault_is_a_fatal_error_that_names_the_fhirpath(doors: House) -> None:
    answer = doors.send("RTH", "/fhir/$process-message", message(focus="urn:uuid:nobody"), JSON)
    assert answer.status_code == 422
    response, outcome = response_of(answer)
    assert response["code"] == "fatal-error"
    [issue] = [issue for issue in outcome["issue"] if issue["severity"] == "error"]
    assert issue["expression"] == ["Bundle.entry[0].resource.focus[0]"]
    assert doors.queued("intake.hospital-fhir") == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"null", 400),
        (b'{"resourceType": "Patient", "deceasedBoolean": true, "deceasedBoolean": false}', 400),
        (b"<Patient", 400),
        (b'{"resourceType": "Nonsense"}', 422),
        (b'{"resourceType": "Bundle", "type": "message", "entry": []}', 422),
        (json.dumps(patient(deceasedBoolean=False)).encode(), 422),
        (json.dumps(patient(colour="red")).encode(), 422),
    ],
)
@pytest.mark.parametrize("path", ["/fhir", "/fhir/$process-message"])
def test_what_cannot_be_taken_gets_an_operation_outcome(doors: House, path: str, body: bytes, status: int) -> None:
    answer = doors.send("RTH", path, body, JSON)
    assert answer.status_code == status
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert FAMILY_NAME not in answer.text
    assert doors.queued("intake.hospital-fhir") == []


def test_xml_with_an_external_entity_is_refused_in_xml_and_reads_no_file(doors: House) -> None:
    body = (
        '<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
        '<Patient xmlns="http://hl7.org/fhir"><name><family value="&x;"/></name></Patient>'
    )
    answer = doors.send("RTH", "/fhir/Patient", body, XML)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith(XML)
    assert answer.text.count("<OperationOutcome") == 1


def test_a_hospital_cannot_speak_as_another(doors: House) -> None:
    answer = doors.send("RXH", "/fhir/$process-message", message("RTH"), JSON)
    assert answer.status_code == 403
    assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == "wrong-sender"
    assert doors.queued("intake.hospital-fhir") == []


def test_a_trust_speaks_for_its_sites(doors: House) -> None:
    assert doors.send("RTH", "/fhir/$process-message", message("RTH08"), JSON).status_code == 202


@pytest.mark.parametrize(("code", "status", "issue"), [(None, 401, "login"), ("E23000038", 403, "forbidden")])
def test_who_may_not_come_in_is_told_in_fhir(doors: House, code: str | None, status: int, issue: str) -> None:
    answer = doors.send(code, "/fhir/$process-message", message(), JSON)
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (status, issue)


@pytest.mark.parametrize("content_type", ["application/pdf", "", "text/plain"])
def test_another_type_of_content_is_told_in_fhir(doors: House, content_type: str) -> None:
    answer = doors.send("RTH", "/fhir", b"%PDF-1.4", content_type)
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (415, "not-supported")


def test_a_bundle_over_the_limit_is_told_in_fhir(doors: House) -> None:
    answer = doors.send("RTH", "/fhir", b'{"a": "' + b"x" * 300_000, JSON)
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (413, "too-long")


@pytest.mark.parametrize(("accept", "start"), [("*/*", "{"), (XML, "<?xml"), ("application/fhir+json", "{")])
def test_the_capability_statement_is_given_in_the_form_asked_for(doors: House, accept: str, start: str) -> None:
    answer = doors.client.get("/fhir/metadata", headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.text.startswith(start)


def promised(statement: Any) -> set[tuple[str, str]]:
    """(method, path) of everything that a CapabilityStatement says there is."""
    (rest,) = statement["rest"]
    found = {("get", "/fhir/metadata")}
    if {each["code"] for each in rest["interaction"]} == {"transaction", "batch"}:
        # The base address, with which some clients write a slash.
        found |= {("post", "/fhir"), ("post", "/fhir/")}
    found |= {("post", f"/fhir/${each['name']}") for each in rest["operation"]}
    for resource in rest["resource"]:
        assert {each["code"] for each in resource.get("interaction", ())} <= {"create"}
        if resource.get("interaction"):
            found.add(("post", f"/fhir/{resource['type']}"))
        found |= {("post", f"/fhir/{resource['type']}/${each['name']}") for each in resource.get("operation", ())}
    return found


def test_the_capability_statement_promises_what_there_is_and_nothing_else(doors: House) -> None:
    statement = doors.client.get("/fhir/metadata").json()
    assert statement["resourceType"] == "CapabilityStatement"
    described = doors.client.get("/openapi.json").json()["paths"]
    there = {(method, path) for path, methods in described.items() if path.startswith("/fhir") for method in methods}
    assert promised(statement) == there
    for method, path in there - {("get", "/fhir/metadata")}:
        assert doors.client.request(method, path, content=b"{}").status_code == 401, path
    (messaging,) = statement["messaging"]
    assert messaging["endpoint"][0]["address"].endswith("/fhir/$process-message")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (message(), JSON),
        (json.dumps(patient(birthDate="1950-01-01")).encode(), JSON),
        (json.dumps(patient(deceasedDateTime="soon")).encode(), JSON),
        (b"{", JSON),
        (b"<Patient", XML),
        (b"%PDF", "application/pdf"),
    ],
)
def test_every_answer_is_one_that_the_openapi_document_describes(doors: House, body: bytes, content_type: str) -> None:
    described = doors.client.get("/openapi.json").json()["paths"]
    paths = [path for path, methods in described.items() if path.startswith("/fhir") and "post" in methods]
    assert len(paths) == 7
    for path in paths:
        for code in ("RTH", None, "E23000038"):
            answer = doors.send(code, path, body, content_type)
            responses = described[path]["post"]["responses"]
            assert str(answer.status_code) in responses, path
            form = answer.headers["content-type"].partition(";")[0]
            assert form in responses[str(answer.status_code)]["content"], path


def test_the_forms_that_are_promised_are_taken_and_given(doors: House) -> None:
    statement = doors.client.get("/fhir/metadata").json()
    assert statement["format"] == [JSON, XML]
    for form in statement["format"]:
        given = doors.send("RTH", "/fhir/Patient", json.dumps(patient()), JSON, Accept=form)
        assert given.headers["content-type"].startswith(form)


def test_no_such_door_is_told_in_fhir(doors: House) -> None:
    for answer in (doors.client.get("/fhir/Patient/1"), doors.client.delete("/fhir/Patient")):
        assert answer.status_code in (404, 405)
        assert answer.json()["resourceType"] == "OperationOutcome"
        assert not re.search(r"Patient/1", answer.text)
