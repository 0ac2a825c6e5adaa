"""Who sees what at the console: which cases and questions are somebody's to look at, and how much of them.

Operators see codes and places, never a child's details; coordinators and designated doctors the cases their panel leads, in
full; a restricted case only the restricted role until it is released, and after that whoever leads it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration_engine.console import asking
from integration_engine.console.asking import Asked
from integration_engine.console.released import Past, as_asked, since_release
from integration_engine.console.wording import INTENTS, SOURCES, value_of
from integration_engine.record.dates import in_words
from integration_engine.record.decision import Decision
from integration_engine.record.fields import at_path, dictionary
from integration_engine.record.notice import DeathNotice
from integration_engine.security.identity import Principal
from integration_engine.store import audit, glass, waiting
from integration_engine.store.audit import Entry, Line
from integration_engine.store.cases import CaseContent, case_content
from integration_engine.store.database import Store
from integration_engine.store.decisions import decisions_about
from integration_engine.store.reviews import LINKAGE
from integration_engine.store.waiting import Question, SentLine, WaitingCase

NO_LEAD = "no-lead"
_MOST_HISTORY = 500


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a record: its field, what it is, and where it came from."""

    field: str
    text: str
    source: str
    place: str


@dataclass(frozen=True)
class CaseFile:
    """A case as somebody may see it. ``values`` and reasons are empty where they see codes only. ``own``: theirs to see and
    decide about; else, or in more detail than is theirs, opened by broken glass ``until`` then."""

    held: CaseContent
    full: bool
    values: Sequence[Value]
    decisions: Sequence[Decision]
    history: Sequence[Line]
    sent: Sequence[SentLine]
    questions: Sequence[Question]
    own: bool = True
    until: datetime | None = None

    @property
    def shown(self) -> dict[str, Any]:
        shown: dict[str, Any] = self.held.content["shown"]
        return shown

    @property
    def asks(self) -> set[str]:
        """Rules, flags and questions that a decision could answer."""
        lost = {NO_LEAD} if self.held.state == "open" and self.held.lead is None else set()
        return {self.held.rule, *self.shown["flags"], *(question.kind for question in self.questions)} | lost


@dataclass(frozen=True, slots=True)
class Work:
    """What waits for somebody: cases by the rule that holds them, questions by kind, the most pressing first. ``why`` is what
    they may know of why each is asked, ``due`` when the next clock of a case is. ``more``: there are others behind those
    listed."""

    cases: dict[str, list[WaitingCase]]
    questions: dict[str, list[Question]]
    why: Mapping[str, Sequence[str]]
    due: Mapping[str, datetime]
    more: bool

    def next_due(self, question: Question) -> datetime | None:
        """When the next clock of the cases it is about is due."""
        return min((self.due[case.id] for case in question.cases if case.id in self.due), default=None)


def may_see(who: Principal, case: WaitingCase) -> bool:
    """Whether a case is this person's to look at."""
    if who.role == "restricted":
        return True
    if case.kept_back or (case.restricted and who.areas is None):
        return False
    return who.areas is None or case.lead in who.areas


def may_answer(who: Principal, question: Question) -> bool:
    """Whether a question is this person's to look at. Where two notices stand side by side, so may two identities of one
    restricted child: that is for the restricted role alone, released or not."""
    if not question.cases or not all(may_see(who, case) for case in question.cases):
        return False
    return question.kind != LINKAGE or who.role == "restricted" or not any(case.restricted for case in question.cases)


def sees_details(who: Principal) -> bool:
    """Whether this person sees the child's details in the cases they may look at."""
    return who.role in ("coordinator", "designated-doctor", "restricted")


def work(store: Store, who: Principal) -> Work:
    """What waits for this person. Raises Transient."""
    # Asked of the store by panel: of everybody's, the oldest would fill the list before this one's are reached.
    held, asked = waiting.waiting_cases(store, leads=who.areas), waiting.questions(store, leads=who.areas)
    cases: dict[str, list[WaitingCase]] = {}
    for case in held:
        if may_see(who, case):
            cases.setdefault(case.rule if case.state == "held" else NO_LEAD, []).append(case)
    questions: dict[str, list[Question]] = {}
    own = [as_asked(store, who, question) for question in asked if may_answer(who, question)]
    due = waiting.next_due(store, {case.id for question in own for case in question.cases})
    for question in sorted(own, key=lambda q: asking.pressing(q, due)):
        questions.setdefault(question.kind, []).append(question)
    why = {question.id: asking.why_for(who, question) for question in own}
    return Work(cases, questions, why, due, more=waiting.MOST in (len(held), len(asked)))


def open_case(store: Store, who: Principal, name: str, now: datetime) -> CaseFile | None:
    """A case's file, the look audited; None where there is none that this person may see. Raises Transient, KeyMissing,
    SealBroken."""
    line = waiting.case_line(store, name)
    own = line is not None and may_see(who, line)
    until = _by_broken_glass(store, who, line, now) if line and not (own and sees_details(who)) else None
    held = case_content(store, name) if own or until else None
    if held is None:
        return None
    # What is shown is judged, not what was looked up: meanwhile somebody may have restricted it, or handed it over.
    line = WaitingCase(held.id, held.state, held.rule, held.lead, held.restricted, held.changed_at)
    own, until = may_see(who, line), until if not line.restricted else None
    if not own and not until:
        return None
    full = sees_details(who) or until is not None
    said = {"role": who.role, "details": full} | ({"glass": True} if until else {})
    _look(store, "case.read", held.id, said, who, now)
    with store.reading() as transaction:
        decided = decisions_about(transaction, [held.id, name, *held.content["notices"]])
    questions = waiting.questions(store, about=[held.id])
    past = Past(
        asking.kept_apart(who, questions, decided),
        audit.latest(store, held.id, _MOST_HISTORY),
        waiting.sent(store, held.id),
    )
    if held.restricted and who.role != "restricted":
        past = since_release(store, who, past)
    return CaseFile(
        held,
        full,
        _values(held.content) if full else (),
        past.decisions,
        past.history,
        past.sent,
        [question for question in questions if may_answer(who, question)],
        own,
        until,
    )


def _by_broken_glass(store: Store, who: Principal, case: WaitingCase, now: datetime) -> datetime | None:
    """Until when; a case that was restricted since is shut again."""
    return None if case.restricted or case.kept_back else glass.open_until(store, who, case.id, now)


def open_history(store: Store, who: Principal, name: str, now: datetime) -> list[tuple[str, list[Value]]] | None:
    """Every notice of a case as it was told, former identities included: for the restricted role alone, audited."""
    held = case_content(store, name) if who.role == "restricted" else None
    if held is None:
        return None
    _look(store, "case.history-read", held.id, {"role": who.role}, who, now)
    notices = waiting.notices_of(store, held.content["notices"])
    return [(_teller(notice), _told(notice)) for _, notice in sorted(notices.items(), key=lambda n: n[1].received_at)]


def open_question(
    store: Store, who: Principal, name: str, now: datetime, *, weight: bool = False
) -> tuple[Question, Asked | None] | None:
    """A question, and where it is about two notices both sides of it, the look audited; None where it isn't this person's.
    ``weight``: with what the model makes of it."""
    found = waiting.questions(store, name=name)
    if not found or not may_answer(who, found[0]):
        return None
    question, full = as_asked(store, who, found[0]), sees_details(who)
    action = "review.weight-read" if weight else "review.read"
    _look(store, action, question.id, {"role": who.role, "details": full}, who, now)
    if question.kind != LINKAGE:
        return question, None
    return question, asking.asked_of(store, who, question, full=full, weight=weight)


def _look(store: Store, action: str, subject: str, detail: dict[str, Any], who: Principal, now: datetime) -> None:
    with store.transaction() as transaction:
        audit.append(transaction, now, [Entry(action, subject, detail, who.name)])


def _values(content: Any) -> list[Value]:
    record, whence = content["shown"]["record"], content["provenance"]
    found = []
    for path in dictionary():
        value = at_path(record, path)
        if value is not None:
            origin = whence.get(path, {})
            found.append(Value(path, value_of(path, value), origin.get("source", ""), origin.get("path", "")))
    return found


def _told(notice: DeathNotice) -> list[Value]:
    told = notice.model_dump(mode="json", by_alias=True)
    whence = notice.provenance
    return [
        Value(path, value_of(path, value), notice.source.kind, whence[path].path if path in whence else "")
        for path in dictionary()
        if (value := at_path(told, path)) is not None
    ]


def _teller(notice: DeathNotice) -> str:
    partner = f" {notice.source.partner}" if notice.source.partner else ""
    stated = in_words(notice.stated_at) if notice.stated_at else "no time stated"
    return f"{INTENTS[notice.intent]} {SOURCES.get(notice.source.kind, notice.source.kind)}{partner}, {stated}"
