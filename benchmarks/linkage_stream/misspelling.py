"""Ways a word goes wrong: slips of finger and ear, another spelling; and the words for a child with no name."""

import re
import unicodedata
from functools import cache
from random import Random
from zlib import crc32

from benchmarks.linkage_stream.wordlists import read, words

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_PLACE = {key: (row, at) for row, keys in enumerate(_ROWS) for at, key in enumerate(keys)}
_NEAR = {
    key: [other for other, (r, c) in _PLACE.items() if other != key and abs(r - row) <= 1 and abs(c - at) <= 1]
    for key, (row, at) in _PLACE.items()
}
_HEARD = (
    ("ph", "f"), ("f", "ph"), ("ck", "k"), ("c(?=[aou])", "k"), ("k", "c"), ("ie$", "y"), ("y$", "ie"), ("ey$", "y"),
    ("y", "i"),
    ("ll", "l"), ("l(?=[aeiou])", "ll"), ("tt", "t"), ("nn", "n"), ("ss", "s"), ("ee", "ea"), ("ea", "ee"),
    ("oo", "u"), ("u", "oo"),
    ("ei", "ie"), ("ai", "ay"), ("ay", "ai"), ("z", "s"), ("s(?=[aeiou])", "z"), ("er$", "a"), ("or$", "er"),
    ("an$", "en"),
    ("en$", "an"), ("on$", "en"), ("th", "t"), ("wh", "w"), ("qu", "kw"), ("x", "ks"), ("gh", "g"), ("kn", "n"),
    ("wr", "r"),
    ("ou", "ow"), ("au", "or"), ("j", "g"), ("v", "w"), ("w", "v"), ("h", ""), ("e$", ""), ("ah$", "a"),
    ("a$", "ah"), ("sh", "ch"),
    ("cz", "ch"), ("sz", "sh"), ("rz", "zh"), ("ij", "ee"), ("kh", "k"), ("dh", "d"), ("bh", "b"), ("aa", "a"),
    ("ii", "i"),
)  # fmt: skip
_SPECIAL = {"ł": "l", "Ł": "L", "ı": "i", "ø": "o", "ß": "ss", "đ": "d", "Đ": "D"}
_DIGRAPHS = {
    "ö": "oe",
    "ü": "ue",
    "ş": "sh",
    "ç": "ch",
    "Ş": "Sh",
    "Ç": "Ch",
    "Ö": "Oe",
    "Ü": "Ue",
    "ğ": "gh",
    "ș": "sh",
    "ț": "tz",
}


def typo(chance: Random, word: str) -> str:
    """One slip on a keyboard: a neighbouring key, a letter left out, doubled, put in or changed places."""
    if len(word) < 3:
        return word
    at = chance.randrange(1, len(word))
    letter, way = word[at], chance.randrange(5)
    if way == 0:
        return word[:at] + chance.choice(_NEAR.get(letter.lower(), [letter])) + word[at + 1 :]
    if way == 1:
        return word[:at] + word[at + 1 :]
    if way == 2:
        return word[:at] + letter + word[at:]
    if way == 3:
        return word[:at] + chance.choice(_NEAR.get(letter.lower(), ["e"])) + word[at:]
    at = min(at, len(word) - 2)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def by_ear(chance: Random, word: str) -> str:
    """The word as somebody might write it who only heard it."""
    for pattern, written in chance.sample(_HEARD, len(_HEARD)):
        heard = re.sub(pattern, written, word[1:], count=1)
        if heard != word[1:] and len(heard) > 1:
            return word[0] + heard
    return word


@cache
def _spellings() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in read("spellings.yaml")["spellings"]:
        several = words(line)
        for one in several:
            found.setdefault(one, []).extend(other for other in several if other != one)
    return found


def respelled(chance: Random, name: str) -> str:
    """The name with one of its words in another of its spellings; unchanged where none is known."""
    parts = name.split(" ")
    for at in chance.sample(range(len(parts)), len(parts)):
        if other := _spellings().get(parts[at]):
            parts[at] = chance.choice(other)
            break
    return " ".join(parts)


def one_name(word: str, other: str) -> bool:
    """Whether the two are spellings, or one a short form, of one name."""
    short = read("spellings.yaml")["diminutives"]
    return other in _spellings().get(word, ()) or other in short.get(word, ()) or word in short.get(other, ())


def diminutive(chance: Random, name: str) -> str:
    """A short form, or the full form of a short one; unchanged where none is known."""
    table = read("spellings.yaml")["diminutives"]
    return chance.choice(table[name]) if name in table else name


def plain(name: str) -> str:
    """Without marks on letters, as old systems keep them."""
    if name.isascii():
        return name
    bare = unicodedata.normalize("NFD", "".join(_SPECIAL.get(letter, letter) for letter in name))
    return "".join(letter for letter in bare if not unicodedata.combining(letter))


def digraphs(name: str) -> str:
    """Marked letters written as two (ü as ue), what has no pair written plainly."""
    return plain("".join(_DIGRAPHS.get(letter, letter) for letter in name))


_WORD = {"M": "Boy", "F": "Girl"}
_ADJECTIVE = {"M": "Male", "F": "Female"}
_BORN = ("Baby", "Twin", "Triplet", "Quad")


def placeholder(chance: Random, office: str, sex: str, mother: str, count: int, order: int) -> str | None:
    """What stands in the box of the given name of a child that has none; each office mostly keeps to one habit."""
    habit = crc32(office.encode()) if chance.random() < 0.75 else chance.randrange(1 << 30)
    forms = read("spellings.yaml")["placeholders"]["of_several" if count > 1 and chance.random() < 0.6 else "one"]
    place = order - 1
    text = forms[habit % len(forms)].format(
        word=_WORD[sex], adjective=_ADJECTIVE[sex], mother=mother, n=order, count=count, born=_BORN[count - 1],
        numeral=("One", "Two", "Three", "Four")[place], roman=("I", "II", "III", "IV")[place], letter="ABCD"[place],
        ordinal=("First", "Second", "Third", "Fourth")[place],
    )  # fmt: skip
    return text or None
