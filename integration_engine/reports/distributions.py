"""Charts of how figures spread, as inline SVG: histograms under one another, and shares with their intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integration_engine.reports.drawing import (
    COLOURS,
    GRID,
    INK,
    QUIET,
    WARN,
    Chart,
    board,
    drawing,
    finished,
    legend,
)

_PALE, _DARK = COLOURS[:2]
_HATCH = "////"
# Half of one: on a logarithmic axis a single thing is seen, nothing isn't.
_FLOOR = 0.5


@dataclass(frozen=True, slots=True)
class Share:
    """A share with the interval that it lies in, each between 0 and 1. A ``marked`` one is drawn in another colour and
    shape."""

    label: str
    value: float
    low: float
    high: float
    marked: bool = False


def histograms(
    title: str,
    description: str,
    edges: Sequence[float],
    panels: Mapping[str, Mapping[str, Sequence[int]]],
    *,
    unit: str,
    counted: str,
    lines: Mapping[str, float] = {},
) -> Chart:
    """One histogram a panel under one another, all on the same axes, counts on a logarithmic scale.

    A panel has one series, drawn filled, or two: filled, and hatched before it. Counts are one fewer than ``edges``.
    ``lines`` are values to read against, such as thresholds. Raises ChartsUnavailable.
    """
    with board(0.8 + 1.35 * len(panels)) as figure:
        every = figure.subplots(len(panels), sharex=True, sharey=True, squeeze=False)[:, 0]
        drawn: dict[str, Any] = {}
        for axes, (name, series) in zip(every, panels.items(), strict=True):
            for number, (what, counts) in enumerate(series.items()):
                shown = [count or _FLOOR for count in counts]
                look = (
                    {"fill": True, "facecolor": _PALE, "edgecolor": _DARK}
                    if number == 0
                    else {"fill": True, "facecolor": "none", "edgecolor": WARN, "hatch": _HATCH}
                )
                drawn[what] = axes.stairs(shown, edges, baseline=_FLOOR, linewidth=1, **look)
            for label, at in lines.items():
                axes.axvline(at, color=INK, linewidth=1, linestyle="--")
                if axes is every[0]:
                    axes.annotate(label, (at, 1.02), xycoords=("data", "axes fraction"), fontsize=8, ha="left")
            axes.set_yscale("log")
            axes.set_ylim(bottom=_FLOOR)
            axes.grid(axis="y", color=GRID, linewidth=0.7)
            axes.set_ylabel(counted)
            axes.annotate(name, (0.004, 0.9), xycoords="axes fraction", fontweight="bold", va="top")
        every[-1].set_xlabel(unit)
        if len(drawn) > 1:
            figure.legend(list(drawn.values()), list(drawn), loc="outside upper left", ncols=4, fontsize=8.5)
        return finished(title, description, figure)


def shares(
    title: str, description: str, shown: Sequence[Share], *, unit: str, line: tuple[str, float] | None = None
) -> Chart:
    """Shares as points with their intervals, first on top. ``line`` is a share to read against. Raises ChartsUnavailable."""
    height = 0.9 + 0.24 * len(shown)
    with drawing(height) as (figure, axes):
        from matplotlib.ticker import PercentFormatter

        for row, one in enumerate(shown):
            colour, mark = (WARN, "D") if one.marked else (_DARK, "o")
            axes.plot([one.low, one.high], [row, row], color=colour, linewidth=1.4, solid_capstyle="butt")
            axes.plot([one.value], [row], mark, color=colour, markersize=5)
        if line:
            axes.axvline(line[1], color=QUIET, linewidth=1, linestyle="--", label=line[0])
        axes.set_yticks(range(len(shown)), [one.label for one in shown])
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.set_xlabel(unit)
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.grid(axis="x", color=GRID, linewidth=0.7)
        axes.spines["left"].set_visible(False)
        legend(figure, axes, height)
        return finished(title, description, figure)
