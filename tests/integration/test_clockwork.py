"""Clock events as an alerting tool gets them: from a real queue, once each, with nothing of the child in them."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from integration_engine.broker.declare import apply_topology
from integration_engine.broker.publisher import Publisher
from integration_engine.broker.topology import load_topology
from integration_engine.cli import _build
from integration_engine.clockwork import ALERTS, CLOCKS, EVENTS, TO_REVISIT, Clockwork, put_figures, schema
from integration_engine.duty import doing
from integration_engine.mapping.files import mappings
from integration_engine.monitoring.counters import Counters
from integration_engine.pipeline import process
from integration_engine.routing.clock_rules import load_clock_rules
from integration_engine.settings import load_settings
from integration_engine.store import overview
from integration_engine.store.database import Store, open_store
from integration_engine.store.watch import come_into_force
from tests.store_samples import NOW, read, report, rules
from tests.worker_samples import eventually, taken

RULES = load_clock_rules()


@pytest.fixture
def url(amqp_url: str) -> str:
    apply_topology(load_topology().only("alerts."), amqp_url)
    return amqp_url


def take(store: Store, **fields: Any) -> str:
    process(store, [report(**fields)], read=read, now=NOW, **rules())
    (case,) = overview.recent_cases(store)
    return case.id


def events(url: str) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body in taken(url, ALERTS)]


def test_an_overdue_clock_reaches_the_queue_once(store: Store, url: str, caplog: pytest.LogCaptureFixture) -> None:
    case = take(store)
    with Publisher(url, "t") as publisher, caplog.at_level(logging.WARNING):
        assert publisher.wait_ready(10)
        work = Clockwork(store, publisher, RULES, clock=lambda: NOW)
        work.look()
        work.look()
    [(properties, body)] = taken(url, ALERTS)
    said = json.loads(body)
    Draft202012Validator(schema()).validate(said)
    assert (said["case"], said["clock"], said["stage"], said["lead"]) == (case, "cdop_due", "overdue", "BERKS")
    assert properties.type == "clock-overdue"
    assert properties.message_id == f"{said['event']}-{int(NOW.timestamp()) * 1_000_000}"
    lines = [line.__dict__ for line in caplog.records if line.message == "a clock"]
    assert [(line["case"], line["code"], line["kind"]) for line in lines] == [(case, "cdop_due", "overdue")]


def test_of_a_restricted_case_only_its_id_the_clock_and_the_stage_are_told(store: Store, url: str) -> None:
    case = take(store, child={"restricted": "protected-identity"})
    with Publisher(url, "t") as publisher:
        assert publisher.wait_ready(10)
        Clockwork(store, publisher, RULES, clock=lambda: NOW).look()
    (said,) = events(url)
    assert said.keys() == {"schema", "event", "case", "clock", "stage", "restricted"}
    assert (said["case"], said["restricted"]) == (case, True)


def test_what_has_no_queue_yet_is_published_when_it_has(store: Store, amqp_url: str) -> None:
    take(store)
    apply_topology(load_topology().only("intake."), amqp_url)
    with Publisher(amqp_url, "t") as publisher:
        assert publisher.wait_ready(10)
        Clockwork(store, publisher, RULES, clock=lambda: NOW).look()
        apply_topology(load_topology().only("alerts."), amqp_url)
        Clockwork(store, publisher, RULES, clock=lambda: NOW + timedelta(seconds=59)).look()
        assert events(amqp_url) == []
        Clockwork(store, publisher, RULES, clock=lambda: NOW + timedelta(seconds=60)).look()
    assert [said["clock"] for said in events(amqp_url)] == ["cdop_due"]


def test_a_duty_goes_on_after_a_look_that_failed(caplog: pytest.LogCaptureFixture) -> None:
    looks: list[int] = []

    def look() -> bool:
        looks.append(1)
        if len(looks) == 1:
            raise RuntimeError("Barnaby")
        return len(looks) < 4

    with doing("example", look, 0.01):
        eventually(lambda: len(looks) >= 4)
    assert "a duty has failed" in caplog.text


def test_the_figures_are_the_stores(store: Store) -> None:
    take(store)
    counters = Counters()
    come_into_force(store, "other rules", NOW)
    put_figures(store, RULES, NOW, counters)
    assert counters.value(CLOCKS, clock="cdop_due", stage="overdue") == 1
    assert counters.value(CLOCKS, clock="jar_due", stage="overdue") == 0
    assert counters.value(TO_REVISIT) == 1
    assert counters.series(EVENTS) == {}


def test_the_shipped_schema_is_the_models_own() -> None:
    shipped = orjson.loads((mappings() / "schema" / "clock-event-1.json").read_bytes())
    assert shipped == orjson.loads(orjson.dumps(schema()))


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store as the settings name it, for the command line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CDR_DATABASE_URL", f"sqlite:///{tmp_path / 'cdr.db'}")
    monkeypatch.setenv("CDR_KEYS_FILE", str(tmp_path / "keys.json"))
    opened = open_store(load_settings(), upgrade=True)
    yield opened
    opened.close()


def cdr(*words: str) -> tuple[int, list[dict[str, Any]], str]:
    result = CliRunner().invoke(_build([words[0]]), [*words], catch_exceptions=False)
    lines = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    return result.exit_code, lines, result.output


def test_cdr_clocks_says_what_is_overdue_by_its_exit_status(engine: Store) -> None:
    assert cdr("clocks", "--json") == (0, [], "")
    soon = datetime.now(UTC) - timedelta(hours=23)
    case = take(engine, death={"died_at": soon.isoformat(timespec="minutes")})
    status, lines, _ = cdr("clocks", "--due", "--json")
    assert (status, [(line["case"], line["clock"], line["stage"]) for line in lines]) == (
        0,
        [(case, "cdop_due", "soon")],
    )
    status, lines, _ = cdr("clocks", "--json")
    assert (status, [line["clock"] for line in lines]) == (0, ["cdop_due", "ncmd_due", "cdrm_due"])
    assert cdr("clocks", "--lead", "OXON", "--json")[1] == []


def test_cdr_clocks_exits_1_where_one_is_overdue_and_reads_well(engine: Store) -> None:
    late = datetime.now(UTC) - timedelta(hours=30)
    take(engine, death={"died_at": late.isoformat(timespec="minutes")})
    status, lines, _ = cdr("clocks", "--overdue", "--json")
    assert (status, [(line["clock"], line["what"]) for line in lines]) == (
        1,
        [("cdop_due", "tell the panel that leads")],
    )
    status, _, shown = cdr("clocks")
    assert status == 1
    assert "overdue" in shown
    assert "Quillfeather" not in shown


def test_a_clock_that_is_named_wrong_in_the_settings_is_wrong_usage(
    engine: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDR_CLOCK_SOON_HOURS", '{"ncmd": 3}')
    assert cdr("clocks")[0] == 2


def test_cdr_revisit_says_what_would_change_then_does_it(engine: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    case = take(engine)
    cdr("revisit")  # the day's flags, since the sample's child died long ago
    monkeypatch.setenv("CDR_SWITCHES", '{"cdop_due": "48h"}')
    status, (line, total), _ = cdr("revisit", "--dry-run", "--json")
    assert (status, line["case"], total["changed"], total["dry_run"]) == (0, case, 1, True)
    assert {"to": "cdop.BERKS", "kind": "update"} in line["deliveries"]
    status, (same, total), _ = cdr("revisit", "--json")
    assert (status, same, total["changed"]) == (0, line, 1)
    assert cdr("revisit", "--json")[1][-1]["looked_at"] == 0
    assert cdr("revisit", "--all", "--json")[1][-1] == {
        "looked_at": 1, "changed": 0, "deliveries": 0, "dry_run": False,
    }  # fmt: skip


def test_another_instant_can_be_tried_only(engine: Store) -> None:
    assert cdr("revisit", "--at", "2027-04-01")[0] == 2
    assert cdr("revisit", "--at", "tomorrow", "--dry-run")[0] == 2
    assert cdr("revisit", "--at", "2027-04-01", "--dry-run")[0] == 0


def test_the_queue_of_clock_events_is_in_the_topology() -> None:
    queue = next(queue for queue in load_topology().queues if queue.name == ALERTS)
    assert queue.arguments["x-queue-type"] == "quorum"
