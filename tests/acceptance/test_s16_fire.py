"""S16: three children of one family, two of them with one name, dead of one fire on two dates; one at first unnamed."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.conftest import Try
from tests.acceptance.real_engine import Played
from tests.acceptance.stories.s16_fire import (
    COUSIN,
    OLDER,
    PLAYED,
    YOUNGER,
    all_three_dead,
    cousins_ward,
    fire,
    injured,
    known,
    named,
    on_the_night,
    referrals,
    s16,
    sisters_notification,
    unknown,
)
from tests.acceptance.story import by_ref, decided, only

Play = Callable[..., dict[str, Any]]

(STORY,) = PLAYED
NOW = ("--at", STORY.at)
WARD = {"dead.json": all_three_dead(), "ward.hl7": cousins_ward()}
AT_HOME = {"address": {"lines": ["31 Ember Lane"], "postcode": "LS1 1UR", "use": "home"}}


def groups(answer: dict[str, Any]) -> set[frozenset[str]]:
    return {frozenset(case["from"]) for case in answer["cases"]}


def child_of(case: dict[str, Any]) -> tuple[str, str | None]:
    child = case["record"]["child"]
    return " ".join([*child.get("given_names", ()), child["family_name"]]), child.get("birth_date")


def second(**told: Any) -> bytes:
    """The second version, with something more of the unnamed child."""
    return fire(2, P1=known(YOUNGER, "P1"), P2=unknown() | told, P3=known(COUSIN, "P3"))


def test_one_report_of_one_event_makes_three_cases(cdr_try: Try) -> None:
    answer = cdr_try({"dead.json": all_three_dead()}, *NOW)
    assert groups(answer) == {frozenset({f"dead.json#{n}"}) for n in range(3)}
    assert answer["reviews"] == []


def test_the_three_know_of_each_other_by_the_event(cdr_try: Try) -> None:
    answer = cdr_try({"dead.json": all_three_dead()}, *NOW)
    everybody = {case["case"] for case in answer["cases"]}
    for case in answer["cases"]:
        assert {one["case"] for one in case["related"]} == everybody - {case["case"]}
        assert {one["why"] for one in case["related"]} == {"same-event"}
        assert case["record"]["death"]["event"]["reference"] == "E23000010/E-16"


def test_a_child_who_is_injured_makes_no_case_until_a_later_version_says_dead(cdr_try: Try) -> None:
    night = cdr_try({"night.json": on_the_night()}, *NOW)
    assert sorted(child_of(case)[0] for case in night["cases"]) == ["Anika Mistry", "UNKNOWN CHILD 2"]
    after = cdr_try({"night.json": on_the_night(), "dead.json": all_three_dead()}, *NOW)
    assert len(after["cases"]) == 3
    cousin = by_ref(after)["dead.json#2"]
    assert (child_of(cousin)[0], cousin["record"]["death"]["died_at"][:10]) == ("Priya Mistry", "2026-01-18")


def test_the_two_dates_of_death_have_clocks_of_their_own(cdr_try: Try) -> None:
    found = by_ref(cdr_try(WARD, *NOW))
    due = [found[f"dead.json#{n}"]["clocks"]["ncmd_due"] for n in range(3)]
    assert due == ["2026-01-19T02:40:00+00:00", "2026-01-19T02:40:00+00:00", "2026-01-20T13:15:00+00:00"]


def test_a_fire_calls_for_a_response_for_each_child(cdr_try: Try) -> None:
    for case in cdr_try(WARD, *NOW)["cases"]:
        assert case["jar"]["required"]
        assert "external-cause" in case["jar"]["reasons"]
        assert case["jar"]["team"] == "JAR-LEEDS"


def test_the_unnamed_child_is_held_for_a_home_and_told_where_the_child_died(cdr_try: Try) -> None:
    case = by_ref(cdr_try(WARD, *NOW))["dead.json#1"]
    assert (case["state"], case["rule"], case["lead"]) == ("held", "held.no-residence", None)
    assert case["notify"] == ["unassigned:LEEDS"]


def test_the_forces_own_id_resolves_the_unnamed_child_and_the_first_name_is_kept(cdr_try: Try) -> None:
    answer = cdr_try({"night.json": on_the_night(), "dead.json": all_three_dead(), "named.json": named()}, *NOW)
    assert len(answer["cases"]) == 3
    case = by_ref(answer)["night.json#1"]
    assert set(case["from"]) == {"night.json#1", "dead.json#1", "named.json#1"}
    assert child_of(case) == ("Priya Mistry", OLDER.birth_date)
    assert case["record"]["child"]["known_as"] == ["UNKNOWN CHILD 2"]
    assert (case["state"], case["lead"]["cdop"]) == ("open", "LEEDS")


def test_all_that_was_told_is_three_cases_of_their_own_messages(cdr_try: Try) -> None:
    answer = cdr_try(s16(), *NOW)
    assert groups(answer) == {
        frozenset({"night.json#0", "dead.json#0", "named.json#0", "coroner.csv#0"}),
        frozenset({"night.json#1", "dead.json#1", "named.json#1", "coroner.csv#1", "practice.json#0"}),
        frozenset({"ward.hl7#0", "dead.json#2", "named.json#2", "coroner.csv#2"}),
    }
    assert answer["reviews"] == []
    assert {child_of(case) for case in answer["cases"]} == {
        ("Anika Mistry", YOUNGER.birth_date),
        ("Priya Mistry", OLDER.birth_date),
        ("Priya Mistry", COUSIN.birth_date),
    }
    assert {case["record"]["child"].get("nhs_number") for case in answer["cases"]} == {
        None,
        OLDER.nhs_number,
        COUSIN.nhs_number,
    }


NEVER_BY_THEMSELVES = [
    ("nothing", {}, {}),
    ("home", AT_HOME, {}),
    ("home, no number", AT_HOME, {"nhs_number": None}),
    ("home, neither number nor birth date", AT_HOME, {"nhs_number": None, "birth_date": "2020"}),
    ("neither number nor birth date", {}, {"nhs_number": None, "birth_date": "2020"}),
]


@pytest.mark.parametrize(
    ("told", "practice"), [case[1:] for case in NEVER_BY_THEMSELVES], ids=[c[0] for c in NEVER_BY_THEMSELVES]
)
def test_name_postcode_and_date_alone_never_join_the_unnamed_child_or_the_cousin_to_anybody(
    cdr_try: Try, told: dict[str, Any], practice: dict[str, Any]
) -> None:
    """A message about Priya the sister, while the force's unnamed child may be her and the cousin bears her name."""
    messages = {
        "dead.json": second(**told),
        "ward.hl7": cousins_ward(),
        "practice.json": sisters_notification(**practice),
    }
    answer = cdr_try(messages, *NOW)
    assert frozenset({"practice.json#0"}) in groups(answer)
    assert frozenset({"dead.json#1"}) in groups(answer)
    assert frozenset({"dead.json#2", "ward.hl7#0"}) in groups(answer)
    # A person is asked.
    assert any("practice.json#0" in (review["a"], review["b"]) for review in answer["reviews"])


@pytest.mark.parametrize("by", ["number", "birth-date", "person"])
def test_the_likelier_child_is_shown_to_a_person_first_where_number_or_birth_date_speak(cdr_try: Try, by: str) -> None:
    told = {
        "number": {"nhs_number": OLDER.nhs_number},
        "birth-date": {"date_of_birth": OLDER.birth_date, **AT_HOME},
        "person": {**known(OLDER, "P2")},
    }[by]
    messages = {"dead.json": second(**told), "ward.hl7": cousins_ward(), "practice.json": sisters_notification()}
    answer = cdr_try(messages, *NOW)
    together = by_ref(answer)["practice.json#0"]["from"]
    if "dead.json#1" not in together:
        asked = answer["reviews"][0]
        assert {asked["a"], asked["b"]} == {"dead.json#1", "practice.json#0"}
    assert not {"dead.json#0", "dead.json#2", "ward.hl7#0"} & set(together)


def test_a_person_can_say_who_the_unnamed_child_was(cdr_try: Try) -> None:
    messages = WARD | {"practice.json": sisters_notification()}
    said = decided("link", "dead.json#1", "practice.json#0", at="2026-01-20T15:00:00Z")
    answer = cdr_try(messages, *NOW, decisions=[said])
    case = by_ref(answer)["dead.json#1"]
    assert set(case["from"]) == {"dead.json#1", "practice.json#0"}
    assert (case["state"], case["lead"]["cdop"], child_of(case)[0]) == ("open", "LEEDS", "Priya Mistry")
    assert {one["why"] for one in case["related"]} == {"same-event"}


def test_the_coroners_rows_find_their_own_child_each(cdr_try: Try) -> None:
    answer = cdr_try({"named.json": named(), "coroner.csv": referrals()}, *NOW)
    assert groups(answer) == {frozenset({f"named.json#{n}", f"coroner.csv#{n}"}) for n in range(3)}


def test_siblings_and_a_cousin_without_any_event_are_three_cases_too(cdr_try: Try) -> None:
    """The coroner alone: one family name, one postcode, no police report to tell of one fire."""
    answer = cdr_try({"coroner.csv": referrals()}, *NOW)
    assert groups(answer) == {frozenset({f"coroner.csv#{n}"}) for n in range(3)}


def test_a_later_version_that_says_a_child_lives_takes_only_that_childs_case_back(cdr_try: Try) -> None:
    alive = fire(3, P1=known(YOUNGER, "P1"), P2=known(OLDER, "P2"), P3=injured(COUSIN, "P3"))
    answer = cdr_try({"dead.json": all_three_dead(), "later.json": alive}, *NOW)
    states = {child_of(case): case["state"] for case in answer["cases"]}
    assert states[child_of(by_ref(answer)["dead.json#2"])] == "withdrawn"
    assert sorted(states.values()) == ["open", "open", "withdrawn"]


def test_any_order_of_arrival_and_any_repetition_is_the_same(in_any_order: Play) -> None:
    assert len(in_any_order(s16(), *NOW)["cases"]) == 3
    assert len(in_any_order(WARD | {"practice.json": sisters_notification(nhs_number=None)}, *NOW)["cases"]) == 4


def test_in_the_engine_three_cases_go_to_the_lead_each_once_and_never_become_one(played: Played) -> None:
    told = [one for one in played.told("s16") if one.recipient == "cdop.LEEDS"]
    cases = {one.body["case"] for one in told}
    assert len(cases) == 3
    for case in cases:
        kinds = [one.body["kind"] for one in told if one.body["case"] == case]
        assert kinds[0] in ("new", "copy")
        assert not {"merge", "split", "withdraw"} & set(kinds)
    assert {frozenset(held["cdop.LEEDS"]) for held in played.held["s16", 2]} == {frozenset({"lead", "current", "open"})}


def test_in_the_engine_the_unnamed_child_is_first_told_as_nobodys_and_then_as_the_panels_own(played: Played) -> None:
    before = [held for held in played.held["s16", 0] if held["cdop.LEEDS"][0] == "unassigned"]
    assert only(before)["cdop.LEEDS"][2] == "held"
    assert all(held["cdop.LEEDS"][0] == "lead" for held in played.held["s16", 2])
