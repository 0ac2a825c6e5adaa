"""Homes: how nearly two addresses and postcodes in different hands are the same front door."""

import pytest

from integration_engine.linkage.comparison import home_level
from integration_engine.linkage.homes import address_of, house_level, postcode_of
from tests.linkage_rows import ROWAN, said


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("8 Stanley Street", "8 Stanley Streret"),
        ("8 Stanley Street", "8 stanley st"),
        ("Flat 4, 7 Station Road", "7 Station Rd, Leeds"),
        ("55 Batman Street, Rockview", "55 Batmna Street"),
        ("16 Gabriel Place, Greglea Village", "16 Greglea Village, Gabriel Place"),
    ],
)
def test_one_front_door_in_two_hands(one: str, other: str) -> None:
    assert house_level(address_of(one), address_of(other)) in ("house", "full")
    assert house_level(address_of(other), address_of(one)) == house_level(address_of(one), address_of(other))


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("14 Elder Road", "41 Elder Road", "street"),
        ("Flat 4, 7 Station Road", "Flat 5, 7 Station Road", "street"),
        ("Elder Road", "14 Elder Road", "street"),
        ("14 Elder Road", "14 Elder Close", "different"),
        ("12 Church Road", "12 Chapel Road", "different"),
        ("3 The Road", "3 The Street", "different"),
    ],
)
def test_neighbours_and_streets_of_another_kind_are_told_apart(one: str, other: str, level: str) -> None:
    assert house_level(address_of(one), address_of(other)) == level


def test_a_house_with_its_town_is_as_good_as_one_with_its_postcode() -> None:
    assert house_level(address_of("14 Elder Mount Road, Leeds"), address_of("14 Elder Mount Rd Leeds")) == "full"


def test_a_hostel_or_somebody_elses_house_is_no_address() -> None:
    assert address_of("Hostel") == address_of("c/o grandparents") == ""


@pytest.mark.parametrize(
    ("text", "level"),
    [("ls6 2ab", "LS62AB"), ("4223", "4223"), ("ZZ99 3VZ", ""), ("NFA", ""), ("unknown", ""), ("12", "")],
)
def test_a_pseudo_postcode_is_nowhere_and_a_foreign_one_somewhere(text: str, level: str) -> None:
    assert postcode_of(text) == level


@pytest.mark.parametrize(
    ("change", "level"),
    [
        ({}, "same"),
        ({"postcode": "LS6 2AD"}, "same"),
        ({"postcode": "M1 1AA"}, "house"),
        ({"address_line": "16 Elder Road"}, "postcode-and-street"),
        ({"address_line": "9 Oak Row"}, "postcode"),
        ({"address_line": None}, "postcode"),
        ({"postcode": "M1 1AA", "address_line": "16 Elder Road"}, "street"),
        ({"postcode": "LS6 2AD", "address_line": None}, "near"),
        ({"postcode": "M1 1AA", "address_line": "9 Oak Row"}, "different"),
        ({"postcode": None, "address_line": None}, ""),
    ],
)
def test_how_nearly_two_homes_agree(change: dict[str, str | None], level: str) -> None:
    one, other = said("a", ROWAN), said("b", ROWAN, change)
    assert home_level(one, other) == home_level(other, one) == level
