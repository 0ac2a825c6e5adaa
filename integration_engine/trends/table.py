"""The table as it may be seen: every count, or None where it is suppressed. Rates, shares, charts and signals are worked
out from this alone, so none of them can tell more than it does."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from integration_engine.trends.breakdowns import CHAINS, axes
from integration_engine.trends.categories import Categories
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
    first: date,
    last: date,
    categories: Categories,
    *,
    small_shown: bool = False,
    populated: Sequence[tuple[str, str]] = (),
) -> Published:
    """Count deaths by one breakdown or two and suppress what must not be seen, unless ``small_shown``.

    Parameters: the period's first and last day; ``populated``: panels below their regions that have a row for
    their population's sake.
    """
    chains = [CHAINS[one] for one in by]
    rows, row_named = axes(by[0], deaths, first, last, categories, populated)
    columns: Axis = EVERYTHING
    column_named: Mapping[tuple[str, ...], str] = {(): ""}
    second: tuple[str, ...] = ()
    if len(by) > 1:
        columns, column_named = axes(by[1], deaths, first, last, categories, populated)
        second = chains[1]
    counts = Counter(
        (row_named[tuple(death[level] for level in chains[0])], column_named[tuple(death[level] for level in second)])
        for death in deaths
    )
    lattice = Lattice(rows, columns, counts)
    return Published(
        rows,
        columns,
        _seen(lattice, rows, columns, small_shown),
        {row: count for (row, _), count in _seen(lattice, rows, EVERYTHING, small_shown).items()},
        {column: count for (_, column), count in _seen(lattice, EVERYTHING, columns, small_shown).items()},
        _seen(lattice, EVERYTHING, EVERYTHING, small_shown)["", ""],
        small_shown,
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
