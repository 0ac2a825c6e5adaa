"""Reads one submission: its people one by one, then, where any is kept, the message as a whole more strictly."""

import re
from dataclasses import replace
from functools import cached_property
from typing import Any

from adapters.adapter import ADULT, Item, Reading, Submission, content_hash
from adapters.hospital_fhir.bundles import own_bytes
from adapters.hospital_fhir.certificate import is_void
from adapters.hospital_fhir.content import check_strictly, media, tree_of
from adapters.hospital_fhir.events import notice_of_signal, notice_of_void
from adapters.hospital_fhir.message import Message, Placed, lay_out, taken_out
from adapters.hospital_fhir.modifiers import check_read
from adapters.hospital_fhir.national import Signal, is_national, is_signal, pointers_of, signal_of
from adapters.hospital_fhir.notices import Envelope, notice_of
from adapters.hospital_fhir.refusals import Refused, refusal
from adapters.hospital_fhir.senders import sender_of
from adapters.hospital_fhir.settings import settings_of
from adapters.hospital_fhir.shape import child, kind_of, text, texts
from adapters.hospital_fhir.soundness import check_bytes, check_focus, check_requests, check_whole
from adapters.hospital_fhir.stated import stated_at
from adapters.hospital_fhir.subjects import death_of_nobody, deleted, subjects_of
from adapters.hospital_fhir.verdict import Finding, adult_for, finding_of
from adapters.hospital_fhir.versions import RELEASES, WITHOUT_CLASS, Version, declared, of_message, resource_class
from integration_engine.mapping.profile import Profile, load_profile
from integration_engine.record.codes import PartnerKind
from integration_engine.record.notice import DeathNotice, Form, Problem

KIND: PartnerKind = "hospital-fhir"
DEFAULT_PROFILE = "uk-core-r4"


def proved_partner(submission: Submission) -> str | None:
    """Who proved to have sent it, or whose feed it came by; None for a file of nobody's feed."""
    return submission.partner or (submission.feed.partner if submission.feed else None)


class Reader:
    """Reads one submission. Raises Refused where the whole of it can't be taken."""

    def __init__(self, submission: Submission, profile: Profile) -> None:
        self.submission = submission
        self.asked = profile
        self.media = media(submission.content_type)
        tree, self.form = tree_of(submission.body, self.media)
        self.tree = taken_out(tree)
        self.unread_times: dict[str, Problem] = {}

    @cached_property
    def message(self) -> Message:
        return lay_out(self.tree)

    def reading(self) -> Reading:
        if is_signal(self.tree):
            return self._signal_reading()
        message = self.message
        check_requests(message)
        self._check_root()
        if pointers := pointers_of(message):
            check_bytes(self.submission.body, self.form, self.tree)
            return self._made(tuple(self._pointer(index, pointer) for index, pointer in enumerate(pointers)))
        if is_void(message):
            self._check_kept()
            notice = notice_of_void(message, self.envelope, self._stated_at(None))
            return self._one(Item(0, "retraction", Form.WITHDRAWN, notice))
        return self._people()

    @cached_property
    def version(self) -> Version:
        stated = settings_of(self.asked, self.submission.feed).fhir_version
        default: Version = declared(stated) or ("STU3" if stated == "STU3" else "R5" if stated == "R5" else "R4")
        message = self.message
        return of_message([one.resource for one in message.resources], self.media.version, default, message.bundle_type)

    def _check_root(self) -> None:
        """The resource sent must be one of the release; a lone R5 Encounter that nobody called R5 is not taken for one."""
        root = self.message.root
        known = any(resource_class(kind_of(root), release) for release in RELEASES)
        if not known and kind_of(root) not in WITHOUT_CLASS:
            raise Refused("unknown-resource", "resourceType")
        if kind_of(root) == "Encounter" and self.version == "R5" and declared(self.media.version) != "R5":
            raise Refused("wrong-version", "Encounter")

    @cached_property
    def profile(self) -> Profile:
        """The profile asked for, or the shipped one that the message's shape calls for where none was."""
        if self.asked.name != DEFAULT_PROFILE or is_signal(self.tree):
            return self.asked
        if self.version == "STU3" and is_national(self.message):
            return load_profile("national-death-stu3")
        if any(
            "/vrdr/" in profile or "/vrdr-" in profile
            for one in self.message.resources
            for profile in texts(child(one.resource, "meta"), "profile")
        ):
            return load_profile("vrdr-r4")
        return load_profile("r5-patient") if self.version == "R5" else self.asked

    @cached_property
    def message_id(self) -> str | None:
        return self._own_id or self.submission.message_id

    @cached_property
    def _own_id(self) -> str | None:
        """The Bundle's or header's own id. A lone resource has none: its id comes again whenever it changes."""
        if kind_of(self.tree) != "Bundle":
            return text(self.tree, "id") if is_signal(self.tree) else None
        header = self.message.header
        own = text(child(self.tree, "identifier"), "value") or (text(header.resource, "id") if header else None)
        return own or text(self.tree, "id")

    @cached_property
    def partner(self) -> str | None:
        proved = proved_partner(self.submission)
        return proved or (None if is_signal(self.tree) else sender_of(self.message)[0])

    @cached_property
    def envelope(self) -> Envelope:
        system = None if is_signal(self.tree) else sender_of(self.message)[1]
        return Envelope(
            self.submission,
            self.profile,
            "R4" if is_signal(self.tree) else self.version,
            self.partner,
            system,
            self.message_id,
            content_hash(self.submission.body),
        )

    def _pointer(self, index: int, signal: Signal) -> Item:
        if signal.names_nobody:
            problem = refusal("no-number", signal.nhs_number_at)
            return Item(index, "refused", problem.code, problems=(problem, *signal.problems))
        notice = notice_of_signal(signal, self.envelope, index)
        return Item(index, pointer_verdict(signal.kind), "pointer", notice, signal.problems)

    def _one(self, item: Item) -> Reading:
        return self._made((item,), item.problems if item.notice is None else ())

    def _made(
        self,
        items: tuple[Item, ...],
        problems: tuple[Problem, ...] = (),
        hint: str | None = None,
        envelope: Envelope | None = None,
        body: bytes | None = None,
    ) -> Reading:
        made = envelope or self.envelope
        return Reading(
            index=0,
            kind=KIND,
            profile=made.profile.name,
            items=items,
            problems=problems,
            message_id=made.message_id,
            partner=self.partner,
            content_hash=made.content_hash,
            hint=hint,
            body=body,
        )

    def _signal_reading(self) -> Reading:
        signal = signal_of(self.tree)
        check_strictly(self.submission.body)
        settings = settings_of(self.asked, self.submission.feed)
        if signal.kind == "other":
            return self._made((Item(0, "passed-over", "other-event"),))
        if signal.names_nobody:
            return self._made((self._pointer(0, signal),))
        if signal.birth_date:
            years = 0 if signal.kind == "death" else settings.late_years
            if adult_for(signal.birth_date, self.submission.received_at, self.submission.age_rules, years):
                return self._made((Item(0, "passed-over", ADULT),))
        notice = notice_of_signal(signal, self.envelope)
        return self._one(Item(0, pointer_verdict(signal.kind), signal.kind, notice, signal.problems))

    def _stated_at(self, patient: Placed | None) -> str | None:
        said, unread = stated_at(self.message, patient)
        self.unread_times |= unread
        return said

    def _people(self) -> Reading:
        """An item for each patient of the message."""
        message = self.message
        settings = settings_of(self.profile, self.submission.feed)
        patients = subjects_of(message)
        gone = deleted(message)
        if not patients:
            check_focus(message, always=False)
            return self._made(_refused_for("delete-requested", gone, 0) or (Item(0, "passed-over", "no-death"),))
        found: list[Finding | Problem] = []
        orphan = death_of_nobody(message)
        for patient in patients:
            try:
                finding = finding_of(message, patient, self.submission, settings, self._stated_at(patient))
                if finding.kept or finding.outside:
                    check_read(message, patient, finding.stay)
                found.append(finding)
            except Refused as refused:
                found.append(refused.problem)
        kept = [
            patient
            for patient, finding in zip(patients, found, strict=True)
            if isinstance(finding, Problem) or finding.kept
        ]
        problems: tuple[Problem, ...] = ()
        envelope, body = self.envelope, None
        if kept:
            problems = self._check_kept()
            body = own_bytes(message, patients, kept) if self.form == "json" else None
            taken_back = [
                patient
                for patient, finding in zip(patients, found, strict=True)
                if isinstance(finding, Finding) and finding.verdict == "retraction"
            ]
            if self._own_id is None and any(self._stated_at(patient) is None for patient in taken_back):
                envelope = self._said_now(body)
            elif body:
                envelope = replace(envelope, content_hash=content_hash(body))
        unreviewed = any(isinstance(finding, Finding) and finding.outside for finding in found)
        sound = bool(kept) or (unreviewed and self._is_sound())
        items = tuple(
            self._item(index, patient, finding, envelope, sound)
            for index, (patient, finding) in enumerate(zip(patients, found, strict=True))
        )
        items += _refused_for("no-subject", [orphan] if orphan else [], len(items))
        items += _refused_for("delete-requested", gone, len(items))
        hint = next((finding.hint for finding in found if isinstance(finding, Finding) and finding.hint), None)
        return self._made(items, problems, hint, envelope, body)

    def _said_now(self, body: bytes | None) -> Envelope:
        """The envelope of a message that tells somebody lives, without an id or a time of its sender's: the same words may be
        said before and after a death was told by mistake, so each time that it is sent is another statement."""
        sent = self.submission.received_at.isoformat().encode()
        known_by = content_hash((body or self.submission.body) + sent)
        return replace(self.envelope, content_hash=known_by, message_id=self.message_id and f"sha256-{known_by}")

    def _item(self, index: int, patient: Placed, finding: Finding | Problem, envelope: Envelope, sound: bool) -> Item:
        if isinstance(finding, Problem):
            return Item(index, "refused", finding.code, problems=(finding,))
        if finding.outside:
            notice = self._not_reviewed(patient, finding, envelope) if sound else None
            return Item(index, finding.verdict, finding.reason, notice)
        if not finding.kept:
            return Item(index, finding.verdict, finding.reason)
        position = _position(patient.path)
        try:
            notice = notice_of(self.message, patient, finding, envelope, self._stated_at(patient), position)
        except Refused as refused:
            return Item(index, "refused", refused.code, problems=(refused.problem,))
        return Item(index, finding.verdict, finding.reason, notice, notice.problems)

    def _not_reviewed(self, patient: Placed, finding: Finding, envelope: Envelope) -> DeathNotice | None:
        """What may end a case that is held. Nobody need put right what is passed over: unreadable, it ends none."""
        try:
            return notice_of(
                self.message, patient, finding, envelope, self._stated_at(patient), _position(patient.path)
            )
        except Refused:
            return None

    def _is_sound(self) -> bool:
        """Whether a message of which nothing is kept would be taken, so that what it says may end a case."""
        try:
            self._check_kept()
        except Refused:
            return False
        return True

    def _check_kept(self) -> tuple[Problem, ...]:
        """What is only worth looking at in a message that will be kept. Raises Refused; problems are the message's own."""
        problems = check_whole(self.message, self.submission.body, self.form)
        return (*problems, *self.unread_times.values())


def _refused_for(code: str, places: list[str], start: int) -> tuple[Item, ...]:
    """A refused item for each of these places of a message, of which the rest is taken."""
    return tuple(
        Item(start + number, "refused", code, problems=(refusal(code, place),)) for number, place in enumerate(places)
    )


def pointer_verdict(kind: str) -> Any:
    """The verdict of a national event by its kind."""
    return {"removed": "retraction", "rekey": "rekey"}.get(kind, "notice")


def _position(path: str) -> int:
    """A number that says where in a message a resource stands, whatever stands around it."""
    position = 0
    for index in re.findall(r"\[(\d+)\]", path):
        position = position * 1_000_000 + int(index) + 1
    return position
