"""A trace follows a message from the door through the queue to its deliveries, and says nothing about a child."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext, SpanKind

from integration_engine.broker.consumer import Pace
from integration_engine.broker.topology import Topology
from integration_engine.monitoring import tracing
from integration_engine.monitoring.spans import Recorded
from integration_engine.monitoring.timing import time_transactions
from integration_engine.store.database import Store
from tests.gateway_house import house
from tests.hl7_samples import death as hl7_death
from tests.hl7_samples import message, msh, pv1
from tests.integration.test_mllp_door import send as send_by_mllp
from tests.store_samples import new_store
from tests.worker_samples import FORCE, KEY, death, eventually, ready, send, taken, working

THEIRS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Recording:
    """The spans that ended since the test began."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.all() if span.name == name]

    def all(self) -> Sequence[ReadableSpan]:
        return self._exporter.get_finished_spans()


@pytest.fixture
def recorded() -> Iterator[Recording]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with tracing.turned_on(Recorded(provider)):
        yield Recording(exporter)


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[Store]:
    opened = new_store(sqlite_url)
    time_transactions(opened.engine)
    yield opened
    opened.close()


def traceparent(span: ReadableSpan) -> str:
    assert span.context
    return written_as(span.context)


def written_as(span: SpanContext) -> str:
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"


def carried(messages: list[Any]) -> list[str]:
    return [properties.headers[tracing.TRACEPARENT] for properties, _ in messages]


def written(spans: Sequence[ReadableSpan]) -> str:
    """Everything that would be exported of them."""
    return "\n".join(span.to_json() for span in spans)


def links_of(span: ReadableSpan) -> set[str]:
    return {written_as(link.context) for link in span.links}


def is_child(span: ReadableSpan, parent: ReadableSpan) -> bool:
    return bool(span.parent and parent.context and span.parent.span_id == parent.context.span_id)


def test_a_message_is_one_trace_from_the_http_door_to_what_its_recipients_get(
    amqp_url: str, topology: Topology, sqlite_url: str, tmp_path: Path, recorded: Recording
) -> None:
    with house(amqp_url, sqlite_url, tmp_path) as doors:
        assert doors.send(FORCE, "/police/reports", death(1), "application/json").status_code == 202
        with working(amqp_url, doors.store, topology):
            eventually(lambda: ready(amqp_url, "cdop.BERKS") == 1)
    (door,) = recorded.named("POST /police/reports")
    (queued,) = recorded.named("publish cdr.intake")
    (batch,) = recorded.named("process intake")
    delivered = recorded.named("publish cdr.cases")
    assert [span.kind for span in (door, queued, batch)] == [SpanKind.SERVER, SpanKind.PRODUCER, SpanKind.CONSUMER]
    assert door.parent is None
    assert is_child(queued, door)
    assert is_child(batch, queued)
    assert links_of(batch) == {traceparent(queued)}
    assert len(delivered) > 1
    assert all(is_child(span, batch) for span in delivered)
    assert any(is_child(span, batch) for span in recorded.named("transaction"))
    got = taken(amqp_url, "cdop.BERKS") + taken(amqp_url, "jar.JAR-BERKS")
    assert set(carried(got)) <= set(map(traceparent, delivered))
    assert len(set(carried(got))) == len(got) == 2
    assert door.attributes
    assert door.attributes["http.response.status_code"] == 202
    assert batch.attributes
    assert batch.attributes["cdr.correlation"] == door.attributes["cdr.correlation"]


def test_a_message_over_mllp_is_one_trace_too_and_an_error_says_how_it_was_acknowledged(
    amqp_url: str,
    topology: Topology,
    sqlite_url: str,
    tmp_path: Path,
    recorded: Recording,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CDR_MLLP", '[{"port": 0}]')
    broken = message(msh(), pv1(f36="4"))
    with house(amqp_url, sqlite_url, tmp_path, mllp=True) as doors:
        assert [said[1] for said in send_by_mllp(doors, hl7_death(), broken)] == ["AA", "AE"]
    good, bad = recorded.named("MLLP message")
    (queued,) = recorded.named("publish cdr.intake")
    assert is_child(queued, good)
    assert carried(taken(amqp_url, "intake.hospital-hl7")) == [traceparent(queued)]
    assert good.attributes
    assert good.attributes["cdr.acknowledgement"] == "AA"
    assert good.status.is_unset
    assert bad.attributes
    assert bad.attributes["cdr.acknowledgement"] == bad.attributes["error.type"] == "AE"
    assert not bad.status.is_ok


def test_a_batch_links_to_the_spans_of_all_its_messages(
    amqp_url: str, topology: Topology, sqlite_store: Store, recorded: Recording
) -> None:
    came = [f"00-{number:032x}-{number:016x}-01" for number in (1, 2, 3)]
    for serial, traced in enumerate(came):
        send(amqp_url, death(serial), headers={tracing.TRACEPARENT: traced})
    with working(amqp_url, sqlite_store, topology, pace=Pace(3, 20.0, 10)):
        eventually(lambda: ready(amqp_url, "cdop.BERKS") == 3)
    (batch,) = recorded.named("process intake")
    assert batch.parent is None
    assert links_of(batch) == set(came)
    assert batch.attributes
    assert batch.attributes["messaging.batch.message_count"] == 3
    assert batch.attributes["messaging.destination.name"] == "intake.police"
    assert all(is_child(span, batch) for span in recorded.named("publish cdr.cases"))


def test_what_is_put_off_goes_on_from_the_batch_that_put_it_off(
    amqp_url: str, topology: Topology, sqlite_store: Store, recorded: Recording
) -> None:
    def broken(*_: object, **__: object) -> Any:
        raise RuntimeError("Wren Quill 9991000003")

    send(amqp_url, death(1), headers={tracing.TRACEPARENT: THEIRS})
    with working(amqp_url, sqlite_store, topology, read=broken):
        eventually(lambda: ready(amqp_url, "dead.police") == 1)
    assert len(recorded.named("process intake")) == 3
    assert {f"{span.context.trace_id:032x}" for span in recorded.all() if span.context} == {THEIRS.split("-")[1]}
    (last,) = recorded.named("publish cdr.refused")
    assert carried(taken(amqp_url, "dead.police")) == [traceparent(last)]
    assert "9991000003" not in written(recorded.all())


def test_a_partners_own_trace_is_a_link_by_http_and_no_more(
    amqp_url: str, topology: Topology, sqlite_url: str, tmp_path: Path, recorded: Recording
) -> None:
    asked = {"traceparent": THEIRS, "tracestate": "x=Wren", "baggage": "child=Quill", "b3": THEIRS}
    with house(amqp_url, sqlite_url, tmp_path) as doors:
        assert doors.send(FORCE, "/police/reports", death(1), "application/json", **asked).status_code == 202
    (door,) = recorded.named("POST /police/reports")
    (queued,) = recorded.named("publish cdr.intake")
    assert door.parent is None
    assert links_of(door) == {THEIRS}
    ((properties, _),) = taken(amqp_url, "intake.police")
    assert properties.headers[tracing.TRACEPARENT] == traceparent(queued)
    assert THEIRS.split("-")[1] not in properties.headers[tracing.TRACEPARENT]
    assert not properties.headers.keys() & {"tracestate", "baggage", "b3"}
    assert "Wren" not in written(recorded.all())
    assert "Quill" not in written(recorded.all())


def test_a_partners_own_trace_is_a_link_by_amqp_and_goes_no_further(
    amqp_url: str, topology: Topology, sqlite_store: Store, recorded: Recording
) -> None:
    own = {tracing.TRACEPARENT: THEIRS, "baggage": "child=Quill", "tracestate": "x=Wren"}
    # sent by nobody we know, so that it is refused: what goes on with it is ours
    send(amqp_url, death(1), user=None, headers=own)
    with working(amqp_url, sqlite_store, topology):
        eventually(lambda: ready(amqp_url, "refused.police") == 1)
    (batch,) = recorded.named("process intake")
    assert batch.parent is None
    assert links_of(batch) == {THEIRS}
    ((properties, _),) = taken(amqp_url, "refused.police")
    assert not properties.headers.keys() & {"baggage", "tracestate"}
    assert THEIRS.split("-")[1] not in properties.headers[tracing.TRACEPARENT]


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        "Wren Quill 9991000003",
        "00-Wren",
        "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        THEIRS + "-Quill",
        THEIRS + "\n",
        "00-" + "a" * 60_000,
        7,
        {"traceparent": THEIRS},
    ],
)
def test_a_malformed_one_harms_nobody_and_none_of_it_is_used(
    amqp_url: str, topology: Topology, sqlite_store: Store, recorded: Recording, hostile: Any
) -> None:
    send(amqp_url, death(1), headers={tracing.TRACEPARENT: hostile})
    with working(amqp_url, sqlite_store, topology):
        eventually(lambda: ready(amqp_url, "cdop.BERKS") == 1)
    (batch,) = recorded.named("process intake")
    assert batch.parent is None
    assert not batch.links
    assert carried(taken(amqp_url, "cdop.BERKS"))[0] in set(map(traceparent, recorded.named("publish cdr.cases")))
    assert "Quill" not in written(recorded.all())


def test_no_span_says_anything_about_the_child_or_its_case(
    amqp_url: str, topology: Topology, sqlite_url: str, tmp_path: Path, recorded: Recording
) -> None:
    body = death(1234)
    person = json.loads(body)["persons"][0]
    told = [person[name] for name in ("family_name", "given_names", "date_of_birth", "nhs_number")]
    path = f"/police/reports?child={told[0]}"
    with house(amqp_url, sqlite_url, tmp_path) as doors:
        assert doors.send(FORCE, path, body, "application/json").status_code == 202
        assert doors.send(FORCE, path, body[:-9], "application/json").status_code == 400
        with working(amqp_url, doors.store, topology):
            eventually(lambda: ready(amqp_url, "cdop.BERKS") == 1)
        ((got, _),) = taken(amqp_url, "cdop.BERKS")
        answer = doors.send("BERKS", f"/cdop/BERKS/deliveries/{got.message_id}/acknowledge", b"", "text/plain")
        assert answer.status_code == 204
        doors.client.request(told[0].upper(), "/console")
        doors.client.get("/" + "/".join(told))
    told += [got.message_id, got.headers["cdr-case"], json.loads(body)["report_id"]]
    spans = recorded.all()
    assert len(recorded.named("POST /police/reports")) == 2
    assert [span for span in spans if span.name.endswith("/acknowledge")]
    text = written(spans).casefold()
    assert [each for each in told if each.casefold() in text] == []
    assert {name for span in spans for name in span.attributes or {}} <= tracing.ATTRIBUTES
    assert not [span for span in spans if span.events]


def test_a_step_that_fails_says_the_type_of_its_error_and_no_more(
    amqp_url: str, topology: Topology, sqlite_store: Store, recorded: Recording
) -> None:
    with pytest.raises(ValueError, match="Quill"), tracing.during("a step"):
        raise ValueError("Quill, 9991000003")
    (step,) = recorded.named("a step")
    assert step.attributes == {"error.type": "ValueError"}
    assert step.status.description is None
    assert not step.events


def test_with_tracing_off_nothing_of_a_trace_is_carried(amqp_url: str, topology: Topology, sqlite_store: Store) -> None:
    send(amqp_url, death(1), key=KEY, headers={tracing.TRACEPARENT: THEIRS})
    with working(amqp_url, sqlite_store, topology):
        eventually(lambda: ready(amqp_url, "cdop.BERKS") == 1)
    ((properties, _),) = taken(amqp_url, "cdop.BERKS")
    assert tracing.TRACEPARENT not in properties.headers
