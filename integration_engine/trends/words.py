"""The methods of trends in sentences, for every output that shows a number made by them."""

from integration_engine.trends.findings import Findings


def methods(found: Findings) -> tuple[tuple[str, str], ...]:
    """What was done and how, for what this answer holds."""
    said = [
        (
            "Counted",
            "Deaths in scope of child death review of children who lived in England, in the area of the panel whose case "
            "it is today. Cases that wait for a person, restricted cases and children from outside England are counted "
            "apart; withdrawn and out-of-scope cases aren't counted.",
        )
    ]
    if "category" in found.table.by:
        said.append(
            (
                "Category",
                "As stated by a partner; else read from the coroner's conclusion, the type of police event or the ICD-10 "
                "codes, in this order, by the table death-categories.yaml. Unknown where none of them says: never guessed.",
            )
        )
    if not found.question.small_shown:
        said.append(
            (
                "Suppression",
                "Threshold 5. A further count is hidden wherever a hidden one could be worked out: every small count could, "
                "for all the numbers shown, be 5 or more. Months, quarters and years, and authorities, panels and regions, "
                "hold together, and with every table of two breakdowns. Tables that cross three breakdowns in pairs, or "
                "overlapping periods, aren't held together: publish one or the other.",
            )
        )
    if found.rates is not None:
        said.append(
            (
                "Rates",
                "Deaths per 100,000 children and year (person-years: each year's population by its share of days in the "
                "period); in the first year of life per 1,000 live births. 95% intervals: exact Poisson (Garwood 1936).",
            )
        )
    if any(one.direct for one in found.standard.values()):
        said.append(
            (
                "Age standardisation",
                "Direct, to the 2013 European Standard Population below 18 (15 to 17 taken as three fifths of 15 to 19), "
                "interval by Dobson et al. 1991. Not given where the count of an age band is suppressed.",
            )
        )
    if found.funnel is not None:
        said.append(("Funnel plot", _funnel(found)))
    if found.charts:
        said.append(("Control chart", _control(found)))
    return tuple(said)


def _funnel(found: Findings) -> str:
    plot = found.funnel
    if plot is None:
        return ""
    expected = "by age" if any(one.expected is not None for one in found.standard.values()) else "by number of children"
    limits = (
        f"The areas differ by more than chance (over-dispersion {plot.dispersion:.2f}): normal limits, widened by its root."
        if plot.widened
        else f"Exact Poisson limits (over-dispersion {plot.dispersion:.2f}, within what chance allows)."
    )
    return (
        f"Spiegelhalter 2005: observed over expected deaths ({expected}, at the rates of all areas shown together), limits "
        f"95% and 99.8%. {limits} {caution(found)}"
    )


def caution(found: Findings) -> str:
    """What multiple testing makes of signals."""
    plot = found.funnel
    if plot is None:
        return ""
    return (
        f"Of {len(plot.placed)} areas about {plot.by_chance[0]:.1f} lie beyond 95% and {plot.by_chance[1]:.1f} beyond 99.8% "
        "by chance alone: a signal is a reason to look, not a finding."
    )


def _control(found: Findings) -> str:
    kind = (
        "u chart: deaths per day, limits exact Poisson at the chances of three standard deviations (0.135% each side)"
        if found.question.chart == "u"
        else "XmR chart: individual values, limits mean ± 2.66 times the mean moving range"
    )
    return (
        f"{kind}. Rules of NHS England's Making Data Count: a point outside the limits; seven in a row on one side of the "
        "mean (shift); seven in a row rising or falling (trend); two of three in the outer third. "
        f"{len(found.charts)} series were looked at: the more, the more signals by chance. A season may look like a signal."
    )
