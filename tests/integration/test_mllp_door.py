"""A hospital sends over MLLP to a whole gateway: AA only once the broker has the message, and nobody speaks as another."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway_house import House, declare, house
from tests.hl7_samples import death, message, msh, pid, pv1

START, END = b"\x0b", b"\x1c\r"


@pytest.fixture
def doors(amqp_url: str, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("CDR_MLLP", '[{"port": 0}]')
    declare(amqp_url)
    with house(amqp_url, sqlite_url, tmp_path, mllp=True) as opened:
        yield opened


def send(doors: House, *bodies: bytes, answers: int | None = None) -> list[list[str]]:
    """MSA's fields of each answer, all over one connection."""
    found = b""
    expected = len(bodies) if answers is None else answers
    with socket.create_connection(("127.0.0.1", doors.mllp_ports[0]), timeout=20) as connection:
        for body in bodies:
            connection.sendall(START + body + END)
        while found.count(END) < expected:
            found += connection.recv(65536)
    frames = found.split(END)[:-1]
    return [line.split("|") for frame in frames for line in frame.decode().split("\r") if line.startswith("MSA")]


def test_a_childs_death_is_queued_untouched_before_aa_is_said(doors: House) -> None:
    assert send(doors, death()) == [["MSA", "AA", "M1"]]
    [(method, properties, queued)] = doors.queued("intake.hospital-hl7")
    assert queued == death()
    assert method.routing_key == "hospital-hl7.RTH"
    assert (properties.content_type, properties.message_id) == ("application/hl7-v2+er7", "M1")


def test_adults_the_living_and_refusals_are_answered_and_never_queued(doors: House) -> None:
    adult = death(f7="19500101")
    living = message(msh("ADT^A08^ADT_A01"), pid(), pv1())
    broken = message(msh(), pv1(f36="4"))
    assert [fields[1] for fields in send(doors, adult, living, broken)] == ["AA", "AA", "AE"]
    assert doors.queued("intake.hospital-hl7") == []


@pytest.mark.parametrize("facility", ["RZZ", "", "E23000038"])
def test_a_stranger_is_rejected(doors: House, facility: str) -> None:
    assert send(doors, message(msh(f4=facility), pid(f30="Y")))[0][1] == "AR"
    assert doors.queued("intake.hospital-hl7") == []


def test_one_connection_serves_good_and_bad_alike(doors: House) -> None:
    bodies = [death(), b"rubbish", death("ADT^A31"), message(msh("ACK^A03"), "MSA|AA|1"), death("ADT^A03")]
    assert [fields[1] for fields in send(doors, *bodies, answers=3)] == ["AA", "AA", "AA"]
    assert len(doors.queued("intake.hospital-hl7")) == 3
