"""Taking back: a retraction and its replay are one retraction, and what was said in whatever order ends alike."""

import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.adapter import Submission
from integration_engine.core import Outcome
from integration_engine.pipeline import process
from integration_engine.record.notice import DeathNotice
from integration_engine.store import overview
from integration_engine.store.cases import case_content
from integration_engine.store.database import Store
from tests.property.children import decided, notice
from tests.store_samples import NOW, new_store, read, report, retraction, rules

FORMS = ("deleted", "not-dead", "resurrected", "status-removed", "withdrawn", "cancelled-visit")
PARTNERS = (("RTH", "hospital-hl7"), ("RP4", "hospital-fhir"), ("E23000038", "police"), ("national", "national"))

statements = st.lists(
    st.tuples(st.sampled_from(PARTNERS), st.sampled_from(["report", "report", "retract"]), st.sampled_from(FORMS)),
    min_size=1,
    max_size=6,
)
"""Who says, in the order of their own clocks, dead or not dead, and in which form."""


def told(said: Sequence[tuple[tuple[str, str], str, str]]) -> list[DeathNotice]:
    return [
        notice(
            f"n{n}", partner=partner, kind=kind, at=f"2026-03-09T{10 + n}:00", intent=intent,
            death={"died_at": "2026-03-09"} if intent == "report" else {},
            **({"retraction": {"form": form}} if intent == "retract" else {}),
            child={"addresses": [{"lad_code": "E06000038", "use": "home"}]},
        )
        for n, ((partner, kind), intent, form) in enumerate(said)
    ]  # fmt: skip


def come_to(outcome: Outcome) -> Any:
    return [(c.id, c.record, c.routing) for c in outcome.cases], outcome.waiting, outcome.passed_over


@given(statements, st.data())
def test_reports_and_retractions_end_alike_in_every_order_and_however_often(
    said: list[Any], data: st.DataObject
) -> None:
    notices = told(said)
    again = data.draw(st.permutations(notices)) + data.draw(st.lists(st.sampled_from(notices), max_size=4))
    assert come_to(decided(again)) == come_to(decided(notices))


@given(statements, st.lists(st.integers(0, 10_000), min_size=6, max_size=6))
def test_when_it_was_received_decides_nothing(said: list[Any], minutes: list[int]) -> None:
    notices = told(said)
    late = [
        one.model_copy(update={"received_at": one.received_at + timedelta(minutes=more)})
        for one, more in zip(notices, minutes, strict=False)
    ]

    def standing(outcome: Outcome) -> Any:
        # A case is named by the message that came first; what becomes of it isn't decided by that.
        return [(c.record, c.routing.state, c.routing.rule, c.routing.lead) for c in outcome.cases], outcome.waiting

    assert standing(decided(late)) == standing(decided(notices))


@given(statements)
def test_a_withdrawn_case_has_no_clock_and_concerns_nobody(said: list[Any]) -> None:
    for case in decided(told(said)).cases:
        routing = case.routing
        if routing.state == "withdrawn":
            assert (dict(routing.clocks), routing.copies, routing.notify, routing.jar.required) == ({}, (), (), False)
        else:
            assert "ncmd_due" in routing.clocks


@given(st.sampled_from([form for form in FORMS if form != "cancelled-visit"]), st.sampled_from(PARTNERS[:3]))
def test_of_one_source_its_last_word_stands(form: str, who: tuple[str, str]) -> None:
    rules = {
        length: [case.routing.rule for case in decided(told([(who, w, form) for w in said])).cases]
        for length, said in enumerate((["report"], ["report", "retract"], ["report", "retract", "report"]), 1)
    }
    assert rules == {1: ["scope.child"], 2: ["scope.retracted"], 3: ["scope.child"]}


def submitted(said: Sequence[tuple[tuple[str, str], str, str]]) -> list[Submission]:
    return [
        report(n, partner=partner, kind=kind, message_id=f"M{n}")
        if intent == "report"
        else retraction(n, form, partner=partner, kind=kind, message_id=f"M{n}")
        for n, ((partner, kind), intent, form) in enumerate(said)
    ]


def holding(store: Store) -> dict[str, Any]:
    """What each case has come to, and who holds it and how."""
    found = {}
    for case in overview.recent_cases(store, limit=100):
        content = case_content(store, case.id)
        assert content
        found[case.id] = (case.state, case.rule, case.lead, content.version, content.content)
    return found


few = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@few
@given(statements, st.data())
def test_a_retraction_followed_by_its_own_replay_sends_nothing_and_changes_nothing(
    said: list[Any], data: st.DataObject
) -> None:
    story = submitted(said)
    with tempfile.TemporaryDirectory() as folder:
        store = new_store(f"sqlite:///{Path(folder) / 'engine.db'}")
        for position, message in enumerate(story):
            process(store, [message], read=read, now=NOW, **rules())
            before = holding(store)
            replayed = [message, *data.draw(st.lists(st.sampled_from(story[: position + 1]), max_size=2))]
            for one in replayed:
                again = process(store, [one], read=read, now=NOW, **rules())
                assert (again.outbox, again.new) == ((), 0)
            assert holding(store) == before
        store.close()


@few
@given(statements, st.data())
def test_in_every_order_of_arrival_the_store_ends_in_the_same_state(said: list[Any], data: st.DataObject) -> None:
    story = submitted(said)
    ends = []
    for order in (story, data.draw(st.permutations(story))):
        with tempfile.TemporaryDirectory() as folder:
            store = new_store(f"sqlite:///{Path(folder) / 'engine.db'}")
            for message in order:
                process(store, [message], read=read, now=NOW, **rules())
            # A case is named by the message that opened it, and each order opens it with its own.
            ends.append(sorted((case.state, case.rule, case.lead) for case in overview.recent_cases(store, limit=100)))
            store.close()
    assert ends[0] == ends[1]
