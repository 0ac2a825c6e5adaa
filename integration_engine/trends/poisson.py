"""Poisson counts: exact intervals for what is behind a count, and exact limits for what chance alone makes of it.

Exact by way of the gamma distribution (Garwood 1936): the lower 95% limit of a count k is the 2.5% point of gamma(k), the
upper the 97.5% point of gamma(k + 1). No approximation at small counts, none needed at large ones.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

_TINY = 1e-300
_ENOUGH = 1e-14
_LONGEST = 100_000


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval with both ends."""

    low: float
    high: float


def exact_interval(count: int, confidence: float = 0.95) -> Interval:
    """The exact (Garwood) interval of a Poisson count. Raises ValueError for a count below zero."""
    if count < 0:
        raise ValueError("a count is not below zero")
    tail = (1 - confidence) / 2
    return Interval(gamma_point(tail, count) if count else 0.0, gamma_point(1 - tail, count + 1))


def at_most(count: int, mean: float) -> float:
    """The chance that a Poisson count of this mean is at most ``count``."""
    if count < 0:
        return 0.0
    return 1 - gamma_share(count + 1, mean) if mean > 0 else 1.0


def limit(chance: float, mean: float) -> float:
    """The count that a Poisson count of this mean stays at or below with this chance, interpolated between whole numbers so
    that limits over many means make a smooth line (Spiegelhalter 2005, appendix A.1.1)."""
    if mean <= 0:
        return 0.0
    guess = max(0, int(mean + NormalDist().inv_cdf(chance) * math.sqrt(mean)) - 2)
    while guess > 0 and at_most(guess, mean) >= chance:
        guess -= 1
    while at_most(guess, mean) < chance:
        guess += 1
    over, under = at_most(guess, mean), at_most(guess - 1, mean)
    return max(0.0, guess - (over - chance) / (over - under))


def gamma_share(shape: float, x: float) -> float:
    """The regularised lower incomplete gamma function P(shape, x): the share of gamma(shape) below x."""
    if x <= 0:
        return 0.0
    start = math.exp(-x + shape * math.log(x) - math.lgamma(shape))
    if x < shape + 1:
        term = total = 1 / shape
        for n in range(1, _LONGEST):
            term *= x / (shape + n)
            total += term
            if term < total * _ENOUGH:
                break
        return min(1.0, total * start)
    b = x + 1 - shape
    c, d = 1 / _TINY, 1 / b
    fraction = d
    for n in range(1, _LONGEST):
        a = -n * (n - shape)
        b += 2
        d = 1 / (_apart(a * d + b))
        c = _apart(b + a / c)
        fraction *= d * c
        if abs(d * c - 1) < _ENOUGH:
            break
    return max(0.0, 1 - start * fraction)


def _apart(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def gamma_point(share: float, shape: float) -> float:
    """The point below which this share of gamma(shape) lies. By bisection from the Wilson-Hilferty guess."""
    z = NormalDist().inv_cdf(share)
    guess = shape * max(0.0, 1 - 1 / (9 * shape) + z / (3 * math.sqrt(shape))) ** 3
    low, high = guess * 0.8, guess * 1.2 + 1
    while low > 0 and gamma_share(shape, low) > share:
        low = low * 0.5 if low > _ENOUGH else 0.0
    while gamma_share(shape, high) < share:
        high *= 2
    while high - low > high * 1e-11:
        middle = (low + high) / 2
        if gamma_share(shape, middle) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2
