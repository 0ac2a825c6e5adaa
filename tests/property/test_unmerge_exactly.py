"""Whatever two cases people join, taking the link back leaves the store as if nobody ever had: cases, homes, questions and
clocks, and what every holder holds of the cases there were."""

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from integration_engine.pipeline import process, record_decision
from integration_engine.record.decision import Decision
from integration_engine.store import audit, overview
from integration_engine.store.database import Store
from tests.held_state import MERGED_INTO, held_state, holdings
from tests.property.test_pipeline_order import STORY
from tests.store_samples import NOW, new_store, read, rules

LATER = NOW + timedelta(hours=2)


def decided(store: Store, name: str, by: str, about: tuple[str, ...], minutes: int, **value: Any) -> None:
    at = LATER + timedelta(minutes=minutes)
    told = {"id": name, "at": at, "by": by, "role": "restricted", "kind": "link", "about": about, "value": value}
    # What is decided at a later hour runs by the same clock, so that only the decision can change anything.
    record_decision(store, Decision.model_validate(told | {"reason": "they say so"}), now=LATER, **rules())


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 2))
@example(0, 1, 2)
@example(0, 3, 1)
@example(1, 2, 1)  # the link takes a case's founder from it; the rest of it is a case of its own until they meet again
def test_a_link_taken_back_leaves_no_trace_in_the_state(one: int, other: int, people: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = new_store(f"sqlite:///{Path(folder) / 'engine.db'}")
        process(store, STORY, read=read, now=LATER, **rules())
        cases = sorted(case.id for case in overview.recent_cases(store, limit=100))
        about = (cases[one % len(cases)], cases[other % len(cases)])
        if about[0] != about[1]:
            before, held_before = held_state(store), holdings(store)
            for n in range(people):
                decided(store, f"D{n}", f"reader {n}", about, n)
            decided(store, "back", "reader 0", about, 9, withdraw=True)
            state = held_state(store)
            since = {case for case in state["cases"] if case[0] not in {held[0] for held in before["cases"]}}
            # What was a case only meanwhile leads whoever was told of it to what it is now.
            assert {case[MERGED_INTO] for case in since} <= {case[0] for case in before["cases"]}
            assert state | {"cases": [case for case in state["cases"] if case not in since]} == before
            after = holdings(store)
            assert {place: after.get(place) for place in held_before} == held_before
            assert {standing for place, (standing, _) in after.items() if place not in held_before} <= {
                "withdrawn",
                "pointer",
            }
            assert audit.verify(store).broken is None
        store.close()
