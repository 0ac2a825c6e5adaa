"""Recipients' webhooks for tests: the carriers as their process makes them, with a clock that can be put forward."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from integration_engine.doors import StoredInbox
from integration_engine.settings.webhooks import WebhookSettings
from integration_engine.store.database import Store
from integration_engine.webhooks.endpoint import Endpoint
from integration_engine.webhooks.round import Webhooks
from tests.webhook_stand_in import Panel


class Clock:
    """Goes on as time does, and can be put forward."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self._ahead

    def forward(self, seconds: float) -> None:
        self._ahead += seconds


def webhook(panel: Panel, folder: Path, recipient: str = "cdop.BERKS", **changes: Any) -> dict[str, Any]:
    """``[[webhooks]]`` of one recipient, as an operator would write it."""
    secret = folder / f"secret-{recipient}"
    secret.write_text(panel.secret + "\n", encoding="utf-8")
    return {"recipient": recipient, "url": panel.url, "secret_file": str(secret), "timeout_seconds": 5, **changes}


@contextmanager
def posting(url: str, store: Store, *webhooks: dict[str, Any], clock: Clock | None = None) -> Iterator[Webhooks]:
    """Everything posted for the length of the block."""
    told = [WebhookSettings.model_validate(each) for each in webhooks]
    endpoints = {each.recipient: Endpoint(each) for each in told}
    with Webhooks(url, endpoints, StoredInbox(store), ticking=clock or time.monotonic) as running:
        yield running
