"""Hears what a partner's message says, then makes the partner's bytes durable. It answers nobody before the broker has.

The adapter reads the message here only so that its sender learns at once what will become of it; what travels is the
partner's bytes, untouched, and the worker reads them again. A message that speaks of no child's death is counted and goes
no further; nothing of it is kept.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from adapters.adapter import Feed, Item, Reading, Submission, Verdict, content_hash
from integration_engine.gateway.body import apart_if_big
from integration_engine.gateway.ports import Ledger, NotDurable, People, Publisher
from integration_engine.monitoring.counters import COUNTERS, ITEMS, MESSAGES, NOT_DURABLE
from integration_engine.monitoring.logs import correlation, new_id
from integration_engine.record.age import AgeRules
from integration_engine.record.codes import PartnerKind
from integration_engine.security.identity import Principal, WrongSender, require_live, require_sender
from integration_engine.stages import reached

log = logging.getLogger(__name__)

Reader = Callable[[PartnerKind, Submission], Iterator[Reading]]
Sender = Callable[[PartnerKind, bytes], tuple[str | None, str | None]]

_TAKEN: frozenset[Verdict] = frozenset({"notice", "retraction", "rekey"})
# Every row of these names its sender, and is answered for itself.
_SENDER_IN_EACH_ITEM: frozenset[PartnerKind] = frozenset({"coroner"})
RETRY_SECONDS = 30
# AMQP writes a message id as a short string.
_LONGEST_ID_BYTES = 255


@dataclass(frozen=True, slots=True)
class Brought:
    """A message as it stands at a door: its bytes, of which kind, from whom. ``content_type`` is as the sender wrote it,
    ``feed`` the one it asks for; ``named`` is the sender and system that it names, where the door has looked already."""

    body: bytes = field(repr=False)
    kind: PartnerKind
    partner: Principal
    content_type: str
    feed: str | None = None
    named: tuple[str | None, str | None] | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """Whether the broker has the message. ``reason``: ``queued``, or why not (``broker-away``, ``no-confirm``,
    ``unroutable``); ``retry_seconds`` is when to try again."""

    durable: bool
    reason: str = "queued"
    retry_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Heard:
    """What a message says, before anything is done with it."""

    readings: tuple[Reading, ...]
    feed: Feed | None = None

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(item for reading in self.readings for item in reading.items)

    @property
    def verdict(self) -> Verdict:
        """``notice`` (or another taken verdict) if anything in it is to be taken, else ``refused`` if anything is."""
        return _weightiest(self.readings).verdict if self.readings else "refused"

    @property
    def reason(self) -> str:
        return _weightiest(self.readings).reason if self.readings else "empty"

    @property
    def to_be_taken(self) -> bool:
        """Whether anything in it may matter to a case, one that is held already included."""
        return self.verdict in _TAKEN or any(reading.statements for reading in self.readings)

    @property
    def message_id(self) -> str | None:
        """The sender's own id of the message; None where one body holds several (a batch, a file of rows)."""
        return self.readings[0].message_id if len(self.readings) == 1 else None

    @property
    def hint(self) -> str | None:
        return next((reading.hint for reading in self.readings if reading.hint), None)


class Intake:
    """One for a gateway process, shared by every door.

    Parameters: ``publisher`` makes durable; ``people`` knows the partners' feeds; ``read`` and ``sender`` are the
    adapters' (``adapters.registry``); ``clock`` gives now, zone-aware; ``extra_feeds`` are those of ``cdr.toml``;
    ``ledger`` keeps count of what goes no further.
    """

    def __init__(
        self,
        publisher: Publisher,
        people: People,
        read: Reader,
        sender: Sender,
        *,
        extra_feeds: Sequence[Feed] = (),
        age_rules: AgeRules = AgeRules(),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        ledger: Ledger | None = None,
    ) -> None:
        self._publisher = publisher
        self._people = people
        self._read = read
        self._sender = sender
        self._extra_feeds = tuple(extra_feeds)
        self._age_rules = age_rules
        self._clock = clock
        self._ledger = ledger

    async def hear(self, brought: Brought) -> Heard:
        """Screen and read; count what was passed over or refused.

        Raises WrongSender where the message names a sender this partner may not speak as, NotAllowed ``not-live`` where
        nobody has opened the live doors for it yet.
        """
        kind, partner = brought.kind, brought.partner
        self._admit(partner, kind)
        reached("gateway.read")
        try:
            heard = await self.consider(brought)
        except WrongSender as error:
            log.warning("a partner spoke as another", extra={"kind": kind, "partner": partner.name, "code": error.code})
            self._count(kind, partner.name, Heard((_as_another(kind, brought.body),)))
            raise
        self._count(kind, partner.name, heard)
        return heard

    async def consider(self, brought: Brought) -> Heard:
        """What ``hear`` would make of it, without a trace: nothing is counted, noted or kept. Raises WrongSender."""
        body, kind, partner, named = brought.body, brought.kind, brought.partner, brought.named
        feeds = await self._feeds(partner.name, kind)
        # Where every row names its sender, the file's is asked for only to choose among feeds.
        if named is None and (kind not in _SENDER_IN_EACH_ITEM or len(feeds) > 1):
            named = await apart_if_big(body, lambda: self._sender(kind, body))
        sender, system = named or (None, None)
        chosen = choose_feed(feeds, brought.feed, (sender, system))
        submission = Submission(
            body, self._clock(), brought.content_type, None, partner.name, chosen, age_rules=self._age_rules
        )
        if kind not in _SENDER_IN_EACH_ITEM:
            require_sender(partner, [("sender", sender)])
        readings = await apart_if_big(body, lambda: tuple(self._read(kind, submission)))
        require_sender(partner, (pair for reading in readings for pair in _named_inside(reading)))
        heard = Heard(readings, chosen)
        if (heard.verdict, heard.reason) == ("refused", WrongSender.CODE):
            raise WrongSender
        return heard

    async def take(self, brought: Brought, heard: Heard) -> Taken:
        """Publish the bytes of what was heard, untouched, and wait for the broker's confirm."""
        kind, partner = brought.kind, brought.partner.name
        feed = heard.feed.name if heard.feed else ""
        headers = {"cdr-correlation": correlation.get() or new_id()} | ({"cdr-feed": feed} if feed else {})
        reached("gateway.publishing")
        try:
            await self._publisher.publish(
                kind,
                partner,
                brought.body,
                content_type=brought.content_type,
                message_id=_broker_id(heard.message_id, brought.body),
                headers=headers,
            )
        except NotDurable as failure:
            COUNTERS.add(NOT_DURABLE, kind=kind, reason=failure.code)
            return Taken(False, failure.code, RETRY_SECONDS)
        log.info("a message is taken", extra={"kind": kind, "partner": partner, "feed": feed})
        reached("gateway.answering")
        return Taken(True)

    async def feed_of(
        self, partner: str, kind: PartnerKind, asked: str | None, named: Sequence[str | None]
    ) -> Feed | None:
        """The feed that a message of this partner belongs to (``choose_feed``), where nothing is heard of it."""
        return choose_feed(await self._feeds(partner, kind), asked, named)

    def _admit(self, partner: Principal, kind: PartnerKind) -> None:
        """Raises NotAllowed where this partner's messages of that kind have no business at these doors."""
        require_live(partner, kind)

    async def _feeds(self, partner: str, kind: PartnerKind) -> list[Feed]:
        registered = await self._people.feeds(partner, kind)
        own = [feed for feed in self._extra_feeds if feed.partner == partner and feed.kind == kind]
        return [*registered, *own]

    def _count(self, kind: PartnerKind, partner: str, heard: Heard) -> None:
        for reading in heard.readings:
            COUNTERS.add(MESSAGES, kind=kind, partner=partner, verdict=reading.verdict, reason=reading.reason)
        for item in heard.items:
            COUNTERS.add(ITEMS, kind=kind, verdict=item.verdict, reason=item.reason)
        if self._ledger and not heard.to_be_taken:
            # What is taken is counted by the worker that takes it.
            self._ledger.note(kind, partner, heard.readings)


def choose_feed(feeds: Sequence[Feed], asked: str | None, senders: Sequence[str | None]) -> Feed | None:
    """The feed a message belongs to: the one asked for by name, else one named as its sender or sending system, else the
    partner's only one. None where nothing decides (the kind's default profile reads it)."""
    by_name = {feed.name.casefold(): feed for feed in feeds}
    for name in (asked, *senders):
        if name and name.casefold() in by_name:
            return by_name[name.casefold()]
    return feeds[0] if len(feeds) == 1 else None


def _as_another(kind: PartnerKind, body: bytes) -> Reading:
    """What is counted of a message whose sender isn't who sent it."""
    return Reading(0, kind, "", (Item(0, "refused", WrongSender.CODE),), content_hash=content_hash(body))


def _named_inside(reading: Reading) -> Iterator[tuple[str, str | None]]:
    yield "MSH-4", reading.sender
    for item in reading.items:
        notice = item.notice
        if notice and notice.police:
            yield "$.force", notice.police.force
        # A police report may name the coroner it told; only a coroner's own row speaks as that area.
        if notice and notice.coroner and notice.source.kind == "coroner":
            yield f"row {item.index}, area", notice.coroner.area


def _weightiest(readings: Sequence[Reading]) -> Reading:
    order = ("notice", "retraction", "rekey", "refused", "passed-over")
    return min(readings, key=lambda reading: order.index(reading.verdict))


def _broker_id(message_id: str | None, body: bytes) -> str:
    if message_id and len(message_id.encode("utf-8", "replace")) <= _LONGEST_ID_BYTES:
        return message_id
    return f"sha256-{content_hash(body)}"
