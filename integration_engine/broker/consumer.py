"""Taking messages in micro-batches: collected, handed over together, acknowledged together once that returned.

One connection, in the thread that calls :meth:`Consumer.run`; a batch is worked on in that same thread, while the broker
goes on sending up to ``prefetch`` messages ahead.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pika
from pika.exceptions import AMQPError

from integration_engine.broker.connection import Nodes, keep_connected, kind_of_failure
from integration_engine.broker.message import Delivered
from integration_engine.stages import reached

_log = logging.getLogger(__name__)
_LOOK_S = 0.2
_NOT_FOUND = 404
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0
# A batch that can't be worked on is held this long; then it goes back to the broker until the way is clear again.
_HOLD_S = 300.0
_BREATH_S = 0.002
_MEBIBYTE = 1024 * 1024
# After two consumers died with a message in hand, chance is a poor excuse: such messages are worked on one by one.
_SUSPICIOUS_DEATHS = 2


class NotNow(Exception):
    """Something needed is away (the database, the broker we publish to). Nothing was done; the same batch comes again."""


@dataclass(frozen=True, slots=True)
class Pace:
    """``batch``: at most so many kept messages together; ``wait_s``: how soon after a batch the next one is begun that isn't
    full, so that no message waits longer for company, and one that comes alone waits for none; ``prefetch``: how far ahead
    the broker sends. It counts messages only, of which any may be large: ``batch_bytes`` is the most that the bodies of a
    batch have together (unless one alone has more), ``held_bytes`` the most that is held while it can't be worked on."""

    batch: int = 200
    wait_s: float = 0.02
    prefetch: int = 400
    batch_bytes: int = 16 * _MEBIBYTE
    held_bytes: int = 128 * _MEBIBYTE


class Consumer:
    """Consumes ``queues``.

    ``work(batch)`` has made the messages' effect durable when it returns; it raises NotNow to be called again with the
    same batch later. Any other exception ends :meth:`run`, the batch unacknowledged. ``keep(message)``, if given, is asked
    as each message arrives; one it says no to is done with: acknowledged, never handed over. ``acknowledged()``, if
    given, is told whenever some were. ``ready()``, if given, is asked before connecting, so that an outage elsewhere doesn't
    count against messages. ``clock`` tells seconds.
    """

    def __init__(  # noqa: PLR0913 - one keyword for each of those it calls
        self,
        url: str,
        name: str,
        queues: Sequence[str],
        work: Callable[[Sequence[Delivered]], None],
        *,
        keep: Callable[[Delivered], bool] | None = None,
        acknowledged: Callable[[], None] | None = None,
        ready: Callable[[], bool] | None = None,
        pace: Pace = Pace(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._nodes = Nodes(url, name)
        self._name = name
        self._queues = tuple(queues)
        self._work = work
        self._keep = keep
        self._acknowledged = acknowledged
        self._ready = ready
        self._pace = pace
        self._clock = clock
        self._stopped = threading.Event()
        self._failure: BaseException | None = None
        self._connection: Any = None
        self._channel: Any = None
        self._consumed = False
        self.queue_missing = False
        """Whether a queue that this is to consume isn't there: an operator has to declare it."""
        self.moved_at = time.monotonic()
        """When the thread that consumes was last seen to move (``time.monotonic``): it does so while it waits, too."""
        self._reset()

    @property
    def consuming(self) -> bool:
        """Whether messages can come in just now."""
        return self._channel is not None and not self._held_since and not self._not_agreed

    @property
    def holding(self) -> bool:
        """Whether a batch is in hand that can't be worked on now."""
        return bool(self._held_since)

    @property
    def _open(self) -> bool:
        """Whether what is in hand is still ours to acknowledge."""
        return self._channel is not None and self._channel.is_open

    def run(self) -> None:
        """Consume until :meth:`stop`; reconnects by itself. Raises what ``work`` raised."""
        keep_connected(self._live, self._stopped, self._name)
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """From any thread: finish what is in hand, acknowledge it, and let :meth:`run` return. The rest goes back."""
        self._stopped.set()

    def _reset(self) -> None:
        self._not_agreed = len(self._queues)
        self._kept: list[Delivered] = []
        self._kept_bytes = 0
        self._apart: list[list[Delivered]] = []
        self._last_tag = 0
        self._settled_tag = 0
        self._settled_apart: set[int] = set()
        self._timer: Any = None
        self._held_since = 0.0
        self._pause_s = _FIRST_PAUSE_S
        self._done_at = self._clock()
        self._finishing = False
        self._tags_of_consumers: list[str] = []

    def _live(self) -> bool:
        """One connection to whichever node has one for us, from opening to its end. True if it was consuming."""
        self.moved_at = time.monotonic()
        if self._ready is not None and not self._ready():
            return False
        return any(not self._stopped.is_set() and self._consumed_at(node) for node in self._nodes)

    def _consumed_at(self, node: pika.URLParameters) -> bool:
        self._reset()
        self._consumed = False
        try:
            self._connection = pika.SelectConnection(
                node,
                on_open_callback=lambda connection: connection.channel(on_open_callback=self._consume),
                on_open_error_callback=self._not_let_in,
                on_close_callback=lambda connection, _: connection.ioloop.stop(),
            )
            self._connection.ioloop.start()
        except (AMQPError, OSError):
            _log.warning("the consumer's connection broke", extra={"check": self._name})
        except Exception:
            # pika's own checks raise what they like where a connection is reset while it opens
            _log.exception("the consumer's connection failed", extra={"check": self._name})
        finally:
            self._channel = None
            if self._connection is not None:
                self._connection.ioloop.close()
                self._connection = None
        return self._consumed

    def _not_let_in(self, connection: Any, error: Any) -> None:
        _log.warning("not let in", extra={"check": self._name, "code": kind_of_failure(error)})
        connection.ioloop.stop()

    def _consume(self, channel: Any) -> None:
        self._channel = channel
        self._not_agreed = len(self._queues)
        channel.add_on_close_callback(self._channel_closed)
        channel.add_on_cancel_callback(lambda _: self._hang_up())  # the queue was deleted or its node lost
        channel.basic_qos(prefetch_count=self._pace.prefetch)
        for queue in self._queues:
            tag = channel.basic_consume(queue, self._taker(queue), callback=self._agreed)
            self._tags_of_consumers.append(tag)
        self._look()

    def _agreed(self, _frame: Any) -> None:
        self._not_agreed -= 1
        if not self._not_agreed:
            self._consumed, self.queue_missing = True, False

    def _taker(self, queue: str) -> Callable[[Any, Any, Any, bytes], None]:
        keep, pace = self._keep, self._pace
        # acknowledging each half of what the broker may send ahead keeps it sending; what is kept waits a little longer for
        # company, because a batch of one costs nearly as much as one of ten
        enough, most = max(1, pace.prefetch // 2), max(1, pace.prefetch * 3 // 4)

        def take(_channel: Any, method: Any, properties: Any, body: bytes) -> None:
            tag = self._last_tag = method.delivery_tag
            message = Delivered(tag, queue, method.routing_key, body, properties, method.redelivered)
            if keep is None or keep(message):
                if not (self._kept or self._apart):
                    self._acknowledge(tag - 1)
                self._kept.append(message)
                self._kept_bytes += len(body)
            if self._held_since and self._kept_bytes > pace.held_bytes:
                self._hang_up()  # what there is no room for the broker keeps better
            if self._held_since or self._apart:
                return
            full = len(self._kept) >= pace.batch or self._kept_bytes >= pace.batch_bytes
            if full or tag - self._settled_tag >= (most if self._kept else enough):
                self._flush()
            elif self._timer is None:
                # never before all is taken that came in with it
                since = self._clock() - self._done_at
                self._timer = self._connection.ioloop.call_later(max(0.0, pace.wait_s - since), self._time_is_up)

        return take

    def _time_is_up(self) -> None:
        self._timer = None
        if not self._held_since and not self._apart:
            self._flush()

    def _flush(self) -> None:
        """Work on everything received, then acknowledge it."""
        if self._timer is not None:
            self._connection.ioloop.remove_timeout(self._timer)
            self._timer = None
        if not self._open:
            return  # the broker has taken all of it back already
        try:
            self._settle()
        except NotNow:
            self._hold()
        except BaseException as failure:
            self._failure = failure
            self._stopped.set()
            self._hang_up()
        else:
            self._held_since, self._pause_s = 0.0, _FIRST_PAUSE_S
            self._done_at = self._clock()
            if self._finishing and not self._apart:
                self._hang_up()

    def _settle(self) -> None:
        if self._apart:
            self._work_apart()
            return
        if any(message.deaths >= _SUSPICIOUS_DEATHS for message in self._kept):
            self._set_apart()
            self._work_apart()
            return
        while self._kept:
            batch = self._next_batch()
            self._work(batch)
            del self._kept[: len(batch)]
            self._kept_bytes -= _bytes_of(batch)
        self._acknowledge(self._last_tag)

    def _next_batch(self) -> list[Delivered]:
        batch, room = self._kept[: self._pace.batch], self._pace.batch_bytes
        while len(batch) > 1 and _bytes_of(batch) > room:
            batch = batch[: len(batch) // 2]
        return batch

    def _acknowledge(self, tag: int) -> None:
        """Everything up to there. None of it may be in hand still."""
        last = tag
        while tag in self._settled_apart:
            tag -= 1  # naming a tag that is settled already costs the channel
        if tag > self._settled_tag:
            reached("worker.acknowledging")
            self._channel.basic_ack(tag, multiple=True)
            reached("worker.acknowledged")
            if self._acknowledged is not None:
                self._acknowledged()
        self._settled_tag = last
        self._settled_apart.clear()

    def _set_apart(self) -> None:
        """The others first, together; then the suspects one by one, in an order of chance: whichever of them kills us,
        others of its neighbours get through each time."""
        suspects = [message for message in self._kept if message.deaths >= _SUSPICIOUS_DEATHS]
        others = [message for message in self._kept if message.deaths < _SUSPICIOUS_DEATHS]
        apart = [[message] for message in random.sample(suspects, len(suspects))]
        self._apart = [others, *apart] if others else apart
        self._kept, self._kept_bytes = [], 0

    def _work_apart(self) -> None:
        group = self._apart[0]
        self._work(group)
        reached("worker.acknowledging")
        for message in group:
            self._channel.basic_ack(message.tag)
            self._settled_apart.add(message.tag)
        reached("worker.acknowledged")
        del self._apart[0]
        # in a turn of its own, so that this acknowledgement has left before the next one may kill us
        self._connection.ioloop.call_later(_BREATH_S, self._flush)

    def _hold(self) -> None:
        """Nothing was done: the batch stays ours, and is tried again after a pause that grows."""
        now = time.monotonic()
        self._held_since = self._held_since or now
        if now - self._held_since > _HOLD_S or self._stopped.is_set():
            self._hang_up()
            return
        self._connection.ioloop.call_later(self._pause_s, self._flush)
        self._pause_s = min(_LONGEST_PAUSE_S, self._pause_s * 2)

    def _look(self) -> None:
        """Notice that we are to stop; a flag, because it may be set from a signal's handler."""
        self.moved_at = time.monotonic()
        if self._stopped.is_set() and not self._finishing and self._open:
            self._finish()
            return
        self._connection.ioloop.call_later(_LOOK_S, self._look)

    def _finish(self) -> None:
        """Ask for no more and work on what we have. What was still on its way pika sends back to its place."""
        self._finishing = True
        left = len(self._tags_of_consumers)

        def cancelled(_frame: Any) -> None:
            nonlocal left
            left -= 1
            if not left:
                self._flush()

        for tag in self._tags_of_consumers:
            self._channel.basic_cancel(tag, cancelled)

    def _channel_closed(self, _channel: Any, reason: Any) -> None:
        code = getattr(reason, "reply_code", "")
        if code == _NOT_FOUND:
            self.queue_missing = True
            _log.error("a queue to consume isn't there: cdr broker apply", extra={"check": self._name})
        else:
            _log.info("channel closed", extra={"check": self._name, "code": str(code)})
        self._channel = None
        self._hang_up()

    def _hang_up(self) -> None:
        if self._connection.is_open:
            self._connection.close()


def _bytes_of(batch: Sequence[Delivered]) -> int:
    return sum(len(message.body) for message in batch)
