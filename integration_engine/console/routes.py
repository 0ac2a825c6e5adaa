"""The console's pages: what operators watch, and a panel's own deliveries. Counts and codes, never a child's details."""

import asyncio
import logging
from collections.abc import Sequence

from fastapi import APIRouter, Request, Response
from pika.exceptions import AMQPError

from integration_engine.console.figures import Figures, QueueFigure, Queues
from integration_engine.console.stored import stored
from integration_engine.console.wording import ALARMS, DELIVERIES
from integration_engine.gateway.entry import Entry
from integration_engine.gateway.page import page
from integration_engine.gateway.sign_in import signed_in
from integration_engine.record.authority import waits
from integration_engine.security.identity import RECEIVERS, recipient_of, require_role

log = logging.getLogger(__name__)
# Always shown, because it is where work piles up first.
_ALWAYS = "intake."


def console_pages(entry: Entry, figures: Figures, queues: Queues) -> APIRouter:
    """The console's routes, to be put into the gateway's application or one of its own."""
    router = APIRouter(include_in_schema=False)

    @router.get("/console")
    async def overview(request: Request) -> Response:
        principal = await signed_in(entry, request)
        require_role(principal, ("operator", "restricted"))
        seen = await stored(lambda: figures.overview(restricted=principal.role == "restricted"))
        found = await _found(queues)
        shown = [] if found is None else _worth_showing(found)
        return page(
            "overview.html",
            principal,
            entry.form_value(request),
            seen=seen,
            queues=None if found is None else shown,
            asks=waits(),
            alarms=ALARMS,
            idle=len(found or ()) - len(shown),
        )

    @router.get("/console/cdop")
    async def panel(request: Request) -> Response:
        principal = await signed_in(entry, request)
        require_role(principal, RECEIVERS)
        deliveries = await stored(lambda: figures.deliveries(recipient_of(principal), principal.name))
        return page("panel.html", principal, entry.form_value(request), deliveries=deliveries, kinds=DELIVERIES)

    return router


async def _found(queues: Queues) -> Sequence[QueueFigure] | None:
    try:
        return await asyncio.to_thread(queues)
    except (OSError, AMQPError, RuntimeError):
        log.warning("the broker's queues could not be read")
        return None


def _worth_showing(queues: Sequence[QueueFigure]) -> list[QueueFigure]:
    shown = [queue for queue in queues if queue.messages or queue.consumers or queue.name.startswith(_ALWAYS)]
    return sorted(shown, key=lambda queue: (-queue.messages, queue.name))
