"""``$validate`` over HTTP: the verdict a message would have live, and no trace of it anywhere."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from integration_engine.broker.management import Management
from integration_engine.monitoring.counters import COUNTERS
from integration_engine.services import Broker
from integration_engine.store.tables import METADATA
from tests.gateway_house import FAMILY_NAME, NHS_NUMBER, House, house, own_vhost
from tests.integration.test_gateway_fhir import JSON, XML, message, patient

DOORS = ("/fhir/$validate", "/fhir/Bundle/$validate", "/fhir/Patient/$validate")


@pytest.fixture(scope="module")
def doors(broker: Broker, management: Management, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with own_vhost(broker, management) as url, house(url, f"sqlite:///{folder / 'e.db'}", folder) as opened:
        yield opened


def whole(**changes: Any) -> bytes:
    return json.dumps({key: value for key, value in patient(**changes).items() if value is not None}).encode()


def held(doors: House) -> dict[str, int]:
    """How many rows every table has."""
    with doors.store.reading() as transaction:
        return {
            name: transaction.connection.execute(select(func.count()).select_from(each)).scalar_one()
            for name, each in METADATA.tables.items()
        }


def counted() -> list[str]:
    """Every number about messages that this process tells."""
    lines = COUNTERS.text().splitlines()
    return [line for line in lines if line.startswith(("cdr_messages", "cdr_items", "cdr_not_durable"))]


MESSAGES = {
    "a death": (message(), "notice"),
    "a patient": (whole(), "notice"),
    "somebody who lives": (whole(deceasedDateTime=None), "passed-over"),
    "an adult": (whole(birthDate="1950-01-01"), "passed-over"),
    "a fault": (whole(deceasedDateTime="soon"), "refused"),
    "a focus that is missing": (message(focus="urn:uuid:nobody"), "refused"),
}


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize("name", MESSAGES)
def test_trying_tells_what_sending_would_and_leaves_no_trace(doors: House, path: str, name: str) -> None:
    body, verdict = MESSAGES[name]
    before, numbers = held(doors), counted()
    tried = doors.send("RTH", path, body, JSON)
    assert tried.status_code == 200
    first = tried.json()["issue"][0]
    assert first["details"]["coding"][0]["code"] == verdict
    assert doors.queued("intake.hospital-fhir") == []
    assert (held(doors), counted()) == (before, numbers)
    for value in (NHS_NUMBER, FAMILY_NAME, "2014-05-09", "RG1"):
        assert value not in tried.text


@pytest.mark.parametrize("path", DOORS)
def test_trying_needs_the_same_token_and_the_same_sender(doors: House, path: str) -> None:
    assert doors.send(None, path, message(), JSON).status_code == 401
    assert doors.send("E23000038", path, message(), JSON).status_code == 403
    before, numbers = held(doors), counted()
    another = doors.send("RXH", path, message("RTH"), JSON)
    assert (another.status_code, another.json()["issue"][0]["details"]["coding"][0]["code"]) == (403, "wrong-sender")
    assert (held(doors), counted()) == (before, numbers)


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", JSON, 400),
        (b"", JSON, 400),
        (b"<Patient", XML, 400),
        (b"%PDF-1.4", "application/pdf", 415),
        (b" " * 300_000, JSON, 413),
    ],
)
def test_what_cannot_be_judged_is_answered_as_live(doors: House, body: bytes, content_type: str, status: int) -> None:
    answer = doors.send("RTH", "/fhir/$validate", body, content_type)
    assert answer.status_code == status
    assert "OperationOutcome" in answer.text


def test_a_message_in_parameters_is_tried_and_a_mode_of_another_kind_is_refused(doors: House) -> None:
    resource = {"name": "resource", "resource": json.loads(message())}
    for mode, status in (("create", 200), ("delete", 422)):
        given = {"resourceType": "Parameters", "parameter": [resource, {"name": "mode", "valueCode": mode}]}
        answer = doors.send("RTH", "/fhir/Bundle/$validate", json.dumps(given), JSON)
        assert answer.status_code == status
        assert FAMILY_NAME not in answer.text


@pytest.mark.parametrize(("query", "start"), [("?_format=xml", "<?xml"), ("?_format=json", "{"), ("", "{")])
def test_the_answer_comes_in_the_form_asked_for(doors: House, query: str, start: str) -> None:
    assert doors.send("RTH", f"/fhir/$validate{query}", message(), JSON).text.startswith(start)


@pytest.mark.parametrize("name", MESSAGES)
def test_the_status_that_trying_tells_is_the_one_that_sending_gets(doors: House, name: str) -> None:
    """Last in this file: what is sent is counted a little later, and would be a trace of somebody else's trying."""
    body, _ = MESSAGES[name]
    said = doors.send("RTH", "/fhir/$validate", body, JSON).json()["issue"][0]["diagnostics"]
    assert said.startswith(f"HTTP {doors.send('RTH', '/fhir', body, JSON).status_code};")
    doors.purge()
