"""What of a restricted case's past may be seen by who doesn't have the restricted role: what came after its release.

The record that they see is of the current identity only. What was decided, sent and declined before the release was decided,
sent and declined about who the child was as well: a reason may name a former street, a recipient's name tells a former area.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from integration_engine.linkage.people import person_of
from integration_engine.record.decision import Decision
from integration_engine.security.identity import Principal
from integration_engine.store import audit
from integration_engine.store.audit import Line
from integration_engine.store.cases import case_content
from integration_engine.store.database import Store
from integration_engine.store.decisions import decisions_about
from integration_engine.store.waiting import Question, SentLine

_TOLD = "decision.recorded"
_TAKEN_BACK = "withdraw"
"""The kind of a delivery to who has to forget the case: whoever led it under a former identity is among them."""


@dataclass(frozen=True)
class Past:
    """What came before now, of one case."""

    decisions: Sequence[Decision]
    history: Sequence[Line]
    sent: Sequence[SentLine]


def since_release(store: Store, who: Principal, past: Past) -> Past:
    """What of it came after the case was last released. Decisions of the restricted role, and one's own, stay; who reads them
    sees no reasons of the restricted role's. Raises Transient."""
    told = _recorded(store, past.decisions)
    release = _release(past.decisions, told)
    if release is None:
        return Past(_own(who, past.decisions), (), ())
    after = {name for name, line in told.items() if line.sequence >= release.sequence}
    history = [_less_taken_back(line) for line in past.history if line.sequence >= release.sequence]
    first = min((_version(line) for line in history if _version(line)), default=None)
    return Past(
        _own(who, past.decisions, after),
        history,
        [s for s in past.sent if first is not None and s.version >= first and s.kind != _TAKEN_BACK],
    )


def as_asked(store: Store, who: Principal, question: Question) -> Question:
    """A question without what was said with it, where that was said before a case of it was last released to who looks.
    Raises Transient, KeyMissing or SealBroken."""
    if who.role == "restricted":
        return question
    early = any(case.restricted and not _released_before(store, case.id, question.opened_at) for case in question.cases)
    return replace(question, told={}) if early else question


def _released_before(store: Store, case: str, at: datetime) -> bool:
    held = case_content(store, case)
    if held is None:
        return False
    with store.reading() as transaction:
        decisions = decisions_about(transaction, [held.id, *held.content["notices"]])
    release = _release(decisions, _recorded(store, decisions))
    return release is not None and release.at <= at


def _recorded(store: Store, decisions: Iterable[Decision]) -> Mapping[str, Line]:
    return audit.of_each(store, _TOLD, [decision.id for decision in decisions])


def _release(decisions: Iterable[Decision], told: Mapping[str, Line]) -> Line | None:
    found = [told[d.id] for d in decisions if d.kind == "release" and not d.withdraws and d.id in told]
    return max(found, key=lambda line: line.sequence, default=None)


def _own(who: Principal, decisions: Iterable[Decision], after: Collection[str] = ()) -> list[Decision]:
    own = person_of(who.name)
    return [d for d in decisions if d.id in after or d.role == "restricted" or person_of(d.by) == own]


def _less_taken_back(line: Line) -> Line:
    sent = line.detail.get("deliveries", ())
    kept = [each for each in sent if each[-1] != _TAKEN_BACK]
    return line if len(kept) == len(sent) else replace(line, detail={**line.detail, "deliveries": kept})


def _version(line: Line) -> int:
    return int(line.detail.get("version", 0)) if line.action in ("case.opened", "case.changed") else 0
