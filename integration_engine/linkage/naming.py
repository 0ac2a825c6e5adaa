"""How the names on two sides agree: each function answers the name of a level, and the bits of rarity it adds.

A child may be entered by a second name, by one half of a double-barrelled one, by the father's or the mother's, or with
given and family name in each other's place. What two sides' words say of each other is ``names``' to know.
"""

from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.model import Model
from integration_engine.linkage.names import (
    alike,
    beside_own,
    initial,
    never_alone,
    own_name,
    perhaps,
    slip,
    spelled,
)

# Bits of a shared rare name at most: beyond this a table knows nothing.
_RAREST = 12.0
# A second name shared besides the first: families and faiths favour combinations, so it counts in part.
_SECOND_NAME_SHARE = 0.6
_SECOND_NAME_MOST = 6.0


def _rarity(model: Model, table: str, name: str) -> float:
    return min(model.rarity(table, name), _RAREST)


def _shared(model: Model, table: str, one: str, other: str) -> float:
    """Bits of a name that two sides write each in its way: those of the commoner, for the rarer may be the misspelt one."""
    return min(_rarity(model, table, spelled(one)), _rarity(model, table, spelled(other)))


_GIVEN: dict[tuple[object, ...], tuple[str, str, float]] = {}
_FAMILY: dict[tuple[object, ...], tuple[str, float]] = {}
_REMEMBERED = 500_000


def given(a: Evidence, b: Evidence, model: Model) -> tuple[str, str, float]:
    """Level of the first names, of the second names, and the bits of rarity. Remembered: the same names meet often."""
    key = (a.given, a.also_given, b.given, b.also_given, model.version)
    found = _GIVEN.get(key)
    if found is None:
        if len(_GIVEN) > _REMEMBERED:
            _GIVEN.clear()
        found = _GIVEN[key] = given_level(a, b, model)
    return found


def given_level(a: Evidence, b: Evidence, model: Model) -> tuple[str, str, float]:
    """``equal``, ``variant``, ``slip`` (only where one side is no known name), ``perhaps`` (one child's, or two sisters'),
    ``initial``, ``crossed`` (with a second name), ``conflict``; and for second names ``agree`` or ``conflict`` (Muhammad
    Yusuf, Muhammad Haris)."""
    one, other = a.given or a.also_given, b.given or b.also_given
    if not one or not other:
        return "", "", 0.0
    level = _first_level(one, other, also=_also(a, b))
    if level == "crossed":
        return level, "", max(_shared(model, "given", x, y) for x in one for y in other if alike(x, y))
    if level in ("initial", "perhaps", "conflict"):
        return level, "", 0.0
    second, extra = _seconds(one, other, model)
    return level, second, _shared(model, "given", one[0], other[0]) + extra


def conflicting(a: Evidence, b: Evidence) -> bool:
    """Whether two given names are no one child's, so far as names tell."""
    one, other = a.given, b.given
    return bool(one and other) and _first_level(one, other, also=_also(a, b)) == "conflict"


def _first_level(one: tuple[str, ...], other: tuple[str, ...], *, also: bool) -> str:
    """How the names that two sides put first agree; ``also``: one of them is a name that the other says the child is known
    by."""
    first, rival = one[0], other[0]
    if first == rival or "".join(one) == "".join(other):
        return "equal"
    if alike(first, rival) or also:
        return "variant"
    if _crossed(one, other):
        return "crossed"
    if slip(first, rival):
        return "slip"
    if initial(first, rival):
        return "initial"
    return "perhaps" if perhaps(first, rival) or _half_named(one, other) else "conflict"


def _seconds(one: tuple[str, ...], other: tuple[str, ...], model: Model) -> tuple[str, float]:
    """Whether second names agree or conflict, where both sides have one, and the bits of one that is shared."""
    seconds, others = one[1:], other[1:]
    if not seconds or not others or "".join(one) == "".join(other):
        return "", 0.0
    agreeing = [_shared(model, "given", x, y) for x in seconds for y in others if alike(x, y) or slip(x, y)]
    if agreeing:
        return "agree", min(_SECOND_NAME_MOST, max(agreeing) * _SECOND_NAME_SHARE)
    return ("" if any(initial(x, y) for x in seconds for y in others) else "conflict"), 0.0


def _also(a: Evidence, b: Evidence) -> bool:
    """Whether a name the child is known by is the other side's name."""
    one, other = a.given[:1] + a.also_given, b.given[:1] + b.also_given
    return bool(a.also_given or b.also_given) and any(alike(x, y) for x in one for y in other)


def _crossed(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one side's first name is the other's second, with nothing left over on both sides: an initial isn't, nor is a
    name that a child may leave out (Muhammad, Kaur). A name that all children of a family may share doesn't count, nor one
    that stands behind both first names: it may be the father's (Abdullahi Abdi, Haji Abdi)."""
    if not (_stands_behind(one, other) or _stands_behind(other, one)):
        return False
    return not (_left_over(one, other) and _left_over(other, one))


def _stands_behind(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one side's first name is a second one of the other's, and of the other's alone."""
    return own_name(one[0]) and any(alike(one[0], y) and not any(alike(x, y) for x in one[1:]) for y in other[1:])


def _left_over(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one side has a name of which the other knows nothing."""
    return any(not beside_own(x) and not any(alike(x, y) or slip(x, y) or initial(x, y) for y in other) for x in one)


def _half_named(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether a side may have left out the name that the other goes by: it says only what all the family's sons or daughters
    are called (Kaur), or gives the other's first name as an initial (Peter C, Chizoba)."""
    if all(map(never_alone, one)) or all(map(never_alone, other)):
        return True
    return any(initial(one[0], y) for y in other[1:]) or any(initial(x, other[0]) for x in one[1:])


def family(a: Evidence, b: Evidence, model: Model) -> tuple[str, float]:
    """Level of the family names and the bits of rarity. Remembered, as ``given`` is."""
    key = (a.family, a.also_family, a.mother_family, b.family, b.also_family, b.mother_family, model.version)
    found = _FAMILY.get(key)
    if found is None:
        if len(_FAMILY) > _REMEMBERED:
            _FAMILY.clear()
        found = _FAMILY[key] = family_level(a, b, model)
    return found


def family_level(a: Evidence, b: Evidence, model: Model) -> tuple[str, float]:
    """``equal``, ``variant``, ``part`` (of a double-barrelled name), ``slip``, ``former`` (a former or the mother's name),
    ``conflict``; and the bits of rarity."""
    one, other = a.family, b.family
    if not one or not other:
        return "", 0.0
    whole, rival = "".join(one), "".join(other)
    rarity = min(_rarity(model, "family", spelled(part)) for part in (*one, *other))
    if whole == rival or set(one) == set(other):
        return "equal", rarity
    if (len(one) == len(other) and all(alike(x, y) for x, y in zip(one, other, strict=True))) or alike(whole, rival):
        return "variant", rarity
    if parts := [_shared(model, "family", x, y) for x in one for y in other if alike(x, y)]:
        return "part", max(parts)
    short, long = sorted((whole, rival), key=len)
    if len(short) >= 5 and (long.startswith(short) or long.endswith(short)):
        return "part", rarity
    if slip(whole, rival, family=True):
        return "slip", rarity
    if parts := [_shared(model, "family", x, y) for x in one for y in other if slip(x, y, family=True)]:
        return "part", max(parts)
    mine, theirs = {*one, *a.also_family, *a.mother_family}, {*other, *b.also_family, *b.mother_family}
    if any(alike(x, y) for x in mine for y in theirs):
        return "former", min(6.0, rarity)
    return "conflict", 0.0


def swapped(a: Evidence, b: Evidence) -> str:
    """``swapped`` where given and family name have changed places on both sides, ``half-swapped`` where only one has."""
    there = any(alike(x, y) for x in a.given[:1] for y in b.family)
    back = any(alike(x, y) for x in a.family for y in b.given[:1])
    if there != back:  # a slip in one of them is no other name
        there = there or any(slip(x, y) for x in a.given[:1] for y in b.family)
        back = back or any(slip(x, y) for x in a.family for y in b.given[:1])
    return "swapped" if there and back else "half-swapped" if there or back else ""


def crosswise(a: Evidence, b: Evidence, model: Model) -> float:
    """Bits a name of two that have changed places: each is a given name on one side and a family name on the other."""
    tables = ("given", "family")
    crossing = ((a.given[0], b.family[0]), (a.family[0], b.given[0]))
    return sum(min(_shared(model, table, x, y) for table in tables) for x, y in crossing) / len(crossing)
