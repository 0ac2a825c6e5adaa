"""Every retraction is tracked until its recipient says that it knows: panels, response teams and the national record."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from integration_engine.cli.retractions import app
from integration_engine.monitoring.counters import Counters
from integration_engine.pipeline import process
from integration_engine.retraction_watch import OLDEST, OUTSTANDING, REMINDERS, RetractionWatch
from integration_engine.store import audit, outbox, overview
from integration_engine.store.database import Store
from integration_engine.store.deliveries import acknowledge, decline
from integration_engine.store.retractions import NoRetraction, Retraction, note, retractions, told
from tests.store_samples import NOW, READING, read, report, retraction, rules

RTC: dict[str, Any] = {"kind": "police", "partner": "E23000038", "death": {"event": {"type": "road-traffic-collision"}}}
HOUR = timedelta(hours=1)


def take(store: Store, *submissions: Any, at: datetime = NOW) -> tuple[outbox.OutboxRow, ...]:
    return process(store, list(submissions), read=read, now=at, **rules()).outbox


def taken_back(store: Store) -> dict[str, Retraction]:
    """A death in a collision was told to its panels, teams and nationally, and is taken back by those who told it."""
    sent = take(store, report(), report(5, **RTC))
    gone = take(store, retraction(10), retraction(11, **RTC))
    outbox.mark_published(store, [row.id for row in (*sent, *gone)], NOW)
    return {each.recipient: each for each in retractions(store)}


def test_every_earlier_recipients_retraction_is_outstanding_until_it_acknowledges_its_own(store: Store) -> None:
    found = taken_back(store)
    assert set(found) == {"cdop.BERKS", "cdop.OXON", "jar.JAR-BERKS", "jar.JAR-OXON", "national.ncmd"}
    assert {(each.state, each.rule) for each in found.values()} == {("outstanding", "scope.retracted")}
    for recipient, each in found.items():
        assert acknowledge(store, recipient, each.delivery, by="somebody", now=NOW + timedelta(minutes=3))
    assert retractions(store, outstanding=True) == ()
    answered = {each.recipient: each for each in retractions(store)}
    assert {(each.state, each.how, each.by) for each in answered.values()} == {("acknowledged", "inbox", "somebody")}
    assert answered["national.ncmd"].waited(NOW + HOUR) == timedelta(minutes=3)


def test_a_retraction_is_late_unsent_after_five_minutes_and_unanswered_after_the_limit(store: Store) -> None:
    take(store, report())
    take(store, retraction(10))
    (first, *_) = retractions(store)
    assert first.late(NOW + timedelta(minutes=5), HOUR) is None
    assert first.late(NOW + timedelta(minutes=6), HOUR) == "not-published"
    outbox.mark_published(store, [first.delivery], NOW)
    (first, *_) = retractions(store)
    assert first.late(NOW + HOUR, HOUR) is None
    assert first.late(NOW + HOUR + timedelta(seconds=1), HOUR) == "not-acknowledged"


def test_one_that_is_declined_is_still_outstanding(store: Store) -> None:
    each = taken_back(store)["cdop.OXON"]
    decline(store, "cdop.OXON", each.delivery, by="OXON", reason="not known here", now=NOW)
    (found,) = [one for one in retractions(store, outstanding=True) if one.recipient == "cdop.OXON"]
    assert (found.state, found.late(NOW + 2 * HOUR, HOUR)) == ("declined", "not-acknowledged")


def test_one_overtaken_by_a_later_delivery_needs_no_answer(store: Store) -> None:
    take(store, report())
    take(store, retraction(10))
    take(store, report(20, message_id="again"))
    assert {each.state for each in retractions(store)} == {"overtaken"}
    assert retractions(store, outstanding=True) == ()
    take(store, retraction(30, message_id="and again"))
    assert len(retractions(store)) == 6
    assert len(retractions(store, outstanding=True)) == 3


def test_a_copy_that_merely_ended_is_no_retraction(store: Store) -> None:
    take(store, report())
    rows = take(store, report(5, death={"place": {"type": "home", "lad_code": READING}}))
    assert ("withdraw", "cdop.OXON") in {(row.kind, row.recipient) for row in rows}
    assert retractions(store) == ()


def test_telling_one_by_telephone_is_recorded_with_who_when_and_why_and_counts_as_acknowledged(store: Store) -> None:
    each = taken_back(store)["jar.JAR-OXON"]
    at = NOW + timedelta(minutes=20)
    with pytest.raises(NoRetraction) as refused:
        told(store, each.delivery, by="n", how="telephone", to="t", reason="r", at=NOW - HOUR, now=at)
    assert refused.value.code == "before-sent"
    done = told(store, each.delivery, by="night desk", how="telephone", to="Dr Wren", reason="no reader", at=at, now=at)
    assert (done.state, done.by, done.how, done.acknowledged_at) == ("acknowledged", "night desk", "telephone", at)
    assert note(store, each.delivery) == {"to": "Dr Wren", "reason": "no reader"}
    (line,) = audit.lines(store, subject=each.delivery)
    assert (line.action, line.actor, line.detail["how"]) == ("retraction.told", "night desk", "telephone")
    assert "Wren" not in json.dumps(dict(line.detail))
    with pytest.raises(NoRetraction) as refused:
        told(store, each.delivery, by="n", how="telephone", to="t", reason="r", at=at, now=at)
    assert refused.value.code == "answered"
    with pytest.raises(NoRetraction) as refused:
        told(store, "d-none", by="n", how="telephone", to="t", reason="r", at=at, now=at)
    assert refused.value.code == "no-retraction"


def test_the_watch_counts_what_is_outstanding_and_reminds_until_it_is_acknowledged(store: Store) -> None:
    found = taken_back(store)
    counters, now = Counters(), NOW + timedelta(minutes=30)
    watch = RetractionWatch(store, limit=HOUR, every=HOUR, counters=counters, clock=lambda: now)
    watch.look()
    assert (counters.value(OUTSTANDING), counters.value(OLDEST)) == (5, 1800)
    assert overview.alarms(store) == ()
    for recipient in ("cdop.BERKS", "cdop.OXON", "jar.JAR-BERKS", "jar.JAR-OXON"):
        acknowledge(store, recipient, found[recipient].delivery, by="somebody", now=now)

    now = NOW + timedelta(minutes=61)
    watch.look()
    watch.look()
    (alarm,) = overview.alarms(store)
    assert (alarm.code, alarm.partner) == ("retraction-not-acknowledged", "national.ncmd")
    assert counters.value(REMINDERS, reason="not-acknowledged") == 1
    now = NOW + timedelta(minutes=122)
    RetractionWatch(store, limit=HOUR, every=HOUR, counters=counters, clock=lambda: now).look()
    assert counters.value(REMINDERS, reason="not-acknowledged") == 2
    assert [one.at for one in overview.alarms(store)] == [now]
    reminded = [line for line in audit.lines(store, subject=alarm.subject) if line.action == "retraction.reminded"]
    assert len(reminded) == 2

    acknowledge(store, "national.ncmd", alarm.subject, by="ncmd", now=now)
    watch.look()
    assert (counters.value(OUTSTANDING), counters.value(OLDEST), overview.alarms(store)) == (0, 0, ())


def test_an_operator_lists_them_and_records_a_telephone_call(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from integration_engine.security.keys import keyring
    from integration_engine.store.database import upgrade_schema

    monkeypatch.setenv("CDR_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("CDR_KEYS_FILE", str(tmp_path / "keys.json"))
    monkeypatch.setenv("CDR_CONFIG", str(tmp_path / "cdr.toml"))
    (tmp_path / "cdr.toml").write_text("retraction_limit_minutes = 30\n")
    upgrade_schema(sqlite_url)
    store = Store(sqlite_url, keyring({}, tmp_path / "keys.json", create=True))
    command = CliRunner()
    assert command.invoke(app, []).exit_code == 0

    found = taken_back(store)
    late = command.invoke(app, ["--outstanding", "--json"])
    lines = [json.loads(line) for line in late.stdout.splitlines()]
    assert (late.exit_code, len(lines), {line["late"] for line in lines}) == (1, 5, {"not-acknowledged"})
    for recipient, each in found.items():
        said = [
            "told",
            each.delivery,
            "--how",
            "telephone",
            "--to",
            "the duty desk",
            "--reason",
            "nobody reads the queue",
        ]
        done = command.invoke(app, [*said, "--json"])
        assert (done.exit_code, json.loads(done.stdout)["recipient"]) == (0, recipient)
        assert command.invoke(app, said).exit_code == 1
    assert command.invoke(app, ["told", "d-1", "--how", "shouting", "--to", "x", "--reason", "y"]).exit_code == 2
    shown = command.invoke(app, [])
    assert (shown.exit_code, "the duty desk" in shown.stdout) == (0, False)
    assert json.loads(command.invoke(app, ["--json"]).stdout.splitlines()[0])["how"] == "telephone"
    assert command.invoke(app, ["--outstanding"]).stdout == "No retractions.\n"
    store.close()
