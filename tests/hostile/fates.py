"""What became of each thing that was sent: its answer, and where it lies. The two have to agree."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import select

from adapters import registry
from adapters.adapter import Reading, Submission
from integration_engine.broker.message import CORRELATION
from integration_engine.gateway.mllp_frames import Frame, Framer
from integration_engine.store import inbox
from integration_engine.store.database import table
from integration_engine.store.sealing import unseal
from integration_engine.store.tables import SubmissionRow
from tests.hostile.house import KINDS, House
from tests.hostile.roads import Answer
from tests.hostile.samples import Sample
from tests.hostile_sample import Outcome
from tests.mllp_client import END

_FRAME_LIMIT = 8 * 1024 * 1024
_SAFE = ("taken", "acknowledged", "unanswered")


@dataclass(frozen=True)
class Fate:
    """What became of one sample: its answer, and where it lies now (``inbox``, ``refused``, ``dead``, ``waits``; nowhere).

    ``codes``: what the reader tells of it. ``worth``: something of it is to be taken or refused. ``may_touch``: what isn't
    may still change a case that is held, as a stillbirth does, and then lies in the inbox. ``screened``: the screen of
    workers passes it over unread, whatever a reader would find wrong with it.
    """

    sample: Sample
    answer: Answer
    lies: frozenset[str]
    codes: tuple[str, ...] = ()
    worth: bool = True
    may_touch: bool = False
    screened: bool = False

    @property
    def lost(self) -> bool:
        """Whether its sender may believe that it is safe, and it is nowhere."""
        return self.worth and not self.screened and self.answer.heard in _SAFE and not self.lies

    @property
    def came_to(self) -> Outcome | None:
        """The outcome, by what was answered and by where it lies, which have to agree; None where they don't."""
        heard = self.answer.heard
        if heard in ("passed-over", "acknowledged", "unanswered") and (self.screened or not self.worth):
            return "passed-over" if not self.lies - ({"inbox"} if self.may_touch else set()) else None
        if heard in _SAFE and self.lies & {"inbox", "waits"}:
            return "taken"
        if heard in ("refused", "silence", "closed") and not self.lies:
            return "refused"
        if heard == "unanswered" and self.lies == {"refused"}:
            return "refused"
        # Of a batch whose count is wrong the good messages are kept.
        if heard == "refused" and "inbox" in self.lies and "AA" in self.answer.said.split():
            return "refused"
        return None

    @property
    def as_expected(self) -> bool:
        sample, came_to = self.sample, self.came_to
        if "dead" in self.lies:
            return False
        if sample.exactly:
            return self.answer.said in sample.said and ("inbox" in self.lies) == ("taken" in sample.may_be)
        if self.screened:
            return came_to == "passed-over"
        if sample.problem and sample.problem not in self.codes:
            return False
        if self.answer.heard == "silence" and "passed-over" in sample.may_be:
            return not self.lies
        if (
            came_to == "refused"
            and sample.said
            and self.answer.said
            and sample.said.isdisjoint(self.answer.said.split())
        ):
            return False
        return came_to in sample.may_be

    @property
    def judged_for_nothing(self) -> bool:
        """Whether its manifest is right after all. Then it isn't ``as_expected``."""
        return self.came_to in self.sample.manifest


@dataclass
class Lying:
    """What lies in the queues: by the receipt it carries, or where that is nobody's (who published it itself got none, and by
    MLLP none is told), by its kind and bytes."""

    receipts: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    bodies: dict[tuple[str, bytes], set[str]] = field(default_factory=lambda: defaultdict(set))
    found_again: set[tuple[str, bytes]] = field(default_factory=set)

    @classmethod
    def found(cls, house: House, known: Iterable[str]) -> "Lying":
        """Everything that lies there, taken away."""
        lying, ours = cls(), set(known)
        for queue, where in _QUEUES.items():
            for properties, key, body in house.taken(queue):
                receipt = (properties.headers or {}).get(CORRELATION)
                by_body = lying.bodies[key.partition(".")[2] if where != "waits" else key.partition(".")[0], body]
                (lying.receipts[receipt] if receipt in ours else by_body).add(where)
        return lying

    def of(self, sample: Sample, receipt: str, bodies: Iterable[bytes]) -> set[str]:
        lies = set(self.receipts.get(receipt, ()))
        if sample.road in _WITHOUT_RECEIPT:
            for body in bodies:
                self.found_again.add((sample.kind, body))
                lies |= self.bodies.get((sample.kind, body), set())
        return lies

    def nobodys(self) -> list[str]:
        """Sentences about what nobody sent."""
        return [
            f"{len(body)} bytes of {kind} that nobody sent, {sha256(body).hexdigest()[:8]}, lie in {' and '.join(where)}"
            for (kind, body), where in self.bodies.items()
            if where and (kind, body) not in self.found_again
        ]


_WITHOUT_RECEIPT = ("mllp", "queue")
_QUEUES: Mapping[str, str] = {
    **{f"refused.{kind}": "refused" for kind in KINDS},
    **{f"dead.{kind}": "dead" for kind in KINDS},
    **dict.fromkeys(("delay.5s", "delay.1m", "delay.10m"), "waits"),
}


def fates(house: House, samples: Sequence[Sample], answers: Mapping[int, Answer]) -> tuple[list[Fate], list[str]]:
    """What became of each, and sentences about what lies in the queues and is nobody's."""
    lying = Lying.found(house, (answer.receipt for answer in answers.values() if answer.receipt))
    with house.store.reading() as transaction:
        inbox_of = table(SubmissionRow).c
        rows = transaction.connection.execute(select(inbox_of.content_key, inbox_of.kind, inbox_of.sealed)).all()
    held = {bytes(row.content_key) for row in rows}
    # What somebody says anew each time, such as that a child lives, isn't known by its content.
    kept = {(row.kind, unseal(house.store.keys, row.sealed)) for row in rows if row.sealed is not None}
    told = []
    for place, sample in enumerate(samples):
        answer = answers.get(place, Answer("hang"))
        bodies = _messages(sample)
        readings = [reading for body in bodies for reading in _read(sample, body)]
        written = {*bodies, *(reading.body for reading in readings if reading.body)}
        lies = lying.of(sample, answer.receipt, written)
        if not kept.isdisjoint((sample.kind, body) for body in written) or any(
            not held.isdisjoint(_keys(house, sample, reading)) for reading in readings
        ):
            lies.add("inbox")
        told.append(_fate(sample, answer, frozenset(lies), readings))
    return told, lying.nobodys()


def _fate(sample: Sample, answer: Answer, lies: frozenset[str], readings: Sequence[Reading]) -> Fate:
    worth = any(reading.verdict != "passed-over" for reading in readings)
    may_touch = any(reading.statements for reading in readings)
    codes = [code for reading in readings for code in (reading.reason, *(p.code for p in reading.all_problems))]
    screened = sample.road == "queue" and not registry.screen_of(sample.kind, ())(sample.body)
    return Fate(sample, answer, lies, tuple(dict.fromkeys(codes)), worth, may_touch, screened)


def _messages(sample: Sample) -> list[bytes]:
    """The messages in it: what an MLLP connection's bytes hold may be several."""
    if not sample.wire:
        return [sample.body]
    return [event.body for event in Framer(_FRAME_LIMIT).feed(sample.body + END) if isinstance(event, Frame)]


def _read(sample: Sample, body: bytes) -> Iterator[Reading]:
    told = Submission(body, datetime.now(UTC), sample.content_type or None, None, sample.partner)
    return registry.read(told, sample.kind, sample.profile)


def _keys(house: House, sample: Sample, reading: Reading) -> set[bytes]:
    """How the inbox would know it again."""
    message = inbox.Message(reading.kind, sample.partner, reading.content_hash, None, datetime.now(UTC), None, ())
    return set(message.content_keys(house.store.keys))
