"""Which counts of a table must be hidden so that no small one can be worked out from what stays visible.

A count of 1 to 4 is *small* and hidden. One hidden count beside a visible total is a subtraction away from being known, so
others are hidden with it (secondary suppression) until, for every small count, the visible numbers allow 5 or more as well
as other small values. Which others are hidden goes by their place in the list, not by their size: a choice by size would
itself tell something (a neighbour hidden *because* it was the smallest is known to be the smallest).

What somebody can work out is taken at its strongest: they know this rule, every visible count and total, and that a zero is
shown wherever its whole row or column isn't blank. A table with totals is a network (its lines are nodes, its counts
flows), so the least and greatest value of a hidden count that the visible ones allow are found exactly, by augmenting
paths, not by a solver's bounds.

See: Cox 1980, "Suppression methodology and statistical disclosure control"; Castro 2002 for the network form.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

THRESHOLD = 5
"""The smallest count that is shown (other than zero)."""

Cell = tuple[int, int]
"""A row and a column; one past the grid is a total's."""


class Step(NamedTuple):
    """One step through the network: to which node, which count changes by how much for it, and what that costs: 1 where a
    count that is visible yet has to be hidden, else 0."""

    to: int
    cell: Cell
    change: int
    cost: int


def is_small(count: int) -> bool:
    """Whether a count must not be shown."""
    return 0 < count < THRESHOLD


def protect_line(counts: Sequence[int], *, total_hidden: bool) -> tuple[bool, ...]:
    """Which counts of a line with a total to hide. A line whose total is hidden is hidden whole.

    Beside the small counts at least one larger is hidden, and more until all that is hidden together sums to as much as
    if every small count were 4 and every other at least 5: then each small count may be anything from 1 to 4, even for
    somebody who knows how the others were chosen, and, for all the visible numbers say, 5 or more.
    """
    if total_hidden:
        return (True,) * len(counts)
    hidden = [is_small(count) for count in counts]
    small = sum(hidden)
    while any(hidden):
        together = sum(count for count, out in zip(counts, hidden, strict=True) if out)
        others = sum(hidden) - small
        if others and together >= small * (THRESHOLD - 1) + others * THRESHOLD:
            break
        beside = _nearest(counts, hidden)
        if beside is None:
            # Nothing else to hide behind: the zeros go too, so that it isn't even told which of them are none.
            return (True,) * len(counts)
        hidden[beside] = True
    return tuple(hidden)


def _nearest(counts: Sequence[int], hidden: Sequence[bool]) -> int | None:
    """The visible count, not zero, that stands nearest to a small one; the later of two as near."""
    small = [place for place, count in enumerate(counts) if is_small(count)]
    free = [place for place, count in enumerate(counts) if count and not hidden[place]]
    return min(free, key=lambda place: (min(abs(place - one) for one in small), -place), default=None)


def protect_grid(
    counts: Sequence[Sequence[int]], rows_hidden: Sequence[bool], columns_hidden: Sequence[bool]
) -> list[list[bool]]:
    """Which counts of a grid to hide, where it is settled which row and column totals are hidden; the grand total is shown.

    A row or column whose total is hidden is blank: hidden whole, zeros too. Totals that are shown stay shown.
    """
    grid = _Grid(counts, rows_hidden, columns_hidden)
    for row, column in grid.small():
        grid.protect(row, column)
    return grid.hidden


@dataclass
class _Grid:
    """A grid being protected. Nodes of the network: its rows, its columns, all rows together and all columns together."""

    counts: Sequence[Sequence[int]]
    rows_hidden: Sequence[bool]
    columns_hidden: Sequence[bool]
    hidden: list[list[bool]] = field(init=False)
    least: list[list[int]] = field(init=False)
    """What somebody knows a hidden count to be at least: one, or none at all in a blank line."""

    def __post_init__(self) -> None:
        self.high = len(self.counts)
        self.wide = len(self.counts[0]) if self.counts else 0
        self.all_rows = self.high + self.wide
        self.hidden = [[is_small(count) for count in row] for row in self.counts]
        self.least = [[1] * self.wide for _ in range(self.high)]
        rows = [row for row in range(self.high) if self.rows_hidden[row]]
        self._blank(rows, [column for column in range(self.wide) if self.columns_hidden[column]])

    def _show_nothings(self) -> None:
        """Where a total is shown as zero there is nothing to hide below it."""
        for row in range(self.high):
            if not self.rows_hidden[row] and not any(self.counts[row]):
                self.hidden[row] = [False] * self.wide
        for column in range(self.wide):
            if not self.columns_hidden[column] and not any(row[column] for row in self.counts):
                for cells in self.hidden:
                    cells[column] = False

    def small(self) -> Iterator[tuple[int, int]]:
        for row in range(self.high):
            for column in range(self.wide):
                if is_small(self.counts[row][column]):
                    yield row, column

    def _blank(self, rows: Iterable[int], columns: Iterable[int]) -> None:
        cells = {(row, column) for row in rows for column in range(self.wide)}
        for row, column in cells | {(row, column) for column in columns for row in range(self.high)}:
            self.hidden[row][column], self.least[row][column] = True, 0
        self._show_nothings()

    def protect(self, row: int, column: int) -> None:
        """Hide what it takes for this small count to be, for all anybody can tell, five or more, and where possible also
        as little as one."""
        count = self.counts[row][column]
        for rows, columns in ((), ()), *self._next_blank(row, column):
            # Nothing left to hide behind among what is shown: zeros have to go too, a line at a time.
            self._blank(rows, columns)
            if self._room(row, column, THRESHOLD - count, up=True):
                break
        self._room(row, column, count - 1, up=False)

    def _next_blank(self, row: int, column: int) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
        """The lines to blank for a count, one after the other: its own, the shorter first, then those nearest to it. Neither
        length nor place is a secret, so that the choice tells nothing of what is in them."""
        by_column = self.high <= self.wide
        own: list[tuple[Sequence[int], Sequence[int]]] = [((), (column,)), ((row,), ())]
        yield from own if by_column else reversed(own)
        if by_column:
            yield from (((), (one,)) for one in sorted(range(self.wide), key=lambda one: abs(one - column)))
        else:
            yield from (((one,), ()) for one in sorted(range(self.high), key=lambda one: abs(one - row)))

    def _room(self, row: int, column: int, wanted: int, *, up: bool) -> bool:
        """Make room for a hidden count to be ``wanted`` more (or less) with every visible number as it is; hides what lies
        on the way. Whether it could."""
        moved: dict[Cell, int] = {}
        start, end = (self.high + column, row) if up else (row, self.high + column)
        while wanted > 0:
            # One path that carries all of it hides least; else several that carry one each.
            carries = wanted
            path = self._path(start, end, (row, column), moved, carries)
            if path is None:
                carries = 1
                path = self._path(start, end, (row, column), moved, carries)
            if path is None:
                return False
            for step in path:
                moved[step.cell] = moved.get(step.cell, 0) + step.change * carries
                at_row, at_column = step.cell
                if at_row < self.high and at_column < self.wide:
                    self.hidden[at_row][at_column] = True
            wanted -= carries
        return True

    def _path(
        self, start: int, end: int, without: Cell, moved: Mapping[Cell, int], carries: int
    ) -> tuple[Step, ...] | None:
        """The way through the network that hides fewest counts that are visible yet."""
        best = {start: 0}
        came: dict[int, tuple[int, Step]] = {}
        queue = deque([start])
        while queue:
            node = queue.popleft()
            if node == end:
                break
            for step in self._steps(node, without, moved, carries):
                price = best[node] + step.cost
                if step.to not in best or price < best[step.to]:
                    best[step.to], came[step.to] = price, (node, step)
                    if step.cost:
                        queue.append(step.to)
                    else:
                        queue.appendleft(step.to)
        if end not in came:
            return None
        path = []
        node = end
        while node != start:
            node, step = came[node]
            path.append(step)
        return tuple(path)

    def _steps(self, node: int, without: Cell, moved: Mapping[Cell, int], carries: int) -> Iterator[Step]:
        """Where one can go from a node."""
        if node < self.high:
            return self._from_row(node, without, moved, carries)
        if node < self.all_rows:
            return self._from_column(node - self.high, without, moved, carries)
        return self._from_totals(node, moved, carries)

    def _from_row(self, row: int, without: Cell, moved: Mapping[Cell, int], carries: int) -> Iterator[Step]:
        for column in range(self.wide):
            if (row, column) != without and self._usable(row, column, moved, 0):
                yield Step(self.high + column, (row, column), 1, 0 if self.hidden[row][column] else 1)
        if self.rows_hidden[row] and self._spare(self.counts[row], moved.get((row, self.wide), 0), carries):
            yield Step(self.all_rows, (row, self.wide), -1, 0)

    def _from_column(self, column: int, without: Cell, moved: Mapping[Cell, int], carries: int) -> Iterator[Step]:
        for row in range(self.high):
            if (row, column) != without and self._usable(row, column, moved, carries):
                yield Step(row, (row, column), -1, 0 if self.hidden[row][column] else 1)
        if self.columns_hidden[column]:
            yield Step(self.all_rows + 1, (self.high, column), 1, 0)

    def _from_totals(self, node: int, moved: Mapping[Cell, int], carries: int) -> Iterator[Step]:
        if node == self.all_rows:
            yield from (Step(row, (row, self.wide), 1, 0) for row in range(self.high) if self.rows_hidden[row])
            return
        for column in range(self.wide):
            counts = [row[column] for row in self.counts]
            if self.columns_hidden[column] and self._spare(counts, moved.get((self.high, column), 0), carries):
                yield Step(self.high + column, (self.high, column), -1, 0)

    def _usable(self, row: int, column: int, moved: Mapping[Cell, int], taken: int) -> bool:
        """Whether a count could be that much less than it is; a visible zero is known to be none."""
        count = self.counts[row][column]
        if not self.hidden[row][column] and not count:
            return False
        return not taken or count + moved.get((row, column), 0) - self.least[row][column] >= taken

    @staticmethod
    def _spare(counts: Sequence[int], moved: int, taken: int) -> bool:
        """Whether a hidden total could be that much less: a total of none is told as zero."""
        total = sum(counts)
        return total + moved - min(total, 1) >= taken
