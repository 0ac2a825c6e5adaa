"""People of age and rows of registers: none of our cases, so the guards that keep children apart stand back for them - and
never for a child."""

from typing import Any

from integration_engine.linkage.resolve import resolve
from tests.linkage_rows import ROWAN, asked, number, outcome, said, together

ADULT: dict[str, Any] = ROWAN | {"given": "Sonja", "sex": None, "birth_date": "1973-03-08", "death_datetime": None}
"""Somebody of fifty in a register that tells of no death."""


def test_a_grown_up_under_another_given_name_at_home_is_one_person() -> None:
    assert outcome([said("a", ADULT), said("b", ADULT, given="Pia", sender="RXB")]) == "one"


def test_a_child_under_another_given_name_at_home_is_two_children() -> None:
    child = ADULT | {"birth_date": "2018-03-08"}
    assert outcome([said("a", child), said("b", child, given="Pia", sender="RXB")]) != "one"


def test_a_child_is_never_taken_for_a_grown_up_of_the_same_name() -> None:
    parent = said("a", ADULT, given="Rowan")
    assert outcome([parent, said("b", ROWAN, sender="RXB")]) != "one"


def test_two_rows_without_any_date_but_another_given_name_are_not_joined() -> None:
    row = ADULT | {"birth_date": None}
    assert outcome([said("a", row), said("b", row, given="Pia", sender="RXB")]) != "one"


def test_two_valid_numbers_keep_grown_ups_apart_as_well() -> None:
    one, other = said("a", ADULT, nhs_number=number(1)), said("b", ADULT, nhs_number=number(2), sender="RXB")
    assert outcome([one, other]) != "one"


def test_of_two_like_partners_neither_is_joined() -> None:
    home = {"postcode": "M1 1AA", "address_line": "9 Oak Row"}
    told = [
        said("a", ADULT, home, birth_date="1940-01-05"),
        said("b", ADULT, sender="RXB", birth_date="1990-06-17"),
        said("c", ADULT, home, sender="RXC", birth_date="1962-11-30"),
    ]
    found = resolve(told)
    assert not together(found, "a", "b")
    assert not together(found, "a", "b", "c")


def test_a_grown_ups_row_that_is_too_weak_to_join_is_asked_about() -> None:
    found = resolve(
        [said("a", ADULT), said("b", ADULT, given=None, family="Fairclough", sender="RXB", birth_date=None)]
    )
    assert together(found, "a", "b") or asked(found, "a", "b")


def test_a_birth_date_years_off_makes_no_child_a_grown_up() -> None:
    child = ROWAN | {"birth_date": "2007-01-01"}
    assert not said("a", child).grown
    assert outcome([said("a", child), said("b", child, given="Pia", sender="RXB")]) != "one"
