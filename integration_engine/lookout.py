"""What a worker shows of itself: sizes, ages and times of its batches, whether it moves, and a small door to ask at.

It stands around the worker and the consumer, which know nothing of it.
"""

import asyncio
import contextlib
import errno
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from adapters.registry import ADAPTERS
from integration_engine.broker.consumer import Consumer, NotNow
from integration_engine.broker.message import CORRELATION, Delivered
from integration_engine.broker.origin import kind_of
from integration_engine.broker.publisher import Publisher
from integration_engine.monitoring import tracing
from integration_engine.monitoring.counters import COUNTERS, SIZES, WAITS, Counters, describe
from integration_engine.monitoring.health import BatchHeld, Check, QueueMissing
from integration_engine.monitoring.logs import correlated, is_own, new_id
from integration_engine.revisit import REVISITED
from integration_engine.settings import Settings
from integration_engine.store.database import Store
from integration_engine.store.inbox import SAME_ID_OTHER_BODY
from integration_engine.store.indexing import require_indexed
from integration_engine.turned_away import DEAD, DELAYED_TOTAL
from integration_engine.worker import ALARMS

if TYPE_CHECKING:
    from fastapi import FastAPI

    from integration_engine.gateway.ports import People

log = logging.getLogger(__name__)

BATCH_SIZE = describe("cdr_batch_size", "histogram", "Messages of each batch that was worked on.", bounds=SIZES)
BATCH_SECONDS = describe(
    "cdr_batch_seconds", "histogram", "How long a batch took, from being collected to being settled."
)
AGE = describe(
    "cdr_message_age_seconds", "histogram", "How long messages had lain in their intake queue when they were taken, by kind.",
    "kind", bounds=WAITS,
)  # fmt: skip
HELD = describe("cdr_batches_held_total", "counter", "Times a batch had to wait for the database or the broker.")

STILL_S = 300.0
"""A consuming thread that hasn't moved for so long is stuck. It moves five times a second; the longest transaction of a file
of thousands of rows takes a fraction of this, and the broker gives up a silent connection well before."""
# As many workers as a process tree may have, each with a port of its own.
_MOST_PORTS = 64
_START_S = 10.0

Work = Callable[[Sequence[Delivered]], None]


class Observed:
    """``work`` of a worker, observed: timed, and every message with a correlation id. What was held and comes again is
    observed once, when it is done.

    A message that went through a door of ours (a user of ``trusted`` published it) brings its id; another gets one here,
    whatever its partner wrote. What is logged, and delivered, of a message by itself carries its id; of several together the
    id of the batch, whose own line in the log names them all.
    """

    def __init__(
        self,
        work: Work,
        trusted: Collection[str],
        counters: Counters = COUNTERS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._work = work
        self._trusted = frozenset(trusted)
        self._counters = counters
        self._clock = clock

    def work(self, batch: Sequence[Delivered]) -> None:
        taken, began = self._clock(), time.perf_counter()
        ids = [self._named(message) for message in batch]
        own = ids[0] if len(ids) == 1 else new_id()
        with correlated(own):
            try:
                with self._span(batch, own):
                    self._work(batch)
            except NotNow:
                self._counters.add(HELD)
                raise
            seconds = time.perf_counter() - began
            log.info("a batch is done", extra={"count": len(batch), "seconds": round(seconds, 4), "messages": ids})
        self._counters.observe(BATCH_SECONDS, seconds)
        self._counters.observe(BATCH_SIZE, len(batch))
        for message in batch:
            stamp = message.properties.timestamp
            if stamp is not None:
                # a publisher's clock that is ahead of ours counts as now
                self._counters.observe(AGE, max(0.0, taken - stamp), kind=kind_of(message))

    def _span(self, batch: Sequence[Delivered], own: str) -> AbstractContextManager[tracing.Span]:
        """The batch's span: it links to the spans its messages were published in, being nobody's child where they are many.
        One message by itself, from a door of ours, goes on in its door's trace."""
        if not tracing.on():
            return tracing.NOTHING
        came = [message.headers.get(tracing.TRACEPARENT) for message in batch]
        links = [text for text in came if tracing.is_traceparent(text)]
        parent = links[0] if len(batch) == 1 and links and batch[0].user in self._trusted else None
        queues = {message.queue for message in batch}
        about: dict[str, str | int] = {
            "messaging.system": "rabbitmq",
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.batch.message_count": len(batch),
            "cdr.correlation": own,
        }
        if len(queues) == 1:
            about["messaging.destination.name"] = queues.pop()
        return tracing.during("process intake", "consumer", about, parent=parent, links=links)

    def _named(self, message: Delivered) -> str:
        own = message.headers.get(CORRELATION)
        if not (message.user in self._trusted and is_own(own)):
            own = new_id()
            # in the message itself, so that it goes on to wherever it is put off or refused
            message.properties.headers = {**message.headers, CORRELATION: own}
        return str(own)


def begin_at_nothing(counters: Counters = COUNTERS) -> None:
    """Tell as 0 what goes wrong seldom: Prometheus doesn't see an increase in what was never there before."""
    for kind in ADAPTERS:
        counters.add(DELAYED_TOTAL, 0, kind=kind)
        counters.add(DEAD, 0, kind=kind)
        counters.add(ALARMS, 0, code=SAME_ID_OTHER_BODY, kind=kind)
    counters.add(REVISITED, 0, reason="failed")


@contextlib.contextmanager
def looked_at(settings: Settings, store: Store, publisher: Publisher, consumer: Consumer) -> Iterator[int | None]:
    """Open this worker's door for the length of the block, where the settings name a port; gives the port it got.

    A door that can't be opened is an error in the log, and the worker works without it: messages matter more.
    """
    if settings.worker_http_port is None:
        yield None
        return
    # only a worker that is looked at loads what a web server needs
    from integration_engine.gateway.app import create_watch_app
    from integration_engine.register import Register
    from integration_engine.store.identities import Identities

    app = create_watch_app(
        settings,
        Register(Identities(store)),
        _checks(store, publisher, consumer),
        lambda: time.monotonic() - consumer.moved_at < STILL_S,
    )
    opened: list[int] = []
    up, ended = threading.Event(), threading.Event()

    async def serve() -> None:
        async with _door(settings, app) as port:
            if port is not None:
                opened.append(port)
            up.set()
            await asyncio.to_thread(ended.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="lookout", daemon=True)
    thread.start()
    try:
        up.wait(_START_S)
        yield opened[0] if opened else None
    finally:
        ended.set()
        thread.join(_START_S)


@contextlib.asynccontextmanager
async def shown(
    settings: Settings, people: "People", checks: Mapping[str, Check], live: Callable[[], bool]
) -> AsyncIterator[int | None]:
    """The same for a process that has an event loop of its own and is no worker."""
    if settings.worker_http_port is None:
        yield None
        return
    from integration_engine.gateway.app import create_watch_app

    async with _door(settings, create_watch_app(settings, people, checks, live)) as port:
        yield port


@contextlib.asynccontextmanager
async def _door(settings: Settings, app: "FastAPI") -> AsyncIterator[int | None]:
    """Serve at the first port that is free; gives it, or None where none is."""
    from integration_engine.gateway.serve import http

    async with contextlib.AsyncExitStack() as stack:
        for port in _ports(settings.worker_http_port or 0):
            try:
                real = await stack.enter_async_context(http(app, settings.worker_http_host, port))
            except OSError as problem:
                if problem.errno != errno.EADDRINUSE:
                    break
            else:
                log.info("the process can be looked at", extra={"port": real})
                yield real
                return
        log.error("the process can't be looked at: no port is free", extra={"port": settings.worker_http_port})
        yield None


def _ports(first: int) -> range:
    return range(first, min(first + _MOST_PORTS, 65536)) if first else range(1)


def _checks(store: Store, publisher: Publisher, consumer: Consumer) -> Mapping[str, Check]:
    async def broker() -> None:
        if consumer.queue_missing:
            raise QueueMissing
        if not (publisher.ready and (consumer.consuming or consumer.holding)):
            raise ConnectionError

    async def database() -> None:
        await asyncio.to_thread(require_indexed, store)
        await asyncio.to_thread(store.require_held)
        if consumer.holding:
            # it can be read, and takes nothing: it is full, or only reads
            raise BatchHeld

    return {"broker": broker, "store": database}
