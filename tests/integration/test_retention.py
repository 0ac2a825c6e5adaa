"""What has served its purpose goes once it is old enough, and no case is another for it."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pika import BasicProperties
from sqlalchemy import select, update
from typer.testing import CliRunner

from integration_engine.answered_file import AnsweredFile
from integration_engine.broker.laid_aside import read as read_aside
from integration_engine.broker.message import PARTNER, Delivered
from integration_engine.cli import _build
from integration_engine.pipeline import process
from integration_engine.retention import Retention
from integration_engine.settings import SettingsError, load_settings
from integration_engine.settings.retention import KeepDays
from integration_engine.store import audit, own_messages, pointers, put_aside, rehearsals, retention
from integration_engine.store.database import Store, open_store, table
from integration_engine.store.inbox import Refusal, refuse
from integration_engine.store.overview import recent_cases, refusals
from integration_engine.store.pointers import PointerRow
from integration_engine.store.receipts import Receipts, UploadRow
from integration_engine.store.tables import NoticeRow, SubmissionRow
from tests.fhir_samples import ASH, WREN
from tests.pointer_samples import event, rows, take
from tests.store_samples import NOW, new_store, read, report, rules

OLD, YOUNG = NOW - timedelta(days=401), NOW - timedelta(days=399)
EVERYTHING: KeepDays = {
    "uploads": 400,
    "tries": 400,
    "pointers": 400,
    "refusals": 400,
    "put_aside": 400,
    "messages": 400,
}


def forget(store: Store, keep: KeepDays, now: datetime = NOW) -> None:
    """What a worker does by the hour, until there is nothing more to do."""
    duty = Retention(store, keep, clock=lambda: now)
    while duty.look():
        pass


def uploaded(store: Store, name: str, at: datetime) -> None:
    counts = {"accepted": 1, "warnings": 0, "passed_over": 0, "refused": 1}
    Receipts(store, lambda: at).keep(
        AnsweredFile("oxfordshire", "coroner", name, name, counts, [{"row": 2, "code": "date-ambiguous"}])
    )


def tried(store: Store, name: str, at: datetime) -> None:
    with store.transaction() as transaction:
        rehearsals.keep(transaction, [rehearsals.Tried("RTH", "hospital-hl7", name, name, at, "notice", "death", [])])


def refused(store: Store, name: str, at: datetime) -> None:
    with store.transaction() as transaction:
        refuse(transaction, [Refusal("police", "E23000038", name, place, "schema", ()) for place in (0, 1)], at)


def laid_aside(store: Store, name: str, became: put_aside.Became, at: datetime) -> None:
    message = Delivered(1, "dead.police", "dead.police", b"{}", BasicProperties(headers={PARTNER: "E23000038"}))
    with store.transaction() as transaction:
        put_aside.keep(transaction, [replace(read_aside(message), name=name)], became, at)


def messages(store: Store) -> dict[str, bool]:
    """The messages that are known, and whether their bytes are kept."""
    c = table(SubmissionRow).c
    with store.reading() as transaction:
        return {row.id: row.sealed is not None for row in transaction.connection.execute(select(c.id, c.sealed))}


def lines(store: Store) -> list[tuple[str, Any]]:
    return [(line.subject, line.detail["count"]) for line in audit.lines(store) if line.action == retention.FORGOTTEN]


def test_what_is_old_enough_goes_and_what_is_younger_stays(store: Store) -> None:
    for name, at in (("old", OLD), ("young", YOUNG)):
        uploaded(store, name, at)
        tried(store, name, at)
        refused(store, name, at)
    forget(store, EVERYTHING)
    assert [each.id for each in Receipts(store).latest("oxfordshire")] == ["young"]
    assert [each["message_id"] for each in rehearsals.latest(store, "RTH", "hospital-hl7")] == ["young"]
    assert {each.last_at for each in refusals(store)} == {YOUNG}
    assert lines(store) == [("uploads", 1), ("tries", 1), ("refusals", 2)], (
        "each is told of, and what is not there isn't"
    )
    assert audit.verify(store).broken is None


def test_what_the_settings_do_not_name_is_kept_for_good(store: Store) -> None:
    uploaded(store, "old", OLD)
    tried(store, "old", OLD)
    forget(store, {"tries": 400})
    forget(store, {}, NOW + timedelta(days=100_000))
    assert len(Receipts(store).latest("oxfordshire")) == 1
    assert lines(store) == [("tries", 1)]


def test_an_event_waits_for_its_record_however_long_that_takes_and_goes_once_it_was_fetched(store: Store) -> None:
    take(store, event(WREN, "s-1"), event(ASH, "s-2"))
    due = pointers.claim(store, NOW)
    assert due
    pointers.settle(store, due, NOW)
    forget(store, {"pointers": 30}, NOW + timedelta(days=29))
    assert rows(store, PointerRow) == 2
    forget(store, {"pointers": 30}, NOW + timedelta(days=3_000))
    assert [each.id for each in pointers.waiting(store)] != [due.id]
    assert rows(store, PointerRow) == 1


def test_the_bytes_of_a_message_go_and_no_case_is_another_for_it(store: Store) -> None:
    came = [report(), report(5, partner="E23000038", kind="police")]
    process(store, came, read=read, now=NOW, **rules())
    before = recent_cases(store), held_notices(store)
    forget(store, {"messages": 400}, NOW + timedelta(days=401))
    assert set(messages(store).values()) == {False}
    assert (recent_cases(store), held_notices(store)) == before

    process(store, came, read=read, now=NOW + timedelta(days=402), **rules())
    assert (recent_cases(store), held_notices(store)) == before, "a message that comes again is known"
    assert len(messages(store)) == 2


def held_notices(store: Store) -> list[tuple[str, bytes]]:
    c = table(NoticeRow).c
    with store.reading() as transaction:
        return [(row.id, row.sealed) for row in transaction.connection.execute(select(c.id, c.sealed).order_by(c.id))]


def test_that_a_message_was_discarded_is_told_so_long_and_that_one_lies_there_as_long_as_it_does(store: Store) -> None:
    laid_aside(store, "old", "discarded", OLD)
    laid_aside(store, "young", "discarded", YOUNG)
    laid_aside(store, "lies there", "waiting", OLD)
    forget(store, EVERYTHING)
    told = [(each.name, each.became) for each in own_messages.put_aside(store, "E23000038")]
    assert told == [("lies there", "waiting"), ("young", "discarded")]
    assert lines(store) == [("put_aside", 1)]


def test_a_file_is_taken_for_a_new_one_once_its_receipt_is_forgotten(store: Store) -> None:
    uploaded(store, "file", OLD)
    assert Receipts(store).seen("oxfordshire", "file")
    forget(store, {"uploads": 400})
    assert Receipts(store).seen("oxfordshire", "file") is None


def test_many_go_a_part_at_a_time_and_each_once_whoever_looks(store: Store) -> None:
    for number in range(7):
        uploaded(store, f"file {number}", OLD + timedelta(minutes=number))
    assert retention.forget(store, "uploads", 400, NOW, at_once=3) == 3
    assert [each.id for each in Receipts(store).latest("oxfordshire")][-1] == "file 3", "the oldest first"
    with ThreadPoolExecutor() as together:
        list(together.map(lambda _: forget(store, EVERYTHING), range(4)))
    assert Receipts(store).latest("oxfordshire") == []
    assert sum(count for _, count in lines(store)) == 7
    assert audit.verify(store).broken is None


def test_what_somebody_works_on_waits_for_the_next_time_and_nobody_waits_for_it(postgres_url: str) -> None:
    with closing(new_store(postgres_url)) as store:
        uploaded(store, "held", OLD)
        uploaded(store, "free", OLD)
        upload = table(UploadRow)
        with store.transaction() as transaction:
            held = update(upload).where(upload.c.receipt == "held")
            transaction.connection.execute(held.values(warnings=1))
            forget(store, EVERYTHING)
        assert [each.id for each in Receipts(store).latest("oxfordshire")] == ["held"]


def test_every_kind_has_its_setting_and_a_misspelt_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(KeepDays.__annotations__) == set(retention.KEEPSAKES)
    monkeypatch.setenv("CDR_KEEP_DAYS", '{"upload": 400}')
    with pytest.raises(SettingsError, match="keep_days"):
        load_settings()
    monkeypatch.setenv("CDR_KEEP_DAYS", '{"uploads": 0}')
    with pytest.raises(SettingsError, match="keep_days"):
        load_settings()


@pytest.fixture
def own_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Store]:
    import os

    for name in [name for name in os.environ if name.startswith("CDR_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    made = open_store(load_settings(), upgrade=True)
    yield made
    made.close()


def cdr(*words: str) -> str:
    result = CliRunner().invoke(_build([words[0]]), list(words))
    assert result.exit_code == 0, result.output
    return result.output


def test_the_command_shows_what_is_due_changes_nothing_and_forgets_only_when_told_to(own_store: Store) -> None:
    uploaded(own_store, "old", OLD)
    assert "for good" in cdr("retention")
    assert "Nothing is set to go" in cdr("retention", "apply")
    Path("cdr.toml").write_text("[keep_days]\nuploads = 400\n")
    shown = {each["what"]: each for each in map(json.loads, cdr("retention", "--json").splitlines())}
    assert shown["uploads"] == {"what": "uploads", "days": 400, "held": 1, "oldest": OLD.isoformat(), "due": 1}
    assert shown["messages"]["days"] is None
    assert len(Receipts(own_store).latest("oxfordshire")) == 1
    assert "1 uploads forgotten" in cdr("retention", "apply")
    assert json.loads(cdr("retention", "apply", "--json")) == {"uploads": 0}
    assert Receipts(own_store).latest("oxfordshire") == []
    (line,) = [line for line in audit.lines(own_store) if line.action == retention.FORGOTTEN]
    assert line.actor != "engine", "who called it is in the log"
