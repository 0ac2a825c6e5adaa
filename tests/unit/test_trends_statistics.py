"""Intervals, funnels and control charts against numbers worked out by hand or printed in tables."""

import math
from datetime import date

import pytest

from integration_engine.trends.control import control, special_causes
from integration_engine.trends.funnel import Watched, dispersion, funnel, limits
from integration_engine.trends.lattice import EVERYTHING, Axis
from integration_engine.trends.poisson import at_most, exact_interval, gamma_point, limit
from integration_engine.trends.population import BIRTHS, Population, Row, share_of_year
from integration_engine.trends.rates import STANDARD, Rates, crude, standardised
from integration_engine.trends.table import Published


@pytest.mark.parametrize(
    ("count", "low", "high"),
    # Garwood's limits as printed in tables of the Poisson distribution (for example Ulm 1990; Breslow and Day, table 2.11).
    [
        (0, 0, 3.6889),
        (1, 0.0253, 5.5716),
        (2, 0.2422, 7.2247),
        (5, 1.6235, 11.6683),
        (10, 4.7954, 18.3904),
        (100, 81.36, 121.63),
    ],
)
def test_an_exact_interval_is_the_one_in_printed_tables(count: int, low: float, high: float) -> None:
    found = exact_interval(count)
    assert (found.low, found.high) == (pytest.approx(low, abs=0.005), pytest.approx(high, abs=0.005))


def test_an_interval_leaves_the_same_chance_on_both_sides() -> None:
    for count in (1, 7, 60, 3500):
        found = exact_interval(count)
        assert at_most(count, found.high) == pytest.approx(0.025, abs=1e-6)
        assert 1 - at_most(count - 1, found.low) == pytest.approx(0.025, abs=1e-6)


def test_the_chance_of_a_poisson_count_is_the_sum_of_its_terms() -> None:
    for mean in (0.3, 2.0, 10.0, 45.5):
        for count in (0, 1, 4, 11, 60):
            by_hand = sum(math.exp(-mean) * mean**n / math.factorial(n) for n in range(count + 1))
            assert at_most(count, mean) == pytest.approx(by_hand, abs=1e-12)


def test_a_gamma_point_of_shape_one_is_the_exponentials() -> None:
    assert gamma_point(0.5, 1) == pytest.approx(math.log(2))
    assert gamma_point(0.975, 1) == pytest.approx(-math.log(0.025))


def test_a_limit_lies_between_the_whole_numbers_that_enclose_its_chance() -> None:
    # Poisson of mean 10: P(X <= 16) = 0.9730, P(X <= 17) = 0.9857.
    assert 16 < limit(0.975, 10) < 17
    assert limit(0.975, 10) == pytest.approx(17 - (0.985722 - 0.975) / (0.985722 - 0.972958), abs=1e-4)
    assert limit(0.975, 0) == 0


def test_a_crude_rate_is_deaths_over_people() -> None:
    rate = crude(10, 200_000, 100_000)
    assert rate
    assert (rate.value, rate.low, rate.high) == (5, pytest.approx(2.398, abs=0.001), pytest.approx(9.195, abs=0.001))


@pytest.mark.parametrize("over", [None, 0, 0.0, math.inf])
def test_there_is_no_rate_without_people(over: float | None) -> None:
    assert crude(3, over, 1000) is None


def test_a_suppressed_count_has_no_rate() -> None:
    assert crude(None, 1000, 1000) is None


AREAS = Axis("area", ("A", "B"), EVERYTHING, {"A": "", "B": ""})
AGES = Axis("age-band", ("0-27 days", "28-364 days", *list(STANDARD)[1:]), EVERYTHING, dict.fromkeys(STANDARD, ""))


def by_age(a: list[int | None], b: list[int | None]) -> Published:
    cells = {
        (row, age): count
        for row, counts in (("A", a), ("B", b))
        for age, count in zip(AGES.values, counts, strict=True)
    }
    totals = {
        age: None if (x := cells["A", age]) is None or (y := cells["B", age]) is None else x + y for age in AGES.values
    }
    return Published(AREAS, AGES, cells, {"A": 99, "B": 99}, totals, 198, False)


PEOPLE = Population(
    tuple(
        Row(2024, {"area": area, "age-band": band}, people)
        for area, numbers in (("A", (1000, 4000, 5000, 5000, 3000)), ("B", (2000, 8000, 10_000, 10_000, 6000)))
        for band, people in zip(STANDARD, numbers, strict=True)
    ),
    frozenset({"area", "age-band"}),
    {"A": "East", "B": "East"},
)
YEAR = (date(2024, 1, 1), date(2024, 12, 31))


def test_a_directly_standardised_rate_is_the_standards_mean_of_the_age_rates() -> None:
    found = standardised(by_age([6, 4, 8, 5, 10, 6], [5, 15, 8, 10, 10, 12]), PEOPLE, *YEAR)["A"].direct
    assert found
    # Age rates 10/1000, 8/4000, 5/5000, 10/5000, 6/3000; weights 1000, 4000, 5500, 5500, 3300 of 19,300.
    weighted = 1000 * 0.01 + 4000 * 0.002 + 5500 * 0.001 + 5500 * 0.002 + 3300 * 0.002
    assert found.value == pytest.approx(weighted / 19_300 * 100_000)
    assert found.low < found.value < found.high
    # Dobson: from the exact interval of all 39 deaths.
    variance = (
        1000**2 * 10 / 1000**2
        + 4000**2 * 8 / 4000**2
        + 5500**2 * 5 / 5000**2
        + 5500**2 * 10 / 5000**2
        + 3300**2 * 6 / 3000**2
    ) / 19_300**2
    low = weighted / 19_300 + math.sqrt(variance / 39) * (exact_interval(39).low - 39)
    assert found.low == pytest.approx(low * 100_000)


def test_a_suppressed_age_band_leaves_an_area_without_standardised_rate() -> None:
    found = standardised(by_age([6, 4, 8, None, 10, 6], [5, 15, 8, 10, 10, 12]), PEOPLE, *YEAR)
    assert found["A"].direct is None
    assert found["B"].direct
    assert found["A"].expected is None, "everybody's rate at that age would give the count away"


def test_expected_deaths_are_everybodys_rates_over_an_areas_children() -> None:
    found = standardised(by_age([6, 4, 8, 5, 10, 6], [5, 15, 8, 10, 10, 12]), PEOPLE, *YEAR)
    # Everybody: 30/3000, 16/12000, 15/15000, 20/15000, 18/9000.
    by_hand = 1000 * 30 / 3000 + 4000 * 16 / 12_000 + 5000 * 15 / 15_000 + 5000 * 20 / 15_000 + 3000 * 18 / 9000
    assert found["A"].expected == pytest.approx(by_hand)


def test_infants_are_counted_over_live_births() -> None:
    rows = (
        *PEOPLE.rows,
        Row(2024, {"area": "A", "age-band": BIRTHS}, 2000),
        Row(2024, {"area": "B", "age-band": BIRTHS}, 3000),
    )
    people = Population(rows, PEOPLE.known, PEOPLE.regions)
    rates = Rates(by_age([6, 4, 8, 5, 10, 6], [5, 15, 8, 10, 10, 12]), people, *YEAR)
    newborn, toddler = rates.of("A", "0-27 days"), rates.of("A", "1-4 years")
    assert newborn
    assert (newborn.value, newborn.per) == (3, 1000)
    assert toddler
    assert (toddler.value, toddler.per) == (200, 100_000)


def test_a_part_of_a_year_counts_for_its_days() -> None:
    assert share_of_year(2024, date(2024, 2, 1), date(2024, 2, 29)) == 29 / 366
    assert share_of_year(2023, date(2023, 2, 1), date(2023, 2, 28)) == 28 / 365
    assert share_of_year(2022, date(2023, 1, 1), date(2023, 12, 31)) == 0
    half = PEOPLE.person_years({"area": {"A"}}, date(2024, 1, 1), date(2024, 6, 30))
    assert half == pytest.approx(18_000 * 182 / 366)


def test_a_year_or_an_area_that_the_population_lacks_has_no_denominator() -> None:
    assert PEOPLE.person_years({"area": {"A"}}, date(2024, 1, 1), date(2025, 1, 31)) is None
    assert PEOPLE.person_years({"area": {"C"}}, *YEAR) is None
    assert PEOPLE.person_years({"sex": {"male"}}, *YEAR) is None


def test_a_funnels_limits_are_the_poisson_ones_where_areas_differ_by_chance_alone() -> None:
    found = limits(10.0, 1.0)
    assert found.high_warning == pytest.approx(limit(0.975, 10) / 10)
    assert found.low_alarm == pytest.approx(limit(0.001, 10) / 10)


def test_a_funnels_limits_are_widened_by_the_root_of_the_over_dispersion() -> None:
    found = limits(100.0, 1.0, phi=4.0)
    assert found.high_warning == pytest.approx(1 + 1.959964 * math.sqrt(4 / 100), abs=1e-6)
    assert found.low_alarm == pytest.approx(1 - 3.090232 * math.sqrt(4 / 100), abs=1e-6)


def test_over_dispersion_is_the_mean_square_of_winsorised_scores() -> None:
    assert dispersion([1.0, -1.0, 2.0, -2.0]) == pytest.approx(2.5)
    # Of ten, the lowest and the highest are drawn in to their neighbours.
    assert dispersion([-9.0, -1, -1, -1, -1, 1, 1, 1, 1, 9.0]) == pytest.approx(1.0)


def test_an_area_far_above_the_others_is_beyond_the_limits_and_the_others_are_not() -> None:
    areas = [Watched(f"A{n}", 98 + n % 5, 100.0) for n in range(20)] + [Watched("High", 160, 100.0)]
    found = funnel(areas)
    assert found
    assert {one.name: one.beyond for one in found.placed if one.beyond} == {"High": "above 99.8%"}
    assert not found.widened
    assert found.by_chance == (pytest.approx(1.05), pytest.approx(0.042))


def test_areas_that_differ_by_more_than_chance_have_wider_limits() -> None:
    areas = [Watched(f"A{n}", 70 if n % 2 else 130, 100.0) for n in range(20)]
    found = funnel(areas)
    assert found
    assert found.widened
    assert found.dispersion == pytest.approx(9.0)
    assert not [one for one in found.placed if one.beyond]


def test_too_few_areas_or_no_deaths_make_no_funnel() -> None:
    assert funnel([Watched("A", 5, 5.0)] * 4) is None
    assert funnel([Watched("A", 0, 5.0)] * 9) is None
    assert funnel([Watched("A", 5, 0.0)] * 9) is None


def test_an_xmr_chart_has_the_textbooks_limits() -> None:
    # Mean 11; moving ranges 2, 4, 2, 0, 2, 4, 2, so 16/7 on average; limits 11 +- 2.66 x 16/7.
    found = control("", "abcdefgh", [10, 12, 8, 10, 10, 12, 16, 10], [1.0] * 8, "xmr")
    assert found
    moving = (2 + 4 + 2 + 0 + 2 + 4 + 6) / 7
    assert found.centre == 11
    assert found.high[0] == pytest.approx(11 + 2.66 * moving)
    assert found.low[0] == pytest.approx(11 - 2.66 * moving)


def test_a_u_charts_limits_go_with_the_length_of_each_period() -> None:
    found = control("", "abcdefghi", [31, 28, 31, 30, 31, 30, 31, 31, 30], [31.0, 28, 31, 30, 31, 30, 31, 31, 30])
    assert found
    assert found.centre == 1
    assert set(found.values) == {1.0}
    assert found.high[1] == pytest.approx(limit(0.99865, 28) / 28)
    assert found.high[1] > found.high[0]
    assert found.signals == ()
    # Close to the textbook's three standard deviations, less lopsided.
    assert found.high[0] == pytest.approx(1 + 3 / math.sqrt(31), abs=0.06)


LOW, HIGH = [0.0] * 30, [20.0] * 30


def rules(values: list[float]) -> set[tuple[str, tuple[int, ...], bool]]:
    found = special_causes(values, 10, LOW[: len(values)], HIGH[: len(values)])
    return {(one.rule, one.points, one.high) for one in found}


def test_a_point_outside_the_limits_is_a_signal() -> None:
    assert rules([10, 11, 21, 9]) == {("outside limits", (2,), True)}


def test_seven_on_one_side_of_the_mean_are_a_shift_and_six_are_not() -> None:
    assert rules([11, 12] * 3) == set()
    assert rules([11, 12] * 3 + [11]) == {("shift", tuple(range(7)), True)}
    assert rules([11, 12, 10, 11, 12, 11, 12]) == set(), "a point on the mean breaks a run"


def test_seven_rising_are_a_trend_and_six_are_not() -> None:
    assert rules([7, 8, 9, 11, 12, 13]) == set()
    assert rules([7, 8, 9, 10.5, 11, 12, 13]) == {("trend", tuple(range(7)), True)}
    assert rules([13, 12, 11, 10.5, 9, 8, 7]) == {("trend", tuple(range(7)), False)}


def test_two_of_three_in_the_outer_third_are_a_signal() -> None:
    assert rules([17, 10, 18, 9]) == {("two of three near a limit", (0, 2), True)}
    assert rules([17, 9, 10, 18]) == set()
    assert rules([3, 10, 2, 11]) == {("two of three near a limit", (0, 2), False)}


def test_too_few_points_no_deaths_or_an_empty_period_make_no_chart() -> None:
    assert control("", "abcdefg", [1] * 7, [1.0] * 7) is None
    assert control("", "abcdefgh", [0] * 8, [1.0] * 8) is None
    assert control("", "abcdefgh", [1] * 8, [1.0] * 7 + [0.0]) is None
