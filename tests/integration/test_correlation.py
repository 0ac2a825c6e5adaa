"""One id follows a message from the door through the queue to the worker and its deliveries, and it is our own."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration_engine.broker.consumer import Pace
from integration_engine.broker.message import CORRELATION
from integration_engine.broker.topology import Topology
from integration_engine.monitoring.logs import JsonLines, is_own, new_id
from integration_engine.store.database import Store
from tests.gateway_house import house
from tests.store_samples import new_store
from tests.worker_samples import FORCE, death, eventually, ready, send, taken, working

Lines = Any


@pytest.fixture
def logged() -> Iterator[Lines]:
    """Gives the lines with a text, as they were logged meanwhile."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(JsonLines())
    logging.getLogger().addHandler(handler)
    yield lambda text: [line for line in map(json.loads, out.getvalue().splitlines()) if line["text"] == text]
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[Store]:
    opened = new_store(sqlite_url)
    yield opened
    opened.close()


def _ids(messages: list[Any]) -> set[str]:
    return {properties.headers[CORRELATION] for properties, _ in messages}


def test_an_id_of_ours_spells_no_name_no_word_and_no_number() -> None:
    """It is read out on the telephone and stands on pages of refusal, where a name would be taken for a child's."""
    letters = set("".join(new_id() for _ in range(500)))
    assert letters == set("bcdfghjklmnpqrst")
    assert is_own(new_id())
    assert is_own("abcdefghijklmnop"), "one made by an earlier release, still in a queue"


def test_a_message_keeps_its_id_from_the_door_to_its_deliveries(
    amqp_url: str, topology: Topology, sqlite_url: str, tmp_path: Path, logged: Lines
) -> None:
    with house(amqp_url, sqlite_url, tmp_path) as doors:
        asked = {"X-Request-Id": "their-own-trace"}
        assert doors.send(FORCE, "/police/reports", death(1), "application/json", **asked).status_code == 202
        with working(amqp_url, doors.store, topology):
            eventually(lambda: ready(amqp_url, "cdop.BERKS") == 1)
    (at_the_door,) = logged("a message is taken")
    own = at_the_door["correlation"]
    assert is_own(own)
    assert at_the_door["request"] == "their-own-trace"
    (done,) = logged("a batch is done")
    assert (done["correlation"], done["messages"], done["count"]) == (own, [own], 1)
    assert "request" not in done
    assert _ids(taken(amqp_url, "cdop.BERKS")) == {own}
    assert _ids(taken(amqp_url, "jar.JAR-BERKS")) == {own}


def test_in_a_batch_lines_and_deliveries_carry_the_id_of_their_own_message_and_the_batch_names_all(
    amqp_url: str, topology: Topology, sqlite_store: Store, logged: Lines
) -> None:
    good, bad = new_id(), new_id()
    send(amqp_url, death(1), headers={CORRELATION: good})
    send(amqp_url, b'{"schema": "no police report"', headers={CORRELATION: bad})
    with working(amqp_url, sqlite_store, topology, pace=Pace(2, 20.0, 10)):
        eventually(lambda: ready(amqp_url, "cdop.BERKS") == 1)
    (done,) = logged("a batch is done")
    assert set(done["messages"]) == {good, bad}
    (refused,) = logged("a message is refused")
    assert refused["correlation"] == bad
    assert _ids(taken(amqp_url, "refused.police")) == {bad}
    assert _ids(taken(amqp_url, "cdop.BERKS")) == {good}
    assert done["correlation"] not in {good, bad}


def test_what_came_of_two_messages_of_a_batch_names_both_and_not_their_neighbour(
    amqp_url: str, topology: Topology, sqlite_store: Store
) -> None:
    first, second, neighbour = new_id(), new_id(), new_id()
    send(amqp_url, death(1), headers={CORRELATION: first})
    send(amqp_url, death(2), headers={CORRELATION: neighbour})
    send(amqp_url, json.dumps(json.loads(death(1)) | {"version": 2}).encode(), headers={CORRELATION: second})
    with working(amqp_url, sqlite_store, topology, pace=Pace(3, 20.0, 10)):
        eventually(lambda: ready(amqp_url, "cdop.BERKS") == 2)
    assert _ids(taken(amqp_url, "cdop.BERKS")) == {",".join(sorted((first, second))), neighbour}


def test_an_id_that_a_partner_wrote_past_our_doors_is_never_used(
    amqp_url: str, topology: Topology, sqlite_store: Store, logged: Lines
) -> None:
    theirs = new_id()
    send(amqp_url, death(1), user=None, headers={CORRELATION: theirs})
    send(amqp_url, death(2), user=None, headers={CORRELATION: "Wren Quill 9991000003"})
    with working(amqp_url, sqlite_store, topology):
        eventually(lambda: ready(amqp_url, "refused.police") == 2)
    given = _ids(taken(amqp_url, "refused.police"))
    assert len(given) == 2
    assert all(map(is_own, given))
    assert theirs not in given
    assert {line["correlation"] for line in logged("a message is refused")} == given


def test_a_message_that_is_put_off_keeps_its_id_until_it_is_dead(
    amqp_url: str, topology: Topology, sqlite_store: Store, logged: Lines
) -> None:
    def broken(*_: object, **__: object) -> Any:
        raise RuntimeError("ours")

    own = new_id()
    send(amqp_url, death(1), headers={CORRELATION: own})
    with working(amqp_url, sqlite_store, topology, read=broken):
        eventually(lambda: ready(amqp_url, "dead.police") == 1)
    assert _ids(taken(amqp_url, "dead.police")) == {own}
    put_off, dead = logged("a message raised and is put off"), logged("a message is dead")
    assert len(put_off) == 2
    assert {line["correlation"] for line in (*put_off, *dead)} == {own}
