"""The adapter for hospitals that speak HL7 v2: every message of a body, each with its verdict."""

import re
from collections.abc import Callable, Iterator, Sequence

from adapters.adapter import Feed, Item, Reading, Submission, content_hash
from adapters.hospital_hl7.er7 import Message, NotReadable, Segment, parse
from adapters.hospital_hl7.header import Header, header_of
from adapters.hospital_hl7.members import Member, members
from adapters.hospital_hl7.outcome import Context, Outcome
from adapters.hospital_hl7.person import read_person
from adapters.hospital_hl7.screen import screening
from adapters.hospital_hl7.settings import LATE_YEARS, ReadingSettings, settings_of
from adapters.hospital_hl7.triggers import ABOUT_NO_PATIENT, ACKNOWLEDGEMENTS
from integration_engine.mapping.profile import Profile
from integration_engine.record.codes import PartnerKind
from integration_engine.record.notice import Problem
from integration_engine.record.outside import STILLBIRTH

KIND: PartnerKind = "hospital-hl7"

_STILLBIRTH_HINT = (
    "Stillbirths with a professional attending and late fetal losses are not reviewed here; report them to MBRRACE-UK."
)
_START = re.compile(rb"(?:\xef\xbb\xbf)?[\s\x0b]*(?:MSH|FHS|BHS)[^A-Za-z0-9\s,;]", re.IGNORECASE)
_TYPE = re.compile(r"[A-Z][A-Z0-9]{2}")
_VERSION = re.compile(r"2(?:\.\d{1,2}){0,2}")
_careful_screen = screening()

MOST_PEOPLE = 200
"""More in one message is no message about patients, and as much work as a month of them; a batch may hold any number."""


class HospitalHl7:
    """HL7 v2 by MLLP, file or queue. Pure: no clock, network or store."""

    kind: PartnerKind = KIND
    default_profile = "nhs-adt"

    def recognises(self, body: bytes, name: str | None = None) -> bool:
        """Whether the bytes begin like HL7 v2; a file's name only tells where the bytes don't."""
        head = body[:512]
        if b"\0" in head:
            head = head.replace(b"\0", b"").lstrip(b"\xff\xfe")
        if _START.match(head) or head[:4].upper() == b"MSH\t":
            return True
        return bool(name and name.lower().endswith(".hl7"))

    def screen(self, body: bytes) -> bool:
        return _careful_screen(body)

    def screen_for(self, ways: Sequence[tuple[Profile, Feed | None]]) -> Callable[[bytes], bool]:
        """Hospitals that fill PID-30 send N with every message, and many have Z segments: both say nothing where N isn't
        reliable and no Z segment holds a death."""
        settings = [settings_of(profile, feed) for profile, feed in ways]
        n_matters = any(each.n_is_reliable for each in settings)
        z_matters = any(not each.plain_places for each in settings)
        visits_matter = any(each.visits_are_corrected for each in settings)
        late_years = max((each.late_years for each in settings), default=LATE_YEARS)
        return screening(n_matters=n_matters, z_matters=z_matters, visits_matter=visits_matter, late_years=late_years)

    def sender(self, body: bytes) -> tuple[str | None, str | None]:
        """MSH-4 and MSH-3 of the first message; of a batch without any its own, BHS-4 and BHS-3."""
        for member in members(body):
            line = re.split(rb"[\r\n]", member.body.lstrip(b"\r\n\x0b \t"), maxsplit=1)[0]
            if line[:3].upper() in (b"BHS", b"FHS"):
                line = b"MSH" + line[3:]
            try:
                head = parse(line)
            except NotReadable:
                return None, None
            header = header_of(head)
            return header.facility or None, header.system or None
        return None, None

    def read(self, submission: Submission, profile: Profile) -> Iterator[Reading]:
        """Every message of the body in order. Never raises for bad input."""
        settings = settings_of(profile, submission.feed)
        for member in members(submission.body):
            yield _Reader(submission, profile, settings, member).reading()


ADAPTER = HospitalHl7()


class _Reader:
    """Reads one message of a body."""

    def __init__(self, submission: Submission, profile: Profile, settings: ReadingSettings, member: Member) -> None:
        self._submission = submission
        self._profile = profile
        self._settings = settings
        self._member = member
        self._problems = list(member.problems)
        self._header: Header | None = None
        # Line ends are the transport's: the same message by MLLP, file or in a batch is the same content.
        body = member.body.replace(b"\r\n", b"\r").replace(b"\n", b"\r") if b"\n" in member.body else member.body
        self._content = content_hash(body.strip(b"\r\x0b\x1c"))

    def reading(self) -> Reading:
        outcomes = list(self._outcomes())
        # What a file holds are its messages: all that one message says has the message's index.
        index = self._member.index
        items = tuple(Item(index, one.verdict, one.reason, one.notice, one.problems) for one in outcomes)
        header = self._header
        hint = any(one.reason == STILLBIRTH for one in outcomes)
        return Reading(
            index=index,
            kind=KIND,
            profile=self._profile.name,
            items=items,
            problems=tuple(self._problems),
            message_id=(header.control_id if header else None) or self._submission.message_id,
            partner=self._submission.partner or (header.facility if header else None) or None,
            content_hash=self._content,
            hint=_STILLBIRTH_HINT if hint else None,
            body=self._member.body if self._member.is_part else None,
            sender=header.facility or None if header and self._member.is_part else None,
        )

    def _outcomes(self) -> Iterator[Outcome]:
        feed = self._submission.feed
        try:
            charset = "utf-8" if self._member.converted else feed.charset if feed else None
            message = parse(self._member.body, charset=charset, override=self._member.converted)
        except NotReadable as error:
            yield _refused(error.code, error.why, error.path)
            return
        if self._member.cut:
            yield _refused("message-cut", "the file ends within this message, before its batch's trailer", None)
            return
        header = self._header = header_of(message)
        refusal = _cannot_take(header, feed)
        if refusal or header.kind in ACKNOWLEDGEMENTS:
            yield refusal or Outcome("passed-over", "acknowledgement")
            return
        if message.charset_is_fallback:
            text = f"the message was read as {message.charset}, which it did not declare"
            self._problems.append(Problem(code="charset-fallback", text=text, path="MSH-18"))
        if message.joined_lines:
            text = "a line break within a field was read as part of it"
            self._problems.append(Problem(code="line-break-in-field", text=text))
        people = message.segments("PID")
        if not people:
            if header.kind in ABOUT_NO_PATIENT:
                yield Outcome("passed-over", "not-about-a-patient")
            else:
                yield _refused("no-pid", "there is no PID: nobody can tell whom the message is about", "PID")
            return
        if len(people) > MOST_PEOPLE:
            yield _refused("too-many-people", f"the message speaks of more than {MOST_PEOPLE} people", "PID")
            return
        context = Context(header, self._settings, self._profile, self._submission, self._content, tuple(self._problems))
        if len(people) == 1:
            yield from read_person(message, context)
            return
        for position, part in enumerate(_by_person(message)):
            yield from read_person(part, context, position)


def _by_person(message: Message) -> Iterator[Message]:
    """One message for each PID: what stands before the first, and what follows its own."""
    shared: list[Segment] = []
    parts: list[list[Segment]] = []
    for segment in message.order:
        if segment.name == "PID":
            parts.append([*shared, segment])
        elif parts:
            parts[-1].append(segment)
        else:
            shared.append(segment)
    for part in parts:
        yield message.part(part)


def _cannot_take(header: Header, feed: Feed | None) -> Outcome | None:
    """What will never be taken, whatever it says: type, version, processing id (HL7 table 0357 codes 200, 203, 202)."""
    if not header.kind:
        return _refused("no-message-type", "MSH-9 names no message type", "MSH-9.1")
    if not _TYPE.fullmatch(header.kind):
        return _refused("unsupported-type", "MSH-9 names no HL7 v2 message type", "MSH-9.1")
    version = header.version or (feed.version if feed else None) or "2.4"
    if not _VERSION.fullmatch(version):
        return _refused("unsupported-version", "MSH-12 is no version of HL7 v2", "MSH-12")
    if feed is not None and feed.production and header.processing in ("T", "D"):
        return _refused("test-message", "a test or training message in a production feed", "MSH-11")
    return None


def _refused(code: str, why: str, path: str | None) -> Outcome:
    return Outcome("refused", code, problems=(Problem(code=code, text=why, path=path),))
