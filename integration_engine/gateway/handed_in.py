"""What is handed in by a way that nobody waits at: a mailbox, a folder. Heard and made durable as at every door, and answered
by a document of its own, ``submission-answer/1``.

An answer holds codes, places and our own sentences: never what the message says of anybody, and never what its sender
called it, because people call files after children.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NotRequired, cast

from typing_extensions import TypedDict

from adapters.adapter import Verdict, passed_over_because
from integration_engine.gateway.answers import written, written_item
from integration_engine.gateway.body import apart_if_big, travels
from integration_engine.gateway.intake import Brought, Heard, Intake
from integration_engine.gateway.ports import People, StoreAway
from integration_engine.gateway.rows import Read, RowAnswer, refused_rows, row_answers
from integration_engine.record.codes import PartnerKind
from integration_engine.record.notice import Problem
from integration_engine.security.identity import NotAllowed, require_kind

Outcome = Literal["taken", "taken-in-part", "passed-over", "refused"]
"""``taken-in-part``: of several messages or rows some were refused; ``passed-over``: it speaks of no child's death."""

_TEXTS: dict[Outcome, str] = {
    "taken": "It is queued.",
    "taken-in-part": "What could be taken is queued. The rest was refused: put it right and send it again.",
    "passed-over": "It tells of no child's death. Nothing of it was kept.",
    "refused": "Nothing of it was taken or kept. Put it right and send it again.",
}
_HL7 = "application/hl7-v2+er7"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FHIR_STARTS = "application/fhir"
_SPACE = b"\xef\xbb\xbf \t\r\n"
_HEAD_BYTES = 512
# The broker's word for an envelope that can't be written.
_NEVER = "unwritable"
# A day's batch may hold tens of thousands of messages; an answer names the first of those that went wrong.
_MOST_TOLD = 1000


class Counts(TypedDict):
    """How many persons or rows ended how."""

    taken: int
    passed_over: int
    refused: int


class SubmissionAnswer(TypedDict):
    """What became of one message or file. ``problems`` are the whole message's, ``items`` those persons and ``rows`` those
    rows of it that were refused or are not as they should be, the first thousand. ``receipt`` is what to quote when you ask.
    ``message`` is MESH's id of the message; ``bytes`` and ``sha256`` say of which file it is the answer;
    ``mark`` is how the engine knows its own answers."""

    schema: Literal["submission-answer/1"]
    outcome: Outcome
    reason: str
    text: str
    receipt: str
    at: str
    kind: NotRequired[PartnerKind]
    counts: NotRequired[Counts]
    problems: NotRequired[list[dict[str, str]]]
    items: NotRequired[list[dict[str, Any]]]
    rows: NotRequired[list[dict[str, Any]]]
    message: NotRequired[str]
    bytes: NotRequired[int]
    sha256: NotRequired[str]
    mark: NotRequired[str]


class NotNow(Exception):
    """The broker or the store can't do its part now: leave the message where it is, and come again."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"the message can't be taken now ({code})")


@dataclass(frozen=True, slots=True)
class Handed:
    """A message that was heard, or turned away before that. ``receipt`` is our own id of it, which stands in the log too.
    ``to_correct`` are the refused rows of a table as CSV: what its sender wrote, for its sender's own folder alone."""

    outcome: Outcome
    reason: str
    receipt: str
    text: str = ""
    kind: PartnerKind | None = None
    brought: Brought | None = None
    problems: tuple[Problem, ...] = ()
    heard: Heard | None = field(default=None, repr=False)
    rows: tuple[RowAnswer, ...] = ()
    to_correct: str | None = field(default=None, repr=False)

    @property
    def to_be_taken(self) -> bool:
        return self.heard is not None and self.heard.to_be_taken

    def answer(self, at: datetime) -> SubmissionAnswer:
        """``submission-answer/1``."""
        said: SubmissionAnswer = {
            "schema": "submission-answer/1",
            "outcome": self.outcome,
            "reason": self.reason,
            "text": self.text or _TEXTS[self.outcome],
            "receipt": self.receipt,
            "at": at.isoformat(timespec="seconds"),
        }
        if self.kind:
            said["kind"] = self.kind
        if self.problems:
            said["problems"] = [cast("dict[str, str]", written(each)) for each in self.problems[:_MOST_TOLD]]
        if self.heard:
            said["counts"] = _counts(self.heard)
        if self.rows:
            said["rows"] = [dict(row.written()) for row in self.rows if row.result != "accepted"][:_MOST_TOLD]
        elif self.heard:
            told = [dict(written_item(each)) for each in self.heard.items if each.verdict == "refused" or each.problems]
            said["items"] = told[:_MOST_TOLD]
        return said


def turned_away(reason: str, text: str, receipt: str, kind: PartnerKind | None = None) -> Handed:
    """A message that was refused before anything of it was read."""
    return Handed("refused", reason, receipt, text, kind)


class Reception:
    """Hears and takes what is handed in. ``table`` gives a coroner's rows, for their numbers."""

    def __init__(self, intake: Intake, people: People, table: Read) -> None:
        self._intake = intake
        self._people = people
        self._table = table

    async def hear(
        self,
        body: bytes,
        *,
        kind: PartnerKind,
        partner: str,
        receipt: str,
        feed: str | None = None,
        content_type: str | None = None,
    ) -> Handed:
        """What will become of a message of this registered ``partner``. Never raises for what it says; raises NotNow where
        the store can't tell who may send."""
        try:
            principal = await self._people.registered(partner)
            if principal is None:
                return turned_away("unknown-partner", "No partner with a live token is registered here.", receipt, kind)
            require_kind(principal, kind)
            brought = Brought(body, kind, principal, content_type_of(kind, body, content_type), feed)
            heard = await self._intake.hear(brought)
        except NotAllowed as error:
            return turned_away(error.code, f"Nothing of it was taken: {error}.", receipt, kind)
        except StoreAway:
            raise NotNow("store-away") from None
        if feed and (heard.feed is None or heard.feed.name.casefold() != feed.casefold()):
            return turned_away("unknown-feed", "This partner has no feed of that name and kind.", receipt, kind)
        rows, to_correct = await apart_if_big(body, lambda: self._rows(kind, body, heard))
        problems = tuple(problem for reading in heard.readings for problem in reading.problems)
        return Handed(
            _outcome(heard), heard.reason, receipt, _text(heard), kind, brought, problems, heard, rows, to_correct
        )  # fmt: skip

    async def take(self, handed: Handed) -> None:
        """Make it durable; what isn't to be taken is done with. Raises NotNow where the broker doesn't confirm; ValueError
        where it never will, so that nothing else waits behind that."""
        if handed.heard is None or handed.brought is None or not handed.to_be_taken:
            return
        taken = await self._intake.take(handed.brought, handed.heard)
        if taken.reason == _NEVER:
            raise ValueError(taken.reason)
        if not taken.durable:
            raise NotNow(taken.reason)

    def _rows(self, kind: PartnerKind, body: bytes, heard: Heard) -> tuple[tuple[RowAnswer, ...], str | None]:
        if kind != "coroner":
            return (), None
        table = self._table(body, heard.feed)
        return tuple(row_answers(heard, table)), refused_rows(heard, table)


def content_type_of(kind: PartnerKind, body: bytes, stated: str | None = None) -> str:
    """What a body is, by its kind and first bytes. A sender's own word counts where it names a FHIR type: its version may
    stand there alone."""
    if kind == "hospital-hl7":
        return _HL7
    said = (stated or "").strip()
    if kind == "hospital-fhir" and said.lower().startswith(_FHIR_STARTS) and travels(said):
        return said
    first = body[:_HEAD_BYTES].lstrip(_SPACE)[:1]
    if kind == "hospital-fhir":
        return "application/fhir+xml" if first == b"<" else "application/fhir+json"
    if body[:2] == b"PK":
        return _XLSX
    if first in (b"{", b"["):
        return "application/json"
    return "application/xml" if first == b"<" else "text/csv"


def _outcome(heard: Heard) -> Outcome:
    if heard.to_be_taken:
        return "taken-in-part" if any(item.verdict == "refused" for item in heard.items) else "taken"
    return "refused" if heard.verdict == "refused" else "passed-over"


def _text(heard: Heard) -> str:
    if heard.hint:
        return heard.hint
    return passed_over_because(heard.reason) if _outcome(heard) == "passed-over" else ""


def _counts(heard: Heard) -> Counts:
    by: Counter[Verdict] = Counter(item.verdict for item in heard.items)
    refused, passed_over = by["refused"], by["passed-over"]
    return {"taken": by.total() - refused - passed_over, "passed_over": passed_over, "refused": refused}
