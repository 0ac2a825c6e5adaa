"""Messages that are cut off in the middle, at each door: nothing half is taken, and the door serves whoever comes next."""

import contextlib
import random
import socket
import struct
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from pika.exceptions import AMQPError

from integration_engine.broker.connection import connect
from tests.chaos.knocking import by_http, by_mllp, hospital_message
from tests.chaos.proxy import Proxy
from tests.gateway_house import House, declare, house, police_report
from tests.worker_samples import KEY, death, taken

pytestmark = pytest.mark.chaos
_PARTS = (0.0, 0.3, 0.9)


@pytest.fixture(scope="module")
def doors(module_amqp_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    declare(module_amqp_url)
    with house(module_amqp_url, f"sqlite:///{folder / 'e.db'}", folder, mllp=True) as opened:
        yield opened


def _sent_in_part(port: int, whole: bytes, part: bytes, end: Callable[[socket.socket], None]) -> bytes:
    """Send part of something and end the connection in some way; whatever is answered."""
    assert len(part) < len(whole)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(part)
        end(line)
        with contextlib.suppress(OSError):
            return line.recv(65536)
    return b""


def _closes(line: socket.socket) -> None:
    line.shutdown(socket.SHUT_WR)


def _resets(line: socket.socket) -> None:
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


@pytest.mark.parametrize("end", [_closes, _resets])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_cut_off_is_not_taken(doors: House, end: Callable[[socket.socket], None], chunked: bool) -> None:
    doors.purge()
    body = police_report()
    head = (
        f"POST /police/reports HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {doors.tokens['E23000038']}\r\n"
        "Content-Type: application/json\r\n"
    )
    if chunked:
        # the whole report in one piece, but never the piece that says that this was all
        whole = f"{head}Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
        cuts = [whole[:-5], whole[: -5 - len(body) // 2]]
    else:
        whole = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        cuts = [whole[: len(whole) - len(body) + int(part * len(body))] for part in _PARTS]
    port = int(doors.client.base_url.port or 0)
    for cut in cuts:
        assert b" 202 " not in _sent_in_part(port, whole, cut, end)
    assert by_http(doors) == (202, "")
    (got,) = doors.queued("intake.police")
    assert got[2] == police_report(report_id="54-2026-000001")


@pytest.mark.parametrize("end", [_closes, _resets])
def test_a_frame_that_is_cut_off_is_not_taken(doors: House, end: Callable[[socket.socket], None]) -> None:
    doors.purge()
    frame = b"\x0b" + hospital_message(3) + b"\x1c\r"
    for part in _PARTS:
        assert b"MSA|A" not in _sent_in_part(doors.mllp_ports[0], frame, frame[: 1 + int(part * len(frame))], end)
    assert b"MSA|AA|" in by_mllp(doors)
    (got,) = doors.queued("intake.hospital-hl7")
    assert got[2] == hospital_message(2)


def test_a_publish_that_is_cut_off_is_not_taken(amqp_url: str) -> None:
    """A partner that speaks AMQP, whose line to the broker breaks in the middle of a message, wherever that is."""
    declare(amqp_url)
    parts = urlsplit(amqp_url)
    reports = [death(number) for number in range(40)]
    confirmed: set[bytes] = set()
    with Proxy((parts.hostname or "", parts.port or 0), random.Random(5)) as wire:
        url = amqp_url.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{wire.port}")
        for report in reports:
            # a frame before it may be smaller than where the cut would fall, and pass whole
            with contextlib.suppress(AMQPError, OSError):
                channel = connect(url).channel()
                channel.confirm_delivery()
                wire.cut_in_the_middle(len(report))
                channel.basic_publish("cdr.intake", KEY, report, mandatory=True)
                confirmed.add(report)
        assert wire.cuts
    found = {body for _, body in taken(amqp_url, "intake.police")}
    assert confirmed <= found <= set(reports)
    assert len(found) < len(reports)
