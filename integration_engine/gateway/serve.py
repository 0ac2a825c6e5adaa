"""Runs the front doors: HTTP and MLLP in one event loop, stopped gracefully.

Stopping lets what is being answered be answered: new connections are refused first, then requests and frames in hand end,
and only then may the publisher under them close (it belongs to whoever called).
"""

import asyncio
import contextlib
import ipaddress
import logging
import math
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from integration_engine.gateway.app import create_app, make_intake
from integration_engine.gateway.certificates import protocol
from integration_engine.gateway.http_line import Patience, patient
from integration_engine.gateway.intake import Intake
from integration_engine.gateway.mllp_listeners import listeners
from integration_engine.gateway.rooms import Rooms
from integration_engine.gateway.sandbox import make_sandbox
from integration_engine.settings import Settings

log = logging.getLogger(__name__)

# What is being answered has this long for everything but the broker's confirm, which has its own time before it.
_GRACE_SECONDS = 5
_KEEP_ALIVE_SECONDS = 75
# A request line and headers longer than this are nobody's who means well.
_HEADER_BYTES = 32 * 1024
_START_STEP_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the doors are open. Ports are the real ones, also where 0 was asked for."""

    http_port: int
    mllp_ports: tuple[int, ...] = ()


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: one process may run more than the gateway, and decides itself when to end."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def open_doors(
    settings: Settings, rooms: Rooms, pages: Sequence[APIRouter] = (), *, mllp: bool = True
) -> AsyncIterator[Listening]:
    """Open every door for the length of the block. Raises OSError where a port is taken."""
    intake = make_intake(settings, rooms)
    async with contextlib.AsyncExitStack() as stack:
        ports = await stack.enter_async_context(_mllp(settings, rooms, intake)) if mllp else ()
        app = create_app(settings, rooms, intake, pages)
        port = await stack.enter_async_context(
            http(
                app,
                settings.http_host,
                settings.http_port,
                settings.confirm_seconds,
                _proofs(settings),
                patience_of(settings),
            )
        )
        log.info("the doors are open", extra={"port": port})
        yield Listening(port, ports)
    log.info("the doors are closed")


def patience_of(settings: Settings) -> Patience:
    """How patient the doors are with who sends and reads slowly."""
    return Patience(settings.http_request_seconds, settings.http_connections)


def _proofs(settings: Settings) -> dict[str, Any]:
    """What the server needs to speak TLS itself, to know machines by their certificates, and to know its proxies."""
    proxies = [ipaddress.ip_network(each) for each in settings.trusted_proxies]
    chosen: dict[str, Any] = {"forwarded_allow_ips": [str(each) for each in proxies] or "127.0.0.1"}
    if settings.trusted_proxies or settings.http_tls:
        chosen["http"] = protocol(proxies)
    if settings.http_tls:
        tls = settings.http_tls
        chosen |= {"ssl_certfile": tls.certificate, "ssl_keyfile": tls.key}
        if tls.client_ca:
            # Optional: people's browsers come to the same port and have none.
            chosen |= {"ssl_ca_certs": str(tls.client_ca), "ssl_cert_reqs": ssl.CERT_OPTIONAL}
    return chosen


@contextlib.asynccontextmanager
async def http(
    app: FastAPI,
    host: str,
    port: int,
    confirm_seconds: float = 0.0,
    proofs: Mapping[str, Any] = MappingProxyType({}),
    patience: Patience = Patience(),
) -> AsyncIterator[int]:
    """Serve an application for the length of the block; gives the real port. At its end requests that wait for the broker's
    confirm, which may take ``confirm_seconds``, are answered. ``proofs``: the server's own settings of TLS and proxies.
    ``patience``: with slow clients. Raises OSError where the port is taken."""
    listener = socket.create_server((host, port), backlog=1024)
    # asyncio doesn't do it for a listener it is given; without it every answer waits for the client's delayed ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        server_header=False,
        lifespan="off",
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=math.ceil(confirm_seconds) + _GRACE_SECONDS,
        h11_max_incomplete_event_size=_HEADER_BYTES,
        # Nothing here speaks it; whoever asks to is answered as if it hadn't.
        ws="none",
        **{**proofs, "http": patient(proofs.get("http", H11Protocol), patience)},
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started and not serving.done():
            await asyncio.sleep(_START_STEP_SECONDS)
        yield int(listener.getsockname()[1])
    finally:
        server.should_exit = True
        await serving
        listener.close()


@contextlib.asynccontextmanager
async def _mllp(settings: Settings, rooms: Rooms, intake: Intake) -> AsyncIterator[tuple[int, ...]]:
    async with listeners(settings, rooms, intake, make_sandbox(settings, rooms)) as ports:
        yield tuple(ports)
