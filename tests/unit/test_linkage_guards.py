"""Guards: what is never joined automatically, and what only a person may join."""

from typing import Any

import pytest

from integration_engine.linkage.explain import explain
from integration_engine.linkage.resolve import resolve
from tests.linkage_rows import BABY, ROWAN, asked, number, outcome, said, together

OTHER = {"sender": "COR-LEEDS", "source": "coroner"}
HOME = {"postcode": ROWAN["postcode"], "address_line": ROWAN["address_line"]}


def pair(base: dict[str, Any], one: dict[str, Any], other: dict[str, Any]) -> str:
    return outcome([said("a", base, one), said("b", base, OTHER, other)])


def test_two_notices_that_agree_on_everything_are_one_child() -> None:
    assert pair(ROWAN, {"nhs_number": number(1)}, {"nhs_number": number(1)}) == "one"


def test_two_valid_numbers_are_never_joined_however_much_agrees() -> None:
    assert pair(ROWAN, {"nhs_number": number(1)}, {"nhs_number": number(2)}) == "person"


@pytest.mark.parametrize(
    ("one", "other", "veto"),
    [
        ({"nhs_number": number(1)}, {"nhs_number": number(2)}, "nhs-numbers-differ"),
        ({"birth_order": 1}, {"birth_order": 2}, "birth-order-differs"),
        ({"given": "Twin 1"}, {"given": "Twin 2"}, "birth-order-differs"),
        ({"given": "Rowan"}, {"given": "Jack"}, "given-names-differ"),
        ({"given": "Muhammad", "middle": "Yusuf"}, {"given": "Muhammad", "middle": "Haris"}, "given-names-differ"),
        ({"given": "Baby", "sex": "F"}, {"given": "Baby", "sex": "M"}, "sexes-differ"),
        ({"death_datetime": "2026-02-03"}, {"death_datetime": "2026-02-08"}, "deaths-far-apart"),
    ],
)
def test_each_veto_bars_the_pair(one: dict, other: dict, veto: str) -> None:
    a, b = said("a", ROWAN, one), said("b", ROWAN, OTHER, other)
    assert veto in explain(a, b).vetoes
    assert not together(resolve([a, b]), "a", "b")


def test_two_local_ids_of_one_partner_bar_the_pair() -> None:
    a, b = (said(id, ROWAN, local_ref=ref) for id, ref in (("a", "M-1"), ("b", "M-2")))
    assert "local-ids-differ" in explain(a, b).vetoes
    assert not together(resolve([a, b]), "a", "b")


def test_the_wrong_sex_is_forgiven_under_the_same_given_name() -> None:
    assert pair(ROWAN, {"nhs_number": number(1), "sex": "F"}, {"nhs_number": number(1), "sex": "M"}) == "one"


def test_deaths_far_apart_are_forgiven_under_one_number_and_name() -> None:
    dates = {"death_datetime": "2026-02-03"}, {"death_datetime": "2026-02-13"}
    assert pair(ROWAN, {"nhs_number": number(1)} | dates[0], {"nhs_number": number(1)} | dates[1]) == "one"


def test_an_unnamed_child_without_identifier_goes_to_a_person() -> None:
    assert pair(BABY, {"given": "Baby"}, {"given": "Chidi"}) == "person"


def test_a_newborns_mothers_number_counts_as_an_identifier() -> None:
    mother = {"mother_nhs_number": number(7)}
    assert pair(BABY, {"given": "Baby"} | mother, {"given": "Chidi"} | mother) == "one"


def test_but_not_once_a_multiple_birth_is_known() -> None:
    mother = {"mother_nhs_number": number(7)}
    assert pair(BABY, {"given": "Baby", "multiple_birth": True} | mother, {"given": "Chidi"} | mother) == "person"


def test_an_equal_number_alone_goes_to_a_person() -> None:
    # The mother's or the twin's number written for the child's: nothing of the child agrees.
    other = {
        "given": "Baby",
        "family": "Okonjo",
        "birth_date": "2026-01-20",
        "postcode": "M1 1AA",
        "address_line": "2 Oak Way",
    }
    assert pair(ROWAN, {"nhs_number": number(1)}, {"nhs_number": number(1)} | other) == "person"


def test_name_and_birth_date_need_a_place_or_a_mother_behind_them() -> None:
    elsewhere = {
        "postcode": "M1 1AA",
        "address_line": "2 Oak Way",
        "place_of_death": "Home",
        "death_datetime": "2026-02-03",
    }
    assert pair(ROWAN, {}, elsewhere) == "person"
    assert pair(ROWAN, {}, elsewhere | HOME) == "one"
    assert pair(ROWAN, {}, elsewhere | {"place_of_death": ROWAN["place_of_death"]}) == "one"
    assert (
        pair(ROWAN | {"mother_given": "Ifeoma"}, {}, {"postcode": None, "address_line": None, "place_of_death": None})
        == "one"
    )


def test_the_very_hour_of_death_stands_behind_a_whole_name_and_birth_date() -> None:
    elsewhere = {"postcode": "M1 1AA", "address_line": "2 Oak Way", "place_of_death": "Home"}
    assert pair(ROWAN, {}, elsewhere | {"death_datetime": "2026-02-03T04:40"}) == "one"
    assert pair(ROWAN, {}, elsewhere | {"death_datetime": "2026-02-03T14:40"}) == "person"
    assert pair(ROWAN | {"given": "Muhammad"}, {}, elsewhere) == "person"


def test_names_that_sisters_bear_need_birth_and_death_to_fall_together() -> None:
    home = ROWAN | {"given": "Sophia", "sex": "F"}
    assert pair(home, {}, {"given": "Sophie"}) != "two"
    assert pair(home, {}, {"given": "Sophie", "death_datetime": "2026-02-06"}) != "one"
    assert pair(home | {"nhs_number": number(1)}, {}, {"given": "Sophie", "death_datetime": "2026-05-06"}) != "one"


def test_a_name_one_letter_longer_that_makes_a_boy_a_girl_is_no_slip() -> None:
    twins = BABY | {"nhs_number": number(1), "birth_date": "2026-02-01"}
    assert pair(twins, {"given": "Amir", "sex": "M"}, {"given": "Amira", "sex": "F"}) != "one"


def test_a_fathers_name_behind_both_brothers_own_is_no_crossing() -> None:
    family = ROWAN | {"family": "Ahmed", "middle": "Abdi"}
    assert pair(family, {"given": "Abdullahi"}, {"given": "Haji"}) != "one"


def test_a_namesake_born_another_year_goes_to_a_person_even_under_one_number() -> None:
    later = {"birth_date": "2020-06-01", "death_datetime": "2028-02-03"}
    assert pair(ROWAN | {"nhs_number": number(1)}, {}, later) != "one"


def test_the_reference_of_an_incident_is_no_childs_own() -> None:
    crash = ROWAN | {"source": "police", "sender": "E23000009", "event_ref": "E-77", "local_ref": "E-77"}
    named = said("named", crash, nhs_number=number(1))
    unnamed = said("unnamed", crash, given="Unknown male", birth_date=None, age_text="7 years")
    assert not together(resolve([named, unnamed]), "named", "unnamed")


def test_a_reference_under_which_two_children_were_told_of_is_neithers() -> None:
    told = ROWAN | {"source": "police", "sender": "E23000009", "local_ref": "I-9"}
    first = said("first", told)
    second = said("second", told, given="Kieran", birth_date="2015-03-02")
    unnamed = said("unnamed", told, given=None, family=None, birth_date=None, sex=None)
    found = resolve([first, second, unnamed])
    assert not together(found, "first", "unnamed")
    assert not together(found, "second", "unnamed")


def test_an_unnamed_newborn_is_known_by_the_gram_and_the_minute_as_long_as_no_twin_is() -> None:
    baby = BABY | {"given": "Baby", "death_datetime": "2026-02-03T04:12"}
    weighed = {"birth_weight_g": 1437}
    assert pair(baby, {}, {}) == "one"
    assert pair(baby, weighed, weighed | {"death_datetime": "2026-02-03"}) == "one"
    assert pair(baby, {"birth_weight_g": 1400}, {"birth_weight_g": 1400, "death_datetime": "2026-02-03"}) == "person"
    assert pair(baby, {"multiple_birth": True}, {}) == "person"


def test_a_mother_known_by_name_and_house_is_as_good_as_her_number_as_long_as_no_twin_is_known() -> None:
    baby = BABY | {"given": "Baby", "death_datetime": "2026-02-03"}
    mother = {"mother_given": "Ifeoma"}
    assert pair(baby, {}, {"given": "Chidi"}) == "person"
    assert pair(baby | mother, {}, {"given": "Chidi"}) == "one"
    assert pair(baby | mother, {}, {"given": "Chidi", "address_line": None}) == "person"
    assert pair(baby | mother, {}, {"given": "Chidi", "death_datetime": "2026-02-04"}) == "person"
    assert pair(baby | mother, {}, {"given": "Chidi", "multiple_birth": True}) == "person"


def test_one_number_and_one_local_id_are_a_twins_own_though_a_death_is_written_a_day_off() -> None:
    own = BABY | {"nhs_number": number(1), "local_ref": "B-1", "multiple_birth": True}
    day_off = {"given": "Baby", "death_datetime": "2026-02-02"}
    one, other = said("one", own, given="Chidi"), said("other", own, day_off)
    assert together(resolve([one, other]), "one", "other")


def test_names_that_changed_places_are_joined_only_where_both_cross() -> None:
    assert pair(ROWAN, {}, {"given": "Fairclough", "family": "Rowan"}) == "one"
    assert pair(ROWAN, {}, {"given": "Fairclough", "family": "Jack"}) == "person"


def test_a_mistyped_number_may_be_a_slip_of_the_right_one() -> None:
    right = number(123)
    typed = right[:4] + str((int(right[4]) + 1) % 10) + right[5:]
    a, b = said("a", ROWAN, nhs_number=right), said("b", ROWAN, OTHER, nhs_number=typed)
    assert any(step.comparison == "nhs" and step.level == "slip" for step in explain(a, b).steps)
    assert together(resolve([a, b]), "a", "b")


@pytest.mark.parametrize("nothing", ["0000000000", "9999999999", "", None, "not known"])
def test_a_number_that_is_nobodys_joins_nobody(nothing: str | None) -> None:
    a, b = said("a", ROWAN, nhs_number=nothing), said("b", BABY, OTHER, nhs_number=nothing)
    assert not any(step.comparison == "nhs" for step in explain(a, b).steps)


def test_a_sibling_in_the_neighbourhood_makes_a_vague_notice_a_persons_question() -> None:
    # One fire, one home: which of the brothers is the unnamed one?
    first = said("first", ROWAN, nhs_number=number(1))
    second = said("second", ROWAN, given="Jack", birth_date="2020-09-09", nhs_number=number(2), local_ref="M-2")
    vague = said("vague", ROWAN, OTHER, given="Unknown child 2", birth_date=None)
    found = resolve([first, second, vague])
    assert len(found.clusters) == 3
    assert any("vague" in (review.a, review.b) for review in found.reviews)


def test_a_twin_without_identifier_goes_to_a_person_though_the_name_is_the_same() -> None:
    one = said("one", BABY, given="Chidi", nhs_number=number(1), birth_order=1, local_ref="B-1")
    two = said("two", BABY, given="Obinna", nhs_number=number(2), birth_order=2, local_ref="B-2")
    later = said("later", BABY, OTHER, given="Chidi")
    found = resolve([one, two, later])
    assert not together(found, "one", "later")
    assert asked(found, "one", "later")


def test_a_twin_with_an_identifier_and_the_same_name_is_joined() -> None:
    one = said("one", BABY, given="Chidi", nhs_number=number(1), birth_order=1)
    two = said("two", BABY, given="Obinna", nhs_number=number(2), birth_order=2)
    later = said("later", BABY, OTHER, given="Chidi", nhs_number=number(1))
    assert together(resolve([one, two, later]), "one", "later")


def test_a_twins_number_on_an_unnamed_notice_goes_to_a_person() -> None:
    one = said("one", BABY, given="Chidi", nhs_number=number(1), birth_order=1)
    two = said("two", BABY, given="Obinna", nhs_number=number(2), birth_order=2)
    vague = said("vague", BABY, OTHER, given="Infant", nhs_number=number(1))
    found = resolve([one, two, vague])
    assert not together(found, "one", "vague")
    assert asked(found, "one", "vague")


def test_an_unnamed_twin_is_told_by_number_and_birth_order() -> None:
    one = said("one", BABY, given="Chidi", nhs_number=number(1), birth_order=1)
    two = said("two", BABY, given="Obinna", nhs_number=number(2), birth_order=2)
    copy = said("copy", BABY, OTHER, given="Twin 1", nhs_number=number(1))
    assert together(resolve([one, two, copy]), "one", "copy")


def test_a_close_rival_sends_the_pair_to_a_person() -> None:
    # Two boys of one name at one address told apart only by number; the third notice could be either.
    one = said("one", ROWAN, nhs_number=number(1))
    two = said("two", ROWAN, OTHER, nhs_number=number(2))
    either = said("either", ROWAN, source="police", sender="E23000009")
    found = resolve([one, two, either])
    assert len(found.clusters) == 3
    assert any("rival-close" in review.why for review in found.reviews)


def test_a_chain_of_good_pairs_never_carries_two_numbers_together() -> None:
    one = said("one", ROWAN, nhs_number=number(1))
    middle = said("middle", ROWAN, OTHER, local_ref="C-1")
    two = said("two", ROWAN, OTHER, local_ref="C-1", nhs_number=number(2))
    assert not together(resolve([one, middle, two]), "one", "two")


def test_two_names_are_one_child_once_a_notice_has_both() -> None:
    whole = said("whole", ROWAN, given="Lily", middle="Mae", nhs_number=number(1))
    first = said("first", ROWAN, OTHER, given="Lily", nhs_number=number(1))
    second = said("second", ROWAN, given="Mae", nhs_number=number(1), source="police", sender="E23000009")
    assert together(resolve([whole, first, second]), "whole", "first", "second")
    assert not together(resolve([first, second]), "first", "second")


def test_one_child_under_two_identities_is_shown_to_a_person_however_little_else_agrees() -> None:
    # Adopted: another number, family and home; the given name, birth date and day of death stay.
    adopted = {"family": "Marsh", "nhs_number": number(2), "postcode": "BS1 4ST", "address_line": "3 Quay Lane"}
    found = resolve([said("a", ROWAN, nhs_number=number(1)), said("b", ROWAN, OTHER, adopted)])
    assert asked(found, "a", "b")
    assert "maybe-adopted" in found.reviews[0].why


def test_a_name_that_all_brothers_bear_tells_no_twin_apart() -> None:
    # Both are Muhammad; the second notice has the brother's number and no second name.
    one = said("one", BABY, given="Muhammad", middle="Adam", nhs_number=number(1), multiple_birth=True)
    vague = said("vague", BABY, OTHER, given="Muhammad", nhs_number=number(1))
    found = resolve([one, vague])
    assert asked(found, "one", "vague")
    own = said("own", BABY, OTHER, given="Adam", middle="Muhammad", nhs_number=number(1))
    assert together(resolve([one, own]), "one", "own")


def test_a_second_name_that_brothers_share_is_no_crossing_of_names() -> None:
    assert pair(ROWAN, {"given": "Ayaan", "middle": "Muhammad"}, {"given": "Muhammad"}) == "person"
    assert pair(ROWAN, {"given": "Muhammad", "middle": "Ayaan"}, {"given": "Ayaan"}) == "one"


def test_a_twins_weight_contradicts_a_shared_number() -> None:
    one = said("one", BABY, given="Chidi", nhs_number=number(1), multiple_birth=True, birth_weight_g=2400)
    two = said("two", BABY, OTHER, given="Chidi", nhs_number=number(1), birth_weight_g=1300)
    assert not together(resolve([one, two]), "one", "two")


def test_a_multiple_birth_known_from_a_third_notice_is_known() -> None:
    # Neither of the first two says so, but a copy that may be about the same child does.
    one = said("one", BABY, given="Chidi", nhs_number=number(1))
    vague = said("vague", BABY, OTHER, given="Infant", nhs_number=number(1))
    assert together(resolve([one, vague]), "one", "vague")
    third = said("third", BABY, given="Twin 1", source="police", sender="E23000009")
    assert not together(resolve([one, vague, third]), "one", "vague")


def test_an_identifier_whose_birth_and_death_are_anothers_goes_to_a_person() -> None:
    # A later child of the family named after the dead brother, with his hospital number written by mistake.
    later = {"birth_date": "2025-11-28", "death_datetime": None, "local_ref": "M-1"}
    assert outcome([said("a", ROWAN, local_ref="M-1"), said("b", ROWAN, later)]) == "person"
    unnamed = {"given": "Baby", "birth_date": "2021-03-17", "nhs_number": number(1)}
    assert pair(ROWAN, {"nhs_number": number(1)}, unnamed) == "person"


def test_a_neighbours_number_on_an_unnamed_baby_goes_to_a_person() -> None:
    other = {"family": "Petrova", "postcode": "M1 1AA", "address_line": "2 Oak Way", "nhs_number": number(1)}
    assert pair(BABY, {"given": "Chidi", "nhs_number": number(1)}, other) == "person"
