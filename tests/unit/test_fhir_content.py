"""What can't be read as FHIR is refused with the right status; what can be hidden in it does nothing."""

import json

import pytest

from adapters.hospital_fhir.content import MOST_BYTES, check_strictly, preferred
from adapters.hospital_fhir.outcome import http_status
from adapters.hospital_fhir.refusals import Refused
from tests.fhir_samples import bundle, codes, dead, item, patient, read, told

BODY = json.dumps(dead()).encode()
XML = (
    b'<Patient xmlns="http://hl7.org/fhir"><id value="p"/><name><family value="Heron"/><given value="Wren"/></name>'
    b'<birthDate value="2014-05-09"/><deceasedDateTime value="2026-03-09"/></Patient>'
)


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        (BODY + b" " * MOST_BYTES, "too-large", 413),
        (b"", "empty", 400),
        (b"  \n", "empty", 400),
        (BODY[:-40], "not-json", 400),
        (BODY[:-1] + b",}", "not-json", 400),
        (b"null", "not-an-object", 400),
        (b"[]", "not-an-object", 400),
        (b'"text"', "not-an-object", 400),
        (b"%PDF-1.7", "not-fhir", 415),
        (b"no JSON at all", "not-fhir", 415),
        (BODY.replace(b'"p"', b"NaN"), "not-json", 400),
        (BODY.replace(b'"p"', b"1" * 5000), "number-too-large", 400),
        (BODY.replace(b'"p"', b"1e999"), "number-too-large", 400),
        (BODY.replace(b"Heron", b"He\\ud800ron"), "not-json", 400),
        (BODY.replace(b"Heron", b"He\xffron"), "encoding", 400),
        (BODY.replace(b"Heron", b"He\\u0000ron"), "nul-character", 422),
        (BODY[:-1] + b', "gender": "male"}', "duplicate-key", 400),
        (b'{"a":' * 2000 + b"1" + b"}" * 2000, "too-deep", 400),
        (
            BODY[:-1] + b', "extension": ' + b'[{"url":"x","extension":' * 200 + b"[]" + b"}]" * 200 + b"}",
            "too-deep",
            400,
        ),
        (b"{}", "unknown-resource", 422),
        (b'{"resourceType": "Nonsense"}', "unknown-resource", 422),
        (b'{"resourceType": 7}', "unknown-resource", 422),
        (b'{"resourceType": "Bundle", "type": "message"}', "empty-bundle", 422),
        (XML.replace(b"<Patient", b"<!DOCTYPE Patient><Patient"), "doctype", 400),
        (b'<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + XML.replace(b"Heron", b"&x;"), "doctype", 400),
        (b'<!DOCTYPE p [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>' + XML.replace(b"Heron", b"&b;"), "doctype", 400),
        (XML[:-3], "not-xml", 400),
        (XML.replace(b"Heron", b"&unknown;"), "not-xml", 400),
        (XML.replace(b"http://hl7.org/fhir", b"http://hl7.org/fhir2"), "wrong-namespace", 422),
        (b'<ADT_A03 xmlns="urn:hl7-org:v2xml"/>', "not-fhir", 415),
        (
            XML.replace(b"<id ", b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd"/><id '),
            "wrong-namespace",
            422,
        ),
        (b'<?xml version="1.0" encoding="UTF-16"?>' + XML, "encoding", 400),
        (b'<?xml version="1.0" encoding="EBCDIC-CP-US"?>' + XML, "encoding", 400),
        (b'<?xml version="1.0" encoding="UTF-8"?>' + XML.replace(b"Heron", b"H\xe9ron"), "encoding", 400),
    ],
)
def test_what_is_no_fhir_is_refused_with_its_status(body: bytes, code: str, status: int) -> None:
    reading = read(body)
    assert (reading.verdict, reading.reason, http_status(reading)) == ("refused", code, status)


@pytest.mark.parametrize(
    ("parts", "code", "path"),
    [
        ({"colour": "red"}, "unknown-element", "Patient.colour"),
        ({"implicitRules": "http://rules.example"}, "implicit-rules", "Patient.implicitRules"),
        (
            {"modifierExtension": [{"url": "http://x.example", "valueBoolean": True}]},
            "unknown-modifier",
            "Patient.modifierExtension",
        ),
        (
            {"contact": [{"modifierExtension": [{"url": "http://x.example"}]}]},
            "unknown-modifier",
            "Patient.contact[0].modifierExtension",
        ),
        ({"name": "Wren Heron"}, "wrong-type", "Patient.name"),
        ({"name": [{"family": "Heron", "given": "Wren"}]}, "wrong-type", "Patient.name[0].given"),
        ({"identifier": [{"value": 12}]}, "wrong-type", "Patient.identifier[0].value"),
        ({"birthDate": 2014}, "wrong-type", "Patient.birthDate"),
    ],
)
def test_what_changes_the_meaning_or_has_no_meaning_is_refused_where_it_stands(
    parts: dict[str, object], code: str, path: str
) -> None:
    found = item(dead(**parts))
    assert (found.verdict, found.reason, found.problems[0].path) == ("refused", code, path)


def test_the_name_of_an_odd_element_is_not_repeated() -> None:
    found = item(dead(**{"Wren Heron, 3 Reed Lane": 1}))
    assert (found.reason, found.problems[0].path) == ("unknown-element", "Patient.?")


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"gender": "F"}, "code-not-in-binding"),
        ({"address": [{"use": "holiday", "line": ["3 Reed Lane"]}]}, "code-not-in-binding"),
        ({"id": "not an id"}, "invalid-value"),
        ({"communication": [{"preferred": True}]}, "invalid-value"),
    ],
)
def test_pedantry_never_loses_a_death(parts: dict[str, object], code: str) -> None:
    reading = read(dead(**parts))
    assert reading.verdict == "notice"
    assert code in codes(reading)


def test_an_unknown_time_in_an_extension_is_no_fault() -> None:
    """fhir.resources refuses the primitive extension by which an unknown time is written."""
    absent = {
        "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
    }
    reading = read(dead(extension=[{"url": "http://x.example/time", "_valueDateTime": absent}]))
    assert (reading.verdict, codes(reading)) == ("notice", set())


@pytest.mark.parametrize(
    ("content_type", "body", "reason"),
    [
        ("application/fhir+json; fhirVersion=4.0; charset=utf-8", BODY, "death"),
        ("application/json", BODY, "death"),
        ("application/fhir+xml", XML, "death"),
        ("text/xml", XML, "death"),
        ("application/fhir+json", XML, "content-type-mismatch"),
        ("application/fhir+xml", BODY, "content-type-mismatch"),
        ("application/pdf", BODY, "not-fhir"),
        ("application/fhir+json; charset=iso-8859-1", BODY, "encoding"),
    ],
)
def test_the_content_type_has_to_be_true(content_type: str, body: bytes, reason: str) -> None:
    assert read(body, content_type=content_type).reason == reason


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf" + BODY,
        b"\r\n" + BODY + b"\n",
        XML,
        b"\xef\xbb\xbf" + XML,
        b'<?xml version="1.0" encoding="utf-8"?>\n<!-- who -->' + XML,
        b'<?xml-stylesheet href="http://x.example/a.xsl"?>' + XML,
        b'<?xml version="1.0" encoding="ISO-8859-1"?>' + XML.replace(b"Wren", b"Wr\xe9n"),
        ('<?xml version="1.0" encoding="UTF-16"?>' + XML.decode()).encode("utf-16"),
        XML.replace(b"<id ", b"<!-- before the id --><id "),
        XML.replace(b"<id ", b'<text><div xmlns="http://www.w3.org/1999/xhtml"><b>Wren</b></div></text><id '),
        XML.replace(b"<Patient xmlns=", b"<f:Patient xmlns:f=")
        .replace(b"</Patient", b"</f:Patient")
        .replace(b"<", b"<f:")
        .replace(b"<f:f:", b"<f:")
        .replace(b"<f:/f:", b"</f:")
        .replace(b"<f:/", b"</f:"),
    ],
)
def test_what_may_stand_around_a_message_changes_nothing(body: bytes) -> None:
    found = told(body)
    assert found["child"]["birth_date"] == "2014-05-09"
    assert found["death"]["died_at"].startswith("2026-03-09")


def test_xml_and_json_say_the_same() -> None:
    as_json = {
        "resourceType": "Patient",
        "id": "p",
        "name": [{"family": "Heron", "given": ["Wren"]}],
        "birthDate": "2014-05-09",
        "deceasedDateTime": "2026-03-09",
    }
    from_xml, from_json = told(XML), told(as_json)
    for name in ("id", "submission"):
        assert from_xml.pop(name) != from_json.pop(name)
    assert from_xml == from_json


def test_an_xml_boolean_and_a_repeated_single_element_are_what_they_are() -> None:
    assert (
        item(XML.replace(b'<deceasedDateTime value="2026-03-09"/>', b'<deceasedBoolean value="true"/>')).verdict
        == "notice"
    )
    assert (
        item(XML.replace(b'<deceasedDateTime value="2026-03-09"/>', b'<deceasedBoolean value="maybe"/>')).reason
        == "wrong-type"
    )
    assert item(XML.replace(b"<birthDate", b'<birthDate value="2014-05-10"/><birthDate')).verdict == "refused"
    assert item(XML.replace(b"<id ", b'<colour value="red"/><id ')).reason == "unknown-element"


def test_a_resource_of_another_release_beside_the_child_is_left_alone() -> None:
    neighbour = b"<entry><resource><EligibilityRequest><id value='x'/></EligibilityRequest></resource></entry>"
    body = (
        b'<Bundle xmlns="http://hl7.org/fhir"><type value="collection"/>'
        + neighbour
        + b"<entry><resource>"
        + XML
        + b"</resource></entry></Bundle>"
    )
    assert item(body).verdict == "notice"


def test_two_patients_of_whom_one_is_unreadable_are_two_answers() -> None:
    reading = read(bundle(dead(id="a", colour="red"), dead(id="b")))
    assert [(one.index, one.verdict) for one in reading.items] == [(0, "refused"), (1, "notice")]
    assert reading.verdict == "notice"


def test_the_living_are_not_searched_for_faults() -> None:
    assert item(patient(colour="red")).reason == "living"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b'{"resourceType": "Patient", "gender": "male", "gender": "female"}', "Patient.gender"),
        (
            b'{"resourceType": "Patient", "deceasedBoolean": true, "name": [{"use": "old"}, {"family": "a", "family": "b"}]}',
            "Patient.name[1].family",
        ),
        (b'{"resourceType": "Patient", "deceasedBoolean": true, "a b": 1, "a b": 2}', None),
        (b'{"resourceType": "A B", "deceasedBoolean": true, "deceasedBoolean": true}', None),
    ],
)
def test_a_property_that_stands_twice_is_named_by_its_place(body: bytes, path: str | None) -> None:
    with pytest.raises(Refused) as refused:
        check_strictly(body)
    assert (refused.value.code, refused.value.problem.path) == ("duplicate-key", path)


@pytest.mark.parametrize(
    ("xml", "path"),
    [
        ('<Patient xmlns="http://hl7.org/fhir"><x xmlns="urn:x"/></Patient>', "Patient"),
        (
            '<Bundle xmlns="http://hl7.org/fhir"><type value="collection"/><entry><fullUrl value="a"/></entry><entry>'
            '<resource><Patient><name><use value="old"/></name><name><x xmlns="urn:x"/></name></Patient></resource>'
            "</entry></Bundle>",
            "Bundle.entry[1].resource.name[1]",
        ),
        ('<Patient xmlns="urn:x"/>', "Patient"),
    ],
)
def test_an_element_of_another_namespace_is_told_by_what_holds_it(xml: str, path: str) -> None:
    (problem,) = read(xml.encode(), content_type="application/fhir+xml").all_problems
    assert (problem.code, problem.path) == ("wrong-namespace", path)


def test_xml_that_is_none_is_told_by_line_and_column() -> None:
    (problem,) = read(b'<Patient xmlns="http://hl7.org/fhir">\n<name></Patient>').all_problems
    assert "At line 2, column " in problem.text


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("application/fhir+xml;q=1.0, application/fhir+json;q=1.0, application/xml+fhir;q=0.9", None),
        ("application/fhir+json, application/fhir+xml;q=0.5", "json"),
        ("application/fhir+xml, application/fhir+json;q=0.5", "xml"),
        ("application/fhir+xml; fhirVersion=4.0, application/json;q=0", "xml"),
        ("application/fhir+json;q=0.1, */*", "json"),
        ("text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", None),
        ("application/fhir+json;q=often", "json"),
        ("application/fhir+json;q=0", None),
        ("xml", "xml"),
        ("*/*", None),
        ("", None),
    ],
)
def test_the_form_of_the_answer_is_the_one_that_weighs_more_and_else_what_was_sent(
    accept: str, form: str | None
) -> None:
    assert preferred(accept) == form
