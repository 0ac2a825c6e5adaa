"""The audit chain: whatever is done to it behind the engine's back is seen, and at which line."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from integration_engine.store.audit import Broken, Entry, _hash, append, lines, verify
from integration_engine.store.database import Store
from integration_engine.store.identities import Identities
from integration_engine.store.overview import alarms
from tests.store_samples import NOW, keyring, new_store


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    opened = new_store(sqlite_url)
    for n in range(4):
        with opened.transaction() as transaction:
            append(
                transaction, NOW, [Entry("case.opened", f"c-{n}", {"version": n}), Entry("case.changed", f"c-{n}", {})]
            )
    yield opened
    opened.close()


def tamper(store: Store, *statements: str) -> None:
    """Change the file as somebody with the disk would: triggers out of the way first."""
    path = Path(store.engine.url.database or "")
    with sqlite3.connect(path) as connection:
        connection.create_function("forged", 7, forged)
        connection.execute("DROP TRIGGER audit_no_update")
        connection.execute("DROP TRIGGER audit_no_delete")
        for statement in statements:
            connection.execute(statement)


def test_a_chain_that_nobody_touched_holds(store: Store) -> None:
    found = verify(store)
    assert (found.lines, found.broken) == (8, None)


def test_an_empty_log_holds(sqlite_url: str) -> None:
    assert verify(new_store(sqlite_url)).broken is None


@pytest.mark.parametrize(
    "change",
    ["actor = 'someone else'", "subject = 'c-9'", "detail = '{}'", "at = '2026-03-11 09:00:00.000000'", "action = 'x'"],
)
def test_a_changed_line_is_found(store: Store, change: str) -> None:
    tamper(store, f"UPDATE audit SET {change} WHERE sequence = 3")
    assert verify(store).broken == Broken(3, "changed")


def test_a_line_taken_out_is_found(store: Store) -> None:
    tamper(store, "DELETE FROM audit WHERE sequence = 5")
    assert verify(store).broken == Broken(5, "missing")


def test_a_log_cut_short_is_found(store: Store) -> None:
    tamper(store, "DELETE FROM audit WHERE sequence = 8")
    assert verify(store).broken == Broken(8, "cut-short")


def test_a_log_cut_short_with_its_end_rewritten_is_found_for_want_of_the_key(store: Store) -> None:
    tamper(
        store,
        "DELETE FROM audit WHERE sequence = 8",
        "UPDATE ledger_head SET audit_sequence = 7, audit_hash = (SELECT hash FROM audit WHERE sequence = 7)",
    )
    assert verify(store).broken == Broken(7, "not-marked")


FORGED = (
    "UPDATE audit SET actor = 'someone else' WHERE sequence = 8",
    "UPDATE audit SET hash = forged(previous, sequence, at, actor, action, subject, detail) WHERE sequence = 8",
    "UPDATE ledger_head SET audit_hash = (SELECT hash FROM audit WHERE sequence = 8)",
)
CUT = (
    "DELETE FROM audit WHERE sequence = 8",
    "UPDATE ledger_head SET audit_sequence = 7, audit_hash = (SELECT hash FROM audit WHERE sequence = 7)",
)


def forged(previous: bytes, sequence: int, at: str, *rest: str) -> bytes:
    """What anybody can work out: the hash of a line is no secret."""
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    return _hash(previous, sequence, moment, rest[0], rest[1], rest[2], rest[3])


@pytest.mark.parametrize("statements", [FORGED, CUT], ids=["changed", "cut"])
def test_the_engine_marks_no_log_as_whole_that_somebody_changed_before_it_wrote_on(
    store: Store, statements: tuple[str, ...]
) -> None:
    tamper(store, *statements)
    kept = len(lines(store))
    assert verify(store).broken == Broken(kept, "not-marked")
    for name in ("c-8", "c-9"):
        with store.transaction() as transaction:
            append(transaction, NOW, [Entry("case.opened", name, {})])
    assert [line.action for line in lines(store, after=kept)] == ["audit.end-not-ours", "case.opened", "case.opened"]
    assert verify(store).broken == Broken(kept + 1, "not-marked")
    assert [(each.code, each.subject) for each in alarms(store, 5)] == [("audit-changed", "audit")]


def test_a_log_emptied_and_begun_anew_is_found_by_what_is_kept_of_which_no_line_tells(store: Store) -> None:
    Identities(store).add("jane", "operator")
    tamper(
        store,
        "DELETE FROM audit",
        "UPDATE ledger_head SET audit_sequence = 0, audit_hash = zeroblob(32), mark = x''",
    )
    assert verify(store).broken == Broken(1, "untold")
    with store.transaction() as transaction:
        append(transaction, NOW, [Entry("case.opened", "c-9", {})])
    assert verify(store).broken == Broken(2, "untold")


def test_a_log_put_back_with_the_mark_that_it_had_is_found_by_an_earlier_export(store: Store) -> None:
    path = Path(store.engine.url.database or "")
    with sqlite3.connect(path) as connection:
        head = connection.execute("SELECT audit_sequence, audit_hash, mark FROM ledger_head").fetchone()
    with store.transaction() as transaction:
        append(transaction, NOW, [Entry("case.read", "c-1", {}, "jane")])
    (exported,) = lines(store, after=8)
    assert verify(store, (exported.sequence, exported.hash)).broken is None
    tamper(store, "DELETE FROM audit WHERE sequence = 9")
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE ledger_head SET audit_sequence = ?, audit_hash = ?, mark = ?", head)
    assert verify(store).broken is None
    assert verify(store, (exported.sequence, exported.hash)).broken == Broken(9, "cut-short")
    with store.transaction() as transaction:
        append(transaction, NOW, [Entry("case.read", "c-2", {}, "jane")])
    assert verify(store, (exported.sequence, exported.hash)).broken == Broken(9, "replaced")


def test_a_chain_marked_before_a_rotation_still_holds_after_it(store: Store) -> None:
    rotated = Store(store.engine.url.render_as_string(hide_password=False), keyring(index=2))
    assert verify(rotated).broken is None
    with rotated.transaction() as transaction:
        append(transaction, NOW, [Entry("case.opened", "c-9", {})])
    assert verify(rotated).broken is None


def test_lines_can_be_read_by_subject_and_from_a_place(store: Store) -> None:
    assert [line.sequence for line in lines(store, subject="c-1")] == [3, 4]
    assert [line.sequence for line in lines(store, after=6)] == [7, 8]


def test_delivery_numbers_are_reserved_without_gaps(store: Store) -> None:
    with store.transaction() as transaction:
        assert append(transaction, NOW, [], deliveries=3) == 1
        assert append(transaction, NOW, [], deliveries=2) == 4
