"""Flags on a case: other processes the lead is told to consider (by the table), and what a reader must know of the case."""

from datetime import timedelta

from integration_engine.record.dates import earliest, latest, london
from integration_engine.routing.clocks import registrar_due
from integration_engine.routing.evidence import NEONATAL_DAYS, Evidence, told_at
from integration_engine.routing.scope import Scope

_TERM_DAYS = 259
"""37 completed weeks of gestation."""
_FIRST_WEEK_DAYS = 7
_LEDER_FROM_YEARS = 4


def process_flags(case: Evidence, scope: Scope) -> set[str]:
    """The other processes to consider: those whose facts the record states, those a partner mentions, those the age tells."""
    mentioned = {review.process.strip().lower() for review in case.record.other_reviews}
    found = {
        process.flag
        for process in case.reference.processes
        if mentioned & process.mentions or (process.facts and process.facts.met_by(case.record, scope.rule))
    }
    if scope.rule == "scope.unattended-stillbirth" or case.younger_than(NEONATAL_DAYS):
        found.add("mbrrace-pmrt")
    gestation = case.record.child.gestation_days
    if gestation is not None and gestation >= _TERM_DAYS and case.younger_than(_FIRST_WEEK_DAYS):
        found.add("mnsi")
    if case.record.child.learning_disability and _surely_at_least(case, _LEDER_FROM_YEARS):
        found.add("lede-r")
    return found


def case_flags(case: Evidence) -> set[str]:
    """What a reader must know of the case itself."""
    found: set[str] = set()
    told = [told_at(notice) for notice in case.notices if notice.death.registered_at]
    due = registrar_due(case)
    if due and told and min(told) > due:
        found.add("registered-late")
    died = earliest(case.died_at) if case.died_at else case.first_told
    family = case.record.family
    waiting = london(case.now) - died
    if not (family and family.key_worker) and waiting > timedelta(days=case.switches.key_worker_days):
        found.add("no-key-worker")
    return found


def _surely_at_least(case: Evidence, years: int) -> bool:
    child = case.record.child
    if child.birth_date and case.died_at:
        born, died = latest(child.birth_date).date(), earliest(case.died_at).date()
        return died.year - born.year - ((died.month, died.day) < (born.month, born.day)) >= years
    age = child.age_at_death
    return bool(age and age.unit == "years" and age.value >= years)
