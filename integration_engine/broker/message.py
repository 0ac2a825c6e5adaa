"""A message as it travels: bytes and an AMQP envelope. Bodies are never looked into here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pika

Header = str | int | bool

FEED = "cdr-feed"
CORRELATION = "cdr-correlation"
PARTNER = "cdr-partner"
ATTEMPT = "cdr-attempt"
DELAYED = "cdr-delay"
DIRECT = "cdr-direct"
"""On a message of ours: a partner published it itself at first, past the gateway."""
SENT_AGAIN = "cdr-sent-again"
"""On a message that an operator sent again after it was laid aside."""
PARTNER_USER = "partner."

# What of a message's headers goes on with it where it is published anew. Not what brokers wrote on earlier hops: RabbitMQ 4
# refuses to count right, and drops as a cycle, what still carries the marks of a dead-lettering. Nor what else a partner
# wrote: it may be of any size and kind, and an envelope that is too large for its one frame costs the connection.
_GOES_ON = (CORRELATION, FEED, PARTNER, DIRECT, SENT_AGAIN)
_LONGEST_VALUE = 255
_MOST_ATTEMPTS = 1_000_000
_PERSISTENT = 2


@dataclass(frozen=True)
class Message:
    """What is published: where to, and the body with its envelope."""

    exchange: str
    key: str
    body: bytes = field(repr=False)
    content_type: str | None = None
    message_id: str | None = None
    type: str | None = None
    user_id: str | None = None
    at: datetime | None = None
    headers: Mapping[str, Header] = field(default_factory=dict)

    def properties(self) -> pika.BasicProperties:
        return pika.BasicProperties(
            content_type=self.content_type,
            message_id=self.message_id,
            type=self.type,
            user_id=self.user_id,
            timestamp=None if self.at is None else int(self.at.timestamp()),
            headers=dict(self.headers) or None,
            delivery_mode=_PERSISTENT,
        )


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a consumer was given. ``tag`` is what it is acknowledged by, ``deaths`` how many consumers died with it.

    ``user`` is who published it, as the broker checked; None where the publisher didn't say.
    """

    tag: int
    queue: str
    key: str
    body: bytes = field(repr=False)
    properties: Any = field(repr=False)
    redelivered: bool = False

    @property
    def headers(self) -> Mapping[str, Any]:
        return self.properties.headers or {}

    @property
    def user(self) -> str | None:
        return self.properties.user_id or None

    @property
    def content_type(self) -> str | None:
        return _short_text(self.properties.content_type)

    @property
    def message_id(self) -> str | None:
        return _short_text(self.properties.message_id)

    @property
    def deaths(self) -> int:
        # a publisher could write such a header too
        return _number(self.headers.get("x-delivery-count")) if self.redelivered else 0

    @property
    def attempt(self) -> int:
        """How often this was tried and put off before; our own count, because brokers' differ. A partner may have made it
        up: one more has to be a number that can be written, too."""
        return min(_MOST_ATTEMPTS, max(0, _number(self.headers.get(ATTEMPT))))

    @property
    def sent_at(self) -> datetime | None:
        """When its publisher says it published it."""
        stamp = self.properties.timestamp
        try:
            return None if stamp is None else datetime.fromtimestamp(stamp, UTC)
        except (OverflowError, OSError, ValueError):
            return None

    def again(self, exchange: str, key: str, user: str | None, headers: Mapping[str, Header]) -> Message:
        """The same message for somewhere else, with these headers added and published by ``user``.

        Nobody may publish in another's name, so who published it first must go on in a header of ours. Of the headers it has
        only those that mean something here go on.
        """
        kept = {name: value for name in _GOES_ON if (value := _short_text(self.headers.get(name)))}
        if (self.user or "").startswith(PARTNER_USER):
            kept[DIRECT] = "yes"
        return Message(
            exchange,
            key,
            self.body,
            content_type=self.content_type,
            message_id=self.message_id,
            type=_short_text(self.properties.type),
            user_id=user,
            at=self.sent_at,
            headers={**kept, **headers},
        )


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _short_text(value: object) -> str | None:
    """A value of an envelope as text; None for one that is no text (pika leaves bytes that aren't UTF-8 as they are)."""
    return value if isinstance(value, str) and len(value) <= _LONGEST_VALUE else None
