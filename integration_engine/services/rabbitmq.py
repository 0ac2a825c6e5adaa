"""A RabbitMQ to use: the one of ``CDR_AMQP_URL``, a container's, or a private one of this machine's own program."""

import logging
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlsplit

import pika
from pika.exceptions import AMQPError

from integration_engine.services import containers, images, packages
from integration_engine.services.private import Account, Guarded, account, find_program, free_ports, new_folder
from integration_engine.services.unavailable import ServiceUnavailable

_log = logging.getLogger(__name__)
_USER = "cdr"
_START_LIMIT_S = 90.0
TRIES = 3
# Debian's rabbitmq-server on PATH is a wrapper that insists on being root; the program itself doesn't.
_PROGRAMS = ("/usr/lib/rabbitmq/bin",)
_INSTALL = (
    "No RabbitMQ was found: set CDR_AMQP_URL, start a container engine, or install the package rabbitmq-server "
    "(`sudo apt-get install rabbitmq-server`)."
)


class Server(Protocol):
    """Something that runs a broker and can be broken and mended."""

    @property
    def running(self) -> bool: ...
    def kill(self) -> None: ...
    def start(self) -> None: ...
    def hold(self) -> None: ...
    def go_on(self) -> None: ...
    def stop(self) -> None: ...
    def last_words(self) -> str: ...


class Node(Server, Protocol):
    """A broker's server, which has tools of its own."""

    def run(self, command: Sequence[str]) -> None: ...


@dataclass(frozen=True)
class Broker:
    """A broker that answers. ``url`` is an AMQP URL of an administrator on the default virtual host; ``management_url``
    that of its HTTP API with credentials, or None where it has none. ``origin``: ``given``, ``container`` or ``private``.
    """

    url: str = field(repr=False)
    management_url: str | None = field(repr=False)
    origin: str
    server: Node | None = field(default=None, repr=False)

    def on(self, vhost: str) -> str:
        """The AMQP URL of this broker's virtual host ``vhost``."""
        return f"{self.url.rsplit('/', 1)[0]}/{quote(vhost, safe='')}"

    def kill(self) -> None:
        """Let it die as in a crash. Only for a broker that was started for us."""
        self.own().kill()

    def start(self) -> None:
        """Start it again on the data it had; returns when it answers."""
        self.own().start()
        await_answer(self.url, self.own())

    def hold(self) -> None:
        """Hold it still: connections stay and nothing is answered, until ``go_on``. Only for one that was started for us."""
        self.own().hold()

    def go_on(self) -> None:
        self.own().go_on()

    def control(self, *words: str) -> None:
        """Give it an order by its own tool, ``rabbitmqctl``. Only for a broker that was started for us."""
        self.own().run(["rabbitmqctl", *words])

    def own(self) -> Node:
        """The server that runs it. Raises ServiceUnavailable ``not-ours`` for a broker that was given to us."""
        if self.server is None:
            raise ServiceUnavailable("not-ours", "This broker was given to us; it isn't ours to stop.")
        return self.server


@contextmanager
def rabbitmq(*, own: bool = False) -> Iterator[Broker]:
    """A broker for as long as the context lasts. With ``own`` never the given one: it is about to be broken.

    Raises ServiceUnavailable when there is none and no way to one.
    """
    given = os.environ.get("CDR_AMQP_URL")
    if given and not own:
        yield Broker(given, os.environ.get("CDR_AMQP_MANAGEMENT_URL") or _usual_management(given), "given")
        return
    broker = _contained() if containers.engine_runs() else None
    broker = broker or _private(program())
    try:
        yield broker
    finally:
        if broker.server is not None:
            broker.server.stop()


def _usual_management(url: str) -> str:
    parts = urlsplit(url)
    who = f"{parts.username}:{parts.password}@" if parts.username else "guest:guest@"
    return f"http://{who}{parts.hostname}:15672"


def _contained() -> Broker | None:
    """A container's broker, or None where its image can't be had: a machine with an engine may have no registry."""
    password = secrets.token_urlsafe(18)
    amqp, management = free_ports(2)
    environment = {"RABBITMQ_DEFAULT_USER": _USER, "RABBITMQ_DEFAULT_PASS": password}
    try:
        server = containers.Container(images.RABBITMQ, environment, {5672: amqp, 15672: management})
    except Exception as problem:
        _log.warning("no container of %s: %s", images.RABBITMQ, type(problem).__name__)
        return None
    broker = Broker(
        f"amqp://{_USER}:{password}@127.0.0.1:{amqp}/",
        f"http://{_USER}:{password}@127.0.0.1:{management}",
        "container",
        server,
    )
    await_answer(broker.url, server)
    return broker


def program() -> str:
    """This machine's own program, installed where that can be. Raises ServiceUnavailable."""
    found = find_program("rabbitmq-server", *_PROGRAMS)
    if found is None and packages.can_install():
        packages.install("rabbitmq-server", ("rabbitmq-server", "epmd.socket"))
        found = find_program("rabbitmq-server", *_PROGRAMS)
    if found is None:
        raise ServiceUnavailable("not-installed", _INSTALL)
    return found


def _private(program: str) -> Broker:
    for left in reversed(range(TRIES)):
        try:
            (broker,) = start_nodes(program, 1).values()
        except ServiceUnavailable:
            # Somebody may have taken a port between our finding it free and the server's opening it.
            if not left:
                raise
        else:
            return broker
    raise AssertionError


class _Private:
    """A node of this machine's own program. Erlang's port mapper would otherwise be started for us as a daemon and stay
    behind; the nodes of a cluster share one, which ends with the first of them."""

    def __init__(self, mapper: Guarded, server: Guarded, run: Callable[[Sequence[str]], None]) -> None:
        self._mapper, self._server, self.run = mapper, server, run
        self.kill, self.start = server.kill, server.start
        self.hold, self.go_on = server.hold, server.go_on
        self.last_words = server.last_words

    @property
    def running(self) -> bool:
        return self._server.running and self._mapper.running

    def stop(self) -> None:
        self._server.stop()
        self._mapper.stop()


def start_nodes(program: str, count: int) -> dict[str, Broker]:
    """One private broker, or the nodes of one cluster, by name; they answer. Raises ServiceUnavailable ``did-not-start``."""
    owner = account("rabbitmq")
    (mapping,) = free_ports(1)
    mapper_command = [shutil.which("epmd") or "epmd", "-address", "127.0.0.1", "-port", str(mapping)]
    environment = {"PATH": os.environ.get("PATH", os.defpath), "ERL_EPMD_PORT": str(mapping)}
    mapper = Guarded(owner.command(mapper_command), environment, new_folder("epmd", owner), signal.SIGKILL)
    kin = _Kin(secrets.token_urlsafe(18), secrets.token_hex(16), tuple(_names(count)))
    brokers = {name: _node(program, owner, mapper, mapping, name, kin) for name in kin.names}
    for broker in brokers.values():
        try:
            await_answer(broker.url, broker.own())
        except ServiceUnavailable:
            for other in brokers.values():
                other.own().stop()
            raise
    return brokers


@dataclass(frozen=True)
class _Kin:
    """What the nodes of one cluster have in common."""

    password: str
    cookie: str
    names: tuple[str, ...]

    def configuration(self) -> str:
        if len(self.names) == 1:
            return ""
        lines = [f"cluster_formation.classic_config.nodes.{n} = {name}" for n, name in enumerate(self.names, 1)]
        lines += ["cluster_formation.peer_discovery_backend = classic_config"]
        return "\n".join([*lines, "cluster_partition_handling = pause_minority", ""])


def _names(count: int) -> Iterator[str]:
    of_its_own = secrets.token_hex(4)
    for n in range(1, count + 1):
        yield f"cdr-{of_its_own}-{n}@localhost"


def _node(program: str, owner: Account, mapper: Guarded, mapping: int, name: str, kin: _Kin) -> Broker:
    folder = new_folder("rabbitmq", owner)
    amqp, management, distribution = free_ports(3)
    written = {
        "rabbitmq.conf": f"listeners.tcp.1 = 127.0.0.1:{amqp}\n"
        f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {management}\n"
        f"default_user = {_USER}\ndefault_pass = {kin.password}\n"
        "log.file = false\nlog.console = true\nlog.console.level = warning\n"
        # as queue_config/rabbitmq.conf has it
        "max_message_size = 16777216\n"
        "disk_free_limit.absolute = 50MB\n" + kin.configuration(),
        "plugins": "[rabbitmq_management].\n",
        ".erlang.cookie": kin.cookie,
    }
    for file, text in written.items():
        (folder / file).write_text(text)
        (folder / file).chmod(0o600)
        owner.own(folder / file)
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(mapping),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": name,
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "logs"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "no-settings-of-the-machine"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput -kernel inet_dist_use_interface {127,0,0,1}",
        # makes the start script become the server instead of standing before it
        "RABBITMQ_ALLOW_INPUT": "1",
    }

    def run(command: Sequence[str]) -> None:
        tool = shutil.which(command[0], path=str(Path(program).parent)) or command[0]
        subprocess.run(  # noqa: S603 - the server's own tool
            owner.command([tool, *command[1:]]),
            env=environment,
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=_START_LIMIT_S,
        )

    server = _Private(mapper, Guarded(owner.command([program]), environment, folder, signal.SIGKILL), run)
    return Broker(
        f"amqp://{_USER}:{kin.password}@127.0.0.1:{amqp}/",
        f"http://{_USER}:{kin.password}@127.0.0.1:{management}",
        "private",
        server,
    )


def await_answer(url: str, server: Server) -> None:
    """Until the broker takes a connection. Raises ServiceUnavailable ``did-not-start``; the server is stopped then."""
    parameters = pika.URLParameters(url)
    parameters.socket_timeout = parameters.blocked_connection_timeout = 5
    parameters.connection_attempts = 1
    logger, level = logging.getLogger("pika"), logging.getLogger("pika").level
    logger.setLevel(logging.CRITICAL)  # it reports every refused attempt as an error
    try:
        until = time.monotonic() + _START_LIMIT_S
        while time.monotonic() < until and server.running:
            try:
                pika.BlockingConnection(parameters).close()
            except (AMQPError, OSError):
                time.sleep(0.1)
            else:
                return
    finally:
        logger.setLevel(level)
    last = server.last_words()
    server.stop()
    raise ServiceUnavailable("did-not-start", f"RabbitMQ was started but doesn't answer. Its last words:\n{last}")
