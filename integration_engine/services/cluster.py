"""Three nodes of one RabbitMQ cluster on this machine, to be broken one by one: private ones of its own program."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from integration_engine.broker.management import Management, ManagementError
from integration_engine.services.rabbitmq import TRIES, Broker, program, start_nodes
from integration_engine.services.unavailable import ServiceUnavailable

NODES = 3
_JOIN_LIMIT_S = 90.0


@dataclass(frozen=True)
class Cluster:
    """Nodes that formed one cluster. Each is a ``Broker``: ``nodes[0].kill()`` takes one away."""

    nodes: tuple[Broker, ...]
    names: tuple[str, ...]

    @property
    def url(self) -> str:
        """The address of all of them, as ``CDR_AMQP_URL`` takes it."""
        return ",".join(node.url for node in self.nodes)

    @property
    def management_url(self) -> str:
        return ",".join(node.management_url or "" for node in self.nodes)

    def leader(self, queue: str) -> Broker:
        """The node that leads a queue just now. Raises ServiceUnavailable ``no-leader``."""
        until = time.monotonic() + _JOIN_LIMIT_S
        while time.monotonic() < until:
            try:
                found = Management(self.management_url).get("queues", "/", queue) or {}
            except ManagementError:
                found = {}
            if found.get("leader") in self.names:
                return self.nodes[self.names.index(found["leader"])]
            time.sleep(0.2)
        raise ServiceUnavailable("no-leader", f"No node leads {queue}.")

    def lose(self, node: Broker) -> None:
        """Kill a node and wait until others lead all of its queues. Where a second dies before, RabbitMQ 3.x may have half
        written down who leads, and the dead then wait for each other when they are started. Raises ServiceUnavailable
        ``no-leader``."""
        node.kill()
        name = self.names[self.nodes.index(node)]
        until = time.monotonic() + _JOIN_LIMIT_S
        while time.monotonic() < until:
            with suppress(ManagementError):
                queues = Management(self.management_url).get("queues")
                shared = [queue for queue in queues if len(queue.get("members", ())) > 1]
                if all(queue.get("leader") not in {name, None} for queue in shared):
                    return
            time.sleep(0.2)
        raise ServiceUnavailable("no-leader", f"Queues of {name} have no other leader.")

    def start(self, node: Broker) -> None:
        """Start a node that died; returns when it answers. Of several the last to die comes first: it has what the others may
        not have heard of, and RabbitMQ 3.x has been seen to wait for ever where they were started together."""
        node.start()

    def joined(self) -> bool:
        """Whether every node is there and knows of the others."""
        try:
            known = Management(self.management_url).get("nodes")
        except ManagementError:
            return False
        return {node["name"] for node in known if node["running"]} >= set(self.names)


@contextmanager
def rabbitmq_cluster(count: int = NODES) -> Iterator[Cluster]:
    """A cluster for as long as the context lasts. Raises ServiceUnavailable where there is no RabbitMQ and no way to one."""
    cluster = _formed(count)
    try:
        yield cluster
    finally:
        for node in cluster.nodes:
            node.own().stop()


def _formed(count: int) -> Cluster:
    for left in reversed(range(TRIES)):
        try:
            nodes = start_nodes(program(), count)
        except ServiceUnavailable:
            if not left:
                raise
            continue
        cluster = Cluster(tuple(nodes.values()), tuple(nodes))
        until = time.monotonic() + _JOIN_LIMIT_S
        while time.monotonic() < until:
            if cluster.joined():
                return cluster
            time.sleep(0.2)
        for node in cluster.nodes:
            node.own().stop()
        raise ServiceUnavailable("did-not-join", f"The {count} nodes of RabbitMQ did not form a cluster.")
    raise AssertionError
