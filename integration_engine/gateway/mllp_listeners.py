"""Opens the MLLP ports that the settings name, each with its certificates, its clients and the limits all of them share."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from integration_engine.gateway.descriptors import connections_allowed
from integration_engine.gateway.intake import Intake
from integration_engine.gateway.mllp import CONNECTIONS, MllpServer, Welcome
from integration_engine.gateway.mllp_clients import Bound, ClientCertificate, Clients
from integration_engine.gateway.mllp_door import HospitalDoor
from integration_engine.gateway.mllp_line import Door, Limits, Room
from integration_engine.gateway.mllp_tls import Tls
from integration_engine.gateway.ports import People, StoreAway
from integration_engine.gateway.rooms import Rooms
from integration_engine.gateway.traced import traced
from integration_engine.gateway.turns import Paces
from integration_engine.monitoring.counters import COUNTERS
from integration_engine.settings import Settings, SettingsError
from integration_engine.settings.mllp import MllpListener


@contextlib.asynccontextmanager
async def listeners(settings: Settings, rooms: Rooms, intake: Intake, sandbox: Intake) -> AsyncIterator[Sequence[int]]:
    """Open every MLLP port of the settings for the length of the block; their numbers. What comes in at a sandbox port is
    heard by ``sandbox``. Raises OSError where a port is taken, SettingsError for certificates or a file of clients that can't
    be used."""
    COUNTERS.put(CONNECTIONS, 0)
    limits = limits_of(settings)
    room, paces = Room(limits), Paces(settings.mllp_partner_rate)
    servers: list[MllpServer] = []
    ports: list[int] = []
    try:
        for place, listener in enumerate(settings.mllp):
            tls, clients = _files_of(f"mllp.{place}", listener)
            welcome = _welcome(listener, clients, rooms, sandbox if listener.sandbox else intake, paces)
            server = MllpServer(welcome, limits, tls, room, rooms.clock)
            servers.append(server)
            ports.append(await server.start(listener.host, listener.port))
        yield ports
    finally:
        await asyncio.gather(*(server.stop() for server in servers))


def limits_of(settings: Settings) -> Limits:
    """The limits of the settings; fewer connections where the system allows fewer open files."""
    limits = Limits(
        frame_bytes=settings.mllp_max_bytes,
        idle_seconds=settings.mllp_idle_seconds,
        frame_seconds=settings.mllp_frame_seconds,
        connections=settings.mllp_connections,
        confirm_seconds=settings.confirm_seconds,
        a_second=settings.mllp_rate,
        memory_bytes=settings.mllp_memory_bytes,
    )
    ports = max(1, len(settings.mllp))
    allowed = connections_allowed(limits.connections * ports, settings.http_connections)
    return replace(limits, connections=max(1, allowed // ports))


def _files_of(name: str, listener: MllpListener) -> tuple[Tls | None, Clients | None]:
    """What a listener's files say. Raises SettingsError that names it."""
    try:
        tls = Tls(listener) if listener.tls_certificate else None
        clients = Clients(listener.clients, listener.clients_file) if listener.binds_clients else None
    except ssl.SSLError as error:
        raise SettingsError([(name, f"its certificates can't be used ({error.reason})")]) from None
    except OSError as error:
        raise SettingsError([(name, f"a file can't be read ({error.strerror})")]) from None
    except ValueError as error:
        raise SettingsError([(name, str(error))]) from None
    return tls, clients


def _welcome(listener: MllpListener, clients: Clients | None, rooms: Rooms, intake: Intake, paces: Paces) -> Welcome:
    people = rooms.people

    async def welcome(certificate: ClientCertificate | None) -> Door | None:
        async def bound() -> Sequence[Bound]:
            return await whose(listener, clients, people, certificate)

        try:
            if not await still_known(await bound(), people):
                return None
        except StoreAway:
            # Each message asks again, and is answered that it can't be taken now.
            pass
        return traced(HospitalDoor(intake, people, bound, paces, clock=rooms.clock))

    return welcome


async def whose(
    listener: MllpListener, clients: Clients | None, people: People, certificate: ClientCertificate | None
) -> Sequence[Bound]:
    """Who may speak on a connection of this port; nobody where that is empty. Raises StoreAway.

    A certificate that was revoked in the register opens nothing, whatever else names it; one that is a partner's there
    speaks for that partner, on a port that is bound to another for nobody."""
    if certificate is not None and await people.has_ended(certificate.fingerprint):
        return ()
    listed = clients.of(certificate) if clients and certificate else ()
    holder = await people.by_certificate(certificate.fingerprint) if certificate else None
    if holder is not None and listener.partner is not None:
        return (Bound(listener.partner, listener.feed),) if holder.name == listener.partner else ()
    if holder is not None and all(each.partner != holder.name for each in listed):
        return (*listed, Bound(holder.name, listener.feed))
    return listed if listener.binds_clients else (Bound(listener.partner, listener.feed),)


async def still_known(bound: Sequence[Bound], people: People) -> bool:
    """Whether anybody of these is registered, so that there is somebody to listen to. Raises StoreAway."""
    for each in bound:
        if each.partner is None or await people.registered(each.partner):
            return True
    return False
