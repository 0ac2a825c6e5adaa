"""Is this a name, or what a ward writes until there is one? BABY, Twin 1, B/O SMITH, UNKNOWN CHILD 2."""

import re
from collections.abc import Sequence

# Words that stand in for a given name. A child really called "Male" or "Girl" would be missed as a name,
# which only means that a real name from another source is preferred to it.
_STANDS_IN = frozenset(
    re.findall(
        r"\w+",
        """baby babe babygirl babyboy infant newborn neonate neonatal nb nn child foetus fetus stillborn
        twin triplet quad quadruplet quin quintuplet sibling boy girl male female son daughter
        unknown unnamed unidentified anonymous no name noname nameless not known notknown given nfn nmn nk unk
        tba tbc tbn xxx""",
    )
)
_BETWEEN = frozenset({"of", "and", "the", "a", "one", "two", "three", "four", "i", "ii", "iii", "iv", "b", "c", "d"})
_OF_THE_MOTHER = re.compile(r"(?i)^\s*(?:[bgsd]/o|bo/|(?:baby|boy|girl|son|daughter|infant|twin)\s+of)\b")
# Written before a surname where the whole name stands in one field: BABY OKAFOR, TWIN 2 BEGUM.
_BEFORE_A_SURNAME = re.compile(r"(?i)^\s*(?:baby|infant|newborn|neonate|twin|triplet|unnamed|unidentified)\b")
_WORD = re.compile(r"[^\W\d_]+|\d+")


def _only_stand_ins(text: str) -> bool:
    words = _WORD.findall(text.casefold())
    names = [word for word in words if not word.isdigit() and word not in _BETWEEN]
    if not names:
        # "1": a place in a multiple birth. A letter alone is more likely an initial.
        return bool(words) and all(word.isdigit() for word in words)
    return all(word in _STANDS_IN for word in names)


def is_placeholder(given: Sequence[str], family: str | None) -> bool:
    """Whether given and family name together name nobody: the given name only stands in for one, or, where no given
    name is stated, the family name does. Missing names are no placeholder: they are missing."""
    stated = " ".join(part for part in given if part and part.strip())
    if stated:
        return bool(_OF_THE_MOTHER.match(stated)) or _only_stand_ins(stated)
    if not family or not family.strip():
        return False
    return bool(_OF_THE_MOTHER.match(family) or _BEFORE_A_SURNAME.match(family)) or _only_stand_ins(family)
