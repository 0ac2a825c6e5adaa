"""What a simulation's report says of itself: what it compares, how each figure is worked out, and what to beware of."""

from collections.abc import Mapping
from typing import Any


def warnings(found: Mapping[str, Any]) -> tuple[str, ...]:
    """What a reader must know before the first figure."""
    cases, window = found["cases"], found["window"]
    said = []
    if found["suppressed"]:
        said.append(
            "Small numbers are hidden: <5 stands for 1 to 4, * for a larger number from which a small one could be worked "
            "out. Other publications of the same deaths may still give them away."
        )
    else:
        said.append(
            "For planners only. Small counts in small areas can tell who a child was: don't publish this page or send it "
            "on. Make the page to publish with --suppress."
        )
    if cases["bad"]:
        said.append(f"Rows that couldn't be used and are in no figure: {cases['bad']:,}. The command names each.")
    if cases["restricted"]:
        said.append(f"Restricted cases that are held and in no figure here: {cases['restricted']:,}.")
    if cases["unread"]:
        columns = ", ".join(f"{column} ({count:,})" for column, count in cases["unread"].items())
        said.append(f"Values that couldn't be read were taken as missing: {columns}.")
    if window["empty_years"]:
        years = ", ".join(map(str, window["empty_years"]))
        said.append(f"No case at all in {years}: is the data whole? Figures a year count those years too.")
    if window["years"] < 1:
        said.append("Less than a year of cases: figures a year are stretched from it and unsure.")
    if found["before"]["cases"] and found["before"]["jar"] == 0:
        said.append("No case calls for a joint agency response: has the input the columns expected and event_type?")
    return tuple(said)


def methods(found: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Each method with its formula and its source."""
    assumed, window = found["assumptions"], found["window"]
    hours, limit = assumed["jar_hours"], assumed["unmet_limit"]
    return (
        (
            "What is compared",
            f"Every case is routed twice by the engine's own rules: with the areas in force without the footprint, and with "
            f"the footprint laid over them, both as of {found['as_of']} and both held against every death whenever it was. "
            "Cases that were withdrawn or out of scope count in neither.",
        ),
        (
            "Cases a year",
            f"Cases divided by the window's length, {window['years']:.2f} years of 365.25 days "
            f"({window['first']} to {window['last']}). Years under 60 counts whole calendar years only.",
        ),
        (
            "60 a year",
            "The area of a panel should see at least 60 deaths a year (Child Death Review: statutory and operational "
            "guidance, England, 2018).",
        ),
        (
            "Chance of a year under 60",
            "P(N < 60) where N is a Poisson count with the mean above: what chance alone does, with the mean staying as it "
            "is.",
        ),
        (
            "Out of area",
            "A panel's own children (led by residence, not by place of death) whose place of death is known, and lies "
            "outside the areas of the panel on that map; deaths abroad and in other nations count as outside.",
        ),
        (
            "Busiest week and month",
            "Weeks begin on Monday (ISO 8601). Of several equal ones the first. Deaths whose day (month) isn't known are "
            "left out of them.",
        ),
        (
            "Began while another ran, as it came",
            f"Responses sorted by time of death; one that begins less than {hours:g} h after an earlier one of its team "
            "began counts. A death known by its date only is put at noon.",
        ),
        (
            "By chance",
            f"Arrivals as a Poisson process at the mean rate λ, each busy for H = {hours:g} h: offered load a = λH, and "
            "P(another is running) = 1 − exp(−a). As it came above by chance means that calls cluster.",
        ),
        (
            "On call for 99%" if limit == 0.01 else f"On call so that nobody free stays under {100 * limit:g}%",
            "The least c with B(c, a) below the limit, by Erlang's loss formula B(0) = 1, B(n) = a·B(n−1) / (n + a·B(n−1)); "
            "a response for which nobody is free is taken to be run by a neighbouring team. Busy share = a·(1 − B)/c. It "
            "assumes an even rate by day and night, and one team member set for each response.",
        ),
        (
            "Costs",
            "A panel's fixed cost a year and each case it leads; a team's cost a year for each on call at once, and each "
            "response; times the figures above, for the panels and teams the footprint touches. "
            "Unit costs are the planner's.",
        ),
    )
