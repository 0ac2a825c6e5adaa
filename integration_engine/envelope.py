"""The envelope ``case-delivery/1`` that a case travels in. Raw messages never travel; provenance names the kind of partner
and the place in its message."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from integration_engine.record.codes import SourceKind
from integration_engine.record.dates import Partial
from integration_engine.record.record import ChildDeathRecord
from integration_engine.routing.answer import Copy, Jar, Lead, State
from integration_engine.routing.deadline import ClockState

ENVELOPE_SCHEMA = "case-delivery/1"

Kind = Literal["new", "update", "withdraw", "transfer", "merge", "split", "copy", "jar"]
Part = Literal["lead", "copy", "jar", "national", "unassigned", "previous-lead"]
"""What the recipient is to the case. ``unassigned``: nobody can tell whose it is, and the child died in this panel's area."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Reason(_Part):
    """Why this recipient gets this delivery: the rule, and a sentence a coordinator can read."""

    rule: str
    why: str = ""


class Change(_Part):
    """One field that differs from the version the recipient holds. ``from`` or ``to`` is absent where there was or is no
    value; in a restricted case ``from`` is never told."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    field: str
    before: Any = Field(default=None, alias="from")
    after: Any = Field(default=None, alias="to")


class Origin(_Part):
    """Where a value came from: the kind of partner, the place in its message, and the ranking that chose it."""

    source: SourceKind
    path: str
    rule: str


class Differing(_Part):
    """A value that another source states and that did not win."""

    field: str
    value: Any
    source: SourceKind


class Moved(_Part):
    """What became of case ids: ``into`` is the case this one was merged into or the cases split off from it, ``out_of``
    the cases merged into this one or the case it was split from."""

    into: tuple[str, ...] = ()
    out_of: tuple[str, ...] = ()


class RelatedCase(_Part):
    """Another child's case that belongs with this one."""

    case: str
    why: str


class DeliveredRouting(_Part):
    """Whose case it is, who else is told, and the joint agency response, each with the rule that decided."""

    lead: Lead | None = None
    copies: tuple[Copy, ...] = ()
    notify: tuple[str, ...] = ()
    jar: Jar = Jar(required=False)


Minute = Annotated[
    datetime, WithJsonSchema({"type": "string", "description": "ISO 8601 to the minute, with its offset from UTC"})
]


class ClockNote(_Part):
    """One clock explained: how it stands (a clock that ``running`` may be overdue when it is read), its rule, when it began
    and is due, and all of it in a sentence. ``by`` is the ODS code of the organisation that has to act, where it isn't the
    panel that leads."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    state: ClockState
    rule: str
    why: str
    due: datetime | None = None
    start: Partial | None = Field(default=None, alias="from")
    met_at: Partial | None = None
    first_known: Minute | None = None
    by: str | None = None


class Tried(_Part):
    """One step of the residence ladder that was tried, and what it answered."""

    rule: str
    answer: str


class Because(_Part):
    """One part of the answer, and why: ``about`` is scope, state, lead, copy, notify, jar, jar-reason, jar-team, jar-told,
    jar-police or flag."""

    about: str
    answer: str
    rule: str
    why: str


class Consider(_Part):
    """For one flag or duty whom to contact, what to send, and by when in words (``by``) or as a time (``due``).
    ``authority`` and ``police_force`` are the codes of those that the contact names."""

    flag: str
    when: str
    contact: str
    send: str
    by: str = ""
    due: datetime | None = None
    authority: str | None = None
    police_force: str | None = None


class DeliveryEnvelope(_Part):
    """``case-delivery/1``: one delivery about one case to one recipient.

    ``delivery`` is stable: the same delivery arriving twice has the same id. ``version`` counts the case's versions; a
    recipient may not have been sent every one. ``record`` is absent where nothing more about the child is told (withdrawn,
    merged elsewhere, led elsewhere).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    schema_: Literal["case-delivery/1"] = Field(alias="schema")
    delivery: str
    case: str
    version: int = Field(ge=1)
    kind: Kind
    part: Part
    at: datetime
    state: State
    rule: str
    reasons: tuple[Reason, ...] = ()
    changes: tuple[Change, ...] = ()
    record: ChildDeathRecord | None = None
    differing: tuple[Differing, ...] = ()
    routing: DeliveredRouting = DeliveredRouting()
    clocks: dict[str, datetime] = {}
    clock_notes: dict[str, ClockNote] = {}
    flags: tuple[str, ...] = ()
    consider: tuple[Consider, ...] = ()
    ladder: tuple[Tried, ...] = ()
    because: tuple[Because, ...] = ()
    related: tuple[RelatedCase, ...] = ()
    moved: Moved | None = None
    provenance: dict[str, Origin] = {}


def schema() -> dict[str, Any]:
    """The JSON Schema of ``case-delivery/1``, shipped as ``mappings/schema/case-delivery-1.json``."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **DeliveryEnvelope.model_json_schema(by_alias=True),
        "title": ENVELOPE_SCHEMA,
    }
