"""Names: what is the same name in another hand, what is another name, and what is no name at all."""

import pytest

from integration_engine.linkage.comparison import family_level, given_level
from integration_engine.linkage.model import shipped
from integration_engine.linkage.names import alike, placeholder, plain, skeleton, slip, words
from integration_engine.linkage.written import named
from tests.linkage_rows import ROWAN, said


@pytest.mark.parametrize(
    ("written", "levelled"),
    [
        ("O'Brien", "obrien"),
        ("O’Brien-Łuczak", "obrien luczak"),
        ("  MÜLLER ", "muller"),
        ("Nguyễn", "nguyen"),
        ("d´Arcy", "darcy"),
        ("Ødegård", "odegard"),
    ],
)
def test_spelling_marks_say_nothing_about_who_is_meant(written: str, levelled: str) -> None:
    assert plain(written) == levelled


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("Mc Donald", ("mcdonald",)),
        ("O Connor", ("oconnor",)),
        ("Al-Hassan", ("hassan",)),
        ("Abdul Rahman", ("abdulrahman",)),
        ("Mohammed bin Salman", ("mohammed", "salman")),
        ("Adebayo-Leahy", ("adebayo", "leahy")),
    ],
)
def test_particles_are_joined_or_dropped(written: str, parts: tuple[str, ...]) -> None:
    assert words(written) == parts


@pytest.mark.parametrize(
    "written",
    [
        "BABY", "Baby Boy", "INFANT", "Unnamed", "Female Infant", "Twin 2", "TWIN TWO", "Baby A", "Triplet 3", "Girl 1",
        "B/O Lisa", "Baby of Sarah", "Gemmas Boy", "Gemma's Boy", "baby boy of Aisha", "UNKNOWN CHILD 2", "Not Known",
        "Newborn", "Unknown", "Son of Amina", "b.o. Hodan", "Live Male Infant", "no name yet",
    ],
)  # fmt: skip
def test_placeholders_are_seen_through(written: str) -> None:
    assert placeholder(written) is not None


@pytest.mark.parametrize(
    "written", ["Rowan", "Boyd", "Childe", "Mark", "Alfa", "Sonny", "Ada B", "Yetunde", "Niamh", "X Æ"]
)
def test_names_are_not_taken_for_placeholders(written: str) -> None:
    assert placeholder(written) is None


@pytest.mark.parametrize(
    ("written", "mother", "order", "multiple", "sex"),
    [
        ("B/O Lisa", "lisa", None, False, None),
        ("Gemmas Boy", "gemma", None, False, "M"),
        ("Twin Two", None, 2, True, None),
        ("Baby Girl 1", None, 1, True, "F"),
        ("Baby B", None, 2, True, None),
        ("UNKNOWN CHILD 2", None, None, False, None),
    ],
)
def test_a_placeholder_still_tells_of_mother_order_and_sex(
    written: str, mother: str | None, order: int | None, multiple: bool, sex: str | None
) -> None:
    told = placeholder(written)
    assert told is not None
    assert (told.mother, told.order, told.multiple, told.sex) == (mother, order, multiple, sex)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mohammed", "muhammad"), ("yousef", "yusuf"), ("aysha", "aisha"), ("chaudhry", "chowdhury"), ("xasan", "hassan"),
        ("kowalska", "kowalski"), ("tomasz", "thomas"), ("emeka", "chukwuemeka"), ("ibrahiim", "ibrahim"),
        ("liz", "elizabeth"), ("jake", "jacob"), ("kasia", "katarzyna"), ("tunde", "babatunde"),
        ("catherine", "katie"),
    ],
)  # fmt: skip
def test_transliterations_and_pet_names_are_one_name(one: str, other: str) -> None:
    assert alike(one, other)
    assert alike(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [("ellie", "elsie"), ("sara", "zahra"), ("mia", "maya"), ("amelia", "emily"), ("yusuf", "haris")]
)
def test_names_that_two_sisters_may_bear_are_two_names(one: str, other: str) -> None:
    assert not alike(one, other)


def test_a_slip_needs_a_side_that_is_nobodys_name() -> None:
    assert slip("olvier", "oliver")
    assert slip("mohamme", "muhammad")  # a slip of Mohammed, which is Muhammad
    assert not slip("maia", "mia")
    assert not slip("oliver", "olivia")


def test_skeletons_survive_misspelling() -> None:
    assert skeleton("hussain") == skeleton("hossein")
    assert skeleton("chaudhry") == skeleton("choudhury")
    assert skeleton("whittaker") == skeleton("whitaker")


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ({"given": "Rowan"}, {"given": "ROWAN"}, "equal"),
        ({"given": "Abdul Rahman"}, {"given": "Abdulrahman"}, "equal"),
        ({"given": "Thomas"}, {"given": "Tommy"}, "variant"),
        ({"given": "Oliver"}, {"given": "Olvier"}, "slip"),
        ({"given": "Lily", "middle": "Mae"}, {"given": "Mae"}, "crossed"),
        ({"given": "Rowan"}, {"given": "R"}, "initial"),
        ({"given": "Rowan"}, {"given": "Jack"}, "conflict"),
        ({"given": "Rowan", "known_as": "Jack"}, {"given": "Jack"}, "variant"),
        ({"given": "Rowan"}, {"given": "Twin 1"}, ""),
    ],
)
def test_levels_of_given_names(one: dict, other: dict, level: str) -> None:
    a, b = said("a", ROWAN, one), said("b", ROWAN, other)
    assert given_level(a, b, shipped())[0] == level
    assert given_level(b, a, shipped())[0] == level


def test_one_first_name_with_two_second_names_is_two_children() -> None:
    yusuf, haris = (said("a", ROWAN, given="Muhammad", middle=second) for second in ("Yusuf", "Haris"))
    assert given_level(yusuf, haris, shipped())[1] == "conflict"


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("Adebayo-Leahy", "Adebayo Leahy", "equal"),
        ("Leahy-Adebayo", "Adebayo-Leahy", "equal"),
        ("AdebayoLeahy", "Adebayo-Leahy", "equal"),
        ("Hussain", "Hossain", "variant"),
        ("Adebayo-Leahy", "Leahy", "part"),
        ("Fairclough", "Fairclugh", "slip"),
        ("Smith", "Jones", "conflict"),
        ("Al-Hassan", "Hassan", "equal"),
    ],
)
def test_levels_of_family_names(one: str, other: str, level: str) -> None:
    a, b = said("a", ROWAN, family=one), said("b", ROWAN, family=other)
    assert family_level(a, b, shipped())[0] == level
    assert family_level(b, a, shipped())[0] == level


@pytest.mark.parametrize(
    ("given", "family", "surname", "order"),
    [
        ("", "TWIN 2 BEGUM", ("begum",), 2),
        ("", "BEGUM TWIN 2", ("begum",), 2),
        ("", "BABY OKAFOR", ("okafor",), None),
        ("Twin 2 Begum", "Begum", ("begum",), 2),
        ("Baby Okafor", "Okafor", ("okafor",), None),
    ],
)
def test_a_stand_in_written_into_one_field_with_the_surname_is_told_apart(
    given: str, family: str, surname: tuple[str, ...], order: int | None
) -> None:
    found = named(given, family)
    assert (found.given, found.family, found.unnamed, found.hint.order) == ((), surname, True, order)
    assert found.hint.multiple == (order is not None)


def test_a_name_in_one_field_stays_a_name() -> None:
    assert named("", "Fairclough").family == ("fairclough",)
    assert named("Ava Rose", "Rose").given == ("ava", "rose")
