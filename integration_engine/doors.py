"""Joins the front doors to the broker and the store: the one place that knows both sides.

The gateway itself depends on neither (it must never reach the core, and the store knows linkage's keys); here its ports are
filled with the real things. ``open_gateway`` is what ``cdr run`` and the demo call.
"""

import asyncio
import contextlib
import functools
import itertools
import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from adapters.adapter import Feed, Reading, Submission
from adapters.coroner.forms import table
from adapters.csv_records import NotATable
from adapters.registry import ADAPTERS, read
from adapters.tables import Table
from integration_engine.admitted import by_settings
from integration_engine.answered_file import AnsweredFile
from integration_engine.backlog import LOOK_EVERY_S as BACKLOG_EVERY_S
from integration_engine.backlog import Backlog, queues_by
from integration_engine.broker.asyncapi import document_text
from integration_engine.broker.connection import user_of
from integration_engine.broker.depth import Depth, depths
from integration_engine.broker.message import Message
from integration_engine.broker.on_its_way import NOT_CONFIRMED, NotConfirmed
from integration_engine.broker.publisher import Publisher
from integration_engine.broker.topology import INTAKE, Topology
from integration_engine.clockwork import LOOK_EVERY_S, clock_rules, put_figures
from integration_engine.console.clocks import clock_pages
from integration_engine.console.deciding import deciding_pages
from integration_engine.console.figures import Figures, QueueFigure, Queues
from integration_engine.console.glass import glass_pages
from integration_engine.console.partners import partner_pages
from integration_engine.console.reference import reference_pages
from integration_engine.console.routes import console_pages
from integration_engine.desk import Desk
from integration_engine.duty import KEYS_EVERY_S, doing
from integration_engine.gateway.app import make_entry
from integration_engine.gateway.ports import Delivery, NotDurable, StoreAway
from integration_engine.gateway.rooms import Rooms
from integration_engine.gateway.serve import Listening, open_doors
from integration_engine.in_force import Rules, rules_in_force, topology_in_force
from integration_engine.ledger import Counted
from integration_engine.mapping.files import published_schemas
from integration_engine.mapping.profile import load_profile
from integration_engine.monitoring import tracing
from integration_engine.monitoring.counters import COUNTERS, NOT_DURABLE
from integration_engine.monitoring.health import Check, QueueMissing
from integration_engine.monitoring.timing import confirmed, time_transactions
from integration_engine.own_account import OwnAccount
from integration_engine.record.clock_event import ClockRule
from integration_engine.record.codes import PartnerKind
from integration_engine.register import Register, or_away
from integration_engine.rehearsed import Rehearsed
from integration_engine.release import release
from integration_engine.retraction_watch import LOOK_EVERY_S as RETRACTIONS_EVERY_S
from integration_engine.retraction_watch import RetractionWatch
from integration_engine.security.keys import KeyMissing
from integration_engine.settings import Settings
from integration_engine.store import deliveries as delivered
from integration_engine.store.access_tokens import AccessTokens
from integration_engine.store.database import Store
from integration_engine.store.identities import Identities
from integration_engine.store.receipts import Receipts

log = logging.getLogger(__name__)

_READY_SECONDS = 2.0
# The queues whose oldest message may be looked at: looking takes it and puts it back.
_NOBODY_CONSUMES = ("refused.", "dead.")


class ConfirmedIntake:
    """``ports.Publisher`` over the broker's: the gateway's own user publishes, the routing key says for whom."""

    def __init__(self, publisher: Publisher, user: str) -> None:
        self._publisher = publisher
        self._user = user

    async def publish(
        self, kind: str, partner: str, body: bytes, *, content_type: str, message_id: str, headers: Mapping[str, str]
    ) -> None:
        key = f"{kind}.{partner}"
        with tracing.publishing(INTAKE, key) as span:
            message = Message(
                INTAKE,
                key,
                body,
                content_type=content_type,
                message_id=message_id,
                user_id=self._user,
                at=datetime.now(UTC),
                headers={**headers, **span.carried},
            )
            try:
                await self._publisher.publish_here(message)
            except NotConfirmed as error:
                span.failed(error.code)
                raise NotDurable(error.code) from None


class Uploads:
    """``ports.Receipts`` over the store's."""

    def __init__(self, receipts: Receipts) -> None:
        self._receipts = receipts
        self.latest = or_away(receipts.latest)
        self.opened = or_away(receipts.opened)

    @or_away
    def keep(self, file: AnsweredFile) -> None:
        """What was answered is queued by then: without a key it is not remembered, and stays answered."""
        try:
            self._receipts.keep(file)
        except KeyMissing:
            raise StoreAway from None

    @or_away
    def seen(self, partner: str, fingerprint: str) -> str | None:
        found = self._receipts.seen(partner, fingerprint)
        return found.id if found else None


class Given:
    """``ports.Grants`` over the store's."""

    def __init__(self, tokens: AccessTokens) -> None:
        self.exchange = or_away(tokens.exchange)


class StoredInbox:
    """``ports.Inbox`` over the store's deliveries, every look and answer audited there."""

    def __init__(self, store: Store, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._clock = clock

    @or_away
    def deliveries(self, recipient: str, after: int, limit: int, by: str) -> Sequence[Delivery]:
        found = delivered.deliveries(self._store, recipient, by=by, now=self._clock(), after=after, limit=limit)
        return [Delivery(d.id, d.number, d.case, d.version, d.kind, d.at, d.state, d.body) for d in found]

    @or_away
    def acknowledge(self, recipient: str, delivery: str, by: str) -> bool:
        return delivered.acknowledge(self._store, recipient, delivery, by=by, now=self._clock())

    @or_away
    def decline(self, recipient: str, delivery: str, reason: str, by: str) -> bool:
        return delivered.decline(self._store, recipient, delivery, by=by, reason=reason, now=self._clock())


def _sender(kind: PartnerKind, body: bytes) -> tuple[str | None, str | None]:
    return ADAPTERS[kind].sender(body)


def _table(body: bytes, feed: Feed | None) -> Table | None:
    """The rows as the adapter saw them: an office's own profile knows its own headings."""
    profile = load_profile(feed.profile if feed else ADAPTERS["coroner"].default_profile)
    try:
        return table(body, profile.columns)
    except NotATable:
        return None


def _read(kind: PartnerKind, submission: Submission) -> Iterator[Reading]:
    return read(submission, kind)


def queue_figures(settings: Settings, rules: Rules | None = None) -> Queues:
    """The queues of the topology as the console shows them."""
    url = settings.amqp_url.get_secret_value()
    names = [queue.name for queue in topology_in_force(settings, rules).queues]

    def figures() -> list[QueueFigure]:
        unwatched = [name for name in names if name.startswith(_NOBODY_CONSUMES)]
        found = depths(url, [name for name in names if name not in unwatched])
        found += depths(url, unwatched, look_at_oldest=True)
        now = datetime.now(UTC)
        return [_figure(depth, now) for depth in found if depth.there]

    return figures


def _figure(depth: Depth, now: datetime) -> QueueFigure:
    age = None if depth.oldest is None else max(0, int((now - depth.oldest).total_seconds()))
    return QueueFigure(depth.queue, depth.ready, depth.consumers, age)


def make_rooms(
    settings: Settings,
    store: Store,
    publisher: Publisher,
    ledger: Counted | None = None,
    desk: Desk | None = None,
    missing: Callable[[], Collection[str]] = frozenset,
    topology: Topology | None = None,
    rehearsed: Rehearsed | None = None,
) -> Rooms:
    """What the doors open onto, for a store and a started publisher; ``missing`` tells the queues that aren't there,
    ``topology`` what the AsyncAPI document tells of."""
    identities = Identities(store)

    async def broker() -> None:
        if not publisher.ready:
            raise ConnectionError
        if any(queue.startswith("intake.") for queue in missing()):
            raise QueueMissing

    async def database() -> None:
        await asyncio.to_thread(store.require_schema)
        await asyncio.to_thread(store.require_held)

    checks: dict[str, Check] = {"broker": broker, "store": database}
    return Rooms(
        publisher=ConfirmedIntake(publisher, user_of(settings.amqp_url.get_secret_value())),
        people=Register(identities),
        inbox=StoredInbox(store),
        receipts=Uploads(Receipts(store)),
        read=_read,
        sender=_sender,
        table=_table,
        checks=checks,
        ledger=ledger,
        panels=desk,
        grants=Given(AccessTokens(store)),
        rehearsals=rehearsed,
        accounts=OwnAccount(store, bound=by_settings(settings)),
        contract=document_text(topology, published_schemas(), release()) if topology else None,
    )


def _retraction_watch(settings: Settings, store: Store) -> RetractionWatch:
    limit, every = settings.retraction_limit_minutes, settings.retraction_reminder_minutes
    return RetractionWatch(store, limit=timedelta(minutes=limit), every=timedelta(minutes=every))


def _count_clocks(store: Store, rules: Mapping[str, ClockRule]) -> None:
    put_figures(store, rules, datetime.now(UTC))


@contextlib.asynccontextmanager
async def open_gateway(
    settings: Settings, store: Store, *, console: bool = True, mllp: bool = True
) -> AsyncIterator[Listening]:
    """Open every front door (and the console) over this store and the settings' broker, for the length of the block.

    Doors open even where the broker is away: they then answer that it is, until it comes back.
    """
    publisher = Publisher(
        settings.amqp_url.get_secret_value(), "cdr gateway", patience_s=settings.confirm_seconds, heard=confirmed
    )
    publisher.start()
    time_transactions(store.engine)
    for kind, reason in itertools.product(ADAPTERS, NOT_CONFIRMED):
        COUNTERS.add(NOT_DURABLE, 0, kind=kind, reason=reason)
    try:
        await asyncio.to_thread(publisher.wait_ready, _READY_SECONDS)
        rules, clocks = rules_in_force(settings), clock_rules(settings)
        topology = topology_in_force(settings, rules)
        backlog = Backlog(store, queues_by(settings, topology))
        count_clocks = functools.partial(_count_clocks, store, clocks)
        with (
            Counted(store).writing() as ledger,
            Rehearsed(store).writing() as rehearsed,
            doing("retractions", _retraction_watch(settings, store).look, RETRACTIONS_EVERY_S),
            doing("clock-figures", count_clocks, LOOK_EVERY_S),
            doing("keys", store.follow_keys, KEYS_EVERY_S),
            doing("backlog", backlog.look, BACKLOG_EVERY_S),
        ):
            desk = Desk(store, rules)
            rooms = make_rooms(settings, store, publisher, ledger, desk, lambda: backlog.missing, topology, rehearsed)
            figures = Figures(store, retraction_limit=timedelta(minutes=settings.retraction_limit_minutes))
            entry = make_entry(settings, rooms)
            shown = [
                console_pages(entry, figures, queue_figures(settings, rules)),
                deciding_pages(entry, store, desk, clocks),
                reference_pages(entry, rules),
                clock_pages(entry, store, clocks),
                glass_pages(entry, store),
                partner_pages(entry, store, by_settings(settings)),
            ]
            pages = shown if console else []
            async with open_doors(settings, rooms, pages, mllp=mllp) as listening:
                yield listening
    finally:
        await asyncio.to_thread(publisher.close)
