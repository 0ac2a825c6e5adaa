"""Who each cluster of notices tells of - a child who died, a birth that isn't reviewed, somebody living - and what is kept of
those who are no case. Pure."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from integration_engine.decided import Decided
from integration_engine.decided import standing as decided_on
from integration_engine.linkage.resolve import Review
from integration_engine.record.decision import Decision
from integration_engine.record.notice import DeathNotice
from integration_engine.record.outside import outside
from integration_engine.record.standing import Standing, said_at, source_of, standing
from integration_engine.record.steps import steps_told

LIVING = "living"
"""Why a notice that takes back a death nobody told us of is not kept."""
UNSURE = frozenset(
    {"below-automatic", "birth-dates-differ", "identifier-contradicted", "identifier-only", "local-ids-differ"}
    | {"names-and-birth-only", "names-half-swapped", "number-not-verified"}
)
"""The reasons to ask a person about two notices that speak of no other child in the family, and of no other valid number."""


@dataclass(frozen=True, slots=True)
class Dead:
    """One cluster that makes a case: its notices, what people decided about it, who still says dead, the review's steps."""

    members: tuple[DeathNotice, ...]
    decided: Mapping[str, Decision]
    standing: Standing
    steps: tuple[DeathNotice, ...]


@dataclass(frozen=True, slots=True)
class ToldApart:
    """Clusters by what they tell of: a death; a birth that isn't reviewed; somebody living, again and again as a matter of
    routine. ``waiting`` are the ids of what takes back or renames nobody we know of; ``taken_back`` are the retractions among
    them, and ``people`` what was decided."""

    dead: Sequence[Dead]
    unborn: Sequence[tuple[DeathNotice, ...]]
    living: Sequence[tuple[DeathNotice, ...]]
    waiting: Sequence[str]
    taken_back: Sequence[DeathNotice]
    people: Decided


def told_apart(clusters: Iterable[Collection[str]], known: Mapping[str, DeathNotice], people: Decided) -> ToldApart:
    """Sort clusters (of ids of ``known`` notices) by whom they tell of, as far as sources and ``people`` say."""
    dead: list[Dead] = []
    unborn: list[tuple[DeathNotice, ...]] = []
    living: list[tuple[DeathNotice, ...]] = []
    waiting: list[DeathNotice] = []
    for cluster in clusters:
        members = tuple(sorted((known[notice] for notice in cluster), key=lambda n: (said_at(n), n.id)))
        told = people.about(cluster)
        decided = decided_on(told)
        word = standing(members, decided)
        if word.outcome == "none":
            waiting += [n for n in members if not _is_routine(n)]
            living.append(tuple(n for n in members if _is_routine(n)))
        elif all(outside(n) for n in members if n.intent == "report"):
            unborn.append(members)
        else:
            dead.append(Dead(members, decided, word, steps_told(told)))
    taken_back = [n for n in waiting if n.retraction]
    return ToldApart(dead, unborn, living, [n.id for n in waiting], taken_back, people)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of births that aren't reviewed and of the living, and which questions are left to ask."""

    passed: Mapping[str, str]
    waiting: Sequence[str]
    reviews: tuple[Review, ...]


def what_is_kept(told: ToldApart, reviews: Sequence[Review], goes_on: Callable[[Dead], bool]) -> Kept:
    """Of a birth that isn't reviewed, and of somebody living, nothing is kept; but as long as a person is asked whether it is
    the child of a case that ``goes_on``, it waits."""
    asked = _asked(told.unborn, told.dead, reviews, goes_on)
    denied = _denied(told.living, told.dead, reviews, goes_on)
    passed: dict[str, str] = {}
    waiting: list[str] = []
    for members in told.living:
        if denied.isdisjoint(n.id for n in members):
            passed |= {n.id: LIVING for n in members}
        else:
            waiting += [n.id for n in members]
    births = {n.id: outside(n) for members in told.unborn for n in members}
    for members in told.unborn:
        if asked.isdisjoint(n.id for n in members):
            rule = next(filter(None, map(outside, members)))
            passed |= {n.id: births[n.id] or rule for n in members}
        else:
            waiting += [n.id for n in members]
    left = tuple(
        r
        for r in (*reviews, *_of_one_number(told, reviews, goes_on))
        if passed.keys().isdisjoint((r.a, r.b))
        and ({r.a, r.b} & births.keys() <= asked)
        and not {r.a, r.b} <= births.keys()
    )
    return Kept(passed, waiting, left)


def _asked(
    unborn: Sequence[Sequence[DeathNotice]],
    dead: Sequence[Dead],
    reviews: Sequence[Review],
    goes_on: Callable[[Dead], bool],
) -> set[str]:
    """The notices of births that aren't reviewed about which a person is asked: whether they are of a child whose case
    ``goes_on``."""
    births = {n.id for members in unborn for n in members}
    home = {n.id: one for one in dead for n in one.members}
    pairs = [(a, home[b]) for r in reviews for a, b in ((r.a, r.b), (r.b, r.a)) if a in births and b in home]
    return {notice for notice, one in pairs if goes_on(one)}


def _denied(
    living: Sequence[Sequence[DeathNotice]],
    dead: Sequence[Dead],
    reviews: Sequence[Review],
    goes_on: Callable[[Dead], bool],
) -> set[str]:
    """The notices of somebody living about whom a person is asked: whether they are the child whose case ``goes_on`` because
    the same source says that it is dead. It is asked where only what would make sure is missing, not where the two may as
    well be sisters or twins: of those the living one is told again and again."""
    alive = {n.id: n for members in living for n in members}
    home = {n.id: one for one in dead for n in one.members}
    pairs = [
        (alive[a], home[b], frozenset(r.why))
        for r in reviews
        for a, b in ((r.a, r.b), (r.b, r.a))
        if a in alive and b in home
    ]
    return {n.id for n, one, why in pairs if _may_be(n, one.members, why) and goes_on(one)}


def _may_be(living: DeathNotice, dead: Sequence[DeathNotice], why: Set[str]) -> bool:
    """Whether somebody living may be the one that the same source calls dead. Another valid NHS number is another child's,
    unless the source has both under one number of its own: then one of the two was wrong."""
    own = [n.source.local_ref for n in dead if source_of(n) == source_of(living)]
    one_record = living.source.local_ref is not None and living.source.local_ref in own
    return bool(own) and why <= (UNSURE | {"nhs-numbers-differ"} if one_record else UNSURE)


def _of_one_number(told: ToldApart, reviews: Sequence[Review], goes_on: Callable[[Dead], bool]) -> Iterator[Review]:
    """A question for each retraction that bears a number under which the same source told of a death whose case ``goes_on``,
    and that linkage finds to be of somebody else by name and birth: one of the two may be wrong, and then a child lives."""
    settled = told.people.joined_or_parted()
    for taken_back in sorted(told.taken_back, key=lambda n: n.id):
        for one in told.dead:
            names = {n.id for n in one.members}
            same = sorted(n.id for n in one.members if n.intent == "report" and _bears_one_number(n, taken_back))
            asked = any(taken_back.id in (r.a, r.b) and not names.isdisjoint((r.a, r.b)) for r in reviews)
            said = any(taken_back.id in pair and not names.isdisjoint(pair) for pair in settled)
            if same and not asked and not said and goes_on(one):
                a, b = sorted((taken_back.id, same[0]))
                yield Review(a, b, 0.0, ("identifier-only",), False)


def _bears_one_number(dead: DeathNotice, taken_back: DeathNotice) -> bool:
    """Whether one source names both by one NHS number, or one sender by one number of its own: two sites of a trust may each
    have a patient of that number, and neither is looked for with the other."""
    if source_of(dead) != source_of(taken_back):
        return False
    number, own = taken_back.child.nhs_number, taken_back.source.local_ref
    return (number is not None and number == dead.child.nhs_number) or (
        own is not None and (own, taken_back.source.partner) == (dead.source.local_ref, dead.source.partner)
    )


def _is_routine(notice: DeathNotice) -> bool:
    return bool(notice.retraction and notice.retraction.routine)
