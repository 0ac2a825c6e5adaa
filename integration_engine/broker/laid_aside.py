"""What lies in refused and dead queues, which only people look into: look, send it where it came from again, or let it go.

Whoever looks takes a queue's messages and gives them back at the end, to the places they had. Meanwhile another who looks
sees fewer, and what is settled once is gone for both.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker, NackError, UnroutableError

from integration_engine.broker.connection import connect, user_of
from integration_engine.broker.message import ATTEMPT, PARTNER, SENT_AGAIN, Delivered, Header, Message
from integration_engine.broker.topology import INTAKE

DELIVERIES = "dead.deliveries"
_ACCESS_REFUSED = 403
_NAME_LETTERS = 16
# A quorum queue's channel sends so many words on to the queue (32 in RabbitMQ 3.10) before it gathers them, and what it has
# gathered when it ends is forgotten: messages that were let go would be back. A question to the queue has them heard first.
_UNHEARD = 16


class NotYours(Exception):
    """The broker's user may not read or write there."""

    code = "broker-user"

    def __init__(self, user: str, place: str) -> None:
        super().__init__(
            f"The broker's user {user} may not use {place}. Put cdr.operator into CDR_AMQP_URL (cdr broker user operator)."
        )


class NotTaken(Exception):
    """The broker didn't confirm a message: it stays where it lay."""

    code = "not-confirmed"


@dataclass(frozen=True, slots=True)
class LaidAside:
    """One message that lies there. ``name`` is ours, made of what the message is, and the same each time somebody looks;
    ``content`` is the SHA-256 of its body in hex.
    ``partner`` is None where nothing says whose it is; ``why`` is a refused message's first reason or a dead one's exception,
    None where consumers died with it; ``raised`` where that was; ``recipient`` is a delivery's."""

    name: str
    content: str
    queue: str
    partner: str | None
    why: str | None
    raised: str | None
    reasons: str | None
    correlation: str | None
    at: datetime | None
    bytes: int
    content_type: str | None
    message_id: str | None
    recipient: str | None
    tag: int

    @property
    def kind(self) -> str:
        return self.queue.partition(".")[2]


@dataclass(frozen=True, slots=True)
class Aside:
    """Queues that are looked through. What is neither sent again nor let go is given back when the looking ends."""

    user: str
    channel: BlockingChannel
    found: tuple[LaidAside, ...]
    _whole: Mapping[int, Delivered]
    _unheard: Counter[str] = field(default_factory=Counter)

    def body(self, each: LaidAside) -> bytes:
        """What was sent, in clear: it may name a child."""
        return self._whole[each.tag].body

    def send_again(self, each: LaidAside, partner: str) -> None:
        """Publish it to the intake as this partner's, as if it had just come: tried anew from the first attempt, at the time
        it had. Then it lies here no more. Killed between the two it lies here still, and what was taken before changes
        nothing. Raises NotTaken, NotYours."""
        whole = self._whole[each.tag]
        headers: dict[str, Header] = {ATTEMPT: 0, PARTNER: partner, SENT_AGAIN: "yes"}
        self._publish(whole.again(INTAKE, f"{each.kind}.{partner}", self.user, headers))
        self.let_go(each)

    def let_go(self, each: LaidAside) -> None:
        """It is done with, and gone."""
        self.channel.basic_ack(each.tag)
        self._unheard[each.queue] += 1
        if self._unheard[each.queue] >= _UNHEARD:
            self.be_heard()

    def be_heard(self) -> None:
        """Have the queues know what was let go. What has come meanwhile is given back at the end like the rest."""
        for queue in self._unheard:
            self.channel.basic_get(queue)
        self._unheard.clear()

    def _publish(self, message: Message) -> None:
        try:
            self.channel.basic_publish(
                message.exchange, message.key, message.body, message.properties(), mandatory=True
            )
        except (NackError, UnroutableError) as problem:
            raise NotTaken(
                "The broker took no message back to the intake; the others stay where they are."
            ) from problem
        except ChannelClosedByBroker as problem:
            raise _refused(problem, self.user, message.exchange) from problem


@contextmanager
def looked_through(url: str, queues: Iterable[str], *, bodies: frozenset[str] | None = None) -> Iterator[Aside]:
    """What lies in these queues, the oldest of each first. ``bodies``: only of these names are bodies held (None: of all), as
    one may be eight megabytes. Raises NotYours, and pika's AMQPError where the broker is away."""
    connection, user = connect(url), user_of(url)
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        found: list[LaidAside] = []
        whole: dict[int, Delivered] = {}
        for queue in queues:
            for message in _taken(channel, queue, user):
                each = read(message)
                found.append(each)
                if bodies is None or each.name in bodies:
                    whole[each.tag] = message
        aside = Aside(user, channel, tuple(found), whole)
        yield aside
        aside.be_heard()
    finally:
        # ends the connection as well where the broker has ended the channel: what was taken goes back to its place
        if connection.is_open:
            connection.close()


def _taken(channel: BlockingChannel, queue: str, user: str) -> Iterator[Delivered]:
    try:
        while True:
            method, properties, body = channel.basic_get(queue)
            if method is None:
                return
            yield Delivered(method.delivery_tag, queue, method.routing_key, body, properties, method.redelivered)
    except ChannelClosedByBroker as problem:
        raise _refused(problem, user, queue) from problem


def _refused(problem: ChannelClosedByBroker, user: str, place: str) -> Exception:
    return NotYours(user, place) if problem.reply_code == _ACCESS_REFUSED else problem


def read(message: Delivered) -> LaidAside:
    """What is known of a message that lies there."""
    key = _first_key(message.headers)
    # What the broker laid aside by itself carries the headers that its publisher made up; its key the broker has proved.
    partner = key.partition(".")[2] or _text(message.headers.get(PARTNER))
    made_of = f"{message.queue}\0{message.message_id}\0".encode() + message.body
    return LaidAside(
        name=f"m-{hashlib.sha256(made_of).hexdigest()[:_NAME_LETTERS]}",
        content=hashlib.sha256(message.body).hexdigest(),
        queue=message.queue,
        partner=None if message.queue == DELIVERIES else partner or None,
        why=_text(message.headers.get("cdr-reason")) or _text(message.headers.get("cdr-error")),
        raised=_text(message.headers.get("cdr-raised")),
        reasons=_text(message.headers.get("cdr-reasons")),
        correlation=_text(message.headers.get("cdr-correlation")),
        at=message.sent_at,
        bytes=len(message.body),
        content_type=_text(message.content_type),
        message_id=_text(message.message_id),
        recipient=key or None if message.queue == DELIVERIES else None,
        tag=message.tag,
    )


def _first_key(headers: Mapping[str, Any]) -> str:
    """The routing key that it had before the broker laid it aside by itself; a message that we laid aside has none."""
    for death in headers.get("x-death") or ():
        keys = death.get("routing-keys") if isinstance(death, Mapping) else None
        if keys and isinstance(keys[0], str):
            return str(keys[0])
    return ""


def _text(value: object) -> str | None:
    """A word of the envelope as it may be shown: its publisher may have made it up, for a terminal to obey."""
    return value if isinstance(value, str) and value.isprintable() else None
