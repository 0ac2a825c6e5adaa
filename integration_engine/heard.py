"""What a batch of submissions says, sorted by what is to be done with it: kept, refused, fetched or only counted."""

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field

from adapters.adapter import Item, Reading, Submission, content_hash
from integration_engine.record.notice import Retraction
from integration_engine.record.outside import counts_only_against_a_death
from integration_engine.store import pointers
from integration_engine.store.inbox import AGAINST_A_DEATH, Message, Recognised, Refusal, Tally
from integration_engine.store.pointers import Pointer
from integration_engine.told_apart import LIVING

Again = Callable[[int, Retraction], bool]

SAME_AGAIN, PASSED_OVER = "same-again", "passed-over"
POINTER = "pointer"
"""The reason of an item that only says whose record to look at."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One refused item: the place of its submission in the batch, the message and the item. The caller publishes the
    submission's bytes to ``refused.<kind>`` with these reasons."""

    submission: int
    reading: Reading
    item: Item


@dataclass
class Heard:
    """What a batch says. ``messages`` have something to keep; ``items`` and ``places`` tell of each, by its id, what it says
    and at which place of the batch it came. ``refused`` go back, and ``refusals`` are what is remembered of them.
    ``pointers`` are to be fetched first; ``tally`` counts what nothing else is kept of."""

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

    def counted(
        self,
        came: Recognised,
        passed_over: Mapping[str, str],
        early: Collection[str],
        new_pointers: Collection[str],
    ) -> Tally:
        """What is counted. New messages count once, what is heard again not yet, and what came before counts as that. What is
        held only because it speaks against a death is counted so that it can be told from what always is."""
        tally = Tally(self.tally.counts.copy())
        for pointer in self.pointers:
            said = ("notice", POINTER) if pointer.id in new_pointers else (SAME_AGAIN, SAME_AGAIN)
            tally.add(pointers.KIND, pointer.partner, *said)
        for message in came.new:
            for item in self.items[message.id]:
                if item.notice and item.notice.id in early:
                    continue
                if item.notice and item.notice.id in passed_over:
                    tally.add(message.kind, message.partner, PASSED_OVER, passed_over[item.notice.id])
                elif item.notice and item.verdict != PASSED_OVER and counts_only_against_a_death(item.notice):
                    tally.add(message.kind, message.partner, item.verdict, AGAINST_A_DEATH)
                else:
                    tally.add(message.kind, message.partner, item.verdict, item.reason)
        for message in came.known:
            always = not all(map(counts_only_against_a_death, message.notices))
            tally.add(message.kind, message.partner, SAME_AGAIN, SAME_AGAIN if always else AGAINST_A_DEATH)
        return tally


def hear(submissions: Sequence[Submission], readings: Sequence[Sequence[Reading]], fetches: bool) -> Heard:
    """Sort what each of these submissions was read as. ``fetches``: there is somebody to ask for the records that are only
    pointed to."""
    heard = Heard()
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
