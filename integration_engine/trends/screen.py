"""An answer at a terminal: one table, its signals, and what to know of it."""

from collections.abc import Iterator, Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integration_engine.trends.breakdowns import TITLES, Words
from integration_engine.trends.findings import Findings
from integration_engine.trends.lattice import EVERYTHING
from integration_engine.trends.listing import apart, heading, share
from integration_engine.trends.rates import PER_CHILDREN, Rate
from integration_engine.trends.words import caution, methods

HIDDEN = "*"
_GAP = 3
"""What stands between two columns."""
_LONGEST, _SHORTEST = 36, 12
"""Letters of a name beside its figures."""
_APART = {
    "held": "waiting for a person",
    "restricted": "restricted",
    "outside_england": "lived outside England",
    "withdrawn": "withdrawn",
    "out_of_scope": "out of scope",
    "outside_period": "outside the period",
}


def number(count: int | None) -> str:
    """A count as it is shown."""
    return HIDDEN if count is None else f"{count:,}"


def rate_text(rate: Rate | None) -> str:
    """A rate with its interval."""
    return f"{rate.value:.1f} ({rate.low:.1f}–{rate.high:.1f})" if rate else ""


def per(rate: Rate) -> str:
    """What a rate is of."""
    return "100,000 a year" if rate.per == PER_CHILDREN else "1,000 births"


def apart_text(found: Findings) -> str:
    """What was counted apart, in a sentence; nothing for nothing."""
    told = [
        f"{_APART[name]} {'1 to 4' if count is None else f'{count:,}'}"
        for name, count in apart(found).items()
        if count != 0
    ]
    return f"Not in the table: {', '.join(told)}." if told else ""


def show(found: Findings, words: Words, console: Console | None = None) -> None:
    """Print the answer."""
    console = console or Console()
    crossed = found.table.columns is not EVERYTHING
    for table in _crossed(found, words, console.width) if crossed else (_single(found, words, console.width),):
        console.print(table)
    for line in (apart_text(found), _unread(found)):
        if line:
            console.print(line, highlight=False)
    _signals(found, words, console)
    for note in found.notes:
        console.print(f"[dim]{escape(note)}[/]", highlight=False)
    for what, how in methods(found):
        console.print(f"[dim][bold]{what}[/]: {escape(how)}[/]", highlight=False)


def _title(found: Findings) -> str:
    return f"{heading(found)}, {found.first} to {found.last}"


def _single(found: Findings, words: Words, width: int) -> Table:
    published, rates = found.table, found.rates
    beyond = {one.name: one.beyond for one in (found.funnel.placed if found.funnel else ())}
    direct = any(one.direct for one in found.standard.values())
    table = Table(title=_title(found), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    taken = 22 + 20 * (rates is not None) + 20 * direct + 15 * any(beyond.values())
    room = max(_SHORTEST, width - taken)
    table.add_column(TITLES[published.rows.name], no_wrap=True, overflow="ellipsis", max_width=room)
    for column in ("deaths", "%"):
        table.add_column(column, justify="right", no_wrap=True)
    mixed = rates is not None and "age-band" in published.by
    for column in ("rate (95% interval)" if mixed else "per 100,000 a year",) if rates else ():
        table.add_column(column, justify="right", min_width=16)
    if mixed:
        table.add_column("per", justify="right", no_wrap=True)
    if direct:
        table.add_column("standardised", justify="right", min_width=16)
    if any(beyond.values()):
        table.add_column("signal", no_wrap=True)
    for row in (*published.rows.values, None):
        count = published.total if row is None else published.row_totals[row]
        rate = None if rates is None else rates.of_all() if row is None else rates.of_row(row)
        percent = share(count, published.total)
        cells = [_short(words(published.rows.name, row)) if row is not None else "All", number(count)]
        cells += ["" if percent is None else f"{percent:.1f}"]
        cells += [rate_text(rate)] if rates else []
        cells += [per(rate) if rate else ""] if mixed else []
        standard = found.standard.get(row or "")
        cells += [rate_text(standard.direct if standard else None)] if direct else []
        cells += [beyond.get(row or "") or ""] if any(beyond.values()) else []
        table.add_row(*(escape(cell) for cell in cells), style="bold" if row is None else "")
    return table


def _crossed(found: Findings, words: Words, width: int) -> Iterator[Table]:
    """The table of two breakdowns, in as many parts as its columns need to be read."""
    published = found.table
    columns: list[str | None] = [*published.columns.values, None]
    titles = {column: "All" if column is None else words(published.columns.name, column) for column in columns}
    names = {row: _short(words(published.rows.name, row)) for row in published.rows.values}
    room = width - max(len(name) for name in ("All", TITLES[published.rows.name], *names.values())) - 4
    part: list[str | None] = []
    for column in columns:
        if part and sum(_wide(titles[one]) for one in (*part, column)) > room:
            yield _part(found, names, part, titles)
            part = []
        part.append(column)
    yield _part(found, names, part, titles)


def _wide(title: str) -> int:
    """How wide a column must be for no word of its title to be broken."""
    return max(6, *(len(word) for word in title.split())) + _GAP


def _part(
    found: Findings, names: Mapping[str, str], columns: Sequence[str | None], titles: Mapping[str | None, str]
) -> Table:
    published = found.table
    table = Table(title=_title(found), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(TITLES[published.rows.name], no_wrap=True)
    for column in columns:
        table.add_column(
            escape(titles[column]),
            justify="right",
            width=_wide(titles[column]) - _GAP,
            style="bold" * (column is None),
        )
    for row in published.rows.values:
        counts = (published.row_totals[row] if one is None else published.cells[row, one] for one in columns)
        table.add_row(escape(names[row]), *(number(count) for count in counts))
    totals = (published.total if one is None else published.column_totals[one] for one in columns)
    table.add_row("All", *(number(count) for count in totals), style="bold")
    return table


def _short(name: str) -> str:
    """A name that leaves room for figures: without what stands in brackets, cut where it is still too long."""
    plain = name.partition(" (")[0] if len(name) > _LONGEST else name
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"


def _unread(found: Findings) -> str:
    columns = sorted(found.apart.unread)
    return f"Values that couldn't be read count as not known: {', '.join(columns)}." if columns else ""


def _signals(found: Findings, words: Words, console: Console) -> None:
    plot = found.funnel
    if plot:
        outside = [one for one in plot.placed if one.beyond]
        console.print(
            f"[bold]Signals by area[/]: {len(outside)} of {len(plot.placed)}. {caution(found)}", highlight=False
        )
        for one in sorted(outside, key=lambda one: -abs(one.z)):
            name = escape(words(found.table.rows.name, one.name))
            told = f"{one.observed:,} deaths where {one.expected:,.1f} were expected, {one.beyond}"
            console.print(f"  [yellow]{name}[/]: {told}", highlight=False)
    other = next((one for one in found.table.by if one not in ("year", "quarter", "month")), "")
    for chart in found.charts:
        for signal in chart.signals:
            when = chart.labels[signal.points[0]]
            until = chart.labels[signal.points[-1]]
            span = when if when == until else f"{when} to {until}"
            name = escape(words(other, chart.name)) if chart.name else "All deaths"
            console.print(
                f"  [yellow]{name}[/]: {signal.rule}, {'high' if signal.high else 'low'}, {span}", highlight=False
            )
