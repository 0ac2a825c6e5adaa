"""What routing answers: the shapes of a decision about one case, each part with the rule that made it and a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from integration_engine.routing.deadline import Deadline

State = Literal["open", "held", "withdrawn", "out-of-scope"]


@dataclass(frozen=True, slots=True)
class Lead:
    """The CDOP that has to review the case. ``then`` is the panel in force on the day of death where its work has since
    gone to a successor (``cdop``). ``confidence`` is set where the table's row that decided is weakly known: confirm with
    the panel."""

    cdop: str
    rule: str
    why: str = ""
    then: str | None = None
    confidence: str | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """A CDOP that is told without owning the case."""

    cdop: str
    rule: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Notified:
    """Somebody who is told without being a panel of England's, or a panel told of a case that is nobody's yet. ``word`` is
    what ``notify`` holds."""

    word: str
    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class Consideration:
    """What the lead is told to consider for one flag: when it is raised, whom to contact, what to send, ``by`` when in words
    and, where a clock of the case says it, ``due``. ``authority`` and ``force`` are the codes of those the contact names."""

    flag: str
    when: str
    contact: str
    send: str
    by: str = ""
    due: datetime | None = None
    authority: str | None = None
    force: str | None = None

    def json(self) -> dict[str, Any]:
        """It in plain values; what isn't known is absent."""
        told = {
            "by": self.by,
            "due": self.due and self.due.isoformat(),
            "authority": self.authority,
            "police_force": self.force,
        }
        always = {"flag": self.flag, "when": self.when, "contact": self.contact, "send": self.send}
        return always | {name: value for name, value in told.items() if value}


@dataclass(frozen=True, slots=True)
class Because:
    """One part of the answer, and why: ``about`` is scope, state, lead, copy, notify, jar, jar-reason, jar-team, jar-told,
    jar-police or flag; ``answer`` what was decided; ``rule`` its code and ``why`` a sentence."""

    about: str
    answer: str
    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class Jar:
    """Joint agency response: whether it is required, for which reasons, and which team starts it.

    ``police_force`` leads for the police (the force where the event happened). ``mode`` is ``local``, ``modified``
    (abroad) or ``run-elsewhere`` (another nation runs its own).
    """

    required: bool
    reasons: tuple[str, ...] = ()
    team: str | None = None
    rule: str = "jar.not-required"
    told: tuple[str, ...] = ()
    police_force: str | None = None
    mode: Literal["local", "modified", "run-elsewhere"] = "local"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the residence ladder that was tried and what it answered."""

    rule: str
    answer: str


@dataclass(frozen=True, slots=True)
class Routing:
    """Everything routing decides about one case. ``rule`` says why the case is in its state (``scope.child``,
    ``held.no-residence``, ``scope.retracted`` ...). ``clocks`` are zone-aware London times by clock name."""

    state: State
    rule: str
    lead: Lead | None = None
    copies: tuple[Copy, ...] = ()
    notify: tuple[str, ...] = ()
    jar: Jar = Jar(required=False)
    clocks: Mapping[str, datetime] = field(default_factory=dict)
    deadlines: Mapping[str, Deadline] = field(default_factory=dict)
    """Every clock, those that are met, paused or stopped too, each with what explains it."""
    flags: tuple[str, ...] = ()
    ladder: tuple[Step, ...] = ()
    restricted: bool = False
    why: str = ""
    """The state and its rule in a sentence."""
    consider: tuple[Consideration, ...] = ()
    """For each flag: whom the lead should contact, what to send, by when."""
    because: tuple[Because, ...] = ()
    """Every part of this answer with its rule and a sentence."""
    first_known: datetime | None = None
    """When anybody first told of the death: beside ``ncmd_due``, it explains a late notification."""


def to_json(routing: Routing, now: datetime | None = None) -> dict[str, Any]:
    """The parts of a routing as ``cdr try`` and ``cdr route`` print them: ``lead``, ``copies``, ``notify``, ``jar``,
    ``clocks`` (those that run), ``clock_notes`` (every clock explained, overdue or not where ``now`` is given), ``flags``,
    and ``state`` with its ``rule``."""
    lead, jar = routing.lead, routing.jar
    return {
        "state": routing.state,
        "rule": routing.rule,
        "lead": lead
        and {"cdop": lead.cdop, "rule": lead.rule, "why": lead.why}
        | ({"then": lead.then} if lead.then else {})
        | ({"confidence": lead.confidence} if lead.confidence else {}),
        "copies": [{"cdop": copy.cdop, "rule": copy.rule} for copy in routing.copies],
        "notify": list(routing.notify),
        "jar": {
            "required": jar.required,
            "reasons": list(jar.reasons),
            "team": jar.team,
            "rule": jar.rule,
            "mode": jar.mode,
            "told": list(jar.told),
            "police_force": jar.police_force,
        },
        "clocks": {name: due.isoformat() for name, due in routing.clocks.items()},
        "clock_notes": {name: dict(clock.json(now)) for name, clock in routing.deadlines.items()},
        "flags": sorted(routing.flags),
    }


def explanation_json(routing: Routing) -> dict[str, Any]:
    """The whole explanation, as ``cdr try`` and ``cdr route --explain`` print it beside the answer: ``why``, the residence
    ``ladder`` with what each step answered, ``because`` for every part of the answer, and what to ``consider``."""
    return {
        "why": routing.why,
        "ladder": [{"rule": step.rule, "answer": step.answer} for step in routing.ladder],
        "because": [
            {"about": one.about, "answer": one.answer, "rule": one.rule, "why": one.why} for one in routing.because
        ],
        "consider": [one.json() for one in routing.consider],
    }
