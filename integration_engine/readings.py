"""What people's decisions about two notices rest on, and the same as labelled pairs: to check the model against people.

A labelled pair says nothing about a child: codes and levels, what was decided, and a reader's number that is the same for one
person throughout. The weight is rounded to whole bits, because that of a name would say how rare it is.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from integration_engine.linkage.evidence import evidence_of
from integration_engine.linkage.people import person_of
from integration_engine.linkage.questions import as_kept, kept, unasked
from integration_engine.record.decision import Decision, review_id
from integration_engine.record.notice import DeathNotice
from integration_engine.store.database import Store, Transaction
from integration_engine.store.reviews import LINKAGE, Reading, ReviewPair, as_asked, readings

_VERDICTS = {"link": "same-child", "unlink": "two-children"}


@dataclass(frozen=True, slots=True)
class LabelledPair:
    """One person's verdict on one pair. ``review`` is the id of the question; ``levels`` say how the two agree in each
    comparison; ``reader`` tells people apart and nobody's name."""

    decision: str
    review: str
    at: str
    verdict: str
    reader: str
    role: str
    multiple_birth: bool
    bits: int
    why: tuple[str, ...]
    levels: Mapping[str, str]
    versions: Mapping[str, str]


def read_of(
    transaction: Transaction, decision: Decision, about: Iterable[str], notices: Mapping[str, DeathNotice]
) -> list[ReviewPair]:
    """What each two notices said that somebody takes for one child or two: as they were asked, else as evidence alone has
    them."""
    if decision.kind not in _VERDICTS or decision.withdraws:
        return []
    found = []
    for a, b in combinations(sorted(set(about)), 2):
        asked = as_asked(transaction, a, b)
        if not asked or "steps" not in asked[1]:
            alone = unasked(evidence_of(notices[a]), evidence_of(notices[b]))
            asked = (alone.score, kept(alone))
        found.append(ReviewPair(a, b, *asked))
    return found


def labelled_pairs(store: Store) -> Iterator[LabelledPair]:
    """Every decision about two notices, in order of time. Raises Transient, KeyMissing or SealBroken."""
    for reading in readings(store):
        yield _labelled(reading, store)


def _labelled(reading: Reading, store: Store) -> LabelledPair:
    decision, review = reading.decision, as_kept(reading.a, reading.b, reading.score, reading.told)
    return LabelledPair(
        decision=decision.id,
        review=review_id(LINKAGE, reading.a, reading.b),
        at=decision.at.isoformat(),
        verdict=_VERDICTS[decision.kind],
        reader=store.keys.blind("reader", person_of(decision.by)).hex()[:8],
        role=decision.role,
        multiple_birth=review.multiple,
        bits=round(review.score),
        why=review.why,
        levels={step.comparison: step.level for step in review.steps if step.level},
        versions=reading.told.get("versions", {}),
    )
