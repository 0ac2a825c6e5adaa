"""Messages come in batches, are acknowledged once their work is done, and survive whoever dies with them."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

import pika
import pytest

from integration_engine.broker.consumer import Consumer, NotNow, Pace
from integration_engine.broker.declare import apply_topology
from integration_engine.broker.message import Delivered, Message
from integration_engine.broker.publisher import Publisher
from integration_engine.broker.topology import load_topology


@pytest.fixture
def url(amqp_url: str) -> str:
    apply_topology(load_topology().only("intake.", "dead."), amqp_url)
    return amqp_url


def _send(url: str, *bodies: bytes) -> None:
    with Publisher(url, "t") as publisher:
        assert publisher.wait_ready(10)
        assert not any(publisher.publish_all([Message("cdr.intake", "police.X", body) for body in bodies]))


def _left(url: str, queue: str = "intake.police") -> int:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    count = connection.channel().queue_declare(queue, passive=True).method.message_count
    connection.close()
    return int(count)


def _eventually(true: Callable[[], bool], seconds: float = 15) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it never came about"
        time.sleep(0.02)


class _Worker:
    """Runs a consumer in a thread until it has seen what it waits for."""

    def __init__(self, url: str, work: Callable[[Sequence[Delivered]], None], **more: object) -> None:
        self.bodies: list[bytes] = []
        self.batches: list[list[bytes]] = []
        self._work = work
        self.consumer = Consumer(url, "t", ["intake.police"], self._take, **more)  # type: ignore[arg-type]  # passed on
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.consumer.run()
        except BaseException as error:  # the test looks at it
            self.error = error

    def _take(self, batch: Sequence[Delivered]) -> None:
        self._work(batch)
        self.batches.append([message.body for message in batch])
        self.bodies += self.batches[-1]

    def stop(self) -> None:
        self.consumer.stop()
        self.thread.join(15)
        assert not self.thread.is_alive()


def _nothing(_batch: Sequence[Delivered]) -> None:
    return None


def test_messages_come_in_order_in_batches_and_are_gone_afterwards(url: str) -> None:
    bodies = [b"%d" % n for n in range(333)]
    _send(url, *bodies)
    worker = _Worker(url, _nothing, pace=Pace(batch=50, prefetch=100))
    _eventually(lambda: len(worker.bodies) == 333)
    worker.stop()
    assert worker.bodies == bodies
    assert max(map(len, worker.batches)) == 50
    assert _left(url) == 0


def test_large_messages_come_in_smaller_batches(url: str) -> None:
    bodies = [bytes([n]) * 100_000 for n in range(20)]
    _send(url, *bodies, b"x" * 500_000)
    worker = _Worker(url, _nothing, pace=Pace(batch=50, prefetch=100, batch_bytes=300_000))
    _eventually(lambda: len(worker.bodies) == 21)
    worker.stop()
    assert worker.bodies == [*bodies, b"x" * 500_000]
    assert max(len(batch) for batch in worker.batches) <= 3
    assert _left(url) == 0


def test_large_messages_that_cannot_be_worked_on_now_go_back_and_come_again(url: str) -> None:
    begun, over = threading.Event(), threading.Event()

    def work(_batch: Sequence[Delivered]) -> None:
        begun.set()
        if not over.is_set():
            raise NotNow

    bodies = [bytes([n]) * 100_000 for n in range(20)]
    _send(url, *bodies)
    pace = Pace(batch=5, prefetch=100, held_bytes=1_000_000)
    worker = _Worker(url, work, pace=pace, ready=lambda: over.is_set() or not begun.is_set())
    _eventually(lambda: begun.is_set() and _left(url) == 20)
    over.set()
    _eventually(lambda: len(worker.bodies) == 20)
    worker.stop()
    assert worker.bodies == bodies
    assert _left(url) == 0


def test_one_message_alone_is_not_kept_waiting_for_others(url: str) -> None:
    now = 0.0
    worker = _Worker(url, _nothing, pace=Pace(batch=2, wait_s=3600), clock=lambda: now)
    _eventually(lambda: worker.consumer.consuming)
    now += 3600
    _send(url, b"alone")
    _eventually(lambda: worker.batches == [[b"alone"]])
    for body in (b"the next", b"its company"):
        _send(url, body)
    _eventually(lambda: worker.batches[1:] == [[b"the next", b"its company"]])
    worker.stop()


def test_messages_wait_for_others_no_longer_than_they_may(url: str) -> None:
    worker = _Worker(url, _nothing, pace=Pace(batch=50, wait_s=0.02))
    for body in (b"alone", b"after it"):
        _send(url, body)
        _eventually(lambda body=body: worker.bodies[-1:] == [body])
    worker.stop()


def test_what_is_not_kept_is_never_handed_over_and_done_with(url: str) -> None:
    _send(url, *[b"noise" if n % 10 else b"%d" % n for n in range(500)])
    worker = _Worker(url, _nothing, keep=lambda message: message.body != b"noise")
    _eventually(lambda: len(worker.bodies) == 50)
    worker.stop()
    assert b"noise" not in worker.bodies
    assert _left(url) == 0


def test_what_came_before_the_first_that_is_kept_does_not_wait_for_its_work(url: str) -> None:
    def not_now(_batch: Sequence[Delivered]) -> None:
        raise NotNow

    told = threading.Event()
    _send(url, *[b"noise"] * 30, b"kept", *[b"noise"] * 5)
    worker = _Worker(url, not_now, keep=lambda message: message.body != b"noise", acknowledged=told.set)
    assert told.wait(15)
    worker.stop()
    assert _left(url) == 6
    worker = _Worker(url, _nothing, keep=lambda message: message.body != b"noise")
    _eventually(lambda: worker.bodies == [b"kept"])
    worker.stop()
    assert _left(url) == 0


def test_a_batch_that_cannot_be_worked_on_now_comes_again_as_it_was(url: str) -> None:
    outage = iter([True, True, True])

    def work(batch: Sequence[Delivered]) -> None:
        if next(outage, False):
            raise NotNow

    bodies = [b"%d" % n for n in range(20)]
    _send(url, *bodies)
    worker = _Worker(url, work)
    _eventually(lambda: len(worker.bodies) == 20)
    worker.stop()
    assert worker.bodies == bodies
    assert worker.batches[0][0] == b"0"
    assert _left(url) == 0


def test_a_channel_that_ends_while_a_batch_waits_costs_the_worker_nothing(url: str) -> None:
    ended = threading.Event()

    def end_it_once(_message: Delivered) -> bool:
        if not ended.is_set():
            ended.set()
            channel = worker.consumer._channel  # only from this thread, and only it can end the channel at this moment
            channel.connection.ioloop.add_callback_threadsafe(lambda: channel.close(406, "as a broker would"))
        return True

    worker = _Worker(url, _nothing, keep=end_it_once, pace=Pace(wait_s=0))
    _eventually(lambda: worker.consumer.consuming)
    _send(url, b"the message")
    _eventually(lambda: not worker.thread.is_alive() or (worker.bodies == [b"the message"] and not _left(url)))
    assert worker.error is None
    worker.stop()


def test_nothing_is_taken_while_what_it_needs_is_away(url: str) -> None:
    _send(url, b"waits")
    away = [True]
    worker = _Worker(url, _nothing, ready=lambda: not away[0])
    time.sleep(0.3)
    assert _left(url) == 1
    away.clear()
    away.append(False)
    _eventually(lambda: worker.bodies == [b"waits"])
    worker.stop()


def test_a_consumer_that_dies_with_a_batch_leaves_it_to_the_next(url: str) -> None:
    def die(_batch: Sequence[Delivered]) -> None:
        raise RuntimeError

    bodies = [b"%d" % n for n in range(30)]
    _send(url, *bodies)
    dead = _Worker(url, die)
    dead.thread.join(15)
    assert isinstance(dead.error, RuntimeError)
    seen: list[Delivered] = []
    worker = _Worker(url, seen.extend)
    _eventually(lambda: len(worker.bodies) == 30)
    worker.stop()
    assert worker.bodies == bodies, "a requeued message returns to its place"
    assert {message.deaths for message in seen} == {1}


def test_a_message_that_kills_every_worker_takes_no_neighbour_with_it(url: str) -> None:
    """It ends in the dead queue by the broker's own limit; everything around it gets through."""

    def work(batch: Sequence[Delivered]) -> None:
        if any(message.body == b"killer" for message in batch):
            raise MemoryError
        done.update(message.body for message in batch)

    done: set[bytes] = set()
    neighbours = [b"%d" % n for n in range(12)]
    _send(url, *neighbours[:6], b"killer", *neighbours[6:])
    for _ in range(30):
        worker = _Worker(url, work)
        _eventually(lambda w=worker: not w.thread.is_alive() or _left(url, "dead.police") == 1)  # type: ignore[misc]
        if worker.thread.is_alive():
            worker.stop()
            break
    assert done == set(neighbours)
    assert _left(url, "dead.police") == 1
    assert _left(url) == 0


def test_suspects_that_turn_out_well_cost_no_channel(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Each is acknowledged by itself; what is acknowledged together afterwards must not name one of them again."""

    def die(_batch: Sequence[Delivered]) -> None:
        raise MemoryError

    _send(url, *[b"%d" % n for n in range(6)])
    for _ in range(2):
        dead = _Worker(url, die)
        dead.thread.join(15)
    caplog.set_level(logging.INFO)
    caplog.clear()
    worker = _Worker(url, _nothing, pace=Pace(prefetch=4))
    _eventually(lambda: len(worker.bodies) == 6)
    _send(url, *[b"%d" % n for n in range(6, 20)])
    _eventually(lambda: len(worker.bodies) == 20 and _left(url) == 0)
    closed = [record for record in caplog.records if record.getMessage() == "channel closed"]
    worker.stop()
    assert closed == []
    assert sorted(map(int, worker.bodies)) == list(range(20)), "nothing was handed over twice"


def test_stopping_finishes_what_is_in_hand_and_leaves_the_rest(url: str) -> None:
    started = threading.Event()

    def slow(_batch: Sequence[Delivered]) -> None:
        started.set()
        time.sleep(0.02)

    _send(url, *[b"%d" % n for n in range(300)])
    worker = _Worker(url, slow, pace=Pace(batch=10, prefetch=40))
    assert started.wait(10)
    worker.stop()
    rest = _Worker(url, _nothing)
    _eventually(lambda: len(worker.bodies) + len(rest.bodies) == 300)
    rest.stop()
    assert set(worker.bodies).isdisjoint(rest.bodies)
    assert len(worker.bodies) % 10 == 0, "the batch in hand was finished"


def test_two_consumers_share_the_work(url: str) -> None:
    first, second = _Worker(url, _nothing), _Worker(url, _nothing)
    _eventually(lambda: first.consumer.consuming and second.consumer.consuming)
    _send(url, *[b"%d" % n for n in range(1000)])
    _eventually(lambda: len(first.bodies) + len(second.bodies) == 1000)
    first.stop()
    second.stop()
    assert set(first.bodies).isdisjoint(second.bodies)
    assert first.bodies
    assert second.bodies
