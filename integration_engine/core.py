"""The pure engine in one function: notices, decisions and dated reference data in, cases out.

No clock, network, database or chance in here: time comes in as an argument, and the order of the notices doesn't matter.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime

from integration_engine.decided import Decided, sorted_out, steps
from integration_engine.decided import case_id as case_id  # noqa: PLC0414 - a case is asked for by it from here
from integration_engine.decided import standing as decided_on
from integration_engine.linkage.current import as_shown, is_marked, record_as_shown
from integration_engine.linkage.evidence import Evidence, evidence_of
from integration_engine.linkage.resolve import Resolution, Review, resolve
from integration_engine.record.authority import NotTheirs
from integration_engine.record.dates import earliest
from integration_engine.record.decision import Decision
from integration_engine.record.identity import under_current_identity
from integration_engine.record.notice import DeathNotice
from integration_engine.record.outside import outside
from integration_engine.record.record import ChildDeathRecord
from integration_engine.record.standing import Standing, said_at, source_of, standing
from integration_engine.record.steps import steps_told
from integration_engine.record.survivorship import fold
from integration_engine.routing.answer import Routing
from integration_engine.routing.reference import Reference
from integration_engine.routing.route import Switches, route

LIVING = "living"
"""Why a notice that takes back a death nobody told us of is not kept."""
_OVER = ("withdrawn", "out-of-scope")
UNSURE = frozenset(
    {"below-automatic", "birth-dates-differ", "identifier-contradicted", "identifier-only", "names-and-birth-only"}
    | {"names-half-swapped", "number-not-verified"}
)
"""The reasons to ask a person about two notices that speak of no other child in the family, and of no other valid number."""


@dataclass(frozen=True, slots=True)
class Related:
    """Another case that this one belongs with. ``why``: ``multiple-birth`` or ``same-event``."""

    case: str
    why: str


@dataclass(frozen=True, slots=True)
class Case:
    """One child's death: the notices about it (in a stable order), the record they add up to, and where it goes.

    ``id`` is that of the earliest notice received (under the current identity, where there is another), so it survives later
    arrivals. ``protected`` marks a case with an
    identity to protect (adoption, protected identity, a person's decision), released or not: its record has nothing of a
    former identity, its notices may. ``former`` are the ids of those that speak of one.
    """

    id: str
    notices: tuple[DeathNotice, ...]
    record: ChildDeathRecord
    routing: Routing
    related: tuple[Related, ...] = ()
    protected: bool = False
    former: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Outcome:
    """``cases`` by their earliest statement; ``reviews`` are pairs of notices only a person can settle; ``waiting`` are the
    ids of retractions and rekeys of children nobody has told us are dead, and of births that aren't reviewed and of the
    living as long as a person has to say whether they end a case; ``passed_over`` are the ids and reasons of notices that
    concern no case here and are not to be kept: the living, and births that aren't reviewed; ``aside`` are people's
    decisions that changed nothing because their role may not take them."""

    cases: tuple[Case, ...] = ()
    reviews: tuple[Review, ...] = ()
    waiting: tuple[str, ...] = ()
    passed_over: tuple[tuple[str, str], ...] = ()
    aside: tuple[NotTheirs, ...] = ()


def decide(
    notices: Iterable[DeathNotice],
    decisions: Iterable[Decision],
    reference: Reference,
    now: datetime,
    switches: Switches,
    *,
    from_files: bool = False,
    evidence: Mapping[str, Evidence] = {},
    keys: Mapping[str, Collection[str]] = {},
) -> Outcome:
    """The state of every case that these notices make. A notice given twice counts once, as first received.

    Decisions name notices or cases; one that names nothing among these notices changes nothing. ``from_files``: nobody knows
    when the notices were received, so whoever decided is taken to have known what had been stated by then. ``evidence`` and
    ``keys`` are what linkage makes of these very notices, by id, as far as the caller has worked it out already.
    """
    known = _once_each(notices)
    said = [evidence.get(name) or evidence_of(n) for name, n in known.items()]
    if from_files:
        said = [_as_stated(e, known[e.id]) for e in said]
    people, resolution = sorted_out(decisions, known, lambda linked: resolve(said, linked, keys=keys))
    rekeys = [n for n in known.values() if n.rekey]
    waiting: list[str] = []
    passed: dict[str, str] = {}
    dead: list[_Dead] = []
    unborn: list[tuple[DeathNotice, ...]] = []
    living: list[tuple[DeathNotice, ...]] = []
    for cluster in resolution.clusters:
        members = tuple(sorted((known[notice] for notice in cluster), key=lambda n: (said_at(n), n.id)))
        told = people.about(cluster)
        decided = decided_on(told)
        word = standing(members, decided)
        if word.outcome == "none":
            waiting += [n.id for n in members if not _is_routine(n)]
            living.append(tuple(n for n in members if _is_routine(n)))
        elif all(outside(n) for n in members if n.intent == "report"):
            unborn.append(members)
        else:
            dead.append(_Dead(members, decided, word, steps_told(steps(told))))

    def case_of(one: _Dead, in_review: Set[str]) -> Case:
        return _case(one, resolution, people, rekeys, in_review, reference, now, switches)

    def goes_on(one: _Dead) -> bool:
        return case_of(one, frozenset()).routing.state not in _OVER

    asked = _asked(unborn, dead, resolution.reviews, goes_on)
    denied = _denied(living, dead, resolution.reviews, goes_on)
    for members in living:
        if denied.isdisjoint(n.id for n in members):
            passed |= {n.id: LIVING for n in members}
        else:
            waiting += [n.id for n in members]
    births = {n.id: outside(n) for members in unborn for n in members}
    for members in unborn:
        if asked.isdisjoint(n.id for n in members):
            rule = next(filter(None, map(outside, members)))
            passed |= {n.id: births[n.id] or rule for n in members}
        else:
            waiting += [n.id for n in members]
    reviews = tuple(
        r
        for r in resolution.reviews
        if passed.keys().isdisjoint((r.a, r.b))
        and ({r.a, r.b} & births.keys() <= asked)
        and not {r.a, r.b} <= births.keys()
    )
    in_review = {notice for review in reviews for notice in (review.a, review.b)}
    cases = [case_of(one, in_review) for one in dead]
    return Outcome(
        cases=tuple(sorted(_with_related(cases, resolution), key=lambda c: (said_at(c.notices[0]), c.id))),
        reviews=reviews,
        waiting=tuple(sorted(waiting)),
        passed_over=tuple(sorted(passed.items())),
        aside=tuple(sorted(people.aside, key=lambda one: one.decision)),
    )


def _asked(
    unborn: Sequence[Sequence[DeathNotice]],
    dead: Sequence["_Dead"],
    reviews: Sequence[Review],
    goes_on: Callable[["_Dead"], bool],
) -> set[str]:
    """The notices of births that aren't reviewed about which a person is asked: whether they are of a child whose case
    ``goes_on``."""
    births = {n.id for members in unborn for n in members}
    home = {n.id: one for one in dead for n in one.members}
    pairs = [(a, home[b]) for r in reviews for a, b in ((r.a, r.b), (r.b, r.a)) if a in births and b in home]
    return {notice for notice, one in pairs if goes_on(one)}


def _denied(
    living: Sequence[Sequence[DeathNotice]],
    dead: Sequence["_Dead"],
    reviews: Sequence[Review],
    goes_on: Callable[["_Dead"], bool],
) -> set[str]:
    """The notices of somebody living about whom a person is asked: whether they are the child whose case ``goes_on`` because
    the same source says that it is dead. It is asked where only what would make sure is missing, not where the two may as
    well be sisters or twins: of those the living one is told again and again."""
    alive = {n.id: n for members in living for n in members}
    home = {n.id: one for one in dead for n in one.members}
    pairs = [
        (alive[a], home[b])
        for r in reviews
        if UNSURE.issuperset(r.why)
        for a, b in ((r.a, r.b), (r.b, r.a))
        if a in alive and b in home
    ]
    return {n.id for n, one in pairs if source_of(n) in map(source_of, one.members) and goes_on(one)}


@dataclass(frozen=True, slots=True)
class _Dead:
    """One cluster that makes a case: its notices, what people decided about it, who still says dead, the review's steps."""

    members: tuple[DeathNotice, ...]
    decided: Mapping[str, Decision]
    standing: Standing
    steps: tuple[DeathNotice, ...]


def _case(
    one: _Dead,
    resolution: Resolution,
    people: Decided,
    rekeys: Sequence[DeathNotice],
    in_review: Set[str],
    reference: Reference,
    now: datetime,
    switches: Switches,
) -> Case:
    """One cluster's case: its notices under the current identity, folded and routed."""
    members, word = one.members, one.standing
    names = {notice.id for notice in members}
    adoption = not resolution.restricted.isdisjoint(names)
    applying = [n.rekey for n in rekeys if n.rekey and (n.id in names or _reaches_all(n, resolution))]
    current = under_current_identity(members, applying, adoption=adoption)
    protected = not people.restricted.isdisjoint(names)
    former: frozenset[str] = frozenset()
    if protected:
        current, former = as_shown(
            members,
            current,
            old_side=resolution.former | people.shadows | people.before,
            new_side=resolution.current | people.adopted,
            held_true=lambda notices: fold(notices, word.silenced),
        )
    record = fold(current, word.silenced, steps=one.steps)
    if protected:
        home = one.decided.get("residence")
        record = record_as_shown(record, home.value.get("lad_code") if home else None)
    routing = route(
        record,
        current,
        standing=word,
        decided=one.decided,
        reference=reference,
        now=now,
        switches=switches,
        in_review=not in_review.isdisjoint(names),
        adoption=adoption or people.says_so(names) or any(is_marked(notice) for notice in members),
    )
    return Case(case_id(_opening(members, former).id), members, record, routing, protected=protected, former=former)


def _reaches_all(rekey: DeathNotice, resolution: Resolution) -> bool:
    """Whether a rekey changes how other clusters' notices read: a number that is nobody's any more, or an adoption, whose
    two identities are kept apart. Any other rekey only says something of the cluster it belongs to."""
    return rekey.id in resolution.restricted or (rekey.rekey is not None and rekey.rekey.kind == "invalidated")


def _as_stated(evidence: Evidence, notice: DeathNotice) -> Evidence:
    return replace(evidence, at=earliest(notice.stated_at).isoformat() if notice.stated_at else "")


def _is_routine(notice: DeathNotice) -> bool:
    return bool(notice.retraction and notice.retraction.routine)


def _once_each(notices: Iterable[DeathNotice]) -> dict[str, DeathNotice]:
    known: dict[str, DeathNotice] = {}
    for notice in notices:
        held = known.get(notice.id)
        if held is None or notice.received_at < held.received_at:
            known[notice.id] = notice
    return known


def _opening(members: Sequence[DeathNotice], former: Set[str]) -> DeathNotice:
    """The notice that opened the case: the first received that told of the death. One under a former identity only where
    there is no other: a restricted case isn't known by what its child was known by."""
    reports = [n for n in members if n.intent == "report"]
    # A birth that isn't reviewed opens nothing, whenever it came.
    return min(reports, key=lambda n: (outside(n) is not None, n.id in former, n.received_at, said_at(n), n.id))


def _with_related(cases: Sequence[Case], resolution: Resolution) -> list[Case]:
    # What a notice under a former identity belongs with would tell whose it was.
    home = {notice.id: case.id for case in cases for notice in case.notices if notice.id not in case.former}
    ties: defaultdict[str, set[Related]] = defaultdict(set)
    for a, b, why in resolution.related:
        one, two = home.get(a), home.get(b)
        if one and two and one != two:
            ties[one].add(Related(two, why))
            ties[two].add(Related(one, why))
    ordered = {name: tuple(sorted(found, key=lambda r: (r.case, r.why))) for name, found in ties.items()}
    return [replace(case, related=ordered.get(case.id, ())) for case in cases]
