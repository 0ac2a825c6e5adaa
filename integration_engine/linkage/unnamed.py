"""What a form says where nobody has given the child a name yet, and what it tells all the same: ``B/O Sarah Jones``,
``TWIN II``, ``Unknown Female``, ``Smith Bb Girl 2``.

A stand-in may fill the given names, the family name, or either together with a name. Its words are read one by one: what is
no word of a stand-in is left over, as a name.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from rapidfuzz.distance import OSA

from integration_engine.linkage.known import given_name, known
from integration_engine.linkage.letters import plain, rows
from integration_engine.record.remembered import REMEMBERED

_KINDS: dict[str, frozenset[str]] = {row[0]: frozenset(row[1:]) for row in rows("placeholders.csv")}
_CHILD, _BOY, _GIRL, _MULTIPLE, _OF = (_KINDS[kind] for kind in ("child", "boy", "girl", "multiple", "of"))
_ANCHORS = _CHILD | _BOY | _GIRL | _MULTIPLE | _KINDS["nameless"]
# By their first word: nearly no word of a name begins one.
_PHRASES = {
    first: list(phrases)
    for first, phrases in groupby(sorted(phrase.split() for phrase in _KINDS["phrase"]), lambda words: words[0])
}
_PLACES = {"1": 1, "2": 2, "3": 3, "4": 4, "5": 5, "6": 6}
_PLACES |= {"one": 1, "first": 1, "i": 1, "a": 1, "two": 2, "second": 2, "ii": 2, "b": 2}
_PLACES |= {"three": 3, "third": 3, "iii": 3, "c": 3, "four": 4, "fourth": 4, "iv": 4, "d": 4}
_ORDINALS = {"1st": "first", "2nd": "second", "3rd": "third", "4th": "fourth"}
# Not identified yet: numbered by who found them, not by birth.
_FOUND = frozenset({"unknown", "unk", "unidentified", "child"})
_BY_BIRTH = _MULTIPLE | {"baby", "bb", "bby"}

# Strokes and capitals decide: N/A and NA say nothing, Na is a name.
_NOT_SAID = re.compile(r"[\W_]*(?:(?i:n\s?[/\\.]\s?[ak]|u\s?[/\\.]\s?k|nk)|NA|UK|NIL|X+|)[\W_]*")
_SLASHED = re.compile(r"(?i)\b(b)\s*[/\\.]\s*[o0]\b\.?|^\s*(b)\s+o(?=\s)|^\s*([sdi])\s*[/\\.]\s*[o0]\b\.?")
_SLASHED_WORDS = {"b": " baby of ", "s": " son of ", "d": " daughter of ", "i": " infant of "}
_BRACKET = re.compile(r"[(\[](?!\s*(?:of|twin)\b)", re.IGNORECASE)
_POSSESSIVE = re.compile(r"(?<=\w)['’`´][sS]?\s+(?=\w)")
_OWNER = "zzowner"
_EDGES = re.compile(r"(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])")
_TWIN_NUMBER = re.compile(r"(?i)\bt\s?(?=[1-6]\b)")
# Words written together: babyboy, twinone, boytwin, infantof.
_LONG = "|".join(
    sorted({w for w in _ANCHORS | _PLACES.keys() if len(w) > 2} | {"of", "ii"}, key=lambda w: (-len(w), w))
)
_TOGETHER = re.compile(rf"(?:{_LONG})(?:{_LONG})+[ab]?|(?:twin|triplet|baby|boy|girl)[ab]")
_PIECE = re.compile(rf"{_LONG}|[ab]$")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """What a placeholder still tells: the mother's first name, the order in a multiple birth, the sex."""

    mother: str | None = None
    order: int | None = None
    multiple: bool = False
    sex: str | None = None


@dataclass(frozen=True, slots=True)
class StandIn:
    """A stand-in found in a field. ``rest``: the words that are no part of it; ``surname``: the mother's, where she is named
    by two words or with a title; ``unsaid``: her name should follow, and doesn't."""

    hint: Placeholder
    rest: tuple[str, ...] = ()
    surname: tuple[str, ...] = ()
    unsaid: bool = False


def placeholder(text: str) -> Placeholder | None:
    """What these given names tell where all they are is a stand-in; None for a name, or a name beside a stand-in."""
    found = stand_in(text)
    return found.hint if found and not found.rest else None


@lru_cache(maxsize=REMEMBERED)
def stand_in(text: str, family: bool = False) -> StandIn | None:
    """The stand-in in a field of given names, or in the family name of a named child (where Child and Male are surnames);
    None where there is none."""
    if not text.strip():
        return None
    if _NOT_SAID.fullmatch(text):
        return StandIn(Placeholder())
    parts = _parts(text)
    standing = _standing(parts, _KINDS["surname"] if family else _KINDS["company"])
    if not any(standing):
        return None
    rest, mothers, unsaid = _left_over(parts, standing)
    owned, rest = _owned(rest, ends=standing[-1] and parts[-1] not in _OF)
    mother, surname, order = _mother(owned or mothers, reverse="," in text)
    said = [part for part, stands in zip(parts, standing, strict=True) if stands]
    order = _order(said) or order
    sex = "M" if _BOY & {*said} or "son" in said else "F" if _GIRL & {*said} else None
    hint = Placeholder(mother, order, order is not None or bool(_MULTIPLE & {*said}), sex)
    return StandIn(hint, tuple(rest), surname, unsaid)


def _parts(text: str) -> list[str]:
    """The words, those written together taken apart, strokes and apostrophes put in words."""
    text = _BRACKET.sub(" of ", text)  # BABY (SARAH)
    text = _SLASHED.sub(lambda found: _SLASHED_WORDS[(found[1] or found[2] or found[3]).lower()], text)
    text = _POSSESSIVE.sub(f" {_OWNER} ", _TWIN_NUMBER.sub("twin ", text))
    found: list[str] = []
    for word in plain(text).split():
        for part in [_ORDINALS[word]] if word in _ORDINALS else _EDGES.sub(" ", word).split():
            if part in _ANCHORS or not _TOGETHER.fullmatch(part):
                found.append(_unslipped(part))
            else:
                found += _PIECE.findall(part)
    return found


def _unslipped(word: str) -> str:
    """``unknown`` and ``unnamed`` for one slip from them (UNKNKWN), which is nobody's name."""
    for meant in ("unknown", "unnamed"):
        if word != meant and OSA.distance(word, meant, score_cutoff=1) <= 1 and not known(word):
            return meant
    return word


def _standing(parts: list[str], alone: frozenset[str]) -> list[bool]:
    """For each word whether it is part of a stand-in. ``alone``: words that are none without company."""
    standing = [part in _ANCHORS and part not in alone for part in parts]
    for start, end in _phrases(parts):
        standing[start:end] = [True] * (end - start)
    for i, part in enumerate(parts):
        if part in alone:
            beside = {*parts[max(0, i - 1) : i], *parts[i + 1 : i + 2]}
            standing[i] = (
                standing[i] or bool(beside & (_ANCHORS | _OF)) or any(p in _PLACES for p in parts[i + 1 : i + 2])
            )
    if any(standing):
        _spread(parts, standing)
    return standing


def _phrases(parts: list[str]) -> Iterator[tuple[int, int]]:
    for start, part in enumerate(parts):
        for phrase in _PHRASES.get(part, ()):
            if parts[start : start + len(phrase)] == phrase:
                yield start, start + len(phrase)


def _spread(parts: Sequence[str], standing: list[bool]) -> None:
    """Let fillers, titles and numbers beside a stand-in stand with it; a single letter only after it."""
    for i in range(1, len(parts)):
        if standing[i - 1] and (
            parts[i] in _PLACES or parts[i].isdigit() or parts[i] in _KINDS["filler"] | _KINDS["title"]
        ):
            standing[i] = True
    for i in range(len(parts) - 2, -1, -1):
        filling = parts[i] in _KINDS["filler"] or parts[i] in _PLACES or parts[i].isdigit()
        if standing[i + 1] and filling and (len(parts[i]) > 1 or parts[i].isdigit()):
            standing[i] = True


def _left_over(parts: Sequence[str], standing: Sequence[bool]) -> tuple[list[str], list[str], bool]:
    """The words outside of stand-ins, those that follow an ``of``, and whether an ``of`` has nothing after it."""
    rest: list[str] = []
    mothers: list[str] = []
    unsaid = of = False
    for i, part in enumerate(parts):
        if not standing[i]:
            (mothers if of else rest).append(part)
            unsaid = unsaid and not of
        elif part in _OF:
            of = unsaid = True
        elif of and part in _KINDS["title"]:
            mothers.append(part)
        elif mothers or part in _ANCHORS or part in _PLACES:
            of = of and part not in _ANCHORS
            unsaid = False
    return rest, mothers, unsaid


def _owned(rest: list[str], ends: bool) -> tuple[list[str], list[str]]:
    """The mother where the child is called hers (``Gemma's boy``, ``Gemmas boy``), and the words left over then."""
    if _OWNER in rest:
        at = rest.index(_OWNER)
        return rest[:at], rest[at + 1 :]
    if ends and len(rest) == 1 and rest[0].endswith("s") and given_name(rest[0][:-1]) and not given_name(rest[0]):
        return [rest[0][:-1]], []
    return [], rest


def _mother(parts: Sequence[str], reverse: bool) -> tuple[str | None, tuple[str, ...], int | None]:
    """First name and surname of a mother called ``Sarah``, ``Ms Jones``, ``Sarah Jones`` or ``Jones, Sarah``, and a number
    after it."""
    titled = bool(parts) and parts[0] in _KINDS["title"] - {"mother", "mum"}
    named = [part for part in parts if part not in _KINDS["title"] and not part.isdigit() and part != _OWNER]
    order = next((_PLACES[part] for part in parts[1:] if part.isdigit() and part in _PLACES), None)
    if len(named) == 1 and (titled or (known(named[0]) and not given_name(named[0]))):
        return None, tuple(named), order
    if len(named) > 1 and reverse:
        return named[-1], tuple(named[:-1]), order
    return (named[0] if named else None), tuple(named[1:]), order


def _order(said: Sequence[str]) -> int | None:
    """The place in the birth order: after the word for the child (``Twin 2``, ``Baby Girl no B``) or before one of several
    (``second twin``)."""
    if _FOUND & {*said} and not _BY_BIRTH & {*said}:
        return None
    for i, part in enumerate(said):
        after = said[i + 1] if i + 1 < len(said) else ""
        if part in _ANCHORS | {"no", "number", "son"} and after in _PLACES:
            return _PLACES[after]
        if part in _PLACES and len(part) > 2 and after in _MULTIPLE:
            return _PLACES[part]
    return None
