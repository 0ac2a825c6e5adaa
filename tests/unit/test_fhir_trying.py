"""``$validate``: what would become of a message is told by places and codes, and never by what it says."""

import json
from typing import Any

import pytest

from adapters.hospital_fhir.outcome import http_status
from adapters.hospital_fhir.refusals import Refused
from adapters.hospital_fhir.trying import FIELD, REASON, VERDICT, taken_out, trial_outcome, trial_status
from tests.fhir_samples import bundle, dead, header, patient, read, status, stay

JSON, XML = "application/fhir+json", "application/fhir+xml"
MESSAGE = bundle(header(), dead(), stay(), type_="message")


def issues(message: Any, **how: Any) -> list[dict[str, Any]]:
    found = json.loads(trial_outcome(read(message, **how)))
    assert found["resourceType"] == "OperationOutcome"
    return list(found["issue"])


def coded(message: Any, system: str) -> list[str]:
    return [
        coding["code"]
        for issue in issues(message)
        for coding in issue["details"].get("coding", ())
        if coding["system"] == system
    ]


@pytest.mark.parametrize(
    ("message", "verdict", "reason"),
    [
        (MESSAGE, "notice", "death"),
        (patient(extension=status("U")), "retraction", "status-removed"),
        (patient(), "passed-over", "living"),
        (dead(birthDate="1950-01-01"), "passed-over", "scope.adult"),
        (dead(deceasedDateTime="yesterday"), "refused", "bad-date"),
    ],
)
def test_the_verdict_is_the_one_the_message_would_have(message: Any, verdict: str, reason: str) -> None:
    assert coded(message, VERDICT) == [verdict, verdict], "of the whole, and of the one person in it"
    assert coded(message, REASON) == [reason]
    assert f"HTTP {http_status(read(message))};" in issues(message)[0]["diagnostics"]


def test_each_value_that_would_be_read_is_named_with_its_place() -> None:
    fields = {
        issue["details"]["coding"][0]["code"]: issue["expression"]
        for issue in issues(MESSAGE)
        if issue["details"].get("coding", [{}])[0].get("system") == FIELD
    }
    notice = read(MESSAGE).notices[0]
    assert fields.keys() == notice.provenance.keys()
    assert fields["child.birth_date"] == ["Bundle.entry[1].resource.birthDate"]
    assert fields["death.died_at"] == ["Bundle.entry[1].resource.deceasedDateTime"]


@pytest.mark.parametrize("form", [JSON, XML])
@pytest.mark.parametrize("message", [MESSAGE, dead(gender="F", deceasedBoolean=True), dead(colour="red")])
def test_no_value_of_the_message_is_repeated(message: Any, form: str) -> None:
    told = trial_outcome(read(message), form).decode()
    for value in ("Heron", "Wren", "9990000026", "2014-05-09", "2026-03-09", "Reed Lane", "RG1", '"F"', "colour=red"):
        assert value not in told


def test_problems_are_told_as_live() -> None:
    refused = issues(dead(colour="red"))
    assert [(i["severity"], i["expression"]) for i in refused if i["severity"] == "error"] == [
        ("error", ["Patient.colour"])
    ]
    warned = issues(dead(gender="F"))
    assert [i["expression"] for i in warned if i["severity"] == "warning"] == [["Patient.gender"]]


@pytest.mark.parametrize(
    ("body", "status_"),
    [(b"{", 400), (b"<Patient", 400), (b"%PDF", 415), (b'{"resourceType": "Nonsense"}', 200), (b"", 400)],
)
def test_only_what_cannot_be_read_at_all_is_not_judged(body: bytes, status_: int) -> None:
    assert trial_status(read(body)) == status_


def test_a_message_is_taken_out_of_the_parameters_it_may_come_in() -> None:
    given = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": dead()}]}
    body, form = taken_out(json.dumps(given).encode(), f"{JSON}; fhirVersion=4.0")
    assert (json.loads(body), form) == (dead(), f"{JSON}; fhirVersion=4.0")


def test_in_xml_too() -> None:
    inner = '<Patient><birthDate value="2014-05-09"/><deceasedBoolean value="true"/></Patient>'
    whole = (
        f'<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="resource"/><resource>{inner}</resource>'
        "</parameter></Parameters>"
    )
    body, form = taken_out(whole.encode(), XML)
    assert json.loads(body) == {"resourceType": "Patient", "birthDate": "2014-05-09", "deceasedBoolean": True}
    assert form == JSON


@pytest.mark.parametrize("body", [b"{", b"", json.dumps(dead()).encode(), b'{"resourceType": "Parameters"}', b"\xff"])
def test_anything_else_stays_as_it_is(body: bytes) -> None:
    assert taken_out(body, JSON) == (body, JSON)


@pytest.mark.parametrize("mode", ["update", "delete"])
def test_a_mode_that_nothing_here_does_is_refused(mode: str) -> None:
    parameters = [{"name": "resource", "resource": dead()}, {"name": "mode", "valueCode": mode}]
    with pytest.raises(Refused, match="mode-not-supported"):
        taken_out(json.dumps({"resourceType": "Parameters", "parameter": parameters}).encode(), JSON)


def test_parameters_that_say_a_thing_twice_are_refused() -> None:
    body = b'{"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": {"resourceType": "Patient", "deceasedBoolean": true, "deceasedBoolean": false}}]}'  # noqa: E501
    with pytest.raises(Refused, match="duplicate-key"):
        taken_out(body, JSON)
