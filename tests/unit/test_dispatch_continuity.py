"""Which decided case goes on which stored one: identities that stay, merges that redirect, splits that remember."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from integration_engine.continuity import Continuity, continue_cases
from integration_engine.core import Case, Related, case_id
from integration_engine.record.notice import DeathNotice
from integration_engine.record.record import ChildDeathRecord
from integration_engine.routing.answer import Routing
from tests.store_samples import NOW, read, report


@dataclass(frozen=True)
class Stored:
    id: str
    founder: str
    founded_at: datetime
    merged_into: str | None = None


def notice(name: str) -> DeathNotice:
    """A notice received so many minutes after NOW as its letter stands in the alphabet."""
    said = next(iter(read(report()))).notices[0]
    return said.model_copy(update={"id": name, "received_at": NOW + timedelta(minutes=ord(name))})


def decided(*names: str) -> Case:
    """A case of these notices, opened by the first received."""
    opening = case_id(min(names))
    return Case(opening, tuple(map(notice, names)), ChildDeathRecord(), Routing("open", "scope.child"))


def stored(founder: str, merged_into: str | None = None) -> Stored:
    return Stored(case_id(founder), founder, notice(founder).received_at, merged_into)


def continued(cases: list[Case], held: list[Stored], homes: dict[str, str]) -> Continuity:
    return continue_cases(cases, {s.id: s for s in held}, {name: case_id(home) for name, home in homes.items()})


def ids(found: Continuity) -> list[str]:
    return [c.case.id for c in found.cases]


def test_a_case_nobody_knew_is_new() -> None:
    found = continued([decided("a", "b")], [], {})
    assert ids(found) == [case_id("a")]
    assert not found.cases[0].stored
    assert not found.cases[0].moves


def test_a_case_that_grows_keeps_its_id() -> None:
    found = continued([decided("a", "b")], [stored("a")], {"a": "a"})
    assert ids(found) == [case_id("a")]
    assert found.cases[0].stored


def test_an_earlier_notice_that_arrives_late_does_not_rename_the_case() -> None:
    found = continued([decided("a", "b")], [stored("b")], {"b": "b"})
    assert ids(found) == [case_id("b")]
    assert found.cases[0].founder.id == "b"
    assert (found.merged, found.ended) == ({}, ())


def test_of_two_cases_that_meet_the_earlier_goes_on_and_the_other_redirects() -> None:
    found = continued([decided("a", "b")], [stored("b"), stored("a")], {"a": "a", "b": "b"})
    assert ids(found) == [case_id("a")]
    assert found.merged == {case_id("b"): case_id("a")}
    assert found.cases[0].moves.absorbed == (case_id("b"),)


def test_notices_that_leave_make_a_new_case_that_both_sides_remember() -> None:
    found = continued([decided("a"), decided("b", "c")], [stored("a")], {"a": "a", "b": "a", "c": "a"})
    assert ids(found) == [case_id("a"), case_id("b")]
    assert found.cases[0].moves.split_off == (case_id("b"),)
    assert found.cases[1].moves.split_from == case_id("a")
    assert [c.stored for c in found.cases] == [True, False]


def test_a_merged_case_that_parts_again_comes_back_as_itself() -> None:
    held = [stored("a"), stored("b", merged_into=case_id("a"))]
    found = continued([decided("a"), decided("b")], held, {"a": "a", "b": "a"})
    assert ids(found) == [case_id("a"), case_id("b")]
    assert found.cases[1].stored
    assert found.cases[1].moves.split_from == case_id("a")


def test_a_tombstone_stays_one_while_its_founder_is_in_the_case_it_became() -> None:
    held = [stored("a"), stored("b", merged_into=case_id("a"))]
    found = continued([decided("a", "b", "c")], held, {"a": "a", "b": "a"})
    assert ids(found) == [case_id("a")]
    assert found.merged == {}
    assert not found.cases[0].moves


def test_a_merged_case_whose_founder_meets_the_rest_of_it_again_takes_that_in() -> None:
    held = [stored("a"), stored("b", merged_into=case_id("a")), stored("c")]
    found = continued([decided("a"), decided("b", "c")], held, {"a": "a", "b": "a", "c": "c"})
    assert ids(found) == [case_id("a"), case_id("b")]
    assert found.merged == {case_id("c"): case_id("b")}
    assert found.cases[1].moves.absorbed == (case_id("c"),)
    assert found.cases[1].moves.split_from == case_id("a")
    assert found.cases[0].moves.split_off == (case_id("b"),)


def test_a_merged_case_whose_founder_joins_an_older_one_redirects_to_that() -> None:
    held = [stored("a"), stored("c", merged_into=case_id("a")), stored("b")]
    found = continued([decided("a"), decided("b", "c")], held, {"a": "a", "b": "b", "c": "a"})
    assert ids(found) == [case_id("a"), case_id("b")]
    assert found.merged == {case_id("c"): case_id("b")}
    assert not found.cases[0].moves.split_off


def test_a_case_whose_founder_now_waits_goes_on_in_the_rest_of_it() -> None:
    found = continued([decided("b", "c")], [stored("a")], {"a": "a", "b": "a", "c": "a"})
    assert ids(found) == [case_id("a")]
    assert found.cases[0].founder.id == "b"


def test_a_case_that_no_notice_makes_any_more_ends() -> None:
    assert continued([], [stored("a")], {"a": "a"}).ended == (case_id("a"),)


def test_related_cases_are_named_by_their_lasting_ids() -> None:
    twin = replace(decided("c"), related=(Related(case_id("a"), "multiple-birth"),))
    found = continued([decided("a", "b"), twin], [stored("b")], {"b": "b"})
    assert found.cases[1].case.related[0].case == case_id("b")
