"""How many pairs of one child were put together, with an interval: for a whole set or for a group within it.

Pairs of one child aren't independent (a notice that is missed takes several pairs along), so the interval counts children:
the variance of a ratio over children, and Wilson's interval of as many independent pairs as would vary that much.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt

from integration_engine.linkage.truth import Pair

_Z = 1.959964
"""The normal quantile of a 95% interval."""


@dataclass(frozen=True, slots=True)
class Recall:
    """Of ``pairs`` of notices of one child (from ``children`` of two notices or more), ``joined`` automatically, ``asked``
    only once a perfect reviewer has answered. ``low`` and ``high`` bound the share joined, 95%."""

    children: int
    pairs: int
    joined: int
    asked: int
    low: float
    high: float

    @property
    def lost(self) -> int:
        """Pairs that nobody puts together: not linkage, and no person is asked."""
        return self.pairs - self.joined - self.asked

    @property
    def share(self) -> float:
        return self.joined / self.pairs if self.pairs else 1.0

    @property
    def share_after_review(self) -> float:
        return (self.joined + self.asked) / self.pairs if self.pairs else 1.0


@dataclass(frozen=True, slots=True)
class Gap:
    """The groups of the worst and of the best recall among those of at least ``least`` pairs; ``size`` the difference."""

    worst: str
    best: str
    size: float
    least: int


def recall(pairs: Iterable[Pair]) -> Recall:
    """Recall over these pairs."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for pair in pairs:
        count = counts[pair.child]
        count[0] += 1
        count[1] += pair.joined
        count[2] += pair.asked
    told = counts.values()
    low, high = _interval([(joined, of) for of, joined, _ in told])
    of, joined, asked = (sum(count[part] for count in told) for part in range(3))
    return Recall(len(counts), of, joined, asked, low, high)


def wilson(part: float, whole: float) -> tuple[float, float]:
    """Wilson's 95% interval of a share (Wilson 1927)."""
    if not whole:
        return 0.0, 1.0
    share, z2 = part / whole, _Z * _Z
    middle = share + z2 / (2 * whole)
    reach = _Z * sqrt(share * (1 - share) / whole + z2 / (4 * whole * whole))
    low, high = (middle - reach) / (1 + z2 / whole), (middle + reach) / (1 + z2 / whole)
    return (0.0 if part == 0 else max(0.0, low)), (1.0 if part == whole else min(1.0, high))


def _interval(counts: list[tuple[int, int]]) -> tuple[float, float]:
    """Of (joined, pairs) a child."""
    children, pairs = len(counts), sum(of for _, of in counts)
    if not pairs:
        return 0.0, 1.0
    share = sum(joined for joined, _ in counts) / pairs
    squares = sum((joined - share * of) ** 2 for joined, of in counts)
    if children < 2 or not squares:
        return wilson(share * children, children)
    variance = squares / (pairs * pairs) * children / (children - 1)
    effective = share * (1 - share) / variance
    return wilson(share * effective, effective)


def widest_gap(groups: Mapping[str, Recall], least: int) -> Gap | None:
    """The gap between the groups that are large enough to speak of; None where there aren't two."""
    large = sorted((found.share, name) for name, found in groups.items() if found.pairs >= least)
    if len(large) < 2:
        return None
    return Gap(large[0][1], large[-1][1], large[-1][0] - large[0][0], least)
