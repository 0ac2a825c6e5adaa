"""Places, days and numbers that many children share: where the cost of linking would grow if a key were too short.

Each story is told for any number of children over the same days, so twice the children are twice as dense. Every child is
told of by two or three partners; nothing of it is real.
"""

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from benchmarks.linkage import DAYS, FIRST, Town, notices
from integration_engine.synthetic.person import invented_nhs_number

_NEWBORN_DAYS = 5
# Each story has numbers of its own, beyond those of ``benchmarks.linkage``.
_FIRST_NUMBER, _NUMBERS = 55_000, 4_000
_GIVEN = (
    "Muhammad",
    "Ahmed",
    "Ali",
    "Yusuf",
    "Ibrahim",
    "Omar",
    "Hamza",
    "Fatima",
    "Aisha",
    "Maryam",
    "Amina",
    "Zainab",
)
_FAMILY = ("Ahmed", "Khan", "Hussain", "Ali", "Hassan", "Mohamed", "Shah", "Begum", "Rahman", "Osman")
Row = dict[str, Any]


def hostel(count: int, seed: int = 1) -> list[Row]:
    """Unrelated children of one address: a hostel for families without a home."""
    return _told(seed, count, postcode="M14 5GT", address_line="1 Acorn Road")


def tower(count: int, seed: int = 2) -> list[Row]:
    """Unrelated children of one postcode, each of a flat of its own."""
    return _told(seed, count, postcode="E1 4NS", address_line=lambda chance: f"Flat {chance.randint(1, 400)} Ivy House")


def ward(count: int, seed: int = 3) -> list[Row]:
    """Newborns whom nobody had named yet, under the postcode of the hospital, most of them without a number."""
    return _told(
        seed,
        count,
        lived=lambda chance: chance.randint(0, _NEWBORN_DAYS),
        postcode="LS1 3EX",
        address_line=None,
        given=lambda chance: chance.choice(("Baby", "Infant", "Unnamed")),
        nhs_number=lambda chance: None,
        place_of_death="Leeds Example Infirmary",
    )


def same_day(count: int, seed: int = 4) -> list[Row]:
    """Newborns of one hospital who died on the day they were born."""
    return _told(seed, count, lived=lambda chance: 0, place_of_death="Leeds Example Infirmary")


def new_year(count: int, seed: int = 5) -> list[Row]:
    """Children whose birth date nobody knows: the first of January of one of a few years, under common names."""
    return _told(
        seed,
        count,
        birth_date=lambda chance: f"{chance.randint(2008, 2015)}-01-01",
        given=lambda chance: chance.choice(_GIVEN),
        family=lambda chance: chance.choice(_FAMILY),
    )


def namesakes(count: int, seed: int = 6) -> list[Row]:
    """Children of one common full name, of many homes and ages."""
    return _told(seed, count, given="Muhammad", middle=None, family="Khan")


def one_mother(count: int, seed: int = 7) -> list[Row]:
    """Newborns of one ward, all told of under one mother's NHS number by mistake."""
    return _told(
        seed,
        count,
        lived=lambda chance: chance.randint(0, _NEWBORN_DAYS),
        mother_nhs_number="9991001379",
        given=lambda chance: chance.choice(("Baby", "Infant", "Unnamed")),
        nhs_number=lambda chance: None if chance.random() < 0.5 else "",
    )


def no_fixed_abode(count: int, seed: int = 8) -> list[Row]:
    """Children whose home is told as a code for having none."""
    return _told(seed, count, postcode="ZZ99 3VZ", address_line="No fixed abode")


def coach(count: int, seed: int = 9) -> list[Row]:
    """Children killed by one event, all told of under its reference."""
    return _told(seed, count, died=FIRST + timedelta(days=200), event_ref="INC-2025-0042")


STORIES: dict[str, Callable[[int], list[Row]]] = {
    story.__name__: story for story in (hostel, tower, ward, same_day, new_year, namesakes, one_mother, no_fixed_abode)
}
"""Those that may go on for years; ``coach`` is over in a day."""


def _told(
    seed: int,
    count: int,
    *,
    lived: Callable[[random.Random], int] = lambda chance: chance.choice(
        (chance.randint(0, 27), chance.randint(28, 6000))
    ),
    died: date | None = None,
    **columns: Any,
) -> list[Row]:
    """Two or three words about each of so many children, in order of arrival; ``columns`` are what they have in common, or
    how it is drawn."""
    chance = random.Random(seed)
    town = Town(chance)
    rows: list[Row] = []
    for serial in range(count):
        child = _child(town, _FIRST_NUMBER + _NUMBERS * seed + serial % _NUMBERS, died, lived(chance))
        child |= {name: value(chance) if callable(value) else value for name, value in columns.items() if value != ""}
        rows += [row | {"id": f"{seed}-{row['id']}"} for row in notices(town, child, serial)]
    return sorted(rows, key=lambda row: (row["notified_at"], row["id"]))


def _child(town: Town, number: int, died: date | None, lived: int) -> Row:
    chance = town.chance
    day = died or FIRST + timedelta(days=chance.randrange(DAYS))
    home = town.home()
    return home | {
        "group": "",
        "kind": "",
        "given": town.name("given"),
        "middle": None,
        "family": town.name("family"),
        "sex": chance.choice("MF"),
        "nhs_number": invented_nhs_number(number),
        "birth_date": (day - timedelta(days=lived)).isoformat(),
        "death_datetime": datetime.combine(day, datetime.min.time()) + timedelta(minutes=chance.randrange(24 * 60)),
        "mother_given": town.name("given"),
        "birth_order": None,
        "newborn": lived < 28,
        "place_of_death": f"{home['postcode'].split()[0]} Example Hospital",
    }
