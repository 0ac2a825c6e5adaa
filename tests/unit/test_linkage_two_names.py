"""Names that two children of one family may bear, however alike they look: twins are told apart by nothing else."""

import pytest

from integration_engine.linkage.model import shipped
from integration_engine.linkage.names import alike, perhaps, slip
from integration_engine.linkage.naming import given_level
from tests.linkage_rows import ROWAN, outcome, said

# fmt: off
TWO_NAMES = (
    # Arabic, Urdu, Somali
    "hassan hussain", "hassan ihsan", "hasan hasna", "zain zaid", "zaid ziyad", "zain zayan", "zayan ziyan", "rayan rayhan",
    "amin amir", "amina amira", "amir amira", "ali alia", "ali eli", "salim salma", "salman sulaiman", "salih salah",
    "said saad", "sami samir", "samira samiya", "malik malika", "khalid khalil", "jamal jamil", "jamal kamal", "hamid hamed",
    "hamid hamza", "ahmed hamid", "mahmood muhammad", "mohamed mohamud", "mehmet muhammed", "rahim rahman", "karim karima",
    "yasin yasir", "yasir yusuf", "umar umair", "umar ammar", "haris faris", "haris idris", "idris ilyas", "maryam marwa",
    "safa safiya", "sumaya samiya", "noor noora", "inaya anaya", "aisha asiya", "iqra ikram", "hafsa hafiza", "hiba hibo",
    "layla lila", "lina lena", "nadia nadira", "aya ayla", "isa musa", "sultan sultana", "shahid shahida",
    "abdulrahman abdulrahim", "abdulaziz abdulqadir", "abdullah abdulrahman", "faiza faizan", "fahad fahim",
    # South Asian
    "arjun aryan", "aryan ayaan", "aarav arnav", "diya riya", "riya siya", "navya kavya", "anika anita",
    "ishaan isha", "meera myra", "rohan rohit", "harpreet gurpreet", "manpreet jaspreet", "gurdeep hardeep",
    "deepa deepak", "sunil sunita", "priya preeti", "ravi rani", "jaya vijaya", "arun varun", "kamal kamla", "roy ray",
    "sajeevan sujeevan", "anil sunil",
    # English, Irish, Welsh
    "mia maia", "mia maya", "ava eva", "ella ellie", "ellie elsie", "ella bella", "emily amelia", "emma ella", "evie ellie",
    "noah jonah", "oliver olivia", "jack jake", "jayden hayden", "jayden kayden", "aidan jayden", "evan ewan",
    "owen ewan", "lily millie", "lola lula", "luke jake", "max alex", "ben dan", "harry larry", "kyle lyle", "kyla skyla",
    "keira kyra", "kayla kylie", "mason jason", "eli ellie", "miley millie", "macy maisie", "mary marie", "martin martina",
    "daniel danielle", "daniel dania", "paul paula", "gabriel gabrielle", "ffion fionn", "carys ceri", "sian sioned",
    "nyla nila", "tom tim", "joe joy", "kai kay", "mae mai", "rose ross",
    # Polish, Romanian, Baltic
    "jan jana", "jan janina", "adam adrian", "maja mila", "lena lila", "hanna helena", "zofia zoja", "kamil kamila",
    "pawel paula",
    "marek marcin", "ana ioana", "andrei andreea", "mihai mihaela", "ion ioana", "stefan stefania", "mario maria",
    # West African, East Asian, other
    "taiwo kehinde", "kofi kojo", "kwame kwaku", "chidera chidinma", "chinedu chinonso", "oluwatobi oluwatomi",
    "temitope temidayo", "ayomide ayomikun", "adebayo adewale", "ama ada", "tendai tatenda", "tien thien", "minh linh",
    "yusuf yunus", "yara yana", "levi eli", "ari avi", "moshe yoshe",
)
# fmt: on
PAIRS = [tuple(pair.split()) for pair in TWO_NAMES]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_names_that_two_children_of_a_family_may_bear_never_agree(one: str, other: str) -> None:
    for a, b in ((one, other), (other, one)):
        assert not alike(a, b)
        assert not slip(a, b)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("karim", "karimo"), ("jayden", "zzayden"), ("jaylan", "jaydan"), ("davin", "davina"),
        ("tayden", "hayden"), ("arvind", "arvinda"),
    ],
)  # fmt: skip
def test_what_makes_a_sisters_or_a_rhyming_name_is_no_slip(one: str, other: str) -> None:
    assert not slip(one, other)
    assert not slip(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sophia", "sophie"), ("isabella", "ella"), ("amelia", "mia"), ("william", "liam"), ("john", "jack"),
        ("jonathan", "nathan"), ("nathaniel", "nathan"), ("mark", "marcus"), ("lucas", "luca"),
    ],
)  # fmt: skip
def test_names_that_grew_out_of_another_are_perhaps_one_childs(one: str, other: str) -> None:
    assert perhaps(one, other)
    assert perhaps(other, one)
    assert not alike(one, other)


def test_perhaps_one_child_is_joined_by_its_own_number_only() -> None:
    number = {"nhs_number": "9990000018"}
    sophia, sophie = ROWAN | {"given": "Sophia", "sex": "F"}, ROWAN | {"given": "Sophie", "sex": "F", "sender": "RXB"}
    assert outcome([said("a", sophia, number), said("b", sophie, number)]) == "one"
    assert outcome([said("a", sophia, number), said("b", sophie)]) == "person"
    assert outcome([said("a", sophia, number, multiple_birth="true"), said("b", sophie, number)]) == "person"


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        (("Muhammad Yusuf",), ("Yusuf",), "crossed"),
        (("Muhammad Yusuf",), ("Yusuf Ali",), "crossed"),
        (("Badrul", "Miah"), ("Mohammed Badrul",), "crossed"),
        (("B. Anojan",), ("Anojan",), "equal"),
        (("David", "K"), ("Kwaku", "David"), "crossed"),
        (("Kaur",), ("Simran",), "perhaps"),
        (("Muhammad",), ("Yusuf",), "conflict"),
        (("Ali", "Hassan"), ("Hassan", "Ahmed"), "conflict"),
        (("Abdul",), ("Abdul Rahman",), "variant"),
        (("Muhammad", "Ali"), ("Muhammad", "Umar"), "equal"),
    ],
)
def test_naming_orders(one: tuple[str, ...], other: tuple[str, ...], level: str) -> None:
    a, b = (
        said(id, ROWAN, given=called[0], middle=called[1] if len(called) > 1 else None)
        for id, called in (("a", one), ("b", other))
    )
    assert given_level(a, b, shipped())[0] == level
    assert given_level(b, a, shipped())[0] == level
