"""Machines whose clocks are wrong, and are put right: what they left behind is found by whoever comes after."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from adapters.adapter import Submission
from integration_engine.pipeline import process
from integration_engine.record.clock_event import ClockRule
from integration_engine.routing.clock_rules import load_clock_rules
from integration_engine.routing.table_folder import open_folder
from integration_engine.store import audit, outbox
from integration_engine.store.clocks import claim_events, raise_due
from integration_engine.store.database import Store
from tests.store_samples import NOW, new_store, rules
from tests.worker_samples import FORCE, death

pytestmark = pytest.mark.chaos
_AHEAD = NOW + timedelta(days=400)
_SOON = timedelta(seconds=20)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = new_store(database_url)
    yield opened
    opened.close()


def _took(store: Store, clock: object) -> int:
    submission = Submission(death(1), NOW, partner=FORCE)
    return len(process(store, [submission], kinds=["police"], now=clock, **rules()).outbox)  # type: ignore[arg-type]  # a moment


def test_deliveries_of_a_worker_whose_clock_ran_ahead_are_swept_up_once_it_is_right(store: Store) -> None:
    assert _took(store, _AHEAD) == 3
    assert len(outbox.claim(store, 10, _SOON, NOW)) == 3
    assert audit.verify(store).broken is None


def test_a_claim_that_was_made_by_a_clock_that_ran_ahead_runs_out(store: Store) -> None:
    assert _took(store, NOW) == 3
    assert len(outbox.claim(store, 10, _SOON, _AHEAD)) == 3
    assert len(outbox.claim(store, 10, _SOON, NOW + timedelta(minutes=2))) == 3
    assert outbox.claim(store, 10, _SOON, NOW + timedelta(minutes=2)) == (), "this claim still stands"


def test_clock_events_claimed_by_a_clock_that_ran_ahead_are_published_by_another(store: Store) -> None:
    known: dict[str, ClockRule] = dict(load_clock_rules(open_folder(None), {}))
    _took(store, NOW)
    raised = raise_due(store, _AHEAD, known)
    assert raised
    assert len(claim_events(store, 10, _AHEAD)) == len(raised)
    assert len(claim_events(store, 10, NOW)) == len(raised)
