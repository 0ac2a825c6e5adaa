"""Pairs of notices: what is known of each pair that may be one child, and of those that are two of one family."""

from collections import defaultdict
from dataclasses import dataclass, field

from integration_engine.linkage.comparison import Compared
from integration_engine.linkage.model import Model


@dataclass(slots=True)
class Edge:
    """A pair that may be one child. ``holds`` grow with what the neighbourhood knows; ``bare``: one side
    names only an identifier that the other carries; ``alone``: nothing but the neighbourhood could keep the two from being
    joined."""

    a: str
    b: str
    compared: Compared
    vetoes: tuple[str, ...]
    holds: tuple[str, ...]
    bare: bool = False
    alone: bool = False

    def sure(self, model: Model) -> bool:
        """Whether this pair alone may be joined automatically."""
        least = model.grown.link if self.compared.grown else model.link
        return not self.vetoes and not self.holds and (self.bare or self.compared.score >= least)


@dataclass(slots=True)
class Graph:
    """Everything known about pairs: edges of a plausible weight, kin (two children of one family), events shared."""

    edges: dict[tuple[str, str], Edge] = field(default_factory=dict)
    at: dict[str, list[Edge]] = field(default_factory=lambda: defaultdict(list))
    kin: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    events: list[tuple[str, str]] = field(default_factory=list)
