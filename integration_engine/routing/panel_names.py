"""The names that people give to authorities and panels, and which one they mean."""

import re
from collections.abc import Collection
from datetime import date

from integration_engine.routing.footprint_file import AUTHORITY_CODE
from integration_engine.routing.geography import Authority, Geography

_FILLERS = frozenset(
    {
        "council",
        "borough",
        "city",
        "county",
        "of",
        "the",
        "metropolitan",
        "district",
        "unitary",
        "authority",
        "royal",
        "and",
        "cdop",
        "panel",
        "child",
        "death",
        "overview",
    }
)
_LONGEST_WORD = 12


def plain(name: str) -> str:
    """A name without what people leave out or add: case, punctuation, 'council', 'city of' ..."""
    words = re.sub(r"[^a-z0-9 ]+", " ", name.casefold().replace("'", "").replace(".", "")).split()
    return " ".join(word for word in words if word not in _FILLERS) or " ".join(words)


def named(geography: Geography, text: str, on: date) -> list[Authority]:
    """The authorities in force on a day that a code or a name means; upper tiers before districts of the same name."""
    if AUTHORITY_CODE.fullmatch(text):
        known = geography.authorities.get(text)
        return [known] if known and known.span.holds(on) else []
    asked = plain(text)
    alike = [one for one in geography.authorities.values() if one.span.holds(on) and asked and plain(one.name) == asked]
    upper = [one for one in alike if one.upper_tier == one.code]
    return upper or alike


def same_place(geography: Geography, found: Authority, name: str) -> bool:
    """Whether a name is an authority's own, under whichever of its codes."""
    alike = (one for one in geography.authorities.values() if plain(one.name) == plain(name))
    return any(geography.same(found.code, one.code) for one in alike)


def new_code(name: str, taken: Collection[str]) -> str:
    """A code for a new panel, out of the first words of its name; none that is taken."""
    words = [re.sub(r"[^A-Z0-9]", "", word)[:_LONGEST_WORD] for word in plain(name).upper().split()[:2]]
    code = "-".join(filter(None, words)) or "PANEL"
    code = code if code[0].isalpha() else f"P{code}"
    number, made = 2, code
    while made in taken:
        made, number = f"{code}-{number}", number + 1
    return made
