"""HTTP clients that send for ever, never read, or are too many: each is let go, and nobody else notices."""

import contextlib
import http.client
import re
import socket
import time
from collections.abc import Iterator

import pytest

from integration_engine.broker.management import Management
from integration_engine.services import Broker
from tests.gateway_house import House, house, own_vhost, police_report

FORCE = "E23000038"
_SECONDS, _CONNECTIONS, _PATIENCE_S = 3.0, 20, 60.0


@pytest.fixture(scope="module")
def doors(broker: Broker, management: Management, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    limits = {"http_request_seconds": _SECONDS, "http_connections": _CONNECTIONS}
    with own_vhost(broker, management) as url, house(url, f"sqlite:///{folder / 'e.db'}", folder, **limits) as opened:
        yield opened


@contextlib.contextmanager
def connected(doors: House) -> Iterator[socket.socket]:
    address = doors.client.base_url
    with socket.create_connection((address.host, address.port or 80), timeout=_PATIENCE_S) as client:
        yield client


def head(doors: House, size: int, *, token: str | None = None) -> bytes:
    lines = [
        "POST /police/reports HTTP/1.1",
        "Host: here",
        "Content-Type: application/json",
        f"Authorization: Bearer {token or doors.tokens[FORCE]}",
        f"Content-Length: {size}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def is_let_go(client: socket.socket, dripping: bytes) -> tuple[bool, bytes]:
    """Whether the other side ends it, however much drips in; and what it said before."""
    client.settimeout(0.2)
    said, until = b"", time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        with contextlib.suppress(TimeoutError):
            try:
                client.sendall(dripping)
                part = client.recv(65536)
            except ConnectionError:
                return True, said
            if not part:
                return True, said
            said += part
    return False, said


def status(client: socket.socket) -> int:
    """Of the next answer, which is read to its end."""
    answer = http.client.HTTPResponse(client)
    answer.begin()
    answer.read()
    return answer.status


def ask_and_never_read(client: socket.socket) -> None:
    """More answers than all buffers on the way hold."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(_PATIENCE_S)
    for _ in range(5000):
        client.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: here\r\n\r\n" * 20)


def is_served(doors: House) -> bool:
    return doors.send(FORCE, "/police/reports", police_report(), "application/json").status_code in (200, 202)


@pytest.mark.parametrize(
    ("begun", "dripping"),
    [
        (b"", b""),
        (b"", b"x"),
        (b"POST /police/reports HTTP/1.1\r\n", b"X-Much: more\r\n"),
        (b"GET /health/live HTTP/1.1\r\nHost: here\r\n\r\n", b"G"),
    ],
    ids=["not a word", "a head without an end", "headers without an end", "a second head without an end"],
)
def test_a_head_that_never_ends_is_let_go(doors: House, begun: bytes, dripping: bytes) -> None:
    with connected(doors) as client:
        client.sendall(begun)
        gone, said = is_let_go(client, dripping)
        assert gone
        assert b"408 Request Timeout" in said
    assert is_served(doors)


def test_a_body_that_drips_is_told_so_and_let_go(doors: House) -> None:
    with connected(doors) as client:
        client.sendall(head(doors, 100_000))
        gone, said = is_let_go(client, b"x")
        assert gone
        assert said.startswith(b"HTTP/1.1 408 ")
    assert is_served(doors)


def test_pieces_of_a_body_whose_end_nobody_told_give_it_no_more_time(doors: House) -> None:
    with connected(doors) as client:
        client.sendall(re.sub(rb"Content-Length: \d+", b"Transfer-Encoding: chunked", head(doors, 1)))
        assert is_let_go(client, b"1\r\nx\r\n")[0]


def test_who_is_refused_and_goes_on_sending_is_let_go(doors: House) -> None:
    with connected(doors) as client:
        client.sendall(head(doors, 100_000, token="nobody's"))
        gone, said = is_let_go(client, b"x")
        assert gone
        assert said.startswith(b"HTTP/1.1 401 ")


def test_who_never_reads_what_was_asked_for_is_let_go(doors: House) -> None:
    with connected(doors) as client, pytest.raises(ConnectionError):
        ask_and_never_read(client)
    assert is_served(doors)


def test_a_body_in_time_is_taken_however_many_pieces_it_comes_in(doors: House) -> None:
    body = police_report()
    with connected(doors) as client:
        client.sendall(head(doors, len(body)))
        for place in range(0, len(body), 100):
            client.sendall(body[place : place + 100])
        assert status(client) in (200, 202)


def test_between_two_requests_a_connection_may_be_silent_for_longer(doors: House) -> None:
    with connected(doors) as client:
        for _ in range(2):
            client.sendall(b"GET /health/live HTTP/1.1\r\nHost: here\r\n\r\n")
            assert status(client) == 200
            time.sleep(2 * _SECONDS)


def test_where_there_are_too_many_those_give_way_that_ask_for_nothing(doors: House) -> None:
    body = police_report()
    with contextlib.ExitStack() as stack, connected(doors) as in_hand:
        in_hand.sendall(head(doors, len(body)).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
        assert in_hand.recv(65536).startswith(b"HTTP/1.1 100 ")
        silent = [stack.enter_context(connected(doors)) for _ in range(3 * _CONNECTIONS)]
        assert is_served(doors)
        in_hand.sendall(body)
        assert status(in_hand) in (200, 202)
        # The first ones were let go at once, without a word, not by the time that each has.
        silent[0].settimeout(_PATIENCE_S)
        with contextlib.suppress(ConnectionError):
            assert silent[0].recv(1) == b""
