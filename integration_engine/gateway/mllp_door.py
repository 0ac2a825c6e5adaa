"""What the MLLP door does with one message: know its sender, hear it, make it durable, and answer in HL7's own words."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from adapters.adapter import Answer, Feed
from adapters.hospital_hl7.acknowledge import CONTENT_TYPE, acknowledge, refuse
from adapters.hospital_hl7.adapter import ADAPTER, KIND
from integration_engine.gateway.body import apart_if_big
from integration_engine.gateway.intake import Brought, Intake
from integration_engine.gateway.mllp_clients import Bound
from integration_engine.gateway.mllp_line import FRAMES, Reply
from integration_engine.gateway.ports import People, StoreAway
from integration_engine.gateway.turns import Paces
from integration_engine.monitoring.counters import COUNTERS
from integration_engine.record.notice import Problem
from integration_engine.security.identity import NotAllowed, Principal, WrongSender, require_kind

log = logging.getLogger(__name__)

_NOT_DURABLE = "not-durable"
Named = tuple[str | None, str | None]
"""The organisation and the system that a message names as its sender: MSH-4 and MSH-3."""


class _NobodysLine(Exception):
    """The certificate of this connection is bound to no partner any more."""


class HospitalDoor:
    """Answers one connection's messages.

    Parameters: ``bound`` says who may speak on it, asked for each message; ``paces`` are the partners'; ``new_id`` makes our
    control ids, of 19 characters at most (MSH-10 has 20 before version 2.7, and one is added where two answers are owed).
    """

    def __init__(
        self,
        intake: Intake,
        people: People,
        bound: Callable[[], Awaitable[Sequence[Bound]]],
        paces: Paces,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_id: Callable[[], str] = lambda: "CDR" + secrets.token_hex(8).upper(),
    ) -> None:
        self._intake = intake
        self._people = people
        self._bound = bound
        self._paces = paces
        self._clock = clock
        self._new_id = new_id
        self._looked = False

    async def answer(self, body: bytes) -> Reply:
        """What to say to one message. Never raises for anything it was sent."""
        try:
            return await self._answered(body)
        except NotAllowed as error:
            code = error.code if error.code == "not-live" else "wrong-sender"
            problem = Problem(code=code, text=str(error), path="MSH-4")
            log.warning("a message from nobody we know was refused", extra={"door": "mllp", "code": error.code})
        except _NobodysLine:
            log.warning("a connection whose certificate is bound to nobody any more was closed", extra={"door": "mllp"})
            return Reply(hang_up=True)
        except StoreAway:
            problem = Problem(code=_NOT_DURABLE, text="the message could not be stored; send it again later")
        except Exception:
            # Our own mistake must not look like silence: the sender keeps the message and tries again.
            log.exception("a message could not be answered", extra={"door": "mllp", "kind": KIND})
            problem = Problem(code=_NOT_DURABLE, text="the message could not be handled; send it again later")
        return await self._refused(body, problem)

    async def too_large(self, head: bytes) -> Reply:
        """What to say to a message over the size limit, by its beginning."""
        return await self._refused(head, Problem(code="too-large", text="the message is larger than this door takes"))

    async def _answered(self, body: bytes) -> Reply:
        named = await apart_if_big(body, lambda: ADAPTER.sender(body))
        partner, asked = await self._speaker(named[0])
        require_kind(partner, KIND)
        await self._take_turn(partner)
        brought = Brought(body, KIND, partner, CONTENT_TYPE, asked, named)
        heard = await self._intake.hear(brought)
        self._look_at_feed(partner, asked, heard.feed)
        durable = True
        if heard.to_be_taken:
            durable = (await self._intake.take(brought, heard)).durable
        said = await apart_if_big(
            body,
            lambda: acknowledge(
                heard.readings, body, control_id=self._new_id(), now=self._clock(), feed=heard.feed, durable=durable
            ),
        )
        return _reply(said, silence_would_lose_it=not durable)

    async def _speaker(self, named: str | None) -> tuple[Principal, str | None]:
        """Who sends it, and the feed asked for on this connection.

        Raises WrongSender where nobody registered does. Where several are bound to it, it is the one the message names; where
        it names none of them it is the first's, for the intake to refuse and count.
        """
        bound = await self._bound()
        if not bound:
            raise _NobodysLine
        known: tuple[Principal, str | None] | None = None
        for each in bound:
            found = await self._meant(each, named)
            if found is None:
                continue
            if found.may_speak_as(named):
                return found, each.feed
            known = known or (found, each.feed)
        if known is None:
            raise WrongSender("MSH-4")
        return known

    async def _meant(self, bound: Bound, named: str | None) -> Principal | None:
        """The partner that a line is bound to; else, where it is anybody's, the one that the message names."""
        if bound.partner:
            return await self._people.registered(bound.partner)
        return await self._people.find(named) if named else None

    def _look_at_feed(self, partner: Principal, asked: str | None, chosen: Feed | None) -> None:
        """A misspelt feed would be read and answered by the settings of another: it is said, once a connection."""
        if asked is None or self._looked or (chosen is not None and chosen.name.casefold() == asked.casefold()):
            return
        self._looked = True
        log.warning(
            "an MLLP port names a feed that its partner doesn't have; others' settings stand in",
            extra={"door": "mllp", "partner": partner.name, "feed": asked},
        )

    async def _take_turn(self, partner: Principal) -> None:
        if wait := self._paces.of(partner.name).turn(asyncio.get_running_loop().time()):
            COUNTERS.add(FRAMES, outcome="slowed-partner")
            await asyncio.sleep(wait)

    async def _refused(self, body: bytes, problem: Problem) -> Reply:
        feed = await self._feed_of(body)
        said = refuse(body, problem, control_id=self._new_id(), now=self._clock(), feed=feed)
        return _reply(said, silence_would_lose_it=problem.code == _NOT_DURABLE)

    async def _feed_of(self, body: bytes) -> Feed | None:
        """The feed whose way of acknowledging counts for a message that isn't heard, as far as that can be told."""
        try:
            named = ADAPTER.sender(body)
            partner, asked = await self._speaker(named[0])
            return await self._intake.feed_of(partner.name, KIND, asked, named)
        except (NotAllowed, StoreAway, _NobodysLine):
            return None


def _reply(said: Answer, *, silence_would_lose_it: bool) -> Reply:
    frames = tuple(each for each in (said.body, said.later) if each is not None)
    if not frames:
        COUNTERS.add(FRAMES, outcome="not-answered")
    return Reply(frames, hang_up=silence_would_lose_it and not frames)
