"""Who sent a message that came over the broker, and of what kind it is.

The routing key ``<kind>.<partner>`` says it, and the broker has proved it: a partner's own user may write under its own
name only, and ``user_id`` can't be another's. The gateway's user may write under any partner's name, because the gateway
has checked that partner's token.
"""

import re
from dataclasses import dataclass

from integration_engine.broker.message import DIRECT, Delivered

# A partner may have several accounts, numbered from the second on; a code holds no dot.
_ACCOUNT = re.compile(r"partner\.[^.]+(?:\.[2-9])?")


class Unproved(Exception):
    """Nothing proves who sent it. ``code``: ``no-user`` (published without ``user_id``), ``other-user`` (a user that
    isn't this partner's), ``bad-key`` (the key names no partner)."""

    def __init__(self, code: str) -> None:
        super().__init__(f"nothing proves who sent the message ({code})")
        self.code = code


@dataclass(frozen=True, slots=True)
class Origin:
    """``direct``: the partner published it itself, past the gateway, so nobody has yet held what it says about its sender
    against who the partner is. It stays so however often we put it off, or an operator sends it again."""

    kind: str
    partner: str
    direct: bool


def kind_of(message: Delivered) -> str:
    """The kind by the queue it came from; its key may have been lost on the way through a dead-letter queue."""
    return message.queue.partition(".")[2]


def origin_of(message: Delivered, trusted: frozenset[str]) -> Origin:
    """Who sent it. ``trusted`` are our own users. Raises Unproved."""
    kind, _, partner = message.key.partition(".")
    if kind != kind_of(message) or not partner:
        raise Unproved("bad-key")
    if message.user is None:
        raise Unproved("no-user")
    if message.user in trusted:
        return Origin(kind, partner, direct=DIRECT in message.headers)
    if not _ACCOUNT.fullmatch(message.user) or message.user.split(".")[1] != partner:
        raise Unproved("other-user")
    return Origin(kind, partner, direct=True)
