"""The police adapter: a report's bytes to one notice for each deceased child, and a retraction for each who is not dead after
all."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from adapters.adapter import ADULT, Adapter, Feed, Item, Reading, Submission, content_hash, notice_id
from adapters.excerpt import CSV
from adapters.police import export
from adapters.police.document import report
from adapters.police.doubts import birth_date_doubted, future, midnights
from adapters.police.people import Envelope, Subject, envelope_of, subjects
from adapters.police.report import SCHEMA
from adapters.police.verdict import NO_DEATH, Judgement, judge, judge_alive
from adapters.strict_json import NotReadable
from integration_engine.mapping.moments import datetime as moment
from integration_engine.mapping.notices import notice_from
from integration_engine.mapping.profile import Mapped, Profile, load_profile
from integration_engine.mapping.registry import Refused
from integration_engine.record import names
from integration_engine.record.codes import PartnerKind
from integration_engine.record.dates import canonical, earliest
from integration_engine.record.notice import Form, Problem, Provenance
from integration_engine.record.outside import needed

# All that is said of an adult whom an earlier version may have called a child: whom of which report.
_WHOSE_REPORT = frozenset({"police.force", "police.report_id", "police.person_id"})
_FORCE = re.compile(r"[A-Z]\d{8}", re.ASCII)


@dataclass
class PoliceAdapter:
    """Sudden-death reports, JSON or a records system's CSV export. Settings of CSV profiles: see ``export``."""

    kind: PartnerKind = "police"
    default_profile: str = "police-sudden-death"

    def recognises(self, body: bytes, name: str | None = None) -> bool:
        """JSON that names our schema, or a table whose headings are those of a shipped force's export."""
        start = body[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
        if start.startswith(b"{"):
            return b'"police-sudden-death' in body or (b'"persons"' in body and b'"report_id"' in body)
        return export.profile_for(body) is not None

    def screen(self, body: bytes) -> bool:
        """Always worth reading: forces send sudden deaths only."""
        return bool(body.strip())

    def screen_for(self, ways: Sequence[tuple[Profile, Feed | None]]) -> Callable[[bytes], bool]:
        return self.screen

    def sender(self, body: bytes) -> tuple[str | None, str | None]:
        """The force the report names."""
        try:
            return str(report(body).json["force"]), None
        except NotReadable:
            return None, None

    def read(self, submission: Submission, profile: Profile) -> Iterator[Reading]:
        """One reading a report, one item a deceased person (in a later version also an injured child); a CSV export holds
        several reports."""
        if not submission.body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
            yield from self._exported(submission, profile)
            return
        # A force that exports tables may send JSON one day, and the other way round: the form decides, not the feed.
        if profile.language != "json":
            profile = load_profile(self.default_profile)
        whole = content_hash(submission.body)
        try:
            document = report(submission.body)
        except NotReadable as refusal:
            yield _refused(0, refusal.problems, profile.name, whole)
            return
        told = _Told(submission, profile, envelope_of(document.json), whole)
        yield _reading(told, tuple(subjects(document.json)), document.problems, 0, "$.persons")

    def _exported(self, submission: Submission, profile: Profile) -> Iterator[Reading]:
        try:
            yield from _exported(submission, profile)
        except NotReadable as refusal:
            yield _refused(0, refusal.problems, profile.name, content_hash(submission.body))


def _exported(submission: Submission, profile: Profile) -> Iterator[Reading]:
    fitting = profile if profile.language == "columns" else export.profile_for(submission.body)
    if fitting is None:
        problem = Problem(code="unknown-format", text=f"neither JSON {SCHEMA} nor an export whose columns are known")
        raise NotReadable(problem)
    for part in export.reports(submission.body, fitting):
        if part.envelope is None:
            reading = _refused(part.first, part.refusal, fitting.name, part.content)
        else:
            told = _Told(submission, fitting, part.envelope, part.content)
            reading = _reading(told, part.people, part.problems, part.first, part.place)
        matters = reading.statements or reading.verdict == "refused"
        yield replace(reading, body=part.body, body_type=CSV) if matters else reading


@dataclass(frozen=True, slots=True)
class _Told:
    """One report on its way to a reading: how it came, how it is read, what it says of itself, its fingerprint."""

    submission: Submission
    profile: Profile
    about: Envelope
    content: str

    @property
    def partner(self) -> str:
        return self.submission.partner or self.about.force

    @property
    def version_id(self) -> str:
        """What a force means by a message: this version of this report."""
        return f"{self.about.report_id}/{self.about.version}"

    def envelope(
        self, person: Subject, stated: str | None, problems: list[Problem], judgement: Judgement
    ) -> dict[str, Any]:
        """The notice's envelope for one person."""
        withdrawn, outside = self.about.withdrawn, judgement.outside
        retraction: dict[str, Any] = {"form": Form.NOT_DEAD if person.alive and not withdrawn else Form.WITHDRAWN}
        if judgement.takes_back or outside:
            # Only a death that is held makes this one of ours: most injured children were never said to be dead, and most
            # adults never to be children.
            retraction["routine"] = True
        return {
            "id": notice_id("police", self.partner, self.version_id, self.content, person.position),
            "submission": "s-" + self.content[:24],
            "source": {
                "kind": "police",
                "partner": self.partner,
                "message_id": self.submission.message_id or self.version_id,
                "event": "withdrawn" if withdrawn else "sudden-death-report",
                "local_ref": f"{self.about.report_id}/{person.person_id}" if person.has_id else None,
                "version": self.about.version,
            },
            "stated_at": stated,
            "received_at": self.submission.received_at,
            "profile": self.profile.name,
            "profile_version": self.profile.version,
            "problems": problems,
        } | (
            {"intent": "retract", "retraction": retraction}
            if withdrawn or judgement.takes_back
            else {"outside": outside}
        )


def _reading(told: _Told, people: Sequence[Subject], problems: tuple[Problem, ...], first: int, place: str) -> Reading:
    submission = told.submission
    if _FORCE.fullmatch(submission.partner or "") and submission.partner != told.about.force:
        problem = Problem(
            code="wrong-sender", text="the report names another force than the one that sent it", path="$.force"
        )
        return _refused(first, (problem,), told.profile.name, told.content)
    judged = [_item(told, person) for person in people]
    judged = [(item, judgement) for item, judgement in judged if judgement.reason != NO_DEATH or judgement.takes_back]
    items = tuple(item for item, _ in judged) or (_without_dead(told, first, place),)
    return Reading(
        items[0].index,
        "police",
        told.profile.name,
        items,
        problems,
        submission.message_id or told.version_id,
        told.partner,
        told.content,
        next((judgement.hint for _, judgement in judged if judgement.hint), None),
    )


def _without_dead(told: _Told, index: int, place: str) -> Item:
    """A report that names nobody it is about: nothing to us - unless it withdraws one that did. Which children's deaths that
    takes back it doesn't say, and nobody may believe that it took back any."""
    if not told.about.withdrawn:
        return Item(index, "passed-over", NO_DEATH)
    text = "a withdrawal takes back the deaths of the persons it names: send it again with those of the report"
    return Item(index, "refused", "no-persons", problems=(Problem(code="no-persons", text=text, path=place),))


def _stated(told: _Told) -> tuple[str | None, list[Problem]]:
    try:
        return (moment(told.about.reported_at) if told.about.reported_at else None), []
    except Refused as error:
        text = f"reported_at: {error.why} (profile {told.profile.name})"
        return None, [Problem(code=error.code, text=text, path="$.reported_at")]


def _item(told: _Told, person: Subject) -> tuple[Item, Judgement]:
    mapped = told.profile.map(person.source)
    stated, problems = _stated(told)
    received = canonical(told.submission.received_at.isoformat())
    values = dict(mapped.values)
    # Nobody in a report died after it was made: the latest day of death where no time is given.
    told_at = stated if stated and earliest(stated) < earliest(received) else received
    problems += [*midnights(values, mapped, told.submission), *birth_date_doubted(values, mapped, told_at)]
    if person.alive:
        judgement = judge_alive(values, told_at, told.submission.age_rules)
        values = {path: value for path, value in values.items() if not path.startswith("death.")}
        problems += future(values, mapped, told.submission)
    else:
        # Before the age: who is said to die in a hundred years is no adult for that.
        problems += future(values, mapped, told.submission)
        judgement = judge(
            values,
            told_at,
            withdrawn=told.about.withdrawn,
            # Without an id of their own it could be anybody of an earlier version.
            replaces=(told.about.replaces or told.about.withdrawn) and person.has_id,
            rules=told.submission.age_rules,
        )
    if judgement.way == "passed-over" and not judgement.ends_a_case:
        return Item(person.index, "passed-over", judgement.reason), judgement
    if judgement.reason == ADULT:
        values = {path: value for path, value in values.items() if path in _WHOSE_REPORT}
    provenance = {path: where for path, where in mapped.provenance.items() if path in values}
    _derived(values, provenance, person, judgement, told.profile)
    if judgement.outside:
        values = needed(values)
        provenance = {path: where for path, where in provenance.items() if path in values}
    envelope = told.envelope(person, stated, problems, judgement)
    try:
        notice = notice_from(Mapped(values, provenance, mapped.problems), **envelope)
    except ValidationError:
        if judgement.way == "passed-over":
            return Item(person.index, "passed-over", judgement.reason), judgement
        problem = Problem(code="bad-envelope", text="the report's own identifiers can't be read", path=person.place)
        return Item(person.index, "refused", "bad-envelope", problems=(problem,)), judgement
    told_back = () if judgement.outside or judgement.reason == ADULT else notice.problems
    return Item(person.index, judgement.way, judgement.reason, notice, told_back), judgement


def _derived(
    values: dict[str, Any], provenance: dict[str, Provenance], person: Subject, judgement: Judgement, profile: Profile
) -> None:
    """What follows from the values and no path can say."""

    def put(path: str, value: Any, place: str, rule: str) -> None:
        values[path] = value
        provenance[path] = Provenance(path=place, profile=profile.name, rule=rule)

    if names.is_placeholder(values.get("child.given_names", ()), values.get("child.family_name")):
        put("child.name_is_placeholder", True, person.place, "placeholder-names")
    if not judgement.certain_child and person.signs:
        put("child.signs_of_childhood", list(person.signs), person.place, "signs-of-childhood")
    about = person.report
    reference = f"{about.force}/{about.event_id or about.report_id}"
    put("death.event.reference", reference, "$.event.event_id" if about.event_id else "$.report_id", "event-reference")


def _refused(index: int, problems: Sequence[Problem], profile: str, content: str) -> Reading:
    first = problems[0]
    item = Item(index, "refused", first.code, problems=tuple(problems))
    return Reading(index, "police", profile, (item,), content_hash=content)


ADAPTER: Adapter = PoliceAdapter()
