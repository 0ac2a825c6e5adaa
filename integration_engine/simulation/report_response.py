"""The report's parts on joint agency response and on costs."""

from typing import Any

from integration_engine.reports import charts
from integration_engine.reports.page import Cell, Section, Shown, Table
from integration_engine.simulation.wording import Answer, drawn, figure, money, named, pairs, percent, week


def joint_response(found: Answer) -> Section:
    touched = pairs(found, "team")
    hours = found["assumptions"]["jar_hours"]
    if not touched:
        text = (
            f"The footprint leaves every response team's area as it is. Over the nation {figure(found['after']['jar'])} "
            "cases called for a joint agency response; the table of all teams stands below."
        )
        return Section("Joint agency response", (text,))
    rows = tuple(_team_row(code, name, side, one) for code, name, old, new in touched for side, one in _sides(old, new))
    table = Table(
        "Response teams the footprint touches",
        (
            "Team", "Map", "Responses", "A week", "Busiest week", "Began while another ran: as it came",
            "by chance", "Most at once", "On call for 99%", "Chance of nobody free", "Busy share",
        ),
        rows,
        f"A response keeps its team for {hours:g} hours (your assumption or the default).",
    )  # fmt: skip
    chart = charts.bars(
        "Responses a week by team",
        "Mean responses a week. Pale: before; dark: after.",
        [name for _, name, _, _ in touched],
        drawn(touched, "a_week"),
        unit="responses a week",
    )
    before, after = (
        sum(one["on_call_cover"] for *_, old, new in touched if (one := (old, new)[side])) for side in (0, 1)
    )
    text = (
        f"The teams the footprint touches need {before} on call at once before and {after} after, so that the chance of "
        f"nobody free stays under {percent(found['assumptions']['unmet_limit'])}."
    )
    return Section("Joint agency response", (text,), (Shown(table, chart),))


def _sides(old: Any, new: Any) -> list[tuple[str, Any]]:
    return [(side, one) for side, one in (("before", old), ("after", new)) if one]


def _team_row(code: str, name: str, side: str, one: Any) -> tuple[Cell, ...]:
    return (
        named(name, code),
        side,
        one["responses"],
        None if one["a_week"] is None else f"{one['a_week']:.2f}",
        week(one["busiest_week"], "week_of"),
        f"{figure(one['observed_overlaps'])} ({percent(one['observed_overlap_share'])})",
        percent(one["chance_overlap"]),
        one["most_at_once"],
        one["on_call_cover"],
        percent(one["chance_none_free"], 2),
        percent(one["busy_share"]),
    )


def costs_a_year(found: Answer) -> Section:
    costs = found["costs"]
    currency = costs["currency"]
    names = {
        "fixed": "Panels, fixed", "per_case": "Panels, by case", "on_call": "Teams, on call",
        "per_response": "Teams, by response", "total": "Together",
    }  # fmt: skip
    table = Table(
        f"Cost a year ({currency})",
        ("", "Before", "After", "Change"),
        tuple(
            (
                words,
                money(costs["before"][part]),
                money(costs["after"][part]),
                money(costs["after"][part] - costs["before"][part], sign=True),
            )
            for part, words in names.items()
        ),
        f"Source of the unit costs: {costs['source'] or 'not stated'}.",
        frozenset({len(names) - 1}),
    )
    unpriced = [*costs["before"]["unpriced"], *costs["after"]["unpriced"]]
    said = "; ".join(dict.fromkeys(unpriced))
    text = [
        f"After costs {money(abs(costs['difference']), currency)} a year "
        f"{'more' if costs['difference'] > 0 else 'less'} than before. It would be cost neutral if the panels' fixed costs "
        f"after came to {money(costs['fixed_after_if_cost_neutral'], currency)} a year together.",
        f"No price was given for: {said}. It isn't in these sums." if said else "Everything counted has a price.",
        "Not in the sums at all: the cost of changing over, travel, families' costs, and what partners outside panels spend.",
    ]
    return Section("Cost-neutral view", tuple(text), (Shown(table),))
