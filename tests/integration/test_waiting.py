"""What waits for people, as the store finds it: a panel's own are found however many others wait."""

from typing import Any

import pytest

from integration_engine.console import sight
from integration_engine.security.identity import Principal
from integration_engine.store import overview, waiting
from integration_engine.store.database import Store
from integration_engine.store.transfers import propose
from integration_engine.store.waiting import questions, waiting_cases
from tests.integration.test_decisions_everywhere import take
from tests.native_messages import adt
from tests.store_samples import NOW

TOM: dict[str, Any] = {
    "f3": "4512399^^^RTH^PI", "f5": "WREN^TOM", "f7": "20120203", "f8": "M", "f32": None, "f29": "20260308031000",
    "f11": "9 DEAN LANE^^BIRMINGHAM^^B31 2AP^GBR^H",
}  # fmt: skip


def test_a_panels_held_cases_are_found_behind_older_ones_of_others(store: Store) -> None:
    # Both messages say that a child died and is alive.
    take(store, {"tom.hl7": adt(control="LOR0002", **TOM, f30="N"), "ava.hl7": adt(f30="N")})
    leads = {case.lead for case in overview.recent_cases(store)}
    assert "BERKS" in leads
    assert len(leads) == 2
    (oldest,) = waiting_cases(store, limit=1)
    assert oldest.lead != "BERKS"
    (own,) = waiting_cases(store, leads={"BERKS"}, limit=1)
    assert (own.lead, own.rule) == ("BERKS", "held.contradiction")
    assert waiting_cases(store, leads=()) == ()


def test_a_list_that_is_cut_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    take(store, {"tom.hl7": adt(control="LOR0002", **TOM, f30="N"), "ava.hl7": adt(f30="N")})
    night_desk = Principal("op", "operator")
    assert not sight.work(store, night_desk).more
    monkeypatch.setattr(waiting, "MOST", 2)
    assert sight.work(store, night_desk).more


def test_a_panels_questions_are_found_behind_older_ones_of_others(store: Store) -> None:
    take(store, {"tom.hl7": adt(control="LOR0002", **TOM), "ava.hl7": adt()})
    for case in overview.recent_cases(store):
        propose(store, case.id, case.lead or "", "WOE", "lived there until spring", now=NOW)
    both = questions(store)
    assert len(both) == 2
    for question in both:
        (about,) = question.cases
        (found,) = questions(store, leads={about.lead or ""}, limit=1)
        assert found.id == question.id
    assert questions(store, leads={"NOBODY"}) == ()
