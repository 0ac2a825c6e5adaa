"""When traces are asked for, and what happens where they can't be had: the engine works without."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from integration_engine.monitoring import tracing
from integration_engine.monitoring.spans import exported
from tests.unit.test_docs_settings import WATCHING

NOBODY_THERE = "http://127.0.0.1:9"
ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": NOBODY_THERE}


@contextmanager
def environment(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Iterator[None]:
    with monkeypatch.context() as patch:
        for name, value in {"OTEL_EXPORTER_OTLP_TIMEOUT": "0.1", **variables}.items():
            patch.setenv(name, value)
        with tracing.exporting("cdr-worker"):
            yield


@pytest.mark.parametrize(
    ("variables", "on"),
    [
        ({}, False),
        (ENDPOINT, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": NOBODY_THERE + "/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp", **ENDPOINT}, True),
        ({"OTEL_TRACES_EXPORTER": "none", **ENDPOINT}, False),
        ({"OTEL_SDK_DISABLED": "true", **ENDPOINT}, False),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": NOBODY_THERE}, False),
    ],
)
def test_traces_are_exported_where_an_operator_says_where_to(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], on: bool
) -> None:
    with environment(monkeypatch, **variables):
        assert tracing.on() is on
    assert not tracing.on()


@pytest.mark.parametrize(
    "variables",
    [
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
        {"OTEL_TRACES_EXPORTER": "zipkin"},
        {"OTEL_SPAN_LINK_COUNT_LIMIT": "9991000003"[::-1] + "x"},
    ],
)
def test_what_cannot_be_done_is_said_in_the_log_and_the_engine_works_without(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, variables: dict[str, str]
) -> None:
    with environment(monkeypatch, **ENDPOINT, **variables):
        assert not tracing.on()
        with tracing.during("a step") as span:
            assert span.carried == {}
    assert [record.getMessage()[:25] for record in caplog.records if record.levelno == logging.ERROR] == [
        "traces can't be exported:"
    ]


def test_a_collector_that_is_away_is_told_of_once_and_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with environment(monkeypatch, OTEL_BSP_MAX_EXPORT_BATCH_SIZE="1", **ENDPOINT):
        for _ in range(3):
            with tracing.during("a step"):
                pass
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        "traces are not taken and are lost"
    ]


def test_a_batch_may_link_to_as_many_messages_as_a_batch_may_have() -> None:
    spans, close = exported("cdr-worker")
    links = [f"00-{number:032x}-{number:016x}-01" for number in range(1, 5001)]
    with spans.during("process intake", "consumer", {}, None, links) as span:
        assert len(span._span.links) == 5000  # type: ignore[attr-defined]
    close()


def test_every_attribute_of_a_span_stands_in_the_docs_and_no_other() -> None:
    table = WATCHING.partition("| attribute | says |")[2].partition("\n\n")[0]
    told = [line.split("|")[1].strip(" `") for line in table.splitlines()[2:]]
    assert sorted(told) == sorted(tracing.ATTRIBUTES)
