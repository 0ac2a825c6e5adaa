"""Names that don't fit the boxes of an English form, put into them another way: what clerks do, by name group."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from benchmarks.linkage_stream.child import Child
from benchmarks.linkage_stream.misspelling import digraphs
from benchmarks.linkage_stream.naming import Name, feminine


def otherwise(chance: Random, child: Child, name: Name) -> Name:
    """The name as another clerk would divide it; unchanged where it fits the form."""
    rule = _RULES.get(child.house.name_group)
    changed = rule(chance, child, name) if rule and name.given else name
    return changed if changed != name else _joints(chance, name)


def _joints(chance: Random, name: Name) -> Name:
    """Hyphens, apostrophes, Mac and Mc: any English form knows them, each in its way."""
    family = name.family
    if "-" in family and not family.lower().startswith(("al-", "el-", "ul-")):
        one, other = family.split("-", 1)
        return replace(name, family=chance.choice((f"{one} {other}", one, other, other, f"{other}-{one}", one + other)))
    if "'" in family:
        return replace(
            name, family=chance.choice((family.replace("'", ""), family.replace("'", " "), family.split("'", 1)[1]))
        )
    if family.startswith(("Mc", "Mac")) and len(family) > 5:
        rest = family[2:] if family.startswith("Mc") else family[3:]
        return replace(name, family=chance.choice((f"Mc {rest}", f"Mac{rest.lower()}", f"Mc{rest}", f"Mac {rest}")))
    return name


def _pakistani(chance: Random, child: Child, name: Name) -> Name:
    if name.given == "Muhammad" and name.middle:
        return chance.choice((
            replace(name, given=name.middle, middle=None),
            replace(name, given=f"{name.given} {name.middle}", middle=None),
            replace(name, family=name.middle, middle=None), replace(name, given=f"M {name.middle}", middle=None),
        ))  # fmt: skip
    if child.sex == "F" and chance.random() < 0.5:
        return replace(name, family=chance.choice(("Bibi", "Begum", name.middle or "Bibi")), middle=None)
    return replace(name, family=child.house.father_family if chance.random() < 0.5 else child.house.father)


def _bengali(chance: Random, child: Child, name: Name) -> Name:
    if child.sex == "M":
        return replace(name, given=f"{chance.choice(('Md', 'Mohammed', 'Md.'))} {name.given}")
    return replace(name, family=chance.choice(("Begum", "Khatun", "Khanom", "Akther", name.family)), middle=None)


def _indian(chance: Random, child: Child, name: Name) -> Name:
    titles = ("Singh", "Kaur")
    if child.house.way == "sikh":
        title = titles[child.sex == "F"]
        if name.family in titles:
            return replace(name, family=child.house.father_family, middle=chance.choice((None, title)))
        return chance.choice((
            replace(name, family=title, middle=None), replace(name, given=f"{name.given} {title}", middle=None),
            replace(name, family=f"{title} {name.family}", middle=None), replace(name, middle=None),
        ))  # fmt: skip
    if child.house.way == "gujarati" and name.middle:
        return chance.choice(
            (replace(name, middle=None), replace(name, given=f"{name.given} {name.middle}", middle=None))
        )
    if child.house.way == "kerala":
        return chance.choice(
            (replace(name, given=name.family, family=name.given or ""), replace(name, family=child.house.father))
        )
    return name


def _arabic(chance: Random, child: Child, name: Name) -> Name:
    family = name.family
    if family.startswith(("Al-", "El-")):
        bare = family[3:]
        return replace(
            name,
            family=chance.choice((bare, f"Al {bare}", f"Al{bare.lower()}", f"El-{bare}", f"El {bare}", f"al-{bare}")),
        )
    if chance.random() < 0.5:
        return replace(name, family=child.house.father, middle=None)
    return replace(name, middle=child.house.father)


def _somali(chance: Random, _: Child, name: Name) -> Name:
    father, elder = name.middle or "", name.family
    return chance.choice((
        replace(name, middle=None, family=father), replace(name, middle=None),
        replace(name, given=f"{name.given} {father}", middle=None),
        replace(name, middle=None, family=f"{father} {elder}"), replace(name, given=father, middle=name.given),
    ))  # fmt: skip


def _marked(_: Random, __: Child, name: Name) -> Name:
    return replace(name, given=digraphs(name.given or ""), family=digraphs(name.family))


def _west_african(chance: Random, child: Child, name: Name) -> Name:
    given = name.given or ""
    if given.startswith("Oluwa") and len(given) > 8 and chance.random() < 0.5:
        return replace(name, given=given[5:].capitalize())
    if name.middle:
        return chance.choice((replace(name, given=name.middle, middle=given),
                              replace(name, given=name.middle, middle=None),
                              replace(name, given=f"{given} {name.middle}", middle=None)))  # fmt: skip
    return replace(name, given=name.family, family=given)


def _polish(chance: Random, child: Child, name: Name) -> Name:
    if chance.random() < 0.6 and name.family.endswith(("ski", "cki", "ska", "cka", "dzki", "dzka")):
        return replace(name, family=name.family[:-1] + "i" if name.family.endswith("a") else feminine(name.family))
    return _marked(chance, child, name)


def _romanian(chance: Random, _: Child, name: Name) -> Name:
    if name.middle and chance.random() < 0.6:
        return replace(name, given=f"{name.given}{chance.choice('- ')}{name.middle}", middle=None)
    return replace(name, given=name.family, family=name.given or "")


def _iberian(chance: Random, _: Child, name: Name) -> Name:
    if " " not in name.family:
        return replace(name, family=f"{chance.choice(('de', 'da', 'dos'))} {name.family}")
    one, other = name.family.split(" ", 1)
    return chance.choice((
        replace(name, family=one), replace(name, family=other), replace(name, family=f"{one}-{other}"),
        replace(name, middle=one, family=other),
        replace(name, family=f"{other} {one}"),
    ))  # fmt: skip


def _chinese(chance: Random, child: Child, name: Name) -> Name:
    given = name.given or ""
    if child.house.way == "vietnamese" and name.middle:
        return chance.choice((replace(name, given=f"{name.middle} {given}", middle=None), replace(name, middle=None),
                              replace(name, given=name.family, family=given),
                              replace(name, given=given, middle=name.middle)))  # fmt: skip
    if name.known_as and chance.random() < 0.4:
        return replace(name, given=name.known_as, middle=given)
    if chance.random() < 0.4:
        return replace(name, given=name.family, family=given)
    return replace(
        name, given=chance.choice((given.replace(" ", ""), given.replace(" ", "-"), given.split(" ")[0])).capitalize()
    )


def _tamil(chance: Random, _: Child, name: Name) -> Name:
    given, father = name.given or "", name.family
    return chance.choice((
        replace(name, given=father, family=given), replace(name, family=father[0]),
        replace(name, given=f"{father[0]} {given}", family=father),
        replace(name, given=f"{father[0]}. {given}", family=given),
        replace(name, given=f"{given} {father}", family=father),
    ))  # fmt: skip


_RULES: dict[str, Callable[[Random, Child, Name], Name]] = {
    "pakistani": _pakistani, "bengali": _bengali, "indian": _indian, "arabic": _arabic, "somali": _somali,
    "turkish": _marked,
    "wafrican": _west_african, "polish": _polish, "romanian": _romanian, "iberian": _iberian, "chinese": _chinese,
    "tamil": _tamil,
}  # fmt: skip
