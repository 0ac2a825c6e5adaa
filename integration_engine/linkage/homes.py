"""Where a family lives, as partners write it: postcodes and addresses levelled, and how nearly two of them agree.

An address is free text in somebody's hand: the town may follow the street or not, the flat may be named or not, a street may
be misspelled. The house number is what tells neighbours apart, so it must agree exactly.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from integration_engine.linkage import names
from integration_engine.record.remembered import REMEMBERED

_POSTCODE = re.compile(r"[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}")
# Elsewhere in the world: four to seven digits, or letters and digits together.
_FOREIGN_POSTCODE = re.compile(r"(?=.*\d)[A-Z\d]{4,8}")
_STREET = {"rd": "road", "st": "street", "ave": "avenue", "ln": "lane", "dr": "drive", "cl": "close", "ct": "court"}
_STREET |= {"cres": "crescent", "gdns": "gardens", "sq": "square", "tce": "terrace", "pl": "place", "gr": "grove"}
_STREETS = frozenset(_STREET.values()) | {"way", "hill", "mews", "row", "walk", "rise", "view"}
# Two addresses that share only these share nothing.
_NOT_OWN = _STREETS | frozenset(
    ["flat", "apartment", "apt", "unit", "room", "the", "of", "north", "south", "east", "west"]
)
# A word with one slip in it: six letters with one wrong are 83 alike, with two changed places 83.
_WORD_ALIKE, _TEXT_ALIKE = 80.0, 88.0
_MOST_WORDS = 0.6
_FULL_WORDS = 3


@lru_cache(maxsize=REMEMBERED)
def postcode_of(text: str) -> str:
    """A postcode without its space; empty for pseudo-postcodes (ZZ99: no fixed abode, not known) and for what is none
    anywhere."""
    level = "".join(c for c in text.upper() if c.isalnum())
    if level.startswith("ZZ99") or not level.isascii():
        return ""
    return level if _POSTCODE.fullmatch(level) or _FOREIGN_POSTCODE.fullmatch(level) else ""


@lru_cache(maxsize=REMEMBERED)
def address_of(*lines: str) -> str:
    """House and street, or a street alone, levelled; empty where neither is named (``Hostel``, ``c/o grandparents``)."""
    found: list[str] = []
    for line in lines:
        parts = names.plain(line).split()
        if len(parts) > 1:
            parts = [parts[0], *(_STREET.get(part, part) for part in parts[1:])]
        found += parts
        if any(part[0].isdigit() for part in found) and len(found) > 1 and not found[-1][0].isdigit():
            return " ".join(found)
    return " ".join(found) if len(found) > 1 and not _STREETS.isdisjoint(found[1:]) else ""


@dataclass(frozen=True, slots=True)
class _Address:
    """An address taken apart: its numbers, the kinds of street it names, words that are its own, all words in one text."""

    numbers: frozenset[str]
    kinds: frozenset[str]
    own: tuple[str, ...]
    text: str


@lru_cache(maxsize=REMEMBERED)
def _parts(address: str) -> _Address:
    words = address.split()
    named = [word for word in words if not word[0].isdigit()]
    return _Address(
        numbers=frozenset(words).difference(named),
        kinds=_STREETS.intersection(named),
        own=tuple(sorted({word for word in named if word not in _NOT_OWN})),
        text="".join(named),
    )


@lru_cache(maxsize=REMEMBERED)
def house_level(one: str, other: str) -> str:
    """``full`` (house, street and town or more), ``house`` (the same numbers in a street alike; one side may leave the flat
    or the town out), ``street`` (another or no number in a street alike), ``different``."""
    mine, theirs = _parts(one), _parts(other)
    met = _met(mine, theirs)
    if not met:
        return "different"
    if not mine.numbers or not theirs.numbers or not (mine.numbers <= theirs.numbers or theirs.numbers <= mine.numbers):
        return "street"
    return "full" if met >= _FULL_WORDS else "house"


def _met(one: _Address, other: _Address) -> int:
    """How many of the words that are the shorter address's own stand in the other, a slip apart at most; 0 where that is not
    most of them, or the streets are of different kinds."""
    if one.kinds and other.kinds and one.kinds.isdisjoint(other.kinds):
        return 0
    few, many = sorted((one.own, other.own), key=lambda own: (len(own), own))
    met = sum(any(x == y or fuzz.ratio(x, y) >= _WORD_ALIKE for y in many) for x in few)
    if few and fuzz.ratio(one.text, other.text) >= _TEXT_ALIKE:
        return max(1, met)
    return met if met >= _MOST_WORDS * len(few) else 0


def streets(address: str) -> frozenset[str]:
    """The words of an address that are its own, each as it sounds."""
    return frozenset(names.skeleton(word) for word in _parts(address).own)


def one_slip(one: str, other: str) -> bool:
    """Whether two different postcodes are one slip of the pen apart."""
    return len(one) > 3 and OSA.distance(one, other, score_cutoff=1) <= 1
