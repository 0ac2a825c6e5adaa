"""Publishing so that nothing is lost on the way: mandatory, persistent, confirmed, many on their way at once.

One connection in a thread of its own; any thread or event loop may publish through it. What isn't confirmed is an error,
not a wait: a lost connection fails everything that was on its way, and who published decides whether to send it again.
"""

import asyncio
import logging
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

import pika
from pika.exceptions import AMQPError, StreamLostError, UnsupportedAMQPFieldException

from integration_engine.broker.connection import Nodes, Wire, keep_connected, kind_of_failure
from integration_engine.broker.message import Message
from integration_engine.broker.on_its_way import Done, NotConfirmed, OnItsWay, Sending
from integration_engine.stages import reached

_log = logging.getLogger(__name__)
_LOOK_S = 0.5

Heard = Callable[[float], None]
"""Told how many seconds the broker took to confirm, by the oldest message of each of its answers."""


class Publisher:
    """A confirmed publisher.

    Parameters: ``url``; ``name`` of the connection; ``window``, how many may be unconfirmed at once; ``patience_s``, how
    long a confirm may take; ``heard`` is told how long each took. Use as a context manager, or ``start`` and ``close``.
    """

    def __init__(
        self, url: str, name: str, *, window: int = 500, patience_s: float = 10.0, heard: Heard = lambda _: None
    ) -> None:
        self._nodes = Nodes(url, name)
        self._window = window
        self._patience_s = patience_s
        self._heard = heard
        self._lock = threading.Lock()
        self._waiting: deque[Sending] = deque()
        self._waking = False
        self._state = "broker-away"  # or "" when open, or "broker-blocked"
        self._stopped = threading.Event()
        self._open = threading.Event()
        self._name = name
        # the following are touched by the publisher's own thread only
        self._sent = OnItsWay()
        self._connection: Any = None
        self._channel: Any = None
        self._was_open = False
        self._nacked = False
        self._renewing = False
        self._timer: Any = None
        self._thread = threading.Thread(target=self._run, name=f"publisher {name}", daemon=True)

    def __enter__(self) -> "Publisher":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        self._thread.start()

    def wait_ready(self, seconds: float) -> bool:
        """Whether it is connected by then."""
        return self._open.wait(seconds)

    @property
    def ready(self) -> bool:
        return not self._state

    def publish(self, message: Message) -> "Future[None]":
        """A future that ends when the broker has confirmed the message, with NotConfirmed where it didn't."""
        future: Future[None] = Future()

        def done(error: NotConfirmed | None) -> None:
            if not future.set_running_or_notify_cancel():
                return
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

        self._submit([Sending(message, done, time.monotonic() + self._patience_s)])
        return future

    async def publish_here(self, message: Message) -> None:
        """For an event loop: returns once the broker has confirmed the message. Raises NotConfirmed."""
        await asyncio.shield(asyncio.wrap_future(self.publish(message)))

    def publish_all(self, messages: Sequence[Message]) -> list[NotConfirmed | None]:
        """Publish all and wait for every answer: None for a confirmed one, in order. For a thread that may wait."""
        answers: list[NotConfirmed | None] = [None] * len(messages)
        left, lock, ended = len(messages), threading.Lock(), threading.Event()
        if not messages:
            return answers

        def done_for(place: int) -> Done:
            def done(error: NotConfirmed | None) -> None:
                nonlocal left
                answers[place] = error
                with lock:
                    left -= 1
                    last = not left
                if last:
                    ended.set()

            return done

        until = time.monotonic() + self._patience_s
        self._submit([Sending(message, done_for(place), until) for place, message in enumerate(messages)])
        ended.wait()  # always ends: what isn't answered in time is ended by the publisher's thread
        return answers

    def close(self, patience_s: float = 5.0) -> None:
        """Wait for what is on its way (so long), then disconnect."""
        until = time.monotonic() + patience_s
        while self._thread.is_alive() and self.ready and (self._waiting or self._sent) and time.monotonic() < until:
            time.sleep(0.01)
        self._stopped.set()
        if self._thread.is_alive():
            self._on_loop(self._hang_up)
            self._thread.join(patience_s)
        self._fail_everything("broker-away")

    def _submit(self, sendings: list[Sending]) -> None:
        with self._lock:
            state = self._state
            if not state:
                self._waiting.extend(sendings)
                wake, self._waking = not self._waking, True
        if state:
            for sending in sendings:
                sending.end(NotConfirmed(state))
        elif wake:
            self._on_loop(self._pump)

    def _on_loop(self, call: Callable[[], Any]) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.ioloop.add_callback_threadsafe(call)

    # Everything below runs in the publisher's own thread.

    def _run(self) -> None:
        keep_connected(self._live, self._stopped, self._name)

    def _live(self) -> bool:
        """One connection to whichever node has one for us, from opening to its end. True if it was open."""
        return any(not self._stopped.is_set() and self._open_at(node) for node in self._nodes)

    def _open_at(self, node: pika.URLParameters) -> bool:
        self._was_open, self._timer = False, None
        self._nacked = self._renewing = False
        try:
            connection = Wire(
                node,
                on_open_callback=lambda _: self._open_channel(),
                on_open_error_callback=self._not_let_in,
                on_close_callback=lambda ended, _: ended.ioloop.stop(),
            )
            with self._lock:
                self._connection = connection
            self._connection.add_on_connection_blocked_callback(lambda *_: self._become("broker-blocked"))
            self._connection.add_on_connection_unblocked_callback(lambda *_: self._become(""))
            self._connection.ioloop.start()
        except (AMQPError, OSError):
            _log.warning("the publisher's connection broke", extra={"check": self._name})
        except Exception:
            # pika's own checks raise what they like where a connection is reset while it opens; this thread has to live on,
            # or nothing would be published until the process is started again
            _log.exception("the publisher's connection failed", extra={"check": self._name})
        finally:
            self._fail_everything("broker-away")
            with self._lock:
                ended, self._connection = self._connection, None
            if ended is not None:
                ended.ioloop.close()
        return self._was_open

    def _not_let_in(self, connection: Any, error: Any) -> None:
        _log.warning("not let in", extra={"check": self._name, "code": kind_of_failure(error)})
        connection.ioloop.stop()

    def _open_channel(self) -> None:
        self._connection.channel(on_open_callback=self._channel_open)

    def _channel_open(self, channel: Any) -> None:
        channel.add_on_close_callback(self._channel_closed)
        channel.add_on_return_callback(self._on_return)
        channel.confirm_delivery(self._on_confirm, callback=lambda _: self._ready(channel))

    def _ready(self, channel: Any) -> None:
        self._channel, self._sent = channel, OnItsWay()
        self._was_open = True
        self._nacked = self._renewing = False
        self._become("")
        if self._timer is not None:
            self._connection.ioloop.remove_timeout(self._timer)
        self._look()

    def _become(self, state: str) -> None:
        with self._lock:
            if self._state == "broker-away" and state == "broker-blocked":
                return
            self._state = state
        if state:
            self._open.clear()
        else:
            self._open.set()
            self._pump()

    def _channel_closed(self, channel: Any, reason: Any) -> None:
        if self._channel is not channel and self._channel is not None:
            return
        if self._renewing and self._channel is None and self._connection.is_open and not self._stopped.is_set():
            self._open_channel()
            return
        self._fail_everything("broker-refused" if self._connection.is_open else "broker-away")
        if self._connection.is_open and not self._stopped.is_set():
            _log.error("the broker closed the channel", extra={"check": self._name, "code": _reply_code(reason)})
            self._open_channel()

    def _pump(self) -> None:
        """Send what waits, as far as the window allows."""
        with self._lock:
            self._waking = False
        if self._channel is None:
            return
        with self._connection.together():
            while self._channel is not None and not self._renewing and len(self._sent) < self._window:
                with self._lock:
                    if not self._waiting:
                        return
                    sending = self._waiting.popleft()
                if sending.done is None:
                    continue
                self._send(sending)
                reached("publisher.sent")

    def _send(self, sending: Sending) -> None:
        message = sending.message
        self._sent.add(sending)
        try:
            self._channel.basic_publish(
                message.exchange, message.key, message.body, message.properties(), mandatory=True
            )
        except (ValueError, TypeError, struct.error, UnsupportedAMQPFieldException) as problem:
            # an envelope that can't be written: nothing of it was sent, and its neighbours have no part in it
            self._sent.take_back()
            _log.error("an envelope can't be written", extra={"check": self._name, "code": type(problem).__name__})
            sending.end(NotConfirmed("unwritable"))

    def _on_confirm(self, frame: Any) -> None:
        reached("publisher.confirmed")
        nacked = isinstance(frame.method, pika.spec.Basic.Nack)
        answered = self._sent.answered(frame.method.delivery_tag, frame.method.multiple)
        if answered:
            self._heard(time.monotonic() - answered[0].until + self._patience_s)
        for sending in answered:
            error = "nacked" if nacked else "unroutable" if sending.returned else None
            sending.end(NotConfirmed(error) if error else None)
        self._nacked = self._nacked or nacked
        if self._renewing:
            self._renew()
        if self._waiting:
            self._pump()

    def _on_return(self, _channel: Any, method: Any, properties: Any, _body: bytes) -> None:
        self._sent.returned(method.exchange, method.routing_key, properties.message_id)

    def _hang_up(self) -> None:
        if self._connection.is_open:
            self._connection.close()

    def _renew(self) -> None:
        """Another channel, once this one owes no answer. RabbitMQ 3.10 looks up who leads a queue when a channel first
        publishes there; where that node has just died, the channel is refused whatever it publishes as long as it lives,
        although the queue has had another leader since."""
        self._renewing = True
        if self._channel is not None and not self._sent:
            worn, self._channel = self._channel, None
            worn.close()

    def _look(self) -> None:
        """End what has waited too long. Where the broker owes us a confirm that long, the connection is given up: its side of
        the channel may be waiting for a queue without a leader, would wait for ever, and wouldn't even hear us close it. A
        channel on which something was refused is renewed."""
        if self._channel is None and not self._renewing:
            return
        now = time.monotonic()
        with self._lock:
            late = [sending for sending in self._waiting if sending.until < now]
        for sending in late:
            sending.end(NotConfirmed("no-confirm"))
        owed = any(self._sent.overdue(now)) or (self._renewing and bool(late))
        if self._state != "broker-blocked" and owed:
            _log.warning("confirms are overdue; the connection is replaced", extra={"check": self._name})
            self._fail_everything("no-confirm")
            # pika's own way out of a connection that no longer answers; its close would wait for the channel's
            self._connection._terminate_stream(StreamLostError("confirms overdue"))
            return
        for sending in self._sent.overdue(now):
            sending.end(NotConfirmed("no-confirm"))
        if self._nacked:
            self._renew()
        self._timer = self._connection.ioloop.call_later(_LOOK_S, self._look)

    def _fail_everything(self, code: str) -> None:
        self._channel = None
        self._open.clear()
        with self._lock:
            self._state = "broker-away"
            self._waking = False
            waiting, self._waiting = self._waiting, deque()
            sent, self._sent = self._sent, OnItsWay()
        for sending in (*sent, *waiting):
            sending.end(NotConfirmed(code))


def _reply_code(reason: Any) -> str:
    return str(getattr(reason, "reply_code", type(reason).__name__))
