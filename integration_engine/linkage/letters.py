"""A name's letters and words, whatever keyboard, code page or form they came through.

Capitals, apostrophes, hyphens and diacritics say nothing about who is meant, nor does a letter that a wrong code page broke
in two. Particles (``al``, ``bin``, ``O'``, ``van``) are written apart, together or not at all.
"""

import csv
import html
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from integration_engine.record.remembered import REMEMBERED

# Letters that Unicode does not take apart into a base letter and a mark.
_LETTERS = str.maketrans(
    {
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ı": "i",
        "æ": "ae",
        "œ": "oe",
        "ß": "ss",
        "þ": "th",
        "ʿ": "",
        "ʾ": "",
        "ə": "a",
    }
)
_APOSTROPHES = re.compile(r"['’‘`´ʼʻ′＇]")
# UTF-8 read as Windows-1252: a lead byte's letter, then a sign that stands in no name.
_BROKEN = re.compile(r"[Â-ßá][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]")
# What a system puts for a letter it can't write: a letter is missing there, no space.
_LOST = re.compile(r"(?<=\w)[?\ufffd]|[?\ufffd](?=\w)")
_NOT_LETTERS = re.compile(r"[^a-z0-9]+")
_DIGITS = re.compile(r"\d+")

# No name or line of an address is longer, and one of a hundred thousand letters would be compared, letter by letter, with
# everybody's.
_LONGEST = 200

TABLES = Path(__file__).resolve().parents[2] / "mappings" / "linkage"


def rows(name: str) -> Iterator[list[str]]:
    """The rows of a table of linkage, without its comments."""
    with (TABLES / name).open(encoding="utf-8", newline="") as file:
        yield from (row for row in csv.reader(file) if row and not row[0].startswith("#"))


_PARTICLES = {row[0]: frozenset(row[1:]) for row in rows("particles.csv")}
_ARTICLE = re.compile(r"(?i)\b(?:al|el)-(?=\w)|^(?:al|el)\s+(?=\w)")
_ALSO = re.compile(r"\(([^)]*)\)?|\[([^\]]*)\]?|[\"“”]([^\"“”]*)[\"“”]?|\b(?i:aka|a\.k\.a\.?|known as|k/a)(?!\w)(.*)")
_OF_FATHER = re.compile(r"(?i)(?<=\w)\s+[sdw]/o\b.*")


def plain(text: str) -> str:
    """Lower case letters, digits and single spaces only: ``O'Brien-Łuczak`` is ``obrien luczak``, ``JosÃ©`` is ``jose``.
    What is too long for a name is cut."""
    return _plain(text[:_LONGEST])


@lru_cache(maxsize=REMEMBERED)
def _plain(text: str) -> str:
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = _mended(text)
    if "?" in text or "\ufffd" in text:
        text = _LOST.sub("", text)
    folded = _APOSTROPHES.sub("", text.casefold().translate(_LETTERS))
    if not folded.isascii():
        folded = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    return _NOT_LETTERS.sub(" ", folded).strip()


def _mended(text: str) -> str:
    """The text with letters put together again that a wrong code page broke: only where all of it comes out valid."""
    while _BROKEN.search(text):
        try:
            text = b"".join(_byte(letter) for letter in text).decode("utf-8")
        except (UnicodeEncodeError, UnicodeDecodeError):
            break
    return text


def _byte(letter: str) -> bytes:
    try:
        return letter.encode("cp1252")
    except UnicodeEncodeError:
        return letter.encode("latin-1")


def words(text: str) -> tuple[str, ...]:
    """The words of a family name, particles joined to what follows (``mc donald``) or dropped (``al hassan``)."""
    found = _together(_letters_only(text), _PARTICLES["servant"] | _PARTICLES["joined"])
    return tuple(word for word in found if word not in _PARTICLES["dropped"]) or found


def called(text: str) -> tuple[str, ...]:
    """The words of given names, without titles (``Master``), ``Jr``, names in brackets and the father's (``s/o Raman``); a
    father's initial (``B. Anojan``) stands last. The first word is a name whatever it is: Ben, Ash, Van."""
    if not text.isalpha():
        text = _ARTICLE.sub("", _OF_FATHER.sub("", _ALSO.sub(" ", text)))
    found = _letters_only(text)
    while len(found) > 1 and found[0] in _PARTICLES["title"]:
        found = found[1:]
    while len(found) > 1 and found[-1] in _PARTICLES["suffix"]:
        found = found[:-1]
    if len(found) < 2:
        return found
    initials = next((i for i, word in enumerate(found) if len(word) > 1), 0)
    found = found[initials:] + found[:initials]
    first = _together(found[:2], _PARTICLES["servant"] | _PARTICLES["first"]) + found[2:]
    later = tuple(word for word in first[1:] if word not in _PARTICLES["between"])
    return first[:1] + _together(later, _PARTICLES["servant"])


def also_called(text: str) -> tuple[str, ...]:
    """Names in brackets, in quotation marks or after ``known as``: ``Aleksandra (Ola)``."""
    if text.isalpha():
        return ()
    return tuple(word for found in _ALSO.findall(text) for part in found for word in _letters_only(part))


def _letters_only(text: str) -> tuple[str, ...]:
    level = plain(text)
    return tuple((level if level.isalpha() else _DIGITS.sub("", level)).split())


def _together(parts: tuple[str, ...], joined: frozenset[str]) -> tuple[str, ...]:
    """The parts, each of ``joined`` written together with what follows it."""
    found: list[str] = []
    prefix = ""
    for word in parts:
        prefix += word
        if word not in joined:
            found.append(prefix)
            prefix = ""
    return (*found, prefix) if prefix else tuple(found)
