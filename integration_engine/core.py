"""The pure engine in one function: notices, decisions and dated reference data in, cases out.

No clock, network, database or chance in here: time comes in as an argument, and the order of the notices doesn't matter.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime

from integration_engine.decided import Decided, sorted_out
from integration_engine.decided import case_id as case_id  # noqa: PLC0414 - a case is asked for by it from here
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
from integration_engine.record.standing import said_at
from integration_engine.record.survivorship import fold
from integration_engine.routing.answer import Routing
from integration_engine.routing.reference import Reference
from integration_engine.routing.route import Switches, route
from integration_engine.told_apart import Dead, told_apart, what_is_kept

_OVER = ("withdrawn", "out-of-scope")


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
    said = {name: evidence.get(name) or evidence_of(n) for name, n in known.items()}
    if from_files:
        said = {name: _as_stated(e, known[name]) for name, e in said.items()}
    told, passed = tuple(decisions), dict[str, str]()
    while True:
        found = _decided(known, said, told, _Rules(reference, now, switches), keys)
        if not found.passed_over:
            return replace(found, passed_over=tuple(sorted(passed.items())))
        # Nothing of these is kept, so nothing may rest on them: the next that is told of the others would decide otherwise.
        passed |= found.passed_over
        known = {name: notice for name, notice in known.items() if name not in passed}


def _decided(
    known: Mapping[str, DeathNotice],
    said: Mapping[str, Evidence],
    decisions: Sequence[Decision],
    rules: "_Rules",
    keys: Mapping[str, Collection[str]],
) -> Outcome:
    """What these notices come to, those that are passed over among them."""
    evidence = [said[name] for name in known]
    people, resolution = sorted_out(decisions, known, lambda linked: resolve(evidence, linked, keys=keys))
    told = told_apart(resolution.clusters, known, people)
    setting = _Setting(resolution, people, [n for n in known.values() if n.rekey], rules)
    kept = what_is_kept(told, resolution.reviews, setting.goes_on)
    in_review = {notice for review in kept.reviews for notice in (review.a, review.b)}
    cases = [setting.case_of(one, in_review) for one in told.dead]
    return Outcome(
        cases=tuple(sorted(_with_related(cases, resolution), key=lambda c: (said_at(c.notices[0]), c.id))),
        reviews=kept.reviews,
        waiting=tuple(sorted((*told.waiting, *kept.waiting))),
        passed_over=tuple(sorted(kept.passed.items())),
        aside=tuple(sorted(people.aside, key=lambda one: one.decision)),
    )


@dataclass(frozen=True, slots=True)
class _Rules:
    """By what is decided: the dated reference data, the switches, and now."""

    reference: Reference
    now: datetime
    switches: Switches


@dataclass(frozen=True, slots=True)
class _Setting:
    """What every cluster's case is decided in: what linkage found and people decided among all notices, every rekey, and by
    what is decided."""

    resolution: Resolution
    people: Decided
    rekeys: Sequence[DeathNotice]
    rules: _Rules

    def goes_on(self, one: Dead) -> bool:
        """Whether its case is one that somebody has to do with, whoever else may be asked about."""
        return self.case_of(one, frozenset()).routing.state not in _OVER

    def case_of(self, one: Dead, in_review: Set[str]) -> Case:
        """One cluster's case: its notices under the current identity, folded and routed. ``in_review``: the notices that a
        person is asked about."""
        members, word = one.members, one.standing
        names = {notice.id for notice in members}
        adoption = not self.resolution.restricted.isdisjoint(names)
        current, former, protected = self._as_shown(one, names, adoption=adoption)
        record = fold(current, word.silenced, steps=one.steps)
        if protected:
            home = one.decided.get("residence")
            record = record_as_shown(record, home.value.get("lad_code") if home else None)
        routing = route(
            record,
            current,
            standing=word,
            decided=one.decided,
            reference=self.rules.reference,
            now=self.rules.now,
            switches=self.rules.switches,
            in_review=not in_review.isdisjoint(names),
            renamed=[n for n in self.rekeys if n.id in self.resolution.renamed_by(names)],
            adoption=adoption or self.people.says_so(names) or any(is_marked(notice) for notice in members),
        )
        opening = _opening(members, former)
        return Case(case_id(opening.id), members, record, routing, protected=protected, former=former)

    def _as_shown(
        self, one: Dead, names: Set[str], *, adoption: bool
    ) -> tuple[tuple[DeathNotice, ...], frozenset[str], bool]:
        """The notices under the current identity, the ids of those that speak of a former one, and whether it is one to
        protect."""
        applying = [n.rekey for n in self.rekeys if n.rekey and (n.id in names or _reaches_all(n, self.resolution))]
        current = under_current_identity(one.members, applying, adoption=adoption)
        if self.people.restricted.isdisjoint(names):
            return current, frozenset(), False
        current, former = as_shown(
            one.members,
            current,
            old_side=self.resolution.former | self.people.shadows | self.people.before,
            new_side=self.resolution.current | self.people.adopted,
            held_true=lambda notices: fold(notices, one.standing.silenced),
        )
        return current, former, True


def _reaches_all(rekey: DeathNotice, resolution: Resolution) -> bool:
    """Whether a rekey changes how other clusters' notices read: a number that is nobody's any more, or an adoption, whose
    two identities are kept apart. Any other rekey only says something of the cluster it belongs to."""
    return rekey.id in resolution.restricted or (rekey.rekey is not None and rekey.rekey.kind == "invalidated")


def _as_stated(evidence: Evidence, notice: DeathNotice) -> Evidence:
    return replace(evidence, at=earliest(notice.stated_at).isoformat() if notice.stated_at else "")


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
