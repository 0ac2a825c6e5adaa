"""A report as one HTML file: nothing to fetch, no script, readable with a screen reader, on a phone and on paper.

    caseload = Section("Caseload", items=(Shown(table, chart),))
    report = Report("Footprint east-2027", "Before and after ...", sections=(caseload,))
    Path("report.html").write_text(render(report))

A chart can't be shown without the table it pictures. All text is escaped; whoever fills a report sees to it that small
numbers don't tell who somebody is.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from integration_engine.reports.drawing import Chart

Cell: TypeAlias = str | int | float | None
"""A number is set to the right with thousands parted (a float with one decimal); None is a dash."""

_FIGURE = re.compile(r"[<>≤≥±+−–-]?\s?[£]?\d[\d,.]*\s?[%h]?|–|\*")


@dataclass(frozen=True, slots=True)
class Table:
    """``rows`` are as wide as ``columns``; the first cell heads its row. Rows numbered in ``marked`` stand out: say why in
    a cell too, since not everybody sees it. ``note`` stands under the table."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    marked: frozenset[int] = frozenset()

    @property
    def figures(self) -> tuple[bool, ...]:
        """For each column, whether it holds figures (set to the right)."""
        return tuple(all(_is_figure(row[at]) for row in self.rows) for at in range(len(self.columns)))


@dataclass(frozen=True, slots=True)
class Shown:
    """A table and, if it has one, its picture. ``folded``: a long table that opens on a click (open on paper)."""

    table: Table
    chart: Chart | None = None
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of two sides: what is set side by side, what either says, how they agree, and what that counts for.

    The bar of the line begins at ``before`` and is ``amount`` long, to the left where it is negative; None draws none.
    """

    label: str
    left: str
    right: str
    agreement: str
    amount: float | None = None
    before: float = 0.0


@dataclass(frozen=True, slots=True)
class Sides:
    """Two things side by side, and a waterfall of what each line counts for. ``heads`` are the names of the two; ``notes``
    sentences under the caption; ``marks`` sums to read the waterfall against, each with its name."""

    caption: str
    heads: tuple[str, str]
    lines: tuple[Line, ...]
    unit: str
    total: float
    notes: tuple[str, ...] = ()
    marks: tuple[tuple[str, float], ...] = ()

    @property
    def span(self) -> tuple[float, float]:
        """The least and the greatest sum that the waterfall passes, marks included."""
        ends = [
            end for line in self.lines if line.amount is not None for end in (line.before, line.before + line.amount)
        ]
        every = [0.0, *ends, *(at for _, at in self.marks)]
        return min(every), max(every)

    def place(self, at: float) -> float:
        """Where a sum lies across the bars, 0 to 100."""
        low, high = self.span
        return round(100 * (at - low) / ((high - low) or 1), 2)


@dataclass(frozen=True, slots=True)
class Gallery:
    """Things to look at one by one under a heading. ``listed`` names all of them where not each is shown. ``folded``: opens
    on a click (open on paper)."""

    title: str
    text: str = ""
    shown: tuple[Sides, ...] = ()
    listed: Table | None = None
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """A headline: what is counted, the figure, and a word on it."""

    label: str
    value: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report under its own heading: sentences, then tables and charts, then galleries."""

    title: str
    text: tuple[str, ...] = ()
    items: tuple[Shown, ...] = ()
    galleries: tuple[Gallery, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """``lead`` says in a sentence or two what the report compares. ``warnings`` stand on top. ``methods`` are pairs of what
    and how: definitions, formulas, sources. ``made`` says when and from what it was made."""

    title: str
    lead: str
    facts: tuple[Fact, ...] = ()
    warnings: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    methods: tuple[tuple[str, str], ...] = ()
    made: str = ""


def render(report: Report) -> str:
    """The page. Raises nothing of its own: a report that can be made can be shown."""
    return _pages().get_template("report.html").render(report=report)


def _is_figure(cell: Cell) -> bool:
    return not isinstance(cell, str) or _FIGURE.fullmatch(cell) is not None


def _shown(cell: Cell) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, str):
        return cell
    return f"{cell:,}" if isinstance(cell, int) else f"{cell:,.1f}"


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


@cache
def _pages() -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "pages"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"cell": _shown, "anchor": _anchor, "drawing": Markup}
    return found
