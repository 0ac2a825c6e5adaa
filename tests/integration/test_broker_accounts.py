"""Broker accounts come out of the register: nobody publishes as another or reads another's queue; revoking ends it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pika
import pytest
from pika.exceptions import AMQPConnectionError, ChannelClosedByBroker, ConnectionClosedByBroker
from typer import Typer
from typer.testing import CliRunner

from integration_engine.broker.connection import connect
from integration_engine.broker.management import Management
from integration_engine.broker.message import Message
from integration_engine.broker.on_its_way import NotConfirmed
from integration_engine.broker.publisher import Publisher
from integration_engine.broker.topology import load_topology
from integration_engine.broker.users import put_user
from integration_engine.cli import broker as broker_commands
from integration_engine.cli import partner as partner_commands
from integration_engine.security.identity import Principal
from integration_engine.services import Broker
from integration_engine.store import audit
from integration_engine.store.database import Store
from tests.gateway_house import keys, keys_in_the_environment
from tests.store_samples import new_store
from tests.worker_samples import death, eventually, prepared, ready, taken, working

FORCE, OTHER = "E23000038", "E23000029"


@pytest.fixture
def place(
    amqp_url: str, broker: Broker, management: Management, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CDR_AMQP_URL", amqp_url)
    assert broker.management_url is not None
    monkeypatch.setenv("CDR_AMQP_MANAGEMENT_URL", broker.management_url)
    monkeypatch.setenv("CDR_DATABASE_URL", f"sqlite:///{tmp_path / 'engine.db'}")
    for name, value in keys_in_the_environment().items():
        monkeypatch.setenv(name, value)
    assert ask(broker_commands.app, "apply")[0] == 0
    yield tmp_path
    for row in management.get("users") or ():
        if re.match(r"(partner|cdop|jar|national)\.", row["name"]):
            management.delete("users", row["name"])


def ask(app: Typer, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.output


def account(amqp_url: str, *words: str) -> str:
    """The address of an account that is made now."""
    status, said = ask(broker_commands.app, "user", *words, "--json")
    assert status == 0, said
    made = json.loads(said)
    return re.sub(r"(?<=//)[^@]+", f"{made['user']}:{made['password']}", amqp_url)


def register(*words: str) -> None:
    status, said = ask(partner_commands.app, "add", *words)
    assert status == 0, said


def users(management: Management) -> set[str]:
    return {row["name"] for row in management.get("users")}


def publish(url: str, key: str, user: str | None, body: bytes = b"{}") -> str:
    """What the broker made of one message: ``taken``, or the code of why not."""
    with Publisher(url, "partner") as publisher:
        assert publisher.wait_ready(10)
        try:
            publisher.publish(Message("cdr.intake", key, body, "application/json", user_id=user)).result(10)
        except NotConfirmed as problem:
            return problem.code
    return "taken"


def test_a_partner_publishes_as_itself_and_never_as_another(place: Path, amqp_url: str) -> None:
    for force in (FORCE, OTHER):
        register(force, "--kind", "police", "--live", "tests")
    own = account(amqp_url, "partner", FORCE)
    account(amqp_url, "partner", OTHER)
    assert publish(own, f"police.{FORCE}", f"partner.{FORCE}") == "taken"
    assert publish(own, f"police.{OTHER}", f"partner.{FORCE}") == "broker-refused"
    assert publish(own, f"police.{FORCE}", f"partner.{OTHER}") == "broker-refused"
    assert publish(own, f"coroner.{FORCE}", f"partner.{FORCE}") == "broker-refused"
    with pytest.raises(ChannelClosedByBroker):
        connect(own).channel().basic_get("intake.police")


def test_a_panel_reads_its_own_queue_and_no_other(place: Path, amqp_url: str) -> None:
    register("BERKS", "--kind", "cdop")
    own = account(amqp_url, "cdop", "BERKS")
    connection = connect(own)
    assert connection.channel().basic_get("cdop.BERKS") == (None, None, None)
    for queue in ("cdop.OXON", "jar.JAR-OXON", "national.ncmd", "intake.police", "refused.police", "dead.deliveries"):
        with pytest.raises(ChannelClosedByBroker) as caught:
            connection.channel().basic_get(queue)
        assert caught.value.reply_code == 403
    channel = connection.channel()
    channel.confirm_delivery()
    with pytest.raises(ChannelClosedByBroker):
        channel.basic_publish("cdr.cases", "cdop.BERKS", b"{}")
    with pytest.raises(ChannelClosedByBroker):
        connection.channel().queue_bind("cdop.BERKS", "cdr.cases", "cdop.OXON")
    connection.close()


def test_whoever_is_not_in_the_register_gets_no_account(place: Path, management: Management) -> None:
    for words in (("partner", "RZZ"), ("cdop", "BERKS")):
        status, said = ask(broker_commands.app, "user", *words)
        assert (status, "registered" in said) == (1, True)
    register(FORCE, "--kind", "police")
    assert ask(broker_commands.app, "user", "cdop", FORCE)[0] == 1
    assert users(management).isdisjoint({"partner.RZZ", "cdop.BERKS", f"cdop.{FORCE}"})


def test_what_is_not_live_may_not_be_published_until_it_is(place: Path, amqp_url: str) -> None:
    register(FORCE, "--kind", "police")
    own = account(amqp_url, "partner", FORCE)
    assert publish(own, f"police.{FORCE}", f"partner.{FORCE}") == "broker-refused"
    opened = ask(partner_commands.app, "open", FORCE, "--kind", "police", "--reason", "tests", "--anyway")
    assert opened[0] == 0, opened[1]
    assert publish(own, f"police.{FORCE}", f"partner.{FORCE}") == "taken"
    assert ask(partner_commands.app, "shut", FORCE, "--kind", "police", "--reason", "tests")[0] == 0
    assert publish(own, f"police.{FORCE}", f"partner.{FORCE}") == "broker-refused"


def test_revoking_a_partner_removes_its_user_and_ends_what_it_has_open(
    place: Path, amqp_url: str, management: Management
) -> None:
    register(FORCE, "--kind", "police", "--live", "tests")
    own = account(amqp_url, "partner", FORCE)
    open_one = connect(own)
    assert ask(partner_commands.app, "revoke", FORCE)[0] == 0
    assert f"partner.{FORCE}" not in users(management)
    with pytest.raises((ConnectionClosedByBroker, AMQPConnectionError)):
        open_one.process_data_events(time_limit=30)
    with pytest.raises(AMQPConnectionError):
        pika.BlockingConnection(pika.URLParameters(own))
    assert ask(broker_commands.app, "apply")[0] == 0
    assert f"partner.{FORCE}" not in users(management)


def test_what_was_revoked_while_the_broker_could_not_be_asked_is_removed_by_apply(
    place: Path, amqp_url: str, management: Management, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(FORCE, "--kind", "police", "--live", "tests")
    account(amqp_url, "partner", FORCE)
    with monkeypatch.context() as without:
        without.delenv("CDR_AMQP_MANAGEMENT_URL")
        status, said = ask(partner_commands.app, "revoke", FORCE)
        assert (status, "cdr broker apply" in said) == (0, True)
    drift = json.loads(ask(broker_commands.app, "check", "--json")[1])["drift"]
    assert {"what": "user", "name": f"partner.{FORCE}", "how": "extra", "detail": "revoked"} in drift
    assert json.loads(ask(broker_commands.app, "apply", "--json")[1])["removed"] == [f"partner.{FORCE}"]
    assert f"partner.{FORCE}" not in users(management)


def test_an_account_is_changed_without_a_gap_by_a_second_beside_it(place: Path, amqp_url: str) -> None:
    register(FORCE, "--kind", "police", "--live", "tests")
    first = account(amqp_url, "partner", FORCE)
    second = account(amqp_url, "partner", FORCE, "--number", "2")
    assert publish(first, f"police.{FORCE}", f"partner.{FORCE}") == "taken"
    assert publish(second, f"police.{FORCE}", f"partner.{FORCE}.2") == "taken"
    assert publish(second, f"police.{FORCE}", f"partner.{FORCE}") == "broker-refused"
    assert ask(broker_commands.app, "user", "partner", FORCE, "--remove")[0] == 0
    with pytest.raises(AMQPConnectionError):
        pika.BlockingConnection(pika.URLParameters(first))
    assert publish(second, f"police.{FORCE}", f"partner.{FORCE}.2") == "taken"


def test_a_broker_that_lost_its_users_is_given_them_again_with_their_passwords(
    place: Path, amqp_url: str, management: Management
) -> None:
    register(FORCE, "--kind", "police", "--live", "tests")
    register("BERKS", "--kind", "cdop")
    publishes, reads = account(amqp_url, "partner", FORCE), account(amqp_url, "cdop", "BERKS")
    for name in (f"partner.{FORCE}", "cdop.BERKS"):
        management.delete("users", name)
    drift = json.loads(ask(broker_commands.app, "check", "--json")[1])["drift"]
    assert {(each["name"], each["how"]) for each in drift if each["what"] == "user"} >= {
        (f"partner.{FORCE}", "missing"),
        ("cdop.BERKS", "missing"),
    }
    assert sorted(json.loads(ask(broker_commands.app, "apply", "--json")[1])["made"]) == [
        "cdop.BERKS",
        f"partner.{FORCE}",
    ]
    assert publish(publishes, f"police.{FORCE}", f"partner.{FORCE}") == "taken"
    connect(reads).close()
    assert json.loads(ask(broker_commands.app, "apply", "--json")[1])["made"] == []


def test_an_account_that_was_made_before_the_register_kept_them_is_written_into_it(
    place: Path, amqp_url: str, vhost: str, management: Management
) -> None:
    register("BERKS", "--kind", "cdop")
    role = load_topology().roles["cdop"]
    put_user(management, vhost, role, "as-it-was", {"cdop": "BERKS"})
    put_user(management, vhost, role, "nobodys", {"cdop": "OXON"})
    drift = json.loads(ask(broker_commands.app, "check", "--json")[1])["drift"]
    assert {(each["name"], each["detail"]) for each in drift} >= {("cdop.OXON", "in no register")}
    done = json.loads(ask(broker_commands.app, "apply", "--json")[1])
    assert (done["adopted"], done["removed"]) == (["cdop.BERKS"], [])
    connect(re.sub(r"(?<=//)[^@]+", "cdop.BERKS:as-it-was", amqp_url)).close()


def test_no_password_is_kept_and_every_account_is_audited(place: Path, amqp_url: str) -> None:
    register(FORCE, "--kind", "police", "--live", "tests")
    password = account(amqp_url, "partner", FORCE).split(":")[2].split("@")[0]
    assert ask(partner_commands.app, "revoke", FORCE)[0] == 0
    assert password.encode() not in (place / "engine.db").read_bytes()
    store = Store(f"sqlite:///{place / 'engine.db'}", keys())
    said = [(line.action, line.subject) for line in audit.lines(store)]
    assert [each for each in said if each[0].startswith("account.")] == [
        ("account.added", FORCE),
        ("account.revoked", FORCE),
    ]
    store.close()


@pytest.mark.parametrize("user", [f"partner.{FORCE}.2", f"partner.{FORCE}"])
def test_a_worker_hears_every_account_of_a_partner_and_nothing_that_is_not_live(
    amqp_url: str, sqlite_url: str, vhost: str, management: Management, tmp_path: Path, user: str
) -> None:
    topology, store = prepared(amqp_url, tmp_path), new_store(sqlite_url)
    management.put("users", user, body={"password": "p", "tags": ""})
    management.put("permissions", vhost, user, body={"configure": "^$", "write": ".*", "read": "^$"})
    own = re.sub(r"(?<=//)[^@]+", f"{user}:p", amqp_url)
    live = Principal(FORCE, "partner", frozenset({"police"}))
    trying = Principal(FORCE, "partner", frozenset({"police"}), trying=frozenset({"police"}))
    try:
        assert publish(own, f"police.{FORCE}", user, death(1)) == "taken"
        with working(amqp_url, store, topology, find=lambda _: trying):
            eventually(lambda: ready(amqp_url, "refused.police") == 1)
        [(properties, _)] = taken(amqp_url, "refused.police")
        assert properties.headers["cdr-reason"] == "not-live"
        assert publish(own, f"police.{FORCE}", user, death(1)) == "taken"
        with working(amqp_url, store, topology, find=lambda _: live):
            eventually(lambda: ready(amqp_url, "cdop.BERKS") == 1)
    finally:
        management.delete("users", user)
        store.close()
