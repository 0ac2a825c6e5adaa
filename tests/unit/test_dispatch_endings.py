"""How a case ends for those who hold it: in what order they learn of it, why, and that nobody is told twice."""

from typing import Any

import pytest

from integration_engine.core import Case
from integration_engine.dispatch import Dispatch, Moves, ended, merged_away
from tests.store_samples import BRISTOL, NOW, report, retraction
from tests.unit.test_dispatch_diff import ROAD_DEATH, after, case_of, decision, sent, who_got_what

COLLISION = report(5, **ROAD_DEATH)
ELSEWHERE = {"event": {"type": "road-traffic-collision", "at": "2026-03-07T18:20", "place": {"lad_code": BRISTOL}}}
UNKNOWN_AREA = {"addresses": [{"lad_code": "E06999999", "use": "home"}]}
UNKNOWN_POSTCODE = {"addresses": [{"postcode": "QQ9 9QQ", "use": "home"}]}


def open_case() -> Case:
    return case_of(report(), COLLISION)


def adults() -> Case:
    return case_of(report(), COLLISION, decisions=[decision("age", open_case().id, under_18=False)])


def whys(dispatches: list[Dispatch]) -> set[tuple[str, str]]:
    return {(one["rule"], one["why"]) for dispatch in dispatches for one in dispatch.envelope["reasons"]}


def test_a_case_that_was_an_adults_is_taken_back_from_everybody_as_a_retraction() -> None:
    held = after(sent(open_case()))
    gone = sent(adults(), held, version=2)
    assert who_got_what(gone) == dict.fromkeys(held, "withdraw")
    assert {(d.envelope["state"], d.envelope["rule"], d.retracts) for d in gone} == {
        ("out-of-scope", "scope.adult", True)
    }
    change = {"field": "state", "from": "open", "to": "out-of-scope"}
    assert [d.envelope["changes"] for d in gone] == [[change]] * len(held)
    assert sent(adults(), after(gone, held), version=3) == []


def test_who_has_no_part_in_a_case_any_more_is_taken_off_it_and_the_death_is_not_retracted() -> None:
    held = after(sent(open_case()))
    now = sent(case_of(report(), report(5, **{**ROAD_DEATH, "death": ELSEWHERE})), held, version=2)
    (left,) = [d for d in now if d.kind == "withdraw"]
    assert (left.recipient, left.envelope["rule"], left.retracts) == ("cdop.WILTSW", "copy.ended", False)


def test_response_teams_learn_of_it_first_then_who_is_taken_off_it_then_everybody_else() -> None:
    held = after(sent(open_case()))
    now = sent(case_of(report(), report(5, **{**ROAD_DEATH, "death": ELSEWHERE})), held, version=2)
    assert [d.recipient for d in now] == [
        "jar.JAR-BERKS",
        "jar.JAR-OXON",
        "cdop.WILTSW",
        "cdop.BERKS",
        "cdop.OXON",
        "cdop.WOE",
        "national.ncmd",
    ]


def test_a_response_that_is_not_called_for_any_more_is_taken_back_by_its_own_rule() -> None:
    now = sent(case_of(report()), after(sent(open_case())), version=2)
    rules = {d.recipient: d.envelope["rule"] for d in now if d.kind == "withdraw"}
    assert rules == {
        "jar.JAR-BERKS": "jar.not-required",
        "jar.JAR-OXON": "jar.not-required",
        "cdop.WILTSW": "copy.ended",
    }


def test_whoever_is_told_anything_is_told_why_in_a_sentence_without_the_child() -> None:
    first = sent(open_case())
    held = after(first)
    told = [
        *first,
        *sent(adults(), held, version=2),
        *sent(case_of(report()), held, version=2),
        *sent(case_of(report(), retraction(10)), after(sent(case_of(report()))), version=2),
        *sent(case_of(report(), COLLISION, retraction(10)), held, version=2),
        *sent(case_of(report(child=UNKNOWN_AREA))),
        *ended(held, "c-x", version=2, at=NOW, rule="scope.retracted"),
        *merged_away(held, "c-x", version=2, at=NOW, into="c-kept"),
    ]
    assert {rule for rule, why in whys(told) if not why.endswith(".")} == set()
    assert {rule for rule, why in whys(told) if "Quillfeather" in why or "Barnaby" in why} == set()
    assert ("scope.retracted", "Nobody says any more that this child has died.") in whys(told)


def test_a_dispute_tells_each_holder_what_changed_and_nothing_else() -> None:
    held = after(sent(open_case()))
    marked = sent(case_of(report(), COLLISION, retraction(10)), held, version=2)
    assert {d.recipient for d in marked} == set(held)
    for dispatch in marked:
        assert dispatch.envelope["changes"] == [
            {"field": "state", "from": "open", "to": "held"},
            {"field": "rule", "from": "scope.child", "to": "held.disputed"},
            {"field": "flags", "to": ["disputed"]},
        ]


@pytest.mark.parametrize(
    ("child", "rule"),
    [
        ({"addresses": []}, "held.no-residence"),
        (UNKNOWN_AREA, "held.unknown-area"),
        (UNKNOWN_POSTCODE, "held.unknown-postcode"),
    ],
)
def test_whatever_is_missing_of_a_home_the_panel_of_death_is_told(child: dict[str, Any], rule: str) -> None:
    (told,) = sent(case_of(report(child=child)))
    assert (told.recipient, told.envelope["part"], told.envelope["rule"]) == ("cdop.OXON", "unassigned", rule)


def test_who_was_told_that_a_case_has_ended_is_not_told_again() -> None:
    held = after(sent(open_case()))
    gone = list(ended(held, "c-x", version=2, at=NOW, rule="scope.retracted"))
    assert who_got_what(gone) == dict.fromkeys(held, "withdraw")
    assert {(d.envelope["state"], d.envelope["rule"]) for d in gone} == {("withdrawn", "scope.retracted")}
    assert [d.recipient for d in gone] == sorted(held)
    assert ended(after(gone, held), "c-x", version=3, at=NOW, rule="scope.retracted") == ()
    assert ended(None, "c-x", version=3, at=NOW, rule="scope.retracted") == ()
    assert merged_away(after(gone, held), "c-x", version=3, at=NOW, into="c-kept") == ()


@pytest.mark.parametrize(
    ("survivor", "state"), [(adults, "out-of-scope"), (lambda: case_of(report(), retraction(10)), "withdrawn")]
)
def test_what_became_part_of_a_case_that_has_ended_ends_as_it_did(survivor: Any, state: str) -> None:
    held = after(sent(open_case()))
    kept = survivor()
    told = merged_away(held, "c-gone", version=2, at=NOW, into=kept.id, survivor=kept)
    assert {(d.kind, d.envelope["state"], d.retracts) for d in told} == {("withdraw", state, True)}
    going_on = merged_away(held, "c-gone", version=2, at=NOW, into=open_case().id, survivor=open_case())
    assert {(d.kind, d.retracts) for d in going_on} == {("merge", False)}
    assert {(d.envelope["state"], d.envelope["rule"]) for d in going_on} == {("open", "scope.child")}


def test_that_there_is_a_restricted_case_beside_is_said_to_nobody() -> None:
    moves = Moves(absorbed=("a", "hidden"), split_off=("b", "hidden"), split_from="hidden")
    assert moves.without({"hidden"}) == Moves(absorbed=("a",), split_off=("b",), split_from=None)
    assert moves.without(set()) == moves
    assert not Moves(split_from="hidden").without({"hidden"})
