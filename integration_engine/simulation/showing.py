"""Which counts of a simulation may be seen where small ones are hidden.

A count of 1 to 4 is ``"<5"``; a larger one from which a small one could be worked out is ``"*"``. What adds up is protected
along every sum that is shown: the panels of one map to the nation; the panels that come together, or out of one another, to
what the other map shows; a district's cases to those of its move; months and years to their panel. See trends.suppression.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from integration_engine.simulation.caseload import PanelFigures
from integration_engine.simulation.compare import HELD, Simulation
from integration_engine.trends.suppression import is_small, protect_grid, protect_line

SMALL, HIDDEN = "<5", "*"

Shown: TypeAlias = int | str
Side: TypeAlias = Literal["before", "after"]
Flows: TypeAlias = Mapping[tuple[str, str], int]


@dataclass
class Showing:
    """What may be seen of one simulation; everything, unless ``suppress``."""

    simulation: Simulation
    suppress: bool
    _hidden: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    _blank: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    moves_hidden: frozenset[tuple[str, str]] = frozenset()

    def __post_init__(self) -> None:
        if not self.suppress:
            return
        both, flows = (self.simulation.before, self.simulation.after), self.simulation.flows
        unled = sum(both[0].unplaced.values()), sum(both[1].unplaced.values())
        counts = [
            {code: panel.cases for code, panel in one.panels.items()} | {HELD: none}
            for one, none in zip(both, unled, strict=True)
        ]
        self._keep("cases", counts[0], counts[1], flows)
        for measure in ("jar", "held", "residents"):
            was, is_now = ({code: getattr(p, measure) for code, p in one.panels.items()} for one in both)
            self._keep(measure, was, is_now, flows)
        was, is_now = ({code: team.responses for code, team in one.teams.items()} for one in both)
        stay = {(code, code): was[code] for code in was.keys() & is_now.keys()}
        self._keep("responses", was, is_now, stay | dict(self.simulation.team_flows))
        self.moves_hidden = self._moves(counts[0], counts[1], flows)

    def of(self, measure: str, side: Side, code: str, count: int, whole: int | None = None) -> Shown:
        """A measure that adds up over panels or teams; ``whole``: what it is a part of."""
        if not self.suppress:
            return count
        left = 0 if whole is None else whole - count
        if code in self._blank[measure, side]:
            return HIDDEN
        if code in self._hidden[measure, side] or is_small(count) or is_small(left):
            return SMALL if is_small(count) else HIDDEN
        return count

    def one(self, count: int) -> Shown:
        """A count that stands alone."""
        return SMALL if self.suppress and is_small(count) else count

    def line(self, counts: Mapping[Any, int], total_hidden: bool = False) -> dict[str, Shown]:
        """Counts that add up to a total which is shown, or isn't."""
        if not self.suppress:
            return {str(name): count for name, count in counts.items()}
        hidden = protect_line(list(counts.values()), total_hidden=total_hidden)
        # A line that is hidden whole doesn't tell which of it are small: 4 and 4 are known where their sum is 8.
        small = HIDDEN if all(hidden) else SMALL
        return {
            str(name): (small if is_small(count) else HIDDEN) if out else count
            for (name, count), out in zip(counts.items(), hidden, strict=True)
        }

    def part(self, count: int, whole: int) -> tuple[Shown, float | None]:
        """A part of a whole and its share: hidden where the part or what is left of the whole is small."""
        if self.suppress and (is_small(count) or is_small(whole - count) or is_small(whole)):
            return SMALL if is_small(count) else HIDDEN, None
        return count, round(count / whole, 4) if whole else None

    def busiest(
        self, found: tuple[Any, int] | None, total: int, name: str, line: Mapping[str, Shown] | None = None
    ) -> dict[str, Any] | None:
        """A busiest week or month; of a hidden one neither date nor count. ``line`` is where its count stands too."""
        if found is None:
            return None
        when, count = str(found[0]), found[1]
        unseen = line is not None and not isinstance(line.get(when), int)
        if self.suppress and (is_small(count) or is_small(total - count) or unseen):
            return {name: None, "count": SMALL if is_small(count) else HIDDEN}
        return {name: when, "count": count}

    def through_time(self, side: Side, panel: PanelFigures) -> bool:
        """Whether a panel's months and years may be seen: of panels that a footprint changes those of one map only, since
        those of both add up to one another."""
        return not self.suppress or side == "after" or panel.code not in self.simulation.panels

    def move(self, was: str, is_now: str, cases: int) -> Shown:
        """How many cases go from one lead to another."""
        if was in self._blank.get(("cases", "before"), ()) or is_now in self._blank.get(("cases", "after"), ()):
            return HIDDEN
        if (was, is_now) in self.moves_hidden or (self.suppress and is_small(cases)):
            return SMALL if is_small(cases) else HIDDEN
        return cases

    def _keep(self, measure: str, was: Mapping[str, int], is_now: Mapping[str, int], flows: Flows) -> None:
        before, self._blank[measure, "before"] = _unsafe(was, _together(flows, sources=True))
        after, self._blank[measure, "after"] = _unsafe(is_now, _together(flows, sources=False))
        alone = {one for one, other in flows if one == other} - {
            code for pair in flows for code in pair if pair[0] != pair[1]
        }
        # A body the footprint leaves alone has the same count on both maps.
        same = (before | after) & alone
        self._hidden[measure, "before"], self._hidden[measure, "after"] = before | same, after | same

    def _moves(self, was: Mapping[str, int], is_now: Mapping[str, int], flows: Flows) -> frozenset[tuple[str, str]]:
        rows, columns = list(was), list(is_now)
        hidden = protect_grid(
            [[flows.get((row, column), 0) for column in columns] for row in rows],
            [row in self._hidden["cases", "before"] for row in rows],
            [column in self._hidden["cases", "after"] for column in columns],
        )
        return frozenset(
            (row, column)
            for row, cells in zip(rows, hidden, strict=True)
            for column, out in zip(columns, cells, strict=True)
            if out
        )


def _together(flows: Flows, *, sources: bool) -> list[frozenset[str]]:
    """The bodies of one map whose cases come together in (``sources``), or come out of, one body of the other map."""
    found: dict[str, set[str]] = {}
    for was, is_now in flows:
        group, member = (is_now, was) if sources else (was, is_now)
        found.setdefault(group, set()).add(member)
    return [frozenset(members) for members in found.values() if len(members) > 1]


def _unsafe(counts: Mapping[str, int], groups: Iterable[Collection[str]]) -> tuple[frozenset[str], frozenset[str]]:
    """The bodies whose count is small, or could give a small one away: among all, and among those of one group, whose sum
    the other map shows. And those of a group that is hidden whole: of them not even which are small is told."""
    lines: list[Sequence[str]] = [list(counts), *(sorted(set(group) & counts.keys()) for group in groups)]
    found: set[str] = set()
    blank: set[str] = set()
    for line in lines:
        hidden = protect_line([counts[code] for code in line], total_hidden=False)
        found |= {code for code, out in zip(line, hidden, strict=True) if out}
        blank |= set(line) if all(hidden) else set()
    return frozenset(found), frozenset(blank)
