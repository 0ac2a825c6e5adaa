"""Small counts are hidden so that no sum which is shown gives one away."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from integration_engine.planning.intake import PastCase, Tally, read_rows
from integration_engine.routing.reference import bundled, load_reference
from integration_engine.routing.switches import Switches
from integration_engine.simulation.answer import answer
from integration_engine.simulation.compare import HELD, Asked, Simulation, simulate
from integration_engine.simulation.spreadsheet import spreadsheet
from integration_engine.synthetic.decade import invented_cases

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
PLANS = ("four-areas", "seven-panels")


@cache
def cases() -> tuple[PastCase, ...]:
    """A tenth of the decade, evenly: small counts everywhere."""
    rows = islice(invented_cases(), 0, None, 10)
    return tuple(read_rows(((f"i:{n}", row) for n, row in enumerate(rows)), Tally()))


@cache
def simulation(plan: str, first: date, last: date) -> Simulation:
    asked = Asked("test", date(2027, 4, 1), datetime(2026, 3, 31, tzinfo=UTC), first, last)
    return simulate(cases(), Tally(), bundled(), load_reference(overlay=EXAMPLES / f"{plan}.yaml"), asked, Switches())


WINDOWS = [
    (date(2016, 1, 1), date(2025, 12, 31)),
    (date(2019, 1, 1), date(2020, 6, 30)),
    (date(2024, 3, 1), date(2024, 9, 30)),
]


def by(rows: Sequence[Mapping[str, Any]], key: str, measure: str) -> dict[str, Any]:
    return {row[key]: row[measure] for row in rows}


def sums(found: Mapping[str, Any], plan: Simulation) -> Iterator[tuple[list[Any], Any]]:
    """Every sum in an answer: the shown parts, and what they add up to as it is shown elsewhere."""
    sides = {side: by(found[side]["panels"], "cdop", "cases") for side in ("before", "after")}
    for side, panels in sides.items():
        unled = [*found[side]["no_lead"].values()]
        yield [*panels.values(), *unled], found["changes"]["of"]
        yield list(panels.values()), found[side]["cases"]
    for measure in ("cases", "jar", "held"):
        was, is_now = (by(found[side]["panels"], "cdop", measure) for side in ("before", "after"))
        for code, total in is_now.items():
            yield [was[one] for one, other in plan.flows if other == code and one != HELD], total
    for move in found["changes"]["from_to"]:
        inside = [
            one["cases"] for one in found["changes"]["areas"] if (one["from"], one["to"]) == (move["from"], move["to"])
        ]
        yield inside, move["cases"]
    for panel in (*found["before"]["panels"], *found["after"]["panels"]):
        yield list(panel["years"].values()), panel["cases"]
        yield list(panel["months"].values()), panel["cases"]


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("window", WINDOWS, ids=["decade", "eighteen-months", "half-year"])
def test_no_sum_that_is_shown_leaves_a_small_count_to_be_subtracted(plan: str, window: tuple[date, date]) -> None:
    simulated = simulation(plan, *window)
    found = answer(simulated, suppress=True)
    hidden_somewhere = False
    for parts, total in sums(found, simulated):
        hidden = [one for one in parts if isinstance(one, str)]
        hidden_somewhere |= bool(hidden)
        if isinstance(total, int) and "<5" in hidden:
            left = total - sum(one for one in parts if isinstance(one, int))
            # One hidden count alone would be what is left; small ones alone are known at either end of what they can be.
            assert len(hidden) > 1
            assert "*" in hidden or len(hidden) < left < 4 * len(hidden)
    assert hidden_somewhere


@pytest.mark.parametrize("plan", PLANS)
def test_no_form_has_a_small_count_of_cases(plan: str) -> None:
    found = answer(simulation(plan, *WINDOWS[2]), suppress=True)
    allowed = {"on_call_cover", "years_under_60", "most_at_once", "panels_under_60"}
    for _, _, _, measure, before, after, _ in spreadsheet(found):
        for value in (before, after):
            small = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 5
            assert not small or measure in allowed, measure


def test_nothing_is_hidden_unless_asked() -> None:
    found = answer(simulation("four-areas", *WINDOWS[2]))
    assert not [row for row in spreadsheet(found) if "<5" in row or "*" in row]


def test_what_is_hidden_is_left_out_of_every_figure_made_from_it() -> None:
    found = answer(simulation("four-areas", *WINDOWS[2]), suppress=True)
    hidden = [one for one in found["before"]["panels"] if isinstance(one["cases"], str)]
    assert hidden
    for panel in hidden:
        assert panel["cases_a_year"] is None
        assert panel["chance_under_60"] is None
        assert not any(isinstance(count, int) and count for count in panel["years"].values())
