"""Nobody can work out a suppressed count: not from the totals, not from coarser and finer tables, not by knowing the rule.

Two attackers. One has every published number of every table of the same breakdowns and solves them as equations. The other
knows the program too, runs it on every table there could be, and keeps those that come out as what was published.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_engine.trends.lattice import EVERYTHING, Axis, Lattice
from integration_engine.trends.suppression import THRESHOLD, is_small

Shown = tuple[int | None, ...]


def flat(name: str, size: int) -> Axis:
    values = tuple(f"{name}{n}" for n in range(size))
    return Axis(name, values, EVERYTHING, dict.fromkeys(values, ""))


def nested(name: str, sizes: Sequence[int]) -> Axis:
    above = flat(f"{name}-coarse", len(sizes))
    pairs = [(f"{over}.{n}", over) for over, size in zip(above.values, sizes, strict=True) for n in range(size)]
    return Axis(name, tuple(value for value, _ in pairs), above, dict(pairs))


def chain(axis: Axis) -> Iterator[Axis]:
    here: Axis | None = axis
    while here is not None:
        yield here
        here = here.within


def lattice(rows: Axis, columns: Axis, counts: Sequence[int]) -> Lattice:
    pairs = itertools.product(rows.values, columns.values)
    return Lattice(rows, columns, dict(zip(pairs, counts, strict=True)))


def everything(of: Lattice) -> tuple[Shown, tuple[int, ...], list[list[int]]]:
    """Every number of every table at every level: as published, in truth, and the finest cells it is the sum of."""
    shown: list[int | None] = []
    truth: list[int] = []
    parts: list[list[int]] = []
    finest = list(itertools.product(of.rows.values, of.columns.values))

    def lifted(value: str, axis: Axis, to: Axis) -> str:
        while axis is not to:
            value = axis.upward(value)
            assert axis.within
            axis = axis.within
        return value

    for rows, columns in itertools.product(chain(of.rows), chain(of.columns)):
        hidden, counted = of.hidden(rows, columns), of.counted(rows, columns)
        for pair in itertools.product(rows.values, columns.values):
            count = counted.get(pair, 0)
            shown.append(None if hidden[pair] else count)
            truth.append(count)
            inside = [
                n
                for n, (row, column) in enumerate(finest)
                if (lifted(row, of.rows, rows), lifted(column, of.columns, columns)) == pair
            ]
            parts.append(inside)
    return tuple(shown), tuple(truth), parts


class Attacker:
    """Solves what was published for the finest counts, by bounds and search: whole numbers, none below zero."""

    def __init__(self, shown: Shown, parts: Sequence[Sequence[int]], cells: int, most: int) -> None:
        self.sums = [(parts[n], count) for n, count in enumerate(shown) if count is not None]
        self.cells, self.most = cells, most

    def world(self, extra: tuple[Sequence[int], int]) -> list[int] | None:
        """Finest counts that fit everything published and one guess besides; None where there are none."""
        return self._solve([(0, self.most)] * self.cells, [*self.sums, extra])

    def _solve(self, bounds: list[tuple[int, int]], sums: list[tuple[Sequence[int], int]]) -> list[int] | None:
        narrowed = self._narrow(list(bounds), sums)
        if narrowed is None:
            return None
        open_cells = [n for n, (low, high) in enumerate(narrowed) if low < high]
        if not open_cells:
            return [low for low, _ in narrowed]
        at = min(open_cells, key=lambda n: narrowed[n][1] - narrowed[n][0])
        for value in range(narrowed[at][0], narrowed[at][1] + 1):
            tried = list(narrowed)
            tried[at] = (value, value)
            if found := self._solve(tried, sums):
                return found
        return None

    @staticmethod
    def _narrow(bounds: list[tuple[int, int]], sums: list[tuple[Sequence[int], int]]) -> list[tuple[int, int]] | None:
        changed = True
        while changed:
            changed = False
            for cells, total in sums:
                low, high = sum(bounds[n][0] for n in cells), sum(bounds[n][1] for n in cells)
                if not low <= total <= high:
                    return None
                for n in cells:
                    one, other = bounds[n]
                    least, most = max(one, total - (high - other)), min(other, total - (low - one))
                    if least > most:
                        return None
                    if (least, most) != (one, other):
                        bounds[n] = (least, most)
                        low, high, changed = low + least - one, high + most - other, True
        return bounds


def assert_safe(of: Lattice) -> None:
    shown, truth, parts = everything(of)
    cells = len(of.rows.values) * len(of.columns.values)
    attacker = Attacker(shown, parts, cells, max(sum(truth[:cells]), THRESHOLD * 4))
    for n, count in enumerate(truth):
        if not is_small(count):
            continue
        assert shown[n] is None, "a small count is published"
        others = (value for value in range(0, THRESHOLD * 2) if value != count)
        assert any(attacker.world((parts[n], value)) for value in others), "a small count can be worked out"
        assert any(attacker.world((parts[n], value)) for value in range(THRESHOLD, THRESHOLD * 4)), (
            "it can be told that a count is small"
        )


COUNTS = st.one_of(st.integers(0, 4), st.integers(0, 12), st.sampled_from([0, 0, 1, 5, 40]))


@given(st.integers(1, 6).flatmap(lambda size: st.lists(COUNTS, min_size=size, max_size=size)))
def test_no_suppressed_count_of_a_list_can_be_worked_out(counts: list[int]) -> None:
    if sum(counts) >= THRESHOLD:
        assert_safe(lattice(flat("r", len(counts)), EVERYTHING, counts))


@given(st.data(), st.integers(1, 4), st.integers(1, 4))
def test_no_suppressed_count_of_a_table_with_totals_can_be_worked_out(
    data: st.DataObject, high: int, wide: int
) -> None:
    counts = data.draw(st.lists(COUNTS, min_size=high * wide, max_size=high * wide))
    if sum(counts) >= THRESHOLD:
        assert_safe(lattice(flat("r", high), flat("c", wide), counts))


@given(st.data(), st.lists(st.integers(1, 3), min_size=1, max_size=3))
def test_no_suppressed_count_can_be_worked_out_from_the_coarser_times(data: st.DataObject, sizes: list[int]) -> None:
    counts = data.draw(st.lists(COUNTS, min_size=sum(sizes), max_size=sum(sizes)))
    if sum(counts) >= THRESHOLD:
        assert_safe(lattice(nested("month", sizes), EVERYTHING, counts))


@given(
    st.data(), st.lists(st.integers(1, 2), min_size=1, max_size=2), st.lists(st.integers(1, 3), min_size=1, max_size=2)
)
def test_no_suppressed_count_can_be_worked_out_from_regions_and_years_together(
    data: st.DataObject, areas: list[int], months: list[int]
) -> None:
    size = sum(areas) * sum(months)
    counts = data.draw(st.lists(COUNTS, min_size=size, max_size=size))
    if sum(counts) >= THRESHOLD:
        assert_safe(lattice(nested("area", areas), nested("month", months), counts))


@pytest.mark.parametrize(
    ("rows", "columns", "most"),
    [
        pytest.param(flat("r", 2), EVERYTHING, 12, id="a list of two"),
        pytest.param(flat("r", 3), EVERYTHING, 12, id="a list of three"),
        pytest.param(flat("r", 4), EVERYTHING, 8, id="a list of four"),
        pytest.param(flat("r", 2), flat("c", 2), 8, id="two by two"),
        pytest.param(nested("m", [2, 2]), EVERYTHING, 8, id="months in two quarters"),
        pytest.param(nested("m", [1, 2]), EVERYTHING, 12, id="a quarter of one month"),
    ],
)
def test_knowing_the_program_doesn_t_tell_a_suppressed_count(rows: Axis, columns: Axis, most: int) -> None:
    cells = len(rows.values) * len(columns.values)
    published: defaultdict[Shown, list[tuple[int, ...]]] = defaultdict(list)
    for counts in itertools.product(range(most + 1), repeat=cells):
        shown, truth, _ = everything(lattice(rows, columns, counts))
        published[shown].append(truth)
    judged = 0
    for shown, worlds in published.items():
        # Beyond the largest count tried there are worlds that weren't: near it nothing is judged.
        inner = [world for world in worlds if max(world[:cells]) <= most - 4]
        for n, count in enumerate(shown):
            if count is None and any(is_small(world[n]) for world in inner):
                judged += 1
                assert len({world[n] for world in worlds}) > 1, "a suppressed count can be worked out"
    assert judged > 10


def test_a_count_is_the_same_whichever_table_shows_it() -> None:
    counts = [3, 9, 0, 1, 14, 2, 7, 7, 30, 0, 4, 5]
    of = lattice(nested("area", [2, 1]), nested("month", [2, 2]), counts)
    shown: dict[tuple[str, str, str, str], bool] = {}
    for rows, columns in itertools.product(chain(of.rows), chain(of.columns)):
        again = lattice(nested("area", [2, 1]), nested("month", [2, 2]), counts)
        here: Mapping[tuple[str, str], bool] = again.hidden(*_same(again, rows, columns))
        shown |= {(rows.name, columns.name, *pair): hidden for pair, hidden in here.items()}
    for rows, columns in itertools.product(chain(of.rows), chain(of.columns)):
        for pair, hidden in of.hidden(rows, columns).items():
            assert shown[(rows.name, columns.name, *pair)] == hidden


def _same(of: Lattice, rows: Axis, columns: Axis) -> tuple[Axis, Axis]:
    return (
        next(one for one in chain(of.rows) if one.name == rows.name),
        next(one for one in chain(of.columns) if one.name == columns.name),
    )
