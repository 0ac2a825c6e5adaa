"""The operator's commands about the broker, as an operator runs them."""

import json
from pathlib import Path

import pika
import pytest
from typer import Typer
from typer.testing import CliRunner

from integration_engine.broker.message import Message
from integration_engine.broker.publisher import Publisher
from integration_engine.cli import broker as broker_commands
from integration_engine.cli import partner as partner_commands
from integration_engine.cli import queues as queues_command
from integration_engine.services import Broker

_queues = Typer()
_queues.command()(queues_command.command)


@pytest.fixture
def at_the_broker(amqp_url: str, broker: Broker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CDR_AMQP_URL", amqp_url)
    assert broker.management_url is not None
    monkeypatch.setenv("CDR_AMQP_MANAGEMENT_URL", broker.management_url)
    return amqp_url


def _ask(app: Typer, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.output


def test_an_operator_checks_applies_and_checks_again(at_the_broker: str) -> None:
    status, said = _ask(broker_commands.app, "check")
    assert (status, "missing" in said) == (1, True)
    status, said = _ask(broker_commands.app, "apply", "--json")
    assert status == 0
    assert json.loads(said)["queues"] > 100
    status, said = _ask(broker_commands.app, "check", "--json")
    assert (status, json.loads(said)) == (0, {"drift": []})


def test_definitions_are_what_a_broker_can_load(at_the_broker: str) -> None:
    status, said = _ask(broker_commands.app, "definitions")
    assert status == 0
    content = json.loads(said)
    assert {"name": "cdr.intake", "type": "topic"}.items() <= content["exchanges"][0].items()
    assert "users" not in content


def test_a_partner_user_is_made_with_a_password_and_taken_away(at_the_broker: str) -> None:
    assert _ask(broker_commands.app, "user", "partner", "E23000038")[0] == 1
    assert _ask(partner_commands.app, "add", "E23000038", "--kind", "police", "--live", "tests")[0] == 0
    status, said = _ask(broker_commands.app, "user", "partner", "E23000038", "--json")
    assert status == 0
    made = json.loads(said)
    assert made["user"] == "partner.E23000038"
    parameters = pika.URLParameters(at_the_broker)
    parameters.credentials = pika.PlainCredentials(made["user"], made["password"])
    pika.BlockingConnection(parameters).close()
    assert _ask(broker_commands.app, "user", "partner", "E23000038", "--remove")[0] == 0
    with pytest.raises(pika.exceptions.AMQPError):
        pika.BlockingConnection(parameters)


@pytest.mark.parametrize("words", [("nobody",), ("partner",), ("worker", "RXX")], ids="-".join)
def test_a_user_that_makes_no_sense_is_a_usage_error(at_the_broker: str, words: tuple[str, ...]) -> None:
    assert _ask(broker_commands.app, "user", *words)[0] == 2


def test_queues_show_what_waits_and_since_when(at_the_broker: str) -> None:
    assert _ask(_queues, "dead.")[0] == 1
    _ask(broker_commands.app, "apply")
    from datetime import UTC, datetime

    at = datetime(2026, 3, 9, 4, 10, tzinfo=UTC)
    with Publisher(at_the_broker, "t") as publisher:
        assert publisher.wait_ready(10)
        messages = [Message("cdr.refused", "dead.police", b"x", at=at), Message("cdr.intake", "police.X", b"x")]
        assert publisher.publish_all(messages) == [None, None]
    status, said = _ask(_queues, "--json")
    found = {line["queue"]: line for line in map(json.loads, said.splitlines())}
    assert status == 0
    assert (found["intake.police"]["ready"], found["dead.police"]["ready"]) == (1, 1)
    assert found["dead.police"]["oldest"] == "2026-03-09T04:10:00+00:00"
    assert "cdop.BERKS" not in found
    status, said = _ask(_queues, "cdop.BERKS")
    assert (status, "cdop.BERKS" in said) == (0, True)
    assert _ask(_queues, "nothing.")[0] == 2


def test_without_a_broker_the_commands_say_so_and_exit_1(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CDR_AMQP_URL", "amqp://someone:secret@127.0.0.1:1/")
    monkeypatch.delenv("CDR_AMQP_MANAGEMENT_URL", raising=False)
    for app, word in ((broker_commands.app, "check"), (broker_commands.app, "apply"), (_queues, "intake.")):
        status, said = _ask(app, word)
        assert status == 1
        assert "can't be reached" in said
        assert "secret" not in said
