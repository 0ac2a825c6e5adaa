"""A question about two notices as somebody may see it: the two sides first, the weight only when it is asked for, and of a
multiple birth nothing of what another reader decided before one has decided oneself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration_engine.linkage.people import ONE_OF_TWO, SINCE_LINKED, person_of
from integration_engine.linkage.question import Question
from integration_engine.linkage.questions import as_kept, question
from integration_engine.record.decision import Decision
from integration_engine.security.identity import Principal
from integration_engine.store import waiting
from integration_engine.store.database import Store
from integration_engine.store.reviews import LINKAGE


@dataclass(frozen=True)
class Asked:
    """What the page of a question shows. ``asked`` is the question itself, in codes only for those who see no child's
    details; ``words`` what people said of the two as far as this person may know, ``mine`` their own last word; ``elsewhere``
    what people asked of others meanwhile."""

    asked: Question
    words: Sequence[Decision]
    mine: Decision | None
    elsewhere: Sequence[Mapping[str, str]]

    @property
    def number(self) -> Mapping[str, str]:
        """A short name for each notice on the page."""
        tellers = [teller for side in self.asked.sides for teller in side]
        return {teller.notice: str(n) for n, teller in enumerate(tellers, 1)}


def asked_of(store: Store, who: Principal, found: waiting.Question, *, full: bool, weight: bool) -> Asked:
    """The question for this person. Raises Transient, KeyMissing or SealBroken."""
    told = {**found.told, "why": why_for(who, found), "readers": () if reads_apart(who, found) else readers(found)}
    sides = waiting.sides(store, found)
    notices = waiting.notices_of(store, {name for side in sides for name in side})
    asked = question(as_kept(found.a, found.b, found.score or 0.0, told), sides, notices, weight=weight)
    words = waiting.words_about(store, found)
    own = [word for word in words if person_of(word.by) == person_of(who.name)]
    return Asked(
        asked if full else asked.codes_only(),
        () if reads_apart(who, found) else words,
        own[-1] if own else None,
        found.told.get("asked", ()),
    )


def why_for(who: Principal, found: waiting.Question) -> list[str]:
    """Why it is asked, as far as this person may know: not that somebody else has decided already."""
    codes: list[str] = list(found.told.get("why", ()))
    return [code for code in codes if code != ONE_OF_TWO] if reads_apart(who, found) else codes


def reads_apart(who: Principal, found: waiting.Question) -> bool:
    """Whether this person has to decide for themselves what another decided already."""
    codes = found.told.get("why", ())
    return ONE_OF_TWO in codes and person_of(who.name) not in map(person_of, readers(found))


def readers(found: waiting.Question) -> tuple[str, ...]:
    """Whose word about it stands."""
    return tuple(found.told.get("readers", ()))


def kept_apart(who: Principal, questions: Sequence[waiting.Question], words: Sequence[Decision]) -> list[Decision]:
    """Decisions about a case less those that this person may not know of before they have decided themselves."""
    hidden = [
        {found.a, found.b, *(case.id for case in found.cases)}
        for found in questions
        if found.kind == LINKAGE and reads_apart(who, found)
    ]
    return [
        d
        for d in words
        if not (d.kind in ("link", "unlink") and any(len(set(d.about) & names) > 1 for names in hidden))
    ]


def pressing(found: waiting.Question, due: Mapping[str, datetime]) -> tuple[Any, ...]:
    """A sort key: what may have put two children into one case, then whose deadline is nearest, then who waits longest; what
    somebody asked elsewhere waits for an answer."""
    codes = set(found.told.get("why", ()))
    times = [due[case.id].timestamp() for case in found.cases if case.id in due]
    return (
        SINCE_LINKED not in codes,
        bool(found.told.get("asked")),
        min(times, default=float("inf")),
        found.opened_at,
        not found.told.get("likelier"),
        found.id,
    )
