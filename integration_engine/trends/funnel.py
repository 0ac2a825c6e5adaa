"""Funnel plot: does an area's count differ from what is expected of it by more than chance makes of so few deaths?

Spiegelhalter 2005, "Funnel plots for comparing institutional performance". Observed over expected against the expected
count; limits at 95% and 99.8% around the overall ratio. Where the areas differ among themselves by more than chance (an
over-dispersion phi above 1 + 2 sqrt(2 / areas), from squared z-scores winsorised at 10%), the limits are widened by
sqrt(phi).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from integration_engine.trends.poisson import limit

WARNING, ALARM = 0.95, 0.998
_WINSORISED = 0.1
FEWEST = 5
"""Fewer areas than this make no funnel."""
_CURVE = 60

Beyond = Literal["above 99.8%", "above 95%", "below 95%", "below 99.8%"]


@dataclass(frozen=True, slots=True)
class Watched:
    """One area: how many died and how many were expected to."""

    name: str
    observed: int
    expected: float


@dataclass(frozen=True, slots=True)
class Placed:
    """An area in the funnel: its ratio of observed to expected, its z-score, and the limit it lies beyond, if any."""

    name: str
    observed: int
    expected: float
    ratio: float
    z: float
    beyond: Beyond | None


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of the ratio at one expected count."""

    expected: float
    low_alarm: float
    low_warning: float
    high_warning: float
    high_alarm: float


@dataclass(frozen=True, slots=True)
class Funnel:
    """A funnel plot in numbers. ``overall`` is the ratio all areas have together; ``dispersion`` is phi; ``widened`` says
    that the limits were widened by its square root. ``by_chance`` is how many areas lie beyond 95% and 99.8% by chance."""

    placed: tuple[Placed, ...]
    overall: float
    dispersion: float
    widened: bool
    curve: tuple[Limits, ...]
    by_chance: tuple[float, float]


def funnel(areas: Sequence[Watched]) -> Funnel | None:
    """Place areas in their funnel; None for fewer than five with any deaths expected."""
    watched = [area for area in areas if area.expected > 0]
    if len(watched) < FEWEST or not any(area.observed for area in watched):
        return None
    overall = sum(area.observed for area in watched) / sum(area.expected for area in watched)
    scores = [z_score(area.observed, area.expected * overall) for area in watched]
    phi = dispersion(scores)
    widened = phi > 1 + 2 * math.sqrt(2 / len(watched))
    inflated = phi if widened else 1.0
    placed = []
    for area, score in zip(watched, scores, strict=True):
        found = limits(area.expected, overall, inflated)
        ratio = area.observed / area.expected
        placed.append(Placed(area.name, area.observed, area.expected, ratio, score, _beyond(ratio, found)))
    top = max(area.expected for area in watched) * 1.05
    start = min(area.expected for area in watched) * 0.5
    xs = [start * (top / start) ** (step / (_CURVE - 1)) for step in range(_CURVE)]
    chance = (len(watched) * (1 - WARNING), len(watched) * (1 - ALARM))
    return Funnel(tuple(placed), overall, phi, widened, tuple(limits(x, overall, inflated) for x in xs), chance)


def z_score(observed: int, expected: float) -> float:
    """How many standard deviations of a Poisson count the observed lies from the expected."""
    return (observed - expected) / math.sqrt(expected)


def dispersion(scores: Sequence[float]) -> float:
    """Phi: the mean squared z-score after winsorising the lowest and highest tenth (rounded down)."""
    ordered = sorted(scores)
    cut = int(len(ordered) * _WINSORISED)
    low, high = ordered[cut], ordered[len(ordered) - 1 - cut]
    return sum(min(max(score, low), high) ** 2 for score in ordered) / len(ordered)


def limits(expected: float, overall: float, phi: float = 1.0) -> Limits:
    """The limits of the ratio at an expected count: exact Poisson where phi is 1, else normal and widened."""
    mean = expected * overall

    def at(chance: float) -> float:
        if phi == 1.0:
            return limit(chance, mean) / expected
        return max(0.0, overall * (1 + NormalDist().inv_cdf(chance) * math.sqrt(phi / mean)))

    tail, far = (1 - WARNING) / 2, (1 - ALARM) / 2
    return Limits(expected, at(far), at(tail), at(1 - tail), at(1 - far))


def _beyond(ratio: float, found: Limits) -> Beyond | None:
    if ratio > found.high_warning:
        return "above 99.8%" if ratio > found.high_alarm else "above 95%"
    if ratio < found.low_warning:
        return "below 99.8%" if ratio < found.low_alarm else "below 95%"
    return None
