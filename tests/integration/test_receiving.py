"""A recipient's own side against a real broker and a real gateway: killed at any moment, sent everything twice and out of
order, it has each delivery once and each case as last told."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pika
import pytest

from integration_engine.broker.connection import connect
from integration_engine.broker.declare import apply_topology
from integration_engine.broker.topology import Topology, load_topology
from integration_engine.receiving.kept import Kept, NotADelivery
from integration_engine.store.database import Store
from tests.gateway_house import House, house
from tests.worker_samples import consumers, death, eventually, ready, send, working

PANEL = "cdop.BERKS"
DEATHS = 40


def delivery(serial: int, version: int = 1, kind: str = "new", **also: Any) -> dict[str, Any]:
    heading = {"schema": "case-delivery/1", "delivery": f"d-{serial}-{version}", "case": f"c-{serial}"}
    return heading | {"version": version, "kind": kind, "record": {"child": {"family_name": "Quill"}}} | also


def held(folder: Path) -> dict[str, int]:
    """The version of each case, as its file says."""
    files = (json.loads(file.read_text()) for file in (folder / "cases").glob("*.json"))
    return {told["case"]: told["version"] for told in files}


def deliveries(folder: Path) -> set[str]:
    return {file.stem for file in (folder / "deliveries").glob("*.json")}


def test_each_delivery_is_taken_once_and_no_case_goes_back_to_an_older_version(tmp_path: Path) -> None:
    sent = [delivery(serial, version) for serial in range(5) for version in (1, 2, 4)] * 3
    random.Random(7).shuffle(sent)
    with Kept(tmp_path) as kept:
        took = [kept.take(json.dumps(each).encode()) for each in sent]
    assert took.count("again") == 30
    assert held(tmp_path) == {f"c-{serial}": 4 for serial in range(5)}
    assert len(deliveries(tmp_path)) == 15
    with Kept(tmp_path) as kept:
        assert kept.take(sent[0]) == "again", "also after a restart"


def test_a_withdrawal_takes_away_what_was_told_of_its_case_and_what_comes_late_stays_away(tmp_path: Path) -> None:
    with Kept(tmp_path) as kept:
        kept.take(delivery(1, 1))
        kept.take(delivery(2, 1))
        taken_back = delivery(1, 3, "withdraw")
        del taken_back["record"]
        assert kept.take(taken_back) == "new"
        assert kept.take(delivery(1, 2, "update")) == "older"
    assert deliveries(tmp_path) == {"d-2-1", "d-1-3"}
    assert "Quill" not in (tmp_path / "cases" / "c-1.json").read_text()
    with Kept(tmp_path) as kept:
        assert kept.take(delivery(1, 4)) == "new", "a death may be told again"
    assert held(tmp_path)["c-1"] == 4


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"{}", delivery(1, version=1) | {"case": "../../etc/passwd"}, delivery(1) | {"version": "1"}],
)
def test_what_is_no_delivery_is_refused_without_a_word_of_what_it_holds(tmp_path: Path, body: bytes) -> None:
    with Kept(tmp_path) as kept, pytest.raises(NotADelivery) as refused:
        kept.take(body)
    assert "Quill" not in str(refused.value)
    assert not deliveries(tmp_path)


def test_nobody_else_may_read_what_is_kept(tmp_path: Path) -> None:
    with Kept(tmp_path / "in") as kept:
        kept.take(delivery(1))
    for each in (tmp_path / "in").rglob("*"):
        if each.suffix in (".json", ".sqlite3") or each.is_dir():
            assert each.stat().st_mode & 0o077 == 0, each.name


def _command(folder: Path, *arguments: str) -> list[str]:
    """``cdr cdop receive`` as a panel runs it."""
    receive = ["-m", "integration_engine.cli", "cdop", "receive", PANEL, "--to", str(folder)]
    return [sys.executable, *receive, *arguments]


def _receiving(folder: Path, environment: Mapping[str, str], *arguments: str) -> "subprocess.Popen[bytes]":
    whole = {**os.environ, **environment}
    return subprocess.Popen(_command(folder, *arguments), env=whole, stderr=subprocess.DEVNULL)


def _killed_again_and_again(
    folder: Path, environment: Mapping[str, str], *arguments: str, noticed: Callable[[], bool] = lambda: True
) -> None:
    """Killed in the midst of it three times, each time ``noticed``; then left to finish."""
    for least in (1, 8, 16):
        process = _receiving(folder, environment, *arguments)
        while len(deliveries(folder)) < least and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
        eventually(noticed)
    finishing = _receiving(folder, environment, *arguments, "--once")
    assert finishing.wait(60) == 0


def _decided(url: str, store: Store, topology: Topology) -> None:
    with working(url, store, topology):
        send(url, *map(death, range(DEATHS)))
        eventually(lambda: ready(url, PANEL) == DEATHS)


@pytest.fixture
def topology(amqp_url: str) -> Topology:
    topology = load_topology().only(
        "intake.", "refused.", "dead.", "delay.", "cdop.BERKS", "jar.JAR-BERKS", "national.ncmd"
    )
    apply_topology(topology, amqp_url)
    return topology


def _told_twice(url: str) -> None:
    """Put everything in the queue a second time, in another order, as a broker in trouble may."""
    with connect(url) as connection:
        channel = connection.channel()
        found: list[tuple[pika.BasicProperties, bytes]] = []
        while (got := channel.basic_get(PANEL, auto_ack=True))[0] is not None:
            found.append((got[1], got[2]))
        found += found
        random.Random(3).shuffle(found)
        for properties, body in found:
            channel.basic_publish("cdr.cases", PANEL, body, properties)


def test_a_queue_s_reader_killed_at_any_moment_has_every_delivery_once(
    amqp_url: str, sqlite_url: str, tmp_path: Path, topology: Topology
) -> None:
    with house(amqp_url, sqlite_url, tmp_path) as doors:
        _decided(amqp_url, doors.store, topology)
        _told_twice(amqp_url)
        folder = tmp_path / "in"
        environment = {"CDR_CDOP_AMQP_URL": amqp_url, "CDR_CDOP_TOKEN": doors.tokens["BERKS"]}
        # until the broker has noticed, what the dead one had in hand isn't in the queue
        _killed_again_and_again(
            folder,
            environment,
            *("--queue", "--inbox", str(doors.client.base_url)),
            noticed=lambda: consumers(amqp_url, PANEL) == 0,
        )
        assert ready(amqp_url, PANEL) == 0
        assert len(deliveries(folder)) == len(held(folder)) == DEATHS
        _all_acknowledged(doors, folder)


def test_an_inbox_s_reader_killed_at_any_moment_has_every_delivery_once(
    amqp_url: str, sqlite_url: str, tmp_path: Path, topology: Topology
) -> None:
    with house(amqp_url, sqlite_url, tmp_path) as doors:
        _decided(amqp_url, doors.store, topology)
        folder = tmp_path / "in"
        environment = {"CDR_CDOP_TOKEN": doors.tokens["BERKS"]}
        _killed_again_and_again(folder, environment, "--inbox", str(doors.client.base_url), "--every", "0.2")
        assert len(deliveries(folder)) == len(held(folder)) == DEATHS
        _all_acknowledged(doors, folder)


def _all_acknowledged(doors: House, folder: Path) -> None:
    page = doors.get("BERKS", "/cdop/BERKS/deliveries?limit=200").json()
    assert {each["delivery"] for each in page["deliveries"]} == deliveries(folder)
    assert {each["state"] for each in page["deliveries"]} == {"acknowledged"}


def test_withdrawals_may_be_left_for_a_person_to_acknowledge(tmp_path: Path) -> None:
    from integration_engine.receiving.inbox import Inbox, InboxAway

    with Kept(tmp_path) as kept:
        kept.take(delivery(1, 1, "withdraw"))
        Inbox("http://127.0.0.1:9", PANEL, "t", leave_withdrawals=True).acknowledge(kept)
        assert list(kept.untold()) == [("d-1-1", "withdraw")]
        with pytest.raises(InboxAway):
            Inbox("http://127.0.0.1:9", PANEL, "t").acknowledge(kept)


def test_a_wrong_token_ends_it_with_a_sentence(amqp_url: str, sqlite_url: str, tmp_path: Path) -> None:
    apply_topology(load_topology().only("intake.", "dead."), amqp_url)
    with house(amqp_url, sqlite_url, tmp_path) as doors:
        done = subprocess.run(
            _command(tmp_path / "in", "--inbox", str(doors.client.base_url), "--once"),
            env={**os.environ, "CDR_CDOP_TOKEN": "nobody's"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "the inbox answered 401" in done.stderr
