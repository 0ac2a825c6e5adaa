"""Deaths and births that aren't reviewed, in any order and batches, with people joining and parting them: the store ends with
the cases that the pure core makes of what was kept, holds nothing else, and closes no case by what isn't the child's own."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from adapters.adapter import Submission
from integration_engine.core import Outcome, decide
from integration_engine.pipeline import process, record_decision
from integration_engine.record.decision import Decision
from integration_engine.record.notice import DeathNotice
from integration_engine.store import audit, overview
from integration_engine.store.database import Store, table
from integration_engine.store.tables import NoticeRow
from tests.property.test_pipeline_order import decided, held
from tests.store_samples import BRISTOL, NOW, new_store, read, report, rules

BABY: dict[str, Any] = {
    "nhs_number": None,
    "family_name": "Ravensworth",
    "given_names": [],
    "name_is_placeholder": True,
    "birth_date": "2026-03-08",
    "addresses": [{"lines": ["1 Kelp Quay"], "lad_code": BRISTOL, "use": "home"}],
    "mother": {"given_names": ["Ada"], "nhs_number": "9991001379"},
}
NAMED = {**BABY, "nhs_number": "9991004114", "given_names": ["Sorrel"], "name_is_placeholder": None}
DIED = {"died_at": "2026-03-08T04:10"}
STILLBORN = {
    "death": {**DIED, "live_birth": "no", "professional_attending_birth": "yes"},
    "outside": "scope.stillbirth",
}
TERMINATED = {"death": {**DIED, "termination": True}, "outside": "scope.termination"}
OWN: dict[str, Any] = {"source": {"kind": "hospital-hl7", "partner": "RXX", "local_ref": "M17"}}

STORY: Sequence[Submission] = (
    report(0, partner="RXX", child=BABY, death=DIED),
    report(1, partner="RXX", child=NAMED, death=DIED),
    report(2, partner="E23000036", kind="police", child=NAMED, death=DIED),
    report(3, partner="RXX", child=NAMED, **STILLBORN),
    report(4, partner="RXX", child=BABY, **STILLBORN),
    report(5, partner="RXX", child={**BABY, "multiple_birth": {"count": 2, "order": 2}}, **STILLBORN),
    report(6, partner="RXX", child=NAMED, death={**DIED, "live_birth": "yes"}),
    report(7, partner="RXX", child=BABY, **TERMINATED),
    report(8, partner="RYY", child={**BABY, "family_name": "Quilfeather", "mother": {}}, death=DIED),
    report(9, partner="RXX", child=NAMED, **TERMINATED),
    report(10, partner="RXX", child=BABY, death=DIED, **OWN),
    report(11, partner="RXX", child=BABY, **STILLBORN, **OWN),
)
NOTICES = [notice for message in STORY for reading in read(message) for notice in reading.notices]

Step = list[int] | tuple[str, int, int]


@st.composite
def histories(draw: st.DrawFn) -> list[Step]:
    """Batches of the story's messages and, between them, people who join or part two of its notices."""
    batch = st.lists(st.integers(0, len(STORY) - 1), min_size=1, max_size=4)
    number = st.integers(0, len(STORY) - 1)
    ruling = st.tuples(st.sampled_from(("link", "unlink")), number, number)
    return draw(st.lists(st.one_of(batch, batch, ruling), min_size=1, max_size=8))


class Told:
    """What is kept, the plain way: everything told so far decided anew, and what is passed over forgotten."""

    def __init__(self) -> None:
        self.kept: dict[str, DeathNotice] = {}
        self.decisions: list[Decision] = []

    def outcome(self) -> Outcome:
        said = rules()
        return decide(self.kept.values(), self.decisions, said["reference"], NOW, said["switches"])

    def settle(self) -> Outcome:
        found = self.outcome()
        self.kept = {name: notice for name, notice in self.kept.items() if name not in dict(found.passed_over)}
        return found

    def take(self, numbers: Sequence[int]) -> None:
        self.kept |= {NOTICES[number].id: NOTICES[number] for number in numbers}
        self.settle()

    def decide(self, decision: Decision) -> None:
        self.decisions.append(decision)
        self.settle()


def ruling(number: int, kind: str, one: int, other: int) -> Decision:
    about = [NOTICES[one].id, NOTICES[other].id]
    said = {"id": f"D{number}", "at": NOW, "by": "somebody", "role": "restricted", "reason": "as told"}
    return Decision.model_validate({**said, "kind": kind, "about": about})


def kept(store: Store) -> set[str]:
    with store.reading() as transaction:
        return {row.id for row in transaction.connection.execute(select(table(NoticeRow).c.id))}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories())
@example([[number] for number in range(len(STORY))])
@example([[number] for number in reversed(range(len(STORY)))])
@example([list(range(len(STORY)))])
@example([[0], [4], ("unlink", 0, 4), [4], [3]])
@example([[0], [4], ("link", 0, 4), ("unlink", 0, 4), [1, 3]])
def test_the_store_ends_where_the_core_does_with_what_was_kept(history: list[Step]) -> None:
    told = Told()
    with tempfile.TemporaryDirectory() as folder:
        store = new_store(f"sqlite:///{Path(folder) / 'engine.db'}")
        for number, step in enumerate(history):
            if isinstance(step, list):
                process(store, [STORY[n] for n in step], read=read, now=NOW, **rules())
                told.take(step)
            elif step[1] != step[2] and {NOTICES[n].id for n in step[1:]} <= told.kept.keys():
                decision = ruling(number, *step)
                record_decision(store, decision, now=NOW, **rules())
                told.decide(decision)
            assert kept(store) == told.kept.keys()
        outcome = told.outcome()
        assert outcome.passed_over == ()
        assert held(store) == decided(outcome.cases)
        assert {frozenset((r.a, r.b)) for r in overview.open_reviews(store)} == {
            frozenset((r.a, r.b)) for r in outcome.reviews
        }
        assert audit.verify(store).broken is None
        store.close()


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(0, len(STORY) - 1), min_size=1))
def test_a_case_ends_only_by_what_is_the_childs_own(chosen: set[int]) -> None:
    said = rules()
    notices = [NOTICES[number] for number in sorted(chosen)]
    outcome = decide(notices, (), said["reference"], NOW, said["switches"])
    for case in outcome.cases:
        ending = [n for n in case.notices if n.outside]
        deaths = [n for n in case.notices if not n.outside]
        assert deaths, "a birth that isn't reviewed opened a case"
        for end in ending:
            numbers = {n.child.nhs_number for n in deaths} - {None}
            locals_ = {n.source.local_ref for n in deaths} - {None}
            assert end.child.nhs_number in numbers or end.source.local_ref in locals_ or _beside(end, ending, numbers)


def _beside(end: DeathNotice, ending: Sequence[DeathNotice], numbers: set[str]) -> bool:
    """Whether it only repeats another that has the child's number."""
    return any(other.child.nhs_number in numbers for other in ending if other is not end)
