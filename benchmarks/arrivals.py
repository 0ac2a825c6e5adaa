"""When deliveries reach the panels' queues: a consumer that notes the moment of each, in a thread of its own."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pika

from integration_engine.broker.topology import load_topology

_LOOK_S = 0.05
_PANELS = "cdop."


class Arrivals:
    """Moments by the name a delivery is known by: its child's NHS number, and its own id. The first one counts."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    def note(self, message_id: str, body: bytes) -> None:
        now = time.perf_counter()
        self._at.setdefault(message_id, now)
        number = orjson.loads(body).get("record", {}).get("child", {}).get("nhs_number")
        if number is not None:
            self._at.setdefault(number, now)

    def of(self, name: str) -> float | None:
        return self._at.get(name)


@contextmanager
def arrivals(url: str) -> Iterator[Arrivals]:
    """Listen at every panel's queue for the length of the block."""
    found, stop, ready = Arrivals(), threading.Event(), threading.Event()

    def listen() -> None:
        connection = pika.BlockingConnection(pika.URLParameters(url))
        channel = connection.channel()
        for queue in load_topology().queues:
            if queue.name.startswith(_PANELS):
                channel.basic_consume(queue.name, taken, auto_ack=True)
        ready.set()
        while not stop.is_set():
            connection.process_data_events(_LOOK_S)
        connection.close()

    def taken(_channel: Any, _method: Any, properties: Any, body: bytes) -> None:
        found.note(properties.message_id, body)

    thread = threading.Thread(target=listen, name="arrivals", daemon=True)
    thread.start()
    ready.wait()
    try:
        yield found
    finally:
        stop.set()
        thread.join()
