"""Asks the store for what a page shows."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from integration_engine.gateway.ports import StoreAway
from integration_engine.store.database import Transient

T = TypeVar("T")


async def stored(call: Callable[[], T]) -> T:
    """What the call finds, off the event loop. Raises StoreAway where the database is away."""
    try:
        return await asyncio.to_thread(call)
    except Transient as error:
        raise StoreAway from error
