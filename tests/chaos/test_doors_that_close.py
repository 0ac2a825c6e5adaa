"""A gateway that is asked to stop while partners send: whoever is answered is answered truly, and nobody is left waiting."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from integration_engine.services.private import free_ports
from integration_engine.store.database import Store, upgrade_schema
from integration_engine.store.identities import Identities
from integration_engine.synthetic.doors import Mllp
from tests.chaos.knocking import hospital_message
from tests.chaos.proxy import Proxy
from tests.gateway_house import PARTNERS, declare, keys, keys_in_the_environment, police_report
from tests.worker_samples import eventually, taken

pytestmark = pytest.mark.chaos
_SENDERS = 6
FORCE = "E23000038"


@dataclass
class Gateway:
    """A gateway's process, and the wire between it and the broker."""

    process: "subprocess.Popen[bytes]"
    http: str
    mllp: int
    token: str
    wire: Proxy

    def send(self, client: httpx.Client, number: int) -> int | None:
        """A force's report of this number: the answer's status; None where there was no answer. Raises ConnectError."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        try:
            return client.post("/police/reports", content=_report(number), headers=headers).status_code
        except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
            return None

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)


def _report(number: int) -> bytes:
    return police_report(report_id=f"54-2026-{number:06}")


@contextmanager
def gateway(amqp_url: str, sqlite_url: str, folder: Path, **settings: str) -> Iterator[Gateway]:
    declare(amqp_url)
    upgrade_schema(sqlite_url)
    store = Store(sqlite_url, keys())
    register = Identities(store)
    tokens = {code: register.add(code, "partner", kinds=kinds).text for code, kinds in PARTNERS.items()}
    store.close()
    host, _, port = amqp_url.rpartition("@")[2].partition("/")[0].partition(":")
    http, mllp = free_ports(2)
    with Proxy((host, int(port))) as wire:
        environment: Mapping[str, str] = os.environ | keys_in_the_environment() | settings | {
            "CDR_AMQP_URL": amqp_url.replace(f"{host}:{port}", f"127.0.0.1:{wire.port}"),
            "CDR_DATABASE_URL": sqlite_url, "CDR_HTTP_PORT": str(http), "CDR_COOKIE_SECURE": "false",
            "CDR_MLLP": json.dumps([{"host": "127.0.0.1", "port": mllp}]),
        }  # fmt: skip
        with (folder / "gateway.log").open("ab") as log:
            command = [sys.executable, "-m", "integration_engine.cli", "run", "gateway"]
            process = subprocess.Popen(command, env=environment, cwd=folder, stderr=log)
        try:
            opened = Gateway(process, f"http://127.0.0.1:{http}", mllp, tokens[FORCE], wire)
            with httpx.Client(base_url=opened.http, timeout=30) as client:
                eventually(lambda: _lets_in(client) and opened.send(client, 0) == 202, 60)
            yield opened
        finally:
            process.kill()
            process.wait()


def _lets_in(client: httpx.Client) -> bool:
    try:
        return client.get("/health/ready").status_code == 200
    except httpx.TransportError:
        return False


def test_every_message_that_a_closing_gateway_has_acknowledged_is_in_its_queue(
    amqp_url: str, sqlite_url: str, tmp_path: Path
) -> None:
    with gateway(amqp_url, sqlite_url, tmp_path) as doors, ThreadPoolExecutor(_SENDERS) as senders:
        going = [senders.submit(_send_until_closed, doors, 1000 * place) for place in range(1, _SENDERS + 1)]
        time.sleep(1)
        doors.stop()
        answers = {number: status for each in going for number, status in each.result(60).items()}
        assert doors.process.wait(30) == 0
    assert set(answers.values()) <= {202, 503, None}
    acknowledged = {_report(number) for number, status in answers.items() if status == 202}
    assert acknowledged
    assert acknowledged <= {body for _, body in taken(amqp_url, "intake.police")}


def _send_until_closed(doors: Gateway, first: int) -> dict[int, int | None]:
    answers: dict[int, int | None] = {}
    with httpx.Client(base_url=doors.http, timeout=30) as client:
        for number in range(first, first + 1000):
            try:
                answers[number] = doors.send(client, number)
            except httpx.ConnectError:
                break
    return answers


@pytest.mark.parametrize(("comes_back", "by_http", "by_mllp"), [(True, 202, b"MSA|AA|"), (False, 503, b"MSA|AE|")])
def test_who_is_being_answered_when_a_gateway_closes_gets_an_answer_whether_or_not_the_broker_confirms(
    amqp_url: str, sqlite_url: str, tmp_path: Path, comes_back: bool, by_http: int, by_mllp: bytes
) -> None:
    with gateway(amqp_url, sqlite_url, tmp_path, CDR_CONFIRM_SECONDS="10") as doors, ThreadPoolExecutor(2) as senders:
        with httpx.Client(base_url=doors.http, timeout=60) as client, Mllp("127.0.0.1", doors.mllp) as mllp:
            doors.wire.pause()
            waiting = senders.submit(doors.send, client, 1)
            speaking = senders.submit(mllp.send, hospital_message(2))
            eventually(lambda: doors.wire.held > 0)
            time.sleep(1)
            doors.stop()
            eventually(lambda: _closed(doors))
            if comes_back:
                doors.wire.go_on()
            assert waiting.result(60) == by_http
            assert by_mllp in speaking.result(60)
        doors.wire.go_on()
        assert doors.process.wait(60) == 0
    # who is told to come again may have been taken all the same: the broker's confirm was what didn't come
    assert not comes_back or _report(1) in {body for _, body in taken(amqp_url, "intake.police")}


def _closed(doors: Gateway) -> bool:
    try:
        httpx.get(f"{doors.http}/health/live", timeout=5)
    except httpx.ConnectError:
        return True
    except httpx.TransportError:
        pass
    return False
