"""What every partner kind's adapter does: screen a message's bytes, read it into notices, and answer its sender.

An adapter is pure: bytes and settings in, readings out. It never stores, sends or looks at a clock.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from integration_engine.mapping.profile import Profile
from integration_engine.record.age import AgeRules
from integration_engine.record.codes import PartnerKind
from integration_engine.record.notice import DeathNotice, Problem
from integration_engine.record.outside import STILLBIRTH, TERMINATION

Verdict = Literal["notice", "retraction", "rekey", "passed-over", "refused"]

MOST_BYTES_OF_OFFICES = 8_000_000
"""The most that a police report, an export or a coroner's file may weigh, whatever way it comes: HTTP, the upload page, AMQP,
MESH or a folder. Doors may be set to take less, and take no more at their default."""
ADULT = "scope.adult"
"""Reasons for passing a death over are the rules of scope that leave it out: an adult's, or those of ``record.outside``."""

_BECAUSE = {
    ADULT: "Nothing was kept: the person was an adult.",
    STILLBIRTH: "Nothing was kept: a stillbirth that a professional attended, or a late fetal loss, is not reviewed.",
    TERMINATION: "Nothing was kept: a live birth after a lawful termination is not reviewed.",
    "living": "Nothing was kept: the message tells of no death.",
    "no-death": "Nothing was kept: the message tells of no death.",
    "other-event": "Nothing was kept: the event is not about a death.",
}


def passed_over_because(reason: str) -> str:
    """The sentence that tells a sender why something of theirs was passed over."""
    return _BECAUSE.get(reason, "Nothing was kept.")


# How one message's verdict follows from its items': the first of these that any item has.
_WEIGHT: tuple[Verdict, ...] = ("notice", "retraction", "rekey", "refused", "passed-over")


@dataclass(frozen=True, slots=True)
class Feed:
    """One stream of a partner and how it is to be read and answered.

    ``n_is_reliable``: its PID-30 = N means alive. ``midnight_is_unknown``: 00:00 is a date without a time.
    ``acknowledgement``: ``auto`` reads MSH-15/16 with the custom that AL/NE senders expect a plain AA, ``original``
    always answers AA/AE/AR, ``enhanced`` follows MSH-15/16 to the letter. ``production`` refuses test and training messages.
    """

    name: str
    partner: str
    kind: PartnerKind
    profile: str
    acknowledgement: Literal["auto", "original", "enhanced"] = "auto"
    n_is_reliable: bool | None = None
    midnight_is_unknown: bool | None = None
    charset: str | None = None
    version: str | None = None
    production: bool = True


@dataclass(frozen=True, slots=True)
class Submission:
    """One message exactly as a partner sent it, with its envelope.

    ``partner`` is who proved to have sent it (None when read from a file: then the message's own sender is believed).
    """

    body: bytes
    received_at: datetime
    content_type: str | None = None
    message_id: str | None = None
    partner: str | None = None
    feed: Feed | None = None
    age_rules: AgeRules = AgeRules()


@dataclass(frozen=True, slots=True)
class Item:
    """What a message says about one person: the n-th deceased of a report, patient of a bundle, row of a file.

    ``index`` counts from 0 over everything the file holds. ``reason`` is a code such as ``death``, ``no-death``,
    ``scope.adult``, ``bad-date``. A refused item has no notice. A passed-over one has a notice only
    where it changes what is held (a stillbirth or termination ends a case that another message opened); alone it is not kept.
    """

    index: int
    verdict: Verdict
    reason: str
    notice: DeathNotice | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What one message says. ``index`` is that of its first item; ``problems`` are the message's own, beside its items'.

    ``hint`` is a sentence for the sender (a stillbirth belongs to MBRRACE), never with patient data. ``body`` is this
    message's own bytes where the submission holds several (a batch, a file of rows): what is kept of one child must not
    hold its neighbours, of whom nothing is kept; ``body_type`` is its content type where it isn't the submission's (a row
    of a workbook is CSV). ``sender`` is whom a message that is one of several names as its own sender: whoever sent them
    all has to be allowed to speak as each.
    """

    index: int
    kind: PartnerKind
    profile: str
    items: tuple[Item, ...]
    problems: tuple[Problem, ...] = ()
    message_id: str | None = None
    partner: str | None = None
    content_hash: str = ""
    hint: str | None = None
    body: bytes | None = None
    body_type: str | None = None
    sender: str | None = None

    @property
    def deciding(self) -> Item:
        """The item that gives the message its verdict."""
        return min(self.items, key=lambda item: _WEIGHT.index(item.verdict))

    @property
    def verdict(self) -> Verdict:
        return self.deciding.verdict

    @property
    def reason(self) -> str:
        return self.deciding.reason

    @property
    def notices(self) -> tuple[DeathNotice, ...]:
        """The notices of what is not passed over."""
        return tuple(item.notice for item in self.items if item.notice and item.verdict != "passed-over")

    @property
    def statements(self) -> tuple[DeathNotice, ...]:
        """Every notice, those included that only matter to a case that is held already."""
        return tuple(item.notice for item in self.items if item.notice)

    @property
    def all_problems(self) -> tuple[Problem, ...]:
        return self.problems + tuple(problem for item in self.items for problem in item.problems)


def content_hash(body: bytes) -> str:
    """The fingerprint by which the same content is recognised, however often and in whatever batch it comes."""
    return hashlib.sha256(body).hexdigest()


def notice_id(kind: str, partner: str | None, message_id: str | None, content: str, position: int) -> str:
    """The stable id of a notice: the same statement gets the same id in any order, batch or replay.

    ``content`` is the content hash of the message itself (one member of a batch, one row of a file);
    ``position`` the person's place within that message.
    """
    parts = "\x1f".join((kind, partner or "", message_id or "", content, str(position)))
    return "n-" + hashlib.sha256(parts.encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say back: bytes in the partner's own protocol. ``accepted`` says whether we have taken it. ``later`` follows as
    a message of its own (HL7 v2: the application's answer, after the one that it is stored)."""

    accepted: bool
    code: str
    body: bytes | None
    content_type: str | None = None
    later: bytes | None = None


class Adapter(Protocol):
    """One partner kind."""

    kind: PartnerKind
    default_profile: str

    def recognises(self, body: bytes, name: str | None = None) -> bool:
        """Whether these bytes look like this kind's (file name as a hint)."""
        ...

    def screen(self, body: bytes) -> bool:
        """False when these bytes cannot be about a child's death, its retraction or a rekey: decided on bytes, without
        a full parse. Never False wrongly; True where in doubt."""
        ...

    def screen_for(self, ways: Sequence[tuple[Profile, Feed | None]]) -> Callable[[bytes], bool]:
        """The screen for messages that are read in one of these ways. Knowing them it may pass over more."""
        ...

    def sender(self, body: bytes) -> tuple[str | None, str | None]:
        """(organisation, system) the message names as its sender, for finding its feed; cheap, never raises."""
        ...

    def read(self, submission: Submission, profile: Profile) -> Iterator[Reading]:
        """Everything the submission says, in order. Never raises for bad input: a refused Reading says where and why."""
        ...
