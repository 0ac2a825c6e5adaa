"""A notice: what one submission says about one child's death, in canonical terms, each value with where it came from."""

from datetime import datetime
from typing import Final, Literal

from integration_engine.record import codes
from integration_engine.record.account import Account, Canonical, Text
from integration_engine.record.dates import Partial

NOTICE_SCHEMA = "notice/1"

Outside = Literal["scope.stillbirth", "scope.termination"]
"""The rules of scope by which a birth isn't reviewed whoever tells of it."""


RetractionForm = Literal[
    "deleted",
    "not-dead",
    "resurrected",
    "zero-date",
    "status-removed",
    "withdrawn",
    "cancelled-visit",
    "visit-corrected",
]


class Form:
    """The forms of a retraction by name; ``Retraction`` says what each means."""

    DELETED: Final = "deleted"
    NOT_DEAD: Final = "not-dead"
    RESURRECTED: Final = "resurrected"
    ZERO_DATE: Final = "zero-date"
    STATUS_REMOVED: Final = "status-removed"
    WITHDRAWN: Final = "withdrawn"
    CANCELLED_VISIT: Final = "cancelled-visit"
    VISIT_CORRECTED: Final = "visit-corrected"


class Source(Canonical):
    """Who said it. ``partner`` is an ODS code, an E23 force code or a coroner area slug; ``local_ref`` the partner's own id
    for this child, ``visit`` the hospital visit the message is about."""

    kind: codes.SourceKind
    partner: Text | None = None
    system: Text | None = None
    message_id: Text | None = None
    event: Text | None = None
    local_ref: Text | None = None
    visit: Text | None = None
    version: int | None = None
    """Version of the partner's report where it counts them (police)."""
    indirect: bool | None = None
    """A laboratory, document or vaccination message: it may speak of a death, but opens no case without a person."""


class Provenance(Canonical):
    """Where one value came from: the place in the message, in the message's own language, and the profile that read it."""

    path: Text
    profile: Text
    rule: Text | None = None


class Problem(Canonical):
    """Something about a message its sender should know. ``text`` never holds a value of the message."""

    code: Text
    text: Text
    path: Text | None = None


class Retraction(Canonical):
    """How a partner took something back.

    ``form``: ``deleted`` (HL7 ``""``), ``not-dead`` (a reliable N, deceasedBoolean false), ``resurrected``, ``zero-date``,
    ``status-removed`` (U), ``withdrawn`` (police, coroner, void), ``cancelled-visit`` (A13 and the like: a person decides),
    ``visit-corrected`` (a visit told anew that ended otherwise, or never was: a person decides, if that very visit told of a
    death).
    """

    UNIT = True
    form: Text
    routine: bool | None = None
    """A message about a living patient looks just like this: it counts only against a death that is held, and nothing of
    it is kept otherwise."""


class Rekey(Canonical):
    """Two identifiers that are one person's, or one that is nobody's any more.

    ``kind``: ``merged`` (A40, A18, A34), ``changed`` (A47), ``replaced`` (national status R), ``invalidated`` (I).
    """

    UNIT = True
    kind: Text
    old_nhs_number: Text | None = None
    new_nhs_number: Text | None = None
    old_local_ref: Text | None = None
    new_local_ref: Text | None = None


class DeathNotice(Account):
    """One submission's word about one child, immutable. ``notice/1``."""

    id: Text
    submission: Text
    source: Source
    stated_at: Partial | None = None
    received_at: datetime
    profile: Text
    profile_version: int = 1
    intent: codes.Intent = "report"
    contradiction: bool | None = None
    """The message says both dead and alive; the case waits for a person."""
    outside: Outside | None = None
    """Its sender tells of a birth that isn't reviewed: it opens no case, counts only against one that is held, and nothing
    of it is kept otherwise. Such a notice holds no more than says whose it is and how the baby was born."""
    retraction: Retraction | None = None
    rekey: Rekey | None = None
    provenance: dict[str, Provenance] = {}
    problems: tuple[Problem, ...] = ()
