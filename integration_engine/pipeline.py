"""The one transaction: submissions in; inbox, notices, cases, audit and outbox written together or not at all.

What a message says is read before the transaction begins. Inside it the neighbourhood of what is new is locked and read,
the pure core decides about it, and whatever changed for a recipient becomes a row of the outbox; before it ends it looks
whether others took a piece of the same story meanwhile. The caller publishes what comes back; what it can't publish, the
sweeper does. A batch is all or nothing: where it raises, nothing of it was written, and the caller tries its messages one
by one to find the one that raised.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from adapters import registry
from adapters.adapter import Reading, Submission
from integration_engine import settlement
from integration_engine.candidates import TAKEN, Overtaken, candidates
from integration_engine.core import case_id, decide
from integration_engine.crowded import Crowded, asked_too_often, told_too_often
from integration_engine.heard import Again, Heard, Refused, hear
from integration_engine.readings import read_of
from integration_engine.record import authority
from integration_engine.record.codes import PartnerKind
from integration_engine.record.decision import Decision
from integration_engine.record.outside import outside
from integration_engine.routing.reference import Reference
from integration_engine.routing.route import Switches
from integration_engine.stages import reached
from integration_engine.store import inbox, pointers
from integration_engine.store.asked import settle_asked
from integration_engine.store.audit import Entry
from integration_engine.store.database import Store, StoreError, Transaction
from integration_engine.store.decisions import keep_decision
from integration_engine.store.inbox import Alarm, Message, Recognised, Tally
from integration_engine.store.indexing import require_found
from integration_engine.store.neighbourhood import Neighbourhood, founders, gather
from integration_engine.store.outbox import OutboxRow
from integration_engine.store.reviews import keep_readings

Reader = Callable[[Submission, PartnerKind | None], Iterable[Reading]]

# So often a batch that met another one's children is decided anew beside it; then nobody else is let in.
_TRIES_BESIDE_OTHERS = 3


class UnknownSubject(StoreError):
    """A decision is about something that is neither a notice nor a case held here."""

    code = "unknown-subject"


class NotTheirDecision(StoreError):
    """A person decided something that isn't theirs to decide. ``code``: ``role``, ``restricted-role``, ``other-area``,
    ``one-subject``."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Later:
    """What isn't decided yet. ``again``: whether the submission at a place will be heard again for a retraction that touches
    nobody: it may have overtaken the death it takes back, so it is not counted yet (``Processed.early``). ``fetches``: what
    only points to a record waits until that has been fetched, and says nothing by itself. ``crowds``: what is about a child
    of whom very much is held waits until the rest of its batch is decided, and raises Crowded until then."""

    again: Again = lambda _place, _retraction: False
    fetches: bool = False
    crowds: bool = False


@dataclass(frozen=True, slots=True)
class Processed:
    """What a batch came to. ``readings`` are those of each submission, in order; ``outbox`` is to be published now, JAR
    notifications first, then ``outbox.mark_published``; ``new`` counts messages that were not there before; ``early`` are the
    places of submissions with a retraction that touched nobody and was to be heard again."""

    readings: tuple[tuple[Reading, ...], ...] = ()
    outbox: tuple[OutboxRow, ...] = ()
    refused: tuple[Refused, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    new: int = 0
    early: tuple[int, ...] = ()


def process(  # noqa: PLR0913 - one keyword for each thing a batch is decided by
    store: Store,
    submissions: Sequence[Submission],
    *,
    reference: Reference,
    now: datetime,
    switches: Switches,
    kinds: Sequence[PartnerKind | None] | None = None,
    read: Reader = registry.read,
    later: Later = Later(),
    count: Callable[[Tally], None] | None = None,
) -> Processed:
    """Take a batch of submissions in one transaction.

    Parameters: ``kinds`` is each submission's partner kind where the queue it came by tells (else its feed's, else what it
    looks like); ``now`` is zone-aware; ``later`` says what isn't decided yet; ``count``, if given, takes the counts of a
    batch of which nothing else is kept: they aren't worth a transaction.
    A message that came before changes nothing. Raises Transient where the database couldn't do it now, KeyMissing or
    SealBroken where what is held can't be read, ProfileError for an unusable profile, Crowded and Overcrowded (``crowded``);
    bad input is a refusal, never an exception.
    """
    asked = kinds or [None] * len(submissions)
    readings = tuple(tuple(read(submission, kind)) for submission, kind in zip(submissions, asked, strict=True))
    heard = hear(submissions, readings, later.fetches)
    reached("worker.read")
    if count is not None and not (heard.messages or heard.refusals or heard.pointers):
        count(heard.tally)
        return Processed(readings)

    def take(alone: bool) -> Processed:
        with store.transaction() as transaction:
            reached("worker.begun")
            if alone:
                transaction.lock_everything()
            aside = len(submissions) if later.crowds else None
            came, passed_over, outbox = _take(transaction, heard, reference, now, switches, aside)
            early = heard.early(came.new, passed_over, later.again)
            new_pointers = pointers.keep(transaction, heard.pointers, now)
            inbox.count(transaction, heard.counted(came, passed_over, early.keys(), new_pointers), now)
            inbox.refuse(transaction, heard.refusals, now)
            inbox.raise_alarms(transaction, came.alarms, now)
            reached("worker.written")
        places = tuple(sorted(set(early.values())))
        return Processed(readings, outbox, tuple(heard.refused), came.alarms, len(came.new), places)

    for _ in range(_TRIES_BESIDE_OTHERS):
        with suppress(Overtaken):
            return take(alone=False)
    return take(alone=True)


def record_decision(
    store: Store,
    decision: Decision,
    *,
    reference: Reference,
    now: datetime,
    switches: Switches,
    areas: Collection[str] | None = None,
    only_while: Callable[[Transaction], None] | None = None,
    typed_by: str | None = None,
) -> Processed:
    """Keep a person's decision, decide again about everything it touches, and dispatch what changed.

    The same decision again changes nothing. ``areas``: the panels of whoever decides, where they decide about the cases
    those lead only. ``only_while`` raises where what the decision answers was answered meanwhile. ``typed_by``: who says that
    this person decided so, where it wasn't themselves; it stands in the audit log. Nothing is kept of a decision that isn't
    theirs to take. Raises UnknownSubject, NotTheirDecision, OtherDecision (another decision of that id is kept), Transient,
    KeyMissing or SealBroken.
    """
    with store.transaction() as transaction:
        roots = founders(transaction, decision.about)
        unknown = sorted(set(decision.about) - roots.keys())
        if unknown:
            # It may be known all the same: what it was about is dropped where it said that a birth ends no case.
            if not keep_decision(transaction, decision):
                return Processed()
            raise UnknownSubject(
                f"The decision is about {', '.join(unknown)}, which is neither a notice nor a case here."
            )
        before = gather(transaction, roots.values())
        if only_while is not None:
            only_while(transaction)
        # A case whose founding notice isn't the one that opened it is named by that notice: the core knows notices only.
        about = tuple(name if name in (roots[name], case_id(roots[name])) else roots[name] for name in decision.about)
        kept = decision.model_copy(update={"about": about})
        if not keep_decision(transaction, kept):
            return Processed()
        keep_readings(transaction, kept.id, read_of(transaction, kept, roots.values(), before.notices))
        if areas is not None and (other := _not_led_by(areas, roots.values(), before)):
            raise NotTheirDecision("other-area", f"{other} is not led by {' or '.join(sorted(areas))}.")
        hood = gather(transaction, roots.values())
        outcome = decide(hood.notices.values(), hood.decisions, reference, now, switches)
        if refused := next((one for one in outcome.aside if one.decision == kept.id), None):
            raise NotTheirDecision(refused.code, refused.text)
        cases = sorted({home for name in roots.values() if (home := before.homes.get(name))})
        settle_asked(transaction, cases, authority.kinds()[kept.kind].settles, f"decision:{kept.id}", now)
        typed = {"typed_by": typed_by} if typed_by else {}
        detail = {"kind": kept.kind, "about": list(about), "role": kept.role, "cases": cases, **typed}
        entry = Entry("decision.recorded", kept.id, detail, kept.by)
        settled = settlement.Settlement(
            transaction, hood, outcome, now, because=f"decision:{kept.id}", reference=reference, switches=switches
        )
        return Processed(outbox=settled.write(entries=[entry]))


def _not_led_by(areas: Collection[str], names: Iterable[str], hood: Neighbourhood) -> str | None:
    """The first of the cases of these notices that another panel leads, or a notice that is in no case."""
    for name in sorted(names):
        home = hood.homes.get(name)
        if home is None or hood.cases[home].lead not in areas:
            return home or name
    return None


def _take(
    transaction: Transaction,
    heard: Heard,
    reference: Reference,
    now: datetime,
    switches: Switches,
    aside: int | None,
) -> tuple[Recognised, Mapping[str, str], tuple[OutboxRow, ...]]:
    """Take messages in. Returns which were new, which notices of them concern no case (with why), and what goes out. Where
    not all ``aside``, so many submissions, meet a crowd, those that do raise Crowded; whatever is too much for anybody raises
    Overcrowded."""
    messages = heard.messages
    if not messages:
        return Recognised((), (), ()), {}, ()
    transaction.lock(inbox.lock_names(transaction.keys, messages))
    came = inbox.recognise(transaction, messages)
    found = candidates(transaction, [notice for message in came.new for notice in message.notices])
    if not found.new:
        return came, {}, ()
    met = found.met(transaction)
    if aside and (places := heard.apart(came.new, found.crowded(met), aside)):
        raise Crowded(places)
    hood, bonds, said = found.gathered(transaction, met)
    notices = [*hood.notices.values(), *found.new.values()]
    outcome = decide(notices, hood.decisions, reference, now, switches, evidence=said, keys=found.keys)
    passed_over = dict(outcome.passed_over)
    kept = _kept(came.new, passed_over.keys())
    entries = [
        Entry(
            TAKEN,
            message.id,
            {"kind": message.kind, "partner": message.partner, "notices": [notice.id for notice in message.notices]},
        )
        for message in kept
    ]
    settled = settlement.Settlement(
        transaction, hood, outcome, now, because="new-evidence", reference=reference, switches=switches
    )
    names = {notice.id for message in kept for notice in message.notices}
    outbox = settled.write(
        entries, kept, {name: found.kept_under[name] for name in names}, found.bonds_of(names, bonds)
    )
    require_found(transaction)
    found.require_all_seen(transaction)
    often = (*told_too_often(settled.decided, kept), *asked_too_often(outcome.reviews, settled.decided, kept))
    return replace(came, alarms=(*came.alarms, *often)), passed_over, outbox


def _kept(messages: Sequence[Message], passed_over: Set[str]) -> list[Message]:
    """New messages less what concerns no case: of the living nothing is stored, not even that there was a message. Of a
    birth that isn't reviewed there is at most the notice, never the bytes."""
    found = []
    for message in messages:
        notices = tuple(notice for notice in message.notices if notice.id not in passed_over)
        if len(notices) == len(message.notices) and not any(map(outside, notices)):
            found.append(message)
        elif notices:
            found.append(replace(message, notices=notices, body=None))
    return found
