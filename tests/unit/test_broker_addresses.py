"""One address may name the nodes of a cluster: which are they, in which order are they tried, and as whom."""

import pytest

from integration_engine.broker.connection import Nodes, addresses, user_of, virtual_host
from integration_engine.settings import SettingsError, load_settings

THREE = "amqp://cdr:p@a:5672/v,amqps://cdr:p@b:5671/v, amqp://cdr:p@c:5672/v"


def test_an_address_names_one_node_or_several() -> None:
    assert addresses("amqp://a") == ("amqp://a",)
    assert addresses(THREE) == ("amqp://cdr:p@a:5672/v", "amqps://cdr:p@b:5671/v", "amqp://cdr:p@c:5672/v")
    assert (user_of(THREE), virtual_host(THREE)) == ("cdr", "v")


def test_a_comma_in_a_password_parts_nothing() -> None:
    assert addresses("amqp://cdr:a,b@a/,amqp://cdr:a,b@b/") == ("amqp://cdr:a,b@a/", "amqp://cdr:a,b@b/")


def test_each_node_is_tried_once_and_the_one_that_failed_last() -> None:
    nodes = Nodes(THREE, "test")
    whole = [node.host for node in nodes]
    assert sorted(whole) == ["a", "b", "c"]
    tried = next(iter(nodes))
    assert [node.host for node in nodes][-1] == tried.host


@pytest.mark.parametrize("other", ["amqp://else:p@b/v", "amqp://cdr:p@b/w"])
def test_nodes_with_another_user_or_virtual_host_are_refused(other: str) -> None:
    with pytest.raises(SettingsError, match="amqp_url") as refused:
        load_settings(amqp_url=f"amqp://cdr:p@a/v,{other}")
    assert "else" not in str(refused.value)
