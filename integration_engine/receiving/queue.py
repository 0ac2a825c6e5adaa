"""The queue of one recipient over AMQP: what is on the disk is acknowledged to the broker, and nothing else."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pika
from pika.exceptions import AMQPError

from integration_engine.receiving.kept import Kept, NotADelivery

_AHEAD = 50
_LOOK_S = 1.0


class QueueAway(Exception):
    """The broker can't be had just now; come again later."""


def read(
    address: str,
    recipient: str,
    kept: Kept,
    *,
    taken: Callable[[], None] = lambda: None,
    go_on: Callable[[], bool] = lambda: False,
) -> Counter[str]:
    """Take what lies in the queue, and go on waiting for more as long as ``go_on`` says so. How many were ``new``, ``older``,
    ``again``, or ``strange``: those are no deliveries and are given back, never dropped.

    ``address``: an AMQP URL, of a cluster several with commas between; ``taken`` is called when all that lay there is taken
    and every ``_LOOK_S`` after, to acknowledge it at the inbox. Raises QueueAway; what was taken until then stays taken.
    """
    took: Counter[str] = Counter()
    nodes = [pika.URLParameters(each) for each in re.split(r"\s*,\s*(?=amqps?://)", address)]
    try:
        connection = pika.BlockingConnection(nodes)
        try:
            channel = connection.channel()
            channel.basic_qos(prefetch_count=_AHEAD)
            for method, _, body in channel.consume(recipient, inactivity_timeout=_LOOK_S):
                if method is None:
                    taken()
                    if not go_on():
                        channel.cancel()
                        return took
                    continue
                took[_take(channel, method.delivery_tag, body, kept)] += 1
        finally:
            if connection.is_open:
                connection.close()
    except (AMQPError, OSError) as problem:
        raise QueueAway("the broker can't be had") from problem
    raise QueueAway("the queue was taken away")


def _take(channel: Any, tag: int, body: bytes, kept: Kept) -> str:
    try:
        took = kept.take(body)
    except NotADelivery:
        # nobody but the engine may write here: it is for an operator to look at, after the redelivery limit as a dead one
        channel.basic_reject(tag, requeue=True)
        return "strange"
    channel.basic_ack(tag)
    return took
