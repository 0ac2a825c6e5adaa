"""A simulation as one flat table for a spreadsheet: a row a figure, before and after side by side."""

from collections.abc import Iterator, Mapping
from typing import Any

COLUMNS = ("about", "code", "name", "measure", "before", "after", "change")
_PANEL = (
    "cases", "cases_a_year", "under_60", "chance_under_60", "years_under_60", "others_died_here", "copies", "held", "jar",
)  # fmt: skip
_TEAM = (
    "responses", "a_week", "erlangs", "chance_overlap", "observed_overlaps", "observed_overlap_share", "most_at_once",
    "on_call_cover", "chance_none_free", "busy_share",
)  # fmt: skip
_TOTALS = ("cases", "held", "copies", "jar", "jar_without_team", "place_of_death_unknown", "on_call_cover")

Row = tuple[Any, ...]


def spreadsheet(found: Mapping[str, Any]) -> Iterator[Row]:
    """The rows of an answer, under ``COLUMNS``. ``change`` is after less before, where both are numbers."""
    before, after = found["before"], found["after"]
    for measure in _TOTALS:
        yield _row("all", "", "", measure, before[measure], after[measure])
    yield _row("all", "", "", "panels_under_60", len(before["under_60"]), len(after["under_60"]))
    yield from _bodies("panel", "cdop", before["panels"], after["panels"], _panel)
    yield from _bodies("jar_team", "team", before["jar_teams"], after["jar_teams"], _team)
    for move in found["changes"]["from_to"]:
        yield ("move", f"{move['from']} > {move['to']}", "", "cases", None, None, move["cases"])
    for area in found["changes"]["areas"]:
        yield ("area", area["lad"], area["name"], f"cases {area['from']} > {area['to']}", None, None, area["cases"])
    if costs := found["costs"]:
        for part in ("fixed", "per_case", "on_call", "per_response", "total"):
            yield _row("cost", "", costs["currency"], part, costs["before"][part], costs["after"][part])


def _bodies(about: str, key: str, before: Any, after: Any, measures: Any) -> Iterator[Row]:
    was, is_now = ({one[key]: one for one in side} for side in (before, after))
    for code in sorted(was.keys() | is_now.keys()):
        name = (is_now.get(code) or was[code])["name"]
        old, new = dict(measures(was.get(code))), dict(measures(is_now.get(code)))
        for measure in dict.fromkeys((*old, *new)):
            yield _row(about, code, name, measure, old.get(measure), new.get(measure))


def _panel(panel: Mapping[str, Any] | None) -> Iterator[tuple[str, Any]]:
    if panel is None:
        return
    for measure in _PANEL:
        yield measure, panel[measure]
    yield "out_of_area", panel["out_of_area"]["died_elsewhere"]
    yield "out_of_area_of", panel["out_of_area"]["of"]
    yield "out_of_area_share", panel["out_of_area"]["share"]
    yield from _busiest(panel["busiest_week"], "busiest_week", "week_of")
    yield from _busiest(panel["busiest_month"], "busiest_month", "month")
    yield from ((f"year {year}", cases) for year, cases in panel["years"].items())
    yield from ((f"month {month}", cases) for month, cases in panel["months"].items())


def _team(team: Mapping[str, Any] | None) -> Iterator[tuple[str, Any]]:
    if team is None:
        return
    for measure in _TEAM:
        yield measure, team[measure]
    yield from _busiest(team["busiest_week"], "busiest_week", "week_of")


def _busiest(found: Mapping[str, Any] | None, measure: str, when: str) -> Iterator[tuple[str, Any]]:
    yield measure, found and found["count"]
    yield f"{measure}_when", found and found[when]


def _row(about: str, code: str, name: str, measure: str, before: Any, after: Any) -> Row:
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (before, after))
    return about, code, name, measure, before, after, round(after - before, 5) if numbers else None
