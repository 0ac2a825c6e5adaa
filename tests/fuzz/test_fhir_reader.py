"""Whatever bytes come, the FHIR reader answers and never raises; whatever it keeps, the screen had let through; and whatever
it says of a message, trying it out says too.

``FUZZ=500 pytest --timeout=0 tests/fuzz/test_fhir_reader.py`` looks for an hour. What fails is kept under ``.hypothesis`` and
tried first from then on.
"""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.hospital_fhir.adapter import ADAPTER
from tests.fhir_samples import WREN, as_xml
from tests.fuzz.damage import broken, damaged, odd
from tests.fuzz.fhir_reader import MESSAGES, XML, fhir, fhir_xml
from tests.fuzz_effort import examples

ODD = odd(
    ["2026-03-09", "2026-03-09T00:00:00Z", "true", "U", "1", "exp", WREN, "Patient/p", "9999-12-31T23:59:59Z", "0000"],
    ["value", "system", "code", "coding", "url", "extension", "reference"],
)


@settings(max_examples=examples(150), deadline=None)
@given(broken(MESSAGES, ODD))
def test_a_broken_message_is_answered(message: Any) -> None:
    body = json.dumps(message).encode()
    fhir(body)


def plain(text: Any) -> bool:
    """Whether this may stand in XML at all."""
    return all(
        character >= " " and not "\ud800" <= character <= "\udfff" and character < "\ufffe" for character in str(text)
    )


@settings(max_examples=examples(100), deadline=None)
@given(broken(MESSAGES, ODD).filter(lambda message: isinstance(message, dict) and "resourceType" in message))
def test_a_broken_message_in_xml_is_answered(message: Any) -> None:
    try:
        body = as_xml(message)
    except (KeyError, TypeError, AttributeError, ValueError):
        return  # too broken to be written
    if plain(body.decode()):
        fhir_xml(body)


@settings(max_examples=examples(100), deadline=None)
@given(st.sampled_from(MESSAGES).flatmap(lambda message: damaged(json.dumps(message).encode())))
def test_damaged_bytes_are_answered(body: bytes) -> None:
    fhir(body)


MARKUP = st.sampled_from([b"<!--", b"&#65;", b"/>", b'"', b"<id value='1'/>", b"xmlns='x'"])


@settings(max_examples=examples(150), deadline=None)
@given(damaged(XML, st.one_of(st.binary(max_size=3), MARKUP)))
def test_damaged_xml_is_answered(body: bytes) -> None:
    fhir(body)


@settings(max_examples=examples(100), deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_answered(body: bytes) -> None:
    assert ADAPTER.sender(body) == (None, None)
    fhir(body)
