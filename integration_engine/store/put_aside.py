"""What is kept of a message that lies in a dead queue by a fault of ours, so that its sender sees what became of it. Of what
the message says there is nothing in it, nor of whether anything of it is known.

A row is written after the message lies there, and says only what a look into the queue says again: whoever looks writes it
once more. So it may be late, and comes right by itself.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, Protocol

from sqlalchemy import delete

from integration_engine.monitoring.logs import is_own
from integration_engine.store.database import Transaction, table
from integration_engine.store.inbox import message_keys
from integration_engine.store.own_messages import plain_id
from integration_engine.store.receipts import receipt_of
from integration_engine.store.tables import PutAsideRow

Became = Literal["waiting", "sent-again", "discarded"]
"""It lies there and people look; an operator sent it again, and it is being worked at; an operator let it go."""

_ROW = table(PutAsideRow)


class Lying(Protocol):
    """A message in a dead queue, as ``broker.laid_aside`` reads it."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def partner(self) -> str | None: ...

    @property
    def content(self) -> str: ...

    @property
    def message_id(self) -> str | None: ...

    @property
    def correlation(self) -> str | None: ...


def keep(transaction: Transaction, messages: Iterable[Lying], became: Became, now: datetime) -> None:
    """Say what became of messages; of one whose sender nobody knows nothing is said. ``at`` stays that of the first time."""
    rows = {
        (each.partner, each.name): {
            "partner": each.partner,
            "name": each.name,
            "kind": each.kind,
            "receipt": receipt_of(transaction, each.partner, each.content) or _told_at_the_door(each.correlation),
            "message_id": plain_id(each.message_id),
            "message_key": next(iter(message_keys(transaction.keys, each.kind, each.partner, each.message_id)), None),
            "at": now,
            "became": became,
            "became_at": None if became == "waiting" else now,
        }
        for each in messages
        if each.partner
    }
    transaction.upsert(PutAsideRow, [rows[key] for key in sorted(rows)], replace=["became", "became_at"])


def clear(transaction: Transaction, messages: Iterable[Lying]) -> None:
    """They were sent again and are done with: what became of them stands where it does for every message."""
    for name, partner in sorted((each.name, each.partner) for each in messages if each.partner):
        transaction.connection.execute(delete(_ROW).where(_ROW.c.partner == partner, _ROW.c.name == name))


def _told_at_the_door(correlation: str | None) -> str | None:
    """Who publishes itself may have written anything there."""
    return correlation if is_own(correlation) else None
