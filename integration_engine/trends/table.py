"""The table as it may be seen: every count, or None where it is suppressed. Rates, shares, charts and signals are worked
out from this alone, so none of them can tell more than it does."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from integration_engine.trends.breakdowns import CHAINS, Words, axes
from integration_engine.trends.deaths import Values
from integration_engine.trends.lattice import EVERYTHING, Axis, Lattice, Pair


@dataclass(frozen=True, eq=False)
class Published:
    """Counts by one breakdown (``columns`` is then ``EVERYTHING``) or by two, with their totals; None is suppressed."""

    rows: Axis
    columns: Axis
    cells: Mapping[Pair, int | None]
    row_totals: Mapping[str, int | None]
    column_totals: Mapping[str, int | None]
    total: int | None
    small_shown: bool

    @property
    def by(self) -> tuple[str, ...]:
        """The breakdowns: one or two."""
        return (self.rows.name,) if self.columns is EVERYTHING else (self.rows.name, self.columns.name)

    @property
    def suppressed(self) -> int:
        """How many of the numbers shown as a table are suppressed, totals included."""
        numbers: Iterable[int | None] = (*self.cells.values(), self.total)
        if len(self.by) > 1:
            numbers = (*numbers, *self.row_totals.values(), *self.column_totals.values())
        return sum(number is None for number in numbers)

    def lines(self) -> Iterator[tuple[str, Mapping[str, int | None]]]:
        """Each row's value with its counts by column."""
        for row in self.rows.values:
            yield row, {column: self.cells[row, column] for column in self.columns.values}


def publish(
    by: Sequence[str],
    deaths: Sequence[Values],
    period: tuple[date, date],
    words: Words,
    today: date,
    *,
    small_shown: bool = False,
    peopled: frozenset[str] = frozenset(),
) -> Published:
    """Count deaths by one breakdown or two and suppress what must not be seen, unless ``small_shown``.

    Parameters: the period's first and last day; the reference data whose places there are ``today``;
    ``peopled``: places that are listed for the children who live there, even if none died.
    """
    chains = [CHAINS[one] for one in by]
    rows, row_named, spare_rows = axes(by[0], deaths, *period, words, today)
    columns: Axis = EVERYTHING
    column_named: Mapping[tuple[str, ...], str] = {(): ""}
    second: tuple[str, ...] = ()
    spare_columns: frozenset[str] = frozenset()
    if len(by) > 1:
        columns, column_named, spare_columns = axes(by[1], deaths, *period, words, today)
        second = chains[1]
    counts = Counter(
        (row_named[tuple(death[level] for level in chains[0])], column_named[tuple(death[level] for level in second)])
        for death in deaths
    )
    lattice = Lattice(rows, columns, counts)
    row_totals = {row: count for (row, _), count in _seen(lattice, rows, EVERYTHING, small_shown).items()}
    column_totals = {column: count for (_, column), count in _seen(lattice, EVERYTHING, columns, small_shown).items()}
    listed = (
        _listed(rows, row_totals, spare_rows - peopled),
        _listed(columns, column_totals, spare_columns - peopled),
    )
    cells = _seen(lattice, rows, columns, small_shown)
    return Published(
        *listed,
        {(row, column): cells[row, column] for row in listed[0].values for column in listed[1].values},
        {row: row_totals[row] for row in listed[0].values},
        {column: column_totals[column] for column in listed[1].values},
        _seen(lattice, EVERYTHING, EVERYTHING, small_shown)["", ""],
        small_shown,
    )


def _listed(axis: Axis, totals: Mapping[str, int | None], spare: frozenset[str]) -> Axis:
    """The axis without the values that needn't be listed, where it is shown that nobody died."""
    if axis is EVERYTHING or not spare:
        return axis
    return Axis(
        axis.name, tuple(one for one in axis.values if one not in spare or totals[one] != 0), axis.within, axis.parent
    )


def _seen(lattice: Lattice, rows: Axis, columns: Axis, small_shown: bool) -> Mapping[Pair, int | None]:
    counts = lattice.counted(rows, columns)
    if small_shown:
        return {(row, column): counts.get((row, column), 0) for row in rows.values for column in columns.values}
    hidden = lattice.hidden(rows, columns)
    return {
        (row, column): None if hidden[row, column] else counts.get((row, column), 0)
        for row in rows.values
        for column in columns.values
    }
