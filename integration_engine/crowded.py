"""A child of whom very much is told: nobody else's case waits for it, somebody is told that it happens, and where it is more
than a worker can bear it is left to people."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from integration_engine.core import Case
from integration_engine.linkage.crowds import Content, content_of
from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.reviews import Review
from integration_engine.store.inbox import Alarm, Message

A_CROWD = 200
"""Who meets more notices than this waits until the rest of its batch is decided: what is decided with so many takes tenths
of a second."""
TOLD_TOO_OFTEN, ASKED_TOO_OFTEN = "told-too-often", "asked-too-often"
# Three notices are told of an ordinary death, some dozens of a long inquest. Each of a thousand makes the next one dearer.
_TOLD_OFTEN = 500
# Of thirty children of one fire whom nobody has named yet, every two are a question: some four hundred.
_ASKED_OFTEN = 1000
MOST_DIFFERENT = 500
"""Notices that each say something else of one child and are still decided together: eight seconds and a third of a GiB. Their
cost grows as the square, and a worker that runs out of memory takes the same message again when it is back."""


class Crowded(Exception):
    """Of some of these submissions so much is held already that the others should not wait for them: ``places`` says which.
    Nothing was written."""

    def __init__(self, places: frozenset[int]) -> None:
        self.places = places
        super().__init__(f"{len(places)} submissions are about children of whom very much is held.")


class Overcrowded(Exception):
    """So many notices that differ may be about the child of this one that it is not decided: nobody sends these in earnest.
    Nothing was written."""

    code = "overcrowded"

    def __init__(self) -> None:
        super().__init__(f"More than {MOST_DIFFERENT} notices that differ may be about the same child.")


def is_crowd(notices: Collection[str]) -> bool:
    """Whether whoever meets these notices meets a crowd."""
    return len(notices) > A_CROWD


def few(bonds: Iterable[tuple[str, str]], said: Mapping[str, Evidence]) -> Iterator[tuple[str, str]]:
    """These bonds, one after the other. Raises Overcrowded as soon as one notice is bonded to more that differ than can be
    decided together."""
    beside: defaultdict[str, set[Content]] = defaultdict(set)
    for pair in bonds:
        for one, other in (pair, pair[::-1]):
            beside[one].add(content_of(said[other]))
            if len(beside[one]) > MOST_DIFFERENT:
                raise Overcrowded
        yield pair


def told_too_often(cases: Iterable[Case], messages: Iterable[Message]) -> Iterator[Alarm]:
    """An alarm for each case of which very much is told with these messages, and wasn't yet: whoever sent the last of it may
    send one death again and again."""
    came = _by_notice(messages)
    for case in cases:
        if len(case.notices) > _TOLD_OFTEN:
            new = [came[notice.id] for notice in case.notices if notice.id in came]
            if new and len(case.notices) - len(new) <= _TOLD_OFTEN:
                yield Alarm(TOLD_TOO_OFTEN, new[-1].kind, new[-1].partner, case.id)


def asked_too_often(reviews: Collection[Review], cases: Iterable[Case], messages: Iterable[Message]) -> Iterator[Alarm]:
    """An alarm where these messages ask so many questions as nobody can answer, and there were fewer before: a test that was
    sent to the live door, or one number for everybody. It names the last case that is asked about, and who told of it."""
    if len(reviews) <= _ASKED_OFTEN:
        return
    came = _by_notice(messages)
    new = [review for review in reviews if review.a in came or review.b in came]
    if not new or len(reviews) - len(new) > _ASKED_OFTEN:
        return
    asked = {name for review in new for name in (review.a, review.b)} & came.keys()
    last = max(asked, key=list(came).index)
    case = next((case.id for case in cases if last in (notice.id for notice in case.notices)), None)
    if case:
        yield Alarm(ASKED_TOO_OFTEN, came[last].kind, came[last].partner, case)


def _by_notice(messages: Iterable[Message]) -> dict[str, Message]:
    return {notice.id: message for message in messages for notice in message.notices}
