"""A real broker is made to have the topology, and every difference from it is told."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import replace

import pika
import pytest
from pika.exceptions import AMQPError, ChannelClosedByBroker

from integration_engine.broker.declare import Differs, Drift, apply_topology, check_topology
from integration_engine.broker.management import Management
from integration_engine.broker.message import Message
from integration_engine.broker.on_its_way import NotConfirmed
from integration_engine.broker.publisher import Publisher
from integration_engine.broker.topology import Topology, load_topology
from integration_engine.broker.users import put_user, remove_user, repair_users, user_drifts
from integration_engine.services import Broker


@pytest.fixture(scope="module")
def small() -> Topology:
    return load_topology().only("intake.", "dead.", "refused.police", "cdop.BERKS", "delay.5s")


def test_the_whole_topology_is_declared_and_declaring_it_again_changes_nothing(
    amqp_url: str, management: Management
) -> None:
    topology = load_topology()
    assert {drift.how for drift in check_topology(topology, amqp_url)} == {"missing"}
    apply_topology(topology, amqp_url)
    apply_topology(topology, amqp_url)
    assert check_topology(topology, amqp_url, management) == []


def test_what_is_missing_different_or_too_much_is_told(
    amqp_url: str, vhost: str, management: Management, small: Topology
) -> None:
    apply_topology(small, amqp_url)
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    channel = connection.channel()
    channel.queue_delete("refused.police")
    channel.queue_delete("cdop.BERKS")
    channel.queue_declare("cdop.BERKS", durable=True, arguments={"x-queue-type": "quorum"})
    channel.queue_declare("cdop.CLOSED", durable=True, arguments={"x-queue-type": "quorum"})
    channel.queue_unbind("intake.police", "cdr.intake", "police.#")
    connection.close()
    drifts = {(drift.what, drift.name, drift.how) for drift in check_topology(small, amqp_url, management)}
    assert drifts == {
        ("queue", "refused.police", "missing"),
        ("binding", "cdr.refused -> refused.police", "missing"),
        ("queue", "cdop.BERKS", "different"),
        ("binding", "cdr.cases -> cdop.BERKS", "missing"),
        ("queue", "cdop.CLOSED", "extra"),
        ("binding", "cdr.intake -> intake.police", "missing"),
    }
    with pytest.raises(Differs) as caught:
        apply_topology(small, amqp_url)
    assert (caught.value.drift.what, caught.value.drift.name) == ("queue", "cdop.BERKS")


def test_a_check_creates_nothing(amqp_url: str, vhost: str, management: Management, small: Topology) -> None:
    drifts = check_topology(small, amqp_url, management)
    assert Drift("queue", "intake.police", "missing") in drifts
    assert management.get("queues", vhost) == []


@pytest.fixture
def partner_url(broker: Broker, amqp_url: str, vhost: str, management: Management, small: Topology) -> Iterator[str]:
    apply_topology(small, amqp_url)
    role, values = small.roles["partner"], {"partner": "E23000038", "kinds": "police"}
    user = put_user(management, vhost, role, "pass", values)
    host = broker.url.rsplit("@", 1)[1].rstrip("/")
    yield f"amqp://{user}:pass@{host}/{vhost}"
    remove_user(management, role, values)


def test_a_partner_publishes_under_its_own_name_and_no_other(partner_url: str) -> None:
    with Publisher(partner_url, "partner") as publisher:
        assert publisher.wait_ready(10)

        def send(key: str, user: str | None = "partner.E23000038") -> None:
            publisher.publish(Message("cdr.intake", key, b"{}", user_id=user)).result(10)
            publisher.wait_ready(5)

        send("police.E23000038")
        for key, user in (
            ("police.E23000001", "partner.E23000038"),
            ("coroner.E23000038", "partner.E23000038"),
            ("police.E23000038", "partner.E23000001"),
        ):
            assert publisher.wait_ready(10)
            with pytest.raises(NotConfirmed) as caught:
                send(key, user)
            assert caught.value.code == "broker-refused"
        assert publisher.wait_ready(10)
        send("police.E23000038")


def test_a_partner_reads_nothing(partner_url: str) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(partner_url))
    with pytest.raises(ChannelClosedByBroker):
        connection.channel().basic_get("intake.police")
    connection.close()


def test_a_removed_partner_is_gone_and_removing_it_again_is_no_error(
    amqp_url: str, vhost: str, management: Management, small: Topology
) -> None:
    role, values = small.roles["cdop"], {"cdop": "BERKS"}
    name = put_user(management, vhost, role, "pass", values)
    assert management.get("users", name, "permissions")[0]["read"] == r"^(cdop\.BERKS)$"
    remove_user(management, role, values)
    remove_user(management, role, values)
    assert management.get("users", name) is None


def test_a_user_with_too_many_rights_is_told_and_put_right(
    amqp_url: str, vhost: str, management: Management, small: Topology
) -> None:
    role, values = small.roles["jar"], {"team": f"JAR-{vhost}"}
    user = put_user(management, vhost, role, "pass", values)
    try:
        assert [drift for drift in user_drifts(small, management, vhost) if drift.name == user] == []
        management.put("permissions", vhost, user, body={"configure": "", "write": "", "read": ".*"})
        assert [drift.how for drift in user_drifts(small, management, vhost) if drift.name == user] == ["different"]
        assert user in repair_users(small, management, vhost)
        assert management.get("users", user, "permissions")[0]["read"] == f"^({re.escape(user)})$"
    finally:
        remove_user(management, role, values)


def test_one_user_cannot_use_up_the_broker_for_all(
    broker: Broker, amqp_url: str, vhost: str, management: Management, small: Topology
) -> None:
    role = small.roles["national"]
    assert all(small.roles[name].limits for name in ("partner", "cdop", "jar", "national"))
    few = replace(role, limits={"connections": 2, "channels": 3})
    values = {"national": f"n-{vhost}"}
    user = put_user(management, vhost, few, "pass", values)
    url = f"amqp://{user}:pass@{broker.url.rsplit('@', 1)[1].rstrip('/')}/{vhost}"
    try:
        with contextlib.ExitStack() as stack:
            opened = [pika.BlockingConnection(pika.URLParameters(url)) for _ in range(2)]
            for connection in opened:
                stack.enter_context(contextlib.suppress(AMQPError))
                stack.callback(connection.close)
            with pytest.raises(AMQPError):
                pika.BlockingConnection(pika.URLParameters(url))
            for connection in (*opened, opened[0]):
                connection.channel()
            with pytest.raises(AMQPError):
                opened[1].channel()
        # What the topology says is what a check holds it to.
        assert [drift.detail for drift in user_drifts(small, management, vhost) if drift.name == user] == ["limits"]
        assert user in repair_users(small, management, vhost)
        assert [drift for drift in user_drifts(small, management, vhost) if drift.name == user] == []
    finally:
        remove_user(management, role, values)
