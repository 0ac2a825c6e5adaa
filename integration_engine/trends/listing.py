"""An answer as data: one object for ``--json``, one line a number for ``--csv``. Only what is published stands in them."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from integration_engine.trends.breakdowns import TITLES, Words
from integration_engine.trends.control import Controlled
from integration_engine.trends.findings import Findings
from integration_engine.trends.lattice import EVERYTHING
from integration_engine.trends.rates import Rate
from integration_engine.trends.suppression import THRESHOLD, is_small
from integration_engine.trends.words import methods

ALL = "all"
"""What a total stands under in a column of values."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def apart(found: Findings) -> dict[str, int | None]:
    """What was counted apart, a small number as None unless the role allows it."""
    held = found.apart
    numbers = {
        "held": held.held,
        "restricted": held.restricted,
        "outside_england": held.outside_england,
        "withdrawn": held.withdrawn,
        "out_of_scope": held.out_of_scope,
        "outside_period": held.outside_period,
    }
    small_shown = found.question.small_shown
    return {name: None if is_small(count) and not small_shown else count for name, count in numbers.items()}


def as_json(found: Findings, words: Words) -> dict[str, Any]:
    """The whole answer as plain data."""
    table = found.table
    plot = found.funnel
    return {
        "by": list(table.by),
        "period": {"from": found.first.isoformat(), "to": found.last.isoformat()},
        "role": found.question.role,
        "suppression": {
            "applied": not found.question.small_shown,
            "threshold": THRESHOLD,
            "suppressed": table.suppressed,
        },
        "total": _number(table.total) | _rate(found.rates.of_all() if found.rates else None),
        "rows": list(_rows(found, words)),
        "apart": apart(found),
        # How often a column couldn't be read would tell how many are unknown.
        "unread_columns": sorted(found.apart.unread),
        "funnel": plot
        and {
            "overall": plot.overall,
            "dispersion": plot.dispersion,
            "widened": plot.widened,
            "expected_beyond_by_chance": {"95%": plot.by_chance[0], "99.8%": plot.by_chance[1]},
            "areas": [
                {
                    "value": one.name,
                    "name": words(table.rows.name, one.name),
                    "observed": one.observed,
                    "expected": one.expected,
                    "ratio": one.ratio,
                    "z": one.z,
                    "beyond": one.beyond,
                }
                for one in plot.placed
            ],
        },
        "charts": [_chart(chart) for chart in found.charts],
        "uncharted": [name or ALL for name in found.uncharted],
        "methods": [{"what": what, "how": how} for what, how in methods(found)],
        "notes": list(found.notes),
    }


def _rows(found: Findings, words: Words) -> Iterator[dict[str, Any]]:
    """Every number of the table: cells first, then row totals, then column totals, each under its values."""
    table, rates = found.table, found.rates
    name, other = table.rows.name, table.columns.name
    two = table.columns is not EVERYTHING
    for row in table.rows.values:
        for column in table.columns.values if two else ():
            yield {
                "values": {name: row, other: column},
                "names": {name: words(name, row), other: words(other, column)},
                **_number(table.cells[row, column], table.row_totals[row]),
                **_rate(rates.of(row, column) if rates else None),
            }
    for row in table.rows.values:
        standard = found.standard.get(row)
        yield {
            "values": {name: row} | ({other: ALL} if two else {}),
            "names": {name: words(name, row)} | ({other: ALL} if two else {}),
            **_number(table.row_totals[row], table.total),
            **_rate(rates.of_row(row) if rates else None),
            **({"standardised": _plain(standard.direct)} if standard and standard.direct else {}),
        }
    for column in table.columns.values if two else ():
        yield {
            "values": {name: ALL, other: column},
            "names": {name: ALL, other: words(other, column)},
            **_number(table.column_totals[column], table.total),
            **_rate(rates.of_column(column) if rates else None),
        }


def share(count: int | None, of: int | None) -> float | None:
    """A count as a percentage of a total; None where either is suppressed or there is nothing to share."""
    return None if count is None or not of else 100 * count / of


def _number(count: int | None, of: int | None = None) -> dict[str, Any]:
    return {"count": count, "suppressed": count is None, "percent": share(count, of)}


def _rate(rate: Rate | None) -> dict[str, Any]:
    return {"rate": _plain(rate)} if rate else {}


def _plain(rate: Rate) -> dict[str, float]:
    return {"value": rate.value, "low": rate.low, "high": rate.high, "per": rate.per, "over": rate.over}


def _chart(chart: Controlled) -> dict[str, Any]:
    return {
        "series": chart.name or ALL,
        "chart": chart.chart,
        "labels": list(chart.labels),
        "values": list(chart.values),
        "centre": chart.centre,
        "low": list(chart.low),
        "high": list(chart.high),
        "provisional": chart.provisional,
        "dispersion": chart.dispersion,
        "signals": [
            {
                "rule": one.rule,
                "at": [chart.labels[at] for at in one.points],
                "direction": "high" if one.high else "low",
            }
            for one in chart.signals
        ],
    }


def as_csv(found: Findings, words: Words) -> str:
    """One line a number, totals under ``all``; a suppressed number is empty with ``suppressed`` = yes."""
    table = found.table
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    labels = [part for one in table.by for part in (one, f"{one}_name")]
    numbers = ("deaths", "suppressed", "percent", "rate", "rate_low", "rate_high", "rate_per")
    writer.writerow([*labels, *numbers, "standardised_rate", "standardised_low", "standardised_high", "signal"])
    beyond = {one.name: one.beyond for one in (found.funnel.placed if found.funnel else ())}
    total = {
        "values": dict.fromkeys(table.by, ALL),
        "names": dict.fromkeys(table.by, ALL),
        **_number(table.total),
        **_rate(found.rates.of_all() if found.rates else None),
    }
    for row in (*_rows(found, words), total):
        values, rate, standard = row["values"], row.get("rate", {}), row.get("standardised", {})
        # An area's own signal belongs to its total.
        alone = len(table.by) == 1 or values[table.columns.name] == ALL
        signal = beyond.get(values[table.rows.name]) if alone else None
        writer.writerow(
            [
                *(_safe(part) for one in table.by for part in (values[one], row["names"][one])),
                "" if row["count"] is None else row["count"],
                "yes" if row["suppressed"] else "no",
                _rounded(row["percent"], 1),
                *(_rounded(rate.get(part), 2) for part in ("value", "low", "high")),
                rate.get("per", ""),
                *(_rounded(standard.get(part), 2) for part in ("value", "low", "high")),
                signal or "",
            ]
        )
    return written.getvalue()


def _rounded(value: float | None, places: int) -> str:
    return "" if value is None else f"{value:.{places}f}"


def _safe(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def heading(found: Findings) -> str:
    """What is counted, in a line."""
    return "Deaths of children by " + " and ".join(lowered(TITLES[one]) for one in found.table.by)


def lowered(title: str) -> str:
    """A title within a sentence."""
    return title if title[:2].isupper() else title[0].lower() + title[1:]
