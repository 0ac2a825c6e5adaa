"""A simulation in plain values, as ``cdr simulate --json`` prints it and every other form of it is made from.

Here, and nowhere else, small counts are hidden: with ``suppress`` a count of 1 to 4 is ``"<5"``, a larger one from which it
could be worked out is ``"*"``, and what would be derived from either is None.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from integration_engine.simulation.caseload import MapFigures, PanelFigures, TeamFigures
from integration_engine.simulation.compare import Simulation
from integration_engine.simulation.costs import Bill, UnitCosts, bill
from integration_engine.simulation.window import Window
from integration_engine.trends.suppression import is_small, protect_line

SMALL, HIDDEN = "<5", "*"

Shown: TypeAlias = int | str


class _Showing:
    """Which counts may be seen."""

    def __init__(self, simulation: Simulation, suppress: bool) -> None:
        self.suppress = suppress
        self._hidden: dict[str, frozenset[str]] = {"before": frozenset(), "after": frozenset()}
        if suppress:
            before = {code: panel.cases for code, panel in simulation.before.panels.items()}
            after = {code: panel.cases for code, panel in simulation.after.panels.items()}
            flows = simulation.flows
            self._hidden = {
                "before": _unsafe(before, _groups(flows, sources=True)),
                "after": _unsafe(after, _groups(flows, sources=False)),
            }

    def one(self, count: int) -> Shown:
        """A count that stands alone."""
        return SMALL if self.suppress and is_small(count) else count

    def line(self, counts: Mapping[Any, int], total_hidden: bool = False) -> dict[str, Shown]:
        """Counts that add up to a total which is shown, or isn't."""
        if not self.suppress:
            return {str(name): count for name, count in counts.items()}
        hidden = protect_line(list(counts.values()), total_hidden=total_hidden)
        return {
            str(name): (SMALL if is_small(count) else HIDDEN) if out else count
            for (name, count), out in zip(counts.items(), hidden, strict=True)
        }

    def panel(self, side: str, panel: PanelFigures) -> Shown:
        """A panel's cases."""
        if panel.code in self._hidden[side]:
            return SMALL if is_small(panel.cases) else HIDDEN
        return self.one(panel.cases)

    def part(self, count: int, whole: int) -> tuple[Shown, float | None]:
        """A part of a whole and its share: hidden where the part or what is left of the whole is small."""
        if self.suppress and (is_small(count) or is_small(whole - count) or is_small(whole)):
            return SMALL if is_small(count) else HIDDEN, None
        return count, round(count / whole, 4) if whole else None

    def week(self, found: tuple[Any, int] | None, name: str = "week_of") -> dict[str, Any] | None:
        """A busiest week or month; of a small one neither the date nor the count."""
        if found is None:
            return None
        if self.suppress and is_small(found[1]):
            return {name: None, "count": SMALL}
        return {name: str(found[0]), "count": found[1]}


def answer(simulation: Simulation, costs: UnitCosts | None = None, *, suppress: bool = False) -> dict[str, Any]:
    """Everything a simulation says. Keys are a contract: they may be added to."""
    showing, asked, window = _Showing(simulation, suppress), simulation.asked, simulation.window
    changed = sum(simulation.moved.values())
    of = sum(simulation.flows.values())
    changed_shown, share = showing.part(changed, of)
    return {
        "footprint": asked.name,
        "as_of": asked.as_of.isoformat(),
        "made_at": asked.now.isoformat(timespec="seconds"),
        "window": {
            "first": window.first.isoformat(),
            "last": window.last.isoformat(),
            "years": round(window.years, 3),
            "whole_years": list(window.whole_years),
        },
        "assumptions": {"jar_hours": asked.jar_hours, "unmet_limit": asked.unmet_limit},
        "suppressed": suppress,
        "cases": simulation.tally.to_json()
        | {
            "outside_window": simulation.outside,
            "date_unknown": simulation.undated,
            "hour_unknown": simulation.untimed,
        },
        "before": _map(simulation.before, "before", window, showing),
        "after": _map(simulation.after, "after", window, showing),
        "changes": {
            "cases": changed_shown,
            "of": showing.one(of),
            "share": share,
            "from_to": _moves(simulation.moved, showing),
            "areas": _areas(simulation, showing),
            "jar": showing.one(sum(simulation.team_flows.values())),
            "jar_from_to": _moves(simulation.team_flows, showing),
            "copies": showing.one(simulation.copies_changed),
        },
        "touched": {"panels": list(simulation.panels), "jar_teams": list(simulation.teams)},
        "partners": {
            code: {
                "authorities": list(one.authorities),
                "police_forces": list(one.police),
                "coroner_areas": list(one.coroners),
                "jar_teams": list(one.teams),
            }
            for code, one in simulation.partners.items()
        },
        "costs": _costs(simulation, costs) if costs else None,
    }


def _map(found: MapFigures, side: str, window: Window, showing: _Showing) -> dict[str, Any]:
    return {
        "cases": showing.one(found.cases),
        "under_60": [code for code, panel in found.panels.items() if panel.under],
        "held": showing.one(found.held),
        "no_lead": showing.line(dict(found.unplaced)),
        "left_out": showing.line(dict(found.left_out)),
        "copies": showing.one(found.copies),
        "jar": showing.one(found.jar),
        "jar_without_team": showing.one(found.no_team),
        "place_of_death_unknown": showing.one(found.place_unknown),
        "on_call_cover": sum(team.load.cover for team in found.teams.values()),
        "panels": [_panel(panel, side, window, showing) for panel in found.panels.values()],
        "jar_teams": [_team(team, showing) for team in found.teams.values()],
    }


def _panel(panel: PanelFigures, side: str, window: Window, showing: _Showing) -> dict[str, Any]:
    cases = showing.panel(side, panel)
    seen = isinstance(cases, int)
    away, share = showing.part(panel.died_away, panel.residents)
    return {
        "cdop": panel.code,
        "name": panel.name,
        "cases": cases,
        "cases_a_year": round(panel.a_year, 2) if seen else None,
        "under_60": panel.under,
        "chance_under_60": round(panel.chance_under, 4) if seen else None,
        "years_under_60": sum(panel.years.get(year, 0) < 60 for year in window.whole_years),
        "years": showing.line({year: panel.years.get(year, 0) for year in _years(window)}, not seen),
        "months": showing.line({month: panel.months.get(month, 0) for month in window.months}, not seen),
        "busiest_week": showing.week(panel.busiest_week),
        "busiest_month": showing.week(panel.busiest_month, "month"),
        "out_of_area": {"of": showing.one(panel.residents), "died_elsewhere": away, "share": share},
        "others_died_here": showing.one(panel.others_died_here),
        "copies": showing.one(panel.copies),
        "held": showing.one(panel.held),
        "jar": showing.one(panel.jar),
    }


def _team(team: TeamFigures, showing: _Showing) -> dict[str, Any]:
    responses, load = showing.one(team.responses), team.load
    seen = isinstance(responses, int)
    overlaps, share = showing.part(team.overlapping, team.responses)
    return {
        "team": team.code,
        "name": team.name,
        "responses": responses,
        "a_week": round(team.a_week, 4) if seen else None,
        "busiest_week": showing.week(team.busiest_week),
        "erlangs": round(load.erlangs, 4) if seen else None,
        "chance_overlap": round(load.overlap, 4) if seen else None,
        "observed_overlaps": overlaps,
        "observed_overlap_share": share,
        "most_at_once": team.most_at_once if seen else None,
        "on_call_cover": load.cover,
        "chance_none_free": round(load.unmet, 5) if seen else None,
        "busy_share": round(load.busy, 4) if seen else None,
    }


def _moves(moved: Mapping[tuple[str, str], int], showing: _Showing) -> list[dict[str, Any]]:
    shown = zip(moved, showing.line(moved).values(), strict=True)
    return [{"from": one, "to": other, "cases": cases} for (one, other), cases in sorted(shown, key=lambda row: row[0])]


def _areas(simulation: Simulation, showing: _Showing) -> list[dict[str, Any]]:
    shown = showing.line({number: one.cases for number, one in enumerate(simulation.areas)})
    return [
        {"lad": one.district, "name": one.name, "from": one.before, "to": one.after, "cases": cases}
        for one, cases in zip(simulation.areas, shown.values(), strict=True)
    ]


def _costs(simulation: Simulation, costs: UnitCosts) -> dict[str, Any]:
    years = simulation.window.years
    bodies = simulation.panels, simulation.teams
    before, after = bill(simulation.before, costs, years, *bodies), bill(simulation.after, costs, years, *bodies)
    difference = after.total - before.total
    return {
        "currency": costs.currency,
        "source": costs.source,
        "before": _bill(before),
        "after": _bill(after),
        "difference": round(difference, 2),
        "fixed_after_if_cost_neutral": round(after.parts["fixed"] - difference, 2),
    }


def _bill(found: Bill) -> dict[str, Any]:
    parts = {part: round(amount, 2) for part, amount in found.parts.items()}
    return parts | {"total": round(found.total, 2), "unpriced": list(found.unpriced)}


def _years(window: Window) -> range:
    return range(window.first.year, window.last.year + 1)


def _groups(flows: Mapping[tuple[str, str], int], *, sources: bool) -> list[frozenset[str]]:
    """The panels of one map whose cases come together in (``sources``), or come out of, one panel of the other map."""
    found: dict[str, set[str]] = {}
    for was, now_is in flows:
        group, member = (now_is, was) if sources else (was, now_is)
        found.setdefault(group, set()).add(member)
    return [frozenset(members) for members in found.values() if len(members) > 1]


def _unsafe(cases: Mapping[str, int], groups: Iterable[frozenset[str]]) -> frozenset[str]:
    """The panels whose cases are small, or could give a small panel's away: among all, and among those of one group,
    whose sum the other map shows."""
    lines: list[Sequence[str]] = [list(cases), *(sorted(group & cases.keys()) for group in groups)]
    found: set[str] = set()
    for line in lines:
        hidden = protect_line([cases[code] for code in line], total_hidden=False)
        found |= {code for code, out in zip(line, hidden, strict=True) if out}
    return frozenset(found)
