"""A force that speaks AMQP: several children of one event, a later version, a withdrawal, as export and as JSON."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration_engine.broker.connection import user_of
from integration_engine.broker.message import Message
from integration_engine.broker.publisher import Publisher
from integration_engine.broker.topology import INTAKE, Topology
from integration_engine.store.database import Store, upgrade_schema
from tests.gateway_house import keys
from tests.worker_samples import FORCE, KEY, READING, eventually, prepared, taken, working

HEADINGS = (
    "Sudden Death No,Revision,Record Status,Reported Date Time,Occurrence No,Occurrence Classification,Involvement,"
    "Nominal No,Surname,Forenames,DOB,Home LA Code,Life Pronounced Extinct"
)
AVA = "N1,PELHAM,AVA,09/11/2018"
THEO = "N2,PELHAM,THEO,10/10/2016"


def export(version: int, status: str, *people: tuple[str, str]) -> bytes:
    """A report in a force's own columns; ``people`` are (involvement, who)."""
    rows = [
        f"SD/81,{version},{status},0{version + 3}/03/2026 21:15,OC-1,Road Traffic Collision,{role},{who},{READING},"
        + ("03/03/2026 19:25" if role == "Deceased" else "")
        for role, who in people
    ]
    return "\r\n".join([HEADINGS, *rows]).encode()


def report(version: int, status: str, *persons: dict[str, Any]) -> bytes:
    """The same report as JSON."""
    return json.dumps(
        {
            "schema": "police-sudden-death/1",
            "force": FORCE,
            "report_id": "SD/81",
            "version": version,
            "status": status,
            "reported_at": f"2026-03-0{version + 3}T21:15:00Z",
            "persons": persons,
        }
    ).encode()


@pytest.fixture
def topology(amqp_url: str, tmp_path: Path) -> Topology:
    return prepared(amqp_url, tmp_path)


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    upgrade_schema(sqlite_url)
    opened = Store(sqlite_url, keys())
    yield opened
    opened.close()


def publish(url: str, body: bytes, content_type: str) -> None:
    with Publisher(url, "force") as publisher:
        assert publisher.wait_ready(10)
        assert not any(publisher.publish_all([Message(INTAKE, KEY, body, content_type, user_id=user_of(url))]))


class Panel:
    """What the panel has been told, message by message: (kind, case)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.told: list[tuple[str, str]] = []

    def cases(self, kind: str) -> set[str]:
        """The cases that it was told so of, by now."""
        for properties, _ in taken(self.url, "cdop.BERKS"):
            self.told.append((str(properties.type), str((properties.headers or {})["cdr-case"])))
        return {case for said, case in self.told if said == kind}


def test_two_children_of_one_event_one_of_whom_lives_and_a_report_taken_back(
    amqp_url: str, store: Store, topology: Topology
) -> None:
    panel = Panel(amqp_url)
    with working(amqp_url, store, topology):
        publish(amqp_url, export(1, "Live", ("Deceased", AVA), ("Deceased", THEO)), "text/csv")
        eventually(lambda: len(panel.cases("new")) == 2)
        publish(amqp_url, export(2, "Live", ("Deceased", AVA), ("Victim - Injured", THEO)), "text/csv")
        eventually(lambda: len(panel.cases("withdraw")) == 1)
        person = {"person_id": "N1", "role": "deceased", "family_name": "Pelham", "date_of_birth": "2018-11-09"}
        publish(amqp_url, report(3, "withdrawn", person), "application/json")
        eventually(lambda: len(panel.cases("withdraw")) == 2)
    assert panel.cases("withdraw") == panel.cases("new")
    assert taken(amqp_url, "refused.police") == []
