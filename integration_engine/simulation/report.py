"""A simulation as a report: before and after side by side, each chart beside its table, every method named.

Made from the plain answer (``answer``), so what is suppressed there is suppressed here.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from integration_engine.reports import charts
from integration_engine.reports.page import Cell, Fact, Report, Section, Shown, Table
from integration_engine.simulation.methods import methods, warnings
from integration_engine.simulation.report_response import costs_a_year, joint_response
from integration_engine.simulation.wording import Answer, drawn, figure, money, named, pairs, percent, short, span, week


def report(found: Answer) -> Report:
    """The report of an answer. Raises ChartsUnavailable where the drawing library isn't installed."""
    sections = [_caseload(found), _over_time(found), _leads(found), _out_of_area(found), joint_response(found)]
    if found["costs"]:
        sections.append(costs_a_year(found))
    sections += [_partners(found), _everything(found)]
    window = found["window"]
    return Report(
        f"What if: {found['footprint']}",
        f"{figure(found['changes']['of'])} past cases, deaths from {span(window)}, under "
        f"today's areas and under the footprint, as if each had been in force all along.",
        facts=_facts(found),
        warnings=warnings(found),
        sections=tuple(sections),
        methods=methods(found),
        made=f"Made {found['made_at'][:16].replace('T', ' ')} by cdr simulate. Both maps as of {found['as_of']}.",
    )


def _facts(found: Answer) -> tuple[Fact, ...]:
    before, after, changes = found["before"], found["after"], found["changes"]
    panels, teams = set(found["touched"]["panels"]), set(found["touched"]["jar_teams"])
    sides = (before, after)
    here = [[one for one in side["panels"] if one["cdop"] in panels] for side in sides]
    cover = [sum(one["on_call_cover"] for one in side["jar_teams"] if one["team"] in teams) for side in sides]
    called = [sum(one["team"] in teams for one in side["jar_teams"]) for side in sides]
    under = [sum(one["under_60"] for one in side) for side in here]
    facts = [
        Fact("Panels", _arrow(len(one) for one in here), f"nation: {_arrow(len(side['panels']) for side in sides)}"),
        Fact(
            "Of them under 60 cases a year", _arrow(under), f"nation: {_arrow(len(side['under_60']) for side in sides)}"
        ),
        Fact(
            "Cases whose lead changes",
            figure(changes["cases"]),
            f"{percent(changes['share'])} of {figure(changes['of'])}",
        ),
        Fact("Copies between panels", " → ".join(figure(side["copies"]) for side in sides), "in the nation"),
    ]
    if teams:
        facts.append(Fact("Response teams", _arrow(called), "that the footprint touches"))
        facts.append(Fact("On call at once", _arrow(cover), "of these teams, for 99%"))
    if costs := found["costs"]:
        facts.append(Fact("Cost a year", money(costs["difference"], costs["currency"], sign=True), "after less before"))
    return tuple(facts)


def _arrow(counts: Iterable[int]) -> str:
    return " → ".join(f"{count:,}" for count in counts)


def _caseload(found: Answer) -> Section:
    touched = pairs(found, "cdop")
    rows: list[tuple[Cell, ...]] = []
    for code, name, old, new in touched:
        one = new or old
        rows.append(
            (
                named(name, code),
                _a_year(old),
                _a_year(new),
                _under(one),
                percent(one["chance_under_60"]),
                f"{one['years_under_60']} of {len(found['window']['whole_years'])}",
                week(one["busiest_month"], "month"),
                week(one["busiest_week"], "week_of"),
            )
        )
    table = Table(
        "Panels the footprint touches",
        (
            "Panel", "Cases a year before", "Cases a year after", "Against 60", "Chance of a year under 60",
            "Years under 60", "Busiest month", "Busiest week (from Monday)",
        ),
        tuple(rows),
        "A dash: the panel isn't there on that map. The columns from “Against 60” on are of the map after; of a panel that "
        "closes, of the map before.",
        frozenset(at for at, (_, _, old, new) in enumerate(touched) if (new or old)["under_60"]),
    )  # fmt: skip
    chart = charts.bars(
        "Cases a year by panel",
        f"Pale: before; dark: after. The dashed line is 60 a year. {_says_under(found)}",
        [name for _, name, _, _ in touched],
        drawn(touched, "cases_a_year"),
        unit="cases a year",
        line=("60 a year", 60),
    )
    return Section("Caseload", (_says_under(found),), (Shown(table, chart if touched else None),))


def _says_under(found: Answer) -> str:
    before, after = found["before"]["under_60"], found["after"]["under_60"]
    return (
        f"{len(before)} of {len(found['before']['panels'])} panels see fewer than 60 cases a year before, "
        f"{len(after)} of {len(found['after']['panels'])} after."
    )


def _over_time(found: Answer) -> Section:
    after = [new for _, _, _, new in pairs(found, "cdop") if new]
    years = [str(year) for year in found["window"]["whole_years"]]
    months = [f"{month:02}" for month in range(1, 13)]
    items: list[Shown] = []
    if len(years) > 1 and after:
        by_year = {short(one["name"]): [_number(one["years"][year]) for year in years] for one in after}
        table = Table(
            "Cases by calendar year, after",
            ("Panel", *years),
            tuple((short(one["name"]), *(one["years"][year] for year in years)) for one in after),
        )
        text = "Whole calendar years of each panel the footprint makes or enlarges."
        items.append(Shown(table, charts.lines("Cases by year, after", text, years, by_year, unit="cases")))
    if after:
        rows = []
        for one in after:
            each = [[_number(n) for at, n in one["months"].items() if at[5:] == month] for month in months]
            known = [[n for n in counts if n is not None] for counts in each]
            means = [
                round(sum(n) / len(n), 1) if n and len(n) == len(e) else None for n, e in zip(known, each, strict=True)
            ]
            rows.append((short(one["name"]), *means))
        table = Table(
            "Mean cases by month of the year, after",
            ("Panel", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
            tuple(rows),
            "Every single month is in the CSV and the JSON.",
        )
        items.append(Shown(table))
    return Section("Through the years", (), tuple(items))


def _leads(found: Answer) -> Section:
    changes = found["changes"]
    table = Table(
        "Cases by lead before and after",
        ("Lead before", "Lead after", "Cases"),
        tuple((one["from"], one["to"], one["cases"]) for one in changes["from_to"]),
    )
    areas = Table(
        "Home districts whose cases change lead",
        ("District", "Code", "From", "To", "Cases"),
        tuple((one["name"], one["lad"] or "–", one["from"], one["to"], one["cases"]) for one in changes["areas"]),
        "A district's cases can change lead in part: the looked-after, and those without a known home, go by other rules.",
    )
    before, after = found["before"], found["after"]
    both = Table(
        "Between panels",
        ("", "Before", "After"),
        (
            (
                "Copies to the panel of the place of death, of the event, of a placement",
                before["copies"],
                after["copies"],
            ),
            ("Cases held for a person", before["held"], after["held"]),
            ("Cases with no lead that can be told", _sum(before["no_lead"]), _sum(after["no_lead"])),
        ),
    )
    text = (
        f"{figure(changes['cases'])} of {figure(changes['of'])} cases ({percent(changes['share'])}) would have another lead; "
        f"{figure(changes['copies'])} would send copies elsewhere."
    )
    return Section("Whose case it is", (text,), (Shown(table), Shown(both), Shown(areas, folded=len(areas.rows) > 12)))


def _out_of_area(found: Answer) -> Section:
    touched = pairs(found, "cdop")
    rows = tuple(
        (
            named(name, code),
            percent(old and old["out_of_area"]["share"]),
            percent(new and new["out_of_area"]["share"]),
            (new or old)["out_of_area"]["died_elsewhere"],
            (new or old)["out_of_area"]["of"],
            (new or old)["others_died_here"],
        )
        for code, name, old, new in touched
    )
    table = Table(
        "Deaths across the border",
        (
            "Panel", "Its children who died elsewhere, before", "after", "Number", "Of (place of death known)",
            "Other panels' children who died here",
        ),
        rows,
        "Number and the columns after it are of the map after; of a panel that closes, of the map before.",
    )  # fmt: skip
    shares = {
        side: [None if one is None or (s := one["out_of_area"]["share"]) is None else 100 * s for one in column]
        for side, column in (("before", [old for *_, old, _ in touched]), ("after", [new for *_, new in touched]))
    }
    chart = charts.bars(
        "Children who died outside their panel's area",
        "Share of each panel's own children whose place of death is known. Pale: before; dark: after.",
        [name for _, name, _, _ in touched],
        shares,
        unit="% of its children",
    )
    return Section("Out of area", (), (Shown(table, chart if touched else None),))


def _partners(found: Answer) -> Section:
    rows = tuple(
        (
            code,
            len(one["authorities"]),
            ", ".join(one["police_forces"]) or "–",
            ", ".join(one["coroner_areas"]) or "–",
            len(one["jar_teams"]),
        )
        for code, one in found["partners"].items()
    )
    table = Table(
        "Whom each touched panel works with",
        ("Panel", "Authorities", "Police forces", "Coroner areas", "Response teams"),
        rows,
        "From the reference tables, some rows of which are to be confirmed: cdr reference check lists them.",
    )
    return Section("Partners", (), (Shown(table),))


def _everything(found: Answer) -> Section:
    after = {one["cdop"]: one for one in found["after"]["panels"]}
    before = {one["cdop"]: one for one in found["before"]["panels"]}
    panels = tuple(
        (
            named(short((after.get(code) or before[code])["name"]), code),
            _a_year(before.get(code)),
            _a_year(after.get(code)),
            percent((after.get(code) or before[code])["out_of_area"]["share"]),
            (after.get(code) or before[code])["jar"],
        )
        for code in sorted(before.keys() | after.keys())
    )
    teams = tuple(
        (
            named(short(one["name"]), one["team"]),
            one["responses"],
            percent(one["chance_overlap"]),
            one["on_call_cover"],
        )
        for one in found["after"]["jar_teams"]
    )
    return Section(
        "Every panel and team",
        ("Those the footprint doesn't touch, too: a merger next door can change where their copies come from.",),
        (
            Shown(
                Table("All panels", ("Panel", "Cases a year before", "after", "Out of area", "Responses"), panels),
                folded=True,
            ),
            Shown(
                Table(
                    "All response teams, after", ("Team", "Responses", "Overlap by chance", "On call for 99%"), teams
                ),
                folded=True,
            ),
        ),
    )


def _a_year(panel: Any) -> Cell:
    if panel is None:
        return None
    shown: float | str = panel["cases_a_year"] if panel["cases_a_year"] is not None else panel["cases"]
    return shown


def _under(panel: Any) -> str:
    return "under 60" if panel["under_60"] else "60 or more"


def _number(shown: int | str) -> float | None:
    return shown if isinstance(shown, int) else None


def _sum(counts: Mapping[str, int | str]) -> Cell:
    numbers = [count for count in counts.values() if isinstance(count, int)]
    return sum(numbers) if len(numbers) == len(counts) else "<5"
