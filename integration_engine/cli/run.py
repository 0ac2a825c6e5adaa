"""``cdr run``: the engine, or the part of it that this machine is for."""

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

import typer

from integration_engine.cli.run_worker import work
from integration_engine.cli.running import LOOK_S, Stop, rules_of, store_of
from integration_engine.settings import Settings, SettingsError, load_settings
from integration_engine.stages import VARIABLE as FAULTS

log = logging.getLogger(__name__)

_RESTART_S = 1.0
_STOP_S = 30.0


class Part(StrEnum):
    GATEWAY = "gateway"
    WORKER = "worker"
    CONSOLE = "console"
    MESH = "mesh"
    WEBHOOKS = "webhooks"
    ALL = "all"


def command(
    part: Annotated[Part, typer.Argument(help="What to run here.")] = Part.ALL,
    processes: Annotated[int, typer.Option(min=0, max=64, help="Worker processes (with worker and all).")] = 1,
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False,
) -> None:
    """Run the engine: the front doors (gateway), the workers, the console's pages, or all in one process tree; or the
    rounds of our MESH mailboxes (mesh); or the post to recipients' webhooks (webhooks). SIGTERM finishes what is in hand
    and ends."""
    from integration_engine.memory import give_memory_back
    from integration_engine.monitoring.logs import set_up_logs

    give_memory_back()
    try:
        settings = load_settings()
    except SettingsError as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(2) from None
    rules_of(settings)
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
    elif part is Part.WEBHOOKS:
        status = _webhooks(settings, stop)
    else:
        status = _serve(settings, stop, part, processes)
    raise typer.Exit(status)


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
                await asyncio.sleep(LOOK_S)

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


def _webhooks(settings: Settings, stop: Stop) -> int:
    """Deliveries posted to recipients' addresses, until asked to stop."""
    from integration_engine.monitoring.tracing import exporting
    from integration_engine.postroom import post_deliveries

    if not settings.webhooks:
        typer.echo("No webhooks are set up: cdr.toml needs [[webhooks]] (docs/cdops.md).", err=True)
        return 2
    store = store_of(settings, stop)
    if store is None:
        return 0
    with exporting("cdr-webhooks"), contextlib.closing(store):
        try:
            asyncio.run(post_deliveries(settings, store, lambda: stop.asked))
        except OSError as problem:
            typer.echo(f"A certificate or key of a webhook can't be read: {problem.strerror}.", err=True)
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
            time.sleep(LOOK_S)
        stop.asked = True

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _wait(stop: Stop) -> int:
    while not stop.asked:
        time.sleep(LOOK_S)
    return 0
