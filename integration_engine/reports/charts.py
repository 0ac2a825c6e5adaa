"""Charts as inline SVG: grouped bars, lines over time, and a scatter with limit lines (funnel plot, control chart).

Drawn with matplotlib (extra ``reports``), loaded when the first chart is drawn. The same figures make the same bytes. A
chart is a picture of a table: a page shows both, and ``description`` says in words what the eye is to see. Colours are told
apart without colour vision and on a grey print; lines differ in dashes and marks too.
"""

import importlib.util
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lxml import etree

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK, _QUIET, _GRID, _WARN = "#212b32", "#4c6272", "#d8dde0", "#b3261e"
# Before and after first: pale and dark, so that they stay apart on a grey print. Then Okabe and Ito's palette.
_COLOURS = ("#a9bccd", "#005eb8", "#d55e00", "#009e73", "#7a4988", "#806000")
_DASHES: tuple[Any, ...] = ("-", "-", "--", "-.", ":", (0, (5, 1)))
_MARKS = ("o", "s", "^", "D", "v", "P")
_WIDTH = 8.4
_LETTERS = 100
"""About how many letters stand side by side under a chart."""
_BAR_ROW = 0.145
"""Inches of height a bar takes."""
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "child-death-review",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Arial", "Helvetica"],
    "font.size": 9,
    "text.color": _INK,
    "axes.edgecolor": _QUIET,
    "axes.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": _QUIET,
    "ytick.color": _QUIET,
    "xtick.labelcolor": _INK,
    "ytick.labelcolor": _INK,
    "legend.frameon": False,
}
_SVG = "{http://www.w3.org/2000/svg}"


class ChartsUnavailable(RuntimeError):
    """The drawing library isn't installed."""

    def __init__(self) -> None:
        super().__init__("charts need matplotlib: install the extra 'reports' of this package")


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawn chart: ``svg`` is one element, ready to stand in a page, with ``title`` and ``description`` in it."""

    title: str
    description: str
    svg: str


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


def available() -> bool:
    """Whether charts can be drawn here."""
    return importlib.util.find_spec("matplotlib") is not None


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
    with _drawing(height) as (figure, axes):
        thick = 0.82 / max(len(series), 1)
        for number, (name, values) in enumerate(series.items()):
            where = [_place(row, number, list(series.values()), thick) for row in range(len(labels))]
            shown = [value or 0 for value in values]
            # A lone series is nobody's before: it is drawn dark.
            colour = _colour(number if len(series) > 1 else 1)
            axes.barh(where, shown, thick * 0.94, label=name, color=colour, linewidth=0)
        if line:
            axes.axvline(line[1], color=_WARN, linewidth=1.2, linestyle="--", label=line[0])
        axes.set_yticks(range(len(labels)), list(labels))
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(labels) - 0.4, -0.6)
        axes.set_xlabel(unit)
        axes.grid(axis="x", color=_GRID, linewidth=0.7)
        axes.spines["left"].set_visible(False)
        _legend(figure, axes, height)
        return _chart(title, description, figure)


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
    with _drawing(height) as (figure, axes):
        for number, (name, values) in enumerate(series.items()):
            nothing = float("nan")
            drawn = [nothing if value is None else value for value in values]
            dots = _MARKS[number % len(_MARKS)] if len(labels) <= 40 else None
            dashes = _DASHES[number % len(_DASHES)]
            axes.plot(
                range(len(drawn)), drawn, dashes, marker=dots, markersize=3.5, label=name, color=_line_colour(number)
            )
            signals = [i for i in marked.get(name, ()) if values[i] is not None]
            if signals:
                axes.scatter(signals, [drawn[i] for i in signals], s=46, marker="D", color=_WARN, zorder=4)
        _limits(axes, limits)
        room = max(2, _LETTERS // (max(map(len, labels), default=1) + 2))
        step = max(1, -(-len(labels) // min(room, 14)))
        axes.set_xticks(range(0, len(labels), step), [labels[i] for i in range(0, len(labels), step)])
        axes.set_ylabel(unit)
        axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))
        axes.grid(axis="y", color=_GRID, linewidth=0.7)
        _legend(figure, axes, height)
        return _chart(title, description, figure)


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
    with _drawing(height) as (figure, axes):
        plain, marked = [p for p in points if not p.marked], [p for p in points if p.marked]
        axes.scatter([p.x for p in plain], [p.y for p in plain], s=22, color=_COLOURS[1], alpha=0.8, linewidth=0)
        if marked:
            axes.scatter([p.x for p in marked], [p.y for p in marked], s=40, marker="D", color=_WARN, zorder=4)
        for point in marked:
            axes.annotate(point.label, (point.x, point.y), xytext=(5, 4), textcoords="offset points", fontsize=8)
        _limits(axes, limits)
        axes.set_xlabel(x_unit)
        axes.set_ylabel(y_unit)
        axes.grid(color=_GRID, linewidth=0.7)
        _legend(figure, axes, height)
        return _chart(title, description, figure)


@contextmanager
def _drawing(height: float) -> "Iterator[tuple[Figure, Axes]]":
    if not available():
        raise ChartsUnavailable
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        yield figure, figure.subplots()


def _place(row: int, number: int, series: Sequence[Sequence[float | None]], thick: float) -> float:
    """Where a bar lies: the bars that a group has, close together and in its middle."""
    there = [at for at, values in enumerate(series) if values[row] is not None]
    if number not in there:
        return float(row)
    return row + thick * (there.index(number) - (len(there) - 1) / 2)


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]


def _line_colour(number: int) -> str:
    # A pale line is hard to follow, where a pale bar isn't.
    return _colour(number % (len(_COLOURS) - 1) + 1)


def _limits(axes: "Axes", limits: Sequence[Limit]) -> None:
    kinds = 0
    for limit in limits:
        # A limit that goes without a name is the other side of the one before it.
        kinds += not limit.label.startswith("_")
        dashes: Any = "-" if limit.centre else (0, (6 - 2 * (kinds % 3), 2))
        axes.plot(limit.xs, limit.ys, color=_QUIET, linewidth=1, linestyle=dashes, label=limit.label)


def _legend(figure: "Figure", axes: "Axes", height: float) -> None:
    handles, names = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, names, loc="outside upper left", ncols=4, fontsize=8.5, handlelength=1.8)


def _chart(title: str, description: str, figure: "Figure") -> Chart:
    drawn = io.BytesIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    return Chart(title, description, _inline(drawn.getvalue(), title, description))


def _inline(svg: bytes, title: str, description: str) -> str:
    """The drawing as one element of a page: named for a screen reader, scaling with the page, its ids its own."""
    root = etree.fromstring(svg, etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True))
    own = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    for element in list(root.iter(f"{_SVG}metadata", f"{_SVG}style")):
        # A style element here would reach beyond the drawing, over the whole page.
        element.getparent().remove(element)
    for element in root.iter():
        for name, value in ((str(name), str(value)) for name, value in element.attrib.items()):
            if name == "id":
                element.set(name, f"{own}-{value}")
            elif "#" in value:
                element.set(name, re.sub(r"(url\(|^)#", rf"\1#{own}-", value))
    for name in ("width", "height", "version"):
        root.attrib.pop(name, "")
    names = {"title": title, "desc": description}
    for place, (kind, text) in enumerate(names.items()):
        told = etree.Element(f"{_SVG}{kind}", id=f"{own}-{kind}-said")
        told.text = text
        root.insert(place, told)
    root.set("role", "img")
    root.set("aria-labelledby", f"{own}-title-said {own}-desc-said")
    root.set("stroke-linejoin", "round")
    etree.cleanup_namespaces(root)
    return etree.tostring(root, encoding="unicode")
