"""Hospitals and national services, FHIR: screen the bytes, read them into notices, say who sent them.

Where a feed names no profile (the default one is passed in), the message's own shape chooses among the shipped ones: a
national event of STU3 ``national-death-stu3``, a death certificate ``vrdr-r4``, an R5 message ``r5-patient``.
"""

from collections.abc import Callable, Iterator, Sequence

from adapters.adapter import Feed, Item, Reading, Submission, content_hash
from adapters.hospital_fhir.content import Media, tree_of
from adapters.hospital_fhir.message import lay_out
from adapters.hospital_fhir.reader import DEFAULT_PROFILE, KIND, Reader, proved_partner
from adapters.hospital_fhir.refusals import Refused, refusal
from adapters.hospital_fhir.screen import screen as screen_bytes
from adapters.hospital_fhir.senders import sender_of
from integration_engine.mapping.profile import Profile
from integration_engine.record.codes import PartnerKind
from integration_engine.record.notice import Problem

_SIGNALS = (b"pds-death-notification", b"nhs-number-change")


class FhirAdapter:
    """The ``Adapter`` of kind hospital-fhir."""

    kind: PartnerKind = KIND
    default_profile: str = DEFAULT_PROFILE

    def recognises(self, body: bytes, name: str | None = None) -> bool:
        """FHIR JSON names a resourceType, FHIR XML its namespace; a multicast event its type."""
        bare = body.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
        if bare.startswith(b"{"):
            return b'"resourceType"' in bare or any(b'"' + event in bare for event in _SIGNALS)
        if bare.startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
            return b"http://hl7.org/fhir" in bare.replace(b"\0", b"")
        return bool(name) and str(name).lower().endswith((".fhir", ".fhir.json", ".fhir.xml"))

    def screen(self, body: bytes) -> bool:
        return screen_bytes(body)

    def screen_for(self, ways: Sequence[tuple[Profile, Feed | None]]) -> Callable[[bytes], bool]:
        return self.screen

    def sender(self, body: bytes) -> tuple[str | None, str | None]:
        """The organisation and system of the MessageHeader; nothing for what has none or can't be read."""
        if b"MessageHeader" not in body:
            return None, None
        try:
            return sender_of(lay_out(tree_of(body, Media())[0]))
        except Refused:
            return None, None

    def read(self, submission: Submission, profile: Profile) -> Iterator[Reading]:
        """One Reading: a message, with an Item for each patient in it."""
        try:
            yield Reader(submission, profile).reading()
        except Refused as refused:
            yield _refused(submission, profile.name, refused.problem)
        except RecursionError:
            yield _refused(submission, profile.name, refusal("too-deep"))


ADAPTER = FhirAdapter()


def _refused(
    submission: Submission, profile: str, problem: Problem, message_id: str | None = None, partner: str | None = None
) -> Reading:
    """A whole message refused for one reason."""
    return Reading(
        index=0,
        kind=KIND,
        profile=profile,
        items=(Item(0, "refused", problem.code, problems=(problem,)),),
        message_id=message_id or submission.message_id,
        partner=partner or proved_partner(submission),
        content_hash=content_hash(submission.body),
    )
