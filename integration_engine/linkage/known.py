"""Which names somebody really bears, as far as the tables know: what decides between a name and a slip of the pen."""

from functools import lru_cache

from integration_engine.linkage.letters import plain, rows
from integration_engine.linkage.shares import name_shares


def glued(name: str) -> str:
    """A name of the tables as it is compared: levelled, in one word."""
    return plain(name).replace(" ", "")


@lru_cache(maxsize=1)
def _listed() -> tuple[frozenset[str], frozenset[str]]:
    """Given names and family names of our own lists."""
    variants = [(row[0], row[1:]) for row in rows("variants.csv")]
    given = {glued(name) for group, row in variants if not group.endswith("family") for name in row}
    given |= {glued(name) for _, *row in rows("borne.csv") for name in row}
    short = {glued(name) for row in rows("diminutives.csv") for name in row}
    family = {glued(name) for group, row in variants if group.endswith("family") for name in row}
    return frozenset(given | short), frozenset(family)


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    given, family = _listed()
    return given.union(family, name_shares()["given"], name_shares()["family"])


def known(name: str) -> bool:
    """Whether somebody is really called this, as far as the tables know."""
    return name in _known()


def given_name(name: str) -> bool:
    """Whether this is rather a given than a family name: ``Baby Oliver`` has a name, ``Baby Okafor`` has none."""
    given, family = _listed()
    as_given, as_family = (name_shares()[table].get(name, 0.0) for table in ("given", "family"))
    return as_given > as_family or (name in given and name not in family and not as_family)
