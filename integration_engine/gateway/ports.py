"""What the gateway needs from the rooms around it, so that it depends on no database and no broker library."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from adapters.adapter import Feed, Reading
from integration_engine.answered_file import AnsweredFile
from integration_engine.record.codes import PartnerKind
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


class Rehearsals(Protocol):
    """Remembers what was tried in the sandbox, for partners and operators to see how good it is. Never waits or fails."""

    def tried(self, kind: PartnerKind, partner: str, readings: Sequence[Reading]) -> None:
        """Assess a message that was heard in the sandbox; nothing of it is kept but codes, places and counts."""
        ...


class PartnersView(Protocol):
    """What a partner sees of itself, and of nobody else. May raise StoreAway."""

    def status(self, partner: Principal) -> Mapping[str, Any]:
        """What it sent, was answered, tried, and how it may come in, as JSON knows it. No patient data."""
        ...

    def find(self, partner: Principal, message_id: str) -> Sequence[Mapping[str, Any]]:
        """Its messages that were put aside (``became`` says how they stand) or taken under this id of its own."""
        ...

    def begin_anew(self, partner: Principal, kind: str) -> int:
        """Forget what it tried of one kind in the sandbox; how many messages it was. Raises NotAllowed ``kind``."""
        ...


class People(Protocol):
    """Who may come in. A call that has to wait on a database waits off the event loop; each may raise StoreAway."""

    async def authenticate(self, token: str) -> Principal | None:
        """Who holds this token, None where nobody does (any more)."""
        ...

    async def by_certificate(self, fingerprint: str) -> Principal | None:
        """Whose client certificate this is (SHA-256 of its DER bytes, hex), None where nobody's (any more)."""
        ...

    async def has_ended(self, fingerprint: str) -> bool:
        """Whether a certificate was registered and has ended or was revoked: it opens nothing, whatever else names it."""
        ...

    async def find(self, named: str) -> Principal | None:
        """The registered partner that a message may mean by the sender it names: a trust's sites are the trust."""
        ...

    async def registered(self, code: str) -> Principal | None:
        """A registered partner by its own code, or one that it alone speaks for: of doors that are bound to a partner. A
        trust's token doesn't open what is bound to a site of its own name."""
        ...

    async def feeds(self, partner: str, kind: str) -> Sequence[Feed]:
        """The feeds a partner has registered for one kind."""
        ...

    async def sign_in(self, name: str, password: str, code: str, browser: str = "") -> Principal | None:
        """Who that is by password and code, None where anything of it is wrong or locked. Slow on purpose. ``browser``: what
        ``browser_mark`` gave this browser before; a lock doesn't hold who signed in there once."""
        ...

    async def knows(self, name: str, browser: str) -> bool:
        """Whether a browser is one in which this person has signed in before."""
        ...

    async def browser_mark(self, name: str) -> str:
        """What the browser in which this person has just signed in is known by."""
        ...

    async def open_session(self, principal: Principal, seconds: int) -> str:
        """A session secret for a browser's cookie."""
        ...

    async def session(self, secret: str) -> Principal | None:
        """Whose session it is, None where it ended or its token was revoked."""
        ...

    async def close_session(self, secret: str) -> None: ...


class Granted(Protocol):
    """An access token for a while."""

    @property
    def text(self) -> str: ...

    @property
    def seconds(self) -> int: ...


class Grants(Protocol):
    """Gives machines access tokens."""

    def exchange(self, text: str, audiences: Collection[str]) -> Granted:
        """A token for a client's signed statement. Raises ``security.assertion.AssertionRefused`` or StoreAway."""
        ...


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


class PutAside(Protocol):
    """A file that a fault of ours has laid aside, by our ``name`` of it. ``became`` is ``waiting``, ``sent-again`` or
    ``discarded``, the last two since ``became_at``."""

    @property
    def name(self) -> str: ...

    @property
    def at(self) -> datetime: ...

    @property
    def became(self) -> str: ...

    @property
    def became_at(self) -> datetime | None: ...


class Upload(Protocol):
    """One upload that was answered, as its own partner sees it, by numbers of rows."""

    @property
    def id(self) -> str: ...

    @property
    def at(self) -> datetime: ...

    @property
    def accepted(self) -> int: ...

    @property
    def warnings(self) -> int: ...

    @property
    def passed_over(self) -> int: ...

    @property
    def refused(self) -> int: ...

    @property
    def taken(self) -> bool: ...

    @property
    def put_aside(self) -> PutAside | None: ...


class Receipts(Protocol):
    """Which uploads came before and what they were answered."""

    def seen(self, partner: str, fingerprint: str) -> str | None:
        """The receipt of the same bytes (by content hash) from the same partner, if they were taken."""
        ...

    def keep(self, file: AnsweredFile) -> None:
        """Remember what a file was answered."""
        ...

    def latest(self, partner: str, limit: int) -> Sequence[Upload]:
        """The partner's last uploads, newest first."""
        ...

    def opened(self, partner: str, receipt: str) -> tuple[Upload, Sequence[Mapping[str, Any]] | None] | None:
        """One of the partner's own, with its rows as they were kept, or None for rows that can't be opened. None where it has
        no such receipt."""
        ...


class DeskRefusal(Exception):
    """A decision or proposal that isn't taken. ``code`` for machines, the text for people; ``status`` as HTTP has it. No
    patient data in either."""

    def __init__(self, code: str, text: str, status: int = 409) -> None:
        self.code = code
        self.status = status
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody decides. ``id`` makes it the same decision however often it is sent; ``about`` are case or notice ids."""

    id: str
    kind: str
    about: tuple[str, ...]
    value: Mapping[str, Any]
    reason: str


class Proposal(Protocol):
    """One panel's open proposal that another lead a case."""

    @property
    def id(self) -> str: ...

    @property
    def case(self) -> str: ...

    @property
    def proposer(self) -> str: ...

    @property
    def to(self) -> str: ...

    @property
    def reason(self) -> str: ...

    @property
    def at(self) -> datetime: ...


class Panels(Protocol):
    """What a panel decides over its own door. Everything is audited and refused with DeskRefusal."""

    def decide(self, panel: str, asked: Asked) -> int:
        """A decision of the panel that leads the case; how many deliveries follow. The same again is done already."""
        ...

    def propose(self, panel: str, case: str, to: str, reason: str) -> Proposal: ...

    def proposals(self, panel: str) -> Sequence[Proposal]: ...

    def accept(self, panel: str, proposal: str) -> int:
        """The panel asked takes the case: an agreement in both names. How many deliveries follow."""
        ...

    def decline(self, panel: str, proposal: str, reason: str) -> None:
        """The panel asked doesn't: the case stays, and a person looks."""
        ...

    def take_back(self, panel: str, proposal: str) -> None:
        """The proposer thinks better of it."""
        ...
