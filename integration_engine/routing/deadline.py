"""One clock of a case: from when, by which rule, until when, how it stands, and all of that in a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from integration_engine.record import dates
from integration_engine.record.dates import Precision, earliest, latest, precision
from integration_engine.routing.periods import between, in_words

ClockState = Literal["running", "met", "paused", "overdue", "stopped"]
"""``overdue`` is what ``running`` becomes when its due time passes: it depends on when one looks, nothing else here does.
``stopped``: the case has ended, and nothing is due any more."""

_VAGUE = {Precision.YEAR: "year", Precision.MONTH: "month", Precision.DAY: "day"}


@dataclass(frozen=True, slots=True)
class Deadline:
    """One clock of one case.

    ``rule`` is the clock's rule (``clock.ncmd`` ...) and ``limit`` its words ("48 hours"). ``begins`` says what started it
    and ``start`` when (a partial, as vague as it is known). ``due`` is zone-aware London time; of a clock that is met or
    stopped it is when it would have been, None where it is not known until a pause ends. ``met`` is when it was met (a
    partial). ``waits_for`` says what pauses it and ``moved_by`` what earlier pauses added. ``known`` is when the death was
    first known, for the clocks that a late discovery explains; ``ended`` the rule by which the case ended.
    """

    rule: str
    limit: str
    begins: str
    start: str | None
    due: datetime | None
    met: str | None = None
    waits_for: str = ""
    moved_by: str = ""
    resumes: datetime | None = None
    """When a pause is known to end that hasn't ended yet."""
    known: datetime | None = None
    must_explain: bool = False
    """Whether meeting it late needs a reason; ``explained``: one was given."""
    explained: bool = False
    ended: str = ""
    by: str = ""
    """The ODS code of the organisation that has to do what the clock asks, where it isn't the panel that leads."""

    @property
    def running(self) -> bool:
        """Whether it runs towards a due time."""
        return self.state == "running"

    @property
    def state(self) -> ClockState:
        """How it stands, whenever one looks."""
        if self.ended:
            return "stopped"
        if self.met:
            return "met"
        return "running" if self.due else "paused"

    def at(self, now: datetime) -> ClockState:
        """How it stands now."""
        return "overdue" if self.due and self.running and now > self.due else self.state

    def why(self, now: datetime | None = None) -> str:
        """The clock in sentences: what started it, which limit, how it stands. Without ``now`` nothing in them depends on
        when one looks."""
        said = [self._standing(now), self._beginning(), self._discovery(), self._doing()]
        return " ".join(sentence for sentence in said if sentence)

    def json(self, now: datetime | None = None) -> Mapping[str, Any]:
        """As outputs write it: ``state``, ``rule``, ``why``, and where there are: ``due``, ``from``, ``met_at``,
        ``first_known``, ``by``."""
        found = {
            "state": self.at(now) if now else self.state,
            "due": self.due and self.due.isoformat(),
            "from": self.start,
            "rule": self.rule,
            "why": self.why(now),
            "met_at": self.met,
            "first_known": self.known and self.known.isoformat(timespec="minutes"),
            "by": self.by or None,
        }
        return {name: value for name, value in found.items() if value is not None}

    def _standing(self, now: datetime | None) -> str:
        match self.state:
            case "stopped":
                return f"Stopped: the case has ended ({self.ended}), nothing is due any more."
            case "met":
                return self._meeting()
            case "paused":
                return f"Paused: {self.waits_for}."
        if self.due is None:
            return ""
        if now and now > self.due:
            return f"Overdue by {in_words(between(self.due, now))}: it was due {moment(self.due)}."
        return f"Due {moment(self.due)}."

    def _meeting(self) -> str:
        met = self.met or ""
        on = f"Met {dates.in_words(met)}"
        if self.due is None:
            return f"{on}."
        if earliest(met) > self.due:
            need = ", a reason is given" if self.explained else ", reason required" if self.must_explain else ""
            return f"{on}: late by {in_words(between(self.due, earliest(met)))}{need}; it was due {moment(self.due)}."
        if precision(met) <= Precision.DAY and latest(met) > self.due:
            return f"{on}, when it was due ({moment(self.due)}): in time or not can't be told without the hour."
        taken = f", {in_words(between(earliest(self.start), earliest(met)))} from its start" if self._exact(met) else ""
        return f"{on}: in time{taken}; it was due {moment(self.due)}."

    def _exact(self, met: str) -> bool:
        """Whether how long it took can be said: both ends are known to the minute, in their order."""
        if self.start is None or min(precision(met), precision(self.start)) <= Precision.DAY:
            return False
        return earliest(met) >= earliest(self.start)

    def _beginning(self) -> str:
        if self.start is None:
            return f"It begins with {self.begins}." if self.state == "paused" else ""
        vague = _VAGUE.get(precision(self.start))
        counted = f" (only the {vague} is known: counted from its beginning)" if vague else ""
        return f"{self.limit} from {self.begins}, {dates.in_words(self.start)}{counted}{self.moved_by}."

    def _discovery(self) -> str:
        """When the death was first known, where that is later than its clock's start."""
        if self.known is None or self.start is None or self.known <= latest(self.start):
            return ""
        later = in_words(between(earliest(self.start), self.known))
        found = f"The death was first known {moment(self.known)}, {later} after it"
        gone = self.due is not None and self.known > self.due
        return f"{found}, when the limit had passed: that explains the lateness." if gone else f"{found}."

    def _doing(self) -> str:
        open_still = self.state in ("running", "paused")
        return f"For the hospital where the child died to arrange ({self.by})." if self.by and open_still else ""


def moment(at: datetime) -> str:
    """A time as a coordinator reads it: ``Sat 28 Mar 2026 23:30 GMT``; the end of a day without its hour."""
    if (at.hour, at.minute, at.second) == (23, 59, 59):
        return f"by the end of {dates.day_in_words(at)}"
    return dates.time_in_words(at)
