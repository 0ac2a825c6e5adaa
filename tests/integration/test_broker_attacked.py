"""What an account of a partner or a panel can do at the broker beside what it is for."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from integration_engine.broker.connection import connect
from tests.integration.test_broker_accounts import FORCE, account, place, register

__all__ = ["place"]

OTHERS = (
    "cdop.OXON",
    "jar.JAR-OXON",
    "national.ncmd",
    "intake.coroner",
    "refused.police",
    "dead.deliveries",
    "delay.5s",
)
ATTEMPTS: Mapping[str, Callable[[BlockingChannel], Any]] = {
    "a queue of one's own": lambda c: c.queue_declare("mine"),
    "a queue that the broker names": lambda c: c.queue_declare("", exclusive=True),
    "an exchange": lambda c: c.exchange_declare("mine", "fanout"),
    "deleting an exchange": lambda c: c.exchange_delete("cdr.cases"),
    "an exchange bound to another": lambda c: c.exchange_bind("cdr.intake", "cdr.cases", "#"),
    "a message to a queue by its name": lambda c: told(c, "", "cdop.OXON"),
    "a delivery": lambda c: told(c, "cdr.cases", "cdop.OXON"),
    "a refusal": lambda c: told(c, "cdr.refused", "refused.police"),
    "a message put off": lambda c: told(c, "cdr.delay", f"police.{FORCE}"),
    "the broker's own exchanges": lambda c: told(c, "amq.topic", "x"),
    "the broker's log": lambda c: c.queue_bind("cdop.BERKS", "amq.rabbitmq.trace", "#"),
} | {
    f"{what} {queue}": attempt
    for queue in OTHERS
    for what, attempt in {
        "reading": lambda c, q=queue: c.basic_get(q),
        "consuming": lambda c, q=queue: c.basic_consume(q, print),
        "emptying": lambda c, q=queue: c.queue_purge(q),
        "deleting": lambda c, q=queue: c.queue_delete(q),
        "binding": lambda c, q=queue: c.queue_bind(q, "cdr.intake", "#"),
        "unbinding": lambda c, q=queue: c.queue_unbind(q, "cdr.cases", q),
        "changing": lambda c, q=queue: c.queue_declare(q, arguments={"x-max-length": 1}),
    }.items()
}


def registered(amqp_url: str, who: tuple[str, str]) -> str:
    """The address of an account of one of two who are in the register."""
    register(FORCE, "--kind", "police", "--live", "tests")
    register("BERKS", "--kind", "cdop")
    return account(amqp_url, *who)


def told(channel: BlockingChannel, exchange: str, key: str) -> None:
    channel.confirm_delivery()
    channel.basic_publish(exchange, key, b"{}", pika.BasicProperties(headers={"cdr-delay": "5s"}), mandatory=True)


everybody = pytest.mark.parametrize("who", [("partner", FORCE), ("cdop", "BERKS")], ids=["partner", "panel"])


@everybody
def test_an_account_does_nothing_that_it_is_not_for(place: Path, amqp_url: str, who: tuple[str, str]) -> None:
    connection = connect(registered(amqp_url, who))
    done = {}
    for what, attempt in ATTEMPTS.items():
        try:
            attempt(connection.channel())
        except ChannelClosedByBroker as refused:
            done[what] = refused.reply_code
        else:
            done[what] = 0
    assert {what: code for what, code in done.items() if code != 403} == {}


@everybody
def test_all_that_an_account_sees_of_others_queues_is_how_much_lies_there(
    place: Path, amqp_url: str, who: tuple[str, str]
) -> None:
    """RabbitMQ asks nobody for leave who only asks whether a queue is there. What that tells stands in the threat model."""
    connection = connect(registered(amqp_url, who))
    told(connect(amqp_url).channel(), "cdr.cases", "cdop.OXON")
    seen = connection.channel().queue_declare("cdop.OXON", passive=True).method
    assert (seen.message_count, seen.consumer_count) == (1, 0)
    with pytest.raises(ChannelClosedByBroker) as refused:
        connection.channel().basic_get("cdop.OXON")
    assert refused.value.reply_code == 403
