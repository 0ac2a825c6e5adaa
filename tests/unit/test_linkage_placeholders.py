"""What stands where a child has no name yet, in every spelling a ward, police force or coroner writes, and what it tells."""

import pytest

from integration_engine.linkage.names import placeholder
from integration_engine.linkage.written import named

HIM, HER = "M", "F"


@pytest.mark.parametrize(
    "written",
    [
        "BABY", "Baby Boy", "BABYBOY", "Bb Girl", "Bby", "INFANT", "Inf 1", "Newborn", "Neonate", "Fetus",
        "Foetus", "NNU baby",
        "Female Infant", "Live Male Infant", "LFI", "Boy", "Baby X", "Deceased infant", "24 week fetus",
        "Twin 2", "TWIN TWO", "Twin1", "T1", "Twin I", "Twin-2", "TWIN#2", "Twin (2)", "1st twin", "Second Twin",
        "Twin 1 of 2",
        "Baby A", "Triplet 3", "TRIP B", "Girl 1", "Baby 1 of triplets", "babyboytwo",
        "B/O", "B/O Lisa", "b.o. Hodan", "B O Hodan", "S/O Amina", "Baby of Sarah", "INFANT OF", "Son of Amina", "Gemmas Boy",
        "Gemma's Boy", "baby boy of Aisha", "Baby of Ms Jones", "Baby (Sarah)", "Mrs Jones's baby",
        "Unnamed", "UNKNKWN",
        "UNKNOWN CHILD 2", "Unknown Female", "Not Known", "NOT YET NAMED", "No Name", "no name yet", "to be named",
        "Name pending", "Unknown", "NK", "N/K", "U/K", "UK", "N/A", "NA", "NIL", "None", "tba", "XXX", "?", "-", "...",
    ],
)  # fmt: skip
def test_placeholders_are_seen_through(written: str) -> None:
    assert placeholder(written) is not None


@pytest.mark.parametrize(
    "written",
    [
        "Rowan", "Boyd", "Childe", "Mark", "Alfa", "Sonny", "Ada B", "Yetunde", "Niamh", "X Æ", "Babette", "May", "An", "Bo",
        "Bibi", "Bebe", "Na", "Nil", "Uk", "Malone", "Maleeha", "Twinkle", "Tripti", "Anonna", "Trey", "Infante", "Bobby",
        "Quin", "M", "A", "Priya D/O Raman",
        "Son", "Son Tung", "Thi Son",  # Vietnamese
    ],
)  # fmt: skip
def test_names_are_not_taken_for_placeholders(written: str) -> None:
    assert placeholder(written) is None


@pytest.mark.parametrize(
    ("written", "mother", "order", "multiple", "sex"),
    [
        ("B/O Lisa", "lisa", None, False, None),
        ("Gemmas Boy", "gemma", None, False, HIM),
        ("Twin Two", None, 2, True, None),
        ("Twin II", None, 2, True, None),
        ("Twin B", None, 2, True, None),
        ("T2", None, 2, True, None),
        ("Second Twin", None, 2, True, None),
        ("2nd Twin Girl", None, 2, True, HER),
        ("Twin 1 of 2", None, 1, True, None),
        ("Baby Girl 1", None, 1, True, HER),
        ("Baby B", None, 2, True, None),
        ("Triplets", None, None, True, None),
        ("UNKNOWN CHILD 2", None, None, False, None),  # numbered by who found them
        ("Unidentified Male 3", None, None, False, HIM),
        ("BABY OF SARAH JONES", "sarah", None, False, None),
        ("BABY OF MS SARAH JONES", "sarah", None, False, None),
        ("BABY OF JONES, SARAH", "sarah", None, False, None),
        ("BABY OF MS JONES", None, None, False, None),
        ("Twin 1 of Sarah Jones", "sarah", 1, True, None),
        ("B/O Sarah T2", "sarah", 2, True, None),
        ("B/O SARAH 2", "sarah", 2, True, None),
        ("Baby (Sarah)", "sarah", None, False, None),
    ],
)
def test_a_placeholder_still_tells_of_mother_order_and_sex(
    written: str, mother: str | None, order: int | None, multiple: bool, sex: str | None
) -> None:
    told = placeholder(written)
    assert told is not None
    assert (told.mother, told.order, told.multiple, told.sex) == (mother, order, multiple, sex)


@pytest.mark.parametrize(
    ("given", "family", "surname", "order"),
    [
        ("", "TWIN 2 BEGUM", ("begum",), 2),
        ("", "BEGUM TWIN 2", ("begum",), 2),
        ("", "BABY OKAFOR", ("okafor",), None),
        ("", "SMITH BABY OF SARAH", ("smith",), None),
        ("", "BABY OF SARAH JONES", ("jones",), None),
        ("", "BABY OF MS JONES", ("jones",), None),
        ("Twin 2 Begum", "Begum", ("begum",), 2),
        ("Baby Okafor", "Okafor", ("okafor",), None),
        ("Baby Okafor", "", ("okafor",), None),
        ("BABY OF JONES", "Jones", ("jones",), None),
        ("Baby", "SMITH (TWIN 1)", ("smith",), 1),
        ("?", "Smith", ("smith",), None),
        ("Baby", "Unknown", (), None),
    ],
)
def test_a_stand_in_written_into_one_field_with_the_surname_is_told_apart(
    given: str, family: str, surname: tuple[str, ...], order: int | None
) -> None:
    found = named(given, family)
    assert (found.given, found.family, found.unnamed, found.hint.order) == ((), surname, True, order)
    assert found.hint.multiple == (order is not None)


def test_the_mothers_surname_is_not_her_first_name() -> None:
    assert named("BABY OF JONES", "Jones").hint.mother is None
    assert named("", "BABY OF SARAH JONES").hint.mother == "sarah"
    assert named("Sarah", "JONES BABY OF").hint.mother == "sarah"


def test_a_numbered_twin_with_a_name_has_one() -> None:
    found = named("Twin 2 Oliver", "Smith")
    assert (found.given, found.unnamed, found.hint.order) == (("oliver",), False, 2)


def test_baby_before_a_first_name_is_as_often_the_mothers() -> None:
    """Two twins entered as BABY SARAH would otherwise share a name."""
    assert named("Baby Sarah", "Smith").unnamed
    assert named("Twin 2 Sarah", "Smith", mother="sarah").unnamed


def test_child_and_male_are_surnames_of_a_named_child() -> None:
    assert named("Rowan", "Child").family == ("child",)
    assert named("Rowan", "Male").family == ("male",)
    assert named("Baby", "Child").family == ()
