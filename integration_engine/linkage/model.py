"""The linkage model: how much each level of agreement says, in bits, and how common each name is. Data, read once.

A level's weight is ``log2(m / u)``: how often true pairs show it against how often unrelated ones do. The shipped model is
a readable JSON file that says how it was made and names its table of name shares. Both are frozen: what followed the
stream would make the answer depend on which notices came first.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import log2
from pathlib import Path
from typing import Any

from integration_engine.linkage.levels import LEVELS
from integration_engine.linkage.names import TABLES, spelled
from integration_engine.linkage.shares import NameSharesError, name_shares

VERSION = 2


@dataclass(frozen=True, slots=True)
class Stratum:
    """What stands in place of the same of the model where both are of age."""

    prior: float
    link: float
    household_cap: float
    bits: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Model:
    """A model as read. ``bits`` are weights by comparison and level; ``prior`` the bits against two notices taken at random
    out of a block being about one child; ``link`` and ``review`` the two thresholds, ``review_vetoed`` that of vetoed pairs,
    ``margin`` how far a rival must lie behind; ``names`` the shares of given and family names in their usual spelling,
    ``unseen`` that of a name in no table. ``grown`` is for two of age: their births spread over eighty years, and who
    shares an address and a birth date with one of them is hardly a twin who died too."""

    version: str
    made: str
    prior: float
    link: float
    review: float
    review_vetoed: float
    margin: float
    household_cap: float
    bits: Mapping[str, Mapping[str, float]]
    names: Mapping[str, Mapping[str, float]]
    unseen: float
    grown: Stratum

    def share(self, table: str, name: str) -> float:
        """How common a name (in its usual spelling) is, as a share of children."""
        return self.names[table].get(name, self.unseen)

    def rarity(self, table: str, name: str) -> float:
        """Bits that sharing this name is worth: a common one says less."""
        return -log2(self.share(table, name))


def load(path: Path) -> Model:
    """A model from its JSON. Raises ModelError, which says everything that is wrong with it."""
    try:
        text = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(path.name, [f"can't be read: {error}"]) from error
    if not isinstance(text, dict) or text.get("format") != f"linkage-model/{VERSION}":
        raise ModelError(path.name, [f"is not a linkage-model/{VERSION}"])
    if problems := [*_missing(text)] or [*_wrong(text)]:
        raise ModelError(path.name, problems)
    bits = _bits(text["comparisons"])
    limits = text["thresholds"]
    return Model(
        version=text["version"],
        made=text["made"],
        prior=text["prior_bits"],
        link=limits["link"],
        review=limits["review"],
        review_vetoed=limits["review_vetoed"],
        margin=limits["margin"],
        household_cap=text["household_cap_bits"],
        bits=bits,
        names=_names(path.parent / text["name_shares"], text["rarest_name_share"]),
        unseen=text["unseen_name_share"],
        grown=_stratum(text["grown_ups"], bits),
    )


def _names(path: Path, rarest: float) -> dict[str, dict[str, float]]:
    """Shares by table and usual spelling; below ``rarest`` a table of counts knows nothing, so no name is rarer."""
    try:
        tables = name_shares(path)
    except NameSharesError as error:
        raise ModelError(path.name, [str(error)]) from error
    found: dict[str, dict[str, float]] = {}
    for table, shares in tables.items():
        summed = found[table] = {}
        for name, share in shares.items():
            usual = spelled(name)
            summed[usual] = summed.get(usual, 0.0) + share
        for name, share in summed.items():
            summed[name] = min(1.0, max(share, rarest))
    return found


class ModelError(ValueError):
    """A model that can't be used; ``problems`` are sentences, each naming the place in the file."""

    def __init__(self, name: str, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(f"{name}: {problem}" for problem in problems))


_PARTS = {
    "version": str,
    "made": str,
    "prior_bits": float,
    "household_cap_bits": float,
    "thresholds": dict,
    "comparisons": dict,
    "name_shares": str,
    "rarest_name_share": float,
    "grown_ups": dict,
    "unseen_name_share": float,
}
_THRESHOLDS = ("link", "review", "review_vetoed", "margin")


def _missing(text: Mapping[str, Any]) -> Iterator[str]:
    """What isn't there, or isn't of its kind."""
    for part, kind in _PARTS.items():
        if not isinstance(text.get(part), kind):
            yield f"{part} is missing or isn't {_KINDS[kind]}"
    thresholds = text.get("thresholds")
    for limit in _THRESHOLDS:
        if isinstance(thresholds, dict) and not isinstance(thresholds.get(limit), float):
            yield f"thresholds.{limit} is missing or isn't {_KINDS[float]}"


_KINDS = {str: "text", float: "a number with a point", dict: "an object"}


def _wrong(text: Mapping[str, Any]) -> Iterator[str]:
    """What is there and can't be meant: a level without a weight would silently weigh nothing."""
    limits, comparisons = text["thresholds"], text["comparisons"]
    if not limits["review"] <= limits["review_vetoed"] <= limits["link"]:
        yield "thresholds: review, review_vetoed and link must rise"
    for comparison in comparisons.keys() - LEVELS.keys():
        yield f"comparisons.{comparison} is no comparison"
    for comparison, levels in LEVELS.items():
        given = comparisons.get(comparison, {})
        for level in given.keys() - set(levels):
            yield f"comparisons.{comparison}.{level} is no level of it"
        for level in levels:
            chances = given.get(level, {})
            if not all(_chance(chances.get(side)) for side in ("m", "u")):
                yield f"comparisons.{comparison}.{level} needs m and u, above 0 and at most 1"
    if not 0 < text["rarest_name_share"] <= text["unseen_name_share"] < 1:
        yield "rarest_name_share and unseen_name_share must be shares, the rarest not above the unseen"
    yield from _wrong_of_age(text["grown_ups"])


def _wrong_of_age(text: Mapping[str, Any]) -> Iterator[str]:
    for limit in ("prior_bits", "link_bits", "household_cap_bits"):
        if not isinstance(text.get(limit), float):
            yield f"grown_ups.{limit} is missing or isn't {_KINDS[float]}"
    for comparison, levels in text.get("comparisons", {}).items():
        for level, chances in levels.items():
            if level not in LEVELS.get(comparison, ()):
                yield f"grown_ups.comparisons.{comparison}.{level} is no level"
            elif not all(_chance(chances.get(side)) for side in ("m", "u")):
                yield f"grown_ups.comparisons.{comparison}.{level} needs m and u, above 0 and at most 1"


def _chance(value: Any) -> bool:
    return isinstance(value, float | int) and 0 < value <= 1


def _stratum(text: Mapping[str, Any], bits: Mapping[str, Mapping[str, float]]) -> Stratum:
    own = _bits(text["comparisons"])
    merged = {comparison: {**levels, **own.get(comparison, {})} for comparison, levels in bits.items()}
    return Stratum(text["prior_bits"], text["link_bits"], text["household_cap_bits"], merged)


def _bits(comparisons: Mapping[str, Mapping[str, Mapping[str, float]]]) -> dict[str, dict[str, float]]:
    return {
        comparison: {level: round(log2(value["m"] / value["u"]), 3) for level, value in levels.items()}
        for comparison, levels in comparisons.items()
    }


@lru_cache(maxsize=1)
def shipped() -> Model:
    """The model that comes with the engine."""
    return load(TABLES / "model-2.json")
