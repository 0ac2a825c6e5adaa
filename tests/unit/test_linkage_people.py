"""What people say of two notices: twins take two readers, a rejected pair rests until more is heard, a later twin is told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any, Literal

import pytest

from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.people import Constraint
from integration_engine.linkage.resolve import Resolution, resolve
from tests.linkage_rows import BABY, ROWAN, asked, number, said, together

POLICE = {"sender": "E23000009", "source": "police"}
CORONER = {"sender": "leeds", "source": "coroner"}
BEGAN = datetime(2026, 2, 4, 9, tzinfo=UTC)


def hours(n: int) -> datetime:
    return BEGAN + timedelta(hours=n)


def heard(hour: int, id: str, *parts: dict[str, Any], **also: Any) -> Evidence:
    return said(id, *parts, notified_at=hours(hour).isoformat(), **also)


def word(kind: Literal["link", "unlink"], by: str, hour: int, a: str = "a", b: str = "b") -> Constraint:
    return Constraint(a, b, kind, by, hours(hour), hour)


def said_of_one_coroner(e: Evidence) -> Evidence:
    """As if the coroner gave it the one reference of this inquest."""
    return replace(e, local_ref="leeds|C-9")


def why(found: Resolution, a: str, b: str) -> set[str]:
    return {code for review in found.reviews if {review.a, review.b} == {a, b} for code in review.why}


TWINS = [heard(0, "a", BABY, birth_order=1), heard(0, "b", BABY, POLICE, multiple_birth=True)]
DOUBTFUL = [heard(0, "a", ROWAN), heard(0, "b", ROWAN, CORONER, given=None)]


class TestTwins:
    @pytest.mark.parametrize(
        ("words", "joined", "codes"),
        [
            pytest.param("A+", False, {"one-of-two"}, id="one reader"),
            pytest.param("A+ A+", False, {"one-of-two"}, id="one reader twice"),
            pytest.param("A+ B+", True, set(), id="two readers"),
            pytest.param("A-", False, set(), id="one who keeps apart"),
            pytest.param("A+ B-", False, {"readers-disagree"}, id="two who disagree"),
            pytest.param("A- B+", False, {"readers-disagree"}, id="the other way round"),
            pytest.param("A+ B- A+", False, {"readers-disagree"}, id="one insists"),
            pytest.param("A+ B- C+", True, set(), id="a third joins"),
            pytest.param("A+ B- C-", False, set(), id="a third keeps apart"),
            pytest.param("A+ B+ C-", False, {"readers-disagree"}, id="undone by a third at once"),
            pytest.param("A+ B+ C- B+", False, {"readers-disagree"}, id="undone, and one insists"),
            pytest.param("A+ B+ C- D+", True, set(), id="undone, and a fourth joins"),
            pytest.param("A+ A-", False, set(), id="one who thinks again"),
        ],
    )
    def test_two_people_join_and_one_keeps_apart(self, words: str, joined: bool, codes: set[str]) -> None:
        told = [word("link" if w[1] == "+" else "unlink", w[0], n) for n, w in enumerate(words.split(), 1)]
        for order in permutations(told):
            found = resolve(TWINS, order)
            assert together(found, "a", "b") is joined
            assert why(found, "a", "b") & {"one-of-two", "readers-disagree"} == codes
            assert asked(found, "a", "b") is bool(codes)

    def test_the_second_reader_is_asked_about_the_pair_that_was_read_first(self) -> None:
        stronger = heard(5, "c", BABY, POLICE, local_ref="7", given="Chidi", birth_order=1)
        found = resolve([*TWINS, stronger, heard(6, "d", BABY, CORONER)], [word("link", "Ann", 1)])
        (review,) = (r for r in found.reviews if {r.a, r.b} == {"a", "b"})
        assert review.multiple
        assert review.readers == ("Ann",)

    def test_whoever_is_one_of_no_twins_is_joined_by_one_person(self) -> None:
        assert together(resolve(DOUBTFUL, [word("link", "Ann", 1)]), "a", "b")

    def test_two_babies_of_two_mothers_in_one_house_are_no_twins(self) -> None:
        cousins = [
            heard(0, "a", BABY, given="Chidi", mother_nhs_number=number(8), nhs_number=number(1)),
            heard(0, "b", BABY, CORONER, mother_nhs_number=number(8)),
            heard(0, "c", BABY, given="Obinna", mother_nhs_number=number(9), nhs_number=number(2)),
        ]
        assert together(resolve(cousins, [word("link", "Ann", 1)]), "a", "b")

    def test_what_one_person_linked_before_a_twin_was_known_stays_and_is_asked(self) -> None:
        told = [heard(0, "a", BABY), heard(0, "b", BABY, POLICE)]
        twin = heard(9, "z", BABY, CORONER, birth_order=2)
        found = resolve([*told, twin], [word("link", "Ann", 1)])
        assert together(found, "a", "b")
        assert why(found, "a", "b") == {"multiple-birth-since-linked"}
        confirmed = resolve([*told, twin], [word("link", "Ann", 1), word("link", "Bo", 10)])
        assert together(confirmed, "a", "b")
        assert not asked(confirmed, "a", "b")
        undone = resolve([*told, twin], [word("link", "Ann", 1), word("unlink", "Bo", 10)])
        assert not together(undone, "a", "b")
        assert "readers-disagree" in why(undone, "a", "b")

    def test_what_one_person_links_when_a_twin_is_known_waits_for_another(self) -> None:
        told = [heard(0, "a", BABY), heard(0, "b", BABY, POLICE), heard(0, "z", BABY, CORONER, birth_order=2)]
        found = resolve(told, [word("link", "Ann", 1)])
        assert not together(found, "a", "b")
        assert "one-of-two" in why(found, "a", "b")


class TestRejectedOnce:
    REJECTED = (word("unlink", "Ann", 1),)
    NAMELESS = (heard(0, "a", ROWAN), said_of_one_coroner(heard(0, "b", ROWAN, CORONER, given=None)))
    NAMED = said_of_one_coroner(heard(5, "c", ROWAN, CORONER))

    def test_the_same_two_are_not_asked_again(self) -> None:
        assert asked(resolve(DOUBTFUL), "a", "b")
        assert not resolve(DOUBTFUL, self.REJECTED).reviews

    @pytest.mark.parametrize(
        "again",
        [
            heard(5, "c", ROWAN, CORONER, given=None),
            heard(5, "c", ROWAN, CORONER, given=None, place_of_death=None),
            heard(5, "c", ROWAN, local_ref="M-1"),
        ],
        ids=["a resend", "an update that says less", "a number that only one side has"],
    )
    def test_the_same_again_is_no_new_evidence(self, again: Evidence) -> None:
        found = resolve([*DOUBTFUL, again], self.REJECTED)
        assert not any("new-evidence-since-rejected" in review.why for review in found.reviews)
        assert not together(found, "a", "b")

    @pytest.mark.parametrize(
        "more",
        [
            (
                heard(5, "c", ROWAN, nhs_number=number(1)),
                heard(6, "d", ROWAN, CORONER, nhs_number=number(1), given=None),
            ),
            (heard(5, "c", ROWAN, CORONER),),
        ],
        ids=["an identifier that both sides now carry", "the name that was missing"],
    )
    def test_what_says_more_is_asked_and_joins_nothing_by_itself(self, more: tuple[Evidence, ...]) -> None:
        evidence = [heard(0, "a", ROWAN), heard(0, "b", ROWAN, CORONER, given=None, local_ref="C-9"), *more]
        evidence = [e if e.kind != "coroner" else said_of_one_coroner(e) for e in evidence]
        for order in permutations(evidence):
            found = resolve(order, self.REJECTED)
            assert not together(found, "a", "b")
            assert any("new-evidence-since-rejected" in review.why for review in found.reviews)

    def test_what_was_there_when_it_was_rejected_is_not_new(self) -> None:
        seen = replace(self.NAMED, at=hours(0).isoformat())
        assert not asked(resolve([*self.NAMELESS, seen], self.REJECTED), "a", "c")
        assert asked(resolve([*self.NAMELESS, self.NAMED], self.REJECTED), "a", "c")

    def test_rejected_again_it_rests_again(self) -> None:
        evidence = [*self.NAMELESS, self.NAMED]
        again = word("unlink", "Bo", 6, "a", "c")
        assert not resolve(evidence, [*self.REJECTED, again]).reviews

    def test_whoever_joins_on_new_evidence_overrules_the_earlier_word(self) -> None:
        evidence = [*self.NAMELESS, self.NAMED]
        (review,) = resolve(evidence, self.REJECTED).reviews
        assert (review.a, review.b) == ("a", "c")
        found = resolve(evidence, [*self.REJECTED, word("link", "Bo", 6, "a", "c")])
        assert together(found, "a", "b", "c")
        assert not found.reviews


class TestALaterTwin:
    """What the machine joined by itself, and parts when more is heard, is put to a person: never in silence."""

    MOTHER = {"mother_nhs_number": number(9)}

    def test_a_later_twin_parts_what_the_mothers_number_joined_and_a_person_is_asked(self) -> None:
        one = [heard(0, "a", BABY, self.MOTHER), heard(1, "b", BABY, POLICE, self.MOTHER)]
        assert together(resolve(one), "a", "b")
        found = resolve([*one, heard(9, "z", BABY, CORONER, self.MOTHER, birth_order=2)])
        assert not together(found, "a", "b")
        assert {"multiple-birth-or-sibling-known", "case-split"} <= why(found, "a", "b")

    def test_two_children_by_two_reasons_are_asked_about_where_two_of_their_notices_would_be_one_case(self) -> None:
        one = [heard(0, "a", ROWAN), heard(1, "b", ROWAN, POLICE)]
        assert together(resolve(one), "a", "b")
        first = heard(8, "y", ROWAN, local_ref="M-1", nhs_number=number(1), birth_order=1, middle="Yusuf")
        second = heard(9, "z", ROWAN, CORONER, nhs_number=number(2), birth_order=2, middle="Haris")
        linked = [word("link", "Ann", 10, "a", "y"), word("link", "Bo", 11, "a", "y")]
        linked += [word("link", "Ann", 12, "b", "z"), word("link", "Bo", 13, "b", "z")]
        found = resolve([*one, first, second], linked)
        assert not together(found, "a", "b")
        assert any("case-split" in review.why for review in found.reviews)
