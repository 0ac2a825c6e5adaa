"""The desk where people and panels decide: over one service, whichever way they come in.

It stands between the doors, which never touch the core, and the pipeline, which decides again about everything a decision
touches. Whatever is refused leaves nothing behind; whatever is taken is audited where it is written.
"""

import functools
import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from integration_engine.casebook import unworkable
from integration_engine.gateway.ports import Asked, DeskRefusal, StoreAway
from integration_engine.in_force import Rules
from integration_engine.pipeline import NotTheirDecision, UnknownSubject, record_decision
from integration_engine.record.authority import AREA_ROLES, kinds
from integration_engine.record.codes import Role
from integration_engine.record.decision import WITHDRAW, Decision
from integration_engine.record.process import PROCESS
from integration_engine.security.identity import DECIDING, Principal
from integration_engine.store import transfers
from integration_engine.store.database import Store, Transient
from integration_engine.store.decisions import OtherDecision, find_decision
from integration_engine.store.reviews import note_asked
from integration_engine.store.transfers import NotOpen, Proposal
from integration_engine.store.waiting import case_line

T = TypeVar("T")

BY_PANEL = ("agreement", "review-non-resident", "process")
"""What a panel decides over its own door about the cases it leads; anything else is for its people, at the console."""


class Desk:
    """``ports.Panels``, and what the console's forms are taken by. Safe to call from several threads."""

    def __init__(self, store: Store, rules: Rules, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    @property
    def panels(self) -> Sequence[tuple[str, str]]:
        """(code, name) of the panels there are today."""
        today = self._clock().date()
        bodies = self._rules.reference.cdops.bodies.values()
        return sorted((b.code, b.name) for b in bodies if b.span.holds(today))

    @property
    def authorities(self) -> Sequence[tuple[str, str]]:
        """(code, name) of the districts and authorities that one panel covers today, by name."""
        reference, today = self._rules.reference, self._clock().date()
        known = reference.geography.authorities.values()
        return sorted(
            ((a.code, a.name) for a in known if a.span.holds(today) and reference.cdop_for(a.code, today)),
            key=lambda pair: pair[1],
        )

    def decide_as(self, who: Principal, asked: Asked) -> int:
        """Somebody at the console decides. How many deliveries follow; the same again is done already. Raises DeskRefusal
        (``other-area``, ``restricted-role``, ``unknown-subject`` ...) or StoreAway."""
        if who.role not in DECIDING:
            raise DeskRefusal("role", "These credentials are not for deciding.", 403)
        role: Role = who.role
        decision = self._decision(asked, who.name, role)
        self._see(who, decision.about)
        return self._take(decision, who.areas if role in AREA_ROLES else None)

    def ask_elsewhere(self, who: Principal, question: str, text: str) -> None:
        """Somebody can't tell yet and notes what they asked of whom; the question stays open. Raises DeskRefusal or
        StoreAway."""
        if who.role not in DECIDING:
            raise DeskRefusal("role", "These credentials are not for deciding.", 403)
        if not text.strip():
            raise DeskRefusal("value", "Say what you asked, and of whom.", 422)
        noted = self._asked(lambda: note_asked(self._store, question, by=who.name, text=text, now=self._clock()))
        if not noted:
            raise DeskRefusal("unknown-subject", "There is no such question.", 404)

    def decide(self, panel: str, asked: Asked) -> int:
        """A panel decides about a case it leads."""
        if asked.kind not in BY_PANEL:
            raise DeskRefusal("kind", f"A panel decides {', '.join(BY_PANEL)} over this door.", 422)
        own = next(kind.value for name, kind in kinds().items() if name == asked.kind)
        if asked.kind != PROCESS and asked.value.keys() - own.keys() - {WITHDRAW}:
            # Who accepted what is for the engine to say: a panel's own word would look the same.
            raise DeskRefusal("value", f"value has a field that is no part of a decision of kind {asked.kind}.", 422)
        asked = self._own(panel, asked)
        self._led(panel, asked.about)
        return self._take(self._decision(asked, panel, "coordinator"), {panel})

    def propose(self, panel: str, case: str, to: str, reason: str) -> Proposal:
        """One panel asks another to lead a case."""
        if to == panel or to not in dict(self.panels):
            raise DeskRefusal("panel", "Name another panel of today by its code.", 422)
        return self._asked(lambda: transfers.propose(self._store, case, panel, to, reason, now=self._clock()))

    def proposals(self, panel: str) -> Sequence[Proposal]:
        """The open ones to and from this panel, whose reasons are in people's words: the look is audited."""
        return self._asked(lambda: transfers.read_proposals(self._store, panel, now=self._clock()))

    def accept(self, panel: str, proposal: str) -> int:
        """The panel asked takes the case."""
        found = self._asked(lambda: transfers.open_proposal(self._store, proposal, panel))
        # Made anew after it was taken back, a proposal has the same id: its time makes another agreement of it.
        told = hashlib.sha256(f"{found.id} {found.at.isoformat()}".encode()).hexdigest()[:24]
        value = {"cdop": panel, "proposed_by": found.proposer, "accepted_by": panel}
        asked = Asked(f"agreed-{told}", "agreement", (found.case,), value, found.reason)
        decision = self._decision(asked, f"{found.proposer} and {panel}", "coordinator")
        return self._take(decision, {found.proposer}, found.id)

    def decline(self, panel: str, proposal: str, reason: str) -> None:
        """The panel asked doesn't take it."""
        found = self._asked(lambda: transfers.open_proposal(self._store, proposal, panel))
        self._asked(lambda: transfers.decline(self._store, found, reason, now=self._clock()))

    def take_back(self, panel: str, proposal: str) -> None:
        """The proposer thinks better of it."""
        found = self._asked(lambda: transfers.open_proposal(self._store, proposal, panel, proposer=True))
        self._asked(lambda: transfers.take_back(self._store, found, now=self._clock()))

    def _decision(self, asked: Asked, by: str, role: Role) -> Decision:
        """What is asked as a decision of now. Raises DeskRefusal ``value``."""
        told: Mapping[str, Any] = {
            "id": asked.id, "at": self._clock(), "by": by, "role": role, "kind": asked.kind, "about": asked.about,
            "value": dict(asked.value), "reason": asked.reason,
        }  # fmt: skip
        try:
            decision = Decision.model_validate(told)
        except ValidationError as problem:
            first = problem.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise DeskRefusal("value", f"{where} {first['msg']}".strip().replace("Value error, ", ""), 422) from None
        if wrong := unworkable([decision], self._rules.reference):
            raise DeskRefusal("value", wrong[0].partition(": ")[2] + ".", 422)
        return decision

    def _take(self, decision: Decision, areas: Collection[str] | None, proposal: str | None = None) -> int:
        """Keep it; how many deliveries follow. ``proposal``: what it accepts, which has to be open still."""

        def recorded() -> int:
            done = record_decision(
                self._store,
                self._again(decision),
                reference=self._rules.reference,
                now=self._clock(),
                switches=self._rules.switches,
                areas=areas,
                only_while=functools.partial(transfers.require_open, name=proposal) if proposal else None,
            )
            return len(done.outbox)

        return self._asked(recorded)

    def _again(self, decision: Decision) -> Decision:
        """The decision, at the time when one of this id was taken first: a form sent twice is one decision."""
        kept = find_decision(self._store, decision.id)
        return decision.model_copy(update={"at": kept.at}) if kept else decision

    def _see(self, who: Principal, about: Sequence[str]) -> None:
        """Refuses, as if there were none, a restricted case to whoever may not see it."""
        if who.role == "restricted":
            return
        for line in self._asked(lambda: [case_line(self._store, name) for name in about]):
            if line and (line.kept_back or (line.restricted and who.areas is None)):
                raise DeskRefusal("unknown-subject", "There is no such case.", 404)

    def _led(self, panel: str, about: Sequence[str]) -> None:
        def looked() -> None:
            with self._store.reading() as transaction:
                for name in about:
                    transfers.led_by(transaction, name, panel)

        self._asked(looked)

    @staticmethod
    def _own(panel: str, asked: Asked) -> Asked:
        """A panel's ids are its own: they never meet another's, because no panel's code has a dot."""
        return Asked(f"{panel}.{asked.id}", asked.kind, asked.about, asked.value, asked.reason)

    @staticmethod
    def _asked(call: Callable[[], T]) -> T:
        try:
            return call()
        except Transient as error:
            raise StoreAway from error
        except NotOpen as error:
            raise DeskRefusal(error.code, str(error), 404) from None
        except UnknownSubject:
            raise DeskRefusal("unknown-subject", "There is no such case.", 404) from None
        except NotTheirDecision as error:
            raise DeskRefusal(error.code, str(error), 403) from None
        except OtherDecision as error:
            raise DeskRefusal(error.code, str(error), 409) from None
