"""How much lies in each queue, and how long its oldest message has lain there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from integration_engine.broker.connection import connect, virtual_host
from integration_engine.broker.management import Management

_NOT_FOUND, _ACCESS_REFUSED = 404, 403


@dataclass(frozen=True, slots=True)
class Depth:
    """``ready`` messages wait, ``taken`` ones are with a consumer and not acknowledged (None: unknown); ``consumers`` take
    them. ``oldest`` is when the one at the head was published, None where the queue is empty, its publisher didn't say,
    nobody looked, or who asks may not read there. ``there`` is False for a queue that doesn't exist."""

    queue: str
    ready: int = 0
    consumers: int = 0
    oldest: datetime | None = None
    there: bool = True
    taken: int | None = None


def depths(url: str, queues: Iterable[str], *, look_at_oldest: bool = False) -> list[Depth]:
    """Ask for each queue. Looking at the oldest message takes it and puts it back, which counts as a redelivery of it:
    only for queues that nobody consumes. Raises pika's AMQPError where the broker is away."""
    connection = connect(url)
    found: list[Depth] = []
    try:
        channel = connection.channel()
        for queue in queues:
            if not channel.is_open:
                channel = connection.channel()
            found.append(_depth(channel, queue, look_at_oldest))
    finally:
        connection.close()
    return found


def managed_depths(management: Management, url: str, queues: Iterable[str]) -> list[Depth]:
    """The same by one question to the management API, which also knows what is taken and not acknowledged. Its figures are
    some seconds old. Raises ManagementError."""
    told = {each["name"]: each for each in management.get("queues", virtual_host(url)) or []}
    return [_managed(queue, told.get(queue)) for queue in queues]


def _managed(queue: str, told: Mapping[str, Any] | None) -> Depth:
    if told is None:
        return Depth(queue, there=False)
    # a queue that is just being declared, or whose node is away, has no figures yet
    number = {name: int(told.get(name) or 0) for name in ("messages_ready", "messages_unacknowledged", "consumers")}
    return Depth(queue, number["messages_ready"], number["consumers"], taken=number["messages_unacknowledged"])


def _depth(channel: BlockingChannel, queue: str, look_at_oldest: bool) -> Depth:
    try:
        method = channel.queue_declare(queue, passive=True).method
    except ChannelClosedByBroker as problem:
        if problem.reply_code != _NOT_FOUND:
            raise
        return Depth(queue, there=False)
    look = look_at_oldest and method.message_count and not method.consumer_count
    return Depth(queue, method.message_count, method.consumer_count, _oldest(channel, queue) if look else None)


def _oldest(channel: BlockingChannel, queue: str) -> datetime | None:
    try:
        got, properties, _ = channel.basic_get(queue)
    except ChannelClosedByBroker as problem:
        if problem.reply_code != _ACCESS_REFUSED:
            raise
        return None  # that much lies there we were told; who may not read it learns no more
    if got is None:
        return None
    channel.basic_reject(got.delivery_tag, requeue=True)
    return None if properties.timestamp is None else datetime.fromtimestamp(properties.timestamp, UTC)
