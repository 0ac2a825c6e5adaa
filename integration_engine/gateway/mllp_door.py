"""What the MLLP door does with one message: know its sender, hear it, make it durable, and answer in HL7's own words."""

import logging
import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from adapters.adapter import Answer
from adapters.hospital_hl7.acknowledge import CONTENT_TYPE, acknowledge, refuse
from adapters.hospital_hl7.adapter import ADAPTER, KIND
from integration_engine.gateway.body import apart_if_big
from integration_engine.gateway.intake import Intake
from integration_engine.gateway.ports import People, StoreAway
from integration_engine.record.notice import Problem
from integration_engine.security.identity import NotAllowed, Principal, WrongSender, require_kind

log = logging.getLogger(__name__)


class HospitalDoor:
    """Answers messages from hospitals. ``partner`` binds the door to one; else each message names its own sender.

    ``feed`` names the feed whose settings apply where the sender doesn't decide. ``new_id`` makes our control ids.
    """

    def __init__(
        self,
        intake: Intake,
        people: People,
        *,
        partner: str | None = None,
        feed: str | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_id: Callable[[], str] = lambda: "CDR" + secrets.token_hex(8).upper(),
    ) -> None:
        self._intake = intake
        self._people = people
        self._partner = partner
        self._feed = feed
        self._clock = clock
        self._new_id = new_id

    async def answer(self, body: bytes) -> bytes | None:
        """The acknowledgement of one message, None where nothing may be said. Never raises for anything it was sent."""
        try:
            return (await self._answered(body)).body
        except NotAllowed as error:
            problem = Problem(code="wrong-sender", text=str(error), path="MSH-4")
            log.warning("a message from nobody we know was refused", extra={"door": "mllp", "code": error.code})
        except StoreAway:
            problem = Problem(code="not-durable", text="the message could not be stored; send it again later")
        except Exception:
            # Our own mistake must not look like silence: the sender keeps the message and tries again.
            log.exception("a message could not be answered", extra={"door": "mllp", "kind": KIND})
            problem = Problem(code="not-durable", text="the message could not be handled; send it again later")
        return self._refusal(body, problem).body

    async def too_large(self, head: bytes) -> bytes | None:
        """The acknowledgement of a message over the size limit, by its beginning."""
        return self._refusal(head, Problem(code="too-large", text="the message is larger than this door takes")).body

    async def _answered(self, body: bytes) -> Answer:
        named = await apart_if_big(body, lambda: ADAPTER.sender(body))
        partner = await self._sender(named[0])
        heard = await self._intake.hear(
            body, kind=KIND, partner=partner, content_type=CONTENT_TYPE, feed=self._feed, named=named
        )
        durable = True
        if heard.to_be_taken:
            taken = await self._intake.take(
                body,
                kind=KIND,
                partner=partner.name,
                content_type=CONTENT_TYPE,
                message_id=heard.message_id,
                feed=heard.feed.name if heard.feed else None,
            )
            durable = taken.durable
        return acknowledge(
            heard.readings, body, control_id=self._new_id(), now=self._clock(), feed=heard.feed, durable=durable
        )

    async def _sender(self, named: str | None) -> Principal:
        """Who sends it. Raises WrongSender where the message names nobody registered."""
        name = self._partner or named
        found = await self._people.find(name) if name else None
        if found is None:
            raise WrongSender("MSH-4")
        require_kind(found, KIND)
        return found

    def _refusal(self, body: bytes, problem: Problem) -> Answer:
        return refuse(body, problem, control_id=self._new_id(), now=self._clock())
