"""All webhooks of the settings, a thread each: one recipient's slow server keeps nobody else's deliveries."""

import functools
import threading
import time
from collections.abc import Callable, Mapping

from integration_engine.broker.connection import keep_connected
from integration_engine.gateway.ports import Inbox
from integration_engine.monitoring.counters import COUNTERS
from integration_engine.webhooks.carrier import LONGEST_SILENCE_S, POSTED, Carrier
from integration_engine.webhooks.endpoint import Endpoint

# A call has three quarters of a minute; a thread that hasn't moved for so long is stuck.
_STILL_S = 600.0


class WebhookSilent(Exception):
    """A recipient's webhook has taken nothing of what it was offered for some minutes."""


class Webhooks:
    """``endpoints`` by recipient; ``url`` is the broker's; ``inbox`` is where their answers are entered. Use as a context
    manager: leaving it finishes what is being posted and leaves the rest where it is."""

    def __init__(
        self,
        url: str,
        endpoints: Mapping[str, Endpoint],
        inbox: Inbox,
        *,
        ticking: Callable[[], float] = time.monotonic,
    ) -> None:
        for outcome in ("taken", "refused", "failed"):
            COUNTERS.add(POSTED, 0, outcome=outcome)
        self._ticking = ticking
        self._stopped = threading.Event()
        self._carriers = [
            Carrier(url, recipient, endpoint, inbox, self._stopped, ticking=ticking)
            for recipient, endpoint in endpoints.items()
        ]
        self._threads = [
            threading.Thread(
                target=functools.partial(keep_connected, each.live, self._stopped, "webhooks"),
                name=each.recipient,
                daemon=True,
            )
            for each in self._carriers
        ]

    def __enter__(self) -> "Webhooks":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    async def check(self) -> None:
        """Whether every webhook takes what it is offered. Raises WebhookSilent."""
        if any(each.silent_s > LONGEST_SILENCE_S for each in self._carriers):
            raise WebhookSilent

    def lives(self) -> bool:
        """Whether no thread has come to a stop."""
        moved = min((each.moved_at for each in self._carriers), default=self._ticking())
        return all(thread.is_alive() for thread in self._threads) and self._ticking() - moved < _STILL_S
