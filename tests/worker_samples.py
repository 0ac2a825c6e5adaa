"""A worker with a broker and a store of its own, and invented reports to give it."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any

import pika
import yaml

from integration_engine.broker.connection import connect, user_of
from integration_engine.broker.consumer import Consumer, Pace
from integration_engine.broker.declare import apply_topology
from integration_engine.broker.message import Message
from integration_engine.broker.publisher import Publisher
from integration_engine.broker.topology import INTAKE, Topology, load_topology, topology_file
from integration_engine.courier import Courier
from integration_engine.lookout import Observed
from integration_engine.monitoring.counters import Counters
from integration_engine.routing.reference import bundled
from integration_engine.store.database import Store
from integration_engine.synthetic.person import Child, invented_nhs_number
from integration_engine.synthetic.police import deceased, report
from integration_engine.worker import Knowledge, Worker

FORCE = "E23000038"
READING = "E06000038"
KEY = f"police.{FORCE}"
_QUEUES = ("intake.", "refused.", "dead.", "delay.", "cdop.BERKS", "jar.JAR-BERKS", "national.ncmd")


def small_topology(folder: Path, delays: tuple[str, ...] = ("100ms", "200ms")) -> Topology:
    """The shipped topology with short delays, and of the recipients only those that the samples reach."""
    place = folder / "topology.yaml"
    place.write_text(_with_delays(delays))
    return load_topology(place).only(*_QUEUES)


@cache
def _with_delays(delays: tuple[str, ...]) -> str:
    content = yaml.safe_load(topology_file().read_text())
    content["lists"]["delay"] = list(delays)
    return str(yaml.safe_dump(content))


def death(serial: int, **also: Any) -> bytes:
    """A police report of the ``serial``-th invented child, who lived and died in Reading: lead BERKS, with a JAR."""
    letters = "abcdefghij"
    name = "".join(letters[int(digit)] for digit in f"{serial:04}")
    child = Child(
        f"Quill{name}", f"Wren{name[::-1]}", f"20{10 + serial % 7}-{1 + serial % 12:02}-{1 + serial % 28:02}", "female",
        invented_nhs_number(serial + 1),
    )  # fmt: skip
    place = {"lad_code": READING, "country": "GBR", "type": "hospital"}
    home = {"lad_code": READING, "use": "home"}
    person = deceased(
        child, "P1", life_extinct_at="2026-03-09T04:10:00Z", place_of_death=place, address=home, **also
    )  # fmt: skip
    event = {"event_id": f"E{serial}", "type": "sudden-death", "at": "2026-03-09T03:00:00Z", "place": place}
    return report(FORCE, f"54-2026-{serial:06}", "2026-03-09T06:00:00Z", [person], event=event)


@contextmanager
def working(url: str, store: Store, topology: Topology, *, pace: Pace = Pace(), **knowledge: Any) -> Iterator[Worker]:
    """A worker at work in a thread of this process; stopped at the end, what it raised is raised. ``read`` replaces the
    adapters' reader."""
    read = {"read": knowledge.pop("read")} if "read" in knowledge else {}
    counters = Counters()
    with ExitStack() as stack:
        publisher = stack.enter_context(Publisher(url, "worker"))
        courier = stack.enter_context(Courier(store, publisher, counters=counters))
        knows = replace(Knowledge(bundled(), user_of(url), delays=topology.delays), **knowledge)
        worker = Worker(store, publisher, courier, knows, counters=counters, **read)
        observed = Observed(worker.work, knows.trusts(), counters)
        intake = [queue.name for queue in topology.queues if queue.name.startswith("intake.")]
        consumer = Consumer(
            url, "worker", intake, observed.work,
            keep=worker.keep, acknowledged=worker.count, ready=worker.ready, pace=pace,
        )  # fmt: skip
        failures: list[BaseException] = []
        thread = Thread(target=lambda: _run(consumer, failures))
        thread.start()
        try:
            yield worker
        finally:
            consumer.stop()
            thread.join(30)
        assert not thread.is_alive()
        if failures:
            raise failures[0]


def _run(consumer: Consumer, failures: list[BaseException]) -> None:
    try:
        consumer.run()
    except BaseException as failure:
        failures.append(failure)


def prepared(url: str, folder: Path) -> Topology:
    """The small topology, declared."""
    topology = small_topology(folder)
    apply_topology(topology, url)
    return topology


def send(
    url: str, *bodies: bytes, key: str = KEY, user: str | None = "own", headers: dict[str, str] | None = None
) -> None:
    """Publish as the gateway does; ``user`` None leaves out who published."""
    name = user_of(url) if user == "own" else user
    with Publisher(url, "gateway") as publisher:
        assert publisher.wait_ready(10)
        messages = [
            Message(INTAKE, key, body, "application/json", user_id=name, headers=headers or {}) for body in bodies
        ]
        assert not any(publisher.publish_all(messages))


def ready(url: str, queue: str) -> int:
    """Messages that wait in a queue."""
    return int(_declared(url, queue).message_count)


def consumers(url: str, queue: str) -> int:
    """Who reads a queue, by the broker's knowledge."""
    return int(_declared(url, queue).consumer_count)


def _declared(url: str, queue: str) -> Any:
    connection = connect(url)
    found = connection.channel().queue_declare(queue, passive=True).method
    connection.close()
    return found


def taken(url: str, queue: str) -> list[tuple[pika.BasicProperties, bytes]]:
    """Everything in a queue, taken out of it."""
    connection = connect(url)
    channel = connection.channel()
    found: list[tuple[pika.BasicProperties, bytes]] = []
    while (got := channel.basic_get(queue, auto_ack=True))[0] is not None:
        found.append((got[1], got[2]))
    connection.close()
    return found


def eventually(true: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until it is true; fail where it never becomes so."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it never came about"
        time.sleep(0.05)
