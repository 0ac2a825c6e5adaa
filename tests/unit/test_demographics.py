"""The demographics service is asked at one address and nowhere else, and whatever it answers, the question ends."""

import datetime as dt
import ipaddress
import json
import ssl
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, get_args

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import ValidationError

from integration_engine.demographics import Demographics, Unanswered, Why
from integration_engine.pointer_words import WHY
from integration_engine.settings import SettingsError
from integration_engine.settings.demographics import DemographicsSettings
from tests.demographics_stand_in import Answer, StandIn, say, standing_in
from tests.fhir_samples import WREN, dead


@pytest.fixture
def service() -> Iterator[StandIn]:
    with standing_in() as running:
        yield running


def asking(service: StandIn, **changes: Any) -> Demographics:
    return Demographics(DemographicsSettings(url=service.url, **changes))


def why_not(service: StandIn, **changes: Any) -> str:
    with pytest.raises(Unanswered) as problem:
        asking(service, **changes).record(WREN)
    return problem.value.why


def test_a_record_is_asked_for_by_its_number_behind_the_base_address(service: StandIn, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("abc.def\n")
    service.records[WREN] = dead(id=WREN)
    record = asking(service, token_file=token).record(WREN)
    assert (json.loads(record.body)["id"], record.content_type) == (WREN, "application/fhir+json")
    ((path, headers),) = service.asked
    assert path == f"/R4/Patient/{WREN}"
    assert headers["Authorization"] == "Bearer abc.def"
    assert len(headers["X-Request-ID"]) == 36


def test_a_token_that_is_renewed_is_used_from_then_on(service: StandIn, tmp_path: Path) -> None:
    token = tmp_path / "token"
    asked = asking(service, token_file=token)
    service.records[WREN] = dead()
    for text in ("first", "second"):
        token.write_text(text)
        asked.record(WREN)
    assert [headers["Authorization"] for _, headers in service.asked] == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize("content", [None, "", "two words", "a\nX-Evil: 1", "\x00"])
def test_a_token_that_cannot_be_sent_is_told_and_nothing_is_asked(
    service: StandIn, tmp_path: Path, content: str | None
) -> None:
    token = tmp_path / "token"
    if content is not None:
        token.write_text(content)
    assert why_not(service, token_file=token) == "token"
    assert service.asked == []


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (201, "unexpected"),
        (204, "unexpected"),
        (400, "unexpected"),
        (401, "not-allowed"),
        (403, "not-allowed"),
        (404, "not-found"),
        (410, "not-found"),
        (429, "busy"),
        (500, "service-error"),
        (503, "service-error"),
    ],
)
def test_every_status_but_200_says_why_there_is_no_record(service: StandIn, status: int, why: str) -> None:
    service.answer = say(status)
    assert why_not(service) == why


@pytest.mark.parametrize(("said", "seconds"), [("120", 120.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None)])
def test_a_service_that_asks_us_to_wait_is_heard(service: StandIn, said: str, seconds: float | None) -> None:
    service.answer = say(429, Retry_After=said)
    with pytest.raises(Unanswered) as problem:
        asking(service).record(WREN)
    assert problem.value.retry_after_s == seconds


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(service: StandIn, status: int) -> None:
    with standing_in() as elsewhere:
        elsewhere.records[WREN] = dead()
        service.answer = say(status, Location=f"{elsewhere.url}/Patient/{WREN}")
        assert why_not(service) == "redirected"
        assert elsewhere.asked == []


def test_no_proxy_of_the_environment_is_asked(service: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    service.records[WREN] = dead()
    with standing_in() as elsewhere:
        monkeypatch.setenv("http_proxy", elsewhere.url)
        asking(service).record(WREN)
        assert elsewhere.asked == []


def _without_end(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Type", "application/fhir+json")
    request.end_headers()
    for _ in range(100_000):
        request.wfile.write(b" " * 4096)


def _byte_by_byte(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Type", "application/fhir+json")
    request.end_headers()
    for _ in range(600):
        request.wfile.write(b" ")
        request.wfile.flush()
        time.sleep(0.05)


def _headers_without_end(request: BaseHTTPRequestHandler) -> None:
    for number in range(600):
        request.wfile.write(b"HTTP/1.1 200 OK\r\n" if not number else b"X-%d: 1\r\n" % number)
        request.wfile.flush()
        time.sleep(0.05)


def _silence(_: BaseHTTPRequestHandler) -> None:
    time.sleep(3)


def _broken_off(request: BaseHTTPRequestHandler) -> None:
    say(200, b"", Content_Length="1000")(request)


def _no_http(request: BaseHTTPRequestHandler) -> None:
    request.wfile.write(b"\x16\x03\x01 what?\r\n\r\n")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (_without_end, "too-large"),
        (_byte_by_byte, "too-slow"),
        (_headers_without_end, "too-slow"),
        (_silence, "too-slow"),
        (_broken_off, "broken-answer"),
        (_no_http, "broken-answer"),
        (say(200, b"<html></html>", Content_Type="text/html"), "not-fhir"),
        (say(200, b"\x1f\x8b", Content_Encoding="gzip"), "not-fhir"),
        (say(200, b"{}", Content_Type=""), "not-fhir"),
    ],
)
def test_an_answer_that_is_none_ends_the_question(service: StandIn, answer: Answer, why: str) -> None:
    service.answer = answer
    assert why_not(service, timeout_seconds=0.4, max_bytes=64 * 1024) == why


def test_a_service_that_is_not_there_is_away() -> None:
    with standing_in() as gone:
        pass
    assert why_not(gone) == "away"


@pytest.mark.parametrize(
    "number", ["", "999000002", "99900000260", "../../admin", "999000002\n", "9990000026/x", "٩٩٩٠٠٠٠٠٢٦"]
)
def test_nothing_but_ten_digits_gets_into_an_address(service: StandIn, number: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        asking(service).record(number)
    assert service.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://pds.example/R4",
        "https://",
        "https:///R4",
        "file:///etc/passwd",
        "ftp://pds.example",
        "https://user:secret@pds.example/R4",
        "https://pds.example/R4?x=",
        "https://pds.example/R4#x",
        "https://pds.example:port/R4",
        "pds.example",
        "",
    ],
)
def test_an_address_that_could_lead_elsewhere_is_no_setting(url: str) -> None:
    with pytest.raises(ValidationError) as problem:
        DemographicsSettings(url=url)
    assert "secret" not in str(problem.value)


def test_every_reason_that_a_pointer_waits_for_has_words_for_an_operator() -> None:
    assert set(get_args(Why)) < WHY.keys()


def _certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for this machine that signed itself, and a server's side of TLS with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stand-in")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    written = folder / "certificate.pem"
    written.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    secret = folder / "key.pem"
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(written, secret)
    return written, context


def test_only_a_certificate_that_is_trusted_is_spoken_to(tmp_path: Path) -> None:
    certificate, context = _certificate(tmp_path)
    with standing_in(context) as service:
        service.records[WREN] = dead(id=WREN)
        assert why_not(service) == "certificate"
        assert service.asked == []
        assert json.loads(asking(service, ca=certificate).record(WREN).body)["id"] == WREN


def test_certificates_that_cannot_be_read_are_a_setting_to_be_put_right(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="demographics"):
        Demographics(DemographicsSettings(url="https://pds.example/R4", ca=tmp_path / "nowhere.pem"))
