"""How this engine connects: named connections, heartbeats, and patience that grows when a broker is away."""

import logging
import threading
from collections.abc import Callable
from typing import Any

import pika
from tenacity import RetryCallState, Retrying, retry_if_result, wait_random_exponential
from tenacity.nap import sleep_using_event

_log = logging.getLogger(__name__)
_HEARTBEAT_S = 30
_SOCKET_S = 10
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.1, 10.0


def parameters(url: str, name: str) -> pika.URLParameters:
    """Connection parameters of an AMQP URL. ``name`` is what the broker's own pages show the connection as."""
    made = pika.URLParameters(url)
    made.client_properties = {"connection_name": name, "product": "cdr"}
    made.heartbeat = _HEARTBEAT_S
    made.socket_timeout = made.stack_timeout = _SOCKET_S
    made.connection_attempts = 1  # we repeat, with our own patience
    return made


def user_of(url: str) -> str:
    """Who an AMQP URL connects as: what the broker holds a message's ``user_id`` against."""
    return str(pika.URLParameters(url).credentials.username)


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
