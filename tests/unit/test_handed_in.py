"""What a file or mailbox message is, where nobody says so."""

import pytest

from integration_engine.gateway.handed_in import content_type_of, turned_away
from integration_engine.record.codes import PartnerKind
from tests.hl7_samples import RECEIVED

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.mark.parametrize(
    ("kind", "body", "stated", "means"),
    [
        ("hospital-hl7", b"MSH|", "text/plain", "application/hl7-v2+er7"),
        ("hospital-fhir", b"\xef\xbb\xbf <Bundle", None, "application/fhir+xml"),
        ("hospital-fhir", b'{"resourceType"', "application/octet-stream", "application/fhir+json"),
        (
            "hospital-fhir",
            b"{",
            "application/fhir+json; fhirVersion=3.0",
            "application/fhir+json; fhirVersion=3.0",
        ),
        # AMQP, by which it goes on, writes a content type as a short string.
        ("hospital-fhir", b"{", "application/fhir+json; x=" + "a" * 300, "application/fhir+json"),
        ("hospital-fhir", b"{", "application/fhir+json; x=" + "\N{EURO SIGN}" * 100, "application/fhir+json"),
        ("police", b" {", "application/octet-stream", "application/json"),
        ("police", b"Report,Version", None, "text/csv"),
        ("coroner", b"PK\x03\x04", None, XLSX),
        ("coroner", b"[{", None, "application/json"),
        ("coroner", b"\n<cases>", None, "application/xml"),
        ("coroner", b"Area;Ref", "application/json", "text/csv"),
    ],
)
def test_a_body_is_what_its_kind_and_its_first_bytes_say(
    kind: PartnerKind, body: bytes, stated: str | None, means: str
) -> None:
    assert content_type_of(kind, body, stated) == means


def test_an_answer_to_what_was_not_read_says_why_and_nothing_else() -> None:
    said = turned_away("too-large", "The file is larger than this folder takes.", "abcdefghijklmnop").answer(RECEIVED)
    assert said == {
        "schema": "submission-answer/1",
        "outcome": "refused",
        "reason": "too-large",
        "text": "The file is larger than this folder takes.",
        "receipt": "abcdefghijklmnop",
        "at": "2026-03-10T09:00:00+00:00",
    }
