"""A thousand hospitals' systems on one gateway process, each with a connection of its own that stays open."""

import asyncio
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway_house import House, declare, house
from tests.hl7_samples import death
from tests.mllp_client import END, START, msa

MANY = 1000


@pytest.fixture
def doors(amqp_url: str, sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    # The gateway and its thousand clients are one process here: two open files a connection.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard != resource.RLIM_INFINITY else 10_000, hard))
    declare(amqp_url)
    with house(amqp_url, sqlite_url, tmp_path, mllp=True, confirm_seconds=60.0, mllp_partner_rate=0) as opened:
        yield opened
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_thousand_connections_are_served_at_once_and_the_next_is_told_to_wait(doors: House) -> None:
    [port] = doors.mllp_ports

    async def told(number: int, everybody: asyncio.Barrier) -> list[list[str]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answers = []
        for which in ("first", "second"):
            # Nobody speaks before everybody is connected, nor a second time before everybody was answered.
            await everybody.wait()
            writer.write(START + death().replace(b"|M1|", b"|%s-%d|" % (which.encode(), number)) + END)
            answers.append(msa((await reader.readuntil(END)).removeprefix(START)))
        await everybody.wait()
        writer.close()
        return answers

    async def one_more(everybody: asyncio.Barrier) -> bytes:
        for _ in range(2):
            await everybody.wait()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()
            await everybody.wait()

    async def play() -> None:
        everybody = asyncio.Barrier(MANY + 1)
        refused, *said = await asyncio.gather(one_more(everybody), *(told(number, everybody) for number in range(MANY)))
        assert refused == b""
        for number, answers in enumerate(said):
            assert answers == [["MSA", "AA", f"{which}-{number}"] for which in ("first", "second")]

    asyncio.run(asyncio.wait_for(play(), 200))
    ids = [properties.message_id for _, properties, _ in doors.queued("intake.hospital-hl7")]
    assert sorted(ids) == sorted(f"{which}-{number}" for which in ("first", "second") for number in range(MANY))
