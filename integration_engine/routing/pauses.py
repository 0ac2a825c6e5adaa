"""What holds a review meeting up: a post-mortem or an inquest, from when to when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from integration_engine.record.account import Coroner, PostMortem, Process
from integration_engine.record.codes import PauseCause
from integration_engine.record.dates import earliest, london
from integration_engine.routing.deadline import moment
from integration_engine.routing.evidence import Evidence
from integration_engine.routing.periods import between, elapsed, in_words

_NO_STEPS, _NO_CORONER = Process(), Coroner()
_UNFINISHED = "PM_INTERIM"
"""The stage at which a post-mortem has a date, and its final report is still awaited."""
_AWAITED: Mapping[PauseCause, str] = {
    "post-mortem": "the post-mortem's final report",
    "inquest": "the inquest's conclusion",
}


@dataclass(frozen=True, slots=True)
class HeldUp:
    """One pause. ``began`` None: nobody told when; ``ended`` None: it lasts."""

    cause: PauseCause
    began: datetime | None
    ended: datetime | None


@dataclass(frozen=True, slots=True)
class Moved:
    """Where pauses took a due time: ``due`` None while one lasts, ``waits_for`` then says which; ``by`` is what those that
    have ended added."""

    due: datetime | None
    waits_for: str
    by: timedelta
    resumes: datetime | None = None
    """When the pause that lasts is said to end."""


def pauses(case: Evidence) -> list[HeldUp]:
    """Every pause of the review meeting that is told. The panel that leads knows best: its own word on a cause replaces
    what the coroner's dates make of it, except that a pause nobody ended ends with what it waited for."""
    process, coroner = case.record.process, case.record.coroner
    if process is None and coroner is None:
        return []
    process, coroner = process or _NO_STEPS, coroner or _NO_CORONER
    found: list[HeldUp] = []
    causes: tuple[tuple[PauseCause, bool | None, HeldUp | None], ...] = (
        ("post-mortem", process.pm_pause, _post_mortem(coroner)),
        ("inquest", process.inquest_pause, _inquest(coroner)),
    )
    for cause, flag, coroners in causes:
        own = [pause for pause in process.pauses if pause.cause == cause]
        for pause in own:
            began = earliest(pause.start) if pause.start else (coroners.began if coroners else None)
            ended = earliest(pause.end) if pause.end else None
            if ended is None and coroners and coroners.ended and began and coroners.ended >= began:
                ended = coroners.ended
            found.append(HeldUp(pause.cause, began, ended))
        if not own and flag:
            found.append(HeldUp(cause, coroners.began if coroners else None, None))
        elif not own and flag is None and coroners:
            found.append(coroners)
    return found


def after_pauses(due: datetime, start: datetime, told: Iterable[HeldUp], now: datetime) -> Moved:
    """A due time moved by the pauses that began before it, in real time, none of it counted twice.

    A pause counts from the clock's start at the earliest; one said to have ended before it began held nothing up; one that
    begins when the clock has run out pauses nothing. A pause without a beginning lasts, if it has no end either.
    """
    reached, first = start, due
    for pause in sorted(told, key=lambda pause: pause.began or start):
        begun = max(pause.began or start, start)
        if begun >= due or (pause.ended and pause.ended <= begun):
            continue
        if pause.ended is None or pause.ended > london(now):
            return Moved(None, _waiting(pause), between(first, due), pause.ended)
        if pause.began is None:
            continue
        if pause.ended > reached:
            due = elapsed(due, between(max(begun, reached), pause.ended).total_seconds() / 3600)
            reached = pause.ended
    return Moved(due, "", between(first, due))


def moved_by(by: timedelta) -> str:
    """The end of a sentence on a limit: what pauses added to it."""
    return f", and {in_words(by)} of pauses" if by else ""


def concluded_at(coroner: Coroner) -> datetime | None:
    """When the coroner was done, one way or the other."""
    if coroner.concluded_at:
        return earliest(coroner.concluded_at)
    return earliest(coroner.stage_at) if coroner.stage in ("CONCLUDED", "DISCONTINUED") and coroner.stage_at else None


def _post_mortem(coroner: Coroner) -> HeldUp | None:
    """From its order to its final report; a coroner who is done awaits none any more."""
    told = coroner.post_mortem or PostMortem()
    if told.ordered_at is None:
        return None
    final = earliest(told.at) if told.at and coroner.stage != _UNFINISHED else None
    return HeldUp("post-mortem", earliest(told.ordered_at), final or concluded_at(coroner))


def _inquest(coroner: Coroner) -> HeldUp | None:
    if coroner.inquest_opened_at is None:
        return None
    return HeldUp("inquest", earliest(coroner.inquest_opened_at), concluded_at(coroner))


def _waiting(pause: HeldUp) -> str:
    since = f" since {moment(pause.began)}" if pause.began else ""
    until = f", until {moment(pause.ended)}" if pause.ended else ""
    return f"{_AWAITED[pause.cause]} is awaited{since}{until}"
