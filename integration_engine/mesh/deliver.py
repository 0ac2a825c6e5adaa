"""Carries deliveries to recipients who take them by MESH: out of the recipient's own queue, into its mailbox.

A delivery leaves its queue only once MESH has all of it. A process that dies between the two sends it again, under the same
id: recipients know it by that, as they do from a queue (docs/cdops.md).
"""

import logging
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from pika.exceptions import AMQPError, ChannelClosedByBroker

from integration_engine.broker.connection import connect
from integration_engine.mesh.collect import SENT
from integration_engine.mesh.mailbox import Gone, Mailbox, MeshAway, MeshRefused
from integration_engine.monitoring.counters import COUNTERS, Counters
from integration_engine.settings.mesh import MeshRecipient, MeshSettings
from integration_engine.stages import reached

log = logging.getLogger(__name__)

# A recipient whom MESH won't have is tried again ever more seldom: each try counts against the queue's limit of redeliveries.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 60.0, 3600.0


class Deliveries:
    """One round after the other, in a thread that may wait. ``url`` is the broker's; ``mailbox`` the one they leave from."""

    def __init__(
        self,
        url: str,
        settings: MeshSettings,
        mailbox: Mailbox,
        *,
        counters: Counters = COUNTERS,
        ticking: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._settings = settings
        self._mailbox = mailbox
        self._counters = counters
        self._ticking = ticking
        self._pauses: dict[str, tuple[float, float]] = {}

    def round(self, stopped: Callable[[], bool] = lambda: False) -> int:
        """Send all that waits; how many went. Raises MeshAway; a broker that is away is a line in the log, and the next
        round's affair. Call it only where MESH has just answered: a delivery that can't go counts as given back."""
        sent = 0
        try:
            with closing(connect(self._url, "cdr mesh")) as connection:
                for to in self._settings.recipients:
                    if not stopped() and not self._paused(to.recipient):
                        sent += self._empty(connection, to, stopped)
        except (AMQPError, OSError) as problem:
            log.warning("deliveries can't be had from the broker now", extra={"code": type(problem).__name__})
        return sent

    def _empty(self, connection: Any, to: MeshRecipient, stopped: Callable[[], bool]) -> int:
        """One recipient's queue. One that isn't there, or that our user may not read, is no reason to leave the others."""
        sent = 0
        try:
            channel = connection.channel()
            while not stopped():
                method, properties, body = channel.basic_get(to.recipient)
                if method is None or not self._sent(channel, method.delivery_tag, to, properties, body):
                    break
                sent += 1
            channel.close()
        except ChannelClosedByBroker as problem:
            code = str(problem.reply_code)
            log.warning("a recipient's queue can't be read", extra={"queue": to.recipient, "code": code})
        return sent

    def _sent(self, channel: Any, tag: int, to: MeshRecipient, properties: Any, body: bytes) -> bool:
        """False where MESH won't have it: it is given back, and the recipient paused."""
        delivery = str(properties.message_id or "")
        about = {"queue": to.recipient, "delivery": delivery}
        try:
            self._mailbox.send(
                to.mailbox,
                body,
                workflow=self._settings.delivery_workflow,
                local_id=delivery,
                subject=str(properties.type or ""),
                name=f"{delivery}.json",
            )
        except MeshAway:
            channel.basic_reject(tag, requeue=True)
            self._counters.add(SENT, what="delivery", outcome="away")
            raise
        except (MeshRefused, Gone) as problem:
            channel.basic_reject(tag, requeue=True)
            self._counters.add(SENT, what="delivery", outcome="refused")
            self._pause(to.recipient)
            code = problem.code if isinstance(problem, MeshRefused) else "gone"
            log.warning("MESH won't take a delivery", extra={**about, "code": code})
            return False
        reached("mesh.sent")
        channel.basic_ack(tag)
        self._pauses.pop(to.recipient, None)
        self._counters.add(SENT, what="delivery", outcome="sent")
        log.info("a delivery is sent by MESH", extra=about)
        return True

    def _paused(self, recipient: str) -> bool:
        until, _ = self._pauses.get(recipient, (0.0, 0.0))
        return self._ticking() < until

    def _pause(self, recipient: str) -> None:
        _, last = self._pauses.get(recipient, (0.0, 0.0))
        seconds = min(_LONGEST_PAUSE_S, last * 2 or _FIRST_PAUSE_S)
        self._pauses[recipient] = (self._ticking() + seconds, seconds)
