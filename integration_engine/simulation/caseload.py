"""What a map makes of the cases: each panel's caseload, each response team's demand."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from integration_engine.record.dates import Precision
from integration_engine.simulation.placing import Death, Placing
from integration_engine.simulation.queueing import Load, fewer_than, load, observed_overlaps
from integration_engine.simulation.window import Window, monday

LEAST_A_YEAR = 60
"""What a panel's area should see a year (statutory guidance on child death review, 2018)."""
_BY_PLACE = "lead.place-of-death"


@dataclass(frozen=True, slots=True)
class PanelFigures:
    """One panel's caseload under one map.

    ``months`` by calendar month and ``years`` by calendar year; ``a_year`` the mean; ``busiest_week`` its Monday and its
    deaths. ``residents`` are its own children whose place of death is known, ``died_away`` those of them who died
    elsewhere; ``others_died_here`` are other panels' children who died in its area. ``copies`` it receives.
    """

    code: str
    name: str
    cases: int
    a_year: float
    months: Mapping[str, int]
    years: Mapping[int, int]
    busiest_week: tuple[date, int] | None
    residents: int
    died_away: int
    others_died_here: int
    copies: int
    held: int
    jar: int

    @property
    def under(self) -> bool:
        """Whether it sees fewer deaths a year than its area should."""
        return self.a_year < LEAST_A_YEAR

    @property
    def chance_under(self) -> float:
        """The chance that a year, at this mean, has fewer than its area should see (Poisson)."""
        return fewer_than(LEAST_A_YEAR, self.a_year)

    @property
    def busiest_month(self) -> tuple[str, int] | None:
        """The month with most deaths; of several the first."""
        return max(self.months.items(), key=lambda item: (item[1], _reversed(item[0])), default=None)


@dataclass(frozen=True, slots=True)
class TeamFigures:
    """One response team's demand under one map. ``overlapping`` responses began while another ran, ``most_at_once`` is the
    most that ran together, both as they came; ``load`` is what chance makes of the mean."""

    code: str
    name: str
    responses: int
    a_week: float
    busiest_week: tuple[date, int] | None
    overlapping: int
    most_at_once: int
    load: Load


@dataclass(frozen=True, slots=True)
class MapFigures:
    """Everything counted under one map. ``unplaced`` cases have no lead, by rule; ``left_out`` were never counted, by
    state; ``no_team`` responses are run by nobody here (another nation's, or no team is known)."""

    panels: Mapping[str, PanelFigures]
    teams: Mapping[str, TeamFigures]
    cases: int
    copies: int
    held: int
    unplaced: Mapping[str, int]
    left_out: Mapping[str, int]
    jar: int
    no_team: int
    place_unknown: int


def figures(
    placed: Sequence[tuple[Death, Placing]],
    window: Window,
    *,
    panels: Mapping[str, str],
    teams: Mapping[str, str],
    jar_hours: float,
    unmet_limit: float = 0.01,
) -> MapFigures:
    """Count. ``panels`` and ``teams`` are the map's bodies, code to name: one without a case is shown with none."""
    counted = [(death, placing) for death, placing in placed if placing.state in ("open", "held")]
    by_panel: dict[str, list[tuple[Death, Placing]]] = {code: [] for code in panels}
    by_team: dict[str, list[Death]] = {code: [] for code in teams}
    here: Counter[str] = Counter()
    copies: Counter[str] = Counter()
    for death, placing in counted:
        if placing.lead:
            by_panel.setdefault(placing.lead, []).append((death, placing))
        if placing.died_in and placing.lead and placing.died_in != placing.lead:
            here[placing.died_in] += 1
        copies.update(placing.copies)
        if placing.jar and placing.team:
            by_team.setdefault(placing.team, []).append(death)
    return MapFigures(
        panels={
            code: _panel(code, panels.get(code, code), cases, window, here[code], copies[code])
            for code, cases in sorted(by_panel.items())
        },
        teams={
            code: _team(code, teams.get(code, code), calls, window, jar_hours, unmet_limit)
            for code, calls in sorted(by_team.items())
        },
        cases=sum(len(cases) for cases in by_panel.values()),
        copies=copies.total(),
        held=sum(placing.state == "held" for _, placing in counted),
        unplaced=Counter(placing.rule for _, placing in counted if placing.lead is None),
        left_out=Counter(placing.state for _, placing in placed if placing.state not in ("open", "held")),
        jar=sum(placing.jar for _, placing in counted),
        no_team=sum(placing.jar and placing.team is None for _, placing in counted),
        place_unknown=sum(death.place is None and not death.away for death, _ in counted),
    )


def _panel(
    code: str, name: str, cases: Sequence[tuple[Death, Placing]], window: Window, died_here: int, copies: int
) -> PanelFigures:
    own = [(d, p) for d, p in cases if p.lead_rule != _BY_PLACE and (p.died_in or d.away)]
    return PanelFigures(
        code,
        name,
        len(cases),
        len(cases) / window.years,
        Counter(f"{d.day.year}-{d.day.month:02}" for d, _ in cases if d.known >= Precision.MONTH),
        Counter(d.day.year for d, _ in cases),
        busiest_week(d.day for d, _ in cases if d.known >= Precision.DAY),
        len(own),
        sum(p.died_in != code for _, p in own),
        died_here,
        copies,
        sum(p.state == "held" for _, p in cases),
        sum(p.jar for _, p in cases),
    )


def _team(code: str, name: str, calls: Sequence[Death], window: Window, hours: float, limit: float) -> TeamFigures:
    starts: list[datetime] = [death.at for death in calls if death.known >= Precision.DAY]
    overlapping, most = observed_overlaps(starts, hours)
    return TeamFigures(
        code,
        name,
        len(calls),
        len(calls) / window.weeks,
        busiest_week(death.day for death in calls if death.known >= Precision.DAY),
        overlapping,
        most,
        load(len(calls), window.weeks, hours, limit),
    )


def busiest_week(days: Iterable[date]) -> tuple[date, int] | None:
    """The Monday of the week with most of these days, and how many; of several weeks the first."""
    weeks: dict[date, int] = defaultdict(int)
    for day in days:
        weeks[monday(day)] += 1
    return max(weeks.items(), key=lambda item: (item[1], -item[0].toordinal()), default=None)


def _reversed(month: str) -> int:
    return -int(month.replace("-", ""))
