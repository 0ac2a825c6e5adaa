"""What the front doors open onto: the gateway's ports, filled."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from integration_engine.gateway.intake import Reader, Sender
from integration_engine.gateway.ports import (
    Grants,
    Inbox,
    Ledger,
    Panels,
    PartnersView,
    People,
    Publisher,
    Receipts,
    Rehearsals,
)
from integration_engine.gateway.rows import Read
from integration_engine.monitoring.health import Check


@dataclass(frozen=True)
class Rooms:
    """What the doors open onto. ``read``, ``sender`` and ``table`` are the adapters'; ``checks`` say whether the broker
    and the store answer; ``grants`` are tokens for a while; ``contract`` is the AsyncAPI document, ``rehearsals`` what was
    tried in the sandbox, ``accounts`` what partners see of their own messages."""

    publisher: Publisher
    people: People
    inbox: Inbox
    receipts: Receipts
    read: Reader
    sender: Sender
    table: Read
    checks: Mapping[str, Check] = field(default_factory=dict)
    ledger: Ledger | None = None
    panels: Panels | None = None
    grants: Grants | None = None
    contract: bytes | None = None
    rehearsals: Rehearsals | None = None
    accounts: PartnersView | None = None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
