"""Charts as inline SVG: grouped bars, lines over time, and a scatter with limit lines (funnel plot, control chart).

Drawn with matplotlib (extra ``reports``), loaded when the first chart is drawn. The same figures make the same bytes. A
chart is a picture of a table: a page shows both, and ``description`` says in words what the eye is to see. Colours are told
apart without colour vision and on a grey print; lines differ in dashes and marks too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from integration_engine.reports.drawing import (
    COLOURS,
    DASHES,
    GRID,
    MARKS,
    QUIET,
    WARN,
    Chart,
    colour,
    drawing,
    finished,
    legend,
    line_colour,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LETTERS = 100
"""About how many letters stand side by side under a chart."""
_BAR_ROW = 0.145
"""Inches of height a bar takes."""


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a scatter. A ``marked`` one is drawn in another colour and shape and carries its label."""

    label: str
    x: float
    y: float
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """A line to read points against, such as a control limit: through (x, y) pairs; dashed unless it is the centre."""

    label: str
    xs: Sequence[float]
    ys: Sequence[float]
    centre: bool = False


def bars(
    title: str,
    description: str,
    labels: Sequence[str],
    series: Mapping[str, Sequence[float | None]],
    *,
    unit: str,
    line: tuple[str, float] | None = None,
) -> Chart:
    """Horizontal bars, grouped: one group a label, one bar a series, first label on top. None draws no bar.

    ``unit`` names the axis; ``line`` draws a threshold with its label. Raises ChartsUnavailable.
    """
    height = 0.9 + len(labels) * (len(series) * _BAR_ROW + 0.09)
    with drawing(height) as (figure, axes):
        thick = 0.82 / max(len(series), 1)
        for number, (name, values) in enumerate(series.items()):
            where = [_place(row, number, list(series.values()), thick) for row in range(len(labels))]
            shown = [value or 0 for value in values]
            # A lone series is nobody's before: it is drawn dark.
            shade = colour(number if len(series) > 1 else 1)
            axes.barh(where, shown, thick * 0.94, label=name, color=shade, linewidth=0)
        if line:
            axes.axvline(line[1], color=WARN, linewidth=1.2, linestyle="--", label=line[0])
        axes.set_yticks(range(len(labels)), list(labels))
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(labels) - 0.4, -0.6)
        axes.set_xlabel(unit)
        axes.grid(axis="x", color=GRID, linewidth=0.7)
        axes.spines["left"].set_visible(False)
        legend(figure, axes, height)
        return finished(title, description, figure)


def lines(
    title: str,
    description: str,
    labels: Sequence[str],
    series: Mapping[str, Sequence[float | None]],
    *,
    unit: str,
    limits: Sequence[Limit] = (),
    marked: Mapping[str, Sequence[int]] = {},
    height: float = 3.2,
) -> Chart:
    """Lines over ordered labels (years, months). None breaks a line. ``limits`` are drawn against the label's number from 0;
    ``marked`` names, by series, the numbers of points that are signals. Raises ChartsUnavailable."""
    with drawing(height) as (figure, axes):
        for number, (name, values) in enumerate(series.items()):
            nothing = float("nan")
            drawn = [nothing if value is None else value for value in values]
            dots = MARKS[number % len(MARKS)] if len(labels) <= 40 else None
            dashes = DASHES[number % len(DASHES)]
            axes.plot(
                range(len(drawn)), drawn, dashes, marker=dots, markersize=3.5, label=name, color=line_colour(number)
            )
            signals = [i for i in marked.get(name, ()) if values[i] is not None]
            if signals:
                axes.scatter(signals, [drawn[i] for i in signals], s=46, marker="D", color=WARN, zorder=4)
        _limits(axes, limits)
        room = max(2, _LETTERS // (max(map(len, labels), default=1) + 2))
        step = max(1, -(-len(labels) // min(room, 14)))
        axes.set_xticks(range(0, len(labels), step), [labels[i] for i in range(0, len(labels), step)])
        axes.set_ylabel(unit)
        axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))
        axes.grid(axis="y", color=GRID, linewidth=0.7)
        legend(figure, axes, height)
        return finished(title, description, figure)


def scatter(
    title: str,
    description: str,
    points: Sequence[Point],
    *,
    x_unit: str,
    y_unit: str,
    limits: Sequence[Limit] = (),
    height: float = 4.2,
) -> Chart:
    """Points against limit lines: a funnel plot, where ``limits`` are its control limits. Raises ChartsUnavailable."""
    with drawing(height) as (figure, axes):
        plain, marked = [p for p in points if not p.marked], [p for p in points if p.marked]
        axes.scatter([p.x for p in plain], [p.y for p in plain], s=22, color=COLOURS[1], alpha=0.8, linewidth=0)
        if marked:
            axes.scatter([p.x for p in marked], [p.y for p in marked], s=40, marker="D", color=WARN, zorder=4)
        for point in marked:
            axes.annotate(point.label, (point.x, point.y), xytext=(5, 4), textcoords="offset points", fontsize=8)
        _limits(axes, limits)
        axes.set_xlabel(x_unit)
        axes.set_ylabel(y_unit)
        axes.grid(color=GRID, linewidth=0.7)
        legend(figure, axes, height)
        return finished(title, description, figure)


def _place(row: int, number: int, series: Sequence[Sequence[float | None]], thick: float) -> float:
    """Where a bar lies: the bars that a group has, close together and in its middle."""
    there = [at for at, values in enumerate(series) if values[row] is not None]
    if number not in there:
        return float(row)
    return row + thick * (there.index(number) - (len(there) - 1) / 2)


def _limits(axes: "Axes", limits: Sequence[Limit]) -> None:
    kinds = 0
    for limit in limits:
        # A limit that goes without a name is the other side of the one before it.
        kinds += not limit.label.startswith("_")
        dashes: Any = "-" if limit.centre else (0, (6 - 2 * (kinds % 3), 2))
        axes.plot(limit.xs, limit.ys, color=QUIET, linewidth=1, linestyle=dashes, label=limit.label)
