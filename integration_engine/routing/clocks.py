"""By when: the deadlines of a case, exact over both clock changes.

Elapsed-hour clocks run in elapsed time; month and week clocks end at the same local time, clipped to the month's end;
working-day clocks end with that day. A clock that has been met, or is paused, has no due time.
"""

from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from integration_engine.record.account import PostMortem
from integration_engine.record.dates import LONDON, Precision, earliest, london, precision
from integration_engine.record.notice import DeathNotice
from integration_engine.routing.evidence import Evidence, told_at
from integration_engine.routing.residence import looking_after
from integration_engine.routing.triggers import Part
from integration_engine.routing.working_days import end_of

NCMD_HOURS = 48
CDRM_MONTHS = 3
CDOP_REVIEW_WEEKS = 6
WORKING_DAYS_ALLOWED = 5
REGISTRAR_DAYS = 7
_CDOP_HOURS = {"24h": 24, "48h": 48}


def elapsed(start: datetime, hours: float) -> datetime:
    """So many real hours later, as London's clocks then show it."""
    return london(start.astimezone(UTC) + timedelta(hours=hours))


def months_later(start: datetime, months: int) -> datetime:
    """The same local time so many months later, on the month's last day where it is shorter."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, monthrange(year, month + 1)[1])
    # By way of UTC: a local time that the spring change skips becomes the hour after it.
    return london(
        datetime.combine(start.replace(year=year, month=month + 1, day=day).date(), start.time(), LONDON).astimezone(
            UTC
        )
    )


def weeks_later(start: datetime, weeks: int) -> datetime:
    """The same local time so many weeks later."""
    return london(datetime.combine(start.date() + timedelta(weeks=weeks), start.time(), LONDON).astimezone(UTC))


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


def clocks(case: Evidence, lead: str | None, jar_scope: str | None) -> Mapping[str, datetime]:
    """Every clock that runs, by name, as London times.

    ``lead`` is the panel whose own limit applies; ``jar_scope`` the scope rule where a joint agency response is required,
    None where it isn't.
    """
    start = earliest(case.died_at) if case.died_at else case.first_told
    process = case.record.process
    found: dict[str, datetime | None] = {
        "ncmd_due": elapsed(start, NCMD_HOURS),
        "cdop_due": _cdop_due(case, start, lead),
        "jar_due": _jar_due(case, jar_scope) if not (process and process.jar_started_at) else None,
        "coroner_transfer_due": _coroner_transfer_due(case),
        "s16c_due": _s16c_due(case),
        "registrar_due": registrar_due(case),
        "cdrm_due": _cdrm_due(case, start),
        "cdop_review_due": _cdop_review_due(case),
    }
    return {name: due for name, due in found.items() if due}


def _cdop_due(case: Evidence, start: datetime, lead: str | None) -> datetime:
    allowed = case.switches.cdop_due_for(lead)
    if allowed == "next-working-day":
        return end_of(case.reference.working_days.after(start.date(), 1))
    return elapsed(start, _CDOP_HOURS[allowed])


def _jar_due(case: Evidence, scope_rule: str | None) -> datetime | None:
    if scope_rule is None:
        return None
    triggers = case.reference.jar_triggers

    def meets(part: Part) -> bool:
        return any(trigger.met_by(part) for trigger in triggers) or _unattended(part)

    # Where no notice meets a trigger alone, it was met when the last of them joined; first told is the earliest it can be.
    first = case.first_telling(meets) or case.first_told
    return elapsed(first, case.switches.jar_attendance_hours)


def _unattended(part: Part) -> bool:
    return part.death.professional_attending_birth == "no" or bool(part.death.suspected_stillbirth_at_home)


def _coroner_transfer_due(case: Evidence) -> datetime | None:
    """From the latest transfer that a coroner sent off or, where only the taking is told, the first that one took."""
    sent = max((_staged_at(notice) for notice in case.notices if _stage(notice) == "TRANSFERRED_OUT"), default=None)
    taken = min((_staged_at(notice) for notice in case.notices if _stage(notice) == "TRANSFERRED_IN"), default=None)
    coroner = case.record.coroner
    if not case.notices and coroner and coroner.stage_at and (coroner.stage or "").startswith("TRANSFERRED"):
        sent = earliest(coroner.stage_at)
    decided = sent or taken
    return end_of(case.reference.working_days.after(decided.date(), WORKING_DAYS_ALLOWED)) if decided else None


def _stage(notice: DeathNotice) -> str | None:
    return notice.coroner.stage if notice.coroner else None


def _staged_at(notice: DeathNotice) -> datetime:
    at = notice.coroner.stage_at if notice.coroner else None
    return earliest(at) if at else told_at(notice)


def _s16c_due(case: Evidence) -> datetime | None:
    """Serious incident notice (Children Act 2004 s16C): from when looked-after, abuse or neglect was first stated."""
    if not _serious(case.record) and looking_after(case) is None:
        return None
    first = case.first_telling(_serious)
    decision = case.decided.get("looked-after")
    if first is None:
        first = london(decision.at) if decision else case.first_told
    return end_of(case.reference.working_days.after(first.date(), WORKING_DAYS_ALLOWED))


def _serious(part: Part) -> bool:
    looked_after = part.child.looked_after
    return bool(
        (looked_after and looked_after.is_looked_after)
        or part.death.abuse_or_neglect
        or part.death.suspected_category == "abuse-or-neglect"
    )


def registrar_due(case: Evidence) -> datetime | None:
    """Seven days from the day after registration (Children and Young Persons Act 2008 s31)."""
    registered = case.record.death.registered_at
    return end_of(earliest(registered).date() + timedelta(days=REGISTRAR_DAYS)) if registered else None


def _cdrm_due(case: Evidence, start: datetime) -> datetime | None:
    process = case.record.process
    if process and (process.cdrm_held_at or process.cdrm_report_at):
        return None
    due = months_later(start, CDRM_MONTHS)
    for begun, ended in _pauses(case, start):
        if begun >= due:
            continue
        if ended is None or ended > london(case.now):
            return None
        due = elapsed(due, (ended.astimezone(UTC) - begun.astimezone(UTC)).total_seconds() / 3600)
    if process and (process.pm_pause or process.inquest_pause):
        return None
    return due


def _pauses(case: Evidence, start: datetime) -> list[tuple[datetime, datetime | None]]:
    """When a post-mortem or an inquest held the review meeting up, in order, none of it before the clock's start and merged
    so that no hour counts twice. What is said to have ended before it began held nothing up."""
    process, coroner = case.record.process, case.record.coroner
    if coroner is None:
        return []
    told: list[tuple[str, str | None]] = []
    post_mortem = coroner.post_mortem or PostMortem()
    if post_mortem.ordered_at and not (process and process.pm_pause is False):
        told.append((post_mortem.ordered_at, post_mortem.at))
    if coroner.inquest_opened_at and not (process and process.inquest_pause is False):
        told.append((coroner.inquest_opened_at, coroner.concluded_at))
    spans = [(max(earliest(begun), start), earliest(ended) if ended else None) for begun, ended in told]
    found: list[tuple[datetime, datetime | None]] = []
    for begun, ended in sorted(spans, key=lambda pause: pause[0]):
        if ended and ended <= begun:
            continue
        before = found[-1] if found else None
        if before is None or (before[1] and begun > before[1]):
            found.append((begun, ended))
        else:
            found[-1] = (before[0], max(before[1], ended) if before[1] and ended else None)
    return found


def _cdop_review_due(case: Evidence) -> datetime | None:
    """Six weeks after the review meeting's report or the inquest's conclusion, whichever is later."""
    process, coroner = case.record.process, case.record.coroner
    if process and process.cdop_reviewed_at:
        return None
    concluded = coroner.concluded_at if coroner else None
    if coroner and concluded is None and coroner.stage == "CONCLUDED":
        concluded = coroner.stage_at
    if coroner and coroner.inquest_opened_at and concluded is None and coroner.stage != "DISCONTINUED":
        return None
    reported = process.cdrm_report_at if process else None
    known = [earliest(at) for at in (reported, concluded) if at]
    return weeks_later(max(known), CDOP_REVIEW_WEEKS) if known else None
