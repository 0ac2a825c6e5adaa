"""A simulation on the terminal."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integration_engine.simulation.methods import warnings
from integration_engine.simulation.wording import Answer, figure, money, pairs, percent, span

_BAD_SHOWN = 10


def show(console: Console, found: Answer, report: Path | None, *, every: bool) -> None:
    """Print an answer: what is compared, panels, teams, leads, costs. ``every``: bodies that don't change, too."""
    window, before, after = found["window"], found["before"], found["after"]
    console.print(
        f"[bold]What if {escape(found['footprint'])} had been in force all along?[/] {figure(found['changes']['of'])} cases, "
        f"deaths from {span(window)}, both maps as of {found['as_of']}.",
        highlight=False,
    )
    for warning in warnings(found):
        console.print(f"[yellow]{escape(warning)}[/]", highlight=False)
    for bad in found["cases"]["bad_rows"][:_BAD_SHOWN]:
        console.print(f"  [red]{escape(bad['where'])}[/] {bad['code']}: {escape(bad['text'])}", highlight=False)
    if (more := len(found["cases"]["bad_rows"]) - _BAD_SHOWN) > 0:
        console.print(f"  and {more:,} more: --json names them all", highlight=False)
    if not found["cases"]["taken"]:
        return
    shown = found if not every else {**found, "touched": _all(found)}
    console.print(_panels(shown))
    teams = pairs(shown, "team")
    if teams:
        console.print(_teams(shown))
    else:
        console.print("The footprint leaves every response team's area as it is.\n")
    _changes(console, found)
    if costs := found["costs"]:
        _costs(console, costs)
    console.print(
        f"Panels under 60 cases a year: {len(before['under_60'])} of {len(before['panels'])} before, "
        f"[bold]{len(after['under_60'])} of {len(after['panels'])}[/] after.",
        highlight=False,
    )
    if report:
        console.print(f"Report: {escape(str(report))}", highlight=False)


def _all(found: Answer) -> dict[str, list[str]]:
    return {
        touched: sorted({one[key] for side in ("before", "after") for one in found[side][kind]})
        for touched, kind, key in (("panels", "panels", "cdop"), ("jar_teams", "jar_teams", "team"))
    }


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    table.add_column(columns[0], no_wrap=True, overflow="fold")
    for column in columns[1:]:
        table.add_column(column, justify="right")
    return table


def _panels(found: Answer) -> Table:
    columns = ("a year before", "after", "busiest month", "busiest week", "out of area before", "after", "under 60")
    table = _table("Panels", "panel", *columns)
    for code, _, old, new in pairs(found, "cdop"):
        one = new or old
        chance = "" if one["chance_under_60"] is None else f" ({percent(one['chance_under_60'], 0)})"
        table.add_row(
            f"[bold]{code}[/]" if new else f"[dim]{code}[/]",
            _rate(old, "cases_a_year", 1),
            _rate(new, "cases_a_year", 1),
            _most(one["busiest_month"]),
            _most(one["busiest_week"]),
            percent(old and old["out_of_area"]["share"]),
            percent(new and new["out_of_area"]["share"]),
            f"[yellow]yes[/]{chance}" if one["under_60"] else f"no{chance}",
        )
    table.caption = "bold: there after; under 60: on average, and the chance of such a year"
    table.caption_justify = "left"
    return table


def _teams(found: Answer) -> Table:
    title = f"Joint agency response (a response keeps its team {found['assumptions']['jar_hours']:g} h)"
    columns = ("map", "a week", "busiest week", "overlapped", "by chance", "on call", "nobody free")
    table = _table(title, "team", *columns)
    for code, _, old, new in pairs(found, "team"):
        for side, one in (("before", old), ("after", new)):
            if one:
                table.add_row(
                    f"[bold]{code}[/]" if side == "after" else f"[dim]{code}[/]",
                    side,
                    _rate(one, "a_week", 2),
                    _most(one["busiest_week"]),
                    percent(one["observed_overlap_share"]),
                    percent(one["chance_overlap"]),
                    str(one["on_call_cover"]),
                    percent(one["chance_none_free"], 2),
                )
    return table


def _most(found: Any) -> str:
    return "–" if found is None else str(found["count"])


def _changes(console: Console, found: Answer) -> None:
    changes = found["changes"]
    share = percent(changes["share"])
    console.print(
        f"Cases whose lead changes: {figure(changes['cases'])} of {figure(changes['of'])} ({share})", highlight=False
    )
    for move in changes["from_to"]:
        console.print(f"  {move['from']} → {move['to']}: {figure(move['cases'])}", highlight=False)
    before, after = found["before"], found["after"]
    console.print(
        f"Copies between panels {figure(before['copies'])} → {figure(after['copies'])}; held for a person "
        f"{figure(before['held'])} → {figure(after['held'])}; on call at once, all teams {before['on_call_cover']} → "
        f"{after['on_call_cover']}.",
        highlight=False,
    )


def _costs(console: Console, costs: Any) -> None:
    table = _table(f"Cost a year of these panels and teams ({costs['currency']})", "", "before", "after", "change")
    for part in ("fixed", "per_case", "on_call", "per_response", "total"):
        one, other = costs["before"][part], costs["after"][part]
        table.add_row(part.replace("_", " "), money(one), money(other), money(other - one, sign=True))
    console.print(table)
    unpriced = dict.fromkeys((*costs["before"]["unpriced"], *costs["after"]["unpriced"]))
    for one in unpriced:
        console.print(f"[yellow]no price for {escape(one)}[/]", highlight=False)


def _rate(one: Any, measure: str, places: int) -> str:
    if one is None:
        return "–"
    return figure(one.get("cases", "<5")) if one[measure] is None else f"{one[measure]:.{places}f}"
