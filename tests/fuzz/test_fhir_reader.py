"""Whatever bytes come, the FHIR reader answers and never raises; whatever it keeps, the screen had let through; and whatever
it says of a message, trying it out says too.

``FUZZ=500 pytest --timeout=0 tests/fuzz/test_fhir_reader.py`` looks for an hour. What fails is kept under ``.hypothesis`` and
tried first from then on.
"""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.adapter import Reading
from adapters.hospital_fhir.adapter import ADAPTER
from adapters.hospital_fhir.answered import is_about
from adapters.hospital_fhir.outcome import XML as XML_TYPE
from adapters.hospital_fhir.outcome import http_status, operation_outcome
from adapters.hospital_fhir.refusals import Refused
from adapters.hospital_fhir.trying import taken_out, trial_outcome, trial_status
from tests.fhir_samples import NHS, WREN, as_xml, bundle, dead, header, observation, patient, read, status, stay
from tests.fuzz_effort import examples

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(
        [
            "2026-03-09",
            "2026-03-09T00:00:00Z",
            "true",
            "U",
            "1",
            "exp",
            WREN,
            "Patient/p",
            "9999-12-31T23:59:59Z",
            "0000",
        ]
    ),
    st.lists(st.text(max_size=5), max_size=3),
    st.dictionaries(
        st.sampled_from(["value", "system", "code", "coding", "url", "extension", "reference"]),
        st.text(max_size=5),
        max_size=3,
    ),
)
SEEDS: list[Any] = [
    dead(),
    patient(deceasedBoolean=False),
    patient(extension=status("2")),
    patient(extension=status("U")),
    bundle(header(), dead(), stay(), type_="message"),
    bundle(
        patient(birthDate="2026-03-09"),
        observation("STILLBIRTH", valueString="Y"),
        observation("ATTENDED", valueString="N"),
    ),
    bundle(patient(), observation("81956-5", "http://loinc.org", valueDateTime="2026-03-09")),
    bundle(dead(id="a", identifier=[{"system": NHS, "value": WREN}]), patient(id="b"), type_="history"),
    {
        "type": "pds-death-notification-1",
        "subject": {"nhsNumber": WREN, "dob": "2014-05-09"},
        "data": {"deathNotificationStatus": "1"},
        "time": "2026-03-09",
    },
    {
        "specversion": "1.0",
        "type": "pds-death-notification-2",
        "id": "s",
        "subject": WREN,
        "dataref": f"https://pds.example/Patient/{WREN}",
    },
    bundle(
        {
            "resourceType": "Parameters",
            "parameter": [
                {"name": "topic", "valueCanonical": "https://example.org/patient-death"},
                {
                    "name": "notification-event",
                    "part": [{"name": "focus", "valueReference": {"reference": f"Patient/{WREN}"}}],
                },
            ],
        },
        type_="history",
    ),
    bundle(
        {
            "resourceType": "SubscriptionStatus",
            "topic": "https://example.org/patient-death",
            "notificationEvent": [{"eventNumber": "1", "focus": {"reference": f"Patient/{WREN}"}}],
        },
        type_="subscription-notification",
    ),
    {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": dead()}]},
]


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Every (holder, key) of a tree."""
    found = []
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ():
        found.append((tree, key))
        found += places(value)
    return found


@st.composite
def broken_messages(draw: st.DrawFn) -> Any:
    """A message in which some values are something else, gone, or stand twice."""
    message = json.loads(json.dumps(draw(st.sampled_from(SEEDS))))
    for _ in range(draw(st.integers(1, 4))):
        holders = places(message)
        if not holders:
            break
        holder, key = draw(st.sampled_from(holders))
        change = draw(st.sampled_from(["value", "gone", "list", "object", "rename"]))
        if change == "value":
            holder[key] = draw(ODD)
        elif change == "gone":
            del holder[key]
        elif change == "list":
            holder[key] = [holder[key], holder[key]]
        elif change == "object":
            holder[key] = {"extension": holder[key]}
        elif isinstance(holder, dict):
            holder[draw(st.text(max_size=8))] = holder.pop(key)
    return message


def hold_to_the_contract(body: bytes, reading: Reading) -> None:
    assert reading.verdict in ("notice", "retraction", "rekey", "passed-over", "refused")
    assert reading.items
    assert http_status(reading) in (200, 202, 400, 413, 415, 422)
    assert operation_outcome(reading)
    assert trial_status(reading) in (200, 400, 413, 415)
    assert trial_outcome(reading)
    assert trial_outcome(reading, XML_TYPE)
    try:
        inner, form = taken_out(body, XML_TYPE if body.startswith(b"<") else "application/fhir+json")
    except Refused:
        pass
    else:
        assert read(inner, content_type=form).items
    assert isinstance(is_about(body, "application/fhir+json", WREN), bool)
    for one in reading.items:
        assert (one.notice is not None) == (one.verdict in ("notice", "retraction", "rekey"))
        assert one.verdict != "refused" or one.problems
        if one.notice is not None:
            assert ADAPTER.screen(body)
            assert type(one.notice).model_validate(one.notice.model_dump(mode="json")) == one.notice


@settings(max_examples=examples(150), deadline=None)
@given(broken_messages())
def test_a_broken_message_is_answered(message: Any) -> None:
    body = json.dumps(message).encode()
    hold_to_the_contract(body, read(body))


def plain(text: Any) -> bool:
    """Whether this may stand in XML at all."""
    return all(
        character >= " " and not "\ud800" <= character <= "\udfff" and character < "\ufffe" for character in str(text)
    )


@settings(max_examples=examples(100), deadline=None)
@given(broken_messages().filter(lambda message: isinstance(message, dict) and "resourceType" in message))
def test_a_broken_message_in_xml_is_answered(message: Any) -> None:
    try:
        body = as_xml(message)
    except (KeyError, TypeError, AttributeError, ValueError):
        return  # too broken to be written
    if plain(body.decode()):
        reading = read(body, content_type=XML_TYPE)
        hold_to_the_contract(body, reading)


@settings(max_examples=examples(100), deadline=None)
@given(st.sampled_from(SEEDS), st.data())
def test_damaged_bytes_are_answered(seed: Any, data: st.DataObject) -> None:
    body = bytearray(json.dumps(seed).encode())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
        if not body:
            break
    hold_to_the_contract(bytes(body), read(bytes(body)))


XML = (
    b'<?xml version="1.0" encoding="UTF-8"?><Bundle xmlns="http://hl7.org/fhir"><type value="collection"/>'
    b"<entry><resource><Patient>"
    b'<extension url="https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-DeathNotificationStatus-1">'
    b'<extension url="deathNotificationStatus"><valueCodeableConcept><coding><code value="2"/></coding>'
    b"</valueCodeableConcept></extension>"
    b'</extension><name><family value="Heron"/></name><birthDate value="2014-05-09"/><deceasedDateTime value="2026-03-09"/>'
    b"</Patient></resource></entry></Bundle>"
)


@settings(max_examples=examples(150), deadline=None)
@given(st.data())
def test_damaged_xml_is_answered(data: st.DataObject) -> None:
    body = bytearray(XML)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        piece = data.draw(
            st.one_of(
                st.binary(max_size=3),
                st.sampled_from([b"<!--", b"&#65;", b"/>", b'"', b"<id value='1'/>", b"xmlns='x'"]),
            )
        )
        body[at : at + data.draw(st.integers(0, 6))] = piece
    hold_to_the_contract(bytes(body), read(bytes(body)))


@settings(max_examples=examples(100), deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_answered(body: bytes) -> None:
    assert isinstance(ADAPTER.recognises(body), bool)
    assert ADAPTER.sender(body) == (None, None)
    hold_to_the_contract(body, read(body))
