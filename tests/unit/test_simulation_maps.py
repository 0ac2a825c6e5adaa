"""A simulation places cases as routing does, and as if the footprint had always been in force."""

from datetime import date, datetime, time
from itertools import islice
from pathlib import Path

import pytest

from integration_engine.planning.intake import PastCase, Tally, read_rows
from integration_engine.record.dates import LONDON
from integration_engine.routing.reference import Reference, bundled, load_reference
from integration_engine.routing.route import route
from integration_engine.routing.switches import Switches
from integration_engine.simulation.compare import HELD, Asked, Simulation, simulate
from integration_engine.simulation.maps import on_one_day
from integration_engine.simulation.placing import place_case
from integration_engine.synthetic.decade import invented_cases

AS_OF = date(2027, 4, 1)
NOON = datetime.combine(AS_OF, time(12), LONDON)
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
FOUR, SEVEN = EXAMPLES / "four-areas.yaml", EXAMPLES / "seven-panels.yaml"
# Surrey gives two of its districts away: its other cases stay.
PART = """
footprint: surrey-west
from: 2027-04-01
cdops: [{code: SURREY-W, name: West Surrey CDOP, areas: [E07000209, E07000217]}]
"""


def cases(*rows: dict[str, str]) -> list[PastCase]:
    written = [(f"t:{number}", {"id": str(number), **row}) for number, row in enumerate(rows)]
    return list(read_rows(written, Tally()))


def invented(count: int) -> list[PastCase]:
    rows = islice(invented_cases(), 0, None, 35_000 // count)
    return list(read_rows(((f"i:{n}", row) for n, row in enumerate(rows)), Tally()))


def simulated(found: list[PastCase], footprint: Path, before: Reference | None = None) -> Simulation:
    asked = Asked("test", AS_OF, NOON)
    return simulate(found, Tally(), before or bundled(), load_reference(overlay=footprint), asked, Switches())


def test_a_case_is_placed_where_routing_sends_it() -> None:
    for case in invented(700):
        death, placing = place_case(case, bundled(), NOON, Switches())
        routing = route(case.record, (), standing=case.standing, decided={}, reference=bundled(), now=NOON)
        assert (placing.state, placing.rule) == (routing.state, routing.rule)
        assert placing.lead == (routing.lead.cdop if routing.lead else None)
        assert placing.copies == tuple(copy.cdop for copy in routing.copies)
        assert (placing.jar, placing.team) == (routing.jar.required, routing.jar.team)
        assert death.day == case_day(case)


def case_day(case: PastCase) -> date:
    return date.fromisoformat((case.record.death.died_at or "")[:10])


@pytest.mark.parametrize("footprint", [FOUR, SEVEN])
def test_sparing_the_second_routing_changes_no_answer(footprint: Path) -> None:
    found = invented(1400)
    simulation = simulated(found, footprint)
    after, _, _ = on_one_day(load_reference(overlay=footprint), AS_OF)
    placed = [place_case(case, after, NOON, Switches())[1] for case in found]
    for code, panel in simulation.after.panels.items():
        assert panel.cases == sum(one.lead == code for one in placed)
        assert panel.copies == sum(code in one.copies for one in placed)
    for code, team in simulation.after.teams.items():
        assert team.responses == sum(one.jar and one.team == code for one in placed)


def test_an_area_that_moves_takes_its_past_cases_along(tmp_path: Path) -> None:
    footprint = tmp_path / "part.yaml"
    footprint.write_text(PART)
    simulation = simulated(
        cases(
            {
                "birth_date": "2019-01-01",
                "death_datetime": "2020-05-05",
                "home_lad": "E07000209",
                "death_lad": "E07000209",
            },
            {
                "birth_date": "2019-01-01",
                "death_datetime": "2020-05-05",
                "home_lad": "E07000210",
                "death_lad": "E07000209",
            },
        ),
        footprint,
    )
    assert dict(simulation.moved) == {("SURREY", "SURREY-W"): 1}
    assert simulation.after.panels["SURREY"].cases == 1
    # What was a death within Surrey is one outside the area of what is left of it.
    assert (simulation.before.panels["SURREY"].died_away, simulation.after.panels["SURREY"].died_away) == (0, 1)
    assert (simulation.before.copies, simulation.after.copies) == (0, 1)


def test_a_death_before_a_panel_closed_long_ago_is_its_successors_on_both_maps() -> None:
    # Poole's code of before 2019, and the panel it had then.
    simulation = simulated(
        cases({"birth_date": "2010-01-01", "death_datetime": "2019-03-15", "home_lad": "E06000029"}), FOUR
    )
    assert simulation.before.panels["PDORSOM"].cases == 1
    assert not simulation.moved


def test_response_teams_change_apart_from_panels() -> None:
    home = {"birth_date": "2010-01-01", "death_datetime": "2024-03-15T10:00", "expected": "unexpected"}
    simulation = simulated(
        cases(
            {**home, "home_lad": "E08000035", "death_lad": "E08000035"},
            {**home, "home_lad": "E06000012", "death_lad": "E06000012"},
        ),
        SEVEN,
    )
    assert dict(simulation.team_flows) == {("JAR-LEEDS", "JAR-AIRE"): 1, ("JAR-NLINCS", "JAR-ISLE"): 1}
    assert dict(simulation.moved) == {("LEEDS", "YORKS-SW"): 1}


def test_a_case_that_nobody_can_place_is_held_on_both_maps() -> None:
    simulation = simulated(cases({"birth_date": "2010-01-01", "death_datetime": "2024-03-15"}), FOUR)
    assert dict(simulation.flows) == {(HELD, HELD): 1}
    assert simulation.before.unplaced == {"held.no-residence": 1}


def test_the_window_leaves_out_and_counts_what_lies_outside() -> None:
    found = cases(
        *({"birth_date": "2010-01-01", "death_datetime": day} for day in ("2023-12-31", "2024-01-01", "2024-12-31"))
    )
    asked = Asked("test", AS_OF, NOON, first=date(2024, 1, 1), last=date(2024, 12, 31))
    simulation = simulate(found, Tally(), bundled(), bundled(), asked, Switches())
    assert (simulation.outside, simulation.window.days) == (1, 366)


def test_a_footprint_that_changes_nothing_changes_nothing() -> None:
    asked = Asked("test", AS_OF, NOON)
    simulation = simulate(invented(300), Tally(), bundled(), bundled(), asked, Switches())
    assert simulation.before == simulation.after
    assert not simulation.moved
    assert not simulation.panels


def test_the_invented_decade_is_the_same_each_time_and_looks_like_one() -> None:
    rows = list(invented_cases(4000))
    assert rows == list(invented_cases(4000))
    unexpected = sum(row["expected"] == "unexpected" for row in rows) / len(rows)
    away = sum("death_lad" in row and row["death_lad"] != row.get("home_lad") for row in rows) / len(rows)
    assert 0.27 < unexpected < 0.33
    assert 0.25 < away < 0.4
    assert {row["death_datetime"][:4] for row in rows} == {str(year) for year in range(2016, 2026)}
