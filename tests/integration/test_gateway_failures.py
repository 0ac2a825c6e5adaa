"""What the doors say while something they need is away, and what they keep then: nothing."""

import asyncio
import json
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from sqlalchemy import select

from integration_engine.gateway.answers import problem_json
from integration_engine.gateway.envelope import Envelope
from integration_engine.store.database import table
from integration_engine.store.receipts import UploadRow
from integration_engine.store.tables import RefusalRow, SubmissionRow, TallyRow
from tests.gateway_house import FAMILY_NAME, NHS_NUMBER, House, adult, declare, house, police_report

CSV = (
    b"Area,Ref,Event,Event date,Surname,DOB,Date of death\r\n"
    b"oxfordshire,1-26,REFERRED,09/11/2025,Harrowgate,09/05/2015,08/11/2025\r\n"
)


def rows(doors: House, model: Any) -> list[Any]:
    with doors.store.reading() as transaction:
        return list(transaction.connection.execute(select(table(model))))


@pytest.fixture(scope="module")
def without_a_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"amqp://guest:guest@127.0.0.1:{taken.getsockname()[1]}/"
        with house(nobody, f"sqlite:///{folder / 'e.db'}", folder) as opened:
            yield opened


def test_without_a_broker_every_door_asks_to_try_again_and_keeps_nothing(without_a_broker: House) -> None:
    doors = without_a_broker
    patient = json.dumps(
        {
            "resourceType": "Patient",
            "name": [{"family": FAMILY_NAME}],
            "birthDate": "2014-05-09",
            "deceasedBoolean": True,
        }
    )
    answers = [
        doors.send("E23000038", "/police/reports", police_report(), "application/json"),
        doors.send("RTH", "/fhir/Patient", patient, "application/fhir+json"),
        doors.send("oxfordshire", "/coroner/cases", CSV, "text/csv"),
    ]
    for answer in answers:
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert FAMILY_NAME not in answer.text
    assert answers[0].json()["code"] == "broker-away"
    assert answers[1].json()["issue"][0]["code"] == "transient"
    assert [rows(doors, model) for model in (SubmissionRow, UploadRow, RefusalRow)] == [[], [], []]


def test_without_a_broker_the_process_lives_but_is_not_ready(without_a_broker: House) -> None:
    assert without_a_broker.get(None, "/health/live").status_code == 200
    ready = without_a_broker.get(None, "/health/ready")
    assert (ready.status_code, ready.json()["parts"]) == (503, {"broker": "ConnectionError", "store": "ok"})


def test_without_a_broker_operators_see_the_rest(without_a_broker: House) -> None:
    with without_a_broker.sign_in("op") as browser:
        shown = browser.get("/console")
    assert shown.status_code == 200
    assert "The broker doesn’t answer" in shown.text


def test_a_message_that_no_queue_takes_is_not_acknowledged(amqp_url: str, sqlite_url: str, tmp_path: Path) -> None:
    declare(amqp_url)
    with house(amqp_url, sqlite_url, tmp_path) as doors:
        import pika

        connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
        connection.channel().queue_delete("intake.police")
        connection.close()
        answer = doors.send("E23000038", "/police/reports", police_report(), "application/json")
    assert (answer.status_code, answer.json()["code"]) == (503, "unroutable")


def test_what_goes_no_further_is_counted_with_its_reason_and_nothing_else(
    amqp_url: str, database_url: str, tmp_path: Path
) -> None:
    declare(amqp_url)
    with house(amqp_url, database_url, tmp_path) as doors:
        for body in (police_report(**adult()), b"{", police_report("E23000029")):
            doors.send("E23000038", "/police/reports", body, "application/json")
        doors.client.close()
    # Counts are written when the doors close, if not before.
    counted = {(row.partner, row.verdict, row.reason): row.items for row in rows(doors, TallyRow)}
    assert counted == {
        ("E23000038", "passed-over", "scope.adult"): 1,
        ("E23000038", "refused", "bad-json"): 1,
        ("E23000038", "refused", "wrong-sender"): 1,
    }
    kept = str(rows(doors, RefusalRow))
    assert {row.reason for row in rows(doors, RefusalRow)} == {"bad-json", "wrong-sender"}
    assert FAMILY_NAME not in kept
    assert NHS_NUMBER not in kept
    assert rows(doors, SubmissionRow) == []


def test_a_failure_of_our_own_is_answered_by_a_request_id_only(caplog: pytest.LogCaptureFixture) -> None:
    import httpx

    router = APIRouter()

    @router.get("/fails")
    async def fails() -> None:
        raise ValueError(f"{FAMILY_NAME} {NHS_NUMBER}")

    app = FastAPI()
    app.include_router(router)
    app.add_middleware(
        Envelope, answer=lambda request, refusal: problem_json(refusal, request.state.request_id), hsts=True
    )

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
            return await client.get("/fails")

    with caplog.at_level(logging.ERROR):
        answer = asyncio.run(ask())
    assert (answer.status_code, answer.json()["request"]) == (500, answer.headers["x-request-id"])
    assert FAMILY_NAME not in answer.text + str(answer.headers)
    assert answer.headers["strict-transport-security"]
    assert FAMILY_NAME not in caplog.records[0].getMessage()
