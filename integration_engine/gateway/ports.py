"""What the gateway needs from the rooms around it, so that it depends on no database and no broker library."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from adapters.adapter import Feed, Reading
from integration_engine.security.identity import Principal


class NotDurable(Exception):
    """The broker did not say that it has the message: it is away, slow, full or has no queue for it. ``code`` says which."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"the message could not be made durable ({code})")


class StoreAway(Exception):
    """The database can't answer now; trying again later may help."""


class Publisher(Protocol):
    """Makes bytes durable."""

    async def publish(
        self, kind: str, partner: str, body: bytes, *, content_type: str, message_id: str, headers: Mapping[str, str]
    ) -> None:
        """Return once the broker has confirmed a message on ``cdr.intake`` under ``<kind>.<partner>``; else NotDurable."""
        ...


class Ledger(Protocol):
    """Counts what goes no further than this door, so that operators see it. Never waits, never fails."""

    def note(self, kind: str, partner: str, readings: Sequence[Reading]) -> None:
        """Count messages that were passed over or refused; of a refused one also why and where, never what it said."""
        ...


class People(Protocol):
    """Who may come in. Calls may wait on a database, so the gateway makes them off its event loop."""

    def authenticate(self, token: str) -> Principal | None:
        """Who holds this token, None where nobody does (any more)."""
        ...

    def find(self, partner: str) -> Principal | None:
        """A registered partner by its code or one of its organisation codes (for doors that prove it another way)."""
        ...

    def feeds(self, partner: str, kind: str) -> Sequence[Feed]:
        """The feeds a partner has registered for one kind."""
        ...

    def open_session(self, principal: Principal, seconds: int) -> str:
        """A session secret for a browser's cookie."""
        ...

    def session(self, secret: str) -> Principal | None:
        """Whose session it is, None where it ended or its token was revoked."""
        ...

    def close_session(self, secret: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery in an inbox. ``number`` rises by arrival and is what ``after`` counts from; ``body`` is
    ``case-delivery/1``. ``state`` is ``waiting``, ``acknowledged`` or ``declined``."""

    id: str
    number: int
    case: str
    version: int
    kind: str
    at: datetime
    state: str
    body: Mapping[str, Any]


class Inbox(Protocol):
    """Deliveries by recipient, the routing key of its queue: a panel (``cdop.BERKS``), a joint agency response team
    (``jar.JAR-OXON``), the national record (``national.ncmd``). Every look and answer is audited with ``by``."""

    def deliveries(self, recipient: str, after: int, limit: int, by: str) -> Sequence[Delivery]: ...

    def acknowledge(self, recipient: str, delivery: str, by: str) -> bool:
        """False where this recipient has no such delivery."""
        ...

    def decline(self, recipient: str, delivery: str, reason: str, by: str) -> bool:
        """Back to a person, with the reason. False where this recipient has no such delivery."""
        ...


class Upload(Protocol):
    """One upload that was taken, as its own partner sees it."""

    @property
    def id(self) -> str: ...

    @property
    def at(self) -> datetime: ...

    @property
    def accepted(self) -> int: ...

    @property
    def refused(self) -> int: ...


class Receipts(Protocol):
    """Which uploads were taken before, so that the same file again can be recognised and said so."""

    def seen(self, partner: str, fingerprint: str) -> str | None:
        """The receipt of the same bytes (by content hash) from the same partner, if they were taken."""
        ...

    def keep(self, partner: str, kind: str, fingerprint: str, receipt: str, accepted: int, refused: int) -> None: ...

    def latest(self, partner: str) -> Sequence[Upload]:
        """The partner's last uploads, newest first."""
        ...
