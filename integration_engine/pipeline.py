"""The one transaction: submissions in; inbox, notices, cases, audit and outbox written together or not at all.

What a message says is read before the transaction begins. Inside it the neighbourhood of what is new is locked and read,
the pure core decides about it, and whatever changed for a recipient becomes a row of the outbox; before it ends it looks
whether others took a piece of the same story meanwhile. The caller publishes what comes back; what it can't publish, the
sweeper does. A batch is all or nothing: where it raises, nothing of it was written, and the caller tries its messages one
by one to find the one that raised.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from adapters import registry
from adapters.adapter import Item, Reading, Submission, content_hash
from integration_engine import settlement
from integration_engine.candidates import TAKEN, Overtaken, candidates, in_crowds
from integration_engine.core import LIVING, Case, case_id, decide
from integration_engine.readings import read_of
from integration_engine.record import authority
from integration_engine.record.codes import PartnerKind
from integration_engine.record.decision import Decision
from integration_engine.record.notice import Retraction
from integration_engine.record.outside import outside
from integration_engine.routing.reference import Reference
from integration_engine.routing.route import Switches
from integration_engine.stages import reached
from integration_engine.store import inbox, pointers
from integration_engine.store.audit import Entry
from integration_engine.store.database import Store, StoreError, Transaction
from integration_engine.store.decisions import keep_decision, settle_asked
from integration_engine.store.inbox import Alarm, Message, Recognised, Refusal, Tally
from integration_engine.store.indexing import require_found
from integration_engine.store.neighbourhood import Neighbourhood, founders, gather
from integration_engine.store.outbox import OutboxRow
from integration_engine.store.pointers import Pointer
from integration_engine.store.reviews import keep_readings

Reader = Callable[[Submission, PartnerKind | None], Iterable[Reading]]
Again = Callable[[int, Retraction], bool]

SAME_AGAIN, PASSED_OVER = "same-again", "passed-over"
POINTER = "pointer"
"""The reason of an item that only says whose record to look at."""
TOLD_TOO_OFTEN = "told-too-often"
# Three notices are told of an ordinary death, some dozens of a long inquest. Each of a thousand makes the next one dearer.
_TOLD_OFTEN = 500
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


class Crowded(Exception):
    """Of some of these submissions so much is held already that the others should not wait for them: ``places`` says which.
    Nothing was written."""

    def __init__(self, places: frozenset[int]) -> None:
        self.places = places
        super().__init__(f"{len(places)} submissions are about children of whom very much is held.")


@dataclass(frozen=True, slots=True)
class Later:
    """What isn't decided yet. ``again``: whether the submission at a place will be heard again for a retraction that touches
    nobody: it may have overtaken the death it takes back, so it is not counted yet (``Processed.early``). ``fetches``: what
    only points to a record waits until that has been fetched, and says nothing by itself."""

    again: Again = lambda _place, _retraction: False
    fetches: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """One refused item: the place of its submission in the batch, the message and the item. The caller publishes the
    submission's bytes to ``refused.<kind>`` with these reasons."""

    submission: int
    reading: Reading
    item: Item


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


@dataclass
class _Heard:
    """What a batch says, sorted by what is to be done with it."""

    messages: list[Message] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    pointers: list[Pointer] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    items: dict[str, tuple[Item, ...]] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)

    def apart(self, new: Sequence[Message], notices: Set[str], count: int) -> frozenset[int]:
        """Where the messages with any of these notices are, unless all of so many submissions are such."""
        found = frozenset(self.places[m.id] for m in new if any(notice.id in notices for notice in m.notices))
        return found if len(found) < count else frozenset()

    def early(self, new: Sequence[Message], passed_over: Mapping[str, str], again: Again) -> dict[str, int]:
        """The retractions of children nobody has told us are dead that are heard ``again``, by notice."""
        return {
            notice.id: self.places[message.id]
            for message in new
            for notice in message.notices
            if notice.retraction
            and passed_over.get(notice.id) == LIVING
            and again(self.places[message.id], notice.retraction)
        }


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
    crowds: bool = True,
) -> Processed:
    """Take a batch of submissions in one transaction.

    Parameters: ``kinds`` is each submission's partner kind where the queue it came by tells (else its feed's, else what it
    looks like); ``now`` is zone-aware; ``later`` says what isn't decided yet; ``count``, if given, takes the counts of a
    batch of which nothing else is kept: they aren't worth a transaction; without ``crowds`` those about children of whom very
    much is held aren't taken with others, but Crowded is raised.
    A message that came before changes nothing. Raises Transient where the database couldn't do it now, KeyMissing or
    SealBroken where what is held can't be read, ProfileError for an unusable profile; bad input is a refusal, never an
    exception.
    """
    asked = kinds or [None] * len(submissions)
    readings = tuple(tuple(read(submission, kind)) for submission, kind in zip(submissions, asked, strict=True))
    heard = _hear(submissions, readings, later.fetches)
    reached("worker.read")
    if count is not None and not (heard.messages or heard.refusals or heard.pointers):
        count(heard.tally)
        return Processed(readings)

    def take(alone: bool) -> Processed:
        with store.transaction() as transaction:
            reached("worker.begun")
            if alone:
                transaction.lock_everything()
            aside = None if crowds else len(submissions)
            came, passed_over, outbox = _take(transaction, heard, reference, now, switches, aside)
            early = heard.early(came.new, passed_over, later.again)
            new_pointers = pointers.keep(transaction, heard.pointers, now)
            inbox.count(transaction, _counted(heard, came, passed_over, early.keys(), new_pointers), now)
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
) -> Processed:
    """Keep a person's decision, decide again about everything it touches, and dispatch what changed.

    The same decision again changes nothing. ``areas``: the panels of whoever decides, where they decide about the cases
    those lead only. Nothing is kept of a decision that isn't theirs to take. Raises UnknownSubject, NotTheirDecision,
    OtherDecision (another decision of that id is kept), Transient, KeyMissing or SealBroken.
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
        detail = {"kind": kept.kind, "about": list(about), "role": kept.role, "cases": cases}
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


def _hear(submissions: Sequence[Submission], readings: Sequence[Sequence[Reading]], fetches: bool) -> _Heard:
    heard = _Heard()
    for n, (submission, said) in enumerate(zip(submissions, readings, strict=True)):
        whole = all(item.verdict != "passed-over" for reading in said for item in reading.items)
        for reading in said:
            partner = submission.partner or reading.partner or ""
            content = reading.content_hash or content_hash(reading.body or submission.body)
            pointed = _pointers(submission, reading, partner) if fetches else []
            heard.pointers += pointed
            if reading.statements and not pointed:
                # A file of many messages is kept with its first one, and only where nobody is in it of whom nothing is kept.
                own = len(said) == 1 or (whole and reading is said[0])
                body = reading.body or (submission.body if own else None)
                message = Message(
                    reading.kind,
                    partner,
                    content,
                    reading.message_id or submission.message_id,
                    submission.received_at,
                    body,
                    reading.statements,
                )
                heard.messages.append(message)
                heard.places[message.id] = n
                heard.items[message.id] = tuple(item for item in reading.items if item.verdict != "refused")
            for place, item in enumerate(reading.items):
                if item.verdict == "refused":
                    problems = (*reading.problems, *item.problems)
                    heard.refused.append(Refused(n, reading, item))
                    heard.refusals.append(Refusal(reading.kind, partner, content, place, item.reason, problems))
                if item.verdict == "refused" or not reading.statements:
                    heard.tally.add(reading.kind, partner, item.verdict, item.reason)
    return heard


def _pointers(submission: Submission, reading: Reading, partner: str) -> list[Pointer]:
    """What is to be fetched, of a message in which everybody is only pointed to by their number; else nothing."""
    taken = [item for item in reading.items if item.verdict != "refused"]
    if not all(item.verdict == "notice" and item.reason == POINTER for item in taken):
        return []
    notices = [item.notice for item in taken if item.notice and item.notice.child.nhs_number]
    if len(notices) < len(taken):
        return []
    return [
        Pointer(
            notice.id,
            partner,
            submission.feed.name if submission.feed else None,
            notice.source.event or "",
            submission.received_at,
            str(notice.child.nhs_number),
            submission.body,
            submission.content_type,
        )
        for notice in notices
    ]


def _counted(
    heard: _Heard,
    came: Recognised,
    passed_over: Mapping[str, str],
    early: Collection[str],
    new_pointers: Collection[str],
) -> Tally:
    """What new messages say counts once, and what is heard again not yet; a message that came before is counted as that."""
    tally = Tally(heard.tally.counts.copy())
    for pointer in heard.pointers:
        said = ("notice", POINTER) if pointer.id in new_pointers else (SAME_AGAIN, SAME_AGAIN)
        tally.add(pointers.KIND, pointer.partner, *said)
    for message in came.new:
        for item in heard.items[message.id]:
            if item.notice and item.notice.id in early:
                continue
            if item.notice and item.notice.id in passed_over:
                tally.add(message.kind, message.partner, PASSED_OVER, passed_over[item.notice.id])
            else:
                tally.add(message.kind, message.partner, item.verdict, item.reason)
    for message in came.known:
        tally.add(message.kind, message.partner, SAME_AGAIN, SAME_AGAIN)
    return tally


def _take(
    transaction: Transaction,
    heard: _Heard,
    reference: Reference,
    now: datetime,
    switches: Switches,
    aside: int | None,
) -> tuple[Recognised, Mapping[str, str], tuple[OutboxRow, ...]]:
    """Take messages in. Returns which were new, which notices of them concern no case (with why), and what goes out. Where
    not all ``aside``, so many submissions, meet a crowd, those that do raise Crowded."""
    messages = heard.messages
    if not messages:
        return Recognised((), (), ()), {}, ()
    transaction.lock(inbox.lock_names(transaction.keys, messages))
    came = inbox.recognise(transaction, messages)
    found = candidates(transaction, [notice for message in came.new for notice in message.notices])
    if not found.new:
        return came, {}, ()
    met = found.met(transaction)
    if aside and (places := heard.apart(came.new, in_crowds(met), aside)):
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
    bonds = {(a, b) for a, b in bonds if {a, b} & found.new.keys() <= names}
    outbox = settled.write(entries, kept, {name: found.kept_under[name] for name in names}, bonds)
    require_found(transaction)
    found.require_all_seen(transaction)
    alarms = (*came.alarms, *_told_too_often(settled.decided, kept))
    return replace(came, alarms=alarms), passed_over, outbox


def _told_too_often(cases: Iterable[Case], messages: Iterable[Message]) -> Iterator[Alarm]:
    """An alarm for each case of which very much is told with these messages, and wasn't yet: whoever sent the last of it may
    send one death again and again."""
    came = {notice.id: message for message in messages for notice in message.notices}
    for case in cases:
        if len(case.notices) > _TOLD_OFTEN:
            new = [came[notice.id] for notice in case.notices if notice.id in came]
            if new and len(case.notices) - len(new) <= _TOLD_OFTEN:
                yield Alarm(TOLD_TOO_OFTEN, new[-1].kind, new[-1].partner, case.id)


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
