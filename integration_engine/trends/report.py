"""An answer as a page: the table and its pictures, the funnel and the control charts, and how each was worked out.

Charts are drawn from what the tables show; a suppressed number is a gap in both.
"""

from collections.abc import Iterator
from datetime import date

from integration_engine.reports.charts import Limit, Point, bars, lines, scatter
from integration_engine.reports.drawing import Chart
from integration_engine.reports.page import Cell, Fact, Report, Section, Shown, Table
from integration_engine.trends.breakdowns import TIMES, TITLES, Words
from integration_engine.trends.control import Controlled
from integration_engine.trends.findings import Findings
from integration_engine.trends.funnel import Funnel
from integration_engine.trends.lattice import EVERYTHING
from integration_engine.trends.listing import heading, lowered, share
from integration_engine.trends.rates import Rate
from integration_engine.trends.screen import apart_text, number, per
from integration_engine.trends.words import caution, methods

_MOST_BARS = 60
_MOST_SERIES = 6
_MOST_COLUMNS = 8
_MOST_CHARTS = 8


def report_of(found: Findings, words: Words, made: str = "") -> Report:
    """The page of an answer. Raises ChartsUnavailable."""
    sections = [Section("Counts and rates" if found.rates else "Counts", (), tuple(_counts(found, words)))]
    if found.funnel:
        sections.append(_funnel(found, found.funnel, words))
    if found.charts:
        sections.append(_control(found, words))
    warnings = [found.notes[0]] if found.question.small_shown else []
    return Report(
        heading(found),
        f"{_day(found.first)} to {_day(found.last)}. " + " ".join(found.notes),
        tuple(_facts(found)),
        tuple(warnings),
        tuple(sections),
        methods(found),
        made,
    )


def _day(day: date) -> str:
    return f"{day:%-d %B %Y}"


def _facts(found: Findings) -> Iterator[Fact]:
    rate = found.rates.of_all() if found.rates else None
    yield Fact("Deaths", number(found.table.total), apart_text(found))
    if rate:
        yield Fact(
            "Per 100,000 children and year", f"{rate.value:.1f}", f"95% interval {rate.low:.1f} to {rate.high:.1f}"
        )
    yield Fact(
        "Numbers suppressed", f"{found.table.suppressed:,}", "counts of 1 to 4, and those that would give one away"
    )
    if found.funnel:
        outside = sum(one.beyond is not None for one in found.funnel.placed)
        remark = f"about {found.funnel.by_chance[0]:.1f} expected by chance"
        yield Fact("Areas beyond the 95% limits", f"{outside} of {len(found.funnel.placed)}", remark)
    if found.charts:
        signals = sum(len(chart.signals) for chart in found.charts)
        yield Fact("Signals over time", str(signals), f"in {len(found.charts)} series")


def _counts(found: Findings, words: Words) -> Iterator[Shown]:
    published = found.table
    if published.columns is EVERYTHING:
        yield Shown(_single(found, words), _picture(found, words))
    else:
        yield Shown(_crossed(found, words), _crossed_picture(found, words))
        if found.rates:
            yield Shown(_crossed_rates(found, words), folded=True)


def _single(found: Findings, words: Words) -> Table:
    published, rates = found.table, found.rates
    standard = any(one.direct for one in found.standard.values())
    mixed = "age-band" in published.by
    columns = [TITLES[published.rows.name], "Deaths", "% of all"]
    columns += ["Rate" if mixed else "Per 100,000 a year", "95% from", "to"] if rates else []
    columns += ["Per"] if rates and mixed else []
    columns += ["Age-standardised", "95% from", "to"] if standard else []
    rows: list[tuple[Cell, ...]] = []
    for row in (*published.rows.values, None):
        count = published.total if row is None else published.row_totals[row]
        cells: list[Cell] = ["All" if row is None else words(published.rows.name, row), _shown(count)]
        cells.append(share(count, published.total))
        rate = None if rates is None else rates.of_all() if row is None else rates.of_row(row)
        cells += _three(rate) if rates else []
        cells += [None if rate is None else per(rate)] if rates and mixed else []
        one = found.standard.get(row or "")
        cells += _three(one.direct if one else None) if standard else []
        rows.append(tuple(cells))
    return Table("Counts" + (" and rates" if rates else ""), tuple(columns), tuple(rows), _key(found))


def _three(rate: Rate | None) -> list[Cell]:
    return [rate.value, rate.low, rate.high] if rate else [None, None, None]


def _shown(count: int | None) -> Cell:
    return "*" if count is None else count


def _key(found: Findings) -> str:
    return "" if found.question.small_shown else "* suppressed"


def _picture(found: Findings, words: Words) -> Chart | None:
    """Bars of the counts, or a line where they go over time."""
    published = found.table
    values = published.rows.values
    if len(values) > _MOST_BARS and published.rows.name not in TIMES:
        return None
    counts = [published.row_totals[value] for value in values]
    labels = [words(published.rows.name, value) for value in values]
    what = f"Deaths by {lowered(TITLES[published.rows.name])}"
    gaps = " Suppressed counts are gaps." if None in counts else ""
    if published.rows.name in TIMES:
        return lines(what, f"Number of deaths.{gaps}", labels, {"Deaths": counts}, unit="deaths")
    return bars(what, f"Number of deaths.{gaps}", labels, {"Deaths": counts}, unit="deaths")


def _crossed(found: Findings, words: Words) -> Table:
    """Counts and totals, the breakdown with more values down the page."""
    published = found.table
    turned = len(published.columns.values) > max(_MOST_COLUMNS, len(published.rows.values))
    down, across = (published.columns, published.rows) if turned else (published.rows, published.columns)
    down_totals = published.column_totals if turned else published.row_totals
    across_totals = published.row_totals if turned else published.column_totals

    def cell(one: str, other: str) -> Cell:
        return _shown(published.cells[(other, one) if turned else (one, other)])

    rows: list[tuple[Cell, ...]] = [
        (words(down.name, one), *(cell(one, other) for other in across.values), _shown(down_totals[one]))
        for one in down.values
    ]
    rows.append(("All", *(_shown(across_totals[other]) for other in across.values), _shown(published.total)))
    columns = (TITLES[down.name], *(words(across.name, other) for other in across.values), "All")
    return Table("Counts", columns, tuple(rows), _key(found))


def _crossed_rates(found: Findings, words: Words) -> Table:
    published, rates = found.table, found.rates
    names = (TITLES[published.rows.name], TITLES[published.columns.name])
    columns = (*names, "Deaths", "Rate", "95% from", "to", "Per")
    rows: list[tuple[Cell, ...]] = []
    for row, counts in published.lines():
        for column, count in counts.items():
            rate: Rate | None = rates.of(row, column) if rates else None
            if rate:
                names = (words(published.rows.name, row), words(published.columns.name, column))
                rows.append((*names, _shown(count), *_three(rate), per(rate)))
    return Table("Rates where the population is known", columns, tuple(rows), _key(found))


def _crossed_picture(found: Findings, words: Words) -> Chart | None:
    """Where one of the two is time or few, its picture: a line or a bar for each value of the smaller breakdown."""
    published = found.table
    rows, columns = published.rows, published.columns
    over_columns = columns.name in TIMES or (rows.name not in TIMES and len(columns.values) > len(rows.values))
    along, across = (columns, rows) if over_columns else (rows, columns)
    if len(across.values) > _MOST_SERIES or len(along.values) > _MOST_BARS * 3:
        return None

    def count(value: str, other: str) -> int | None:
        return published.cells[(other, value) if over_columns else (value, other)]

    series = {words(across.name, other): [count(value, other) for value in along.values] for other in across.values}
    labels = [words(along.name, value) for value in along.values]
    what = f"Deaths by {lowered(TITLES[along.name])} and {lowered(TITLES[across.name])}"
    gaps = " Suppressed counts are gaps." if found.table.suppressed else ""
    draw = lines if along.name in TIMES else bars
    return draw(what, f"Number of deaths.{gaps}", labels, series, unit="deaths")


def _funnel(found: Findings, plot: Funnel, words: Words) -> Section:
    name = found.table.rows.name
    xs = [one.expected for one in plot.curve]

    # Each pair of limits is one entry of the legend: the second of a pair goes without a name.
    limits = (
        Limit("All areas", xs, [plot.overall] * len(xs), centre=True),
        Limit("95% limits", xs, [one.low_warning for one in plot.curve]),
        Limit("_", xs, [one.high_warning for one in plot.curve]),
        Limit("99.8% limits", xs, [one.low_alarm for one in plot.curve]),
        Limit("_", xs, [one.high_alarm for one in plot.curve]),
    )
    chart = scatter(
        f"Observed over expected deaths by {lowered(TITLES[name])}",
        "Each point is an area. Points outside the funnel differ from all areas together by more than chance is likely to "
        "make; they are named.",
        [Point(words(name, one.name), one.expected, one.ratio, one.beyond is not None) for one in plot.placed],
        x_unit="expected deaths",
        y_unit="observed / expected",
        limits=limits,
    )
    ordered = sorted(plot.placed, key=lambda one: -one.z)
    table = Table(
        "Areas, furthest above what is expected first",
        (TITLES[name], "Observed", "Expected", "Ratio", "Beyond"),
        tuple(
            (words(name, one.name), one.observed, one.expected, f"{one.ratio:.2f}", one.beyond or "within limits")
            for one in ordered
        ),
        marked=frozenset(n for n, one in enumerate(ordered) if one.beyond),
    )
    return Section("Areas against what is expected", (caution(found),), (Shown(table, chart),))


def _control(found: Findings, words: Words) -> Section:
    other = next((one for one in found.table.by if one not in TIMES), "")
    charts = [found.charts[0], *(chart for chart in found.charts[1:] if chart.signals)][:_MOST_CHARTS]
    text = [f"{len(found.charts)} series were put into control limits; shown are the first and those with signals."]
    if any(chart.provisional for chart in charts):
        text.append("With fewer than twelve points the limits are provisional.")
    return Section("Over time", tuple(text), tuple(_one_chart(chart, words, other) for chart in charts))


def _one_chart(chart: Controlled, words: Words, other: str) -> Shown:
    name = words(other, chart.name) if chart.name else "All deaths"
    unit = "deaths a day" if chart.chart == "u" else "deaths"
    xs = list(range(len(chart.labels)))
    limits = (
        Limit("Mean", xs, [chart.centre] * len(xs), centre=True),
        Limit("Control limits", xs, chart.low),
        Limit("_", xs, chart.high),
    )
    points = sorted({at for signal in chart.signals for at in signal.points})
    rules: dict[int, list[str]] = {}
    for signal in chart.signals:
        for at in signal.points:
            rules.setdefault(at, []).append(f"{signal.rule} ({'high' if signal.high else 'low'})")
    drawn = lines(
        f"{name}: control chart",
        "Marked points are special causes by the rules below.",
        chart.labels,
        {name: chart.values},
        unit=unit,
        limits=limits,
        marked={name: points},
    )
    table = Table(
        f"{name}: {unit} and limits",
        ("Period", unit.capitalize(), "Low limit", "High limit", "Signal"),
        tuple(
            (
                label,
                f"{chart.values[at]:.3g}",
                f"{chart.low[at]:.3g}",
                f"{chart.high[at]:.3g}",
                "; ".join(rules.get(at, ())),
            )
            for at, label in enumerate(chart.labels)
        ),
        marked=frozenset(points),
    )
    return Shown(table, drawn, folded=True)
