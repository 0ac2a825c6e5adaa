"""S4: an adopted child under two identities: nothing is joined or told by itself, and who they were reaches nobody."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from integration_engine.cli import _build
from tests.acceptance.conftest import Try
from tests.acceptance.real_engine import Played
from tests.acceptance.stories.s04_adopted import (
    CURRENT,
    FORMER,
    PLAYED,
    clinic,
    confirmed,
    hospital,
    hospital_by_fhir,
    invalidated,
    replaced,
    s4,
)
from tests.acceptance.story import Story, by_ref, every_text, leads, only

Play = Callable[..., dict[str, Any]]

(STORY,) = PLAYED
NOW = ("--at", STORY.at)
RESTRICTED = ("held", "held.restricted")
WHO_THEY_WERE = ("hartnoll", "liam", str(FORMER.nhs_number), "clothier", "ls1 1ur", "kelly", "e08000035", "leeds")


def told_of_former(text: str) -> list[str]:
    folded = text.casefold()
    return [word for word in WHO_THEY_WERE if word in folded]


@pytest.mark.parametrize("first", ["hospital.hl7", "hospital.json"])
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_nothing_is_merged_and_nothing_disclosed(cdr_try: Try, first: str, order: tuple[int, ...]) -> None:
    bodies = {
        first: hospital() if first.endswith("hl7") else hospital_by_fhir(),
        "clinic.hl7": clinic(),
        "changed.json": replaced(),
    }
    names = list(bodies)
    answer = cdr_try({names[n]: bodies[names[n]] for n in order}, *NOW)
    cases = by_ref(answer)
    assert cases[f"{first}#0"] is not cases["clinic.hl7#0"]
    assert {(case["state"], case["rule"]) for case in answer["cases"]} == {RESTRICTED}
    assert {(case["lead"] or {}).get("cdop") for case in answer["cases"]} <= {"WOE", None}
    assert told_of_former(" ".join(every_text(answer))) == []


def test_what_people_read_tells_nothing_either(tmp_path: Path) -> None:
    for name, body in s4().items():
        (tmp_path / name).write_bytes(body)
    result = CliRunner().invoke(_build(["try"]), ["try", *NOW, str(tmp_path)])
    assert result.exit_code == 0
    assert told_of_former(result.output) == []
    assert "held.restricted" in result.output


def test_on_confirmation_it_is_one_case_under_todays_identity(play: Play) -> None:
    answer = play(STORY)
    case = only(answer["cases"])
    assert (case["state"], case["rule"]) == ("open", "scope.child")
    assert leads(case) == ("WOE", [])
    child = case["record"]["child"]
    assert (child["family_name"], child["nhs_number"]) == (CURRENT.family, CURRENT.nhs_number)
    assert {"s4.hospital.hl7#0", "s4.clinic.hl7#0"} <= set(case["from"])
    assert case["record"]["death"]["died_at"] == "2026-05-20T16:45+01:00"
    assert told_of_former(json.dumps(answer)) == []
    assert case["notify"] == []


@pytest.mark.parametrize("role", ["operator", "coordinator", "designated-doctor"])
def test_nobody_without_the_role_confirms_it(cdr_try: Try, role: str) -> None:
    answer = cdr_try(s4(), *NOW, decisions=[{**decision, "role": role} for decision in confirmed()])
    assert len(answer["cases"]) == 2
    assert {(case["state"], case["rule"]) for case in answer["cases"]} == {RESTRICTED}


def test_the_restricted_role_sees_both_sides(cdr_try: Try) -> None:
    answer = cdr_try(s4(), *NOW, "--role", "restricted")
    assert {"hartnoll", "liam"} <= set(told_of_former(json.dumps(answer)))


def test_a_number_that_was_invalidated_as_well_as_replaced_changes_nothing_of_it(in_any_order: Play) -> None:
    answer = in_any_order(s4() | {"i.json": invalidated()}, *NOW)
    assert {(case["state"], case["rule"]) for case in answer["cases"]} == {RESTRICTED}
    assert told_of_former(json.dumps(answer)) == []


def test_an_invalidated_number_joins_nobody_and_is_shown_by_nobody(in_any_order: Play) -> None:
    """Status I alone names no other number: the hospital's case is as it would be, and the old number is no key of any."""
    answer = in_any_order({"hospital.hl7": hospital(), "clinic.hl7": clinic(), "i.json": invalidated()}, *NOW)
    cases = by_ref(answer)
    assert cases["hospital.hl7#0"]["from"] == ["hospital.hl7#0"]
    assert leads(cases["hospital.hl7#0"]) == ("WOE", [])
    assert "nhs_number" not in cases["clinic.hl7#0"]["record"]["child"]


def test_a_change_of_number_says_no_name_and_waits_for_its_child(cdr_try: Try) -> None:
    answer = cdr_try({"changed.json": replaced()}, *NOW)
    assert (answer["cases"], answer["waiting"]) == ([], ["changed.json#0"])


def parts(played: Played, story: Story, act: int) -> list[dict[str, tuple[str, str]]]:
    return [{who: (part, stands) for who, (part, stands, _) in held.items()} for held in played.held[story.name, act]]


def test_leeds_gets_nothing_and_bath_gets_one_case(played: Played) -> None:
    told = played.told("s4")
    assert {delivery.recipient for delivery in told} == {"cdop.WOE", "national.ncmd"}
    assert parts(played, STORY, 2) == [{"cdop.WOE": ("lead", "current"), "national.ncmd": ("national", "current")}]
    assert len({delivery.body["case"] for delivery in told}) == 1


def test_while_it_is_held_nothing_more_leaves(played: Played) -> None:
    """The clinic's message came when the hospital's was already out: nobody was told anything of it until a person was."""
    held = played.held["s4", 1]
    assert {stands for case in held for _, stands, _ in case.values()} <= {"current"}
    assert [len(case) for case in held if case] == [2]


def test_no_delivery_log_page_or_metric_tells_who_they_were(played: Played) -> None:
    running = played.running
    log = (running.folder / "engine.log").read_text()
    _, metrics = running.http.call("GET", "/metrics", running.operator_token)
    inbox = json.dumps(played.inbox("WOE"))
    own = [word for word in WHO_THEY_WERE if word not in ("leeds", "e08000035")]
    for text in (json.dumps([delivery.body for delivery in played.told("s4")]), inbox):
        assert told_of_former(text) == []
    for text in (log, metrics.decode()):
        assert [word for word in own if word in text.casefold()] == []
