"""Where a delivery may be posted, to whom, and what each answer means. A real server on this machine answers."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from integration_engine.receiving.signed import new_secret
from integration_engine.settings.webhooks import WebhookSettings
from integration_engine.webhooks.endpoint import Endpoint, Refused, Unreached, may_be_called
from tests.certificates import Authority
from tests.webhook_stand_in import Panel, Reply, panel_at, say

BODY = b'{"delivery": "d-1", "kind": "new"}'


@pytest.fixture
def panel() -> Iterator[Panel]:
    with panel_at() as running:
        yield running


def endpoint(panel: Panel, folder: Path, **changes: Any) -> Endpoint:
    secret = folder / "secret"
    secret.write_text(panel.secret + "\n")
    chosen = {"recipient": "cdop.BERKS", "url": panel.url, "secret_file": secret, "timeout_seconds": 5}
    return Endpoint(WebhookSettings(**(chosen | changes)))


def why_not(endpoint: Endpoint) -> str:
    with pytest.raises(Unreached) as failed:
        endpoint.post("d-1", BODY, {})
    return failed.value.why


@pytest.mark.parametrize(
    ("address", "called"),
    [
        ("8.8.8.8", "always"),
        ("2a00:1450:4009::1", "always"),
        ("10.20.30.40", "private"),
        ("192.168.1.1", "private"),
        ("fd00::1", "private"),
        ("127.0.0.1", "here"),
        ("127.8.9.10", "here"),
        ("::1", "here"),
        ("::ffff:127.0.0.1", "here"),
        ("::ffff:10.20.30.40", "private"),
        ("169.254.169.254", "never"),
        ("::ffff:169.254.169.254", "never"),
        ("fe80::1", "never"),
        ("0.0.0.0", "never"),
        ("::", "never"),
        ("224.0.0.1", "never"),
        ("255.255.255.255", "never"),
        ("64:ff9b::a9fe:a9fe", "never"),
        ("2002:a9fe:a9fe::1", "never"),
    ],
)
def test_only_addresses_that_the_settings_mean_are_called(address: str, called: str) -> None:
    where = ip_address(address)
    allowed = {
        (here, private): may_be_called(where, here=here, private=private)
        for here in (False, True)
        for private in (False, True)
    }
    wanted = {
        "always": lambda here, private: True,
        "never": lambda here, private: False,
        "here": lambda here, private: here,
        "private": lambda here, private: private,
    }[called]
    assert allowed == {each: wanted(*each) for each in allowed}


@pytest.mark.parametrize(
    "host", ["127.1", "2130706433", "0x7f.1", "0", "169.254.169.254", "10.20.30.40", "[::ffff:a9fe:a9fe]"]
)
def test_a_host_that_leads_into_the_house_is_not_called(panel: Panel, tmp_path: Path, host: str) -> None:
    port = panel.url.rsplit(":", 1)[1].partition("/")[0]
    assert why_not(endpoint(panel, tmp_path, url=f"https://{host}:{port}/")) == "forbidden-address"
    assert (panel.posted, panel.unsigned) == ([], [])


def test_a_host_that_isnt_there_is_said_so(panel: Panel, tmp_path: Path) -> None:
    assert why_not(endpoint(panel, tmp_path, url="https://panel.invalid/")) == "no-such-host"


@pytest.mark.parametrize(
    "url",
    ["http://panel.example/", "ftp://localhost/", "https://user:secret@panel.example/", "https://panel.example/?token=1",
     "https://panel.example/#a", "file:///etc/passwd", "https://"],
)  # fmt: skip
def test_an_address_that_is_unsafe_or_leads_elsewhere_is_no_setting(url: str) -> None:
    with pytest.raises(ValidationError):
        WebhookSettings(recipient="cdop.BERKS", url=url, secret_file=Path("secret"))


def test_a_delivery_is_posted_as_it_is_and_signed(panel: Panel, tmp_path: Path) -> None:
    endpoint(panel, tmp_path).post("d-1", BODY, {"cdr-correlation": "bcdf"})
    ((headers, body),) = panel.posted
    assert (body, headers["webhook-id"], headers["cdr-correlation"]) == (
        {"delivery": "d-1", "kind": "new"},
        "d-1",
        "bcdf",
    )
    assert headers["content-type"] == "application/json"
    assert panel.unsigned == []


def test_the_secret_is_read_anew_and_without_one_nothing_is_posted(panel: Panel, tmp_path: Path) -> None:
    posts = endpoint(panel, tmp_path)
    secret = tmp_path / "secret"
    secret.write_text(new_secret())
    assert (why_not(posts), panel.unsigned) == ("not-allowed", ["signature"])
    secret.write_text(f"{new_secret()}\n{panel.secret}\n")
    posts.post("d-1", BODY, {})
    for nothing in ("", "sesame", "whsec_é"):
        secret.write_text(nothing)
        assert why_not(posts) == "secret"
    secret.unlink()
    assert (why_not(posts), len(panel.posted)) == ("secret", 1)


@pytest.mark.parametrize("status", [400, 406, 409, 413, 415, 422, 499])
def test_an_answer_about_this_delivery_refuses_it_alone(panel: Panel, tmp_path: Path, status: int) -> None:
    panel.reply = say(status)
    with pytest.raises(Refused) as refused:
        endpoint(panel, tmp_path).post("d-1", BODY, {})
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("reply", "why", "wait"),
    [
        (say(401), "not-allowed", None),
        (say(403), "not-allowed", None),
        (say(404), "not-found", None),
        (say(410), "not-found", None),
        (say(429, Retry_After="90"), "busy", 90.0),
        (say(503, Retry_After="Wed, 21 Oct 2026 07:28:00 GMT"), "service-error", None),
        (say(500), "service-error", None),
        (say(599, Retry_After="7"), "service-error", 7.0),
    ],
)
def test_an_answer_about_the_endpoint_keeps_everything(
    panel: Panel, tmp_path: Path, reply: Reply, why: str, wait: float | None
) -> None:
    panel.reply = reply
    with pytest.raises(Unreached) as failed:
        endpoint(panel, tmp_path).post("d-1", BODY, {})
    assert (failed.value.why, failed.value.retry_after_s) == (why, wait)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(panel: Panel, tmp_path: Path, status: int) -> None:
    with panel_at() as elsewhere:
        panel.reply = say(status, Location=elsewhere.url)
        assert why_not(endpoint(panel, tmp_path)) == "redirected"
        assert (elsewhere.posted, elsewhere.unsigned) == ([], [])


def test_of_a_long_answer_a_little_is_read(panel: Panel, tmp_path: Path) -> None:
    panel.reply = say(200, b"[" + b" " * 40_000_000, Content_Type="application/json")
    assert endpoint(panel, tmp_path).post("d-1", BODY, {}).body == b""


def test_only_json_is_taken_for_an_answer(panel: Panel, tmp_path: Path) -> None:
    panel.reply = say(200, b"{}", Content_Type="text/html")
    assert endpoint(panel, tmp_path).post("d-1", BODY, {}).body == b""
    panel.reply = say(200, b"{}", Content_Type="application/json; charset=utf-8")
    assert endpoint(panel, tmp_path).post("d-1", BODY, {}).body == b"{}"


def test_a_server_that_says_a_byte_at_a_time_holds_nobody(panel: Panel, tmp_path: Path) -> None:
    def dripping(request: Any, _: Any) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 400:
            request.wfile.write(bytes([byte]))
            request.wfile.flush()
            time.sleep(0.05)

    panel.reply = dripping
    assert why_not(endpoint(panel, tmp_path, timeout_seconds=1)) == "too-slow"


def test_nobody_there_is_away_and_something_else_there_is_broken(panel: Panel, tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"

        def speak() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")

        threading.Thread(target=speak, daemon=True).start()
        assert why_not(endpoint(panel, tmp_path, url=url)) == "broken-answer"
    assert why_not(endpoint(panel, tmp_path, url=url)) == "away"


def test_a_delivery_goes_to_whom_we_trust_alone_and_by_our_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "authority")
    authority.issue("server", "localhost")
    authority.issue("wrong", "another.example")
    authority.issue("client", "engine")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.certificate))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    known = {"ca": authority.certificate}
    with panel_at(context=context) as panel:
        assert why_not(endpoint(panel, tmp_path)) == "certificate"
        assert why_not(endpoint(panel, tmp_path, **known)) in ("away", "certificate")
        own = known | {"certificate": tmp_path / "client.pem", "key": tmp_path / "client.key"}
        endpoint(panel, tmp_path, **own).require_ready()
        endpoint(panel, tmp_path, **own).post("d-1", BODY, {})
        assert len(panel.posted) == 1
        context.load_cert_chain(tmp_path / "wrong.pem", tmp_path / "wrong.key")
        assert why_not(endpoint(panel, tmp_path, **own)) == "certificate"
        assert len(panel.posted) == 1
