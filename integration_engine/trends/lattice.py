"""Suppression that holds across tables: of months, quarters and years, of areas and regions, and of each against the other.

Whoever has the table by month and the one by quarter has both, and the same holds for a table and its own totals. So there
is one answer for every number, whichever table shows it: the grand total first, then each coarser breakdown before the
finer. Within a finer table the totals it shares with the coarser are settled; a line whose total is hidden is hidden whole,
and where totals are shown the counts below are protected with them standing as they are. Every number that could be
another in one table could therefore be so in all of them at once.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from integration_engine.trends.suppression import is_small, protect_grid, protect_line

Pair = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Axis:
    """One breakdown: its values in their order, and for each the value of the coarser breakdown (``within``) that it lies
    in. The coarsest is ``EVERYTHING``."""

    name: str
    values: tuple[str, ...]
    within: "Axis | None" = None
    parent: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def inside(self) -> Mapping[str, tuple[str, ...]]:
        """The values that lie in each value of the coarser breakdown."""
        found: dict[str, list[str]] = defaultdict(list)
        for value in self.values:
            found[self.parent.get(value, "")].append(value)
        return {above: tuple(values) for above, values in found.items()}

    def upward(self, value: str) -> str:
        """The value of the coarser breakdown that a value lies in."""
        return self.parent.get(value, "")


EVERYTHING = Axis("all", ("",))


@dataclass(frozen=True, eq=False)
class Lattice:
    """The counts of two breakdowns crossed, at their finest, and what of every coarser table of them is hidden."""

    rows: Axis
    columns: Axis
    counts: Mapping[Pair, int]
    _counted: dict[tuple[str, str], Mapping[Pair, int]] = field(default_factory=dict, repr=False)
    _settled: dict[tuple[str, str], Mapping[Pair, bool]] = field(default_factory=dict, repr=False)

    def counted(self, rows: Axis, columns: Axis) -> Mapping[Pair, int]:
        """The counts at two levels."""
        key = (rows.name, columns.name)
        if key not in self._counted:
            row_of, column_of = _lift(self.rows, rows), _lift(self.columns, columns)
            found: dict[Pair, int] = defaultdict(int)
            for (row, column), count in self.counts.items():
                found[row_of[row], column_of[column]] += count
            self._counted[key] = dict(found)
        return self._counted[key]

    def hidden(self, rows: Axis, columns: Axis) -> Mapping[Pair, bool]:
        """For each count at two levels whether it is hidden."""
        key = (rows.name, columns.name)
        if key not in self._settled:
            self._settled[key] = self._settle(rows, columns)
        return self._settled[key]

    def _settle(self, rows: Axis, columns: Axis) -> Mapping[Pair, bool]:
        counts = self.counted(rows, columns)
        if rows.within is None and columns.within is None:
            return {
                pair: is_small(counts.get(pair, 0)) for pair in ((r, c) for r in rows.values for c in columns.values)
            }
        if columns.within is None:
            return self._lines(rows, columns, counts)
        if rows.within is None:
            return self._lines(rows, columns, counts)
        settled: dict[Pair, bool] = {}
        above = self.hidden(rows.within, columns.within)
        row_totals, column_totals = self.hidden(rows, columns.within), self.hidden(rows.within, columns)
        for over_rows, inner_rows in rows.inside.items():
            for over_columns, inner_columns in columns.inside.items():
                if above[over_rows, over_columns]:
                    settled |= {(row, column): True for row in inner_rows for column in inner_columns}
                    continue
                found = protect_grid(
                    [[counts.get((row, column), 0) for column in inner_columns] for row in inner_rows],
                    [row_totals[row, over_columns] for row in inner_rows],
                    [column_totals[over_rows, column] for column in inner_columns],
                )
                settled |= {
                    (row, column): found[r][c]
                    for r, row in enumerate(inner_rows)
                    for c, column in enumerate(inner_columns)
                }
        return settled

    def _lines(self, rows: Axis, columns: Axis, counts: Mapping[Pair, int]) -> Mapping[Pair, bool]:
        """One breakdown alone: each of its coarser values a line with a total."""
        fine, flip = (columns, True) if rows.within is None else (rows, False)
        coarser = fine.within or EVERYTHING
        totals = self.hidden(rows, coarser) if flip else self.hidden(coarser, columns)
        settled: dict[Pair, bool] = {}
        for over, inner in fine.inside.items():
            pairs: Sequence[Pair] = [("", value) if flip else (value, "") for value in inner]
            total = totals[("", over) if flip else (over, "")]
            found = protect_line([counts.get(pair, 0) for pair in pairs], total_hidden=total)
            settled |= dict(zip(pairs, found, strict=True))
        return settled


def _lift(fine: Axis, to: Axis) -> Mapping[str, str]:
    """Each value of a breakdown with the one it lies in at a coarser level."""
    if fine.name == to.name:
        return {value: value for value in fine.values}
    if fine.within is None:
        raise ValueError(f"{to.name} is no coarser breakdown of {fine.name}")
    above = _lift(fine.within, to)
    return {value: above[fine.upward(value)] for value in fine.values}
