"""An attended stillbirth told of a case that is held ends it and is taken back; one that only a person can place waits for
them, sealed, and is gone when they say no."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from adapters.adapter import Submission
from integration_engine.pipeline import UnknownSubject, process, record_decision
from integration_engine.record.decision import Decision
from integration_engine.store import audit, overview
from integration_engine.store.database import Store, table
from integration_engine.store.outbox import OutboxRow
from integration_engine.store.sealing import unseal_notice
from integration_engine.store.tables import BlindIndexRow, BondRow, NoticeRow, SubmissionRow
from tests.acceptance.stories.s06_births import ATTENDED, LATE_LOSS, LIVE, TERMINATED, TOLD_LATE
from tests.acceptance.stories.s06_corrections import NAMELESS, by_fhir, by_police, told
from tests.store_samples import NOW, new_store, rules

LATER = "2026-05-04T15:00:00"
WHEN = NOW + timedelta(days=70)
BORN = told("1", NAMELESS)
STILLBORN = told("2", NAMELESS, LATER, **ATTENDED)
STILL = {"outcome": "still", "professional_attending": True, "gestation_weeks": 31}


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = new_store(database_url)
    yield opened
    assert audit.verify(opened).broken is None
    opened.close()


def take(store: Store, *bodies: bytes, partner: str | None = None) -> tuple[OutboxRow, ...]:
    return process(store, [Submission(body, WHEN, partner=partner) for body in bodies], now=WHEN, **rules()).outbox


def decide(store: Store, kind: str, *about: str, name: str = "D1", **value: Any) -> tuple[OutboxRow, ...]:
    said = {"id": name, "at": WHEN, "by": "somebody", "role": "restricted", "reason": "as told"}
    decision = Decision.model_validate({**said, "kind": kind, "about": about, "value": value})
    return record_decision(store, decision, now=WHEN + timedelta(minutes=1), **rules()).outbox


def rows(store: Store) -> dict[str, int]:
    with store.reading() as transaction:
        run = transaction.connection.execute
        kinds = (SubmissionRow, NoticeRow, BlindIndexRow, BondRow)
        return {t.__tablename__: run(select(func.count()).select_from(table(t))).scalar_one() for t in kinds}


def states(store: Store) -> list[tuple[str, str]]:
    return [(case.state, case.rule) for case in overview.recent_cases(store)]


def asked(store: Store) -> tuple[str, str]:
    """The two notices of the one open review, the waiting one last."""
    (review,) = overview.open_reviews(store)
    with store.reading() as transaction:
        n = table(NoticeRow).c
        query = select(n.id).where(n.id.in_([review.a, review.b]), n.case_id.is_(None))
        waits = transaction.connection.execute(query).scalar_one()
    return (review.b if waits == review.a else review.a), waits


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (told("2", TOLD_LATE, **ATTENDED), "scope.stillbirth"),
        (told("2", TOLD_LATE, **LATE_LOSS), "scope.stillbirth"),
        (by_fhir("2", **ATTENDED), "scope.stillbirth"),
        (by_police(1, **STILL), "scope.stillbirth"),
        (told("2", TOLD_LATE, **TERMINATED), "scope.termination"),
    ],
)
def test_alone_nothing_of_it_is_stored_but_a_count(store: Store, body: bytes, reason: str) -> None:
    assert take(store, body) == ()
    assert set(rows(store).values()) == {0}
    (counted,) = overview.counts(store, WHEN.date())
    assert (counted.verdict, counted.reason, counted.items) == ("passed-over", reason, 1)


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(
    ("first", "then"),
    [
        (told("1", TOLD_LATE), told("2", TOLD_LATE, LATER, **ATTENDED)),
        (told("1", TOLD_LATE), by_fhir("2", LATER, **ATTENDED)),
        (told("1", NAMELESS, local_id="M17"), told("2", NAMELESS, LATER, local_id="M17", **LATE_LOSS)),
        (by_police(1, NAMELESS), by_police(2, NAMELESS, **STILL)),
    ],
)
def test_of_a_held_case_it_ends_it_and_everybody_is_told(
    store: Store, first: bytes, then: bytes, together: bool
) -> None:
    batches = [[first, then]] if together else [[first], [then]]
    sent = [row for batch in batches for row in take(store, *batch)]
    assert states(store) == [("out-of-scope", "scope.stillbirth")]
    kinds = {row.recipient: [other.kind for other in sent if other.recipient == row.recipient] for row in sent}
    assert all(told_of == ["new", "withdraw"] for told_of in kinds.values())
    assert bool(kinds) is not together


def test_a_later_word_that_the_baby_lived_opens_the_case_again(store: Store) -> None:
    take(store, told("1", TOLD_LATE))
    take(store, told("2", TOLD_LATE, LATER, **ATTENDED))
    sent = take(store, told("3", TOLD_LATE, "2026-05-05T09:00:00", **LIVE))
    assert states(store) == [("open", "scope.child")]
    assert {row.kind for row in sent} == {"new"}


def test_a_source_that_only_tells_a_death_holds_the_case(store: Store) -> None:
    take(store, told("1", TOLD_LATE), by_police(1))
    sent = take(store, told("2", TOLD_LATE, LATER, **ATTENDED))
    assert states(store) == [("held", "held.disputed")]
    assert sent
    assert all(b'"disputed"' in row.body for row in sent)


def test_one_that_only_a_person_can_place_waits_with_no_more_than_is_needed(store: Store) -> None:
    take(store, BORN)
    before = rows(store)
    take(store, STILLBORN)
    assert states(store) == [("open", "scope.child")]
    _, waits = asked(store)
    assert rows(store)["notice"] == before["notice"] + 1
    with store.reading() as transaction:
        run, n, s = transaction.connection.execute, table(NoticeRow).c, table(SubmissionRow).c
        row = run(select(n.sealed, n.submission_id).where(n.id == waits)).one()
        assert run(select(s.sealed).where(s.id == row.submission_id)).scalar_one() is None
        kept = unseal_notice(transaction.keys, row.sealed, waits)
    assert kept.outside == "scope.stillbirth"
    assert b"Gaskell" not in bytes(row.sealed)
    assert (kept.death.circumstances, kept.death.diagnoses, kept.child.carers, kept.child.gp_practice) == (
        None,
        (),
        (),
        None,
    )


def test_it_is_counted_as_passed_over_and_once(store: Store) -> None:
    take(store, BORN)
    take(store, STILLBORN)
    take(store, STILLBORN)
    counted = {(c.verdict, c.reason): c.items for c in overview.counts(store, WHEN.date())}
    assert counted["passed-over", "scope.stillbirth"] == 1
    assert counted["same-again", "against-a-death"] == 1


def test_a_person_who_says_yes_ends_the_case(store: Store) -> None:
    take(store, BORN)
    take(store, STILLBORN)
    sent = decide(store, "link", *asked(store))
    assert states(store) == [("out-of-scope", "scope.stillbirth")]
    assert {row.kind for row in sent} == {"withdraw"}
    assert overview.open_reviews(store) == ()


def test_a_person_who_says_no_leaves_the_case_and_nothing_of_the_other(store: Store) -> None:
    take(store, BORN)
    before = rows(store)
    take(store, STILLBORN)
    about = asked(store)
    sent = decide(store, "unlink", *about)
    assert states(store) == [("open", "scope.child")]
    assert {row.kind for row in sent} == {"update"}  # no review waits any more
    assert overview.open_reviews(store) == ()
    assert rows(store) == before
    # What was decided and what was dropped stay so, however often either is sent again.
    assert decide(store, "unlink", *about) == ()
    assert take(store, STILLBORN) == ()
    assert (rows(store), states(store)) == (before, [("open", "scope.child")])
    with pytest.raises(UnknownSubject):
        decide(store, "link", *about, name="D2")


def test_one_that_was_linked_and_is_parted_again_is_dropped(store: Store) -> None:
    take(store, BORN)
    before = rows(store)
    take(store, STILLBORN)
    about = asked(store)
    decide(store, "link", *about)
    decide(store, "unlink", *about, name="D2")
    assert states(store) == [("open", "scope.child")]
    assert rows(store) == before


def test_it_is_dropped_when_its_case_ends_without_it(store: Store) -> None:
    take(store, BORN)
    take(store, STILLBORN)
    case, _ = asked(store)
    decide(store, "deny-death", case)
    assert [state for state, _ in states(store)] == ["withdrawn"]
    assert rows(store)["notice"] == 1
    assert overview.open_reviews(store) == ()
