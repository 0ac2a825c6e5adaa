"""Names as linkage compares them: spelling levelled, placeholders seen through, known variants and diminutives told apart
from other people's names.

A name is text in somebody else's hand: capitals, apostrophes, hyphens, diacritics, the order of names and the spelling of
a transliterated name say nothing about who is meant. Two different known names do.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rapidfuzz.distance import OSA

from integration_engine.linkage.shares import name_shares

TABLES = Path(__file__).resolve().parents[2] / "mappings" / "linkage"

# Letters that Unicode does not take apart into a base letter and a mark.
_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "ß": "ss", "þ": "th", "ʿ": "", "ʾ": ""}
)
_APOSTROPHES = re.compile(r"['’‘`´ʼ]")
_DOUBLED = re.compile(r"(.)\1+")
_NOT_LETTERS = re.compile(r"[^a-z0-9]+")
# Written apart or together, with or without: the article and the words for "son/daughter of" and "servant of the".
_DROPPED = frozenset(
    {"al", "el", "bin", "ibn", "bint", "binti", "ben", "ul", "ur", "ud", "uddin", "as", "ash", "ap", "ab"}
)
_JOINED = frozenset(
    {"o", "mc", "mac", "abdul", "abdal", "abd", "abdur", "abdel", "van", "von", "de", "da", "di", "del", "st"}
)


@lru_cache(maxsize=200_000)
def plain(text: str) -> str:
    """Lower case letters and single spaces only: ``O'Brien-Łuczak`` is ``obrien luczak``."""
    folded = _APOSTROPHES.sub("", text.casefold().translate(_LETTERS))
    if not folded.isascii():
        folded = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    return _NOT_LETTERS.sub(" ", folded).strip()


def words(text: str) -> tuple[str, ...]:
    """The words of a name, particles joined to what follows (``mc donald``) or dropped (``al hassan``)."""
    found: list[str] = []
    prefix = ""
    for word in plain(text).split():
        if word in _JOINED and not prefix:
            prefix = word
        else:
            found.append(prefix + word)
            prefix = ""
    if prefix:
        found.append(prefix)
    kept = tuple(word for word in found if word not in _DROPPED)
    return kept or tuple(found)


# What a form says when nobody has given the child a name yet.
_NUMBER = {"1": 1, "one": 1, "i": 1, "a": 1, "first": 1, "2": 2, "two": 2, "ii": 2, "b": 2, "second": 2}
_NUMBER |= {"3": 3, "three": 3, "iii": 3, "c": 3, "third": 3, "4": 4, "four": 4, "iv": 4, "d": 4, "fourth": 4}


def _rows(name: str) -> Iterable[list[str]]:
    with (TABLES / name).open(encoding="utf-8", newline="") as file:
        yield from (row for row in csv.reader(file) if row and not row[0].startswith("#"))


_STANDS_IN = {row[0]: frozenset(row[1:]) for row in _rows("placeholders.csv")}
_FILLER = frozenset().union(*_STANDS_IN.values())
_MULTIPLE, _BOY, _GIRL = _STANDS_IN["multiple"], _STANDS_IN["boy"], _STANDS_IN["girl"]
_CHILD = f"(?:{'|'.join(sorted(_STANDS_IN['child']))})"
_OF_MOTHER = re.compile(rf"(?:b o|{_CHILD}(?: {_CHILD})*(?: \w)?(?: of| o))(?: (?P<mother>.+))?")
_MOTHERS = re.compile(rf"(?P<mother>[a-z]{{2,}}?)s {_CHILD}(?: (?P<number>\w+))?")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """What a placeholder still tells: the mother's first name, the order in a multiple birth, the sex."""

    mother: str | None = None
    order: int | None = None
    multiple: bool = False
    sex: str | None = None


@lru_cache(maxsize=50_000)
def placeholder(text: str) -> Placeholder | None:
    """Whether these given names are a stand-in (``BABY OF SARAH``, ``Twin 2``, ``B/O Lisa``, ``Gemmas Boy``), and what it
    tells; None for a name."""
    level = plain(text)
    if not level:
        return None
    parts = level.split()
    sex = "M" if _BOY & set(parts) else "F" if _GIRL & set(parts) else None
    of_mother = _OF_MOTHER.fullmatch(level)
    if of_mother:
        rest = (of_mother["mother"] or "").split()
        return Placeholder(rest[0] if rest else None, _order(parts[:3]), bool(_MULTIPLE & set(parts)), sex)
    mothers = _MOTHERS.fullmatch(level)
    if mothers and mothers["mother"] not in _FILLER:
        order = _NUMBER.get(mothers["number"] or "")
        return Placeholder(mothers["mother"], order, order is not None or bool(_MULTIPLE & set(parts)), sex)
    if all(part in _FILLER or part in _NUMBER or part.isdigit() for part in parts) and set(parts) & _FILLER:
        unidentified = {"unknown", "child", "unidentified"} & set(parts)  # numbered by who found them, not by birth
        order = None if unidentified and not set(parts) & {"twin", "triplet", "baby"} else _order(parts)
        return Placeholder(None, order, order is not None or bool(_MULTIPLE & set(parts)), sex)
    return None


def _order(parts: list[str]) -> int | None:
    return next((_NUMBER[part] for part in parts[1:] if part in _NUMBER), None) if len(parts) > 1 else None


@lru_cache(maxsize=1)
def _variants() -> dict[str, str]:
    """Every known spelling to the first of its row: the same name in another hand."""
    table: dict[str, str] = {}
    for row in _rows("variants.csv"):
        for spelling in row[1:]:
            table.setdefault(plain(spelling).replace(" ", ""), plain(row[1]).replace(" ", ""))
    return table


@lru_cache(maxsize=1)
def _formal() -> dict[str, frozenset[str]]:
    """A short or pet name to the names it may stand for."""
    table: dict[str, set[str]] = {}
    for row in _rows("diminutives.csv"):
        for short in row[1:]:
            table.setdefault(_level(short), set()).add(_level(row[0]))
    return {short: frozenset(names) for short, names in table.items()}


def _level(name: str) -> str:
    return spelled(plain(name).replace(" ", ""))


@lru_cache(maxsize=1)
def _spellings() -> dict[str, tuple[str, ...]]:
    """The usual spelling to all the others."""
    table: dict[str, list[str]] = {}
    for spelling, usual in _variants().items():
        table.setdefault(usual, []).append(spelling)
    return {usual: tuple(spellings) for usual, spellings in table.items()}


@lru_cache(maxsize=200_000)
def spelled(name: str) -> str:
    """The name in its usual spelling: ``mohamed`` and ``muhammad`` are one name. A doubled letter is no other name
    (``Ibrahiim``, ``Matt``)."""
    found = _variants().get(name)
    if found is None and name != (single := _DOUBLED.sub(r"\1", name)):
        found = _undoubled().get(single, name)
    return found or name


@lru_cache(maxsize=1)
def _undoubled() -> dict[str, str]:
    """Known names with their doubled letters made single, to the usual spelling."""
    table: dict[str, str] = {}
    for name in sorted(_listed()):
        table.setdefault(_DOUBLED.sub(r"\1", name), _variants().get(name, name))
    return table


@lru_cache(maxsize=100_000)
def stands_for(name: str) -> frozenset[str]:
    """The name and every formal name it may be short for."""
    usual = spelled(name)
    return _formal().get(usual, frozenset()) | {usual}


@lru_cache(maxsize=1)
def _shared() -> frozenset[str]:
    return frozenset(_level(row[0]) for row in _rows("shared.csv"))


def own_name(name: str) -> bool:
    """Whether this name is one child's own; brothers may all be Muhammad, sisters all Kaur."""
    return spelled(name) not in _shared()


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


@lru_cache(maxsize=100_000)
def skeleton(name: str) -> str:
    """The consonants a name keeps through most misspellings, for blocking only: ``hussain`` and ``hossein`` are ``hsn``."""
    usual = spelled(name)
    for sound, letter in _SOUNDS:
        usual = usual.replace(sound, letter)
    usual = usual.translate(_SAME)
    kept = usual[:1] + "".join(c for c in usual[1:] if c not in "aeiouyhw")
    return "".join(c for i, c in enumerate(kept) if i == 0 or c != kept[i - 1]) or name


@lru_cache(maxsize=200_000)
def alike(one: str, other: str) -> bool:
    """The same name but for how it is written: a spelling variant, or the one short for the other. Two different short
    forms of one name (Ellie, Elsie) are as like to be two sisters."""
    if spelled(one) in stands_for(other) or spelled(other) in stands_for(one):
        return True
    return _DOUBLED.sub(r"\1", one) == _DOUBLED.sub(r"\1", other)


@lru_cache(maxsize=200_000)
def slip(one: str, other: str) -> bool:
    """Whether one is a slip of the pen away from the other, in any of the other's spellings, where at most one of them is
    a name of its own (Mia and Maia are two names; Mohamme is a slip of Mohammed, and so of Muhammad)."""
    if known(one):
        return not known(other) and _misspells(other, one)
    return _misspells(one, other)


def _misspells(typed: str, name: str) -> bool:
    return any(_one_edit(typed, spelling) for spelling in (name, *_spellings().get(spelled(name), ())))


def _one_edit(one: str, other: str) -> bool:
    """One edit apart, two in long names."""
    longest = max(len(one), len(other))
    return longest >= 3 and OSA.distance(one, other, score_cutoff=2) <= (2 if longest >= 9 else 1)


@lru_cache(maxsize=1)
def _listed() -> frozenset[str]:
    tables = (row for table in ("variants.csv", "diminutives.csv") for row in _rows(table))
    return frozenset(plain(name).replace(" ", "") for row in tables for name in row)


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    """Every name in the frozen tables: a name of its own, not a slip of a similar one."""
    shares = name_shares()
    return _listed().union(shares["given"], shares["family"])


def known(name: str) -> bool:
    """Whether somebody is really called this, as far as the tables know."""
    return name in _known()
