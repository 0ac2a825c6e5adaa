"""What every HTTP door does with a message: know the sender, read the body within limits, hear it, make it durable."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from starlette.requests import Request

from integration_engine.gateway.answers import Refusal, not_durable
from integration_engine.gateway.body import apart_if_big, media_type, read_body
from integration_engine.gateway.entry import Entry
from integration_engine.gateway.intake import Brought, Heard, Intake
from integration_engine.record.codes import PartnerKind
from integration_engine.security.identity import NotAllowed, Principal, require_kind

FEED_HEADER = "cdr-feed"
TakenOut = Callable[[bytes, str], tuple[bytes, str]]
"""From what was sent and its content type to the message in it and its own."""


@dataclass(frozen=True, slots=True)
class Knock:
    """One message at a door, heard but not yet taken."""

    brought: Brought
    heard: Heard


class Door:
    """One kind's way in. ``limit`` is the most bytes a body may have."""

    def __init__(self, kind: PartnerKind, intake: Intake, entry: Entry, *, limit: int) -> None:
        self.kind = kind
        self.intake = intake
        self.entry = entry
        self.limit = limit

    async def partner(self, request: Request) -> Principal:
        """The bearer, if it is a partner of this kind; else 401 or 403."""
        return self.admit(await self.entry.bearer(request))

    def admit(self, principal: Principal) -> Principal:
        """Raises NotAllowed where this isn't a partner of the kind."""
        require_kind(principal, self.kind)
        return principal

    async def knock(self, request: Request, types: Collection[str]) -> Knock:
        """Know, read and hear. The sender is known before a single byte of the body is read."""
        principal = await self.partner(request)
        media_type(request, types)
        body = await read_body(request, self.limit)
        return await self.hear(principal, body, request.headers["content-type"], request.headers.get(FEED_HEADER))

    async def hear(self, principal: Principal, body: bytes, content_type: str, feed: str | None = None) -> Knock:
        """Hear bytes that have come. Refuses 403 where they name another sender."""
        return await self._knock(self.intake.hear, Brought(body, self.kind, principal, content_type, feed))

    async def try_out(self, request: Request, types: Collection[str], taken_out: TakenOut) -> Knock:
        """What a message would come to if it were sent: nothing is counted, kept or published. ``taken_out`` takes it out of
        what it came in."""
        principal = await self.partner(request)
        media_type(request, types)
        sent = await read_body(request, self.limit)
        body, content_type = await apart_if_big(sent, lambda: taken_out(sent, request.headers["content-type"]))
        brought = Brought(body, self.kind, principal, content_type, request.headers.get(FEED_HEADER))
        return await self._knock(self.intake.consider, brought)

    @staticmethod
    async def _knock(hear: Callable[[Brought], Awaitable[Heard]], brought: Brought) -> Knock:
        try:
            return Knock(brought, await hear(brought))
        except NotAllowed as error:
            raise Refusal(403, error.code, str(error)) from None

    async def take(self, knock: Knock) -> None:
        """Make it durable; refuses 503 where the broker doesn't confirm."""
        taken = await self.intake.take(knock.brought, knock.heard)
        if not taken.durable:
            raise not_durable(taken.reason, taken.retry_seconds)
