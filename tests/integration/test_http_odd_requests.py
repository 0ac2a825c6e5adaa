"""What no well-made client would send over HTTP, byte by byte: answered or closed, nothing of it is kept, and nobody else
notices."""

import contextlib
import re
import socket
from collections.abc import Iterator, Mapping

import pytest

from integration_engine.broker.management import Management
from integration_engine.services import Broker
from tests.gateway_house import House, house, own_vhost, police_report
from tests.integration.test_gateway_coroner import form_of
from tests.mllp_client import framed

FORCE, OFFICE = "E23000038", "oxfordshire"
_PATIENCE_S, _SILENCE_S = 20.0, 0.5
_REPORT = police_report()
# More than a head may have, however few pieces it comes in.
_MUCH = b"x" * 400_000
_OTHER = b"GET /other HTTP/1.1\r\nHost: here\r\n\r\n"


@pytest.fixture(scope="module")
def shared(broker: Broker, management: Management, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    database_url = f"sqlite:///{folder / 'e.db'}"
    with own_vhost(broker, management) as url, house(url, database_url, folder, http_request_seconds=2) as opened:
        yield opened


@pytest.fixture
def doors(shared: House) -> House:
    shared.purge()
    return shared


def heard(doors: House, wire: bytes) -> list[int]:
    """The statuses of all that comes back until the other side closes or, once it has answered, has no more to say."""
    address, said = doors.client.base_url, b""
    with socket.create_connection((address.host, address.port or 80), timeout=_PATIENCE_S) as client:
        with contextlib.suppress(ConnectionError):
            client.sendall(wire)
        try:
            while part := client.recv(65536):
                said += part
                client.settimeout(_SILENCE_S)
        except ConnectionError:
            pass
        except TimeoutError:
            assert said, "neither answered nor closed"
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)]


def report(*lines: bytes, body: bytes = _REPORT, length: bool = True, target: bytes = b"/police/reports") -> bytes:
    """A report that would be taken, with these lines in its head; ``TOKEN`` stands for a live token."""
    head = [b"POST " + target + b" HTTP/1.1", b"Authorization: Bearer TOKEN", b"Content-Type: application/json"]
    head += [b"Content-Length: %d" % len(body)] if length else []
    head += list(lines)
    if not any(line.lower().startswith(b"host") for line in lines):
        head.append(b"Host: here")
    return b"\r\n".join([*head, b"", body])


def _chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


ODD: Mapping[str, bytes] = {
    "two words about its end": report(b"Transfer-Encoding: chunked", body=b"0\r\n\r\n" + _OTHER),
    "two lengths": report(b"Content-Length: 5"),
    "a length below nothing": report(b"Content-Length: -1", length=False),
    "a length with a sign": report(b"Content-Length: +1", length=False),
    "a length in another base": report(b"Content-Length: 0x10", length=False),
    "a length without end": report(b"Content-Length: " + b"9" * 40, length=False),
    "a coding that nobody knows": report(b"Transfer-Encoding: xchunked", length=False, body=_chunked(_REPORT, b"")),
    "two codings": report(b"Transfer-Encoding: gzip, chunked", length=False, body=_chunked(_REPORT, b"")),
    "a piece below nothing": report(b"Transfer-Encoding: chunked", length=False, body=b"-1\r\nx\r\n0\r\n\r\n"),
    "a piece without end": report(b"Transfer-Encoding: chunked", length=False, body=b"f" * 40 + b"\r\nx\r\n"),
    "a piece that says much of itself": report(
        b"Transfer-Encoding: chunked", length=False, body=b"1;x=" + _MUCH + b"\r\nx\r\n0\r\n\r\n"
    ),
    "a piece that is longer than it says": report(
        b"Transfer-Encoding: chunked", length=False, body=b"1\r\n{}\r\n0\r\n\r\n"
    ),
    "a body that is cut": report()[:-40],
    "a head that is cut": report().partition(b"\r\n\r\n")[0],
    "a body in many codings": report(b"Content-Encoding: identity, gzip"),
    "two kinds of content": report(b"Content-Type: text/csv").replace(b"application/json", b"application/pdf"),
    "a space before a colon": report(b"X-Odd : 1"),
    "a space in a name": report(b"X Odd: 1"),
    "a line that goes on": report(b"X-Odd: 1", b" Authorization: Bearer x").replace(b"Bearer TOKEN", b"Bearer y"),
    "a zero in a value": report(b"X-Odd: a\0b"),
    "a carriage return in a value": report(b"X-Odd: a\rX-Injected: b"),
    "no host": report(b"Host-Is: nobody"),
    "two hosts": report(b"Host: here", b"Host: there"),
    "more lines than a head has": report(*[b"X-%d: 1" % each for each in range(50_000)]),
    "a line without end": report(b"X-Odd: " + _MUCH),
    "an address without end": report(target=b"/police/reports?" + _MUCH),
    "an address with a zero": report(target=b"/police/reports%00"),
    "an address that climbs": report(target=b"/police/../../reports"),
    "an address that climbs, in other letters": report(target=b"/schemas/..%2f..%2f..%2fetc%2fpasswd"),
    "an address elsewhere": report(target=b"http://192.0.2.1/police/reports"),
    "an address that is none": report(target=b"*"),
    "a tunnel": b"CONNECT 192.0.2.1:25 HTTP/1.1\r\nHost: 192.0.2.1:25\r\n\r\n",
    "an echo": b"TRACE /police/reports HTTP/1.1\r\nHost: here\r\nCookie: cdr=x\r\n\r\n",
    "a method of many letters": b"X" * 5000 + b" / HTTP/1.1\r\nHost: here\r\n\r\n",
    "a token in another alphabet": report().replace(b"Bearer TOKEN", b"Bearer \xff\xfe\xe9"),
    "a token without end": report().replace(b"Bearer TOKEN", b"Bearer " + b"x" * 30_000),
    "a cookie without end": b"GET /coroner/upload HTTP/1.1\r\nHost: here\r\nCookie: cdr=" + _MUCH + b"\r\n\r\n",
    "a version to come": report().replace(b" HTTP/1.1", b" HTTP/9.9"),
    "a version of the past": b"GET /police/reports\r\n",
    "the next protocol": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "another kind of frames": framed(b"MSH|^~\\&|PAS|RTH"),
    "a TLS client": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200,
    "nothing but line ends": b"\r\n" * 2000,
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_request_is_refused_and_nothing_of_it_is_kept(doors: House, name: str) -> None:
    statuses = heard(doors, ODD[name].replace(b"TOKEN", doors.tokens[FORCE].encode()))
    assert all(400 <= status < 500 or status == 505 for status in statuses), statuses
    # What stands behind it is no request of anybody's.
    assert len(statuses) <= 1
    assert doors.queued("intake.police") == []
    assert doors.send(FORCE, "/police/reports", _REPORT, "application/json").status_code == 202


@pytest.mark.parametrize(
    "line", [b"Upgrade: websocket\r\nConnection: upgrade", b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings"]
)
def test_who_asks_for_another_protocol_is_answered_in_this_one(doors: House, line: bytes) -> None:
    asked = b"GET /health/live HTTP/1.1\r\nHost: here\r\n" + line + b"\r\nSec-WebSocket-Version: 13\r\n\r\n"
    assert heard(doors, asked) == [200]


_FILE = b'Content-Disposition: form-data; name="file"; filename="cases.csv"\r\n\r\n'
_PART = b'--B\r\nContent-Disposition: form-data; name="form"\r\n\r\nFORM\r\n'


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", _PART + b"--B--"),
        ("multipart/form-data; boundary=", _PART + b"--B--"),
        ("multipart/form-data; boundary=" + "B" * 5000, _PART + b"--B--"),
        ("multipart/form-data; boundary=B; charset=undefined", _PART + b"--B\r\n" + _FILE + b"a\r\n--B--"),
        ("multipart/form-data; boundary=B; charset=punycode", _PART + b"--B\r\n" + _FILE + b"a\r\n--B--"),
        ("multipart/form-data; boundary=B", b""),
        ("multipart/form-data; boundary=B", b"--B--"),
        ("multipart/form-data; boundary=B", b"words before anything else"),
        ("multipart/form-data; boundary=B", _PART + b"--B\r\n" + _FILE + b"a,b\r\n"),
        ("multipart/form-data; boundary=B", _PART * 5000 + b"--B--"),
        ("multipart/form-data; boundary=B", _PART + (b"--B\r\n" + _FILE + b"a\r\n") * 3 + b"--B--"),
        ("multipart/form-data; boundary=B", b"--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--"),
        ("multipart/form-data; boundary=B", b"--B\r\n" + b"X-Odd: 1\r\n" * 5000 + b"\r\nx\r\n--B--"),
        ("multipart/form-data; boundary=B", b"--B\r\nContent-Disposition: " + b";a=b" * 10_000 + b"\r\n\r\nx\r\n--B--"),
        ("multipart/form-data; boundary=B", b"--B\r\nContent-Disposition\r\n\r\nx\r\n--B--"),
        (
            "multipart/form-data; boundary=B",
            b'--B\r\nContent-Disposition: form-data; name="form"; filename="a.csv"\r\n\r\nFORM\r\n--B--',
        ),
        (
            "multipart/form-data; boundary=B",
            _PART + b'--B\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--B--',
        ),
        (
            "multipart/form-data; boundary=B",
            _PART
            + b"--B\r\nContent-Disposition: form-data; name=\"file\"; filename*=utf-8''..%2F%00a.csv\r\n\r\nx\r\n--B--",
        ),
        ("multipart/mixed; boundary=B", _PART + b"--B--"),
        ("application/x-www-form-urlencoded", b"form=FORM&file=a"),
    ],
)
def test_a_form_that_no_browser_would_make_takes_nothing(doors: House, content_type: str, body: bytes) -> None:
    with doors.sign_in(OFFICE) as browser:
        form = form_of(browser.get("/coroner/upload").text).encode()
        sent = body.replace(b"FORM", form)
        answer = browser.post("/coroner/upload", content=sent, headers={"Content-Type": content_type})
    assert 400 <= answer.status_code < 500 or 'role="alert"' in answer.text, answer.status_code
    assert doors.queued("intake.coroner") == []
