"""Partners who send at a steady pace, whether or not they are answered in time: some connections that take turns."""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http.client import HTTPConnection

import pika

from integration_engine.broker.message import Message
from integration_engine.synthetic.doors import Mllp

CONNECTIONS = 4
_FHIR_PATH, _FHIR = "/fhir/$process-message", "application/fhir+json"
_WAIT_S = 60.0


class NotAccepted(RuntimeError):
    """A door said something else than that it took the message."""


class MllpPartner(AbstractContextManager["MllpPartner"]):
    """A hospital's MLLP connection."""

    def __init__(self, port: int) -> None:
        self._mllp = Mllp("127.0.0.1", port)

    def __exit__(self, *_: object) -> None:
        self._mllp.__exit__(None, None, None)

    def send(self, body: bytes) -> None:
        if b"MSA|AA|" not in self._mllp.send(body):
            raise NotAccepted("the hospital's message was not taken")


class HttpPartner(AbstractContextManager["HttpPartner"]):
    """A hospital's HTTP connection, kept open."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=_WAIT_S)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": _FHIR}

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def send(self, body: bytes) -> None:
        self._connection.request("POST", _FHIR_PATH, body=body, headers=self._headers)
        response = self._connection.getresponse()
        response.read()
        if response.status != 202:
            raise NotAccepted(f"the bundle was answered {response.status}")


class BrokerPartner(AbstractContextManager["BrokerPartner"]):
    """Nobody between: a message published and confirmed by bare pika. What every acknowledgement waits for at least."""

    def __init__(self, url: str, messages: Sequence[Message]) -> None:
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()
        self._messages = {message.body: message for message in messages}

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def send(self, body: bytes) -> None:
        message = self._messages[body]
        self._channel.basic_publish(message.exchange, message.key, body, message.properties(), mandatory=True)


Partner = MllpPartner | HttpPartner | BrokerPartner


@dataclass(frozen=True)
class Answered:
    """When a message was sent and when its acknowledgement was there, both on one clock."""

    body: bytes
    sent: float
    answered: float

    @property
    def seconds(self) -> float:
        return self.answered - self.sent


def steadily(connect: Callable[[], Partner], bodies: Sequence[bytes], a_second: float) -> list[Answered]:
    """Send so many a second. Raises what a door's refusal raised."""
    waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    answered: list[Answered] = []
    failures: list[BaseException] = []
    connected = threading.Barrier(CONNECTIONS + 1)

    def partner() -> None:
        try:
            with connect() as door:
                connected.wait(_WAIT_S)
                while (body := waiting.get()) is not None:
                    sent = time.perf_counter()
                    door.send(body)
                    answered.append(Answered(body, sent, time.perf_counter()))
        except BaseException as failure:
            failures.append(failure)
            connected.abort()

    threads = [threading.Thread(target=partner, name="partner", daemon=True) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    try:
        connected.wait(_WAIT_S)
        started = time.perf_counter()
        for n, body in enumerate(bodies):
            time.sleep(max(0.0, started + n / a_second - time.perf_counter()))
            waiting.put(body)
    except threading.BrokenBarrierError:
        pass  # what broke it is raised below
    for _ in threads:
        waiting.put(None)
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return answered
