"""What people said of two notices, and what their words come to: together, apart, or still a question.

For one pair the latest word stands. Where a multiple birth is known it takes two people to join: each reads for themselves,
and the second word counts only if somebody else gave it. One person is enough to keep apart, because apart is where the two
stand already and a wrong word costs a second review, not a child who is never reviewed. Two who contradict one another leave
the pair apart and with a person, until somebody who hadn't decided before tips it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from integration_engine.linkage.evidence import Evidence
from integration_engine.linkage.graph import Edge, Graph
from integration_engine.linkage.kinship import born_together
from integration_engine.record.dates import LONDON

ONE_OF_TWO = "one-of-two"
READERS_DISAGREE = "readers-disagree"
SINCE_LINKED = "multiple-birth-since-linked"

Pair = tuple[str, str]
IsMultiple = Callable[[Pair, datetime | None], bool]
"""Whether a multiple birth was known of a pair by a time, or is known now (None)."""


def person_of(name: str) -> str:
    """Who a name means, however it was written."""
    return " ".join(name.casefold().split())


@dataclass(frozen=True, slots=True)
class Constraint:
    """One person's word about two notices. ``by`` is who gave it, ``at`` when, which says what they can have known; ``turn``
    orders words (a later one is greater)."""

    a: str
    b: str
    kind: Literal["link", "unlink"]
    by: str = ""
    at: datetime | None = None
    turn: int = 0

    @property
    def pair(self) -> Pair:
        return (self.a, self.b) if self.a < self.b else (self.b, self.a)

    @property
    def person(self) -> str:
        """Who gave it."""
        return person_of(self.by)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the words about one pair come to. ``holds`` is what is in force; ``open`` why somebody is still to be asked (none:
    it is settled); ``readers`` whose word stands, the earliest first; ``turn`` and ``at`` those of the latest word;
    ``contrary``: the latest two words contradict one another."""

    pair: Pair
    holds: Literal["together", "apart", "neither"]
    open: tuple[str, ...]
    readers: tuple[str, ...]
    turn: int
    at: datetime | None
    contrary: bool = False


def rulings(words: Iterable[Constraint], is_multiple: IsMultiple) -> tuple[Ruling, ...]:
    """What people's words come to, pair by pair, in the order of the pairs."""
    by_pair: dict[Pair, set[Constraint]] = defaultdict(set)
    for word in words:
        by_pair[word.pair].add(word)
    return tuple(_ruling(pair, _in_turn(said), is_multiple) for pair, said in sorted(by_pair.items()))


def _in_turn(said: Iterable[Constraint]) -> list[Constraint]:
    # Of two contrary words at one time the one that keeps apart counts as the later.
    return sorted(said, key=lambda word: (word.turn, word.kind, word.person))


def _ruling(pair: Pair, said: list[Constraint], is_multiple: IsMultiple) -> Ruling:
    last = said[-1]
    contrary = any(word.turn == last.turn and word.kind != last.kind for word in said)
    holds: Literal["together", "apart", "neither"] = "together" if last.kind == "link" else "apart"
    asked: tuple[str, ...] = ()
    if any(word.kind == "link" for word in said) and is_multiple(pair, None):
        holds, asked = _two_readers(said)
        # What one person linked while nobody knew of a twin stays linked; whether it should is asked.
        if holds != "together" and last.kind == "link" and not is_multiple(pair, last.at):
            holds, asked = "together", (SINCE_LINKED,)
    unlinked = [word for word in said if word.kind == "unlink"]
    latest = unlinked[-1] if holds == "apart" else last
    readers = dict.fromkeys(word.by for word in said if _standing(said)[word.person] is word)
    return Ruling(pair, holds, asked, tuple(readers), latest.turn, latest.at, contrary)


def _standing(said: list[Constraint]) -> dict[str, Constraint]:
    """The latest word of each person."""
    return {word.person: word for word in said}


def _two_readers(said: list[Constraint]) -> tuple[Literal["together", "apart", "neither"], tuple[str, ...]]:
    """What words about a multiple birth come to, and what is still to be asked."""
    standing = _standing(said)
    together = {person for person, word in standing.items() if word.kind == "link"}
    apart = standing.keys() - together
    if not apart:
        return ("together", ()) if len(together) > 1 else ("neither", (ONE_OF_TWO,))
    if len(together) > len(apart) and _tipped(said, together, apart):
        return "together", ()
    return "apart", () if not together or (len(apart) > 1 and len(apart) > len(together)) else (READERS_DISAGREE,)


def _tipped(said: list[Constraint], together: set[str], apart: set[str]) -> bool:
    """Whether somebody said together after the last word that kept apart, who hadn't decided anything until then: nobody
    outvotes another by saying the same again."""
    turn_of = {id(word): n for n, word in enumerate(said)}
    last = max(turn_of[id(word)] for word in said if word.kind == "unlink" and word.person in apart)
    first = {word.person: turn_of[id(word)] for word in reversed(said)}
    return any(first[person] > last for person in together)


def received(e: Evidence) -> datetime | None:
    """When evidence was received, in its zone or London's; None where nobody knows, as if it had always been there."""
    try:
        at = datetime.fromisoformat(e.at)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=LONDON)


def known_by(e: Evidence, until: datetime | None) -> bool:
    """Whether evidence was there at a time (None: now)."""
    if until is None:
        return True
    at = received(e)
    return at is None or at <= until


def multiple_birth_known(
    items: Mapping[str, Evidence], graph: Graph, names: Iterable[str], until: datetime | None = None
) -> bool:
    """Whether any of these notices, or any that would be joined with them by itself, was known by a time to be of one of
    several born together: by its own word, by that of a notice of the same birth, or because a twin is known. Whoever decided
    about these knew these, whatever the clocks say."""
    return any(_told_multiple(items, graph, id, until) for id in _joined_alone(items, graph, names, until))


def multiples_known(items: Mapping[str, Evidence], graph: Graph) -> frozenset[str]:
    """Every notice of which ``multiple_birth_known`` holds now: whoever asks of very many pairs asks once for all."""
    known: set[str] = set()
    seen: set[str] = set()
    for id in items:
        if id not in seen:
            together = set(_joined_alone(items, graph, (id,), None))
            seen |= together
            if any(_told_multiple(items, graph, one, None) for one in together):
                known |= together
    return frozenset(known)


def _joined_alone(
    items: Mapping[str, Evidence], graph: Graph, names: Iterable[str], until: datetime | None
) -> Iterator[str]:
    """These notices, and whatever was known by a time and would be joined with them by itself."""
    reached = set(names)
    todo = sorted(reached)
    while todo:
        here = todo.pop()
        yield here
        for edge in graph.at.get(here, ()):
            other = _beyond(edge, here)
            if edge.alone and other not in reached and known_by(items[other], until):
                reached.add(other)
                todo.append(other)


def _told_multiple(items: Mapping[str, Evidence], graph: Graph, id: str, until: datetime | None) -> bool:
    """Whether this notice, or one beside it, tells that it is of one of several born together."""
    e = items[id]
    twins = (items[other] for other, kind in graph.kin.get(id, {}).items() if kind == "twin")
    if e.known_multiple or any(known_by(twin, until) and not _of_another_mother(e, twin) for twin in twins):
        return True
    return any(
        beside.known_multiple and known_by(beside, until) and born_together(items[edge.a], items[edge.b], edge.compared)
        for edge in graph.at.get(id, ())
        for beside in (items[_beyond(edge, id)],)
    )


def _of_another_mother(a: Evidence, b: Evidence) -> bool:
    """Whether two babies of one home and day are known to have been born to two mothers."""
    return bool(a.mother_nhs and b.mother_nhs and a.mother_nhs != b.mother_nhs)


def _beyond(edge: Edge, here: str) -> str:
    return edge.b if edge.a == here else edge.a
