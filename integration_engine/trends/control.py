"""Control charts: is a change over time more than the ups and downs of chance?

Two charts. ``u``: deaths per unit of exposure (days, or person-years), limits from the Poisson distribution itself at the
chances of three standard deviations (0.135% each side), so that they hold for few deaths too; periods of unequal length
have limits of their own. ``xmr``: individual values and moving range, mean +- 2.66 times the mean moving range, which makes
no assumption about the spread. Rules are those of NHS England's Making Data Count: a point outside the limits, seven in a
row on one side of the mean (shift), seven in a row rising or falling (trend), two of three in the outer third.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from integration_engine.trends.funnel import dispersion, z_score
from integration_engine.trends.poisson import limit

Chart = Literal["u", "xmr"]
Rule = Literal["outside limits", "shift", "trend", "two of three near a limit"]
FEWEST, PROVISIONAL_UNDER = 8, 12
"""Fewer points make no chart; limits of fewer than twelve are provisional."""
RUN = 7
_TAIL = 0.00135
_XMR = 2.66


@dataclass(frozen=True, slots=True)
class Signal:
    """A special cause: the rule that found it and the numbers of the points it rests on, from 0."""

    rule: Rule
    points: tuple[int, ...]
    high: bool


@dataclass(frozen=True, slots=True)
class Controlled:
    """A series in control limits. ``values`` are deaths per unit of exposure (``u``) or deaths (``xmr``).

    ``dispersion`` (u chart) well above 1 says that the series varies more than a Poisson one would."""

    name: str
    chart: Chart
    labels: tuple[str, ...]
    values: tuple[float, ...]
    centre: float
    low: tuple[float, ...]
    high: tuple[float, ...]
    signals: tuple[Signal, ...]
    dispersion: float | None

    @property
    def provisional(self) -> bool:
        """Whether there are too few points to trust the limits."""
        return len(self.values) < PROVISIONAL_UNDER


def control(
    name: str, labels: Sequence[str], counts: Sequence[int], exposure: Sequence[float], chart: Chart = "u"
) -> Controlled | None:
    """Put a series into control limits; None for too few points, no deaths at all or a period without exposure."""
    if len(counts) < FEWEST or not any(counts) or any(one <= 0 for one in exposure):
        return None
    if chart == "u":
        centre = sum(counts) / sum(exposure)
        values = [count / over for count, over in zip(counts, exposure, strict=True)]
        low = [limit(_TAIL, centre * over) / over for over in exposure]
        high = [limit(1 - _TAIL, centre * over) / over for over in exposure]
        phi = dispersion([z_score(n, centre * over) for n, over in zip(counts, exposure, strict=True)])
    else:
        values = [float(count) for count in counts]
        centre = sum(values) / len(values)
        moving = [abs(one - before) for before, one in itertools.pairwise(values)]
        reach = _XMR * sum(moving) / len(moving)
        low, high = [max(0.0, centre - reach)] * len(values), [centre + reach] * len(values)
        phi = None
    found = special_causes(values, centre, low, high)
    return Controlled(name, chart, tuple(labels), tuple(values), centre, tuple(low), tuple(high), found, phi)


def special_causes(
    values: Sequence[float], centre: float, low: Sequence[float], high: Sequence[float]
) -> tuple[Signal, ...]:
    """The special causes in a series, rule by rule."""
    found = [
        Signal("outside limits", (at,), value > high[at])
        for at, value in enumerate(values)
        if value > high[at] or value < low[at]
    ]
    sides = [(value > centre) - (value < centre) for value in values]
    found += [Signal("shift", run, sides[run[0]] > 0) for run in _runs(sides) if len(run) >= RUN]
    steps = [(one > before) - (one < before) for before, one in itertools.pairwise(values)]
    # Seven points that rise have six steps between them.
    trends = [(run[0], *(at + 1 for at in run)) for run in _runs(steps) if len(run) >= RUN - 1]
    found += [Signal("trend", points, values[points[-1]] > values[points[0]]) for points in trends]
    for up in (True, False):
        near = [
            at
            for at, value in enumerate(values)
            if (value > centre + (high[at] - centre) * 2 / 3 if up else value < centre - (centre - low[at]) * 2 / 3)
        ]
        pairs = {(one, other) for one, other in itertools.pairwise(near) if other - one <= 2}
        found += [Signal("two of three near a limit", pair, up) for pair in sorted(pairs)]
    return tuple(found)


def _runs(signs: Sequence[int]) -> list[tuple[int, ...]]:
    """Unbroken runs of one sign, as the numbers of their places; a zero breaks a run."""
    found: list[tuple[int, ...]] = []
    run: list[int] = []
    for at, sign in enumerate(signs):
        if run and sign != signs[run[-1]]:
            found.append(tuple(run))
            run = []
        if sign:
            run.append(at)
    return [*found, tuple(run)] if run else found
