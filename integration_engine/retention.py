"""Forgets what has been kept for as long as the settings say. Any number of workers may look: what one has forgotten the
next doesn't find."""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import cast

from integration_engine.settings.retention import KeepDays
from integration_engine.store.database import Store
from integration_engine.store.retention import AT_ONCE, forget

log = logging.getLogger(__name__)

LOOK_EVERY_S = 3600.0


class Retention:
    """``keep``: after how many days what is forgotten; what isn't named stays. ``clock`` gives now."""

    def __init__(
        self, store: Store, keep: KeepDays, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._days = days_of(keep)
        self._clock = clock

    def look(self) -> bool:
        """Forget some of what is due; True where there may be more. Raises StoreError."""
        more = False
        for what, days in self._days.items():
            number = forget(self._store, what, days, self._clock())
            if number:
                log.info("what was kept long enough is forgotten", extra={"kind": what, "count": number})
            more = more or number == AT_ONCE
        return more


def days_of(keep: KeepDays) -> Mapping[str, int]:
    """The settings as a plain table."""
    return cast(Mapping[str, int], keep)
