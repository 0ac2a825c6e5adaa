"""What a panel tells of its review by decision: folded like a notice of its own, the latest word on each step standing."""

from itertools import permutations
from typing import Any

import pytest
from pydantic import ValidationError

from integration_engine.core import Case, decide
from integration_engine.record.decision import Decision
from integration_engine.shown import Shown
from tests.store_samples import NOW, read, report, retraction, rules


def step(name: str, at: str = "2026-04-01T09:00:00Z", **value: Any) -> Decision:
    (reading,) = read(report(), None)
    about = [item.notice.id for item in reading.items if item.notice]
    return Decision.model_validate(
        {"id": name, "at": at, "by": "someone", "role": "coordinator", "kind": "process", "about": about}
        | {"value": value, "reason": "told by the panel"}
    )


def case(*decisions: Decision, also: tuple[Any, ...] = ()) -> Case:
    notices = [item.notice for sent in (report(), *also) for reading in read(sent, None) for item in reading.items]
    (found,) = decide([n for n in notices if n], decisions, rules()["reference"], NOW, rules()["switches"]).cases
    return found


def process(*decisions: Decision, also: tuple[Any, ...] = ()) -> dict[str, Any]:
    found = case(*decisions, also=also).record.process
    return found.model_dump(mode="json") if found else {}


def test_a_step_that_a_panel_tells_of_is_in_the_record_with_the_decision_as_its_source() -> None:
    told = case(step("d-1", ncmd_told_at="2026-03-10T08:00:00Z"))
    assert told.record.process is not None
    assert told.record.process.ncmd_told_at == "2026-03-10T08:00+00:00"
    won = told.record.provenance["process.ncmd_told_at"]
    assert (won.notice, won.path) == ("decision:d-1", "value.ncmd_told_at")
    shown = Shown(told)
    assert shown.provenance("lead")["process.ncmd_told_at"]["source"] == "cdop"


def test_for_each_step_the_latest_decision_stands_in_whatever_order_they_come() -> None:
    decisions = [
        step("d-1", "2026-04-01T09:00:00Z", cdrm_held_at="2026-03-20T10:15", ncmd_told_at="2026-03-10"),
        step("d-2", "2026-04-03T09:00:00Z", cdrm_held_at="2026-03-21"),
        step("d-3", "2026-04-02T09:00:00Z", cdrm_held_at="2026-03-30T10:15", cdrm_report_at="2026-04-02"),
    ]
    wanted = {"cdrm_held_at": "2026-03-21", "ncmd_told_at": "2026-03-10", "cdrm_report_at": "2026-04-02"}
    assert all(process(*order) == wanted for order in permutations(decisions))


def test_null_takes_an_earlier_word_back() -> None:
    slip = step("d-1", "2026-04-01T09:00:00Z", cdrm_held_at="2026-03-20")
    assert process(slip, step("d-2", "2026-04-02T09:00:00Z", cdrm_held_at=None)) == {}


def test_a_decision_that_withdraws_its_kind_takes_every_step_before_it_back() -> None:
    told = step("d-1", "2026-04-01T09:00:00Z", cdrm_held_at="2026-03-20", pm_pause=True)
    gone = step("d-2", "2026-04-02T09:00:00Z", withdraw=True)
    assert process(told, gone) == {}
    assert process(told, gone, step("d-3", "2026-04-03T09:00:00Z", ncmd_told_at="2026-03-10")) == {
        "ncmd_told_at": "2026-03-10"
    }


def test_the_panels_word_on_a_step_beats_a_hospitals_which_stays_visible() -> None:
    hospital = report(5, partner="RTX", process={"cdrm_held_at": "2026-03-19"})
    told = case(step("d-1", cdrm_held_at="2026-03-20"), also=(hospital,))
    assert told.record.process is not None
    assert told.record.process.cdrm_held_at == "2026-03-20"
    assert [(c.field, c.value) for c in told.record.conflicts] == [("process.cdrm_held_at", "2026-03-19")]


def test_a_pause_lasts_from_its_switching_on_to_its_switching_off() -> None:
    on = step("d-1", "2026-04-01T09:00:00Z", pm_pause=True, pm_pause_at="2026-03-11")
    off = step("d-2", "2026-05-01T09:00:00Z", pm_pause=False)
    again = step("d-3", "2026-05-10T09:00:00Z", pm_pause=True)
    first = {"cause": "post-mortem", "from": "2026-03-11", "to": "2026-05-01T10:00+01:00"}
    assert process(on) == {"pm_pause": True, "pauses": [{"cause": "post-mortem", "from": "2026-03-11"}]}
    assert process(on, off) == {"pm_pause": False, "pauses": [first]}
    assert process(again, on, off)["pauses"] == [first, {"cause": "post-mortem", "from": "2026-05-10T10:00+01:00"}]
    assert process(on, off, step("d-4", "2026-06-01T09:00:00Z", pm_pause=None)) == {}


def test_said_twice_a_pause_begins_once_and_ends_once() -> None:
    days = [
        step(f"d-{n}", f"2026-04-0{n}T09:00:00Z", inquest_pause=on)
        for n, on in enumerate([True, True, False, False], start=1)
    ]
    (pause,) = process(*days)["pauses"]
    assert (pause["from"], pause["to"]) == ("2026-04-01T10:00+01:00", "2026-04-03T10:00+01:00")


def test_a_withdrawn_case_still_says_whose_it_was_beside_the_steps_told_of_it() -> None:
    gone = case(step("d-1", ncmd_told_at="2026-03-10"), also=(retraction(10),))
    assert gone.routing.state == "withdrawn"
    assert gone.record.child.family_name
    assert gone.record.process is not None


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({}, "needs one of"),
        ({"meeting": "2026-03-20"}, "no step"),
        ({"cdrm_held_at": "last Tuesday"}, "value.cdrm_held_at is no ISO date or time"),
        ({"cdrm_held_at": "2026-02-30"}, "value.cdrm_held_at is no ISO date or time"),
        ({"cdrm_held_at": 20260320}, "value.cdrm_held_at is no ISO date or time"),
        ({"pm_pause": "yes"}, "value.pm_pause is no true or false"),
        ({"pm_pause_at": "2026-03-20"}, "beside it"),
    ],
)
def test_a_step_that_is_none_is_refused_by_its_name_and_never_by_its_value(value: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why) as raised:
        step("d-1", **value)
    text = str(raised.value)
    assert not any(str(given) in text for given in value.values() if given not in (True, "yes"))
