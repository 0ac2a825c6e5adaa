"""The linkage model: how much each level of agreement says, in bits, and how common each name is. Data, read once.

A level's weight is ``log2(m / u)``: how often true pairs show it against how often unrelated ones do. The shipped model is
a readable JSON file that says how it was made; its frequency tables are frozen with it, because a table that followed the
stream would make the answer depend on what came first.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import log2
from pathlib import Path

from integration_engine.linkage.names import TABLES

VERSION = 1


@dataclass(frozen=True, slots=True)
class Model:
    """A model as read. ``bits`` are weights by comparison and level; ``prior`` the bits against two notices taken at random
    out of a block being about one child; ``link`` and ``review`` the two thresholds, ``review_vetoed`` that of vetoed pairs,
    ``margin`` how far a rival must lie behind; ``names`` the shares of given and family names, ``unseen`` that of a name
    in no table."""

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

    def share(self, table: str, name: str) -> float:
        """How common a name (in its usual spelling) is, as a share of children."""
        return self.names[table].get(name, self.unseen)

    def rarity(self, table: str, name: str) -> float:
        """Bits that sharing this name is worth: a common one says less."""
        return -log2(self.share(table, name))


def load(path: Path) -> Model:
    """A model from its JSON. Raises ValueError naming the file where it isn't one."""
    text = json.loads(path.read_text(encoding="utf-8"))
    if text.get("format") != f"linkage-model/{VERSION}":
        raise ValueError(f"{path.name} is not a linkage-model/{VERSION}")
    bits = {
        comparison: {level: round(log2(value["m"] / value["u"]), 3) for level, value in levels.items()}
        for comparison, levels in text["comparisons"].items()
    }
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
        names=text["name_shares"],
        unseen=text["unseen_name_share"],
    )


@lru_cache(maxsize=1)
def shipped() -> Model:
    """The model that comes with the engine."""
    return load(TABLES / "model-1.json")
