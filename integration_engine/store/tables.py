"""The tables. What is about a child is sealed or blind; what stands in clear names no child.

Clear: codes, counts, times of handling, partners, panels, opaque ids. Sealed (``sealed`` columns): bodies, notices, cases,
deliveries, evidence, reasons in people's words. Blind (``*_key`` columns): what must be found again without being readable.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel


class Instant(TypeDecorator[datetime]):
    """A zone-aware moment. SQLite keeps no zone, so moments are written in UTC and come back in it."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs its zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _text(*constraints: Any, nullable: bool = False, primary_key: bool = False) -> Any:
    return Column(Text, *constraints, nullable=nullable, primary_key=primary_key)


def _instant(nullable: bool = False) -> Any:
    return Column(Instant, nullable=nullable)


def _sealed(nullable: bool = False) -> Any:
    return Column(LargeBinary, nullable=nullable)


class KeyInUse(SQLModel, table=True):
    """The fingerprint of a key that something here was sealed or indexed with, so that a lost key is seen at once; of one
    that is ``retired`` nothing is left."""

    __tablename__ = "key_in_use"
    purpose: str = Field(sa_column=_text(primary_key=True))
    fingerprint: str = Field(sa_column=_text(primary_key=True))
    version: int = 0
    first_used_at: datetime = Field(sa_column=_instant())
    retired_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))


class SubmissionRow(SQLModel, table=True):
    """One message as its partner sent it. ``content_key`` and ``message_key`` recognise it when it comes again."""

    __tablename__ = "submission"
    __table_args__ = (
        Index("ix_submission_content_key", "content_key", unique=True),
        Index("ix_submission_message_key", "message_key"),
        Index("ix_submission_partner", "partner", "received_at"),
    )
    id: str = Field(sa_column=_text(primary_key=True))
    kind: str = Field(sa_column=_text())
    partner: str = Field(sa_column=_text())
    content_key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    message_key: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    received_at: datetime = Field(sa_column=_instant())
    stored_at: datetime = Field(sa_column=_instant())
    sealed: bytes | None = Field(default=None, sa_column=_sealed(nullable=True))


class CaseRow(SQLModel, table=True):
    """One child's death as last decided. ``founder`` is the notice that opened it and keeps its identity; ``merged_into``
    makes a tombstone that redirects. ``view_key`` is the blind fingerprint of all that a delivery could show."""

    __tablename__ = "cases"
    __table_args__ = (
        Index("ix_cases_founder", "founder"),
        Index("ix_cases_changed_at", "changed_at"),
        Index("ix_cases_merged_into", "merged_into"),
    )
    id: str = Field(sa_column=_text(primary_key=True))
    founder: str = Field(sa_column=_text())
    founded_at: datetime = Field(sa_column=_instant())
    state: str = Field(sa_column=_text())
    rule: str = Field(sa_column=_text())
    lead: str | None = Field(default=None, sa_column=_text(nullable=True))
    restricted: bool = False
    version: int = 1
    merged_into: str | None = Field(default=None, sa_column=_text(ForeignKey("cases.id"), nullable=True))
    opened_at: datetime = Field(sa_column=_instant())
    changed_at: datetime = Field(sa_column=_instant())
    view_key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sealed: bytes = Field(sa_column=_sealed())


class NoticeRow(SQLModel, table=True):
    """What one submission says about one child. No ``case_id``: it waits for a child we haven't been told of."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_case_id", "case_id"), Index("ix_notice_submission_id", "submission_id"))
    id: str = Field(sa_column=_text(primary_key=True))
    submission_id: str = Field(sa_column=_text(ForeignKey("submission.id")))
    case_id: str | None = Field(default=None, sa_column=_text(ForeignKey("cases.id"), nullable=True))
    intent: str = Field(sa_column=_text())
    received_at: datetime = Field(sa_column=_instant())
    sealed: bytes = Field(sa_column=_sealed())


class BlindIndexRow(SQLModel, table=True):
    """One blocking key of one notice, blind. Written and dropped with its notice, so no reference is checked for each."""

    __tablename__ = "blind_index"
    __table_args__ = (Index("ix_blind_index_notice_id", "notice_id"),)
    block_key: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    notice_id: str = Field(sa_column=_text(primary_key=True))
    key_version: int = 1


class BondRow(SQLModel, table=True):
    """Two notices that have to be decided together: what is decided about one can touch the other. Written both ways."""

    __tablename__ = "bond"
    __table_args__ = (Index("ix_bond_other", "other"),)
    notice_id: str = Field(sa_column=_text(primary_key=True))
    other: str = Field(sa_column=_text(primary_key=True))


class DecisionRow(SQLModel, table=True):
    """What a person decided. Value and reason are sealed."""

    __tablename__ = "decision"
    id: str = Field(sa_column=_text(primary_key=True))
    kind: str = Field(sa_column=_text())
    at: datetime = Field(sa_column=_instant())
    by: str = Field(sa_column=_text())
    role: str = Field(sa_column=_text())
    sealed: bytes = Field(sa_column=_sealed())


class DecisionAboutRow(SQLModel, table=True):
    """The notices and cases one decision names."""

    __tablename__ = "decision_about"
    __table_args__ = (Index("ix_decision_about_subject", "subject"),)
    decision_id: str = Field(sa_column=_text(ForeignKey("decision.id"), primary_key=True))
    subject: str = Field(sa_column=_text(primary_key=True))


class ReviewRow(SQLModel, table=True):
    """Something only a person can settle. ``kind``: ``linkage`` (``a`` and ``b`` are notices), ``declined`` (``a`` is a
    delivery or a proposal, ``b`` its case) or ``transfer`` (``a`` is who is asked to lead, ``b`` the case). ``outcome`` says
    how it ended: by a decision, or because new evidence settled it."""

    __tablename__ = "review"
    __table_args__ = (Index("ix_review_a", "a"), Index("ix_review_b", "b"), Index("ix_review_closed_at", "closed_at"))
    id: str = Field(sa_column=_text(primary_key=True))
    kind: str = Field(sa_column=_text())
    a: str = Field(sa_column=_text())
    b: str = Field(sa_column=_text())
    score: float | None = None
    opened_at: datetime = Field(sa_column=_instant())
    closed_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    outcome: str | None = Field(default=None, sa_column=_text(nullable=True))
    sealed: bytes = Field(sa_column=_sealed())


class DeliveryRow(SQLModel, table=True):
    """One dispatch to one recipient: outbox until ``published_at``, inbox entry until acknowledged or declined.

    ``retracts``: it takes a death back, so its acknowledgement is tracked until it is given. ``answered_how`` says by which
    way the recipient said that it knows; ``answer_sealed`` holds what a person noted of that. ``sequence`` rises in the order
    transactions commit, so a reader that remembers the last one never misses any.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_recipient", "recipient", "sequence"),
        Index("ix_delivery_case_id", "case_id"),
        Index(
            "ix_delivery_unpublished",
            "queued_at",
            sqlite_where=text("published_at IS NULL"),
            postgresql_where=text("published_at IS NULL"),
        ),
        Index("ix_delivery_retracts", "sequence", sqlite_where=text("retracts"), postgresql_where=text("retracts")),
    )
    id: str = Field(sa_column=_text(primary_key=True))
    sequence: int = Field(sa_column=Column(BigInteger, nullable=False, unique=True))
    recipient: str = Field(sa_column=_text())
    case_id: str = Field(sa_column=_text(ForeignKey("cases.id")))
    version: int
    kind: str = Field(sa_column=_text())
    queued_at: datetime = Field(sa_column=_instant())
    claimed_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    published_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    acknowledged_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    declined_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    answered_by: str | None = Field(default=None, sa_column=_text(nullable=True))
    answered_how: str | None = Field(default=None, sa_column=_text(nullable=True))
    answer_sealed: bytes | None = Field(default=None, sa_column=_sealed(nullable=True))
    retracts: bool = False
    sealed: bytes = Field(sa_column=_sealed())


class HoldingRow(SQLModel, table=True):
    """What one recipient was last sent about one case: the delivery whose content it now holds. Written with both, so no
    reference is checked for each."""

    __tablename__ = "holding"
    case_id: str = Field(sa_column=_text(primary_key=True))
    recipient: str = Field(sa_column=_text(primary_key=True))
    delivery_id: str = Field(sa_column=_text())
    standing: str = Field(sa_column=_text())


class TallyRow(SQLModel, table=True):
    """How many items (persons spoken of) ended how: all that is kept of adults, the living and others passed over."""

    __tablename__ = "tally"
    day: str = Field(sa_column=_text(primary_key=True))
    kind: str = Field(sa_column=_text(primary_key=True))
    partner: str = Field(sa_column=_text(primary_key=True))
    verdict: str = Field(sa_column=_text(primary_key=True))
    reason: str = Field(sa_column=_text(primary_key=True))
    items: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))


class RefusalRow(SQLModel, table=True):
    """A message that was refused: who, when, why and where in it. The message itself is in the refused queue."""

    __tablename__ = "refusal"
    __table_args__ = (Index("ix_refusal_last_at", "last_at"), Index("ix_refusal_partner", "partner", "last_at"))
    content_key: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    position: int = Field(primary_key=True)
    kind: str = Field(sa_column=_text())
    partner: str = Field(sa_column=_text())
    reason: str = Field(sa_column=_text())
    problems: str = Field(sa_column=_text())
    first_at: datetime = Field(sa_column=_instant())
    last_at: datetime = Field(sa_column=_instant())
    times: int = 1


class PutAsideRow(SQLModel, table=True):
    """A message that lies in a dead queue by a fault of ours, for its sender to see. ``name`` is what operators call it,
    ``receipt`` what its sender was told at the door, ``message_id`` its own id where that can't be about a person;
    ``message_key`` finds it by any. ``became``: ``store.put_aside.Became``, since ``became_at`` where people decided."""

    __tablename__ = "put_aside"
    partner: str = Field(sa_column=_text(primary_key=True))
    name: str = Field(sa_column=_text(primary_key=True))
    kind: str = Field(sa_column=_text())
    receipt: str | None = Field(default=None, sa_column=_text(nullable=True))
    message_id: str | None = Field(default=None, sa_column=_text(nullable=True))
    message_key: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    at: datetime = Field(sa_column=_instant())
    became: str = Field(sa_column=_text())
    became_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))


class AlarmRow(SQLModel, table=True):
    """Something an operator has to look at, such as ``same-id-other-body``."""

    __tablename__ = "alarm"
    __table_args__ = (Index("ix_alarm_at", "at"),)
    id: str = Field(sa_column=_text(primary_key=True))
    code: str = Field(sa_column=_text())
    kind: str = Field(sa_column=_text())
    partner: str = Field(sa_column=_text())
    subject: str = Field(sa_column=_text())
    at: datetime = Field(sa_column=_instant())


class AuditRow(SQLModel, table=True):
    """One line of the audit log; ``hash`` covers the line and ``previous``. Never updated, never deleted."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_subject", "subject"),)
    sequence: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    at: datetime = Field(sa_column=_instant())
    actor: str = Field(sa_column=_text())
    action: str = Field(sa_column=_text())
    subject: str = Field(sa_column=_text())
    detail: str = Field(sa_column=_text())
    previous: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class LedgerHead(SQLModel, table=True):
    """The end of the audit chain and of the delivery sequence: one row, locked last in every writing transaction.

    ``mark`` is a keyed fingerprint of the end, so that a chain cut short or rewritten without the key is seen. Whatever is
    told of a case from now on has a version above ``version_floor``: 0, unless the store was put back to an earlier state.
    ``sealing_key`` is the fingerprint of the one key that may seal; None: whichever stands first where the keys come from.
    """

    __tablename__ = "ledger_head"
    id: int = Field(default=1, sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    audit_sequence: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    audit_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    mark: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    delivery_sequence: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    version_floor: int = 0
    sealing_key: str | None = Field(default=None, sa_column=_text(nullable=True))


METADATA = SQLModel.metadata
