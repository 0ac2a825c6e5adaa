"""What children are called: a household's names by the customs of its name group, and a child's within it.

A name as lived (`Name`) is one thing; the ways offices put it into three boxes are another (`customs.py`).
"""

from dataclasses import dataclass, replace
from random import Random

from benchmarks.linkage_stream.misspelling import one_name
from benchmarks.linkage_stream.wordlists import Pool, pool, words

GROUPS = (
    "english", "welshirish", "pakistani", "bengali", "indian", "arabic", "somali", "turkish", "wafrican", "polish",
    "romanian", "iberian", "chinese", "tamil", "jewish", "traveller",
)  # fmt: skip
_INVENTED = {
    "english": 0.25,
    "polish": 0.15,
    "indian": 0.05,
    "turkish": 0.1,
    "romanian": 0.1,
    "jewish": 0.1,
    "wafrican": 0.1,
}
# First names that all brothers may bear; the second tells them apart.
_BLESSINGS = frozenset({"Muhammad", "Mohammed", "Mohamed", "Abdul", "Syed", "Ghulam", "Sheikh"})
_MIDDLE = {
    "english": 0.6,
    "welshirish": 0.5,
    "traveller": 0.2,
    "jewish": 0.5,
    "polish": 0.3,
    "romanian": 0.35,
    "wafrican": 0.75,
}
_ENDS = {
    "polish": ("owski", "ewski", "czyk", "ak", "icki", "arz"),
    "indian": ("wala", "bhai", "kar", "ani", "ia"),
    "turkish": ("oğlu", "er", "kaya", "han", "soy"),
    "romanian": ("escu", "eanu", "aru", "ache"),
    "jewish": ("man", "berg", "stein", "baum", "ovits"),
    "wafrican": ("wale", "kunle", "chukwu", "yemi", "adu"),
}
_SYLLABLES = words(
    "ba be bo da de do ga go ka ko la le lo ma mi mo na ni no pa pe ra re ro sa "
    "so ta ti to va vo za wi gu lu mar dan bor gol tar val ker sil ran bel kor"
)


@dataclass(frozen=True, slots=True)
class Name:
    """A child's name as the family uses it. ``given`` is None while the child has none."""

    given: str | None
    middle: str | None
    family: str
    known_as: str | None = None


@dataclass(frozen=True, slots=True)
class Household:
    """The names around a child: ``family`` is what a child of it is registered with, ``way`` a custom in the group."""

    name_group: str
    way: str
    family: str
    father: str
    father_family: str
    mother: str
    mother_family: str


def household(chance: Random, name_group: str, common: bool = False) -> Household:
    """A household of the group. With ``common`` its family name is one of the commonest."""
    way = _way(chance, name_group)
    father_family = _family(chance, name_group, way, common)
    mother_family = _family(chance, name_group, way, False)
    if chance.random() < 0.45:  # married, one name for both
        mother_family = father_family
    family = father_family if chance.random() < 0.8 else mother_family
    if name_group in ("english", "welshirish") and mother_family != father_family and chance.random() < 0.15:
        family = f"{mother_family}-{father_family}"
    if name_group == "iberian":
        first, second = (father_family, mother_family) if way == "spanish" else (mother_family, father_family)
        family = f"{first} {second}" if first != second else first
    father, mother = given(chance, name_group, way, "M"), given(chance, name_group, way, "F")
    if name_group == "tamil":
        father = pool("tamil", "fathers").draw(chance)
        family = father
    return Household(name_group, way, family, father, father_family, mother, mother_family)


def child_name(chance: Random, home: Household, sex: str, unlike: frozenset[str] = frozenset()) -> Name:
    """A name for a child of the household, its given name none of ``unlike``."""
    group, way = home.name_group, home.way
    for _ in range(20):
        first = given(chance, group, way, sex)
        if first not in unlike:
            break
    family, middle, known = home.family, None, None
    if chance.random() < _MIDDLE.get(group, 0.0):
        middle = given(chance, group, way, sex)
        middle = None if middle == first else middle
    if group == "pakistani":
        first, middle, known = _pakistani(chance, first, sex)
    elif group == "bengali":
        middle = {"F": "Akter", "M": "Miah"}[sex] if chance.random() < 0.2 else None
        known = given(chance, group, way, sex) if chance.random() < 0.15 else None
    elif group == "indian":
        middle, family = _indian(chance, home, sex)
    elif group == "somali":  # three names: own, father's, grandfather's
        middle, family = home.father, home.father_family
    elif group == "arabic" and chance.random() < 0.4:
        middle = home.father
    elif group == "polish":
        family = feminine(family) if sex == "F" else family
    elif group == "chinese" and way == "cantonese" and chance.random() < 0.5:
        known = pool("chinese", "english_girls" if sex == "F" else "english_boys").draw(chance)
    elif group == "chinese" and way == "vietnamese":
        middle = pool("chinese", "viet_middles_girls" if sex == "F" else "viet_middles_boys").draw(chance)
    elif group == "iberian" and chance.random() < 0.4:
        middle = given(chance, group, way, sex)
        middle = None if middle == first else middle
    return Name(first, middle, family, known)


def alike(chance: Random, home: Household, sex: str, other: Name) -> Name:
    """A twin's name near to ``other``'s: the same first letter, a name or two letters apart, or a shared first name."""
    named = child_name(chance, home, sex, frozenset({other.given or ""}))
    if sex == "M" and other.given in _BLESSINGS and named.given not in _BLESSINGS and chance.random() < 0.6:
        return replace(named, given=other.given, middle=named.given, known_as=None)
    first = other.given or ""
    near = [word for word in _givens(home.name_group, home.way, sex).words if word != first and _near(word, first)]
    near = [word for word in near if not one_name(word, first)]  # nobody calls twins Oliver and Ollie
    return replace(named, given=chance.choice(near)) if near else named


def _near(one: str, other: str) -> bool:
    if not other or one[0] != other[0]:
        return False
    return abs(len(one) - len(other)) <= 1 and sum(a != b for a, b in zip(one, other, strict=False)) <= 2


def feminine(family: str) -> str:
    """The form of a Polish surname that a woman bears."""
    return family[:-1] + "a" if family.endswith(("ski", "cki", "dzki")) else family


def given(chance: Random, name_group: str, way: str, sex: str) -> str:
    """One given name of the group."""
    if name_group == "wafrican":
        return _west_african(chance, way, sex)
    if name_group == "chinese" and way != "vietnamese":
        parts = [pool("chinese", "syllables").draw(chance) for _ in range(1 if chance.random() < 0.2 else 2)]
        joint = {"mainland": "", "cantonese": " "}[way]
        text = joint.join(parts)
        return text.title() if joint else text.capitalize()
    return _givens(name_group, way, sex).draw(chance)


def _givens(name_group: str, way: str, sex: str) -> Pool:
    key = "girls" if sex == "F" else "boys"
    if name_group == "iberian":
        key = f"{way}_{key}"
    elif name_group == "chinese":
        key = f"viet_{key}"
    elif name_group == "wafrican":
        key = f"christian_{key}"
    elif name_group == "indian" and way == "sikh":
        key = "sikh"
    return pool(name_group, key)


def _way(chance: Random, name_group: str) -> str:
    ways = {
        "indian": ("sikh", "sikh", "gujarati", "gujarati", "hindu", "kerala"),
        "iberian": ("spanish", "portuguese"),
        "chinese": ("mainland", "cantonese", "vietnamese"),
        "wafrican": ("yoruba", "igbo", "akan"),
        "pakistani": ("father's second name", "one family name", "one family name"),
    }
    return chance.choice(ways.get(name_group, ("",)))


def _family(chance: Random, name_group: str, way: str, common: bool) -> str:
    if not common and chance.random() < _INVENTED.get(name_group, 0.04):
        return _invented(chance, name_group)
    limit = 8 if common else None
    if name_group == "iberian":
        return pool("iberian", f"{way}_families").draw(chance, limit)
    if name_group == "chinese" and way == "vietnamese":
        return pool("chinese", "viet_families").draw(chance, limit)
    if name_group == "somali":
        return pool("somali", "elders").draw(chance, limit)
    if name_group == "tamil":
        return pool("tamil", "fathers").draw(chance, limit)
    if name_group == "indian" and way == "sikh":
        return pool("indian", "clans").draw(chance, limit)
    return pool(name_group, "families").draw(chance, limit)


def _invented(chance: Random, name_group: str) -> str:
    """A surname nobody else has: real stems and ends for the English, syllables for the others."""
    if name_group not in _ENDS:
        return pool("english", "tail_begins").draw(chance) + chance.choice(pool("english", "tail_ends").words)
    stem = "".join(chance.choice(_SYLLABLES) for _ in range(2))
    return (stem + chance.choice(_ENDS[name_group])).capitalize()


def _pakistani(chance: Random, first: str, sex: str) -> tuple[str, str | None, str | None]:
    if sex == "F":
        return first, chance.choice(("Bibi", "Begum", "Noor", "Fatima")) if chance.random() < 0.2 else None, None
    if first != "Muhammad" and chance.random() < 0.4:  # the first name is a blessing; the second is the one used
        return "Muhammad", first, first if chance.random() < 0.3 else None
    if first == "Muhammad":
        return first, pool("pakistani", "boys").draw(chance), None
    return first, None, None


def _indian(chance: Random, home: Household, sex: str) -> tuple[str | None, str]:
    if home.way == "sikh":
        title = "Kaur" if sex == "F" else "Singh"
        return (title, home.father_family) if sum(map(ord, home.father_family)) % 5 < 3 else (None, title)
    if home.way == "gujarati" and chance.random() < 0.6:
        return home.father + (chance.choice(("bhai", "kumar")) if chance.random() < 0.25 else ""), home.family
    return None, home.family


def _west_african(chance: Random, way: str, sex: str) -> str:
    if chance.random() < 0.35:
        return pool("wafrican", "christian_girls" if sex == "F" else "christian_boys").draw(chance)
    if way == "akan":
        if chance.random() < 0.6:
            return pool("wafrican", "akan_girls" if sex == "F" else "akan_boys").draw(chance)
        return pool("wafrican", "akan_seconds").draw(chance)
    return pool("wafrican", way).draw(chance)
