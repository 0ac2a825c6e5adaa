"""Everything trends finds out for one question: the published table, its rates, its signals, and the words that go with it.

apart = Apart()
deaths = list(counted(cases, rules, period, apart))
found = find(deaths, Question(by=("area",)), rules, apart)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import get_args

from integration_engine.record.codes import Role
from integration_engine.trends.breakdowns import CHAINS, PLACES, TIMES, Words, days_of
from integration_engine.trends.control import Chart, Controlled, control
from integration_engine.trends.deaths import Apart, Period, Rules, Values
from integration_engine.trends.funnel import Funnel, Watched, funnel
from integration_engine.trends.population import Population
from integration_engine.trends.rates import PER_CHILDREN, Rates, Standardised, standardised
from integration_engine.trends.table import Published, publish

SMALL_NUMBERS_SHOWN_TO: frozenset[Role] = frozenset({"designated-doctor"})
"""The roles that see counts under five: the designated doctor for child deaths answers for each of these children."""
ROLES: tuple[str, ...] = get_args(Role)
_MOST_PAIRS = 50_000


class QuestionProblem(ValueError):
    """A question that can't be asked. The sentence says why and what to ask instead."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: one breakdown or two, the period, the denominators, whose eyes it is for, and which control chart."""

    by: tuple[str, ...]
    period: Period = Period()
    population: Population | None = None
    role: Role = "coordinator"
    chart: Chart = "u"

    @property
    def small_shown(self) -> bool:
        """Whether counts under five may be seen."""
        return self.role in SMALL_NUMBERS_SHOWN_TO


@dataclass(frozen=True, eq=False)
class Findings:
    """The answer. ``standard`` are age-standardised rates by row, ``uncharted`` the series that suppression leaves without a
    control chart. ``notes`` say what a reader must know of this answer."""

    question: Question
    first: date
    last: date
    table: Published
    apart: Apart
    rates: Rates | None
    standard: dict[str, Standardised]
    funnel: Funnel | None
    charts: tuple[Controlled, ...]
    uncharted: tuple[str, ...]
    notes: tuple[str, ...]


def check(question: Question) -> None:
    """Raises QuestionProblem for a question that can't be asked or would let a single death be singled out."""
    by = question.by
    if not 1 <= len(by) <= 2:
        raise QuestionProblem("count by one breakdown or by two")
    if unknown := [one for one in by if one not in CHAINS]:
        raise QuestionProblem(f"no breakdown {', '.join(unknown)}: there are {', '.join(CHAINS)}")
    chains = [set(CHAINS[one]) for one in by]
    if len(by) > 1 and chains[0] & chains[1]:
        raise QuestionProblem(f"{by[0]} and {by[1]} aren't two breakdowns: one lies within the other, or beside it")
    first, last = question.period.first, question.period.last
    if first and last and last < first:
        raise QuestionProblem("the period ends before it begins")
    whole = (first is None or first.day == 1) and (last is None or date.fromordinal(last.toordinal() + 1).day == 1)
    if not (whole or question.small_shown):
        raise QuestionProblem(
            "the period has to begin on the first and end on the last day of a month: two periods that differ by days "
            "could be subtracted to single out a death"
        )


def find(deaths: Sequence[Values], question: Question, rules: Rules, apart: Apart) -> Findings:
    """Answer a question about these deaths. Raises QuestionProblem."""
    check(question)
    first, last = _days(deaths, question.period, rules.now.date())
    population = question.population
    words = Words(rules.reference, rules.categories)

    def published(*by: str) -> Published:
        today = rules.now.date()
        small, peopled = question.small_shown, population.places if population else frozenset()
        return publish(by, deaths, (first, last), words, today, small_shown=small, peopled=peopled)

    table = published(*question.by)
    if len(table.cells) > _MOST_PAIRS:
        raise QuestionProblem(f"a table of more than {_MOST_PAIRS:,} numbers tells nobody anything: ask more coarsely")
    rates = Rates(table, population, first, last) if population else None
    place = question.by[0]
    standard: dict[str, Standardised] = {}
    peopled = "area" if place == "region" else place
    if population and {peopled, "age-band"} <= population.known and place != "age-band":
        by_age = table if question.by[1:] == ("age-band",) else published(place, "age-band")
        standard = dict(standardised(by_age, population, first, last))
    charts, uncharted = _charts(table, question, first, last)
    return Findings(
        question,
        first,
        last,
        table,
        apart,
        rates,
        standard,
        _funnel(table, rates, standard),
        charts,
        uncharted,
        tuple(_notes(table, question, rates, uncharted)),
    )


def _days(deaths: Sequence[Values], period: Period, today: date) -> tuple[date, date]:
    """The period's first and last day: as asked, else the whole years of the deaths until today. Not their months: the first
    and the last would be known to have a death."""
    years = sorted(int(death["year"]) for death in deaths)
    first = period.first or (date(years[0], 1, 1) if years else period.last or today)
    last = period.last or (min(date(years[-1], 12, 31), max(today, first)) if years else first)
    return first, max(first, last)


def _funnel(table: Published, rates: Rates | None, standard: dict[str, Standardised]) -> Funnel | None:
    """The areas of the table's rows in their funnel, against what their ages let expect or, failing that, their number."""
    if table.rows.name not in PLACES or rates is None:
        return None
    overall = rates.of_all()
    watched = []
    for row in table.rows.values:
        observed, rate = table.row_totals[row], rates.of_row(row)
        by_age = standard[row].expected if row in standard else None
        if by_age is not None and observed is not None:
            watched.append(Watched(row, observed, by_age))
        elif rate and overall and observed is not None:
            watched.append(Watched(row, observed, rate.over * overall.value / PER_CHILDREN))
    return funnel(watched)


def _charts(
    table: Published, question: Question, first: date, last: date
) -> tuple[tuple[Controlled, ...], tuple[str, ...]]:
    """A control chart of every series of the table that is shown whole, the one of all deaths first."""
    if not (times := [one for one in table.by if one in TIMES]):
        return (), ()
    time = times[0]
    across = table.rows if table.rows.name == time else table.columns
    labels = [value for value in across.values if days_of(time, value, first, last)]
    days = [days_of(time, value, first, last) or (first, last) for value in labels]
    exposure = [float((end - start).days + 1) for start, end in days]
    series: dict[str, list[int | None]] = {}
    totals = table.row_totals if across is table.rows else table.column_totals
    series[""] = [totals[label] for label in labels]
    if len(table.by) > 1:
        others = table.columns if across is table.rows else table.rows
        for other in others.values:
            pairs = [(label, other) if across is table.rows else (other, label) for label in labels]
            series[other] = [table.cells[pair] for pair in pairs]
    found, uncharted = [], []
    for name, counts in series.items():
        shown = [count for count in counts if count is not None]
        if len(shown) < len(counts):
            uncharted.append(name)
        elif chart := control(name, labels, shown, exposure, question.chart):
            found.append(chart)
    return tuple(found), tuple(uncharted)


def _notes(table: Published, question: Question, rates: Rates | None, uncharted: Sequence[str]) -> list[str]:
    """What a reader must know of this very answer."""
    notes = []
    if table.total == 0:
        notes.append("No death was counted.")
    if not question.small_shown:
        notes.append(
            "Counts of 1 to 4 are suppressed (*), and as many others as it takes that none can be worked out from the "
            "totals; zeros are shown. Rates, shares, charts and signals are worked out from the numbers shown alone."
        )
    else:
        notes.append("Small numbers are shown: this is for the designated doctor, not for publication.")
    if question.period.first is None or question.period.last is None:
        notes.append("The period is the whole years of these deaths: say --from and --to for the one your data cover.")
    numbers = len(table.cells)
    if table.total and table.suppressed * 2 > numbers:
        notes.append("Much of this table is suppressed: ask for a longer period or by a coarser breakdown.")
    if rates is None:
        notes.append("No population was given (--population): counts only, no rates.")
    elif rates.of_all() is None:
        notes.append("The population given doesn't cover the whole period, so that some rates are missing.")
    if uncharted:
        notes.append(
            f"{len(uncharted)} series have suppressed periods and no control chart: ask by a longer period, such as year."
        )
    return notes
