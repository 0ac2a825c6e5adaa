"""A gateway that is asked to stop while partners send: whoever is answered is answered truly, and nobody is left waiting."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from integration_engine.gateway import mllp, serve
from integration_engine.services.private import free_ports
from integration_engine.store.database import Store, upgrade_schema
from integration_engine.store.identities import Identities
from integration_engine.synthetic.doors import Mllp
from tests.chaos.knocking import hospital_message
from tests.chaos.proxy import Proxy
from tests.gateway_house import declare, house, keys, keys_in_the_environment, police_report
from tests.worker_samples import eventually, taken

pytestmark = pytest.mark.chaos
_SENDERS = 6
FORCE = "E23000038"


def _report(number: int) -> bytes:
    return police_report(report_id=f"54-2026-{number:06}")


def _send(client: httpx.Client, token: str, number: int) -> int | None:
    """A force's report of this number: the answer's status; None where the line broke. Raises ConnectError."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        return client.post("/police/reports", content=_report(number), headers=headers).status_code
    except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
        return None


def _lets_anybody_in(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health/ready", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def gateway(amqp_url: str, sqlite_url: str, folder: Path) -> Iterator[tuple["subprocess.Popen[bytes]", str, str]]:
    """A gateway's process, its address and the force's token."""
    declare(amqp_url)
    upgrade_schema(sqlite_url)
    store = Store(sqlite_url, keys())
    token = Identities(store).add(FORCE, "partner", kinds=("police",)).text
    store.close()
    port, mllp_port = free_ports(2)
    environment = os.environ | keys_in_the_environment() | {
        "CDR_AMQP_URL": amqp_url, "CDR_DATABASE_URL": sqlite_url, "CDR_HTTP_PORT": str(port),
        "CDR_MLLP": json.dumps([{"host": "127.0.0.1", "port": mllp_port}]),
    }  # fmt: skip
    with (folder / "gateway.log").open("ab") as log:
        command = [sys.executable, "-m", "integration_engine.cli", "run", "gateway"]
        process = subprocess.Popen(command, env=environment, cwd=folder, stderr=log)
    try:
        eventually(lambda: _lets_anybody_in(f"http://127.0.0.1:{port}"), 60)
        yield process, f"http://127.0.0.1:{port}", token
    finally:
        process.kill()
        process.wait()


def test_every_message_that_a_closing_gateway_has_acknowledged_is_in_its_queue(
    amqp_url: str, sqlite_url: str, tmp_path: Path
) -> None:
    with gateway(amqp_url, sqlite_url, tmp_path) as (process, address, token), ThreadPoolExecutor(_SENDERS) as senders:
        firsts = [1000 * place for place in range(1, _SENDERS + 1)]
        going = [senders.submit(_send_until_closed, address, token, first) for first in firsts]
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        answers = {number: status for each in going for number, status in each.result(60).items()}
        assert process.wait(30) == 0
    assert set(answers.values()) <= {202, 503, None}
    acknowledged = {_report(number) for number, status in answers.items() if status == 202}
    assert acknowledged
    assert acknowledged <= {body for _, body in taken(amqp_url, "intake.police")}


def _send_until_closed(address: str, token: str, first: int) -> dict[int, int | None]:
    answers: dict[int, int | None] = {}
    with httpx.Client(base_url=address, timeout=30) as client:
        for number in range(first, first + 1000):
            try:
                answers[number] = _send(client, token, number)
            except httpx.ConnectError:
                break
    return answers


@pytest.mark.parametrize(("comes_back", "by_http", "by_mllp"), [(True, 202, b"MSA|AA|"), (False, 503, b"MSA|AE|")])
def test_who_is_being_answered_when_doors_close_gets_an_answer_whether_or_not_the_broker_confirms(
    amqp_url: str, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    comes_back: bool, by_http: int, by_mllp: bytes,
) -> None:  # fmt: skip
    # shorter than a confirm may take: whoever closes the doors has to wait for that as well
    monkeypatch.setattr(serve, "_GRACE_SECONDS", 2)
    monkeypatch.setattr(mllp, "_GRACE_SECONDS", 2)
    declare(amqp_url)
    parts = urlsplit(amqp_url)
    with ExitStack() as around, ExitStack() as inside:
        senders = around.enter_context(ThreadPoolExecutor(3))
        wire = around.enter_context(Proxy((parts.hostname or "", parts.port or 0)))
        url = amqp_url.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{wire.port}")
        doors = inside.enter_context(house(url, sqlite_url, tmp_path, mllp=True, confirm_seconds=4.0))
        address, token = str(doors.client.base_url), doors.tokens[FORCE]
        client = around.enter_context(httpx.Client(base_url=address, timeout=60))
        line = around.enter_context(Mllp("127.0.0.1", doors.mllp_ports[0]))
        assert _send(client, token, 0) == 202
        wire.pause()
        waiting = senders.submit(_send, client, token, 1)
        speaking = senders.submit(line.send, hospital_message(2))
        eventually(lambda: wire.held > 0)
        time.sleep(0.5)
        closed = senders.submit(inside.close)
        if comes_back:
            eventually(lambda: not _lets_anybody_in(address))
            wire.go_on()
        assert waiting.result(60) == by_http
        assert by_mllp in speaking.result(60)
        wire.go_on()
        closed.result(60)
    # who is told to come again may have been taken all the same: it is the broker's confirm that didn't come
    assert not comes_back or _report(1) in {body for _, body in taken(amqp_url, "intake.police")}
