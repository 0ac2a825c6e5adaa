"""Another release with other rules of blocking: nobody links by them until what is held has its keys anew, and afterwards
the cases are those that the new rules make of all of it."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from adapters.adapter import Submission
from benchmarks.linkage_stream.profile import profile
from benchmarks.linkage_stream.stream import stream
from benchmarks.told import Told
from integration_engine import pipeline
from integration_engine import reindex as reindexing
from integration_engine.core import decide
from integration_engine.pipeline import process
from integration_engine.reindex import Progress, Superseded, needed, reindex
from integration_engine.security.keys import IndexKey, KeyMissing, Keyring
from integration_engine.stages import Stage
from integration_engine.store import audit, indexing, overview
from integration_engine.store.database import Store, table
from integration_engine.store.indexing import NotIndexed, require_indexed
from integration_engine.store.neighbourhood import load_notices
from integration_engine.store.outbox import OutboxRow
from integration_engine.store.tables import BlindIndexRow, BondRow, CaseRow, DeliveryRow, NoticeRow
from tests.earlier_rules import Rule, half, numbers_only, program_of, whole_families
from tests.integration.test_revisit import again
from tests.property.test_pipeline_order import decided, held
from tests.store_samples import NOW, keyring, new_store, nobodys_namesake, read, report, rules

_TABLES: Sequence[type[Any]] = (BlindIndexRow, BondRow, NoticeRow, CaseRow, DeliveryRow)


def take(store: Store, *submissions: Submission) -> tuple[OutboxRow, ...]:
    return process(store, submissions, read=read, now=NOW, **rules()).outbox


def done(store: Store, **asked: Any) -> Progress:
    """Keys made anew, to the end."""
    last = Progress(0)
    for last in reindex(store, **asked):  # noqa: B007 - the last is what counts
        pass
    return last


def decided_again(store: Store) -> tuple[OutboxRow, ...]:
    return again(store, rules()["reference"], NOW).outbox


def contents(store: Store) -> dict[str, list[Any]]:
    with store.reading() as transaction:
        run = transaction.connection.execute
        return {model.__name__: sorted(map(repr, map(tuple, run(select(table(model))).all()))) for model in _TABLES}


def of_one_child() -> tuple[Submission, Submission]:
    """Two messages about one child that share no number."""
    return report(message_id="hospital"), report(1, partner="E23000036", kind="police", child={"nhs_number": None})


def child(n: int) -> Submission:
    told = {**nobodys_namesake(n), "birth_date": f"20{10 + n // 28}-01-{n % 28 + 1:02}"}
    return report(n, message_id=f"m-{n}", child={**told, "addresses": [{"lines": [f"{n} Reed Way"]}]})


@pytest.fixture
def split(database_url: str) -> Any:
    """A store in which one child makes two cases, because earlier rules did not compare its notices."""
    with program_of(numbers_only):
        store = new_store(database_url)
        for one in of_one_child():
            take(store, one)
    assert len(overview.recent_cases(store)) == 2
    yield store
    store.close()


def test_nothing_is_linked_by_keys_of_other_rules(split: Store) -> None:
    before = contents(split)
    with pytest.raises(NotIndexed, match="cdr db reindex"):
        take(split, report(2, partner="RXX"))
    assert contents(split) == before
    assert needed(split)


def test_notices_that_meet_only_under_new_rules_become_one_case_and_recipients_are_told(split: Store) -> None:
    assert done(split) == Progress(2, done=2, changed=2, cases=2, finished=True)
    told = decided_again(split)
    (case,) = overview.recent_cases(split)
    gone = {row.case for row in told} - {case.id}
    assert len(gone) == 1
    assert {row.kind for row in told if row.recipient == "cdop.BERKS"} == {"merge"}
    assert audit.verify(split).broken is None
    actions = [line.action for line in audit.lines(split, limit=1000)]
    assert [actions.count(each) for each in (reindexing.BEGUN, reindexing.DONE, "case.merged")] == [1, 1, 1]
    # And who comes next is found.
    take(split, report(2, partner="RXX", kind="hospital-fhir", child={"nhs_number": None}))
    assert len(overview.recent_cases(split)) == 1


def test_a_store_that_is_new_needs_nothing(database_url: str) -> None:
    store = new_store(database_url)
    take(store, report())
    assert not needed(store)
    assert done(store) == Progress(0)
    store.close()


def test_a_store_from_before_rules_were_noted_needs_it(database_url: str) -> None:
    store = new_store(database_url)
    take(store, *of_one_child())
    with store.transaction() as transaction:
        transaction.connection.execute(table(indexing.IndexingRow).delete())
    with pytest.raises(NotIndexed):
        require_indexed(store)
    assert done(store).changed == 0
    require_indexed(store)
    store.close()


@pytest.mark.parametrize("every", [False, True])
def test_where_the_keys_come_out_as_they_were_nothing_is_written_and_nobody_told(
    database_url: str, every: bool
) -> None:
    store = new_store(database_url)
    told = Told(list(stream(30, 3, profile("stress"))))
    process(store, told.submissions, read=told.read, now=NOW, **rules())
    before = contents(store)
    with store.transaction() as transaction:
        transaction.connection.execute(update(table(indexing.IndexingRow)).values(rules="earlier"))
    looked_at = done(store, every=every)
    assert (looked_at.done, looked_at.changed, looked_at.cases) == (len(before["NoticeRow"]), 0, 0)
    assert decided_again(store) == ()
    assert contents(store) == before
    store.close()


@pytest.mark.parametrize("rule", [numbers_only, half, whole_families])
def test_afterwards_the_cases_are_those_that_our_rules_make_of_everything_held(database_url: str, rule: Rule) -> None:
    told = Told(list(stream(60, 11, profile("stress"))))
    with program_of(rule):
        store = new_store(database_url)
        for start in range(0, len(told.submissions), 40):
            process(store, told.submissions[start : start + 40], read=told.read, now=NOW, **rules())
    done(store)
    decided_again(store)
    with store.reading() as transaction:
        names = list(transaction.connection.scalars(select(table(NoticeRow).c.id)))
        notices = load_notices(transaction, names)
    alone = decide(notices.values(), (), rules()["reference"], NOW, rules()["switches"])
    assert held(store) == decided(alone.cases)
    assert {frozenset((r.a, r.b)) for r in overview.open_reviews(store, limit=10_000)} == {
        frozenset((r.a, r.b)) for r in alone.reviews
    }
    assert audit.verify(store).broken is None
    store.close()


def test_cut_off_between_batches_nobody_links_and_the_rest_is_done_later(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindexing, "AT_ONCE", 5)
    with program_of(numbers_only):
        store = new_store(database_url)
        take(store, *(child(n) for n in range(12)))
    steps = reindex(store)
    assert [next(steps).done for _ in range(3)] == [0, 5, 10]
    del steps
    with pytest.raises(NotIndexed):
        take(store, child(20))
    assert [step.done for step in reindex(store)] == [10, 12, 12]
    take(store, child(20))
    store.close()


def test_who_began_by_other_rules_stops_as_soon_as_ours_are_begun(split: Store) -> None:
    with program_of(half):
        theirs = reindex(split)
        next(theirs)
    done(split)
    with pytest.raises(Superseded):
        next(theirs)
    require_indexed(split)


def test_a_program_of_earlier_rules_no_longer_links_nor_decides_again(split: Store) -> None:
    done(split)
    with program_of(numbers_only):
        with pytest.raises(NotIndexed):
            take(split, report(2, partner="RXX"))
        with pytest.raises(NotIndexed):
            decided_again(split)


def test_keys_that_are_made_anew_while_a_message_is_decided_are_noticed_before_it_is_written(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, beside = new_store(postgres_url), new_store(postgres_url)

    def begun(stage: Stage) -> None:
        if stage == "worker.begun":
            next(reindex(beside, every=True))

    monkeypatch.setattr(pipeline, "reached", begun)
    with pytest.raises(NotIndexed):
        take(store, report())
    assert overview.recent_cases(store) == ()
    for each in (store, beside):
        each.close()


def test_a_notice_that_cannot_be_read_keeps_its_keys_and_does_not_hold_up_the_others(split: Store) -> None:
    notices = table(NoticeRow)
    with split.transaction() as transaction:
        name = transaction.connection.scalars(select(notices.c.id)).first()
        row = transaction.connection.execute(select(notices.c.sealed).where(notices.c.id == name)).one()
        damaged = update(notices).where(notices.c.id == name).values(sealed=bytes(row.sealed)[:-1] + b"!")
        transaction.connection.execute(damaged)
    looked_at = done(split)
    assert (looked_at.done, looked_at.changed, looked_at.unreadable) == (2, 1, (name,))
    require_indexed(split)


def only_second() -> Keyring:
    """The sealing key and the second index key, without the first."""
    seals = [base64.urlsafe_b64encode(hashlib.sha256(b"sealing 1").digest())]
    return Keyring(seals, [IndexKey(2, hashlib.sha256(b"index 2").digest())])


def test_under_a_new_index_key_everything_is_found_by_it_alone_and_nothing_else_changes(database_url: str) -> None:
    store = new_store(database_url)
    hospital, police = of_one_child()
    take(store, hospital)
    store.close()
    both = Store(database_url, keyring(index=2))
    require_indexed(both)
    assert needed(both)
    assert done(both) == Progress(1, done=1, finished=True)
    assert not needed(both)
    assert decided_again(both) == ()
    both.close()
    with pytest.raises(NotIndexed):
        require_indexed(Store(database_url, keyring(index=1)))
    second = Store(database_url, only_second())
    take(second, police)
    assert len(overview.recent_cases(second)) == 1
    second.close()


def test_without_a_sealing_key_it_stops_and_says_which(split: Store, database_url: str) -> None:
    with pytest.raises(KeyMissing):
        done(Store(database_url, keyring(7)))
    assert needed(split)
    assert replace(done(split), cases=0) == Progress(2, done=2, changed=2, finished=True)
