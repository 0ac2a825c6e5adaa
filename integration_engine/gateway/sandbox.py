"""The sandbox: the live doors' own code, answering as they would, over a broker that takes nothing and feeds that are tests.

A partner points its system at ``/sandbox/...`` (or at an MLLP port with ``sandbox``) and gets the answer that live would
give to the same message. Nothing is queued and nothing of a message is kept but what its assessment says: rules, codes and
places. Two things differ from live, both on purpose: a test or training message is taken, and the same file again is
answered as if it were the first time.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.adapter import Feed
from integration_engine.answered_file import AnsweredFile
from integration_engine.gateway import openapi
from integration_engine.gateway.contract import contract_door
from integration_engine.gateway.coroner import coroner_door
from integration_engine.gateway.door import Door
from integration_engine.gateway.entry import Entry
from integration_engine.gateway.fhir import fhir_door
from integration_engine.gateway.intake import Heard, Intake, Reader, Sender
from integration_engine.gateway.police import police_door
from integration_engine.gateway.ports import People, Rehearsals, Upload
from integration_engine.gateway.rooms import Rooms
from integration_engine.monitoring.counters import COUNTERS, describe
from integration_engine.record.codes import PartnerKind
from integration_engine.release import release
from integration_engine.security.identity import Principal
from integration_engine.settings import Settings

SANDBOX = "/sandbox"
ABOUT = (
    "The live doors' own code, answering as they would, over a broker that takes nothing: nothing is queued, no case is "
    "made, and nothing of a message is kept but how it stands to each rule."
)
MARK = "cdr-sandbox"
TRIED = "cdr_sandbox_messages_total"
describe(TRIED, "counter", "Messages tried in the sandbox, by kind and verdict.", "kind", "verdict")


class TakesNothing:
    """``ports.Publisher`` of the sandbox: says yes, and forgets."""

    async def publish(
        self, kind: str, partner: str, body: bytes, *, content_type: str, message_id: str, headers: Mapping[str, str]
    ) -> None:
        return None


class RemembersNothing:
    """``ports.Receipts`` of the sandbox: every file is new."""

    def seen(self, partner: str, fingerprint: str) -> str | None:
        return None

    def keep(self, file: AnsweredFile) -> None:
        return None

    def latest(self, partner: str, limit: int) -> Sequence[Upload]:
        return ()

    def opened(self, partner: str, receipt: str) -> tuple[Upload, Sequence[Mapping[str, Any]] | None] | None:
        return None


class Sandbox(Intake):
    """The intake of the sandbox. Whoever is registered for a kind may try it, live or not."""

    def __init__(
        self, people: People, read: Reader, sender: Sender, rehearsals: Rehearsals | None, settings: Settings
    ) -> None:
        super().__init__(
            TakesNothing(), people, read, sender, extra_feeds=settings.feed_list, age_rules=settings.age_rules
        )
        self._rehearsals = rehearsals

    def _admit(self, partner: Principal, kind: PartnerKind) -> None:
        """Everybody may try."""

    async def _feeds(self, partner: str, kind: PartnerKind) -> list[Feed]:
        return [replace(feed, production=False) for feed in await super()._feeds(partner, kind)]

    def _count(self, kind: PartnerKind, partner: str, heard: Heard) -> None:
        COUNTERS.add(TRIED, kind=kind, verdict=heard.verdict)
        if self._rehearsals:
            self._rehearsals.tried(kind, partner, heard.readings)


def make_sandbox(settings: Settings, rooms: Rooms) -> Sandbox:
    return Sandbox(rooms.people, rooms.read, rooms.sender, rooms.rehearsals, settings)


def sandbox_app(settings: Settings, rooms: Rooms, entry: Entry, answer_failures: Callable[[FastAPI], None]) -> FastAPI:
    """The sandbox's doors as an application to be mounted at ``SANDBOX``: those of every kind that speaks HTTP, without the
    pages for people, which would lead to the live doors."""
    app = FastAPI(
        title="Child death review integration engine: sandbox",
        description=ABOUT,
        version=release(),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        generate_unique_id_function=openapi.operation_id,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        redirect_slashes=False,
    )
    heard_by, signed = make_sandbox(settings, rooms), rooms.grants is not None
    own = settings.public_url and settings.model_copy(update={"public_url": settings.public_url.rstrip("/") + SANDBOX})

    def door(kind: PartnerKind) -> Door:
        return Door(kind, heard_by, entry, limit=settings.max_body_bytes)

    doors = [
        fhir_door(door("hospital-fhir"), own or settings, clock=rooms.clock),
        police_door(door("police")),
        coroner_door(door("coroner"), RemembersNothing(), rooms.table),
        contract_door(
            functools.cache(lambda: openapi.document(app, settings, at=SANDBOX, signed=signed, sandbox=True))
        ),
    ]
    for router in doors:
        router.routes[:] = [route for route in router.routes if getattr(route, "include_in_schema", True)]
        app.include_router(router)
    answer_failures(app)
    return app


class Marked:
    """Says on every answer to an address of the sandbox that it is the sandbox's, so that nobody takes it for live. It goes
    around the whole application: not every address under the sandbox's reaches it (one with a line's end doesn't)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[MARK] = "true"
            await send(message)

        ours = scope["type"] == "http" and scope["path"].startswith(f"{SANDBOX}/")
        await self._app(scope, receive, marked if ours else send)
