"""A message is confirmed and there, or its publisher is told why not."""

import asyncio
import socket
import threading
from datetime import UTC, datetime

import pika
import pytest

from integration_engine.broker.declare import apply_topology
from integration_engine.broker.message import Message
from integration_engine.broker.on_its_way import NotConfirmed
from integration_engine.broker.publisher import Publisher
from integration_engine.broker.topology import load_topology


@pytest.fixture
def url(amqp_url: str) -> str:
    apply_topology(load_topology().only("intake.", "dead."), amqp_url)
    return amqp_url


def _all(url: str, queue: str) -> list[tuple[pika.BasicProperties, bytes]]:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    found: list[tuple[pika.BasicProperties, bytes]] = []
    while True:
        method, properties, body = channel.basic_get(queue, auto_ack=True)
        if method is None:
            connection.close()
            return found
        found.append((properties, body))


def test_a_message_travels_untouched_with_its_envelope(url: str) -> None:
    user = pika.URLParameters(url).credentials.username
    body = b"MSH|^~\\&|\xff\x00\r"
    at = datetime(2026, 3, 9, 4, 10, tzinfo=UTC)
    message = Message(
        "cdr.intake", "hospital-hl7.RXX", body, "application/hl7-v2+er7", "M1", user_id=user, at=at,
        headers={"cdr-feed": "pas"},
    )  # fmt: skip
    with Publisher(url, "t") as publisher:
        assert publisher.wait_ready(10)
        publisher.publish(message).result(10)
    [(properties, received)] = _all(url, "intake.hospital-hl7")
    assert received == body
    assert (properties.content_type, properties.message_id, properties.user_id) == (
        "application/hl7-v2+er7", "M1", user,
    )  # fmt: skip
    assert (properties.timestamp, properties.delivery_mode) == (int(at.timestamp()), 2)
    assert properties.headers["cdr-feed"] == "pas"


def test_many_are_confirmed_at_once_and_keep_their_order(url: str) -> None:
    with Publisher(url, "t", window=50) as publisher:
        assert publisher.wait_ready(10)
        messages = [Message("cdr.intake", "police.X", b"%d" % n, message_id=str(n)) for n in range(700)]
        assert publisher.publish_all(messages) == [None] * 700
    assert [body for _, body in _all(url, "intake.police")] == [b"%d" % n for n in range(700)]


def test_large_and_small_ones_published_together_arrive_whole_and_in_their_order(url: str) -> None:
    bodies = [b"%d" % n + b"x" * size for n, size in enumerate((0, 100_000, 1, 300_000, 4_000, 4_000, 200_000, 0))] * 5
    with Publisher(url, "t") as publisher:
        assert publisher.wait_ready(10)
        assert publisher.publish_all([Message("cdr.intake", "police.X", body) for body in bodies]) == [None] * len(
            bodies
        )
    assert [body for _, body in _all(url, "intake.police")] == bodies


def test_what_no_queue_takes_is_told_and_harms_no_neighbour(url: str) -> None:
    keys = ["police.X", "nobody.X", "police.X", "nobody.X", "coroner.X"]
    with Publisher(url, "t") as publisher:
        assert publisher.wait_ready(10)
        answers = publisher.publish_all([Message("cdr.intake", key, b"x") for key in keys])
    assert [answer and answer.code for answer in answers] == [None, "unroutable", None, "unroutable", None]
    assert len(_all(url, "intake.police")) == 2


def test_a_full_queue_refuses_and_is_heard(url: str) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    arguments = {"x-queue-type": "quorum", "x-max-length": 3, "x-overflow": "reject-publish"}
    connection.channel().queue_declare("small", durable=True, arguments=arguments)
    connection.close()
    with Publisher(url, "t") as publisher:
        assert publisher.wait_ready(10)
        codes = [_code(publisher, Message("", "small", b"x")) for _ in range(12)]
    assert codes[0] is None
    assert codes[-1] == "nacked"
    assert len(_all(url, "small")) == codes.count(None)


def test_a_channel_the_broker_closes_is_opened_again(url: str) -> None:
    with Publisher(url, "t") as publisher:
        assert publisher.wait_ready(10)
        assert _code(publisher, Message("no-such-exchange", "k", b"x")) == "broker-refused"
        assert publisher.wait_ready(10)
        assert _code(publisher, Message("cdr.intake", "police.X", b"x")) is None


def test_a_publisher_without_a_broker_says_so_at_once(url: str) -> None:
    with Publisher("amqp://127.0.0.1:1/", "t") as publisher:
        assert not publisher.wait_ready(0.05)
        assert _code(publisher, Message("cdr.intake", "police.X", b"x")) == "broker-away"


def test_an_event_loop_waits_for_its_confirms_without_standing_still(url: str) -> None:
    async def send(publisher: Publisher) -> int:
        message = Message("cdr.intake", "police.X", b"x")
        await asyncio.gather(*(publisher.publish_here(message) for _ in range(200)))
        with pytest.raises(NotConfirmed):
            await publisher.publish_here(Message("cdr.intake", "nobody.X", b"x"))
        return 200

    with Publisher(url, "t", window=20) as publisher:
        assert publisher.wait_ready(10)
        sent = asyncio.run(send(publisher))
    assert len(_all(url, "intake.police")) == sent


def _code(publisher: Publisher, message: Message) -> str | None:
    try:
        publisher.publish(message).result(10)
    except NotConfirmed as problem:
        return problem.code
    return None


class _Line:
    """A line to the broker that can fall silent: what the broker says then gets lost, and nobody is told."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self.silent = threading.Event()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        while True:
            try:
                ours, _ = self._door.accept()
            except OSError:
                return
            theirs = socket.create_connection(self._to)
            threading.Thread(target=self._carry, args=(ours, theirs, threading.Event()), daemon=True).start()
            threading.Thread(target=self._carry, args=(theirs, ours, self.silent), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, silent: threading.Event) -> None:
        try:
            while data := source.recv(65536):
                if not silent.is_set():
                    target.sendall(data)
        except OSError:
            pass
        finally:
            target.close()

    def close(self) -> None:
        self._door.close()


def test_a_broker_that_falls_silent_is_told_and_a_new_connection_made(url: str) -> None:
    parameters = pika.URLParameters(url)
    line = _Line(parameters.host, parameters.port)
    through = url.replace(f":{parameters.port}/", f":{line.port}/")
    message = Message("cdr.intake", "police.X", b"x")
    with Publisher(through, "t", patience_s=1.0) as publisher:
        assert publisher.wait_ready(10)
        assert _code(publisher, message) is None
        line.silent.set()
        assert _code(publisher, message) == "no-confirm"
        line.silent.clear()
        assert publisher.wait_ready(10)
        assert _code(publisher, message) is None
    line.close()
    assert len(_all(url, "intake.police")) == 3, "the one without a confirm had arrived all the same"


def test_an_envelope_that_cannot_be_written_fails_alone(url: str) -> None:
    with Publisher(url, "t") as publisher:
        assert publisher.wait_ready(10)
        unwritable = Message("cdr.intake", "police.X", b"2", headers={"x": object()})  # type: ignore[dict-item]  # on purpose
        before, error, after = publisher.publish_all(
            [Message("cdr.intake", "police.X", b"1"), unwritable, Message("cdr.intake", "police.X", b"3")]
        )
        assert (before, after) == (None, None)
        assert error is not None
        assert error.code == "unwritable"
        assert publisher.publish_all([Message("cdr.intake", "police.X", b"4")]) == [None]
