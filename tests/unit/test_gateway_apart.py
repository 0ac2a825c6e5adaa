"""Where the gateway works on a body: the event loop belongs to every partner."""

import asyncio
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import pytest

from adapters.adapter import Feed, Reading, Submission
from adapters.registry import ADAPTERS, read
from integration_engine.gateway.body import apart_if_big
from integration_engine.gateway.intake import Brought, Intake
from integration_engine.monitoring.logs import correlated, correlation, new_id
from integration_engine.record.codes import PartnerKind
from integration_engine.security.identity import Principal

_BIG = b"x" * 1_000_000
HOSPITAL = Principal("RTH", "partner", frozenset({"hospital-fhir"}), credential="c")


class Nobody:
    """A register with no feeds, and a broker nothing is published to."""

    async def feeds(self, partner: str, kind: str) -> Sequence[Feed]:
        return ()

    async def publish(
        self, kind: str, partner: str, body: bytes, *, content_type: str, message_id: str, headers: Mapping[str, str]
    ) -> None:
        raise AssertionError("nothing here is to be taken")


@pytest.mark.parametrize(("bytes_", "beside"), [(1_000, False), (1_000_000, True)])
def test_a_big_body_is_worked_on_beside_the_event_loop(bytes_: int, beside: bool) -> None:
    body = b'{"resourceType": "Basic", "id": "' + b"b" * bytes_ + b'"}'
    worked_on: list[bool] = []

    async def heard() -> None:
        loop = threading.get_ident()

        def noted(kind: PartnerKind, submission: Submission) -> Iterator[Reading]:
            worked_on.append(threading.get_ident() != loop)
            return read(submission, kind)

        def sender(kind: PartnerKind, told: bytes) -> tuple[str | None, str | None]:
            worked_on.append(threading.get_ident() != loop)
            return ADAPTERS[kind].sender(told)

        intake = Intake(Nobody(), Nobody(), noted, sender, clock=lambda: datetime(2026, 3, 10, tzinfo=UTC))  # type: ignore[arg-type]
        await intake.hear(Brought(body, "hospital-fhir", HOSPITAL, "application/fhir+json"))

    asyncio.run(heard())
    assert worked_on == [beside, beside]


def test_many_large_bodies_leave_room_for_everything_else_that_waits() -> None:
    read = threading.Event()

    async def attacked() -> str:
        reading = [asyncio.create_task(apart_if_big(_BIG, read.wait)) for _ in range(100)]
        try:
            async with asyncio.timeout(30):
                return await asyncio.to_thread(lambda: "served")
        finally:
            read.set()
            assert all(await asyncio.gather(*reading))

    assert asyncio.run(attacked()) == "served"


def test_what_is_read_apart_carries_its_messages_id() -> None:
    async def told(body: bytes) -> str | None:
        return await apart_if_big(body, correlation.get)

    with correlated(own := new_id()):
        assert [asyncio.run(told(body)) for body in (b"", b"PK", _BIG)] == [own] * 3
