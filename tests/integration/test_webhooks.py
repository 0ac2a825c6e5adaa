"""Deliveries posted to recipients' own servers: each as soon as it comes, signed, under one id; nothing lost where a server
is away, wrong or refuses one, and no withdrawal kept waiting behind what is refused."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from pika.exceptions import ChannelClosedByBroker

from integration_engine.broker.connection import connect
from integration_engine.broker.management import Management
from integration_engine.broker.message import Message
from integration_engine.broker.publisher import Publisher
from integration_engine.broker.topology import CASES, load_topology
from integration_engine.broker.users import put_user
from integration_engine.gateway import posted
from integration_engine.mapping.files import published_schemas
from integration_engine.monitoring.counters import COUNTERS
from integration_engine.services import Broker
from integration_engine.store import overview
from integration_engine.store.database import Store
from integration_engine.store.deliveries import deliveries
from integration_engine.store.identities import Identities
from integration_engine.webhooks.carrier import POSTED
from integration_engine.webhooks.round import WebhookSilent
from tests.gateway_house import keys, keys_in_the_environment
from tests.ready_made import made_ready
from tests.store_samples import NOW
from tests.webhook_house import Clock, posting, webhook
from tests.webhook_stand_in import Panel, answering, panel_at, say
from tests.worker_samples import death, eventually, prepared, ready, send, working

RECIPIENT = "cdop.BERKS"
COMMAND = [sys.executable, "-m", "integration_engine.cli", "run", "webhooks"]


@pytest.fixture
def panel() -> Iterator[Panel]:
    with panel_at() as running:
        yield running


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """With the keys that a process of ours is given too."""
    made_ready(database_url)
    opened = Store(database_url, keys())
    yield opened
    opened.close()


@pytest.fixture
def declared(amqp_url: str, tmp_path: Path) -> str:
    """The broker with its queues."""
    prepared(amqp_url, tmp_path)
    return amqp_url


def withdrawal(serial: int) -> bytes:
    return death(serial).replace(b'"current"', b'"withdrawn"').replace(b'"version":1', b'"version":2')


def queued(url: str, *told: dict[str, Any]) -> None:
    """Deliveries in the panel's queue, as a courier puts them there."""
    with Publisher(url, "courier") as publisher:
        assert publisher.wait_ready(10)
        messages = [
            Message(
                CASES,
                RECIPIENT,
                json.dumps(each).encode(),
                "application/json",
                message_id=each["delivery"],
                type=each["kind"],
            )
            for each in told
        ]
        assert not any(publisher.publish_all(messages))


def told(serial: int, kind: str = "new", version: int = 1) -> dict[str, Any]:
    body = {"schema": "case-delivery/1", "delivery": f"d-{serial:022}{version:02}", "case": f"c-{serial}"}
    return body | {"kind": kind, "version": version, "part": "lead"}


def counted(outcome: str, most: float) -> None:
    """Wait until so many came to this, all told: then what follows from it has been done too."""
    eventually(lambda: COUNTERS.value(POSTED, outcome=outcome) >= most)


def states(store: Store) -> dict[str, str]:
    return {each.id: each.state for each in deliveries(store, RECIPIENT, by="test", now=NOW)}


def lies_in(url: str, queue: str) -> list[str]:
    """The ids of what lies in a queue, left there."""
    with connect(url) as connection:
        channel = connection.channel()
        found = []
        while (got := channel.basic_get(queue))[0] is not None:
            found.append(got[1].message_id)
        return found


def test_a_delivery_goes_the_whole_way_and_is_the_inboxs_own(
    store: Store, declared: str, panel: Panel, tmp_path: Path
) -> None:
    send(declared, death(1))
    topology = prepared(declared, tmp_path)
    with working(declared, store, topology), posting(declared, store, webhook(panel, tmp_path)):
        eventually(lambda: len(panel.posted) == 1)
        eventually(lambda: ready(declared, RECIPIENT) == 0)
    ((headers, body),) = panel.posted
    described = posted.POSTED["delivery"]["post"]
    assert {each["name"] for each in described["parameters"] if each["required"]} <= headers.keys()
    jsonschema.validate(body, published_schemas()["case-delivery-1"])
    (held,) = deliveries(store, RECIPIENT, by="test", now=NOW)
    assert (body, headers["webhook-id"]) == (held.body, held.id)
    assert (body["kind"], body["part"], held.state) == ("new", "lead", "waiting")
    assert (lies_in(declared, RECIPIENT), panel.unsigned) == ([], [])


@pytest.mark.parametrize(
    ("answer", "also", "state"),
    [("acknowledge", {}, "acknowledged"), ("decline", {"reason": "not our area"}, "declined")],
)
def test_the_answer_may_say_what_the_recipient_says_of_it(
    store: Store, declared: str, panel: Panel, tmp_path: Path, answer: str, also: dict[str, str], state: str
) -> None:
    panel.reply = answering(answer, **also)
    said = {"schema": "delivery-answer/1", "delivery": "d-" + "0" * 24, "answer": answer, **also}
    jsonschema.validate(said, published_schemas()["delivery-answer-1"])
    send(declared, death(2))
    with working(declared, store, prepared(declared, tmp_path)), posting(declared, store, webhook(panel, tmp_path)):
        eventually(lambda: list(states(store).values()) == [state])


@pytest.mark.parametrize(
    "said",
    [
        {"schema": "delivery-answer/1", "delivery": "d-" + "0" * 24, "answer": "acknowledge"},
        {"schema": "delivery-answer/1", "answer": "acknowledge"},
        {"answer": "acknowledged"},
        ["ok"],
    ],
)
def test_an_answer_that_says_something_else_says_nothing(
    store: Store, declared: str, panel: Panel, tmp_path: Path, said: Any
) -> None:
    panel.reply = say(200, json.dumps(said).encode(), Content_Type="application/json")
    send(declared, death(3))
    with working(declared, store, prepared(declared, tmp_path)), posting(declared, store, webhook(panel, tmp_path)):
        eventually(lambda: len(panel.posted) == 1 and ready(declared, RECIPIENT) == 0)
    assert list(states(store).values()) == ["waiting"]
    assert len(panel.posted) == 1


def test_what_is_refused_keeps_nothing_waiting_and_is_tried_again_by_itself(
    store: Store, declared: str, panel: Panel, tmp_path: Path
) -> None:
    clock = Clock()
    refused = told(1)["delivery"]

    def picky(request: Any, delivery: dict[str, Any]) -> None:
        say(422 if delivery["delivery"] == refused else 204)(request, delivery)

    panel.reply = picky
    before = COUNTERS.value(POSTED, outcome="refused")
    with posting(declared, store, webhook(panel, tmp_path), clock=clock):
        queued(declared, told(1), told(2), told(3, "withdraw", 2))
        eventually(lambda: panel.kinds == ["new", "new", "withdraw"])
        counted("refused", before + 1)
        clock.forward(70)
        counted("refused", before + 2)
        panel.reply = None
        clock.forward(130)
        eventually(lambda: panel.ids.count(refused) == 3)
    assert (lies_in(declared, RECIPIENT), len(panel.posted)) == ([], 5)


def test_what_is_refused_for_good_is_laid_aside_in_the_end(
    store: Store, declared: str, panel: Panel, tmp_path: Path
) -> None:
    clock = Clock()
    panel.reply = say(422)
    with posting(declared, store, webhook(panel, tmp_path), clock=clock):
        queued(declared, told(1))

        def laid_aside() -> bool:
            clock.forward(700)
            return ready(declared, "dead.deliveries") == 1

        eventually(laid_aside, 120)
    assert lies_in(declared, "dead.deliveries") == [told(1)["delivery"]]
    assert set(panel.ids) == {told(1)["delivery"]}


def test_a_server_that_is_away_gets_everything_in_its_order_when_it_is_back(
    store: Store, declared: str, tmp_path: Path
) -> None:
    clock = Clock()
    with panel_at() as panel:
        port = int(panel.url.rsplit(":", 1)[1].partition("/")[0])
    with posting(declared, store, webhook(panel, tmp_path), clock=clock) as webhooks:
        failed = COUNTERS.value(POSTED, outcome="failed")
        queued(declared, told(1), told(2), told(3))
        for tries in range(1, 5):
            counted("failed", failed + tries)
            clock.forward(61)
        with pytest.raises(WebhookSilent):
            asyncio.run(webhooks.check())
        assert webhooks.lives()
        with panel_at(port, panel=panel):
            clock.forward(61)
            eventually(lambda: len(panel.posted) == 3)
            asyncio.run(webhooks.check())
    assert panel.ids == [told(each)["delivery"] for each in (1, 2, 3)]
    assert lies_in(declared, RECIPIENT) == []


def test_nothing_is_taken_out_of_its_queue_for_a_server_that_is_away_for_long(
    store: Store, declared: str, tmp_path: Path
) -> None:
    clock = Clock()
    with panel_at() as panel:
        port = int(panel.url.rsplit(":", 1)[1].partition("/")[0])
    with posting(declared, store, webhook(panel, tmp_path), clock=clock):
        queued(declared, *map(told, range(5)))
        failed = COUNTERS.value(POSTED, outcome="failed")
        counted("failed", failed + 1)
        clock.forward(1201)
        for tries in range(2, 20):
            counted("failed", failed + tries)
            clock.forward(61)
        assert ready(declared, RECIPIENT) == 5
        assert set(redelivered(declared)) == {2}, "once when they went back, and once to be looked at here"
        with panel_at(port, panel=panel):
            clock.forward(61)
            eventually(lambda: len(panel.posted) == 5)
    assert lies_in(declared, RECIPIENT) == []


def redelivered(url: str) -> list[int]:
    """How often each that lies in the queue was given back, this look counted."""
    with connect(url) as connection:
        channel = connection.channel()
        while channel.basic_get(RECIPIENT)[0] is not None:
            pass
    found = []
    with connect(url) as connection:
        channel = connection.channel()
        while (got := channel.basic_get(RECIPIENT))[0] is not None:
            found.append(int(got[1].headers["x-delivery-count"]))
    return found


@pytest.mark.parametrize("status", [500, 401, 404, 307])
def test_a_server_that_takes_nothing_gets_one_at_a_time_until_it_does(
    store: Store, declared: str, panel: Panel, tmp_path: Path, status: int
) -> None:
    clock = Clock()
    panel.reply = say(status, Location="http://localhost/")
    with posting(declared, store, webhook(panel, tmp_path), clock=clock):
        failed = COUNTERS.value(POSTED, outcome="failed")
        queued(declared, *map(told, range(5)))
        for tries in range(1, 4):
            counted("failed", failed + tries)
            clock.forward(90)
        assert set(panel.ids) == {told(0)["delivery"]}
        for tries in range(4, 8):
            counted("failed", failed + tries)
            clock.forward(1801)
        eventually(lambda: ready(declared, RECIPIENT) >= 4)
        panel.reply = None

        def all_there() -> bool:
            clock.forward(600)
            return len(set(panel.ids)) == 5

        eventually(all_there)
    assert lies_in(declared, RECIPIENT) == []


def test_one_recipients_server_keeps_nobody_elses_waiting(store: Store, declared: str, tmp_path: Path) -> None:
    with panel_at() as gone:
        pass
    with panel_at() as panel:
        both = webhook(gone, tmp_path, "jar.JAR-BERKS"), webhook(panel, tmp_path)
        send(declared, death(4))
        with working(declared, store, prepared(declared, tmp_path)), posting(declared, store, *both):
            eventually(lambda: len(panel.posted) == 1)
            eventually(lambda: ready(declared, RECIPIENT) == 0)
    eventually(lambda: ready(declared, "jar.JAR-BERKS") == 1)


def test_its_account_reads_what_recipients_are_sent_and_writes_nothing(
    store: Store, declared: str, vhost: str, broker: Broker, management: Management, panel: Panel, tmp_path: Path
) -> None:
    name = put_user(management, vhost, load_topology().roles["webhooks"], "for-the-test", {})
    own = f"amqp://{name}:for-the-test@{broker.on(vhost).rpartition('@')[2]}"
    try:
        queued(declared, told(1))
        with posting(own, store, webhook(panel, tmp_path)):
            eventually(lambda: panel.ids == [told(1)["delivery"]])
            eventually(lambda: ready(declared, RECIPIENT) == 0)
        for forbidden in ("intake.police", "refused.police", "dead.deliveries"):
            with connect(own) as connection, pytest.raises(ChannelClosedByBroker) as refused:
                connection.channel().basic_get(forbidden)
            assert refused.value.reply_code == 403
        for exchange, key in ((CASES, RECIPIENT), ("cdr.intake", "police.E23000038"), ("", RECIPIENT)):
            with connect(own) as connection:
                channel = connection.channel()
                channel.confirm_delivery()
                with pytest.raises(ChannelClosedByBroker) as refused:
                    channel.basic_publish(exchange, key, b"{}")
            assert refused.value.reply_code == 403
    finally:
        management.delete("users", name)


def test_what_is_no_delivery_goes_to_the_dead_ones(store: Store, declared: str, panel: Panel, tmp_path: Path) -> None:
    with Publisher(declared, "somebody") as publisher:
        assert publisher.wait_ready(10)
        odd = Message(CASES, RECIPIENT, b"{}", "application/json", message_id="d-1\r\nHost: elsewhere")
        assert not any(publisher.publish_all([odd]))
    with posting(declared, store, webhook(panel, tmp_path)):
        queued(declared, told(1))
        eventually(lambda: panel.ids == [told(1)["delivery"]])
        eventually(lambda: ready(declared, "dead.deliveries") == 1)


def environment(store_url: str, amqp_url: str, folder: Path, webhooks: list[dict[str, Any]]) -> dict[str, str]:
    (folder / "cdr.toml").write_text("", encoding="utf-8")
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("CDR_")},
        **keys_in_the_environment(),
        "CDR_CONFIG": str(folder / "cdr.toml"),
        "CDR_AMQP_URL": amqp_url,
        "CDR_DATABASE_URL": store_url,
        "CDR_WEBHOOKS": json.dumps(webhooks),
    }


def test_a_delivery_goes_again_under_its_id_where_the_process_died_after_posting_it(
    store: Store, database_url: str, declared: str, panel: Panel, tmp_path: Path
) -> None:
    panel.reply = answering("acknowledge")
    send(declared, death(5))
    with working(declared, store, prepared(declared, tmp_path)):
        eventually(lambda: ready(declared, RECIPIENT) == 1)
    told = environment(database_url, declared, tmp_path, [webhook(panel, tmp_path)])
    died = subprocess.run(
        COMMAND,
        env=told | {"CDR_FAULTS": "webhooks.posted=die@1"},
        cwd=tmp_path,
        capture_output=True,
        timeout=240,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()[-2000:]
    assert (len(panel.posted), list(states(store).values())) == (1, ["waiting"])
    process = subprocess.Popen(
        COMMAND, env=told | {"CDR_WORKER_HTTP_PORT": "0"}, cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        lines = (json.loads(line) for line in process.stderr)
        port = next(line["port"] for line in lines if line["text"] == "the process can be looked at")
        eventually(lambda: list(states(store).values()) == ["acknowledged"], 60)
        eventually(lambda: httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200)
        parts = httpx.get(f"http://127.0.0.1:{port}/health/ready").json()["parts"]
        assert parts == {"broker": "ok", "store": "ok", "webhooks": "ok"}
        token = Identities(store).add("prometheus", "operator").text
        numbers = httpx.get(f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {token}"}).text
        assert f'cdr_webhook_silent_seconds{{queue="{RECIPIENT}"}} 0.0' in numbers
        assert 'cdr_webhook_posted_total{outcome="taken"} 1.0' in numbers
    finally:
        process.terminate()
        process.stderr.close()
        assert process.wait(60) == 0
    (first, body), (second, again) = panel.posted
    assert (first["webhook-id"], body) == (second["webhook-id"], again)
    assert lies_in(declared, RECIPIENT) == []
    assert overview.alarms(store) == ()


def test_a_store_that_is_away_loses_no_answer(store: Store, declared: str, panel: Panel, tmp_path: Path) -> None:
    from integration_engine.gateway.ports import StoreAway

    clock = Clock()
    panel.reply = answering("acknowledge")
    send(declared, death(6))
    with working(declared, store, prepared(declared, tmp_path)):
        eventually(lambda: ready(declared, RECIPIENT) == 1)
    away = [True]
    with posting(declared, store, webhook(panel, tmp_path), clock=clock) as webhooks:
        inbox = webhooks._carriers[0]._inbox
        acknowledge = inbox.acknowledge

        def once_back(*said: Any) -> bool:
            if away:
                raise StoreAway
            return acknowledge(*said)

        inbox.acknowledge = once_back  # type: ignore[method-assign]
        eventually(lambda: len(panel.posted) == 1)
        away.clear()

        def entered() -> bool:
            clock.forward(6)
            return list(states(store).values()) == ["acknowledged"]

        eventually(entered)
    assert (len(panel.posted), lies_in(declared, RECIPIENT)) == (1, [])


def test_without_webhooks_set_up_the_commands_say_so(tmp_path: Path) -> None:
    (tmp_path / "cdr.toml").write_text("", encoding="utf-8")
    for words in (["run", "webhooks"], ["webhook", "check"]):
        command = [sys.executable, "-m", "integration_engine.cli", *words]
        said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        assert (said.returncode, "cdr.toml" in said.stderr) == (2, True)


def test_a_command_says_whether_each_can_be_reached_and_makes_a_secret(panel: Panel, tmp_path: Path) -> None:
    with panel_at() as gone:
        pass
    both = [webhook(panel, tmp_path), webhook(gone, tmp_path, "jar.JAR-BERKS")]
    told = environment("sqlite:///none.sqlite3", "amqp://localhost:1", tmp_path, both)
    command = [sys.executable, "-m", "integration_engine.cli", "webhook"]
    said = subprocess.run(
        [*command, "check", "--json"], env=told, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (said.returncode, json.loads(said.stdout)) == (1, {RECIPIENT: None, "jar.JAR-BERKS": "away"})
    made = subprocess.run([*command, "secret"], capture_output=True, text=True, timeout=60, check=True).stdout
    (tmp_path / f"secret-{RECIPIENT}").write_text(made)
    panel.secret = made.strip()
    alone = environment("sqlite:///none.sqlite3", "amqp://localhost:1", tmp_path, both[:1])
    said = subprocess.run(
        [*command, "check"], env=alone, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (said.returncode, said.stdout.split()) == (0, [RECIPIENT, "can", "be", "reached"])
    assert (panel.posted, panel.unsigned) == ([], [])
