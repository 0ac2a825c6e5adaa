"""How this engine connects: named connections, heartbeats, one node of a cluster after another, and patience that grows when
all of them are away.

An address is an AMQP URL, or several with commas between: the nodes of one cluster, of which any will do.
"""

import logging
import random
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pika
from tenacity import RetryCallState, Retrying, retry_if_result, wait_random_exponential
from tenacity.nap import sleep_using_event

from integration_engine.broker.headers import tolerate

_log = logging.getLogger(__name__)
_HEARTBEAT_S = 30
_SOCKET_S = 10
# A socket takes about so much at once.
_MUCH_BYTES = 64 * 1024
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.1, 10.0
# A comma may stand in a password; before another address it stands between two.
_BETWEEN = re.compile(r"\s*,\s*(?=amqps?://)")


def addresses(url: str) -> tuple[str, ...]:
    """The nodes that an address names, each as an AMQP URL."""
    return tuple(_BETWEEN.split(url.strip()))


tolerate()


def parameters(url: str, name: str) -> pika.URLParameters:
    """Connection parameters of one node's AMQP URL. ``name`` is what the broker's own pages show the connection as."""
    made = pika.URLParameters(url)
    made.client_properties = {"connection_name": name, "product": "cdr"}
    made.heartbeat = _HEARTBEAT_S
    made.socket_timeout = made.stack_timeout = _SOCKET_S
    made.connection_attempts = 1  # we repeat, with our own patience
    return made


class Wire(pika.SelectConnection):  # type: ignore[misc]  # pika is untyped
    """A connection that can send many messages together. pika makes three frames of a message and calls the system for each;
    a broker that gets them one by one has as much more to do."""

    _gathered: bytearray | None = None

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is published in this block leaves at its end, or as soon as there is much of it."""
        self._gathered = bytearray()
        try:
            yield
        finally:
            gathered, self._gathered = self._gathered, None
            if gathered:
                self._adapter_emit_data(bytes(gathered))

    def _adapter_emit_data(self, data: bytes) -> None:
        if self._gathered is not None:
            self._gathered += data
            if len(self._gathered) < _MUCH_BYTES:
                return
            data, self._gathered = bytes(self._gathered), bytearray()
        super()._adapter_emit_data(data)


class Nodes:
    """The nodes of an address, each to be tried in its turn. They begin at one that chance picks, so that processes spread
    over the cluster, and go on after the last one tried: the one that has just failed comes last."""

    def __init__(self, url: str, name: str) -> None:
        self._all = [parameters(address, name) for address in addresses(url)]
        random.shuffle(self._all)

    def __iter__(self) -> Iterator[pika.URLParameters]:
        for _ in range(len(self._all)):
            tried = self._all.pop(0)
            self._all.append(tried)
            yield tried


def connect(url: str, name: str = "cdr command") -> pika.BlockingConnection:
    """A connection for a few questions and answers, to whichever node answers. Raises pika's AMQPError where none does."""
    return pika.BlockingConnection(list(Nodes(url, name)))


def user_of(url: str) -> str:
    """Who an address connects as: what the broker holds a message's ``user_id`` against."""
    return str(pika.URLParameters(addresses(url)[0]).credentials.username)


def virtual_host(url: str) -> str:
    """The virtual host of an address."""
    return str(pika.URLParameters(addresses(url)[0]).virtual_host)


def kind_of_failure(error: BaseException) -> str:
    """What kept a connection from being opened, as the kind of failure: a new broker that doesn't know us, for one, is a
    ``ProbableAuthenticationError``."""
    within = getattr(error, "exceptions", ()) or getattr(error, "args", ())
    inner = within[-1] if within else None
    return kind_of_failure(inner) if isinstance(inner, BaseException) else type(error).__name__


def keep_connected(live: Callable[[], Any], stopped: threading.Event, what: str) -> None:
    """Run ``live`` - one connection's whole life - again and again until ``stopped``, waiting longer after each that
    never came to be. ``live`` returns True if it was connected for a while: then patience starts anew."""
    while not stopped.is_set():
        Retrying(
            retry=retry_if_result(lambda connected: not connected and not stopped.is_set()),
            wait=wait_random_exponential(_FIRST_WAIT_S, max=_LONGEST_WAIT_S, min=_FIRST_WAIT_S),
            sleep=sleep_using_event(stopped),
            before_sleep=lambda state: _tell(what, state),
        )(live)
        stopped.wait(_FIRST_WAIT_S)


def _tell(what: str, state: RetryCallState) -> None:
    _log.warning("not connected yet", extra={"check": what, "attempt": state.attempt_number})
