"""Names as linkage compares them: known spellings and short forms of one name told apart from other people's names.

A name is text in somebody else's hand: the spelling of a transliterated name, a pet name, a daughter's ending say nothing
about who is meant. Two different known names do.
"""

from collections.abc import Iterable
from functools import lru_cache

from rapidfuzz.distance import OSA

from integration_engine.linkage.known import glued, known
from integration_engine.linkage.letters import TABLES, called, plain, rows, words
from integration_engine.linkage.sounds import loosely, same_family_name, sound
from integration_engine.linkage.unnamed import Placeholder, placeholder
from integration_engine.record.remembered import REMEMBERED

__all__ = [
    "TABLES", "Placeholder", "alike", "beside_own", "called", "initial", "known", "never_alone", "own_name", "perhaps",
    "placeholder", "plain", "skeleton", "slip", "spelled", "stands_for", "words",
]  # fmt: skip

# The groups of variants.csv whose names reach Latin letters through a clerk's ear.
_TRANSLITERATED = frozenset({"arabic", "divine", "southasian", "somali", "persian", "asian-family"})
_SERVANTS = ("abdoul", "abdool", "abdul", "abdel", "abdal", "abdol", "abdur", "abdir", "abdou", "abdu", "abdi", "abd")
_ANY_SERVANT = frozenset({"abdul", "abdi"})
# God's name in a Yoruba or Igbo name, as often left out: Oluwaseun, Seun; Ifeanyichukwu, Ifeanyi.
_GOD_BEFORE, _GOD_AFTER = ("oluwa", "olu", "chukwu"), ("loluwa", "oluwa", "chukwu")
# One edit in a shorter given name may be any of several (Mae, Mia).
_SHORTEST_SLIP = 4
_VOWELS = frozenset("aeiouy")
_KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _sole(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The pairs as a table, without keys that lead to two names."""
    found: dict[str, str | None] = {}
    for key, name in pairs:
        found[key] = name if found.get(key, name) == name else None
    return {key: name for key, name in found.items() if name}


@lru_cache(maxsize=1)
def _variants() -> dict[str, str]:
    """Every listed spelling to the first of its row: the same name in another hand."""
    return {glued(spelling): glued(row[1]) for row in rows("variants.csv") for spelling in row[1:]}


@lru_cache(maxsize=1)
def _heard() -> dict[str, str]:
    """How the listed names sound, to their usual spelling; a pet name's is the first that is listed."""
    # A Somali c is not heard, and whoever doesn't know says k.
    table = _sole((sound(name), usual) for name, usual in _variants().items() if not _somali(name, usual))
    shared = {sound(name) for name in _variants()}
    for name in (glued(name) for row in rows("diminutives.csv") for name in row):
        if name not in _variants() and sound(name) not in shared:
            table.setdefault(sound(name), name)
    return table


def _somali(name: str, usual: str) -> bool:
    return name[:1] == "c" and usual[:1] in _VOWELS


@lru_cache(maxsize=1)
def _read_loosely() -> dict[str, str]:
    """What the transliterated names may be read as, to their usual spelling."""
    names = [name for row in rows("variants.csv") if row[0] in _TRANSLITERATED for name in map(glued, row[1:])]
    return _sole((key, _variants()[name]) for name in names for key in loosely(name))


@lru_cache(maxsize=1)
def _divine() -> frozenset[str]:
    """The names of God that a child is called the servant of, in their usual spelling."""
    return frozenset(glued(row[1]) for row in rows("variants.csv") if row[0] == "divine")


@lru_cache(maxsize=1)
def _spellings() -> dict[str, tuple[str, ...]]:
    """The usual spelling to all the others."""
    table: dict[str, list[str]] = {}
    for spelling, usual in _variants().items():
        table.setdefault(usual, []).append(spelling)
    return {usual: tuple(spellings) for usual, spellings in table.items()}


@lru_cache(maxsize=REMEMBERED)
def spelled(name: str) -> str:
    """The name in its usual spelling: ``mohamed`` and ``muhammad`` are one name, ``kaleigh`` sounds like ``kayleigh``. A name
    that nobody lists is its own."""
    found = _variants().get(name) or _servant(name) or _heard().get(sound(name))
    if found is None and name.startswith(("al", "el")) and len(name) > 5 and not known(name):
        found = _read_loosely_once(name[2:])
    if found is None and not known(name):
        found = _read_loosely_once(name)
    return found or name


def _read_loosely_once(name: str) -> str | None:
    found = {usual for key in loosely(name) if (usual := _read_loosely().get(key))}
    return found.pop() if len(found) == 1 else None


def _servant(name: str) -> str | None:
    """``Abdulrahman`` for every way to write it: Abdur Rahman, Abdirahman, Cabdiraxmaan, Abd ar-Rahman."""
    level = name[1:] if name.startswith("cabd") else name
    if not level.startswith("abd"):
        return None
    for servant in _SERVANTS:
        rest = level.removeprefix(servant)
        if rest == level or len(rest) < 3:
            continue
        # The article's letter becomes the next one: ur-Rahman, us-Salam.
        for tail in (rest, rest[1:], rest[2:]):
            usual = _variants().get(tail) or _read_loosely_once(tail)
            if len(tail) > 2 and usual in _divine():
                return f"abdul{usual}"
    return None


@lru_cache(maxsize=1)
def _formal() -> dict[str, frozenset[str]]:
    """A short or pet name to the names it may stand for. What a listed name sounds like is not what it is short for."""
    table: dict[str, set[str]] = {}
    for full, *short in rows("diminutives.csv"):
        for name in map(glued, short):
            for key in {name, spelled(name)} - ({spelled(name)} & _variants().keys() - {name}):
                table.setdefault(key, set()).add(spelled(glued(full)))
    return {short: frozenset(names) for short, names in table.items()}


@lru_cache(maxsize=REMEMBERED)
def stands_for(name: str) -> frozenset[str]:
    """The name, in its usual spelling, and every full name it may be short for."""
    usual = spelled(name)
    return _formal().get(name, frozenset()) | _formal().get(usual, frozenset()) | {usual}


@lru_cache(maxsize=1)
def _shared() -> dict[str, str]:
    """Names that brothers or sisters share, to how they stand beside a child's own."""
    return {spelled(glued(name)): next(iter(stands), "") for name, *stands in rows("shared.csv")}


def own_name(name: str) -> bool:
    """Whether this name is one child's own; brothers may all be Muhammad, sisters all Kaur."""
    return spelled(name) not in _shared()


def beside_own(name: str) -> bool:
    """Whether a name may be left out without telling of another child: Muhammad before the name a boy goes by, Kaur."""
    return _shared().get(spelled(name), "") in ("first", "part")


def never_alone(name: str) -> bool:
    """Whether this is never all that a child is called: who is entered as Kaur or Abdul has a name that is left out."""
    return _shared().get(spelled(name), "") == "part"


@lru_cache(maxsize=REMEMBERED)
def alike(one: str, other: str) -> bool:
    """The same name but for how it is written: a spelling variant, or the one short for the other. Two different short
    forms of one name (Ellie, Elsie) are as like to be two sisters."""
    usual, rival = spelled(one), spelled(other)
    if usual in stands_for(other) or rival in stands_for(one):
        return True
    if _shortened(usual, rival) or _shortened(rival, usual):
        return True
    if one in _variants() and other in _variants():
        return False
    if sound(one) == sound(other) or same_family_name(one, other):
        return True
    return not (known(one) and known(other)) and sound(_umlauts(one)) == sound(_umlauts(other))


def _umlauts(name: str) -> str:
    """A name with ö and ü written as one letter, not two (Oeykue, Mueller). Nothing for a name like Zoe or Samuel."""
    return name if known(name) else name.replace("oe", "o").replace("ue", "u")


def initial(one: str, other: str) -> bool:
    """Whether one is the first letter of the other."""
    letter, name = sorted((one, other), key=len)
    return len(letter) == 1 and letter in (name[:1], spelled(name)[:1])


@lru_cache(maxsize=1)
def _perhaps() -> frozenset[frozenset[str]]:
    pairs = ((spelled(glued(full)), spelled(glued(name))) for full, *names in rows("perhaps.csv") for name in names)
    return frozenset(frozenset(pair) for pair in pairs)


@lru_cache(maxsize=REMEMBERED)
def perhaps(one: str, other: str) -> bool:
    """Whether two names that aren't alike may still be one child's, or two sisters' or brothers' (Sophia, Sophie; Karim and
    an unlisted Karimo): neither agreement nor conflict."""
    if alike(one, other):
        return False
    if frozenset((spelled(one), spelled(other))) in _perhaps():
        return True
    return not (_borne(one) and _borne(other)) and _one_edit(one, other) and not slip(one, other)


def _shortened(short: str, full: str) -> bool:
    """Whether a short form is what is left of a name of God's servant (Abdul, Rahman) or gift (Seun, Ifeanyi)."""
    if len(full) <= len(short):
        return False
    if full.startswith("abdul") and full[5:] in _divine():
        return short in _ANY_SERVANT or short == full[5:]
    return short in _without_god(full)


def _without_god(name: str) -> frozenset[str]:
    cut = {name.removeprefix(god) for god in _GOD_BEFORE} | {name.removesuffix(god) for god in _GOD_AFTER}
    return frozenset(part for part in cut if part != name and len(part) > 2)


@lru_cache(maxsize=REMEMBERED)
def slip(one: str, other: str, *, family: bool = False) -> bool:
    """Whether one is a slip of the pen away from the other, in any of the other's spellings, where at most one of them is
    a name of its own (Mia and Maia are two names; Mohamme is a slip of Mohammed, and so of Muhammad). Two family names need
    no such care as given names that are short, rhyme or end as a sister's do: twins share theirs."""
    if not family and min(len(one), len(other)) < _SHORTEST_SLIP:
        return False
    if _borne(one) or _borne(other):
        name, typed = (one, other) if _borne(one) else (other, one)
        spellings = (name, *_spellings().get(spelled(name), ()))
        return not _borne(typed) and any(_one_edit(typed, s) and (family or not _rhymed(typed, s)) for s in spellings)
    if not _one_edit(one, other):
        return False
    return family or (len(one) > _SHORTEST_SLIP and not _rhymed(one, other) and _finger(one, other))


def _borne(name: str) -> bool:
    """Whether somebody bears the name, by itself or with God's."""
    return known(name) or any(known(part) for part in _without_god(name)) or _servant(name) is not None


def _one_edit(typed: str, name: str) -> bool:
    """One edit apart, two in long names."""
    longest = max(len(typed), len(name))
    return longest >= 3 and OSA.distance(typed, name, score_cutoff=2) <= (2 if longest >= 9 else 1)


def _rhymed(one: str, other: str) -> bool:
    """Whether the edit is one that makes a sister's or brother's name: a last vowel (Karim, Karima; Mario, Maria), or a first
    letter alone, with keys apart (Jayden, Kayden)."""
    short, long = sorted((one, other), key=len)
    if len(short) != len(long):
        return long[:-1] == short and long[-1] in "aiou" and short[-1] not in _VOWELS
    if short[:-1] == long[:-1]:
        return {short[-1], long[-1]} <= _VOWELS
    return short[1:] == long[1:] and not _neighbours(short[0], long[0])


def _finger(one: str, other: str) -> bool:
    """Whether two names that nobody lists differ as by a finger, not as rhyming twins' do: a letter too many, two changed
    round, a neighbouring key."""
    if len(one) != len(other):
        return one[0] == other[0]
    apart = [(x, y) for x, y in zip(one, other, strict=True) if x != y]
    return len(apart) != 1 or _neighbours(*apart[0])


def _neighbours(one: str, other: str) -> bool:
    """Whether two letters lie beside each other in a row of the keyboard."""
    return any(one + other in row or other + one in row for row in _KEYBOARD)


_SOUNDS = (
    ("ph", "f"),
    ("kh", "k"),
    ("gh", "g"),
    ("ck", "k"),
    ("sh", "s"),
    ("sz", "s"),
    ("cz", "c"),
    ("ch", "c"),
    ("q", "k"),
)
_SAME = str.maketrans({"z": "s", "j": "i", "v": "w", "x": "h"})


@lru_cache(maxsize=REMEMBERED)
def skeleton(name: str) -> str:
    """The consonants a name keeps through most misspellings, for blocking only: ``hussain`` and ``hossein`` are ``hsn``."""
    usual = spelled(name)
    for letters, letter in _SOUNDS:
        usual = usual.replace(letters, letter)
    usual = usual.translate(_SAME)
    kept = usual[:1] + "".join(c for c in usual[1:] if c not in "aeiouyhw")
    return "".join(c for i, c in enumerate(kept) if i == 0 or c != kept[i - 1]) or name
