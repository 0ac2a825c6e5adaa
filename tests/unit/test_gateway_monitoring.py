"""Counters, health and logs say how the engine does, and nothing about a person."""

import asyncio
import io
import json
import logging
import threading

import pytest

from integration_engine.monitoring import logs
from integration_engine.monitoring.counters import Counters
from integration_engine.monitoring.health import ask


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
    counters.describe("cdr_messages_total", "counter", "Messages.")
    counters.add("cdr_messages_total", kind="police", verdict="notice")
    counters.add("cdr_messages_total", 2, kind="police", verdict="notice")
    counters.put("cdr_depth", 3.5)
    assert counters.text() == (
        "# TYPE cdr_depth counter\ncdr_depth 3.5\n"
        "# HELP cdr_messages_total Messages.\n# TYPE cdr_messages_total counter\n"
        'cdr_messages_total{kind="police",verdict="notice"} 3\n'
    )


def test_a_label_that_is_no_code_is_counted_as_other() -> None:
    counters = Counters()
    for label in ("Grace Bello", "9991008225", 'x"} 1\n', "é", ""):
        counters.add("cdr_x", reason=label)
    assert counters.series("cdr_x") == {(("reason", "other"),): 5}


def test_counting_from_many_threads_loses_nothing() -> None:
    counters = Counters()

    def count() -> None:
        for _ in range(2000):
            counters.add("cdr_x")

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counters.value("cdr_x") == 16_000


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
