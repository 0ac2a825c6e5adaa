"""Hostile and broken systems at a gateway that serves good ones: each gets the answer it has to, and the good notice nothing.

The gateway is a process of its own, so that its memory can be told, and whether it lives.
"""

import json
import os
import re
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pika
import pytest

from integration_engine.services.private import free_ports
from integration_engine.store.database import Store, upgrade_schema
from integration_engine.store.identities import Identities
from tests.gateway_house import declare, keys, keys_in_the_environment, own_vhost
from tests.hl7_samples import NUMBER, death
from tests.hostile_hl7 import HOSTILE, LIMIT, Hostile
from tests.mllp_client import END, START, MllpClient, framed, msa

QUEUE = "intake.hospital-hl7"
GOOD, BAD = "RXH", "RTH"
_MEBIBYTE = 1024 * 1024


@dataclass
class Gateway:
    """A gateway process at a port of MLLP. ``kept`` are the bodies taken out of its queue so far, by sender and in order."""

    process: "subprocess.Popen[bytes]"
    port: int
    amqp_url: str
    log: Path
    kept: dict[str, list[bytes]] = field(default_factory=lambda: {GOOD: [], BAD: []})

    def drain(self) -> None:
        """Take everything out of the queue."""
        connection = pika.BlockingConnection(pika.URLParameters(self.amqp_url))
        channel = connection.channel()
        while True:
            method, _, body = channel.basic_get(QUEUE, auto_ack=True)
            if method is None:
                connection.close()
                return
            self.kept[method.routing_key.partition(".")[2]].append(body)

    def resident(self) -> int:
        """Bytes of memory that are its own now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found, "the gateway is gone"
        return int(found[1]) * 1024


@contextmanager
def gateway(amqp_url: str, folder: Path, **settings: Any) -> Iterator[Gateway]:
    """A gateway process for the length of the block, with two hospitals registered; it has to be alive at the end."""
    database_url = f"sqlite:///{folder / 'e.db'}"
    upgrade_schema(database_url)
    store = Store(database_url, keys())
    for code in (GOOD, BAD):
        Identities(store).add(code, "partner", kinds=("hospital-hl7",))
    store.close()
    http_port, port = free_ports(2)
    environment = os.environ | keys_in_the_environment() | {
        "CDR_AMQP_URL": amqp_url, "CDR_DATABASE_URL": database_url, "CDR_HTTP_PORT": str(http_port),
        "CDR_MLLP": json.dumps([{"port": port}]), "CDR_CONFIRM_SECONDS": "30",
        "CDR_FEEDS": json.dumps([{"name": "adt", "partner": BAD, "kind": "hospital-hl7", "profile": "nhs-adt"}]),
    } | {f"CDR_{name.upper()}": str(value) for name, value in settings.items()}  # fmt: skip
    log = folder / "gateway.log"
    with log.open("ab") as written:
        command = [sys.executable, "-m", "integration_engine.cli", "run", "gateway"]
        process = subprocess.Popen(command, env=environment, cwd=folder, stderr=written)
    try:
        _await(port, process)
        yield Gateway(process, port, amqp_url, log)
        assert process.poll() is None, "the gateway died"
        process.terminate()
        assert process.wait(60) == 0
        # Of queues that aren't there, because nobody here delivers, others complain.
        said = [line for line in map(json.loads, log.read_text().splitlines()) if ".gateway." in line["logger"]]
        assert [line for line in said if line["level"] in ("ERROR", "CRITICAL")] == []
        assert not re.search(rf"HARROW|Ava|{NUMBER}", log.read_text())
    finally:
        process.kill()
        process.wait()


def _await(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            with MllpClient(port):
                return
        except ConnectionError:
            time.sleep(0.1)
    pytest.fail("the gateway did not open its port")


class GoodTraffic:
    """A hospital that sends deaths all the while, one after another on one connection, and hears AA for each."""

    def __init__(self, port: int) -> None:
        self.sent: list[bytes] = []
        self._port = port
        self._stop = threading.Event()
        self._failures: list[BaseException] = []
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "GoodTraffic":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive(), "good traffic hangs"

    def is_unharmed(self) -> bool:
        return not self._failures

    def _run(self) -> None:
        try:
            with MllpClient(self._port) as client:
                while not self._stop.is_set():
                    name = f"GOOD{len(self.sent)}"
                    body = death().replace(b"|RTH|", b"|RXH|").replace(b"|M1|", f"|{name}|".encode())
                    assert client.send(body) == ["MSA", "AA", name]
                    self.sent.append(body)
                    self._stop.wait(0.02)
        except BaseException as failure:
            self._failures.append(failure)


@pytest.fixture(scope="module")
def attacked(
    broker: Any, management: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Gateway, GoodTraffic]]:
    """A gateway with good traffic. At the end each good message is in the queue once, and none was answered otherwise."""
    folder = tmp_path_factory.mktemp("hostile")
    with own_vhost(broker, management) as url, gateway(url, folder, mllp_max_bytes=LIMIT) as opened:
        with GoodTraffic(opened.port) as good:
            yield opened, good
        assert good.is_unharmed()
        opened.drain()
        assert opened.kept[GOOD] == good.sent
        assert len(good.sent) > 10


def codes(answer: bytes) -> list[str]:
    """MSA-1 of everything in one frame, whatever its delimiters."""
    return re.findall(r"(?:^|\r)MSA.(..)", answer.decode("latin-1"))


def conversation(port: int, one: Hostile) -> list[str]:
    """Send it, and hear what comes: everything before the answer to a good message that follows on the same connection."""
    with MllpClient(port) as client:
        client.write(one.wire)
        if one.closes:
            return codes(client.rest())
        if not one.wire.endswith((END, b"\r")):
            # It ends in a pause, after which its answer is due.
            said = codes(client.frame())
            client.write(framed(_PROBE))
        else:
            said = []
            client.write(framed(_PROBE))
        while True:
            answer = client.frame()
            if b"|PROBE" in answer:
                assert msa(answer)[1] == "AA"
                return said
            said += codes(answer)


_PROBE = death().replace(b"|M1|", b"|PROBE|").replace(b"|20260309063000|", b"|20260309063001|")


@pytest.mark.parametrize("name", HOSTILE)
def test_it_gets_its_answer_and_the_connection_goes_on(attacked: tuple[Gateway, GoodTraffic], name: str) -> None:
    opened, good = attacked
    opened.drain()
    opened.kept[BAD].clear()
    assert tuple(conversation(opened.port, HOSTILE[name])) == HOSTILE[name].codes
    opened.drain()
    kept = [body for body in opened.kept[BAD] if body != _PROBE]
    assert len(kept) == HOSTILE[name].queued
    # Untouched, byte by byte, whatever it is.
    assert all(body in HOSTILE[name].wire for body in kept)
    assert good.is_unharmed()


def test_all_of_it_again_and_again_takes_no_more_memory(attacked: tuple[Gateway, GoodTraffic]) -> None:
    opened, good = attacked
    resident = []
    for _ in range(4):
        for one in HOSTILE.values():
            if one.wire.endswith((END, b"\r")):
                conversation(opened.port, one)
        opened.drain()
        resident.append(opened.resident())
    assert resident[-1] - resident[0] < 32 * _MEBIBYTE
    assert good.is_unharmed()


def test_connections_that_hold_large_unfinished_frames_share_what_memory_they_may_have(
    amqp_url: str, tmp_path: Path
) -> None:
    """A hundred of them would take 700 MiB. Small messages pass them by, and each large one is taken when its turn comes."""
    declare(amqp_url)
    large = death() + b"NTE|1||" + b"x" * (7 * _MEBIBYTE) + b"\r"
    with gateway(amqp_url, tmp_path, mllp_memory_bytes=32 * _MEBIBYTE) as opened, GoodTraffic(opened.port) as good:
        before = opened.resident()
        holding = [MllpClient(opened.port) for _ in range(100)]
        unsent = {each.socket: memoryview(START + large[:-10]) for each in holding}
        _push(unsent)
        assert opened.resident() - before < 200 * _MEBIBYTE
        sent = len(good.sent)
        while len(good.sent) < sent + 5:
            assert good.is_unharmed()
            time.sleep(0.05)
        # Those that have sent all but the end. The others still wait for their turn to send.
        finished = [each for each in holding if not unsent[each.socket]]
        assert finished
        for each in finished:
            each.socket.settimeout(60)
            each.write(large[-10:] + END)
        for each in finished:
            assert msa(each.frame())[1] == "AA"
        for each in holding:
            each.socket.close()
        assert good.is_unharmed()


def _push(unsent: dict[socket.socket, memoryview]) -> None:
    """Send as much as the other side will have: until nobody could send anything for a while."""
    for each in unsent:
        each.setblocking(False)
    while True:
        _, ready, _ = select.select([], [one for one, rest in unsent.items() if rest], [], 2.0)
        if not ready:
            return
        for one in ready:
            unsent[one] = unsent[one][one.send(unsent[one][:_MEBIBYTE]) :]
