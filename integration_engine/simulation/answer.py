"""A simulation in plain values, as ``cdr simulate --json`` prints it and every other form of it is made from.

Small counts are hidden here and nowhere else, as ``showing`` says: with ``suppress`` a count of 1 to 4 is ``"<5"``, a larger
one from which it could be worked out is ``"*"``, and what would be derived from either is None.
"""

from collections.abc import Mapping
from typing import Any

from integration_engine.simulation.caseload import MapFigures, PanelFigures, TeamFigures
from integration_engine.simulation.compare import HELD, Simulation
from integration_engine.simulation.costs import Bill, UnitCosts, bill
from integration_engine.simulation.showing import Showing, Side
from integration_engine.simulation.window import Window


def answer(simulation: Simulation, costs: UnitCosts | None = None, *, suppress: bool = False) -> dict[str, Any]:
    """Everything a simulation says. Keys are a contract: they may be added to."""
    showing, asked, window = Showing(simulation, suppress), simulation.asked, simulation.window
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
            "empty_years": list(simulation.empty_years),
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
            "jar_from_to": _team_moves(simulation.team_flows, showing),
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


def _map(found: MapFigures, side: Side, window: Window, showing: Showing) -> dict[str, Any]:
    unled = sum(found.unplaced.values())
    nobodys = showing.of("cases", side, HELD, unled)
    return {
        "cases": showing.part(found.cases, found.cases + unled)[0],
        "under_60": [code for code, panel in found.panels.items() if panel.under],
        "held": showing.part(found.held, found.cases + unled)[0],
        "no_lead": showing.line(dict(found.unplaced), not isinstance(nobodys, int)),
        "left_out": showing.line(dict(found.left_out)),
        "copies": showing.one(found.copies),
        "jar": showing.part(found.jar, found.cases + unled)[0],
        "jar_without_team": showing.one(found.no_team),
        "place_of_death_unknown": showing.one(found.place_unknown),
        "on_call_cover": sum(team.load.cover for team in found.teams.values()),
        "panels": [_panel(panel, side, window, showing) for panel in found.panels.values()],
        "jar_teams": [_team(team, side, showing) for team in found.teams.values()],
    }


def _panel(panel: PanelFigures, side: Side, window: Window, showing: Showing) -> dict[str, Any]:
    cases = showing.of("cases", side, panel.code, panel.cases)
    seen = isinstance(cases, int)
    through = showing.through_time(side, panel)
    years = showing.line({year: panel.years.get(year, 0) for year in _years(window)}, not seen) if through else {}
    months = showing.line({month: panel.months.get(month, 0) for month in window.months}, not seen) if through else {}
    of = showing.of("residents", side, panel.code, panel.residents, panel.cases)
    away, share = showing.part(panel.died_away, panel.residents)
    return {
        "cdop": panel.code,
        "name": panel.name,
        "cases": cases,
        "cases_a_year": round(panel.a_year, 2) if seen else None,
        "under_60": panel.under,
        "chance_under_60": round(panel.chance_under, 4) if seen else None,
        "years_under_60": sum(panel.years.get(year, 0) < 60 for year in window.whole_years),
        "years": years,
        "months": months,
        "busiest_week": showing.busiest(panel.busiest_week, panel.cases, "week_of") if through else None,
        "busiest_month": showing.busiest(panel.busiest_month, panel.cases, "month", months) if through else None,
        "out_of_area": {"of": of, "died_elsewhere": away, "share": share},
        "others_died_here": showing.one(panel.others_died_here),
        "copies": showing.one(panel.copies),
        "held": showing.of("held", side, panel.code, panel.held, panel.cases),
        "jar": showing.of("jar", side, panel.code, panel.jar, panel.cases),
    }


def _team(team: TeamFigures, side: Side, showing: Showing) -> dict[str, Any]:
    responses, load = showing.of("responses", side, team.code, team.responses), team.load
    seen = isinstance(responses, int)
    overlaps, share = showing.part(team.overlapping, team.responses)
    return {
        "team": team.code,
        "name": team.name,
        "responses": responses,
        "a_week": round(team.a_week, 4) if seen else None,
        "busiest_week": showing.busiest(team.busiest_week, team.responses, "week_of"),
        "erlangs": round(load.erlangs, 4) if seen else None,
        "chance_overlap": round(load.overlap, 4) if seen else None,
        "observed_overlaps": overlaps,
        "observed_overlap_share": share,
        "most_at_once": team.most_at_once if seen else None,
        "on_call_cover": load.cover,
        "chance_none_free": round(load.unmet, 5) if seen else None,
        "busy_share": round(load.busy, 4) if seen else None,
    }


def _moves(moved: Mapping[tuple[str, str], int], showing: Showing) -> list[dict[str, Any]]:
    return [
        {"from": one, "to": other, "cases": showing.move(one, other, cases)}
        for (one, other), cases in sorted(moved.items())
    ]


def _team_moves(moved: Mapping[tuple[str, str], int], showing: Showing) -> list[dict[str, Any]]:
    shown = zip(moved, showing.line(moved).values(), strict=True)
    return [{"from": one, "to": other, "cases": cases} for (one, other), cases in sorted(shown, key=lambda row: row[0])]


def _areas(simulation: Simulation, showing: Showing) -> list[dict[str, Any]]:
    """The districts of each move, which add up to it."""
    shown: dict[int, int | str] = {}
    for was, is_now in simulation.moved:
        here = {n: one.cases for n, one in enumerate(simulation.areas) if (one.before, one.after) == (was, is_now)}
        total = showing.move(was, is_now, sum(here.values()))
        line = showing.line(here, not isinstance(total, int))
        shown |= {number: line[str(number)] for number in here}
    return [
        {"lad": one.district, "name": one.name, "from": one.before, "to": one.after, "cases": shown[number]}
        for number, one in enumerate(simulation.areas)
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
