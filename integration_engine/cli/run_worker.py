"""``cdr run worker``: one worker, from the broker's queues to cases and what is told of them."""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from integration_engine.cli.running import LOOK_S, Stop, rules_of, store_of
from integration_engine.settings import Settings

if TYPE_CHECKING:
    from adapters.adapter import Feed
    from integration_engine.broker.consumer import Consumer
    from integration_engine.broker.topology import Topology
    from integration_engine.in_force import Rules
    from integration_engine.store.database import Store
    from integration_engine.worker import Knowledge, Worker

log = logging.getLogger(__name__)

_BROKER_S = 30.0
# How soon a feed registered while we run is known to a worker.
_REGISTER_KEEPS_S = 10.0


def work(settings: Settings, stop: Stop) -> int:
    """One worker, until it is asked to stop. Returns the exit status."""
    from integration_engine.broker.publisher import Publisher
    from integration_engine.broker.topology import load_topology
    from integration_engine.clockwork import LOOK_EVERY_S, Clockwork, clock_rules
    from integration_engine.courier import Courier
    from integration_engine.duty import KEYS_EVERY_S, doing
    from integration_engine.lookout import begin_at_nothing, looked_at
    from integration_engine.monitoring.timing import confirmed, time_transactions
    from integration_engine.monitoring.tracing import exporting
    from integration_engine.retention import LOOK_EVERY_S as RETENTION_EVERY_S
    from integration_engine.retention import Retention
    from integration_engine.revisit import LOOK_EVERY_S as REVISIT_EVERY_S
    from integration_engine.revisit import Revisiting
    from integration_engine.worker import Worker

    rules, clocks = rules_of(settings), clock_rules(settings)
    store = store_of(settings, stop)
    if store is None:
        return 0
    topology = load_topology()
    knowledge = _knowledge(settings, store, rules, topology)
    name = f"cdr worker {os.getpid()}"
    begin_at_nothing()
    time_transactions(store.engine)
    with (
        exporting("cdr-worker"),
        contextlib.closing(store),
        Publisher(settings.amqp_url.get_secret_value(), name, heard=confirmed) as publisher,
        Courier(store, publisher) as courier,
        doing("clocks", Clockwork(store, publisher, clocks).look, LOOK_EVERY_S),
        doing("keys", store.follow_keys, KEYS_EVERY_S),
        doing("revisiting", Revisiting(store, courier, rules.reference, rules.switches).look, REVISIT_EVERY_S),
        doing("retention", Retention(store, settings.keep_days).look, RETENTION_EVERY_S),
        _fetching(settings, store, knowledge),
    ):
        worker = Worker(store, publisher, courier, knowledge)
        consumer = _consumer(settings, name, worker, knowledge, topology)
        with looked_at(settings, store, publisher, consumer):
            publisher.wait_ready(_BROKER_S)
            return _until_stopped(consumer, stop)


def _knowledge(settings: Settings, store: "Store", rules: "Rules", topology: "Topology") -> "Knowledge":
    from integration_engine.broker.connection import user_of
    from integration_engine.register import Remembered
    from integration_engine.store.identities import Identities
    from integration_engine.worker import Knowledge

    return Knowledge(
        rules.reference,
        user_of(settings.amqp_url.get_secret_value()),
        switches=rules.switches,
        age_rules=rules.age_rules,
        delays=topology.delays,
        feeds=_feeds(settings, store),
        find=Remembered(Identities(store)).registered,
        fetches=settings.demographics is not None,
    )


def _consumer(
    settings: Settings, name: str, worker: "Worker", knowledge: "Knowledge", topology: "Topology"
) -> "Consumer":
    from integration_engine.broker.consumer import Consumer, Pace
    from integration_engine.lookout import Observed

    return Consumer(
        settings.amqp_url.get_secret_value(),
        name,
        [queue.name for queue in topology.queues if queue.name.startswith("intake.")],
        Observed(worker.work, knowledge.trusts()).work,
        keep=worker.keep,
        acknowledged=worker.count,
        ready=worker.ready,
        pace=Pace(settings.batch_size, settings.batch_wait_ms / 1000, settings.prefetch),
    )


def _until_stopped(consumer: "Consumer", stop: Stop) -> int:
    """Consume in a thread of its own until somebody asks to stop, or it fails. Returns the exit status."""
    from integration_engine.worker import keep_what_is_loaded

    failures: list[BaseException] = []
    thread = threading.Thread(target=_catching(consumer.run, failures), name="worker")
    keep_what_is_loaded()
    thread.start()
    log.info("the worker runs")
    while thread.is_alive() and not stop.asked:
        thread.join(LOOK_S)
    consumer.stop()
    thread.join()
    for failure in failures:
        log.critical("the worker failed", exc_info=failure)
    log.info("the worker has stopped")
    return 1 if failures else 0


@contextlib.contextmanager
def _fetching(settings: Settings, store: "Store", knowledge: "Knowledge") -> "Iterator[None]":
    """Fetching what events point to, for the length of the block, where there is a service to fetch from. By a connection of
    its own: a broker that doesn't let us write to the intake closes what we write by, and deliveries go on."""
    from integration_engine.broker.publisher import Publisher
    from integration_engine.demographics import Demographics
    from integration_engine.duty import doing
    from integration_engine.fetching import LOOK_EVERY_S, Fetching, ReadAs

    if settings.demographics is None:
        yield
        return
    service, reading = Demographics(settings.demographics), ReadAs(knowledge.feeds, knowledge.age_rules)
    with Publisher(settings.amqp_url.get_secret_value(), f"cdr fetching {os.getpid()}") as publisher:
        fetching = Fetching(store, publisher, service, knowledge.user, reading=reading)
        with doing("fetching", fetching.look, LOOK_EVERY_S):
            yield


def _feeds(settings: Settings, store: "Store") -> "Callable[[], Sequence[Feed]]":
    """The feeds of the register and of ``cdr.toml``; asked for each batch, looked up every few seconds."""
    from integration_engine.settings.feeds import FeedSettings
    from integration_engine.store.identities import Identities

    identities = Identities(store)
    known: tuple[Feed, ...] = ()
    until = 0.0

    def feeds() -> "Sequence[Feed]":
        nonlocal known, until
        if time.monotonic() >= until:
            registered = [FeedSettings.model_validate(each).feed() for each in identities.feeds()]
            known, until = (*registered, *settings.feed_list), time.monotonic() + _REGISTER_KEEPS_S
        return known

    return feeds


def _catching(call: Callable[[], None], failures: list[BaseException]) -> Callable[[], None]:
    def called() -> None:
        try:
            call()
        except BaseException as failure:
            failures.append(failure)

    return called
