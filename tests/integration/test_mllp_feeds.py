"""What a feed is registered with decides over MLLP: how it is acknowledged, which codes mean dead, what N and T mean."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pika
import pytest

from integration_engine.gateway.mllp_line import FRAMES
from integration_engine.monitoring.counters import COUNTERS
from tests.gateway_house import House, declare, house, own_vhost
from tests.hl7_samples import death, message, msh, pid, pv1
from tests.mllp_client import MllpClient, framed, msa

_FEEDS: dict[str, dict[str, Any]] = {
    "PLAIN": {},
    "ORIGINAL": {"acknowledgement": "original"},
    "ENHANCED": {"acknowledgement": "enhanced"},
    "AMERICAN": {"profile": "hl7-us"},
    "RELIABLE": {"n_is_reliable": True},
    "REHEARSAL": {"production": False},
}
_MAX_BYTES = 100_000


@pytest.fixture(scope="module")
def doors(broker: Any, management: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("feeds")
    # One port is anybody's, one RTH's own, two are for a feed of RTH's each, and one is for a feed that isn't there.
    bound = {"port": 0, "partner": "RTH"}
    ports = [
        {"port": 0},
        bound,
        bound | {"feed": "REHEARSAL"},
        bound | {"feed": "ENHANCED"},
        bound | {"feed": "REHERSAL"},
    ]
    with (
        own_vhost(broker, management) as url,
        house(url, f"sqlite:///{folder / 'e.db'}", folder, ports=ports, mllp_max_bytes=_MAX_BYTES) as opened,
    ):
        for name, settings in _FEEDS.items():
            opened.identities.add_feed(name, "RTH", "hospital-hl7", {"profile": "nhs-adt"} | settings)
        yield opened


@pytest.fixture
def client(doors: House) -> Iterator[MllpClient]:
    doors.purge()
    with MllpClient(doors.mllp_ports[0]) as opened:
        yield opened


def of(feed: str, *segments: str, **header: str) -> bytes:
    """A message of one of RTH's feeds, which is named as its sending system is."""
    return message(msh(**({"f3": feed} | header)), *segments)


def queued(doors: House) -> list[str | None]:
    """The feed of each message in the queue."""
    return [(properties.headers or {}).get("cdr-feed") for _, properties, _ in doors.queued("intake.hospital-hl7")]


DEAD, BROKEN, LIVING = pid(f29="20260309", f30="Y"), pid(f30="Q"), pid(f30="N")


@pytest.mark.parametrize("processing", ["T", "D", "t", "D^A"])
def test_a_test_message_is_rejected_by_a_production_feed_and_taken_by_a_test_feed(
    doors: House, client: MllpClient, processing: str
) -> None:
    client.write(framed(of("PLAIN", DEAD, f11=processing, f12="2.5.1")))
    answer = client.frame()
    assert msa(answer)[1] == "AR"
    assert b"\rERR||MSH^1^11|202^Unsupported processing id^HL70357|E|" in answer
    assert client.send(of("REHEARSAL", DEAD, f11=processing))[1] == "AA"
    assert queued(doors) == ["REHEARSAL"]


def test_the_code_table_is_the_feeds(doors: House, client: MllpClient) -> None:
    """20 died in America and is no English code; 4 died in England and is a transfer in America."""
    told = {
        (feed, code): client.send(of(feed, pid(), pv1(f36=code)))[1]
        for feed in ("PLAIN", "AMERICAN")
        for code in ("4", "20")
    }
    assert told == {("PLAIN", "4"): "AA", ("PLAIN", "20"): "AE", ("AMERICAN", "4"): "AA", ("AMERICAN", "20"): "AA"}
    assert queued(doors) == ["PLAIN", "AMERICAN"]


def test_alive_takes_a_death_back_only_where_the_feeds_n_is_reliable(doors: House, client: MllpClient) -> None:
    assert [client.send(of(feed, LIVING))[1] for feed in ("PLAIN", "RELIABLE")] == ["AA", "AA"]
    assert queued(doors) == ["RELIABLE"]


@pytest.mark.parametrize(
    ("feed", "accept", "respond", "good", "bad"),
    [
        ("PLAIN", "", "", ["AA"], ["AE"]),
        ("PLAIN", "AL", "NE", ["AA"], ["AE"]),
        ("PLAIN", "AL", "AL", ["CA", "AA"], ["CE"]),
        ("PLAIN", "NE", "NE", [], []),
        ("PLAIN", "NE", "AL", ["AA"], ["AE"]),
        ("ORIGINAL", "AL", "NE", ["AA"], ["AE"]),
        ("ORIGINAL", "AL", "AL", ["AA"], ["AE"]),
        ("ORIGINAL", "NE", "NE", ["AA"], ["AE"]),
        ("ENHANCED", "AL", "NE", ["CA"], ["CE"]),
        ("ENHANCED", "AL", "AL", ["CA", "AA"], ["CE"]),
        ("ENHANCED", "AL", "SU", ["CA", "AA"], ["CE"]),
        ("ENHANCED", "AL", "ER", ["CA"], ["CE"]),
        ("ENHANCED", "SU", "NE", ["CA"], []),
        ("ENHANCED", "ER", "NE", [], ["CE"]),
        ("ENHANCED", "NE", "SU", ["AA"], []),
        ("ENHANCED", "NE", "ER", [], ["AE"]),
        ("ENHANCED", "NE", "NE", [], []),
    ],
)
def test_each_feed_is_acknowledged_in_its_own_mode(
    doors: House, client: MllpClient, feed: str, accept: str, respond: str, good: list[str], bad: list[str]
) -> None:
    for patient, expected in ((DEAD, good), (BROKEN, bad)):
        # What follows is answered in any case, so what is missing before it was silence.
        client.write(framed(of(feed, patient, f10="ASKED", f15=accept, f16=respond)))
        client.write(framed(of("PLAIN", pid(), f10="NEXT")))
        answers = [client.frame()]
        while msa(answers[-1])[2] != "NEXT":
            answers.append(client.frame())
        assert [msa(answer)[1:3] for answer in answers[:-1]] == [[code, "ASKED"] for code in expected]
        ids = [answer.split(b"|")[9] for answer in answers]
        assert len(set(ids)) == len(ids)
        assert all(len(one) <= 20 for one in ids)
    assert queued(doors) == [feed]


def test_what_is_refused_unread_is_answered_in_the_feeds_mode_too(client: MllpClient) -> None:
    large = "X" * _MAX_BYTES
    assert client.send(of("ENHANCED", DEAD, large, f15="AL", f16="NE"))[1] == "CE"
    assert client.send(of("ORIGINAL", DEAD, large, f15="NE", f16="NE"))[1] == "AE"
    assert client.send(of("PLAIN", DEAD, large, f15="AL", f16="NE"))[1] == "AE"


def test_a_ports_own_feed_stands_where_the_sender_names_none(doors: House) -> None:
    doors.purge()
    body = of("PAS", DEAD, f11="T", f15="AL", f16="NE")
    said = []
    for port in doors.mllp_ports[2:4]:
        with MllpClient(port) as client:
            said.append(client.send(body)[1])
    assert said == ["AA", "CR"]
    assert queued(doors) == ["REHEARSAL"]


def test_a_port_that_names_a_feed_which_isnt_there_says_so(doors: House, caplog: pytest.LogCaptureFixture) -> None:
    with MllpClient(doors.mllp_ports[4]) as client:
        assert client.send(of("PAS", pid()))[1] == "AA"
    assert [record.feed for record in caplog.records if "names a feed" in record.message] == ["REHERSAL"]  # type: ignore[attr-defined]


def test_a_port_of_ones_own_is_closed_to_others(doors: House) -> None:
    doors.purge()
    with MllpClient(doors.mllp_ports[1]) as client:
        assert client.send(death().replace(b"|RTH|", b"|RXH|"))[1] == "AR"
        assert client.send(death())[1] == "AA"
    assert len(queued(doors)) == 1


def test_what_cant_be_kept_and_may_not_be_answered_ends_the_connection(
    amqp_url: str, sqlite_url: str, tmp_path: Path
) -> None:
    """Silence would say that it was taken."""
    declare(amqp_url)
    with house(amqp_url, sqlite_url, tmp_path, mllp=True) as doors:
        connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
        connection.channel().queue_delete("intake.hospital-hl7")
        connection.close()
        with MllpClient(doors.mllp_ports[0]) as client:
            assert client.send(of("PAS", DEAD))[1] == "AE"
            client.write(framed(of("PAS", DEAD, f15="NE", f16="NE")))
            assert client.rest() == b""
        declare(amqp_url)
        with MllpClient(doors.mllp_ports[0]) as client:
            client.write(framed(of("PAS", DEAD, f15="NE", f16="NE")))
            assert client.send(of("PAS", pid()))[1] == "AA"
        assert len(queued(doors)) == 1


def test_a_partner_that_is_too_fast_is_slowed_over_all_its_connections_and_loses_nothing(
    amqp_url: str, sqlite_url: str, tmp_path: Path
) -> None:
    declare(amqp_url)
    before = COUNTERS.value(FRAMES, outcome="slowed-partner")
    with house(amqp_url, sqlite_url, tmp_path, mllp=True, mllp_partner_rate=10) as doors:
        with MllpClient(doors.mllp_ports[0]) as one, MllpClient(doors.mllp_ports[0]) as other:
            for number in range(10):
                for client, name in ((one, "A"), (other, "B")):
                    client.write(framed(of("PAS", DEAD, f10=f"{name}{number}")))
            for client, name in ((one, "A"), (other, "B")):
                assert [msa(client.frame())[1:] for _ in range(10)] == [
                    ["AA", f"{name}{number}"] for number in range(10)
                ]
        assert len(queued(doors)) == 20
    assert COUNTERS.value(FRAMES, outcome="slowed-partner") - before >= 5
