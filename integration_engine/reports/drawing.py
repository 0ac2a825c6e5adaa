"""What every chart shares: the look, one drawing board, and the way from a drawing to an element of a page.

Drawn with matplotlib (extra ``reports``), loaded when the first chart is drawn. The same figures make the same bytes.
"""

import importlib.util
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lxml import etree

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, QUIET, GRID, WARN = "#212b32", "#4c6272", "#d8dde0", "#b3261e"
# Before and after first: pale and dark, so that they stay apart on a grey print. Then Okabe and Ito's palette.
COLOURS = ("#a9bccd", "#005eb8", "#d55e00", "#009e73", "#7a4988", "#806000")
DASHES: tuple[Any, ...] = ("-", "-", "--", "-.", ":", (0, (5, 1)))
MARKS = ("o", "s", "^", "D", "v", "P")
_WIDTH = 8.4
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "child-death-review",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Arial", "Helvetica"],
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
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


def available() -> bool:
    """Whether charts can be drawn here."""
    return importlib.util.find_spec("matplotlib") is not None


@contextmanager
def board(height: float) -> "Iterator[Figure]":
    """An empty figure of this height in inches. Raises ChartsUnavailable."""
    if not available():
        raise ChartsUnavailable
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        yield Figure(figsize=(_WIDTH, height), layout="constrained")


@contextmanager
def drawing(height: float) -> "Iterator[tuple[Figure, Axes]]":
    """A figure with one pair of axes. Raises ChartsUnavailable."""
    with board(height) as figure:
        yield figure, figure.subplots()


def colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def line_colour(number: int) -> str:
    # A pale line is hard to follow, where a pale bar isn't.
    return colour(number % (len(COLOURS) - 1) + 1)


def legend(figure: "Figure", axes: "Axes", height: float) -> None:
    handles, names = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, names, loc="outside upper left", ncols=4, fontsize=8.5, handlelength=1.8)


def finished(title: str, description: str, figure: "Figure") -> Chart:
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
