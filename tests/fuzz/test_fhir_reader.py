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
from tests.fuzz.fhir_reader import MESSAGES, XML, fhir, fhir_xml
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
    message = json.loads(json.dumps(draw(st.sampled_from(MESSAGES))))
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


@settings(max_examples=examples(150), deadline=None)
@given(broken_messages())
def test_a_broken_message_is_answered(message: Any) -> None:
    body = json.dumps(message).encode()
    fhir(body)


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
        fhir_xml(body)


@settings(max_examples=examples(100), deadline=None)
@given(st.sampled_from(MESSAGES), st.data())
def test_damaged_bytes_are_answered(seed: Any, data: st.DataObject) -> None:
    body = bytearray(json.dumps(seed).encode())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
        if not body:
            break
    fhir(bytes(body))


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
    fhir(bytes(body))


@settings(max_examples=examples(100), deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_answered(body: bytes) -> None:
    assert ADAPTER.sender(body) == (None, None)
    fhir(body)
