"""``cdr run``: the engine, or the part of it that this machine is for."""

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from integration_engine.settings import Settings, SettingsError, load_settings
from integration_engine.stages import VARIABLE as FAULTS

if TYPE_CHECKING:
    from adapters.adapter import Feed
    from integration_engine.in_force import Rules
    from integration_engine.store.database import Store
    from integration_engine.worker import Knowledge

log = logging.getLogger(__name__)

_LOOK_S = 0.2
_RESTART_S = 1.0
_STOP_S = 30.0
# How soon a feed registered while we run is known to a worker.
_REGISTER_KEEPS_S = 10.0


class Part(StrEnum):
    GATEWAY = "gateway"
    WORKER = "worker"
    CONSOLE = "console"
    MESH = "mesh"
    ALL = "all"


class Stop:
    """Set by a signal, looked at by whoever runs. A plain flag: what a signal's handler may touch safely."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        self.asked = True


def command(
    part: Annotated[Part, typer.Argument(help="What to run here.")] = Part.ALL,
    processes: Annotated[int, typer.Option(min=0, max=64, help="Worker processes (with worker and all).")] = 1,
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False,
) -> None:
    """Run the engine: the front doors (gateway), the workers, the console's pages, or all in one process tree; or the
    rounds of our MESH mailboxes (mesh). SIGTERM finishes what is in hand and ends."""
    from integration_engine.monitoring.logs import set_up_logs

    try:
        settings = load_settings()
    except SettingsError as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(2) from None
    _rules(settings)
    set_up_logs(settings.log_level)
    if os.environ.get(FAULTS):
        log.critical("faults are injected into this process: it is being tested and must not serve anybody")
    stop = Stop()
    if with_parent:
        _stop_with(os.getppid(), stop)
    if part is Part.WORKER and processes == 1:
        status = work(settings, stop)
    elif part is Part.WORKER:
        with _workers(processes):
            status = _wait(stop)
    elif part is Part.MESH:
        status = _mesh(settings, stop)
    else:
        status = _serve(settings, stop, part, processes)
    raise typer.Exit(status)


def _rules(settings: Settings) -> "Rules":
    """The rules in force. Tables, footprints, switches or lead times that can't be end the program, with everything that is
    wrong."""
    from integration_engine.clockwork import clock_rules
    from integration_engine.in_force import rules_in_force
    from integration_engine.routing.tables import ReferenceDataError

    try:
        _ = clock_rules(settings)
        return rules_in_force(settings)
    except (ReferenceDataError, SettingsError) as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(2) from None


def work(settings: Settings, stop: Stop) -> int:
    """One worker, until it is asked to stop. Returns the exit status."""
    from integration_engine.broker.connection import user_of
    from integration_engine.broker.consumer import Consumer, Pace
    from integration_engine.broker.publisher import Publisher
    from integration_engine.broker.topology import load_topology
    from integration_engine.clockwork import LOOK_EVERY_S, Clockwork, clock_rules
    from integration_engine.courier import Courier
    from integration_engine.duty import KEYS_EVERY_S, doing
    from integration_engine.lookout import Observed, begin_at_nothing, looked_at
    from integration_engine.monitoring.timing import confirmed, time_transactions
    from integration_engine.monitoring.tracing import exporting
    from integration_engine.register import Remembered
    from integration_engine.revisit import LOOK_EVERY_S as REVISIT_EVERY_S
    from integration_engine.revisit import Revisiting
    from integration_engine.store.identities import Identities
    from integration_engine.worker import Knowledge, Worker, keep_what_is_loaded

    rules, clocks = _rules(settings), clock_rules(settings)
    store = store_of(settings, stop)
    if store is None:
        return 0
    url = settings.amqp_url.get_secret_value()
    topology = load_topology()
    knowledge = Knowledge(
        rules.reference,
        user_of(url),
        switches=rules.switches,
        age_rules=rules.age_rules,
        delays=topology.delays,
        feeds=_feeds(settings, store),
        find=Remembered(Identities(store)).find,
        fetches=settings.demographics is not None,
    )
    intake = [queue.name for queue in topology.queues if queue.name.startswith("intake.")]
    name = f"cdr worker {os.getpid()}"
    begin_at_nothing()
    time_transactions(store.engine)
    with (
        exporting("cdr-worker"),
        contextlib.closing(store),
        Publisher(url, name, heard=confirmed) as publisher,
        Courier(store, publisher) as courier,
        doing("clocks", Clockwork(store, publisher, clocks).look, LOOK_EVERY_S),
        doing("keys", store.follow_keys, KEYS_EVERY_S),
        doing("revisiting", Revisiting(store, courier, rules.reference, rules.switches).look, REVISIT_EVERY_S),
        _fetching(settings, store, knowledge),
    ):
        worker = Worker(store, publisher, courier, knowledge)
        pace = Pace(settings.batch_size, settings.batch_wait_ms / 1000, settings.prefetch)
        observed = Observed(worker.work, knowledge.trusts())
        consumer = Consumer(
            url, name, intake, observed.work,
            keep=worker.keep, acknowledged=worker.count, ready=worker.ready, pace=pace,
        )  # fmt: skip
        failures: list[BaseException] = []
        thread = threading.Thread(target=_catching(consumer.run, failures), name="worker")
        with looked_at(settings, store, publisher, consumer):
            publisher.wait_ready(_STOP_S)
            keep_what_is_loaded()
            thread.start()
            log.info("the worker runs")
            while thread.is_alive() and not stop.asked:
                thread.join(_LOOK_S)
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


def _serve(settings: Settings, stop: Stop, part: Part, processes: int) -> int:
    """The doors, the console or all, until asked to stop."""
    from integration_engine.doors import open_gateway
    from integration_engine.monitoring.tracing import exporting
    from integration_engine.rehearsal import rehearse
    from integration_engine.worker import keep_what_is_loaded

    if part is Part.ALL:
        _declare(settings)
    store = store_of(settings, stop)
    if store is None:
        return 0

    async def doors() -> None:
        console, mllp = part is not Part.GATEWAY, part is not Part.CONSOLE
        rehearse()
        async with open_gateway(settings, store, console=console, mllp=mllp):
            keep_what_is_loaded()
            while not stop.asked:
                await asyncio.sleep(_LOOK_S)

    workers = _workers(processes) if part is Part.ALL else contextlib.nullcontext()
    with exporting("cdr-doors"), contextlib.closing(store), workers:
        try:
            asyncio.run(doors())
        except SettingsError as problem:
            typer.echo(str(problem), err=True)
            return 2
        except OSError as problem:
            typer.echo(f"The doors can't be opened: {problem.strerror or type(problem).__name__}.", err=True)
            return 1
        except Exception:
            # logged here, because a traceback on the terminal would show the exception's text
            log.critical("the doors failed", exc_info=True)
            return 1
    return 0


def _mesh(settings: Settings, stop: Stop) -> int:
    """The rounds of our mailboxes, until asked to stop."""
    from integration_engine.monitoring.tracing import exporting

    if settings.mesh is None:
        typer.echo("MESH isn't set up: cdr.toml needs [mesh] (docs/mesh.md).", err=True)
        return 2
    try:
        from integration_engine.mailroom import attend_mesh
    except ImportError:
        typer.echo("MESH needs the library mesh-client: make setup, or pip install '.[mesh]'.", err=True)
        return 2
    store = store_of(settings, stop)
    if store is None:
        return 0
    with exporting("cdr-mesh"), contextlib.closing(store):
        try:
            asyncio.run(attend_mesh(settings, settings.mesh, store, lambda: stop.asked))
        except OSError as problem:
            typer.echo(f"A password, key or certificate of MESH can't be read: {problem.strerror}.", err=True)
            return 1
    return 0


def _declare(settings: Settings) -> None:
    """All on one machine: the topology too. Where this user may not declare, an operator has."""
    from pika.exceptions import AMQPError

    from integration_engine.broker.declare import Differs, apply_topology
    from integration_engine.in_force import topology_in_force

    try:
        apply_topology(topology_in_force(settings), settings.amqp_url.get_secret_value())
    except (AMQPError, OSError, Differs) as problem:
        log.warning("the topology was not declared; see cdr broker check", extra={"code": type(problem).__name__})


def store_of(settings: Settings, stop: Stop) -> "Store | None":
    """The store, as soon as the database answers; None where we were asked to stop before that."""
    from tenacity import RetryError, Retrying, retry_if_exception_type, stop_when_event_set, wait_exponential
    from tenacity.nap import sleep_using_event

    from integration_engine.security.keys import KeyMissing, KeyUnreadable
    from integration_engine.store.database import NotUpgraded, Transient, open_store

    asked = threading.Event()

    def opened() -> "Store":
        if stop.asked:
            asked.set()
        return open_store(settings)

    waiting = Retrying(
        retry=retry_if_exception_type(Transient),
        wait=wait_exponential(0.2, max=5),
        stop=stop_when_event_set(asked),
        sleep=sleep_using_event(asked),
        before_sleep=lambda state: log.warning("the store is away", extra={"attempt": state.attempt_number}),
    )
    try:
        return waiting(opened)
    except RetryError:
        return None
    except (NotUpgraded, KeyMissing, KeyUnreadable) as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(1) from None


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


@contextlib.contextmanager
def _workers(count: int) -> Iterator[None]:
    """Worker processes for the length of the block; one that dies is started again."""
    command = [sys.executable, "-m", "integration_engine.cli", "run", "worker", "--with-parent"]
    running = [subprocess.Popen(command) for _ in range(count)]  # noqa: S603 - our own program
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_RESTART_S):
            for place, process in enumerate(running):
                if process.poll() is not None:
                    log.error("a worker has died and is started again", extra={"status": process.returncode})
                    running[place] = subprocess.Popen(command)  # noqa: S603 - our own program

    watching = threading.Thread(target=watch, name="workers", daemon=True)
    watching.start()
    try:
        yield
    finally:
        ended.set()
        watching.join()
        for process in running:
            process.terminate()
        until = time.monotonic() + _STOP_S
        for process in running:
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()


def _stop_with(parent: int, stop: Stop) -> None:
    """Stop when the process that started us is gone, however it went."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_S)
        stop.asked = True

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _wait(stop: Stop) -> int:
    while not stop.asked:
        time.sleep(_LOOK_S)
    return 0


def _catching(call: Callable[[], None], failures: list[BaseException]) -> Callable[[], None]:
    def called() -> None:
        try:
            call()
        except BaseException as failure:
            failures.append(failure)

    return called
