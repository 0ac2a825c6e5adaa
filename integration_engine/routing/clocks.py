"""By when: the deadlines of a case, exact over both clock changes, each with its reason.

Elapsed-hour clocks run in elapsed time; month and week clocks end at the same local time, clipped to the month's end;
working-day clocks end with that day. A clock that has been met, or is paused, has no due time.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from integration_engine.record.account import Coroner, Process
from integration_engine.record.dates import Precision, earliest, london, precision
from integration_engine.record.notice import DeathNotice
from integration_engine.routing.deadline import Deadline
from integration_engine.routing.evidence import Evidence, told_at
from integration_engine.routing.pauses import after_pauses, moved_by, pauses
from integration_engine.routing.periods import elapsed, months_later, weeks_later
from integration_engine.routing.residence import looking_after
from integration_engine.routing.triggers import Part
from integration_engine.routing.working_days import end_of

NCMD_HOURS = 48
CDRM_MONTHS = 3
CDOP_REVIEW_WEEKS = 6
WORKING_DAYS_ALLOWED = 5
REGISTRAR_DAYS = 7
_NO_STEPS, _NO_CORONER = Process(), Coroner()
_CDOP_HOURS = {"24h": 24, "48h": 48}


def starting_flags(case: Evidence) -> tuple[str, ...]:
    """How vaguely the time of death is known, where it is: the clocks then start at the earliest it can be."""
    if case.died_at is None:
        return ()
    match precision(case.died_at):
        case Precision.DAY:
            return ("date-only-death",)
        case Precision.MONTH | Precision.YEAR:
            return ("month-only-death",)
    return ()


def deadlines(case: Evidence, lead: str | None, jar_scope: str | None, ended: str = "") -> Mapping[str, Deadline]:
    """Every clock that this case has, by name, whether it runs, is met, paused or stopped.

    ``lead`` is the panel whose own limit applies; ``jar_scope`` the scope rule where a joint agency response is required,
    None where it isn't; ``ended`` the rule that ended the case, which stops its clocks.
    """
    process = case.record.process or _NO_STEPS
    found = {
        "ncmd_due": _ncmd_due(case, process),
        "cdop_due": _cdop_due(case, lead, process),
        "jar_due": _jar_due(case, jar_scope, process),
        "coroner_transfer_due": _coroner_transfer_due(case, process),
        "s16c_due": _s16c_due(case, process),
        "registrar_due": _registrar_due(case, process),
        "cdrm_due": _cdrm_due(case, process),
        "cdop_review_due": _cdop_review_due(case, process),
    }
    return {name: replace(clock, ended=ended) if ended else clock for name, clock in found.items() if clock}


def running(clocks: Mapping[str, Deadline]) -> Mapping[str, datetime]:
    """When each clock that runs is due, as London times."""
    return {name: clock.due for name, clock in clocks.items() if clock.due and clock.running}


def _death(case: Evidence) -> tuple[str, str, datetime]:
    """What the clocks of a death start with, in words, as the partial that is known, and as the earliest it can be."""
    if case.record.death.died_at:
        return "the death", case.record.death.died_at, earliest(case.record.death.died_at)
    if case.died_at:
        return "when the child was found", case.died_at, earliest(case.died_at)
    return "when the death was first told of", _stated(case.first_told), case.first_told


def _stated(at: datetime) -> str:
    return at.isoformat(timespec="minutes")


def _ncmd_due(case: Evidence, process: Process) -> Deadline:
    """The national database is told within 48 hours of the death; known later, that is shown beside it."""
    begins, stated, start = _death(case)
    return Deadline(
        "clock.ncmd",
        f"{NCMD_HOURS} hours",
        begins,
        stated,
        elapsed(start, NCMD_HOURS),
        process.ncmd_told_at,
        known=case.first_told if case.notices else None,
        must_explain=True,
        explained=bool(process.ncmd_late_reason),
    )


def _cdop_due(case: Evidence, lead: str | None, process: Process) -> Deadline:
    begins, stated, start = _death(case)
    allowed = case.switches.cdop_due_for(lead)
    if allowed == "next-working-day":
        limit, due = "the next working day", end_of(case.reference.working_days.after(start.date(), 1))
    else:
        limit, due = f"{_CDOP_HOURS[allowed]} hours", elapsed(start, _CDOP_HOURS[allowed])
    known = case.first_told if case.notices else None
    return Deadline(f"clock.cdop.{allowed}", limit, begins, stated, due, process.cdop_told_at, known=known)


def _jar_due(case: Evidence, scope_rule: str | None, process: Process) -> Deadline | None:
    if scope_rule is None:
        return None
    triggers = case.reference.jar_triggers

    def meets(part: Part) -> bool:
        return any(trigger.met_by(part) for trigger in triggers) or _unattended(part)

    # Where no notice meets a trigger alone, it was met when the last of them joined; first told is the earliest it can be.
    first = case.first_telling(meets)
    begins = "the first notice that meets a trigger" if first else "when the death was first told of"
    start, hours = first or case.first_told, case.switches.jar_attendance_hours
    limit = f"At once; attendance within {hours} hours"
    return Deadline("clock.jar", limit, begins, _stated(start), elapsed(start, hours), process.jar_started_at)


def _unattended(part: Part) -> bool:
    return part.death.professional_attending_birth == "no" or bool(part.death.suspected_stillbirth_at_home)


def _working_days(case: Evidence, rule: str, begins: str, start: datetime, met: str | None) -> Deadline:
    due = end_of(case.reference.working_days.after(start.date(), WORKING_DAYS_ALLOWED))
    return Deadline(rule, f"{WORKING_DAYS_ALLOWED} working days", begins, start.date().isoformat(), due, met)


def _coroner_transfer_due(case: Evidence, process: Process) -> Deadline | None:
    """From the latest transfer that a coroner sent off or, where only the taking is told, the first that one took."""
    sent = max((_staged_at(notice) for notice in case.notices if _stage(notice) == "TRANSFERRED_OUT"), default=None)
    taken = min((_staged_at(notice) for notice in case.notices if _stage(notice) == "TRANSFERRED_IN"), default=None)
    coroner = case.record.coroner
    if not case.notices and coroner and coroner.stage_at and (coroner.stage or "").startswith("TRANSFERRED"):
        sent = earliest(coroner.stage_at)
    if decided := sent or taken:
        begins = "the coroner's transfer" if sent else "when the other coroner took the case"
        return _working_days(case, "clock.coroner-transfer", begins, decided, process.coroner_transferred_at)
    return None


def _stage(notice: DeathNotice) -> str | None:
    return notice.coroner.stage if notice.coroner else None


def _staged_at(notice: DeathNotice) -> datetime:
    at = notice.coroner.stage_at if notice.coroner else None
    return earliest(at) if at else told_at(notice)


def _s16c_due(case: Evidence, process: Process) -> Deadline | None:
    """Serious incident notice (Children Act 2004 s16C): from when looked-after, abuse or neglect was first stated."""
    # The same facts raise the flag of a rapid review and start its clock: one row of the table says both.
    facts = [process.facts for process in case.reference.processes if process.clock == "s16c_due" and process.facts]

    def serious(part: Part) -> bool:
        looked_after = part.child.looked_after
        return bool(looked_after and looked_after.is_looked_after) or any(fact.met_by(part) for fact in facts)

    if not serious(case.record) and looking_after(case) is None:
        return None
    first, begins = case.first_telling(serious), "when looked-after, abuse or neglect was first stated"
    decision = case.decided.get("looked-after")
    if first is None and decision:
        first, begins = london(decision.at), "the decision that an authority looks after the child"
    return _working_days(case, "clock.s16c", begins, first or case.first_told, process.s16c_told_at)


def registrar_due(case: Evidence) -> datetime | None:
    """Seven days from the day after registration (Children and Young Persons Act 2008 s31)."""
    registered = case.record.death.registered_at
    return end_of(earliest(registered).date() + timedelta(days=REGISTRAR_DAYS)) if registered else None


def _registrar_due(case: Evidence, process: Process) -> Deadline | None:
    registered, due = case.record.death.registered_at, registrar_due(case)
    if registered is None or due is None:
        return None
    limit, begins = f"{REGISTRAR_DAYS} days", "the day after the registration"
    return Deadline("clock.registrar", limit, begins, registered, due, process.registrar_told_at)


def _cdrm_due(case: Evidence, process: Process) -> Deadline:
    """Three months from the death, without the time that a post-mortem or an inquest held the meeting up. The meeting is
    the hospital's where the child died in one (child death review guidance 2018)."""
    begins, stated, start = _death(case)
    moved = after_pauses(months_later(start, CDRM_MONTHS), start, pauses(case), case.now)
    met = [at for at in (process.cdrm_held_at, process.cdrm_report_at) if at]
    place = case.record.death.place
    return Deadline(
        "clock.cdrm",
        f"{CDRM_MONTHS} months",
        begins,
        stated,
        moved.due,
        min(met, key=earliest, default=None),
        waits_for=moved.waits_for,
        moved_by=moved_by(moved.by),
        resumes=moved.resumes,
        by=(place and place.ods_code) or "",
    )


def _cdop_review_due(case: Evidence, process: Process) -> Deadline | None:
    """Six weeks after the review meeting's report or the inquest's conclusion, whichever is later."""
    coroner = case.record.coroner or _NO_CORONER
    concluded = coroner.concluded_at or (coroner.stage_at if coroner.stage == "CONCLUDED" else None)
    awaited = coroner.inquest_opened_at and concluded is None and coroner.stage != "DISCONTINUED"
    reported = process.cdrm_report_at
    told = {reported: "the review meeting's report", concluded: "the inquest's conclusion"}
    known = {at: what for at, what in told.items() if at}
    limit = f"{CDOP_REVIEW_WEEKS} weeks"
    if awaited and process.inquest_pause is not False:
        if not reported and not process.cdop_reviewed_at:
            return None
        waits = "the review meeting has reported, the inquest's conclusion is awaited"
        return Deadline(
            "clock.cdop-review", limit, "the inquest's conclusion", None, None, process.cdop_reviewed_at, waits
        )
    if not known:
        met = process.cdop_reviewed_at
        return Deadline("clock.cdop-review", limit, "the review meeting's report", None, None, met) if met else None
    start = max(known, key=earliest)
    due = weeks_later(earliest(start), CDOP_REVIEW_WEEKS)
    return Deadline("clock.cdop-review", limit, known[start], start, due, process.cdop_reviewed_at)
