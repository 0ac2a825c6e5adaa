"""Names: what is the same name in another hand, what is another name, and what is no name at all."""

import pytest

from integration_engine.linkage.model import shipped
from integration_engine.linkage.names import alike, called, plain, skeleton, slip, words
from integration_engine.linkage.naming import family_level, given_level
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
        ("JosÃ©", "jose"),
        ("NguyÃªn", "nguyen"),
        ("Ren?e", "rene"),
        ("O&#39;Neill", "oneill"),
    ],
)
def test_spelling_marks_say_nothing_about_who_is_meant(written: str, levelled: str) -> None:
    assert plain(written) == levelled


def test_a_name_of_a_hundred_thousand_letters_is_compared_by_its_first() -> None:
    assert plain("Ab" * 50_000) == "ab" * 100


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("Mc Donald", ("mcdonald",)),
        ("O Connor", ("oconnor",)),
        ("Al-Hassan", ("hassan",)),
        ("Abdul Rahman", ("abdulrahman",)),
        ("Mohammed bin Salman", ("mohammed", "salman")),
        ("Adebayo-Leahy", ("adebayo", "leahy")),
        ("van der Berg", ("vanderberg",)),
        ("dos Santos", ("santos",)),
        ("Ní Bhriain", ("bhriain",)),
        ("St John", ("stjohn",)),
        ("Le", ("le",)),
    ],
)
def test_particles_are_joined_or_dropped(written: str, parts: tuple[str, ...]) -> None:
    assert words(written) == parts


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("Ben Thomas", ("ben", "thomas")),
        ("Ash", ("ash",)),
        ("Van An", ("van", "an")),
        ("Al-Amin", ("amin",)),
        ("La Toya Marie", ("latoya", "marie")),
        ("Muhammad Abdul Rahman", ("muhammad", "abdulrahman")),
        ("Maria de Lurdes", ("maria", "lurdes")),
        ("Master Rowan Jr", ("rowan",)),
        ("Aleksandra (Ola)", ("aleksandra",)),
        ("Priya D/O Raman", ("priya",)),
        ("B. Anojan", ("anojan", "b")),
        ("Rowan2", ("rowan",)),
    ],
)
def test_given_names_begin_with_what_a_child_is_called(written: str, parts: tuple[str, ...]) -> None:
    assert called(written) == parts


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
        ("Fairclough", "Fairclogh", "slip"),
        ("Fairclough", "Fairclugh", "variant"),
        ("Smith", "Jones", "conflict"),
        ("Al-Hassan", "Hassan", "equal"),
    ],
)
def test_levels_of_family_names(one: str, other: str, level: str) -> None:
    a, b = said("a", ROWAN, family=one), said("b", ROWAN, family=other)
    assert family_level(a, b, shipped())[0] == level
    assert family_level(b, a, shipped())[0] == level


def test_a_name_in_one_field_stays_a_name() -> None:
    assert named("", "Fairclough").family == ("fairclough",)
    assert named("Ava Rose", "Rose").given == ("ava", "rose")


@pytest.mark.parametrize(
    ("given", "family", "names"),
    [
        ("Rowan Smith", "Smith", ("rowan",)),  # the surname typed twice
        ("Muhammad Khan", "Khan", ("muhammad", "khan")),  # who knows whether Khan is what he is called
        ("", "SMITH, Rowan", ("rowan",)),
        ("Smith, Rowan James", "", ("rowan", "james")),
    ],
)
def test_a_surname_among_the_given_names_is_none_of_them(given: str, family: str, names: tuple[str, ...]) -> None:
    assert named(given, family).given == names
    assert named(given, family).family in (("smith",), ("khan",))


def test_a_name_in_brackets_is_one_the_child_is_known_by() -> None:
    assert named("Aleksandra (Ola)", "Nowak").also == ("ola",)
    assert named('Mohammed "Mo" Ali', "Khan").also == ("mo",)
