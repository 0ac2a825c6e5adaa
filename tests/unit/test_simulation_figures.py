"""A simulation's figures against ones worked out by hand and against textbooks."""

import math
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from integration_engine.record.dates import Precision
from integration_engine.simulation.caseload import MapFigures, busiest_week, figures
from integration_engine.simulation.costs import CostsError, UnitCosts, bill, read_costs
from integration_engine.simulation.placing import Death, Placing
from integration_engine.simulation.queueing import cover, erlang_b, fewer_than, load, observed_overlaps, overlap
from integration_engine.simulation.window import Window, spanning

YEAR = Window(date(2024, 1, 1), date(2024, 12, 31))


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=day - 1, hours=hour)


def case(
    day: int,
    lead: str | None = "A",
    died_in: str | None = "A",
    *,
    team: str | None = None,
    state: str = "open",
    by: str = "lead.usual-address",
    copies: tuple[str, ...] = (),
) -> tuple[Death, Placing]:
    moment = at(day, 12)
    death = Death(moment.date(), moment, Precision.MINUTE, "E1", "E2" if died_in else None, False)
    rule = "held.no-residence" if lead is None else "scope.child"
    return death, Placing(state, rule, lead, by if lead else "", died_in, copies, team is not None, team)  # type: ignore[arg-type]  # a state in a test's own words


def counted(*cases: tuple[Death, Placing], window: Window = YEAR, hours: float = 48) -> MapFigures:
    return figures(cases, window, panels={"A": "Panel A", "B": "Panel B"}, teams={"T": "Team"}, jar_hours=hours)


@pytest.mark.parametrize(
    ("servers", "erlangs", "known"),
    [(1, 1.0, 0.5), (2, 1.0, 0.2), (1, 0.1, 1 / 11), (5, 3.0, 0.110054), (10, 5.0, 0.018385), (2, 0.153, 0.010046)],
)
def test_erlang_b_gives_the_values_of_the_tables(servers: int, erlangs: float, known: float) -> None:
    assert erlang_b(servers, erlangs) == pytest.approx(known, rel=1e-3)


def test_cover_is_the_least_that_keeps_the_limit() -> None:
    # Published 1% capacities: 1 server carries 0.0101 erlangs, 2 carry 0.153, 3 carry 0.455, 4 carry 0.869.
    assert [cover(a) for a in (0.0, 0.01, 0.0102, 0.1525, 0.1530, 0.455, 0.456, 0.869)] == [1, 1, 2, 2, 3, 3, 4, 4]


def test_the_chance_of_an_overlap_is_that_of_any_other_running() -> None:
    assert overlap(0.0) == 0
    assert overlap(math.log(2)) == pytest.approx(0.5)


def test_a_team_called_once_a_week_for_a_day_and_a_half_has_its_load() -> None:
    found = load(52, 52, 42)
    assert found.erlangs == pytest.approx(0.25)
    assert found.overlap == pytest.approx(1 - math.exp(-0.25))
    assert found.cover == 3
    assert found.busy == pytest.approx(0.25 * (1 - found.unmet) / 3)


def test_overlaps_as_they_came_are_counted_from_each_start() -> None:
    starts = [at(1), at(2), at(2, 12), at(10), at(12), at(14)]
    # With 48 h: the 2nd and 3rd begin while others run, three at once; the 12th begins just as the 10th's ends.
    assert observed_overlaps(starts, 48) == (2, 3)
    assert observed_overlaps(starts, 49) == (4, 3)
    assert observed_overlaps([], 48) == (0, 0)


def test_the_chance_of_few_is_the_poisson_sum() -> None:
    assert fewer_than(1, 2.0) == pytest.approx(math.exp(-2))
    assert fewer_than(3, 2.0) == pytest.approx(math.exp(-2) * (1 + 2 + 2))
    assert fewer_than(60, 0.0) == 1.0
    assert fewer_than(60, 200.0) < 1e-20


def test_cases_are_counted_by_panel_year_month_and_week() -> None:
    found = counted(case(1), case(3), case(4), case(40), case(40, "B"))
    panel = found.panels["A"]
    assert (panel.cases, dict(panel.years)) == (4, {2024: 4})
    assert dict(panel.months) == {"2024-01": 3, "2024-02": 1}
    assert panel.busiest_month == ("2024-01", 3)
    assert panel.busiest_week == (date(2024, 1, 1), 3)
    assert panel.a_year == pytest.approx(4 * 365.25 / 366)
    assert found.cases == 5


def test_a_panel_without_a_case_is_shown_with_none() -> None:
    assert counted(case(1)).panels["B"].cases == 0
    assert counted(case(1)).panels["B"].busiest_week is None


def test_of_equally_busy_weeks_the_first_is_named() -> None:
    assert busiest_week([date(2024, 1, 10), date(2024, 1, 3)]) == (date(2024, 1, 1), 1)


def test_out_of_area_counts_a_panels_own_children_whose_place_of_death_is_known() -> None:
    found = counted(
        case(1),
        case(2, died_in="B"),
        case(3, died_in="B"),
        case(4, died_in=None),
        case(5, "B", "B", by="lead.place-of-death"),
    )
    a, b = found.panels["A"], found.panels["B"]
    assert (a.died_away, a.residents) == (2, 3)
    assert (b.others_died_here, b.residents) == (2, 0)
    assert found.place_unknown == 1


def test_withdrawn_and_out_of_scope_count_nowhere_and_the_unplaced_by_rule() -> None:
    found = counted(case(1, state="withdrawn"), case(2, state="out-of-scope"), case(3, None, state="held"), case(4))
    assert (found.cases, found.held, dict(found.unplaced)) == (1, 1, {"held.no-residence": 1})
    assert dict(found.left_out) == {"withdrawn": 1, "out-of-scope": 1}


def test_responses_are_counted_by_team_with_their_overlaps() -> None:
    found = counted(case(1, team="T"), case(2, team="T"), case(20, team="T"), case(21))
    team = found.teams["T"]
    assert (team.responses, team.overlapping, team.most_at_once, team.busiest_week) == (3, 1, 2, (date(2024, 1, 1), 2))
    assert team.a_week == pytest.approx(3 * 7 / 366)
    assert found.jar == 3


def test_the_window_is_whole_months_around_the_deaths_but_not_beyond_today() -> None:
    days = [date(2024, 2, 10), date(2024, 11, 5)]
    assert spanning(days, date(2026, 1, 1)) == Window(date(2024, 2, 1), date(2024, 11, 30))
    assert spanning(days, date(2024, 11, 20)).last == date(2024, 11, 20)
    assert spanning(days, date(2026, 1, 1), date(2024, 1, 1), date(2025, 12, 31)).whole_years == (2024, 2025)


def test_a_window_that_is_asked_for_ends_today_at_the_latest() -> None:
    days = [date(2024, 2, 10)]
    assert spanning(days, date(2024, 6, 30), date(2024, 1, 1), date(2030, 12, 31)).last == date(2024, 6, 30)
    assert spanning(days, date(2024, 6, 30), date(2024, 1, 1), date(2024, 3, 31)).last == date(2024, 3, 31)


def test_months_of_a_window_run_over_new_year() -> None:
    assert Window(date(2023, 11, 5), date(2024, 2, 1)).months == ("2023-11", "2023-12", "2024-01", "2024-02")


def test_what_a_map_costs_is_each_price_times_what_it_is_for() -> None:
    costs = UnitCosts("GBP", "", {"fixed": 100.0, "per_case": 2.0}, {"B": {"fixed": 50.0}}, {"on_call": 10.0}, {})
    found = bill(counted(case(1), case(2), case(3, "B", team="T")), costs, 2.0, ("A", "B"), ("T",))
    assert found.parts == {"fixed": 150.0, "per_case": 3.0, "on_call": 10.0, "per_response": 0.0}
    assert found.unpriced == ("per_response: all",)
    assert found.total == 163.0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("panel: {fixed: -1}", "isn't negative"),
        ("panel: {rent: 1}", "prices for fixed and per_case"),
        ("currency: GBP", "stand under"),
        ("team: {on_call: lots}", "number"),
        ("panle: {fixed: 1}\nteam: {on_call: 1}", "panle"),
        ("panel: [1]", "prices"),
        ("panel: {fixed: .inf}", "number"),
        (": : :", "YAML"),
    ],
)
def test_unit_costs_that_cannot_be_are_refused_with_where_and_why(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "costs.yaml"
    file.write_text(text)
    with pytest.raises(CostsError, match=r"costs\.yaml") as told:
        read_costs(file)
    assert why in str(told.value)
