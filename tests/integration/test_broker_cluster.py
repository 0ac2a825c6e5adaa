"""Three nodes of RabbitMQ: any of them may die under load, and nobody is told that a message is safe which isn't."""

import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from integration_engine.broker.connection import connect, user_of
from integration_engine.broker.declare import apply_topology, check_topology
from integration_engine.broker.management import Management
from integration_engine.broker.message import Message
from integration_engine.broker.on_its_way import NotConfirmed
from integration_engine.broker.publisher import Publisher
from integration_engine.broker.topology import load_topology
from integration_engine.services.cluster import Cluster, rabbitmq_cluster
from integration_engine.store import audit, outbox, overview
from integration_engine.store.database import Store
from integration_engine.synthetic.doors import Http, Mllp
from integration_engine.synthetic.load import PANEL, Load, arrived, number, sending
from tests.gateway_house import House, house, keys
from tests.worker_samples import eventually, ready, working

TODAY = date(2026, 3, 10)
_NAMES_WRITTEN_S = 15.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Three nodes with the whole topology, of which they have written down the names: RabbitMQ 3.10 keeps those of new quorum
    queues in memory for some seconds, three nodes on one busy machine for more."""
    with rabbitmq_cluster() as running:
        apply_topology(load_topology(), running.url)
        time.sleep(_NAMES_WRITTEN_S)
        yield running


def _http(doors: House) -> Http:
    return Http("127.0.0.1", int(doors.client.base_url.port or 0))


def _grows(load: Load, by: int = 10) -> None:
    """More children are taken than just now."""
    least = len(load.taken) + by
    eventually(lambda: len(load.taken) >= least, 60)


def test_a_queue_that_is_not_on_every_node_is_told_as_a_drift(cluster: Cluster) -> None:
    management, topology = Management(cluster.management_url), load_topology().only("refused.police")
    management.put("vhosts", "grown")
    management.put("permissions", "grown", user_of(cluster.url), body={"configure": ".*", "write": ".*", "read": ".*"})
    at = cluster.nodes[0].on("grown")
    alone = {**topology.queues[0].arguments, "x-quorum-initial-group-size": 1}
    with connect(at) as connection:
        connection.channel().queue_declare("refused.police", durable=True, arguments=alone)
    apply_topology(load_topology().only("dead.police"), at)
    drifts = [each for each in check_topology(topology, at, management) if "not on" in each.detail]
    assert [(each.what, each.name, each.how) for each in drifts] == [("queue", "refused.police", "different")]
    assert drifts[0].detail.count("@localhost") == len(cluster.nodes) - 1


def test_a_publisher_that_turns_to_a_queue_just_as_its_leader_dies_is_soon_taken(cluster: Cluster) -> None:
    """RabbitMQ 3.10 gives a channel the queue's members once, the dead leader first, and goes on refusing on that channel."""
    leader = cluster.leader("intake.coroner")
    others = [node.url for node in cluster.nodes if node is not leader]
    with Publisher(others[0], "one", patience_s=5) as publisher:
        assert publisher.wait_ready(10)
        leader.kill()
        eventually(lambda: _taken(publisher), 60)
    cluster.start(leader)


def _taken(publisher: Publisher) -> bool:
    try:
        publisher.publish(Message("cdr.intake", "coroner.L1", b"x")).result()
    except NotConfirmed:
        return False
    return True


def test_the_leader_of_intake_may_die_under_load_and_every_death_told_is_one_case_once(
    cluster: Cluster, postgres_url: str, tmp_path: Path
) -> None:
    topology = load_topology()
    assert not check_topology(topology, cluster.url, Management(cluster.management_url)), "every queue is on every node"
    with house(cluster.url, postgres_url, tmp_path, mllp=True) as doors:
        store = Store(postgres_url, keys())
        http, tokens = _http(doors), doors.tokens
        with (
            working(cluster.url, store, topology),
            Load(http, doors.mllp_ports[0], tokens, TODAY, a_second=20) as load,
        ):
            _grows(load)
            node = cluster.leader("intake.police")
            node.kill()
            _grows(load)
            cluster.start(node)
            _grows(load)
        with working(cluster.url, store, topology):
            eventually(lambda: len(overview.recent_cases(store, 10_000)) == len(load.taken), 60)
            eventually(lambda: not outbox.depth(store).waiting, 60)
        assert arrived(http, tokens[PANEL]) == dict.fromkeys(map(number, load.taken), 1)
        assert ready(cluster.url, "dead.police") == ready(cluster.url, "dead.hospital-hl7") == 0
        assert audit.verify(store).broken is None
        store.close()


def test_a_node_left_alone_confirms_nothing_and_the_doors_say_so_until_the_others_are_back(
    cluster: Cluster, sqlite_url: str, tmp_path: Path
) -> None:
    with house(cluster.url, sqlite_url, tmp_path, mllp=True, confirm_seconds=2.0) as doors:
        report, message = sending(1, TODAY).body, sending(2, TODAY).body

        def told() -> int:
            return doors.send("E23000038", "/police/reports", report, "application/json").status_code

        assert told() == 202
        gone = cluster.nodes[:2]
        cluster.lose(gone[0])
        gone[1].kill()
        eventually(lambda: told() == 503)
        refused = doors.send("E23000038", "/police/reports", report, "application/json")
        assert (refused.status_code, int(refused.headers["retry-after"]) > 0) == (503, True)
        assert refused.json()["code"] in {"broker-away", "no-confirm", "nacked"}
        with Mllp("127.0.0.1", doors.mllp_ports[0]) as mllp:
            answer = mllp.send(message)
            assert b"MSA|AE|" in answer
            assert b"send it again" in answer
        assert doors.get(None, "/health/live").status_code == 200
        for node in reversed(gone):
            cluster.start(node)
        eventually(lambda: told() == 202, 60)
        with Mllp("127.0.0.1", doors.mllp_ports[0]) as mllp:
            assert b"MSA|AA|" in mllp.send(message)
