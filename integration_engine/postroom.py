"""Joins recipients' webhooks to the broker and the store, and posts for as long as the process lives."""

import asyncio
import logging
from collections.abc import Callable

from integration_engine.lookout import shown
from integration_engine.settings import Settings
from integration_engine.store.database import Store
from integration_engine.ways_in import way_in
from integration_engine.webhooks.endpoint import Endpoint
from integration_engine.webhooks.round import Webhooks

log = logging.getLogger(__name__)

_LOOK_S = 0.2


async def post_deliveries(settings: Settings, store: Store, stopped: Callable[[], bool]) -> None:
    """Post every recipient's deliveries until ``stopped``. Raises OSError where a certificate can't be read."""
    endpoints = {each.recipient: Endpoint(each) for each in settings.webhooks}
    async with way_in(settings, store, "cdr webhooks") as way:
        with Webhooks(settings.amqp_url.get_secret_value(), endpoints, way.rooms.inbox) as webhooks:
            checks = {**way.rooms.checks, "webhooks": webhooks.check}
            async with shown(settings, way.rooms.people, checks, webhooks.lives):
                log.info("deliveries are posted", extra={"count": len(endpoints)})
                while not stopped():
                    await asyncio.sleep(_LOOK_S)
    log.info("no deliveries are posted any more")
