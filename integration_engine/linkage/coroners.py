"""Coroners' references as linkage compares them: ``area|number``.

Every coroner area counts its own cases, so one reference in two areas is two cases. Police and other offices write an
area's name in their own way (``HM Coroner for Inner North London``) or name the town. A name that fits no area, or several,
doesn't say whose the reference is: the area is then left empty, and the number may be another area's as well.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache, lru_cache

from integration_engine.linkage.names import TABLES, plain
from integration_engine.record.references import area_and_reference
from integration_engine.record.remembered import REMEMBERED

AREAS = TABLES.parent / "reference" / "coroner-areas.csv"
# What an office puts around the name of its area.
_AROUND = frozenset(
    re.findall(
        r"\w+",
        "hm his her majesty majestys senior area assistant coroner coroners court office service jurisdiction district "
        "the for of and in county",
    )
)
_GROUP = re.compile(r"[a-z]+|\d+")


@cache
def _by_words() -> dict[frozenset[str], frozenset[str]]:
    """The words of an area's own name to its slug, and those of an authority's name to the areas that cover it."""
    found: defaultdict[frozenset[str], set[str]] = defaultdict(set)
    with AREAS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    own = {_words(text): row["slug"] for row in rows for text in (row["slug"], row["name"])}
    for row in rows:
        found[_words(row["area_name"])].add(row["slug"])
    return {words: frozenset(slugs) for words, slugs in found.items()} | {
        words: frozenset({slug}) for words, slug in own.items()
    }


def _words(text: str) -> frozenset[str]:
    return frozenset(plain(text).split()) - _AROUND


@lru_cache(maxsize=REMEMBERED)
def area_of(text: str) -> str:
    """The slug of the one area a text names; empty where it names none or may mean several."""
    slugs = _by_words().get(_words(text), frozenset())
    return next(iter(slugs)) if len(slugs) == 1 else ""


@lru_cache(maxsize=REMEMBERED)
def number_of(reference: str) -> str:
    """A reference's groups of letters and figures without leading zeros: ``00412-2026`` and ``412/2026`` are one. Empty
    where there is no figure in it."""
    groups = [group.lstrip("0") or "0" for group in _GROUP.findall(plain(reference))]
    return "-".join(groups) if any(group.isdigit() for group in groups) else ""


def reference(area: str | None, text: str | None) -> str:
    """One reference as ``area|number``; empty where there is none. An area the reference itself names is taken where no
    other is told."""
    within, bare = area_and_reference(text or "")
    number = number_of(bare or text or "")
    return f"{area_of(area or within or '')}|{number}" if number else ""


def agree(mine: Iterable[str], theirs: Iterable[str]) -> str:
    """``equal`` where one case is named with its area on both sides, ``number`` where one side doesn't tell the area,
    ``different`` where both name cases of one area and none in common, else empty."""
    ours, others = [one.split("|") for one in mine], [one.split("|") for one in theirs]
    level = ""
    for area, number in ours:
        for other, rival in others:
            if number == rival and area == other and area:
                return "equal"
            if number == rival and not (area and other):
                level = "number"
            elif number != rival and area and area == other:
                level = level or "different"
    return level
