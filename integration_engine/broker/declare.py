"""Making a broker have a topology, and saying where it differs. Over AMQP; users and permissions by management."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from integration_engine.broker.connection import connect, virtual_host
from integration_engine.broker.management import Management
from integration_engine.broker.topology import Exchange, Queue, Topology

_NOT_FOUND, _PRECONDITION_FAILED = 404, 406
# A queue on three nodes outlives the loss of any one of them.
_REPLICAS = 3


@dataclass(frozen=True, slots=True)
class Drift:
    """One way in which the broker isn't as the topology says. ``what``: ``exchange``, ``queue``, ``binding`` or ``user``;
    ``how``: ``missing``, ``different`` or ``extra``."""

    what: str
    name: str
    how: str
    detail: str = ""


class Differs(RuntimeError):
    """Something is there under this name, but made otherwise; RabbitMQ can't change it while it holds messages."""

    def __init__(self, drift: Drift) -> None:
        super().__init__(f"The {drift.what} {drift.name} is there with other settings. {drift.detail}".strip())
        self.drift = drift


def apply_topology(topology: Topology, url: str) -> None:
    """Declare everything, in an order in which no dead-letter target is missing when it is needed. Doing it again
    changes nothing. Raises Differs, and pika's AMQPError where the broker is away."""
    connection = connect(url)
    try:
        channel = connection.channel()
        for exchange in topology.exchanges:
            _or_differs(Drift("exchange", exchange.name, "different"), lambda e=exchange: _declare_exchange(channel, e))
        targets_first = sorted(topology.queues, key=lambda queue: "x-dead-letter-exchange" in queue.arguments)
        bindings: dict[str, list[Any]] = {}
        for binding in topology.bindings:
            bindings.setdefault(binding.queue, []).append(binding)
        for queue in targets_first:
            _or_differs(Drift("queue", queue.name, "different"), lambda q=queue: _declare_queue(channel, q))
            for binding in bindings.get(queue.name, ()):
                channel.queue_bind(binding.queue, binding.exchange, binding.key, dict(binding.arguments) or None)
    finally:
        if connection.is_open:
            connection.close()


def check_topology(topology: Topology, url: str, management: Management | None = None) -> list[Drift]:
    """Where the broker differs, nothing changed. Bindings and what is there too much are seen by management only."""
    drifts: list[Drift] = []
    connection = connect(url)
    try:
        probe = _Probe(connection)
        for exchange in topology.exchanges:
            drifts += probe.exchange(exchange)
        for queue in topology.queues:
            drifts += probe.queue(queue)
    finally:
        connection.close()
    if management is not None:
        vhost = virtual_host(url)
        drifts += _binding_drifts(topology, management, vhost)
        drifts += _extra_drifts(topology, management, vhost)
        drifts += _replica_drifts(topology, management, vhost)
    return drifts


def definitions(topology: Topology, vhost: str = "/") -> dict[str, Any]:
    """The topology as RabbitMQ's definitions file: what a broker can load when it starts. It holds no users: their
    passwords are nobody's to commit."""
    return {
        "vhosts": [{"name": vhost}],
        "exchanges": [
            {
                "name": exchange.name,
                "vhost": vhost,
                "type": exchange.type,
                "durable": True,
                "auto_delete": False,
                "internal": False,
                "arguments": {},
            }
            for exchange in topology.exchanges
        ],
        "queues": [
            {
                "name": queue.name,
                "vhost": vhost,
                "durable": True,
                "auto_delete": False,
                "arguments": dict(queue.arguments),
            }
            for queue in topology.queues
        ],
        "bindings": [
            {
                "source": binding.exchange,
                "vhost": vhost,
                "destination": binding.queue,
                "destination_type": "queue",
                "routing_key": binding.key,
                "arguments": dict(binding.arguments),
            }
            for binding in topology.bindings
        ],
    }


def definitions_text(topology: Topology) -> str:
    """``queue_config/definitions.json``, byte for byte."""
    return json.dumps(definitions(topology), indent=1, sort_keys=True) + "\n"


def _declare_exchange(channel: BlockingChannel, exchange: Exchange, *, passive: bool = False) -> None:
    channel.exchange_declare(exchange.name, exchange.type, passive=passive, durable=True)


def _declare_queue(channel: BlockingChannel, queue: Queue, *, passive: bool = False) -> None:
    channel.queue_declare(queue.name, passive=passive, durable=True, arguments=dict(queue.arguments))


def _or_differs(drift: Drift, declare: Any) -> None:
    try:
        declare()
    except ChannelClosedByBroker as problem:
        if problem.reply_code != _PRECONDITION_FAILED:
            raise
        raise Differs(Drift(drift.what, drift.name, drift.how, problem.reply_text)) from problem


class _Probe:
    """Asks for one thing at a time; RabbitMQ closes the channel on a no, so a new one is opened after it."""

    def __init__(self, connection: pika.BlockingConnection) -> None:
        self._connection = connection
        self._channel: BlockingChannel | None = None

    def exchange(self, exchange: Exchange) -> Iterator[Drift]:
        yield from self._ask("exchange", exchange.name, lambda c: _declare_exchange(c, exchange, passive=True))
        # a passive declare doesn't compare; declaring what is known to be there does, and creates nothing
        yield from self._compare("exchange", exchange.name, lambda c: _declare_exchange(c, exchange))

    def queue(self, queue: Queue) -> Iterator[Drift]:
        yield from self._ask("queue", queue.name, lambda c: _declare_queue(c, queue, passive=True))
        yield from self._compare("queue", queue.name, lambda c: _declare_queue(c, queue))

    def _ask(self, what: str, name: str, declare: Any) -> Iterator[Drift]:
        self._missing = False
        try:
            declare(self._open())
        except ChannelClosedByBroker as problem:
            if problem.reply_code != _NOT_FOUND:
                raise
            self._missing = True
            yield Drift(what, name, "missing")

    def _compare(self, what: str, name: str, declare: Any) -> Iterator[Drift]:
        if self._missing:
            return
        try:
            declare(self._open())
        except ChannelClosedByBroker as problem:
            if problem.reply_code != _PRECONDITION_FAILED:
                raise
            yield Drift(what, name, "different", problem.reply_text)

    def _open(self) -> BlockingChannel:
        if self._channel is None or not self._channel.is_open:
            self._channel = self._connection.channel()
        return self._channel


def _binding_drifts(topology: Topology, management: Management, vhost: str) -> Iterator[Drift]:
    there = {
        (b["source"], b["destination"], b["routing_key"], tuple(sorted(b["arguments"].items())))
        for b in management.get("bindings", vhost) or ()
        if b["source"]  # every queue is bound to the exchange without a name
    }
    ours = {exchange.name for exchange in topology.exchanges}
    wanted = {(b.exchange, b.queue, b.key, tuple(sorted(b.arguments.items()))) for b in topology.bindings}
    for exchange, queue, key, _ in sorted(wanted - there):
        yield Drift("binding", f"{exchange} -> {queue}", "missing", key)
    for exchange, queue, key, _ in sorted(there - wanted):
        if exchange in ours:
            yield Drift("binding", f"{exchange} -> {queue}", "extra", key)


def _extra_drifts(topology: Topology, management: Management, vhost: str) -> Iterator[Drift]:
    """Queues in our namespaces that the topology doesn't name: a panel's that closed, or somebody's experiment."""
    families = {queue.name.split(".", 1)[0] for queue in topology.queues}
    names = {queue.name for queue in topology.queues}
    for queue in management.get("queues", vhost) or ():
        if queue["name"] not in names and queue["name"].split(".", 1)[0] in families:
            yield Drift("queue", queue["name"], "extra")


def _replica_drifts(topology: Topology, management: Management, vhost: str) -> Iterator[Drift]:
    """Queues that the loss of a node would take away: made while some of its nodes were down, or before it was a cluster."""
    nodes = [node["name"] for node in management.get("nodes") or ()]
    names = {queue.name for queue in topology.queues}
    for queue in management.get("queues", vhost) or ():
        there = queue.get("members", nodes)
        if queue["name"] in names and len(there) < min(len(nodes), _REPLICAS):
            missing = ", ".join(sorted(set(nodes) - set(there)))
            yield Drift("queue", queue["name"], "different", f"not on {missing}: rabbitmq-queues grow NODE all")
