"""What a partner that publishes itself may write into an envelope: anything. It costs nobody but itself."""

import gzip
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pika
import pytest
from pika.exceptions import ChannelClosedByBroker

from integration_engine.broker.connection import user_of
from integration_engine.broker.management import Management
from integration_engine.broker.topology import INTAKE, Topology
from integration_engine.broker.users import put_user, remove_user
from integration_engine.security.identity import Principal
from integration_engine.settings.part import BROKER_CEILING
from integration_engine.store import overview
from integration_engine.store.database import Store
from tests.store_samples import new_store
from tests.worker_samples import FORCE, KEY, death, eventually, ready, send, taken, working

THE_FORCE = Principal(FORCE, "partner", frozenset({"police"}))

_UNREADABLE = b'{"schema": "police-sudden-death/1", "persons": ['


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    opened = new_store(sqlite_url)
    yield opened
    opened.close()


def _publish(url: str, body: bytes, **properties: Any) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.confirm_delivery()
    envelope = pika.BasicProperties(**{"user_id": user_of(url), "delivery_mode": 2, **properties})
    channel.basic_publish(INTAKE, KEY, body, envelope, mandatory=True)
    connection.close()


class _Raw(str):
    """A header's value as its bytes stand on the wire."""


def _far_timestamp() -> bytes:
    return b"T" + struct.pack(">Q", 2**60)


def _nested_deep() -> bytes:
    inner = b""
    for _ in range(2000):
        inner = b"\x01xF" + struct.pack(">I", len(inner)) + inner
    return b"F" + struct.pack(">I", len(inner)) + inner


@pytest.mark.parametrize("value", [_far_timestamp, _nested_deep])
def test_headers_that_cannot_be_read_stop_no_worker(
    amqp_url: str, store: Store, topology: Topology, monkeypatch: pytest.MonkeyPatch, value: Callable[[], bytes]
) -> None:
    encode = pika.data.encode_value

    def raw(pieces: list[bytes], given: object) -> int:
        if not isinstance(given, _Raw):
            return int(encode(pieces, given))
        pieces.append(value())
        return len(pieces[-1])

    with monkeypatch.context() as patched:
        patched.setattr(pika.data, "encode_value", raw)
        _publish(amqp_url, death(1), headers={"x": _Raw()})
    send(amqp_url, *map(death, range(2, 12)))
    with working(amqp_url, store, topology):
        eventually(lambda: ready(amqp_url, "cdop.BERKS") == 11)


def test_an_envelope_as_large_as_a_frame_is_refused_like_any_other(
    amqp_url: str, store: Store, topology: Topology
) -> None:
    _publish(amqp_url, _UNREADABLE, headers={"x": "a" * 130_000, "cdr-feed": "b" * 500})
    send(amqp_url, *map(death, range(1, 6)))
    with working(amqp_url, store, topology):
        eventually(lambda: ready(amqp_url, "refused.police") == 1 and ready(amqp_url, "cdop.BERKS") == 5)
    [(properties, body)] = taken(amqp_url, "refused.police")
    assert body == _UNREADABLE
    assert properties.headers["cdr-reason"] == "bad-json"
    assert "x" not in properties.headers


def test_names_that_are_no_text_are_as_good_as_none(amqp_url: str, store: Store, topology: Topology) -> None:
    _publish(amqp_url, death(1), message_id=b"\xff\xfe", content_type=b"\xff", type=b"\xff")
    with working(amqp_url, store, topology):
        eventually(lambda: ready(amqp_url, "cdop.BERKS") == 1)


@pytest.mark.parametrize("attempt", [-1000, 2**63 - 1])
def test_an_attempt_that_a_partner_makes_up_ends_no_worker(
    amqp_url: str, store: Store, topology: Topology, attempt: int
) -> None:
    def raising(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    _publish(amqp_url, death(1), headers={"cdr-attempt": attempt, "x-delivery-count": 1000})
    with working(amqp_url, store, topology, read=raising):
        eventually(lambda: ready(amqp_url, "dead.police") == 1)


@contextmanager
def own_account(amqp_url: str, vhost: str, management: Management, topology: Topology) -> Iterator[str]:
    """The broker's address for an account of the force's own, which is there for the length of the block."""
    role, values = topology.roles["partner"], {"partner": FORCE, "kinds": "police"}
    user = put_user(management, vhost, role, "pass", values)
    try:
        yield re.sub(r"(?<=//)[^@]+", f"{user}:pass", amqp_url)
    finally:
        remove_user(management, role, values)


@pytest.mark.parametrize("clock", [datetime(1970, 1, 2, tzinfo=UTC), datetime(2199, 1, 1, tzinfo=UTC)])
def test_a_partner_whose_clock_is_years_off_is_heard_all_the_same(
    amqp_url: str, vhost: str, management: Management, store: Store, topology: Topology, clock: datetime
) -> None:
    with own_account(amqp_url, vhost, management, topology) as own:
        _publish(own, death(1), timestamp=int(clock.timestamp()))
    with working(amqp_url, store, topology, find=lambda _: THE_FORCE):
        eventually(lambda: ready(amqp_url, "refused.police") + ready(amqp_url, "cdop.BERKS") == 1)
    assert len(overview.recent_cases(store)) == 1


ODD: Mapping[str, Mapping[str, Any]] = {
    "a priority": {"priority": 255},
    "somebody to be answered": {"reply_to": "refused.police", "correlation_id": "x" * 255},
    "a coding that it doesn't have": {"content_encoding": "gzip"},
    "a time to live": {"expiration": "600000"},
    "no wish to be kept": {"delivery_mode": 1},
    "names of everything": {"type": "new", "app_id": "cdr", "cluster_id": "x"},
    "marks of an earlier journey": {
        "headers": {"x-death": [{"count": 99, "queue": "intake.police"}], "x-first-death-queue": "dead.police"}
    },
    "headers of ours": {
        "headers": {"cdr-delay": "10m", "cdr-partner": "E23000029", "cdr-reason": "x", "cdr-correlation": "a\r\nb"}
    },
    "lists for values": {"headers": {"cdr-feed": ["a"], "cdr-correlation": {"a": 1}, "cdr-attempt": [1]}},
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_envelope_changes_nothing(amqp_url: str, store: Store, topology: Topology, odd: str) -> None:
    _publish(amqp_url, death(1), **ODD[odd])
    _publish(amqp_url, _UNREADABLE, **ODD[odd])
    with working(amqp_url, store, topology):
        eventually(lambda: ready(amqp_url, "cdop.BERKS") == 1 and ready(amqp_url, "refused.police") == 1)


def test_a_packed_body_is_refused_and_not_unpacked(amqp_url: str, store: Store, topology: Topology) -> None:
    _publish(amqp_url, gzip.compress(death(1)), content_encoding="gzip")
    with working(amqp_url, store, topology):
        eventually(lambda: ready(amqp_url, "refused.police") == 1)


def test_what_is_larger_than_any_door_takes_the_broker_takes_no_more_than_a_door(
    amqp_url: str, topology: Topology
) -> None:
    with pytest.raises(ChannelClosedByBroker):
        _publish(amqp_url, death(1) + b" " * BROKER_CEILING + bytes(65 * 1024))
    assert ready(amqp_url, "intake.police") == 0


def test_what_its_sender_let_expire_lies_with_the_dead_and_not_nowhere(
    amqp_url: str, store: Store, topology: Topology
) -> None:
    _publish(amqp_url, death(1), expiration="1")
    _publish(amqp_url, death(2), expiration="1")
    eventually(lambda: ready(amqp_url, "dead.police") == 2)


def test_a_copy_for_another_kinds_queue_is_nobodys_word(
    amqp_url: str, vhost: str, management: Management, store: Store, topology: Topology
) -> None:
    """RabbitMQ delivers to the keys in these headers too, and holds only the first one against who may publish it."""
    with own_account(amqp_url, vhost, management, topology) as own:
        _publish(
            own, death(1), headers={"CC": ["hospital-hl7.RTH", "police.E23000029"], "BCC": ["coroner.oxfordshire"]}
        )
    with working(amqp_url, store, topology, find=lambda _: THE_FORCE):
        eventually(lambda: ready(amqp_url, "cdop.BERKS") == 1)
        eventually(lambda: ready(amqp_url, "refused.hospital-hl7") == ready(amqp_url, "refused.coroner") == 1)
    assert [properties.headers["cdr-reason"] for properties, _ in taken(amqp_url, "refused.coroner")] == ["bad-key"]
    assert len(overview.recent_cases(store)) == 1
