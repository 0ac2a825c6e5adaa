"""The same past cases under two maps: what if this footprint had been in force all along?

``before`` holds the map in force without the footprint against every case, ``after`` the map with it, both as of one day
(``as_of``: the footprint's last step, or today if that is later), whenever the child died. So nothing differs but the
footprint.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from integration_engine.planning.intake import PastCase, Tally
from integration_engine.record.dates import LONDON, Precision, london
from integration_engine.routing.footprints import Footprint
from integration_engine.routing.reference import Reference
from integration_engine.routing.switches import Switches
from integration_engine.simulation.caseload import MapFigures, figures
from integration_engine.simulation.maps import OneDay, areas_of, on_one_day
from integration_engine.simulation.placing import Death, Placing, place_case, when
from integration_engine.simulation.window import Window, spanning

JAR_HOURS = 48.0
"""How long a joint agency response keeps its team busy unless the planner says otherwise: the first visit and the first
meetings. An assumption, not a published figure."""

HELD, NO_TEAM = "held for a person", "no team"
_COUNTED = ("open", "held")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a planner asks. ``first`` and ``last`` limit the days of death; ``jar_hours`` is how long one response keeps its
    team; ``unmet_limit`` the chance of nobody free that is still borne."""

    name: str
    as_of: date
    now: datetime
    first: date | None = None
    last: date | None = None
    jar_hours: float = JAR_HOURS
    unmet_limit: float = 0.01


@dataclass(frozen=True, slots=True)
class AreaMove:
    """The cases of one home district whose lead changes. ``district`` None: decided by something else than a home."""

    district: str | None
    name: str
    before: str
    after: str
    cases: int


@dataclass(frozen=True, slots=True)
class Partners:
    """Whom a panel works with, by the map: the names of the authorities it covers, and of the police forces, coroner areas
    and response teams that cover any of them."""

    authorities: tuple[str, ...]
    police: tuple[str, ...]
    coroners: tuple[str, ...]
    teams: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Simulation:
    """Both maps' figures and what differs. ``moved`` counts cases by lead before and after (``held for a person`` where
    there is none) where these differ, ``flows`` all of them, ``team_flows`` the responses whose team differs; ``panels``
    and ``teams`` are the bodies the footprint touches, ``partners`` whom those panels work with (a panel on both maps:
    after); ``outside`` are cases out of the window, ``empty_years`` whole calendar years in it without any case."""

    asked: Asked
    window: Window
    tally: Tally
    before: MapFigures
    after: MapFigures
    moved: Mapping[tuple[str, str], int]
    areas: tuple[AreaMove, ...]
    panels: tuple[str, ...]
    teams: tuple[str, ...]
    partners: Mapping[str, Partners]
    flows: Mapping[tuple[str, str], int]
    team_flows: Mapping[tuple[str, str], int]
    outside: int
    empty_years: tuple[int, ...]
    copies_changed: int
    undated: int
    untimed: int


def simulate(
    cases: Iterable[PastCase], tally: Tally, before: Reference, after: Reference, asked: Asked, switches: Switches
) -> Simulation:
    """Hold two maps against past cases. ``before`` and ``after`` are the reference data without and with the footprint."""
    old, old_cdops, old_teams = on_one_day(before, asked.as_of)
    new, new_cdops, new_teams = on_one_day(after, asked.as_of)
    panels = _touched(before.cdops, after.cdops, asked.as_of)
    teams = _touched(before.jar_teams, after.jar_teams, asked.as_of)
    same_map = _SameAnswers(old_cdops, new_cdops, old_teams, new_teams, frozenset(panels), asked.as_of)
    # Noon: no clock change moves it to another day.
    now = datetime.combine(asked.as_of, time(12), LONDON)
    taken: list[tuple[Death, Placing, Placing]] = []
    outside = 0
    for case in cases:
        day = when(case)[0].date()
        if (asked.first and day < asked.first) or (asked.last and day > asked.last):
            outside += 1
            continue
        same_map.begin()
        death, was = place_case(case, old, now, switches)
        same = not case.decided and same_map.says_the_same_of(was)
        taken.append((death, was, was if same else place_case(case, new, now, switches)[1]))
    window = spanning((death.day for death, _, _ in taken), london(asked.now).date(), asked.first, asked.last)
    counted = [case for case in taken if case[1].state in _COUNTED]
    moved = [(death, was, now_is) for death, was, now_is in counted if was.lead != now_is.lead]
    return Simulation(
        asked=asked,
        window=window,
        tally=tally,
        before=_figures(((d, was) for d, was, _ in taken), window, before, asked),
        after=_figures(((d, now_is) for d, _, now_is in taken), window, after, asked),
        moved=Counter((was.lead or HELD, now_is.lead or HELD) for _, was, now_is in moved),
        areas=_area_moves(moved, after),
        panels=panels,
        teams=teams,
        partners={code: _partners(before, code, asked.as_of) for code in panels}
        | {code: found for code in panels if (found := _partners(after, code, asked.as_of)).authorities},
        flows=Counter((was.lead or HELD, now_is.lead or HELD) for _, was, now_is in counted),
        team_flows=Counter(
            (was.team or NO_TEAM, now_is.team or NO_TEAM)
            for _, was, now_is in counted
            if was.jar and was.team != now_is.team
        ),
        outside=outside,
        empty_years=tuple(sorted(set(window.whole_years) - {death.day.year for death, _, _ in taken})),
        copies_changed=sum(set(was.copies) != set(now_is.copies) for _, was, now_is in counted),
        undated=sum(death.known < Precision.DAY for death, _, _ in taken),
        untimed=sum(death.known == Precision.DAY for death, _, _ in taken),
    )


@dataclass(frozen=True, slots=True)
class _SameAnswers:
    """Spares the second routing: a case none of whose areas has another owner on the second map is placed there alike.

    Every area routing asks about on the first map is noted. What is asked of a panel's whole area (the team of an area that
    a panel covers alone) is asked by way of the lead, so a case led by a panel that the footprint touches is always routed.
    """

    old_cdops: OneDay
    new_cdops: OneDay
    old_teams: OneDay
    new_teams: OneDay
    panels: frozenset[str]
    day: date

    def begin(self) -> None:
        """Forget what was asked."""
        self.old_cdops.asked.clear()
        self.old_teams.asked.clear()

    def says_the_same_of(self, placing: Placing) -> bool:
        """Whether the second map answers every question alike that was asked since ``begin``."""
        if placing.lead is None or placing.lead in self.panels:
            return False
        pairs = ((self.old_cdops, self.new_cdops), (self.old_teams, self.new_teams))
        return all(
            one.owner(code, self.day, self.day) == other.owner(code, self.day, self.day)
            for one, other in pairs
            for code in tuple(one.asked)
        )


def _touched(before: Footprint, after: Footprint, day: date) -> tuple[str, ...]:
    """The bodies that don't cover the same areas on both maps."""
    was, is_now = areas_of(before, day), areas_of(after, day)
    return tuple(sorted(code for code in was.keys() | is_now.keys() if was.get(code) != is_now.get(code)))


def _figures(placed: Iterable[tuple[Death, Placing]], window: Window, reference: Reference, asked: Asked) -> MapFigures:
    return figures(
        list(placed),
        window,
        panels={code: body.name for code, body in reference.cdops.bodies.items() if body.span.holds(asked.as_of)},
        teams={code: body.name for code, body in reference.jar_teams.bodies.items() if body.span.holds(asked.as_of)},
        jar_hours=asked.jar_hours,
        unmet_limit=asked.unmet_limit,
    )


def _partners(reference: Reference, panel: str, day: date) -> Partners:
    areas = areas_of(reference.cdops, day).get(panel, frozenset())
    authorities = reference.geography.authorities

    def covering(footprint: Footprint) -> tuple[str, ...]:
        codes = {owner for area in areas for owner in footprint.owners(area, day)}
        return tuple(sorted(footprint.bodies[code].name for code in codes))

    return Partners(
        tuple(sorted(authorities[area].name for area in areas)),
        covering(reference.police),
        covering(reference.coroners),
        covering(reference.jar_teams),
    )


def _area_moves(moved: Iterable[tuple[Death, Placing, Placing]], reference: Reference) -> tuple[AreaMove, ...]:
    counts = Counter((death.home, was.lead or HELD, now_is.lead or HELD) for death, was, now_is in moved)
    authorities = reference.geography.authorities
    found = [
        AreaMove(home, authorities[home].name if home and home in authorities else "no home known", was, now_is, cases)
        for (home, was, now_is), cases in counts.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.cases, one.name, one.after)))
