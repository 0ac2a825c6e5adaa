"""However messages are shuffled, repeated and batched, the store ends with the cases that the pure core makes of them all."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from adapters.adapter import Submission
from integration_engine.core import Case, decide
from integration_engine.pipeline import process
from integration_engine.shown import Shown
from integration_engine.store import audit, overview
from integration_engine.store.cases import case_content
from integration_engine.store.database import Store
from tests.store_samples import BRISTOL, NOW, new_store, read, report, retraction, rules

TWIN: dict[str, Any] = {
    "nhs_number": None,
    "family_name": "Ravensworth",
    "given_names": [],
    "name_is_placeholder": True,
    "birth_date": "2026-03-08",
    "addresses": [{"lines": ["1 Kelp Quay"], "lad_code": BRISTOL, "use": "home"}],
}
MOTHER = {"mother": {"nhs_number": "9991001379"}}

FIRE = {"event": {"type": "fire", "at": "2026-03-05", "reference": "EV-7", "place": {"lad_code": BRISTOL}}}


def in_the_fire(number: str | None, given: str, family: str, born: str) -> dict[str, Any]:
    """A child of one of two families in one fire, who share nothing but the event."""
    home = [{"lines": [f"{len(family)} {family} Yard"], "lad_code": BRISTOL, "use": "home"}]
    return {"nhs_number": number, "given_names": [given], "family_name": family, "birth_date": born, "addresses": home}


STORY: Sequence[Submission] = (
    report(),
    report(1, message_id="A"),
    report(2, partner="E23000038", kind="police", child={"nhs_number": None, "given_names": ["Barnaby"]}),
    report(3, partner="RXX", child={"family_name": "Quilfeather"}, death={"expected": "unexpected"}),
    retraction(4, message_id="B"),
    report(5, message_id="C"),
    report(
        6,
        partner="RXX",
        child={**TWIN, **MOTHER, "multiple_birth": {"count": 2, "order": 1}},
        death={"died_at": "2026-03-08"},
    ),
    report(
        7,
        partner="RXX",
        child={**TWIN, **MOTHER, "multiple_birth": {"count": 2, "order": 2}},
        death={"died_at": "2026-03-09"},
    ),
    report(8, partner="RYY", child={**TWIN, **MOTHER}, death={"died_at": "2026-03-09"}),
    report(
        9,
        partner="RYY",
        child={**TWIN, "nhs_number": "9991004114", "given_names": ["Sorrel"], "name_is_placeholder": None},
    ),
    retraction(
        10, partner="RZZ", child={"nhs_number": "9991013709", "family_name": "Nobody", "given_names": ["Known"]}
    ),
    report(
        11,
        partner="national",
        kind="national",
        intent="rekey",
        rekey={"kind": "replaced", "old_nhs_number": "9991004114", "new_nhs_number": "9991006850"},
        child={**TWIN, "nhs_number": "9991004114"},
    ),
    report(
        12,
        partner="E23000036",
        kind="police",
        child=in_the_fire(None, "Linden", "Applegarth", "2012-02-03"),
        death={"died_at": "2026-03-05", **FIRE},
    ),
    report(
        13,
        partner="E23000036",
        kind="police",
        child=in_the_fire(None, "Bryony", "Fennimore", "2016-07-08"),
        death={"died_at": "2026-03-06", **FIRE},
    ),
    # Shares keys with the first child of the fire only: its case must still know the other.
    report(
        14,
        child=in_the_fire("9991008225", "Linden", "Applegarth", "2012-02-03"),
        death={"died_at": "2026-03-05"},
        message_id="F",
    ),
)


@st.composite
def arrivals(draw: st.DrawFn) -> list[list[Submission]]:
    """Some of the story's messages, in any order, some of them more than once, in batches of any size."""
    chosen = draw(st.lists(st.integers(0, len(STORY) - 1), min_size=1, max_size=16))
    batches: list[list[Submission]] = [[]]
    for number in chosen:
        if batches[-1] and draw(st.booleans()):
            batches.append([])
        batches[-1].append(STORY[number])
    return batches


def held(store: Store) -> list[tuple[Any, ...]]:
    found = []
    for case in overview.recent_cases(store, limit=1000):
        content = case_content(store, case.id)
        assert content is not None
        shown = {name: value for name, value in content.content["shown"].items() if name != "related"}
        related = sorted(r["why"] for r in content.content["shown"]["related"])
        found.append((sorted(content.content["notices"]), case.state, case.rule, case.lead, shown, related))
    return sorted(found, key=lambda row: row[0])


def decided(cases: Sequence[Case]) -> list[tuple[Any, ...]]:
    found = []
    for case in cases:
        shown = {name: value for name, value in Shown(case).full.items() if name != "related"}
        lead = case.routing.lead.cdop if case.routing.lead else None
        names, why = sorted(n.id for n in case.notices), sorted(r.why for r in case.related)
        found.append((names, case.routing.state, case.routing.rule, lead, shown, why))
    return sorted(found, key=lambda row: row[0])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(arrivals())
@example([[message] for message in STORY])
@example([[message] for message in reversed(STORY)])
@example([list(STORY)])
@example([[message] for message in STORY[-3:]])
def test_the_store_ends_where_the_core_does(batches: list[list[Submission]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = new_store(f"sqlite:///{Path(folder) / 'engine.db'}")
        for batch in batches:
            process(store, batch, read=read, now=NOW, **rules())
        notices = [notice for batch in batches for s in batch for r in read(s) for notice in r.notices]
        outcome = decide(notices, (), rules()["reference"], NOW, rules()["switches"])
        assert held(store) == decided(outcome.cases)
        assert {frozenset((r.a, r.b)) for r in overview.open_reviews(store)} == {
            frozenset((r.a, r.b)) for r in outcome.reviews
        }
        assert audit.verify(store).broken is None
        store.close()


@pytest.mark.parametrize("seed", range(3))
def test_replaying_everything_changes_and_sends_nothing(tmp_path: Path, seed: int) -> None:
    store = new_store(f"sqlite:///{tmp_path / 'engine.db'}")
    process(store, STORY, read=read, now=NOW, **rules())
    before = held(store)
    again = process(store, STORY[seed:] + STORY[:seed], read=read, now=NOW, **rules())
    assert (again.outbox, again.new) == ((), 0)
    assert held(store) == before


OLD = "9991009590"
PASSED_OVER: Mapping[str, Sequence[Submission]] = {
    "a living brother of one home": (
        report(child={"nhs_number": None, "birth_date": None}),
        report(1, partner="E23000038", kind="police", child={"nhs_number": None, "birth_date": None}),
        report(
            2,
            partner="X26",
            kind="national",
            intent="retract",
            retraction={"form": "status-removed", "routine": True},
            child={"nhs_number": "9991004114", "given_names": ["Bo"], "birth_date": "2008-03-12"},
        ),
    ),
    "somebody living, of another name under a number that was replaced": (
        report(
            partner="X26",
            kind="national",
            intent="rekey",
            rekey={"kind": "replaced", "old_nhs_number": OLD, "new_nhs_number": "9991000003"},
            child={"nhs_number": OLD, "family_name": None, "given_names": ["Liam"]},
        ),
        report(1),
        report(
            2,
            intent="retract",
            retraction={"form": "not-dead", "routine": True},
            child={"nhs_number": OLD, "family_name": "Hart", "given_names": ["Liam"]},
        ),
    ),
}
"""Two messages that make one case, and a third of which nothing is kept."""


@pytest.mark.parametrize("story", PASSED_OVER.values(), ids=PASSED_OVER)
@pytest.mark.parametrize(
    "batches", [((0, 1), (2,)), ((0,), (1, 2)), ((2, 0), (1,)), ((2,), (1,), (0,)), ((0, 1, 2),)], ids=str
)
def test_what_is_not_kept_decides_nothing_about_what_is_whatever_batch_it_comes_in(
    tmp_path: Path, story: Sequence[Submission], batches: Sequence[Sequence[int]]
) -> None:
    store = new_store(f"sqlite:///{tmp_path / 'engine.db'}")
    for batch in batches:
        process(store, [story[n] for n in batch], read=read, now=NOW, **rules())
    kept = [notice for message in story[:2] for reading in read(message) for notice in reading.notices]
    outcome = decide(kept, (), rules()["reference"], NOW, rules()["switches"])
    assert len(outcome.cases) == 1
    assert held(store) == decided(outcome.cases)
    assert overview.open_reviews(store) == ()
    store.close()
