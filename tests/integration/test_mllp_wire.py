"""The MLLP door on the wire: long connections, broken senders and limits, with a stand-in only for what answers."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from integration_engine.gateway import mllp
from integration_engine.gateway.mllp import MllpServer
from integration_engine.gateway.mllp_clients import ClientCertificate
from integration_engine.gateway.mllp_line import FRAMES, Limits, Reply
from integration_engine.monitoring.counters import COUNTERS

START, END = b"\x0b", b"\x1c\r"
SHORT = Limits(
    frame_bytes=2000, idle_seconds=5, frame_seconds=0.4, answer_seconds=0.5, connections=3, unended_seconds=0.1
)
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes]]


class Echo:
    """Answers with what came; asked to be silent, to say two things or to hang up, does."""

    async def answer(self, body: bytes) -> Reply:
        if b"hang up" in body:
            return Reply(hang_up=True)
        if b"silence" in body:
            return Reply()
        return Reply((b"ACK|" + body, b"AND|" + body) if b"both" in body else (b"ACK|" + body,))

    async def too_large(self, head: bytes) -> Reply:
        return Reply((b"TOO LARGE|" + head[:4],))


async def echo(_: ClientCertificate | None) -> Echo:
    return Echo()


def talk(conversation: Talk, limits: Limits = SHORT) -> bytes:
    """One client's conversation with a server on a free port."""

    async def run() -> bytes:
        server = MllpServer(echo, limits)
        port = await server.start("127.0.0.1", 0)
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            async with asyncio.timeout(30):
                said = await conversation(reader, writer)
            writer.close()
            return said
        finally:
            await server.stop()

    return asyncio.run(run())


def sends(*pieces: bytes, answers: int = 1, pause: float = 0.0) -> Talk:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        return b"".join([await reader.readuntil(END) for _ in range(answers)])

    return conversation


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(-1)
    except ConnectionError:
        return b""


def framed(body: bytes) -> bytes:
    return START + body + END


def test_many_messages_on_one_connection_are_answered_in_order() -> None:
    bodies = [b"MSH|%d" % number for number in range(50)]
    said = talk(sends(b"".join(map(framed, bodies)), answers=50))
    assert said == b"".join(framed(b"ACK|" + body) for body in bodies)


def test_a_frame_in_single_bytes_is_one_frame() -> None:
    whole = framed(b"MSH|slow")
    assert talk(sends(*[whole[at : at + 1] for at in range(len(whole))])) == framed(b"ACK|MSH|slow")


def test_an_empty_frame_is_dropped_and_the_connection_kept() -> None:
    assert talk(sends(framed(b""), framed(b"MSH|1"))) == framed(b"ACK|MSH|1")


def test_junk_between_frames_is_skipped() -> None:
    assert talk(sends(b"MSH|no start" + END, b"xyz", framed(b"MSH|1"))) == framed(b"ACK|MSH|1")


def test_a_frame_without_its_last_byte_is_answered_after_a_pause() -> None:
    assert talk(sends(START + b"MSH|1\x1c")) == framed(b"ACK|MSH|1")


def test_a_frame_over_the_limit_is_answered_and_the_next_one_read() -> None:
    said = talk(sends(framed(b"MSH|" + b"x" * 5000), framed(b"MSH|2"), answers=2))
    assert said == framed(b"TOO LARGE|MSH|") + framed(b"ACK|MSH|2")


def test_silence_is_kept_where_it_was_asked_for() -> None:
    assert talk(sends(framed(b"MSH|silence"), framed(b"MSH|2"))) == framed(b"ACK|MSH|2")


def test_two_answers_to_one_message_are_two_frames() -> None:
    said = talk(sends(framed(b"MSH|both"), framed(b"MSH|2"), answers=3))
    assert said == framed(b"ACK|MSH|both") + framed(b"AND|MSH|both") + framed(b"ACK|MSH|2")


def test_a_message_that_is_lost_and_may_not_be_answered_ends_the_connection() -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(framed(b"MSH|hang up") + framed(b"MSH|2"))
        return await until_closed(reader)

    assert talk(conversation) == b""


def test_a_client_that_has_closed_its_side_is_still_answered() -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(framed(b"MSH|1") + framed(b"MSH|2"))
        writer.write_eof()
        return await until_closed(reader)

    assert talk(conversation) == framed(b"ACK|MSH|1") + framed(b"ACK|MSH|2")


def test_whoever_is_faster_than_the_limit_is_slowed_and_loses_nothing() -> None:
    bodies = [b"MSH|%d" % number for number in range(60)]
    before = COUNTERS.value(FRAMES, outcome="slowed")
    said = talk(sends(b"".join(map(framed, bodies)), answers=60), replace(SHORT, a_second=40))
    assert said == b"".join(framed(b"ACK|" + body) for body in bodies)
    # A second's worth is free, and each of the others waits for its turn.
    assert COUNTERS.value(FRAMES, outcome="slowed") - before >= 10


def test_large_frames_come_in_one_after_another_where_memory_is_for_one() -> None:
    """All at once they would take ten times what the door may hold; while one comes slowly small messages are answered."""
    large, place = b"MSH|" + b"x" * 300_000, replace(SHORT, frame_bytes=400_000, memory_bytes=400_000, frame_seconds=20)

    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        port = writer.get_extra_info("peername")[1]
        slow = [await asyncio.open_connection("127.0.0.1", port, limit=2**20) for _ in range(10)]
        for _, other in slow:
            other.write(START + large[:200_000])
        writer.write(framed(b"MSH|small"))
        said = await reader.readuntil(END)
        for _, other in slow:
            other.write(large[200_000:] + END)
        for other, closing in slow:
            assert await other.readuntil(END) == framed(b"ACK|" + large)
            closing.close()
        return said

    assert talk(conversation, replace(place, connections=20)) == framed(b"ACK|MSH|small")


@pytest.mark.parametrize("hello", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00"])
def test_another_protocol_is_closed_without_a_word(hello: bytes) -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(hello)
        return await until_closed(reader)

    assert talk(conversation) == b""


def test_a_frame_that_never_ends_is_closed_however_slowly_it_drips() -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(START + b"MSH|")

        async def drip() -> None:
            while True:
                writer.write(b"x")
                await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        said = await until_closed(reader)
        dripping.cancel()
        return said

    assert talk(conversation) == b""


def test_an_idle_connection_is_closed() -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        return await until_closed(reader)

    assert talk(conversation, Limits(idle_seconds=0.1)) == b""


def test_a_client_that_never_reads_holds_nobody_up() -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        port = writer.get_extra_info("peername")[1]
        # Answers pile up until the sockets' buffers are full, and the deaf client is let go.
        deaf_reader, deaf_writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        deaf_reader._transport.pause_reading()  # type: ignore[attr-defined]  # asyncio has no public way to be deaf
        deaf_writer.write(framed(b"MSH|" + b"y" * 1900) * 4000)
        writer.write(framed(b"MSH|good"))
        said = await reader.readuntil(END)
        deaf_writer.transport.abort()
        return said

    assert talk(conversation) == framed(b"ACK|MSH|good")


def test_connections_beyond_the_limit_are_refused_and_others_unharmed() -> None:
    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        port = writer.get_extra_info("peername")[1]
        # The server answers in order, so an answer proves that this connection is counted.
        writer.write(framed(b"MSH|1"))
        first = await reader.readuntil(END)
        more = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        refused = await until_closed(more[2][0])
        for _, other in more:
            other.close()
        return first + refused

    assert talk(conversation) == framed(b"ACK|MSH|1")


def test_a_full_port_lets_go_of_whoever_never_said_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mllp, "_SILENT_SECONDS", 0.0)

    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        port = writer.get_extra_info("peername")[1]
        writer.write(framed(b"MSH|1"))
        said = await reader.readuntil(END)
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        turned_away = await asyncio.open_connection("127.0.0.1", port)
        assert await until_closed(silent[0][0]) == b""
        assert await until_closed(turned_away[0]) == b""
        again = await asyncio.open_connection("127.0.0.1", port)
        again[1].write(framed(b"MSH|2"))
        said += await again[0].readuntil(END)
        for _, other in (*silent, turned_away, again):
            other.close()
        return said

    assert talk(conversation) == framed(b"ACK|MSH|1") + framed(b"ACK|MSH|2")


def test_stopping_lets_what_is_being_answered_be_answered() -> None:
    async def run() -> bytes:
        asked, go_on = asyncio.Event(), asyncio.Event()

        class Slow(Echo):
            async def answer(self, body: bytes) -> Reply:
                asked.set()
                await go_on.wait()
                return await super().answer(body)

        async def welcome(_: ClientCertificate | None) -> Slow:
            return Slow()

        server = MllpServer(welcome, SHORT)
        port = await server.start("127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(framed(b"MSH|last"))
        await asked.wait()
        stopping = asyncio.create_task(server.stop())
        await asyncio.sleep(0.05)
        go_on.set()
        said = await reader.readuntil(END)
        await stopping
        writer.close()
        return said

    assert asyncio.run(run()) == framed(b"ACK|MSH|last")
