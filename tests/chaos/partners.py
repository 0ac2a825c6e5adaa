"""True partners: each sends what it has to until that is acknowledged, and then forgets it. Whatever happens in between."""

import random
import re
import socket
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

import pika
from pika.exceptions import AMQPError

from integration_engine.broker.message import PARTNER_USER
from integration_engine.broker.topology import INTAKE
from integration_engine.synthetic.doors import Http
from tests.chaos.stream import PARTNERS, Told

_PATIENCE_S = 20.0
_BREATH_S = 0.1
_START, _END = b"\x0b", b"\x1c\r"
_PATHS = {"fhir": "/fhir/$process-message", "police": "/police/reports", "coroner": "/coroner/cases"}
_REFUSED = (400, 422)


class NotAcknowledged(Exception):
    """Nothing says that the message was taken: it is to be sent again."""


@dataclass
class Post:
    """What all partners of a round have to send, and how far they got. ``release`` lets more of it go."""

    messages: Sequence[Told]
    acknowledged: list[Told] = field(default_factory=list)
    refused: list[Told] = field(default_factory=list)
    """What a door sent back: its sender knows, so nobody here has to."""
    wrongly: list[str] = field(default_factory=list)
    """What was answered otherwise than it should have been."""
    sent: int = 0
    attempts: int = 0
    given_up: bool = False
    _released: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def release(self, number: int) -> None:
        with self._changed:
            self._released = min(len(self.messages), self._released + number)
            self._changed.notify_all()

    def give_up(self) -> None:
        with self._changed:
            self.given_up = True
            self._changed.notify_all()

    def await_turn(self, place: int, told: Told) -> bool:
        """Wait until a message may go; False where the round was given up."""
        with self._changed:
            self._changed.wait_for(lambda: (place < self._released and self._may_follow(told)) or self.given_up)
            return not self.given_up

    def _may_follow(self, told: Told) -> bool:
        return told.after is None or any(each.body == told.after for each in self.acknowledged)

    def breathe(self) -> None:
        """A pause before the next attempt."""
        with self._changed:
            self._changed.wait_for(lambda: self.given_up, _BREATH_S)

    def note(self, told: Told, *, taken: bool) -> None:
        with self._changed:
            (self.acknowledged if taken else self.refused).append(told)
            self.sent += 1
            self._changed.notify_all()
            if not taken and told.fate != "refused":
                self.wrongly.append(f"a door refused {told}, which it should take")

    @property
    def done(self) -> bool:
        return self.sent == len(self.messages)


@dataclass(frozen=True)
class Addresses:
    """Where partners find the engine: its doors, and the broker with a password for each partner's own user there."""

    http_port: int
    mllp_port: int
    tokens: Mapping[str, str] = field(repr=False)
    amqp_url: str = field(repr=False)
    passwords: Mapping[str, str] = field(repr=False)


def start(post: Post, addresses: Addresses, seed: str) -> list[threading.Thread]:
    """Every partner's own system begins to send, one thread a way in."""
    senders = (_ByMllp(addresses, seed), _ByHttp(addresses), _ByBroker(addresses))
    found = []
    for sender in senders:
        own = [(place, told) for place, told in enumerate(post.messages) if told.way in sender.ways]
        found.append(threading.Thread(target=_send_all, args=(post, sender, own), daemon=True))
        found[-1].start()
    return found


def _send_all(post: Post, sender: Any, own: Sequence[tuple[int, Told]]) -> None:
    for place, told in own:
        for _ in range(1 + told.again):
            taken = _until_answered(post, sender, place, told)
            if taken is None:
                return
        post.note(told, taken=taken)
    sender.close()


def _until_answered(post: Post, sender: Any, place: int, told: Told) -> bool | None:
    while post.await_turn(place, told):
        post.attempts += 1
        try:
            return bool(sender.send(told))
        except (NotAcknowledged, OSError, HTTPException, AMQPError, AssertionError, ValueError):
            # where a connection breaks in the middle pika finds its own state wrong
            sender.close()
            post.breathe()
    return None


class _ByMllp:
    """Hospitals' interface engines. They write frames in pieces, as networks do, and some lose their line in the middle."""

    ways = ("mllp",)

    def __init__(self, addresses: Addresses, seed: str) -> None:
        self._port = addresses.mllp_port
        self._chance = random.Random(f"{seed}/pieces")
        self._socket: socket.socket | None = None

    def send(self, told: Told) -> bool:
        """Whether it was taken; False where it was sent back for what it says."""
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), _PATIENCE_S)
        frame = _START + told.body + _END
        cuts = sorted(self._chance.sample(range(1, len(frame)), self._chance.choice((0, 0, 1, 3))))
        pieces = [frame[a:b] for a, b in zip([0, *cuts], [*cuts, len(frame)], strict=True)]
        if self._chance.random() < 0.03:
            self._socket.sendall(pieces[0][:-1])
            raise NotAcknowledged
        for piece in pieces:
            self._socket.sendall(piece)
        answer = b""
        while not answer.endswith(_END):
            part = self._socket.recv(65536)
            if not part:
                raise NotAcknowledged
            answer += part
        code = re.search(rb"MSA\|(\w\w)", answer)
        if code and code[1] in (b"AA", b"CA"):
            return True
        if code and code[1] in (b"AR", b"CR"):
            return False
        raise NotAcknowledged  # AE also says that it couldn't be stored now

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None


class _ByHttp:
    """Hospitals, forces and offices that call the HTTP doors."""

    ways = ("fhir", "police", "coroner")

    def __init__(self, addresses: Addresses) -> None:
        self._http = Http("127.0.0.1", addresses.http_port)
        self._tokens = addresses.tokens

    def send(self, told: Told) -> bool:
        status, _ = self._http.call("POST", _PATHS[told.way], self._tokens[told.partner], told.body, told.content_type)
        if status in (200, 202, 207):
            return True
        if status in _REFUSED:
            return False
        raise NotAcknowledged

    def close(self) -> None:
        """Each call has a connection of its own."""


class _ByBroker:
    """Partners that publish to the broker themselves, each as its own user, with confirms."""

    ways = ("amqp",)

    def __init__(self, addresses: Addresses) -> None:
        self._url = addresses.amqp_url
        self._passwords = addresses.passwords
        self._connections: dict[str, pika.BlockingConnection] = {}
        self._channels: dict[str, Any] = {}

    def send(self, told: Told) -> bool:
        channel = self._channels.get(told.partner) or self._connected(told.partner)
        properties = pika.BasicProperties(
            content_type=told.content_type,
            message_id=told.message_id,
            user_id=PARTNER_USER + told.partner,
            timestamp=None if told.sent_at is None else int(told.sent_at.timestamp()),
            delivery_mode=2,
        )
        channel.basic_publish(INTAKE, f"{told.kind}.{told.partner}", told.body, properties, mandatory=True)
        return True

    def close(self) -> None:
        for connection in self._connections.values():
            try:
                connection.close()
            except (AMQPError, OSError, AssertionError, ValueError):
                continue
        self._connections.clear()
        self._channels.clear()

    def _connected(self, partner: str) -> Any:
        parameters = pika.URLParameters(self._url)
        parameters.credentials = pika.PlainCredentials(PARTNER_USER + partner, self._passwords[partner])
        parameters.socket_timeout = parameters.stack_timeout = parameters.blocked_connection_timeout = _PATIENCE_S
        connection = pika.BlockingConnection(parameters)
        self._connections[partner] = connection
        channel = self._channels[partner] = connection.channel()
        channel.confirm_delivery()
        return channel


def kinds_of(partner: str) -> tuple[str, ...]:
    """What a partner may send."""
    return (PARTNERS[partner],)
