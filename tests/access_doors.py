"""Every door of a gateway, as its application itself has them, for the tests of who may not come in."""

import contextlib
import re
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount, Route

from integration_engine.broker.management import Management
from integration_engine.gateway import serve
from integration_engine.services import Broker
from tests.gateway_house import House, house, own_vhost
from tests.signing import PUBLIC_URL

PLACES = {
    "case": "c-00000000",
    "review": "r-00000000",
    "proposal": "r-000000000000000000000000",
    "code": "BERKS",
    "kind": "police",
    "version": "1",
    "delivery": "d-000000000000000000000000",
}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Doors:
    """A gateway and every door of its application, as the application itself has them."""

    house: House
    all: list[tuple[str, str]]


@contextlib.contextmanager
def opened_doors(broker: Broker, management: Management, database: str, folder: Path) -> Iterator[Doors]:
    """With every way to sign in there is, so that no door is left out."""
    made: list[FastAPI] = []
    real = serve.create_app

    def noted(*what: Any, **how: Any) -> FastAPI:
        made.append(real(*what, **how))
        return made[-1]

    oidc = {"issuer": "http://127.0.0.1:9", "client_id": "x", "roles": []}
    ways: dict[str, Any] = {"public_url": PUBLIC_URL, "password_sign_in": True, "oidc": oidc}
    with (
        pytest.MonkeyPatch.context() as patch,
        own_vhost(broker, management) as url,
    ):
        patch.setattr(serve, "create_app", noted)
        with house(url, database, folder, **ways) as opened:
            yield Doors(opened, sorted(set(_doors_of(made[0].routes))))


def _doors_of(routes: Sequence[Any], before: str = "") -> Iterator[tuple[str, str]]:
    for found in iter_route_contexts(routes):
        route = found.original_route
        if isinstance(route, Mount):
            yield from _doors_of(route.routes, before + route.path)
        elif isinstance(route, Route):
            yield from ((method, f"{before}{found.path}") for method in (route.methods or ()) if method != "HEAD")


def at(path: str) -> str:
    """An address with something that could be there in each of its places."""
    if path.startswith("/schemas/"):
        path = path.replace("{name}", "police-sudden-death")
    return re.sub(r"\{([^}:]*)(?::[^}]*)?\}", lambda place: PLACES.get(place[1], "x-1"), path)


def raw(doors: House, request: bytes) -> tuple[int, bytes]:
    """What the server answers to exactly these bytes."""
    with socket.create_connection(("127.0.0.1", doors.client.base_url.port or 0), timeout=10) as connection:
        connection.sendall(request)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    return int(answer.split(b" ", 2)[1]), answer
