"""Counters, health and logs say how the engine does, and nothing about a person."""

import asyncio
import io
import json
import logging
import threading
from collections.abc import Iterator

import pytest

from integration_engine.monitoring import logs
from integration_engine.monitoring.counters import HTTP_ANSWERS, MESSAGES, METRICS, Counters, describe
from integration_engine.monitoring.health import ask


@pytest.fixture
def drill() -> Iterator[str]:
    """A counter, a gauge and a histogram that only this test knows."""
    before = set(METRICS)
    describe("cdr_drill_total", "counter", "Drills.")
    describe("cdr_drill_waiting", "gauge", "Drills that wait.")
    describe("cdr_drill_depth", "gauge", "Drills by queue.", "queue")
    describe("cdr_drill_seconds", "histogram", "How long a drill took.")
    yield "cdr_drill"
    for name in METRICS.keys() - before:
        del METRICS[name]


@pytest.fixture
def lines() -> tuple[logging.Logger, io.StringIO]:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logs.JsonLines())
    logger = logging.Logger("test")
    logger.addHandler(handler)
    return logger, out


def test_a_log_line_is_one_json_object_with_the_correlation_id(lines: tuple[logging.Logger, io.StringIO]) -> None:
    logger, out = lines
    token = logs.correlation.set("r-1")
    logger.warning("refused", extra={"kind": "police", "code": "bad-date", "patient": "Grace"})
    logs.correlation.reset(token)
    line = json.loads(out.getvalue())
    assert (line["correlation"], line["kind"], line["code"], line["text"]) == ("r-1", "police", "bad-date", "refused")
    assert "Grace" not in out.getvalue()


def test_an_exceptions_text_never_reaches_a_log(lines: tuple[logging.Logger, io.StringIO]) -> None:
    logger, out = lines
    try:
        raise ValueError("Grace BELLO 9991008225")
    except ValueError:
        logger.exception("a request failed")
    line = json.loads(out.getvalue())
    assert line["error"] == "ValueError"
    assert line["raised"]
    assert "BELLO" not in out.getvalue()


@pytest.mark.parametrize("number", ["9991008225", "999 100 8225", "999-100-8225"])
def test_a_ten_digit_number_is_masked_whoever_wrote_it(lines: tuple[logging.Logger, io.StringIO], number: str) -> None:
    logger, out = lines
    logger.info("number %s", number, extra={"key": f"k-{number}"})
    assert number not in out.getvalue()


def test_a_line_break_cannot_forge_a_second_line(lines: tuple[logging.Logger, io.StringIO]) -> None:
    logger, out = lines
    logger.info("a\r\n%s\u2028", '{"level":"INFO","text":"forged"}', extra={"code": "x\ny"})
    assert len(out.getvalue().strip().splitlines()) == 1


def test_counters_are_written_as_prometheus_reads_them() -> None:
    counters = Counters()
    counters.add(HTTP_ANSWERS, door="fhir", status="202")
    counters.add(HTTP_ANSWERS, 2, status="202", door="fhir")
    assert (
        "# HELP cdr_http_answers_total HTTP answers by door and status.\n# TYPE cdr_http_answers_total counter\n"
        'cdr_http_answers_total{door="fhir",status="202"} 3.0\n'
    ) in counters.text()


def test_what_was_never_counted_is_told_as_nothing_and_what_is_not_known_is_not_told(drill: str) -> None:
    counters = Counters()
    assert f"{drill}_total 0.0\n" in counters.text()
    assert f"{drill}_waiting" not in counters.text()
    counters.put(f"{drill}_waiting", 3)
    assert f"{drill}_waiting 3.0\n" in counters.text()


def test_a_histogram_tells_how_many_took_how_long(drill: str) -> None:
    counters = Counters()
    for seconds in (0.0005, 0.03, 0.04, 100):
        counters.observe(f"{drill}_seconds", seconds)
    buckets = {labels[0][1]: number for labels, number in counters.series(f"{drill}_seconds_bucket").items()}
    assert (buckets["0.001"], buckets["0.05"], buckets["30.0"], buckets["+Inf"]) == (1, 3, 3, 4)
    assert counters.value(f"{drill}_seconds_count") == 4


def test_a_label_that_a_number_was_not_described_with_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="label"):
        Counters().add(HTTP_ANSWERS, door="fhir", status="202", name="x")


def test_what_is_gone_is_told_no_longer(drill: str) -> None:
    counters = Counters()
    for queue in ("cdop.BERKS", "cdop.OXON"):
        counters.put(f"{drill}_depth", 1, queue=queue)
    counters.forget(f"{drill}_depth")
    counters.put(f"{drill}_depth", 2, queue="cdop.OXON")
    assert counters.series(f"{drill}_depth") == {(("queue", "cdop.OXON"),): 2}


def test_a_label_that_is_no_code_is_counted_as_other() -> None:
    counters = Counters()
    for label in ("Grace Bello", "9991008225", 'x"} 1\n', "é", ""):
        counters.add(HTTP_ANSWERS, door="fhir", status=label)
    assert counters.series(HTTP_ANSWERS) == {(("door", "fhir"), ("status", "other")): 5}


def test_counting_from_many_threads_loses_nothing() -> None:
    counters = Counters()

    def count() -> None:
        for _ in range(2000):
            counters.add(MESSAGES, kind="police", partner="E23000038", verdict="notice", reason="taken")

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (number,) = counters.series(MESSAGES).values()
    assert number == 16_000


def test_health_names_what_is_away_and_how() -> None:
    async def well() -> None:
        return None

    async def broken() -> None:
        raise ConnectionError("amqp://user:password@host")

    async def asleep() -> None:
        await asyncio.sleep(60)

    health = asyncio.run(ask({"store": well, "broker": broken, "clock": asleep}, seconds=0.05))
    assert not health.ready
    assert health.parts == {"store": "ok", "broker": "ConnectionError", "clock": "no-answer"}
