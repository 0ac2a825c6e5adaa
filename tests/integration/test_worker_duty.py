"""What the worker owes: the effect first, then the acknowledgement; wrong input back with reasons; our bugs laid aside."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters import registry
from adapters.adapter import Reading, Submission
from integration_engine.broker.publisher import Publisher
from integration_engine.broker.topology import Topology
from integration_engine.courier import Courier
from integration_engine.pipeline import process
from integration_engine.routing.reference import bundled
from integration_engine.routing.route import Switches
from integration_engine.security.identity import Principal
from integration_engine.store import audit, outbox, overview
from integration_engine.store.database import Store
from tests.store_samples import new_store
from tests.worker_samples import FORCE, KEY, death, eventually, prepared, ready, send, taken, working

_NOW = datetime.now(UTC)


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[Store]:
    opened = new_store(sqlite_url)
    yield opened
    opened.close()


def test_a_report_becomes_a_case_at_its_panel_and_nothing_is_left_behind(
    amqp_url: str, store: Store, topology: Topology
) -> None:
    send(amqp_url, *map(death, range(1, 21)))
    with working(amqp_url, store, topology):
        eventually(lambda: ready(amqp_url, "cdop.BERKS") == 20 and not outbox.depth(store).waiting)
    assert ready(amqp_url, "intake.police") == 0
    assert (ready(amqp_url, "jar.JAR-BERKS"), ready(amqp_url, "national.ncmd")) == (20, 20)
    deliveries = taken(amqp_url, "cdop.BERKS")
    for properties, body in deliveries:
        content = json.loads(body)
        assert content["schema"] == "case-delivery/1"
        assert (properties.message_id, properties.type) == (content["delivery"], content["kind"])
        assert (properties.headers["cdr-case"], properties.headers["cdr-version"]) == (
            content["case"],
            content["version"],
        )
    assert len({properties.message_id for properties, _ in deliveries}) == 20
    assert audit.verify(store).broken is None


def test_the_same_report_again_delivers_nothing_again(amqp_url: str, sqlite_store: Store, topology: Topology) -> None:
    send(amqp_url, death(1), death(1))
    with working(amqp_url, sqlite_store, topology):
        eventually(lambda: ready(amqp_url, "cdop.BERKS") == 1)
        send(amqp_url, death(1), death(2))
        eventually(lambda: ready(amqp_url, "cdop.BERKS") == 2)
    assert ready(amqp_url, "intake.police") == 0
    assert len(overview.recent_cases(sqlite_store)) == 2


def test_what_cannot_concern_us_is_counted_and_nothing_of_it_kept(
    amqp_url: str, sqlite_store: Store, topology: Topology
) -> None:
    noise = (
        b"MSH|^~\\&|PAS|RXX|CDR|CDR|20260309||ADT^A01|M%d|P|2.4\rPID|1||H%d^^^RXX^MR||SMITH^ANN||19600101|F\rPV1|1|I\r"
    )
    send(amqp_url, *[noise % (n, n) for n in range(300)], key="hospital-hl7.RXX")
    with working(amqp_url, sqlite_store, topology):
        eventually(lambda: _counted(sqlite_store, "passed-over") == 300)
    assert ready(amqp_url, "intake.hospital-hl7") == 0
    assert overview.recent_cases(sqlite_store) == ()


def test_wrong_input_goes_to_the_refused_queue_with_reasons_and_no_values(
    amqp_url: str, sqlite_store: Store, topology: Topology
) -> None:
    wrong = death(7).replace(b"2026-03-09T04:10:00Z", b"the ninth, Wrenhaaa")
    broken = b'{"schema": "police-sudden-death/1", "force": '
    send(amqp_url, death(1), broken, death(2), wrong)
    with working(amqp_url, sqlite_store, topology):
        eventually(lambda: ready(amqp_url, "cdop.BERKS") >= 2 and ready(amqp_url, "refused.police") >= 1)
        eventually(lambda: ready(amqp_url, "intake.police") == 0)
    refused = {body: properties for properties, body in taken(amqp_url, "refused.police")}
    assert broken in refused
    for properties in refused.values():
        reasons = json.loads(properties.headers["cdr-reasons"])
        assert reasons[0]["reason"] == properties.headers["cdr-reason"]
        assert reasons[0]["problems"]
        assert properties.headers["cdr-partner"] == FORCE
        assert "Wren" not in properties.headers["cdr-reasons"]
        assert properties.message_id.startswith("refused-")


@pytest.mark.parametrize(
    ("key", "user", "reason"),
    [(KEY, None, "no-user"), ("police", "own", "bad-key")],
    ids=["published without a user", "a key that names no partner"],
)
def test_a_message_that_nothing_proves_is_refused_and_harms_no_neighbour(
    amqp_url: str, sqlite_store: Store, topology: Topology, key: str, user: str | None, reason: str
) -> None:
    send(amqp_url, death(1), key=key, user=user)
    send(amqp_url, death(2))
    with working(amqp_url, sqlite_store, topology):
        eventually(lambda: ready(amqp_url, "refused.police") == 1 and ready(amqp_url, "cdop.BERKS") == 1)
    [(properties, _)] = taken(amqp_url, "refused.police")
    assert properties.headers["cdr-reason"] == reason


@pytest.mark.parametrize(
    ("principal", "refused"),
    [
        (Principal(FORCE, "partner", frozenset({"police"})), 0),
        (Principal("E23000001", "partner", frozenset({"police"})), 1),
        (Principal(FORCE, "partner", frozenset({"coroner"})), 1),
        (None, 1),
    ],
    ids=["itself", "another force", "not a police force", "nobody we know"],
)
def test_a_partner_that_publishes_itself_speaks_for_itself_only(
    amqp_url: str,
    vhost: str,
    management: Any,
    broker: Any,
    sqlite_store: Store,
    topology: Topology,
    principal: Principal | None,
    refused: int,
) -> None:
    from integration_engine.broker.users import put_user, remove_user

    role, values = topology.roles["partner"], {"partner": FORCE, "kinds": "police"}
    user = put_user(management, vhost, role, "pass", values)
    try:
        host = broker.url.rsplit("@", 1)[1].rstrip("/")
        send(f"amqp://{user}:pass@{host}/{vhost}", death(1))
    finally:
        remove_user(management, role, values)
    with working(amqp_url, sqlite_store, topology, find=lambda code: principal if code == FORCE else None):
        eventually(lambda: ready(amqp_url, "refused.police") + ready(amqp_url, "cdop.BERKS") == 1)
    assert ready(amqp_url, "refused.police") == refused


def _raising_for(marks: tuple[bytes, ...], times: dict[bytes, int]) -> Any:
    """The adapters' reader with a bug in it: raises for a body with one of these marks, so many times."""

    def read(submission: Submission, kind: Any = None, **more: Any) -> Iterator[Reading]:
        for mark in marks:
            if mark in submission.body and times.get(mark, 10**6):
                times[mark] = times.get(mark, 10**6) - 1
                raise ZeroDivisionError(f"Wren {submission.body!r}")
        return registry.read(submission, kind, **more)

    return read


def test_a_message_that_raises_is_put_off_and_dies_alone_while_its_neighbours_get_through(
    amqp_url: str, store: Store, topology: Topology, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    send(amqp_url, *map(death, range(1, 31)))
    read = _raising_for((b"54-2026-000013", b"54-2026-000017"), {b"54-2026-000017": 1})
    with working(amqp_url, store, topology, read=read):
        eventually(lambda: ready(amqp_url, "dead.police") == 1 and ready(amqp_url, "cdop.BERKS") == 29)
    [(properties, body)] = taken(amqp_url, "dead.police")
    assert body == death(13)
    assert properties.headers["cdr-error"] == "ZeroDivisionError"
    assert properties.headers["cdr-attempt"] == 3
    assert "test_worker_duty.py" in properties.headers["cdr-raised"]
    assert len(overview.recent_cases(store)) == 29
    alerts = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert [record.getMessage() for record in alerts] == ["a message is dead"]
    assert "Wren" not in json.dumps([record.getMessage() for record in caplog.records])


def test_a_dead_message_is_taken_once_the_bug_is_gone(amqp_url: str, sqlite_store: Store, topology: Topology) -> None:
    send(amqp_url, death(1))
    with working(amqp_url, sqlite_store, topology, read=_raising_for((b"54-2026",), {})):
        eventually(lambda: ready(amqp_url, "dead.police") == 1)
    [(_, body)] = taken(amqp_url, "dead.police")
    send(amqp_url, body)
    with working(amqp_url, sqlite_store, topology):
        eventually(lambda: ready(amqp_url, "cdop.BERKS") == 1)


def test_what_a_dead_process_left_in_the_outbox_is_swept_up(amqp_url: str, store: Store, topology: Topology) -> None:
    rules: dict[str, Any] = {"reference": bundled(), "now": _NOW, "switches": Switches()}
    process(store, [Submission(death(1), _NOW, partner=FORCE)], kinds=["police"], **rules)
    assert outbox.depth(store).waiting == 3
    with Publisher(amqp_url, "t") as publisher:
        assert publisher.wait_ready(10)
        with Courier(store, publisher, sweep_after=timedelta(0)):
            eventually(lambda: outbox.depth(store).waiting == 0)
    assert [ready(amqp_url, queue) for queue in ("cdop.BERKS", "jar.JAR-BERKS", "national.ncmd")] == [1, 1, 1]


def test_a_delivery_without_a_queue_waits_and_is_never_lost(
    amqp_url: str, sqlite_store: Store, topology: Topology
) -> None:
    import pika

    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    connection.channel().queue_delete("cdop.BERKS")
    send(amqp_url, death(1))
    with working(amqp_url, sqlite_store, topology):
        eventually(lambda: outbox.depth(sqlite_store).waiting == 1)
    assert ready(amqp_url, "national.ncmd") == 1
    prepared(amqp_url, Path(sqlite_store.engine.url.database or "").parent)
    with Publisher(amqp_url, "t") as publisher:
        assert publisher.wait_ready(10)
        with Courier(sqlite_store, publisher, sweep_after=timedelta(0)):
            eventually(lambda: ready(amqp_url, "cdop.BERKS") == 1)
    connection.close()


def _counted(store: Store, verdict: str) -> int:
    since = date(2020, 1, 1)
    return sum(each.items for each in overview.counts(store, since) if each.verdict == verdict)
